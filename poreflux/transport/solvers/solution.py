"""A problem between driven faces, from its operator to the solution."""

from dataclasses import dataclass

import numpy as np

from poreflux.annotations import Progress
from poreflux.errors import NotConverged
from poreflux.kernels.redblack import GHOST
from poreflux.kernels.rows import Binary
from poreflux.transport.engines.engine import Engine
from poreflux.transport.laplace.operator import Operator, build
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.solvers.certified import CertifiedEnergy, lower_until_met
from poreflux.transport.solvers.conjugate_gradients import ConjugateGradients, plain
from poreflux.transport.solvers.error_bound import Certificate, ErrorBound, rounding
from poreflux.transport.solvers.graph_multigrid import GraphMultigrid
from poreflux.transport.solvers.linear_solver import LinearSolver
from poreflux.transport.solvers.multigrid import hierarchy
from poreflux.transport.solvers.stages import Patience, Stage, first_stage
from poreflux.transport.solvers.stopping import Report, Run, decades

#: what results say of an error that is not proved, and of one that is
KNOWN = ("estimated", "proved")


@dataclass(frozen=True)
class Solution:
    """A solved problem: red potentials ``x``, their energy, the iteration, the integrals
    per plane (:func:`poreflux.kernels.stencil.fluxes`), a bound of the relative error of the
    energy, the precision, of all stages where there were several, and whether the bound is proved
    or an estimate."""

    operator: Operator
    x: np.ndarray
    energy: float
    run: Run
    planes: np.ndarray
    relative_error: float
    precision: str
    proved: bool = True

    @property
    def bound(self) -> str:
        """Return how the error is known: ``proved`` or ``estimated``."""
        return KNOWN[self.proved]

    @property
    def plane_flux(self) -> np.ndarray:
        """Return the flux from the plane before (n + 1), the driven faces included."""
        return self.planes[:, 0]

    @property
    def flux_imbalance(self) -> float:
        """Return largest minus smallest flux through a plane, relative to their mean."""
        return float(np.ptp(self.plane_flux) / np.mean(self.plane_flux))


def solve(
    problem: Problem,
    engine: Engine,
    *,
    rtol: float = 1e-6,
    precision: str | None = None,
    progress: Progress | None = None,
) -> Solution:
    """Solve a problem for the potential; stop when its energy is proved to be right to `rtol`.

    Where float32 has too few digits for that, the iteration goes on in float64, where multigrid
    is slow, with one on the graph of conducting cells, and where that fails, with a diagonal
    preconditioner (:mod:`poreflux.transport.solvers.stages`).

    Parameters
    ----------
    problem
        cells that all percolate (:func:`poreflux.transport.laplace.percolation.keep_percolating`).
    engine
        that runs the passes.
    rtol
        relative error of the effective conductivity.
    precision
        ``"float32"`` or ``"float64"`` of the Krylov vectors to begin with; by default what `rtol`
        needs, and float64 where there are islands of a much better conductor.
    progress
        called as ``progress(done, total, note)`` with decades of error.

    Raises
    ------
    NotConverged
        if all fail; carries the history of errors.
    """
    stage = first_stage(problem, engine, rtol, precision)
    history: list[float] = []
    used, note, x = [], "", None
    while True:
        operator = build(problem, engine, stage.precision)
        most = ramp_energy(problem) if x is None and problem.binary else None
        x = start(operator, x)
        solver = solver_of(problem, operator, stage)
        used.append(stage.precision)
        report = None if progress is None else reporter(progress, rtol, note)
        if stage.method == "multigrid":
            report = Patience(problem, rtol, report)
        try:
            stopping = lower_energy(solver, x, rtol, report, history, most)
        except NotConverged as failure:
            following = stage.after(failure, problem)
            if following is None:
                raise
            stage, note = following, f", continued {following}"
            del operator, solver
        else:
            return solved(problem, operator, x, stopping, ", then ".join(dict.fromkeys(used)))


def solver_of(problem: Problem, operator: Operator, stage: Stage) -> ConjugateGradients:
    """Return the solver of a stage."""
    if stage.method == "diagonal":
        return plain(operator)
    if stage.method == "graph":
        return ConjugateGradients(operator, GraphMultigrid(operator, problem.cells))
    return ConjugateGradients(operator, hierarchy(operator))


def solved(
    problem: Problem, operator: Operator, x: np.ndarray, stopping: CertifiedEnergy, precision: str
) -> Solution:
    """Return the solution x of a problem."""
    found, planes = stopping.certificate, stopping.bound.planes
    if found.proved or planes is None:
        planes = integrate(operator, x)[1]
    if problem.boundary == "periodic":
        planes[-1, 0] = planes[0, 0]
    return Solution(
        operator, x, found.energy, stopping.run, planes, found.error, precision, found.proved
    )


def start(operator: Operator, x: np.ndarray | None) -> np.ndarray:
    """Return the potential to start from: that of an earlier stage, or a ramp."""
    potential = operator.vector()
    if x is None:
        ramp(operator, potential)
    else:
        potential[:] = x
    return potential


