"""A problem on boxes, from its operator to the solution, under PETSc."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from poreflux.annotations import Progress
from poreflux.errors import NotConverged
from poreflux.kernels.redblack import GHOST
from poreflux.transport.laplace.operator import Operator
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.parallel import fields as shared_fields
from poreflux.transport.parallel.checkpoint import Checkpoint
from poreflux.transport.parallel.failure import SharedFailure
from poreflux.transport.parallel.krylov import (
    ConvergenceTest,
    Krylov,
    plain_conjugate_gradients,
    planes_of,
)
from poreflux.transport.parallel.neighbours import Link, Ranks
from poreflux.transport.parallel.partition import Partition
from poreflux.transport.parallel.reading import StoredPhase
from poreflux.transport.solvers.certified import (
    MAX_RESTARTS,
    CertifiedEnergy,
    Limited,
    lower_until_met,
)
from poreflux.transport.solvers.conjugate_gradients import plain
from poreflux.transport.solvers.solution import (
    PotentialBound,
    Solution,
    integrate,
    ramp,
)
from poreflux.transport.solvers.stopping import Report, decades

if TYPE_CHECKING:
    from poreflux.transport.parallel.tortuosity_factor import Options


def solve(
    operator: Operator,
    ranks: Ranks,
    checkpoint: Checkpoint,
    *,
    rtol: float,
    tortuosity: Callable[[float], float],
    progress: Progress | None = None,
) -> Solution:
    """Return the solution of a problem on boxes; `tortuosity` converts an energy."""
    krylov = Krylov(operator, ranks.link)
    x = krylov.buffer.wide
    right_hand_side(operator, x, operator.vector(), planes_of(krylov.b, operator, change=True))
    _start(operator, krylov, checkpoint, ranks.link)
    bound = PotentialBound(operator)
    report = None if progress is None else reporter(progress, rtol, tortuosity)
    advice = "ask for fewer digits or another -ksp_type"
    stopping = CertifiedEnergy(bound, operator.vector(dtype=np.float32), rtol, advice, report)
    with checkpoint.handling_signals():
        _certify(krylov, checkpoint, stopping, x)
    krylov.destroy()
    checkpoint.remove()
    certificate, planes = stopping.certificate, bound.planes
    if certificate.proved or planes is None:
        planes = integrate(operator, x)[1]
    return Solution(
        operator,
        x,
        certificate.energy,
        stopping.run,
        planes,
        certificate.error,
        "float64",
        certificate.proved,
    )


def _certify(
    krylov: Krylov, checkpoint: Checkpoint, stopping: CertifiedEnergy, x: np.ndarray
) -> None:
    """Lower the energy of PETSc's x until it is proved to be right; x is the same with ghosts.

    Where that fails, plain conjugate gradients with a diagonal preconditioner go on, as on one
    process.
    """
    try:
        _certify_by_petsc(krylov, checkpoint, stopping, x)
    except SharedFailure as shared:
        if not isinstance(shared.failure, NotConverged) or isinstance(shared.failure, Limited):
            raise
        krylov.buffer.load(planes_of(krylov.x, krylov.operator), x)
        solver = plain(krylov.operator)
        stopping.attach(solver)
        try:
            lower_until_met(solver, x, stopping)
        except NotConverged as failure:
            raise SharedFailure(failure) from None


def _certify_by_petsc(
    krylov: Krylov, checkpoint: Checkpoint, stopping: CertifiedEnergy, x: np.ndarray
) -> None:
    operator = krylov.operator
    done = False
    stopping.measure(x)
    for _ in range(MAX_RESTARTS):
        if done:
            return
        before = stopping.certificate
        convergence_test = ConvergenceTest(
            krylov,
            stopping,
            x,
            requests=checkpoint,
            theta=checkpoint.theta,
            negligible=np.finfo(float).eps * before.energy,
        )
        krylov.solve(convergence_test)
        if convergence_test.stopped:
            raise SharedFailure(checkpoint.interrupted(len(stopping.history)))
        krylov.buffer.load(planes_of(krylov.x, operator), x)
        # conjugate gradients end with the potential that was judged last
        done = (stopping.met and plain_conjugate_gradients()) or stopping.begin(x)
        if not done and not stopping.certificate.excess < before.excess / 2:
            break
    if not done:
        raise SharedFailure(
            NotConverged(
                f"error {stopping.certificate.error:.1e} after {len(stopping.history)} "
                f"iterations, {stopping.wanted}",
                stopping.history,
            )
        )


def _start(operator: Operator, krylov: Krylov, checkpoint: Checkpoint, link: Link) -> None:
    """Fill PETSc's x and its buffer from a checkpoint, or with a ramp."""
    x = krylov.buffer.wide
    with link.together():
        resumed = checkpoint.find(planes_of(krylov.x, operator, change=True))
    if resumed:
        krylov.buffer.load(planes_of(krylov.x, operator), x)
    else:
        ramp(operator, x)
        krylov.buffer.store(x, planes_of(krylov.x, operator, change=True))


def right_hand_side(
    operator: Operator, workspace: np.ndarray, r: np.ndarray, b: np.ndarray
) -> None:
    """b (n, Y, H) = the right-hand side: the residual r of zero, which `workspace` becomes."""
    workspace[:] = 0
    operator.engine.residual(operator, workspace, r)
    b[:] = r[0, GHOST:-GHOST]


def reporter(
    progress: Progress,
    rtol: float,
    tortuosity: Callable[[float], float],
    clock: Callable[[], float] = time.monotonic,
) -> Report:
    """Return the function that reports an iteration: progress, with tau and the time left."""
    start = clock()

    def report(iteration: int, energy: float, error: float) -> None:
        done, total = decades(error, rtol)
        note = f"iteration {iteration}, tau {tortuosity(energy):.6g}, error {error:.0e}"
        if 0 < done < total:
            note += f", {(total - done) * (clock() - start) / done:.0f} s left"
        progress(done, total, note)

    return report


def check_difference(problem: Problem, ranks: Ranks, rtol: float, energy: float) -> float:
    """Return the relative difference of `energy` and the conductance of an assembled matrix."""
    from poreflux.transport.parallel.assembled import assembled_conductance

    conductance = assembled_conductance(problem, ranks, rtol, ranks.link.comm, "check_")
    return abs(conductance / energy - 1)


def write_fields(
    solution: Solution,
    problem: Problem,
    stored_phase: StoredPhase,
    layout: Partition,
    options: "Options",
    link: Link,
    target: Path,
) -> None:
    """Write the potential and the current density, each process the chunks of its own planes."""
    from poreflux.transport.tortuosity import fields

    described = fields.described(stored_phase.direction, options.conductivity, options.sides)

    def slabs(planes: int) -> Iterator[tuple]:
        return fields.slabs(solution, problem, stored_phase.shape, planes)

    shared_fields.write(link, stored_phase, layout, target, described, slabs)
