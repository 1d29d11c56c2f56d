"""The current through voxels of electrolyte to an electrode: one geometry, any number of laws."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from poreflux.kernels import stencil
from poreflux.transport import serial
from poreflux.transport.conditions import UM, Conditions
from poreflux.transport.effective import percolate
from poreflux.transport.electrode import Cell, State, Work, combine, react
from poreflux.transport.ends import LOW
from poreflux.transport.kinetics import Kinetics
from poreflux.transport.medium import Medium
from poreflux.transport.multigrid import Multigrid
from poreflux.transport.operator import Operator, build
from poreflux.transport.problem import Problem
from poreflux.transport.threads import Team

#: relative error of the resistance between the two faces, were both at one potential
BULK = 1e-6


@dataclass
class VoxelCurrent:
    """The geometry that carries current, and how well it conducts from face to face.

    ``carrying`` is the share of conducting cells that join the fed face to the contact; without
    any, there is no cell to solve. ``bulk`` is the area-specific resistance in ohm m² of the
    electrolyte between its faces were each at one potential.
    """

    carrying: float
    problem: Problem | None = None
    cell: Cell | None = None
    x: np.ndarray | None = None
    bulk: float = np.inf
    iterations: int = 0


def prepare(
    medium: Medium, share: np.ndarray, asked: Conditions, team: Team, progress=None
) -> VoxelCurrent:
    """Remove the cells that carry nothing, in place; solve for the bulk resistance to start from.

    Parameters
    ----------
    medium
        cells with axis 0 along the direction asked for.
    share
        part of each outer face (n1, n2) that is in contact.
    """
    where: list[np.ndarray | None] = [None, None]
    where[asked.reacting] = share > 0
    total = medium.conducting * medium.cells.size
    kept = percolate(medium.cells, team, where=tuple(where))
    if kept == 0:
        return VoxelCurrent(0.0)
    problem = Problem(medium.cells, medium.spacing, arithmetic=medium.arithmetic)
    operator = build(problem, team, np.float64)
    return begin(problem, operator, medium.reference, share, asked, kept / total, progress)


def begin(
    problem: Problem,
    operator: Operator,
    reference: float,
    share: np.ndarray,
    asked: Conditions,
    carrying: float,
    progress=None,
) -> VoxelCurrent:
    """Solve for the bulk resistance of cells that all carry current; `reference` is in S/m."""
    h = problem.spacing
    unit = reference * h[0] / (min(h) ** 2 * UM)
    on = operator.ends.half[asked.reacting] > 0
    cell = Cell(
        operator,
        Multigrid(operator),
        asked.reacting,
        np.where(on, share, 0.0),
        asked.applied * share.size / unit,
        unit,
    )
    x = operator.vector()
    serial.ramp(operator, problem, x)
    energy = serial.integrate(operator, problem, x)[0]
    run = serial.conjugate_gradients(operator, cell.multigrid, x, energy, BULK, progress)
    conductance = serial.integrate(operator, problem, x)[0]
    start(cell, x, cell.current / conductance)
    bulk = share.size / (unit * conductance)
    return VoxelCurrent(carrying, problem, cell, x, bulk, run.iterations)


def start(cell: Cell, x: np.ndarray, volts: float) -> None:
    """Turn x, 1 at the low face and 0 at the high one, to 0 where it reacts, `volts` where fed."""
    if cell.fed == LOW:
        combine(cell.operator, 0.0, x, volts, x)
    else:
        combine(cell.operator, 0.0, x, -volts, x)
        shift(cell.operator, x, volts, cell.operator.vector())


def shift(operator: Operator, x: np.ndarray, by: float, scratch: np.ndarray) -> None:
    """x += by in conducting cells; elsewhere x stays zero."""
    jobs = [(operator.kernel, scratch, 0.0, by, *slab) for slab in operator.slabs]
    operator.team.each(stencil.ramp, [(*job, w) for job, w in zip(jobs, operator.scratch)])
    combine(operator, 1.0, scratch, 1.0, x)


def solve(
    found: VoxelCurrent, asked: Sequence[Conditions], progress=None
) -> Iterator[tuple[Conditions, State]]:
    """Yield the state of each of the conditions, which differ in law; each starts from the last.

    ``found.x`` is the potential of the state that was solved last.
    """
    cell, work, offset = found.cell, Work(found.cell.operator), 0.0
    known: dict[Kinetics, State] = {}
    for one in asked:
        if one.law not in known:
            across = float(one.law.overpotential(cell.mean))
            shift(cell.operator, found.x, across - offset, work.vectors[2])
            offset = across
            known[one.law] = react(cell, one.law, found.x, one.drive, one.goal, work, progress)
            found.iterations += known[one.law].iterations
        yield one, known[one.law]


def plane_currents(found: VoxelCurrent) -> np.ndarray:
    """Return the current from each plane to the next, of n + 1 faces, in units of the operator."""
    return serial.integrate(found.cell.operator, found.problem, found.x)[1][:, 0]
