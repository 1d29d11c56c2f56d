"""Conjugate gradients in one process, threaded, stopped on the error of the effective conductivity
itself.

The energy of a potential u, ``E(u) = sum G (u_i - u_j)^2`` over all faces and driven links, is an
upper bound of the conductance between the driven faces (Dirichlet's principle), and exceeds it by
the squared energy norm of the error: it has twice as many right digits as a flux. Conjugate
gradients lower it by ``alpha r . z`` an iteration. What is left is bounded by ``r . z / theta``,
theta the smallest eigenvalue of the preconditioned operator, for which the smallest Ritz value of
the iteration so far stands (Meurant and Strakos, Acta Numerica 15 (2006) 471); it converges from
above, hence the factor SAFETY.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import eigvalsh_tridiagonal

from poreflux.errors import NotConverged
from poreflux.kernels import redblack, stencil
from poreflux.kernels.redblack import GHOST
from poreflux.transport.engines.threads import Team
from poreflux.transport.laplace.operator import Operator, build
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.solvers.multigrid import Multigrid

SAFETY = 2.0
MAX_ITERATIONS = 1000


class Run(NamedTuple):
    """What an iteration did: its length, its estimates of the relative error of the energy after
    each step (the last one is the answer's), and the norm of the residual relative to that of the
    start."""

    iterations: int
    history: list[float]
    residual: float


@dataclass(frozen=True)
class Solution:
    """A solved problem: red potentials ``x``, their energy, the iteration, and what was integrated
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


class RitzValue:
    """The smallest eigenvalue of the Lanczos matrix that conjugate gradients build on the way."""

    def __init__(self):
        self._diagonal: list[float] = []
        self._off: list[float] = []
        self._last = (np.inf, 0.0)

    def add(self, alpha: float, beta: float) -> float:
        """Take the coefficients of one iteration (beta is the one after it); return the value so
        far.
        """
        alpha_before, beta_before = self._last
        self._diagonal.append(1 / alpha + beta_before / alpha_before)
        d, e = np.array(self._diagonal), np.array(self._off)
        self._off.append(np.sqrt(beta) / alpha)
        self._last = (alpha, beta)
        return float(eigvalsh_tridiagonal(d, e, select="i", select_range=(0, 0))[0])


def solve(
    problem: Problem,
    *,
    rtol: float = 1e-6,
    precision: str | None = None,
    team: Team | None = None,
    progress=None,
) -> Solution:
    """Solve a problem for the potential; stop when its energy is right to `rtol`.

    Parameters
    ----------
    problem
        cells that all percolate (:func:`poreflux.transport.laplace.percolation.keep_percolating`).
    rtol
        relative error of the effective conductivity.
    precision
        ``"float32"`` or ``"float64"`` of the Krylov vectors; by default what `rtol` needs.
    team
        threads; by default all cores of this process.
    progress
        called as ``progress(done, total, note)`` with decades of error.

    Raises
    ------
    NotConverged
        if the iteration breaks down or stalls; carries the history of error estimates.
    """
    team = team or Team()
    dtype = np.dtype(precision_for(rtol, precision))
    operator = build(problem, team, dtype)
    multigrid = Multigrid(operator)
    x = operator.vector()
    ramp(operator, problem, x)
    energy = integrate(operator, problem, x)[0]
    run = conjugate_gradients(operator, multigrid, x, energy, rtol, progress)
    energy, planes = integrate(operator, problem, x)
    if problem.ends == "periodic":
        planes[-1, 0] = planes[0, 0]
    return Solution(operator, x, energy, run, planes)


def precision_for(rtol: float, precision: str | None = None) -> str:
    """Return the precision of the Krylov vectors: what is asked for, else what `rtol` needs."""
    if precision not in (None, "float32", "float64"):
        raise ValueError(f"precision={precision!r} is not known; choose 'float32' or 'float64'")
    return precision or ("float32" if rtol >= 1e-5 else "float64")


def conjugate_gradients(
    operator: Operator, multigrid, x, energy: float, rtol: float, progress
) -> Run:
    """Lower the energy of x until it is right to `rtol`; return the run."""
    history: list[float] = []
    ratio, nothing = 0.0, np.finfo(operator.dtype).eps ** 2 * energy**2
    for step in descent(operator, multigrid, x, history, nothing=nothing):
        ratio = step.square / step.start
        energy -= step.gain
        history.append(step.left / energy)
        if progress is not None:
            note = f"iteration {step.iteration}, error {history[-1]:.0e}"
            progress(*decades(history[-1], rtol), note)
        if history[-1] <= rtol:
            break
        if step.iteration == MAX_ITERATIONS:
            raise NotConverged(
                f"error {history[-1]:.1e} after {MAX_ITERATIONS} iterations, rtol={rtol:.1e} "
                "wanted; ask for fewer digits or precision='float64'",
                history,
            )
    return Run(len(history), history, float(np.sqrt(ratio)))


class Step(NamedTuple):
    """One iteration: its number, by how much it lowered the energy, an estimate of what there is
    still to gain, and the squares of the residual at the start and now."""

    iteration: int
    gain: float
    left: float
    start: float
    square: float


def descent(
    operator: Operator, multigrid, x, history, *, nothing: float = 0.0, vectors=None
) -> Iterator[Step]:
    """Lower the energy ``x . A x - 2 b . x`` of x, in place, one step each time one is asked for.

    Ends by itself where the square of the residual is `nothing`, or zero to round-off. `history` is
    what :class:`NotConverged` is to carry; `vectors` are those of :func:`work_vectors` to work in.
    """
    r, z, p = vectors or work_vectors(operator)
    start = square = operator.residual(x, r)
    nothing = max(nothing, np.finfo(operator.dtype).eps ** 2 * start)
    if square <= nothing:
        return
    rz = multigrid.precondition(r, z)
    require_definite("r.z", rz, 0, history)
    operator.direct(0.0, z, p)
    ritz, iteration = RitzValue(), 0
    while square > nothing:
        iteration += 1
        curvature = operator.curvature(p)
        require_definite("p.Ap", curvature, iteration - 1, history)
        alpha = rz / curvature
        square = operator.advance(alpha, p, x, r)
        gain = alpha * rz
        rz, before = multigrid.precondition(r, z), rz
        if square > nothing:
            require_definite("r.z", rz, iteration, history)
        beta = rz / before
        yield Step(iteration, gain, SAFETY * rz / ritz.add(alpha, beta), start, square)
        operator.direct(beta, z, p)


def require_definite(product: str, value: float, iteration: int, history: list[float]) -> None:
    """Raise :class:`NotConverged` unless a product that is positive in theory is so in fact."""
    if not 0 < value < np.inf:
        raise NotConverged(
            f"{product} = {value} after {iteration} iterations, positive expected; "
            "use precision='float64', and report the volume if that fails too",
            history,
        )


def work_vectors(operator: Operator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what :func:`descent` works in: residual, preconditioned residual, direction."""
    return operator.vector(), operator.vector(dtype=np.float32), operator.vector()


def decades(error: float, rtol: float) -> tuple[int, int]:
    """Return progress as (done, total) in hundredths of a decade of error from 1 to `rtol`."""
    total = round(-100 * np.log10(rtol))
    return int(np.clip(round(-100 * np.log10(max(error, 1e-300))), 0, total)), total


def ramp(operator: Operator, problem: Problem, x: np.ndarray) -> None:
    """x = the potential of a uniform box, in conducting cells: 1 at the low face to 0 at the high
    one.
    """
    start, n = operator.neighbours.span(problem.shape[0])
    first = 1.0 - (start + 0.5) / n
    jobs = [(operator.kernel, x, -1.0 / n, first, a, b) for a, b in operator.slabs]
    operator.team.each(stencil.ramp, [(*job, w) for job, w in zip(jobs, operator.scratch)])
    fill_potential(operator, x)


def fill_potential(operator: Operator, x: np.ndarray) -> None:
    """Fill the ghosts of a potential, which jumps by one around a period of axis 0."""
    operator.neighbours.fill_ghosts(x)
    if operator.neighbours.periodic[0]:
        start, n = operator.neighbours.span(operator.shape[0])
        blocked = operator.blocked()
        if start == 0:
            x[:, :GHOST][~blocked[:1, :GHOST]] += 1
        if start + operator.shape[0] == n:
            x[:, -GHOST:][~blocked[:1, -GHOST:]] -= 1


def integrate(operator: Operator, problem: Problem, x: np.ndarray):
    """Return the energy of x and what :func:`poreflux.kernels.stencil.fluxes` finds per plane (n +
    1, 5).
    """
    fill_potential(operator, x)
    n = problem.shape[0]
    planes = np.zeros((n + 1, 5))
    _, rows, pairs = redblack.packed_shape(problem.shape)
    jobs = [
        (operator.kernel, operator.source, x, planes, a, b,
         (np.zeros((2, 2, rows, pairs), operator.dtype), np.zeros((2, pairs), operator.dtype)[0]))
        for a, b in operator.slabs
    ]  # fmt: skip
    energy = operator.neighbours.sum(sum(operator.team.each(stencil.fluxes, jobs)))
    return energy, operator.neighbours.stack(planes)
