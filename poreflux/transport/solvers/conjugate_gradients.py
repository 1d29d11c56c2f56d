"""Conjugate gradients, preconditioned by a cycle of multigrid, in one process or among neighbours.

The energy of a potential u, ``E(u) = sum G (u_i - u_j)^2`` over all faces and driven links, is an
upper bound of the conductance between the driven faces (Dirichlet's principle), and exceeds it by
the squared energy norm of the error: it has twice as many right digits as a flux.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np

from poreflux.errors import NotConverged
from poreflux.transport.laplace.operator import Operator
from poreflux.transport.solvers.diagonal import Diagonal
from poreflux.transport.solvers.linear_solver import Indefinite
from poreflux.transport.solvers.stopping import MAX_ITERATIONS, ErrorEstimate, Step, Stopping

#: iterations at most with a diagonal preconditioner
MAX_DIAGONAL = 20_000


class Preconditioner(Protocol):
    """A symmetric and positive definite approximation of the inverse of an operator."""

    def precondition(self, r: np.ndarray, z: np.ndarray) -> float:
        """z = M^-1 r for one colour; return r . z."""

    def boundary_changed(self) -> None:
        """Follow the boundary of the operator after it has changed."""


class ConjugateGradients:
    """A :class:`poreflux.transport.solvers.linear_solver.LinearSolver` of three vectors.

    A `careful` one starts from a residual that rounds less, which takes several passes, and does
    not round what the preconditioner makes of it.
    """

    def __init__(
        self,
        operator: Operator,
        preconditioner: Preconditioner,
        limit: int | None = None,
        vectors: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
        careful: bool = False,
    ):
        self.operator = operator
        self.preconditioner = preconditioner
        self.r, self.z, self.p = vectors or (
            operator.vector(),
            operator.vector(dtype=np.float32),
            operator.vector(),
        )
        self.limit = limit
        self.careful = careful
        self.preconditioned = operator.vector() if careful else self.z

    @property
    def workspace(self) -> np.ndarray:
        """Return a vector that is free between solves."""
        return self.p

    @property
    def scratch(self) -> np.ndarray:
        """Return a float32 vector that is free between steps."""
        return self.z

    @property
    def residual(self) -> np.ndarray:
        """Return the residual that the iteration carries along."""
        return self.r

    def boundary_changed(self) -> None:
        """Follow the boundary of the operator after it has changed."""
        self.preconditioner.boundary_changed()

    def plain(self) -> "ConjugateGradients":
        """Return a solver with the diagonal as its preconditioner, in the same memory."""
        return plain(self.operator, (self.r, self.z, self.p))

    def close(self) -> None:
        """Do nothing: Python frees the vectors."""

    def lower(self, x: np.ndarray, stopping: Stopping, *, negligible: float = 0.0) -> None:
        """Lower the energy of x, in place, until the rule is met, or until the square of the
        residual is `negligible`.
        """
        limit = self.limit or MAX_ITERATIONS
        for step in self.steps(x, stopping.history, negligible, stopping.is_met_early):
            if stopping(step):
                return
            if step.iteration == limit:
                raise NotConverged(
                    f"error {stopping.history[-1]:.1e} after {limit} iterations, {stopping.wanted}",
                    stopping.history,
                )

    def steps(
        self,
        x: np.ndarray,
        history: list[float],
        negligible: float = 0.0,
        is_met_early: Callable[[Step], bool] = lambda step: False,
    ) -> Iterator[Step]:
        """Lower the energy of x, in place, one step at a time.

        Ends by itself where the square of the residual is `negligible`, or zero to round-off, and
        where `is_met_early`, before the preconditioner. `history` is passed to
        :class:`NotConverged`.
        """
        operator, r, z, p = self.operator, self.r, self.preconditioned, self.p
        # z is free until the next preconditioning; where float32 did not suffice, each pass makes
        # its own, with fewer digits lost to cancellation
        image = z if z.dtype == p.dtype == np.float32 else None
        start = square = self._first_residual(x)
        negligible = max(negligible, np.finfo(operator.dtype).eps ** 2 * start)
        if square <= negligible:
            return
        rz = self.preconditioner.precondition(r, z)
        require_definite("r.z", rz, 0, history)
        operator.combine(1.0, z, 0.0, p)
        estimate, iteration = ErrorEstimate(), 0
        while square > negligible:
            iteration += 1
            curvature = operator.curvature(p, image)
            require_definite("p.Ap", curvature, iteration - 1, history)
            square, square_before = operator.advance(rz / curvature, p, x, r, image), square
            gain, remaining = estimate.guess(curvature, rz, square / square_before)
            residual = float(np.sqrt(square / start))
            if is_met_early(Step(iteration, gain, remaining, residual, lambda: x)):
                return
            rz, rz_before = self.preconditioner.precondition(r, z), rz
            if square > negligible:
                require_definite("r.z", rz, iteration, history)
            gain, remaining = estimate.step(curvature, rz_before, rz)
            operator.combine(1.0, z, rz / rz_before, p)
            yield Step(iteration, gain, remaining, residual, lambda: x)

    def _first_residual(self, x: np.ndarray) -> float:
        """Compute the residual of x; where told to be careful, from differences of potentials."""
        operator, r = self.operator, self.r
        if not self.careful:
            return operator.residual(x, r)
        operator.engine.imbalance(operator, x, r)
        operator.neighbours.fill_ghosts(r)
        return operator.dot(r, r)


def plain(
    operator: Operator, vectors: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
) -> ConjugateGradients:
    """Return the solver with the diagonal as its preconditioner, in memory of its own or given."""
    return ConjugateGradients(operator, Diagonal(operator), MAX_DIAGONAL, vectors, careful=True)


def require_definite(product: str, value: float, iteration: int, history: list[float]) -> None:
    """Raise :class:`NotConverged` unless a product that is positive in theory is so numerically."""
    if not 0 < value < np.inf:
        raise Indefinite(
            f"{product} = {value} after {iteration} iterations, positive expected; "
            "report the volume and its conductivities",
            history,
        )
