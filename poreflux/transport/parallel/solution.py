"""A problem on boxes, from its operator to the solution, under PETSc."""

from pathlib import Path

import numpy as np

from poreflux.kernels import stencil
from poreflux.kernels.redblack import GHOST
from poreflux.schema import attributes
from poreflux.transport.laplace.operator import Operator
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.parallel import fields as mpi_fields
from poreflux.transport.parallel.checkpoint import Keeper
from poreflux.transport.parallel.krylov import Krylov, Stop, planes_of, teller
from poreflux.transport.parallel.link import everywhere
from poreflux.transport.parallel.partition import Partition
from poreflux.transport.solvers.conjugate_gradients import Solution, integrate, ramp


def solve(operator: Operator, problem: Problem, options, identity: str, conductivity, mean: float):
    """Return the solution of a problem on boxes, and how many iterations were done in earlier runs.

    `conductivity` makes an effective conductivity of an energy, `mean` is that of the cells.
    """
    link = operator.neighbours.link
    krylov = Krylov(operator, link.comm)
    keeper = Keeper(operator, options.checkpoint, identity, 60 * options.minutes, options.notice)
    room = krylov.buffer.wide
    with link.together():
        found = keeper.find(planes_of(krylov.x, operator, change=True))
    if found:
        options.notice(f"going on from iteration {keeper.iterations} in {options.checkpoint}")
        krylov.buffer.load(planes_of(krylov.x, operator), room)
    else:
        ramp(operator, problem, room)
        krylov.buffer.store(room, planes_of(krylov.x, operator, change=True))
    energy = integrate(operator, problem, room)[0]
    b = planes_of(krylov.b, operator, change=True)
    right_hand_side(operator, room, operator.vector(), b)
    tell = None
    if options.progress is not None:
        tell = teller(options.progress, options.rtol, lambda e: mean / conductivity(e))
    stop = Stop(krylov.matrix, energy, options.rtol, keeper, tell)
    with keeper.listening():
        krylov.solve(stop)
    if stop.stopped:
        raise everywhere(keeper.interrupted(stop))
    krylov.buffer.load(planes_of(krylov.x, operator), room)
    krylov.destroy()
    energy, planes = integrate(operator, problem, room)
    keeper.remove()
    return Solution(operator, room, energy, stop.run, planes), keeper.iterations


def right_hand_side(operator: Operator, room: np.ndarray, r: np.ndarray, b: np.ndarray) -> None:
    """b (n, Y, H) = the right-hand side: the residual r of zero, which `room` becomes."""
    room[:] = 0
    jobs = [
        (operator.kernel, operator.source, room, r, first, last, work)
        for (first, last), work in zip(operator.slabs, operator.scratch)
    ]
    operator.team.each(stencil.residual, jobs)
    b[:] = r[0, GHOST:-GHOST]


def check_difference(problem: Problem, neighbours, rtol: float, energy: float) -> float:
    """Return by how much the conductance of an assembled matrix differs, relative to `energy`."""
    from poreflux.transport.parallel.assembled import assembled_conductance

    other = assembled_conductance(problem, neighbours, rtol, neighbours.link.comm, "check_")
    return abs(other / energy - 1)


def write_fields(solution, problem: Problem, head, parts: Partition, target: Path) -> None:
    """Write the potential and the current density, each process the chunks of its own planes."""
    from poreflux.transport.tortuosity import fields

    note = {"direction": head.direction}
    attrs = {name: {**attributes(name), **note} for name in (fields.POTENTIAL, fields.CURRENT)}
    own = solution.operator.shape[0]

    def slabs(planes: int):
        for start in range(0, own, planes):
            here = start, min(own, start + planes)
            potential = fields.potential_slab(solution, *here, head.shape)
            yield start, potential, fields.current_slab(solution, problem, *here, head.shape)

    mpi_fields.write(solution.operator.neighbours.link, head, parts, target, attrs, slabs)
