"""A problem between driven faces, from its operator to the solution."""

from dataclasses import dataclass

import numpy as np

from poreflux.annotations import Progress
from poreflux.kernels.redblack import GHOST
from poreflux.transport.engines.engine import Engine
from poreflux.transport.laplace.operator import Operator, build
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.solvers.conjugate_gradients import ConjugateGradients
from poreflux.transport.solvers.multigrid import hierarchy
from poreflux.transport.solvers.stopping import EnergyError, Report, Run, decades


@dataclass(frozen=True)
class Solution:
    """A solved problem: red potentials ``x``, their energy, the iteration, and the integrals
    per plane (:func:`poreflux.kernels.stencil.fluxes`)."""

    operator: Operator
    x: np.ndarray
    energy: float
    run: Run
    planes: np.ndarray

    @property
    def relative_error(self) -> float:
        """Return the estimated relative error of the energy."""
        return self.run.history[-1] if self.run.history else 0.0

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
    """Solve a problem for the potential; stop when its energy is right to `rtol`.

    Parameters
    ----------
    problem
        cells that all percolate (:func:`poreflux.transport.laplace.percolation.keep_percolating`).
    engine
        that runs the passes.
    rtol
        relative error of the effective conductivity.
    precision
        ``"float32"`` or ``"float64"`` of the Krylov vectors; by default what `rtol` needs.
    progress
        called as ``progress(done, total, note)`` with decades of error.

    Raises
    ------
    NotConverged
        if the iteration breaks down or stalls; carries the history of error estimates.
    """
    operator = build(problem, engine, precision_for(rtol, precision))
    solver = ConjugateGradients(operator, hierarchy(operator))
    x = operator.vector()
    ramp(operator, x)
    run = lower_energy(solver, x, integrate(operator, x)[0], rtol, progress)
    energy, planes = integrate(operator, x)
    if problem.boundary == "periodic":
        planes[-1, 0] = planes[0, 0]
    return Solution(operator, x, energy, run, planes)


def lower_energy(
    solver: ConjugateGradients,
    x: np.ndarray,
    energy: float,
    rtol: float,
    progress: Progress | None = None,
) -> Run:
    """Lower the energy of x until it is right to `rtol`; return the run."""

    advice = "ask for fewer digits or precision='float64'"
    report = None if progress is None else reporter(progress, rtol)
    stopping = EnergyError(energy, rtol, advice, report)
    negligible = np.finfo(solver.operator.dtype).eps ** 2 * energy**2
    solver.lower(x, stopping, negligible=negligible)
    return stopping.run


def reporter(progress: Progress, rtol: float) -> Report:
    """Return what each iteration reports to: progress in decades of the error."""

    def report(iteration: int, _: float, error: float) -> None:
        progress(*decades(error, rtol), f"iteration {iteration}, error {error:.0e}")

    return report


def precision_for(rtol: float, precision: str | None = None) -> str:
    """Return the precision of the Krylov vectors: `precision` if given, else what `rtol` needs."""
    if precision not in (None, "float32", "float64"):
        raise ValueError(f"precision={precision!r} is not known; choose 'float32' or 'float64'")
    return precision or ("float32" if rtol >= 1e-5 else "float64")


def ramp(operator: Operator, x: np.ndarray) -> None:
    """x = the potential of a uniform box, in conducting cells: 1 at the low face to 0 at the high
    one.
    """
    n = operator.neighbours.planes
    first = 1.0 - (operator.neighbours.first + 0.5) / n
    operator.engine.ramp(operator, x, -1.0 / n, first)
    fill_potential(operator, x)


def fill_potential(operator: Operator, x: np.ndarray) -> None:
    """Fill the ghosts of a potential, which jumps by one around a period of axis 0."""
    neighbours = operator.neighbours
    neighbours.fill_ghosts(x)
    if neighbours.periodic[0]:
        blocked = operator.blocked()
        if neighbours.first == 0:
            x[:, :GHOST][~blocked[:1, :GHOST]] += 1
        if neighbours.first + operator.shape[0] == neighbours.planes:
            x[:, -GHOST:][~blocked[:1, -GHOST:]] -= 1


def integrate(operator: Operator, x: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the energy of x and the sums of :func:`poreflux.kernels.stencil.fluxes` per plane
    (n + 1, 5).
    """
    fill_potential(operator, x)
    planes = np.zeros((operator.shape[0] + 1, 5))
    energy = operator.neighbours.sum(operator.engine.fluxes(operator, x, planes))
    return energy, operator.neighbours.gather(planes)