def lower_energy(
    solver: LinearSolver,
    x: np.ndarray,
    rtol: float,
    report: Report | None = None,
    history: list[float] | None = None,
    most: float | None = None,
) -> CertifiedEnergy:
    """Lower the energy of x, which is at `most` so much, until it is right to `rtol`; return the
    stopping rule.
    """
    bound = PotentialBound(solver.operator)
    stopping = CertifiedEnergy(bound, solver.scratch, rtol, "ask for fewer digits", report)
    stopping.attach(solver)
    stopping.history = stopping.history if history is None else history
    lower_until_met(solver, x, stopping, most)
    return stopping


class PotentialBound(ErrorBound):
    """The bound for a potential that falls by one, from face to face or around a period."""

    def __init__(self, operator: Operator):
        super().__init__(operator)
        self.affordable = is_affordable(operator)

    def estimate(self, x: np.ndarray, r: np.ndarray, remaining: float) -> Certificate:
        """Return the energy of x and its excess by the iteration, or by how uneven the fluxes
        through the planes are where that is more.
        """
        energy, self.planes = integrate(self.operator, x)
        excess = max(remaining, energy * unevenness(self.planes))
        return Certificate(energy, excess, rounding(self.operator), proved=False)

    def energy(self, x: np.ndarray, r: np.ndarray) -> float:
        """Return the energy of x; r becomes the imbalance of red cells."""
        fill_potential(self.operator, x)
        return super().energy(x, r)

    def energy_alone(self, x: np.ndarray, r: np.ndarray) -> float:
        """Return the energy of x, by the faster pass."""
        return integrate(self.operator, x)[0]


def is_affordable(operator: Operator) -> bool:
    """Return whether the error is proved from the first, or only after many iterations and where
    the estimate is contradicted.

    The estimate has been too small where phases conduct unlike, and in boxes of few voxels; not in
    large volumes of one conducting phase.
    """
    _, n1, n2 = operator.shape
    provable = operator.engine.provable
    most = provable.alike if isinstance(operator.kernel, Binary) else provable.unlike
    return operator.neighbours.planes * n1 * n2 <= most


def unevenness(planes: np.ndarray) -> float:
    """Return by which share the energy falls if planes, as they are, are rearranged in series.

    That is one less the ratio of the harmonic to the arithmetic mean of the fluxes between planes,
    weighted with the potential differences between these (``planes`` as :func:`integrate` returns
    them). It sees parts of a sample that hang together by little, whose potentials an iteration is
    slow to find.

    Examples
    --------
    >>> planes = np.array([[1.0, 3, 4, 0, 0], [1, 2, 4, 0, 0], [1, 1, 4, 0, 0], [1, 0, 0, 0, 0]])
    >>> unevenness(planes)
    0.0
    >>> planes[:, 0] = 1, 1, 3, 1
    >>> round(unevenness(planes), 3)
    0.25
    """
    filled = planes[:-1, 2] > 0
    potential = np.divide(planes[:-1, 1], planes[:-1, 2], where=filled, out=np.zeros(filled.size))
    drop, flux = np.maximum(potential[:-1] - potential[1:], 0), planes[1:-1, 0]
    if not drop.sum() > 0:
        return 0.0
    if not (flux > 0).all():
        return 1.0
    share = drop / drop.sum()
    return max(0.0, float(1 - 1 / (share @ flux * (share @ (1 / flux)))))


def reporter(progress: Progress, rtol: float, stage: str = "") -> Report:
    """Return what each iteration reports to: progress in decades of the error."""

    def report(iteration: int, _: float, error: float) -> None:
        progress(*decades(error, rtol), f"iteration {iteration}, error {error:.0e}{stage}")

    return report


def ramp(operator: Operator, x: np.ndarray) -> None:
    """x = the potential of a uniform box, in conducting cells: 1 at the low face to 0 at the high
    one.
    """
    n = operator.neighbours.planes
    first = 1.0 - (operator.neighbours.first + 0.5) / n
    operator.engine.ramp(operator, x, -1.0 / n, first)
    fill_potential(operator, x)


def ramp_energy(problem: Problem) -> float:
    """Return the energy at most of the ramp where one phase conducts: each cell has one face across
    the transport, or two halves of one.

    Examples
    --------
    >>> ramp_energy(Problem(np.ones((4, 2, 3), np.uint8), (1.0, 1.0, 1.0)))
    1.5
    """
    cells = int(np.count_nonzero(problem.cells.view(bool)))
    return cells * problem.weights()[0] / problem.shape[0] ** 2


def fill_potential(operator: Operator, x: np.ndarray) -> None:
    """Fill the ghosts of a potential, which jumps by one around a period of axis 0."""
    neighbours = operator.neighbours
    neighbours.fill_ghosts(x)
    if neighbours.periodic[0]:
        if neighbours.first == 0:
            low = slice(0, GHOST)
            x[:, low] = np.asarray(x[:, low]) + ~operator.blocked(low)[:1]
        if neighbours.first + operator.shape[0] == neighbours.planes:
            high = slice(x.shape[1] - GHOST, x.shape[1])
            x[:, high] = np.asarray(x[:, high]) - ~operator.blocked(high)[:1]


def integrate(operator: Operator, x: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the energy of x and the sums of :func:`poreflux.kernels.stencil.fluxes` per plane
    (n + 1, 5).
    """
    fill_potential(operator, x)
    planes = np.zeros((operator.shape[0] + 1, 5))
    energy = operator.neighbours.sum(operator.engine.fluxes(operator, x, planes))
    return energy, operator.neighbours.gather(planes)
