"""PETSc's conjugate gradients for the current at an electrode, whose ends change between solves."""

from collections.abc import Callable
from typing import Any

import numpy as np

from poreflux.transport.laplace.operator import Operator
from poreflux.transport.parallel.krylov import REASONS, Krylov, plain, planes_of
from poreflux.transport.parallel.solution import right_hand_side
from poreflux.transport.solvers.conjugate_gradients import SAFETY, RitzValue


def check_method() -> None:
    """Raise ``ValueError`` where PETSc was asked for a method that does not tell its steps."""
    if not plain():
        raise ValueError("the current takes plain conjugate gradients; leave -ksp_type out")


class PetscDescent:
    """The seam :class:`poreflux.transport.solvers.linear_solver.Descent`, filled by PETSc."""

    def __init__(self, operator: Operator, comm):
        self.operator = operator
        self.krylov = Krylov(operator, comm)
        self.cycle = self.krylov.ksp.getPC().getPythonContext()

    @property
    def room(self) -> np.ndarray:
        """Return a vector of zeros that is free between solves."""
        room = self.krylov.buffer.wide
        room[:] = 0  # the cycle left float32 there, in ghosts too
        return room

    def close(self) -> None:
        """Give the memory of PETSc's vectors back."""
        self.krylov.destroy()

    def renew_ends(self) -> None:
        """Follow the ends of the operator after they have changed."""
        kernel = self.cycle.multigrid.levels[0].kernel
        if kernel.ends is not self.operator.ends.packed:  # the cycle's own, in float32
            kernel.ends[:] = self.operator.ends.packed
        self.cycle.multigrid.renew_ends()

    def lower(self, x: np.ndarray, history: list[float], enough) -> None:
        """Lower the energy of x, in place, until ``enough(left, look)`` is true."""
        krylov = self.krylov
        krylov.buffer.store(x, planes_of(krylov.x, self.operator, change=True))
        b = planes_of(krylov.b, self.operator, change=True)
        right_hand_side(self.operator, krylov.buffer.wide, x, b)  # x is safe in PETSc's
        watch: Any = Watch(krylov, x, history, enough)  # asked as PETSc asks a Stop
        krylov.solve(watch)
        krylov.buffer.load(planes_of(krylov.x, self.operator), x)


class Watch:
    """PETSc's question whether to go on, answered by ``enough``."""

    def __init__(self, krylov: Krylov, x: np.ndarray, history: list[float], enough: Callable):
        self.krylov = krylov
        self.x = x
        self.history = history
        self.enough = enough
        self.ritz = RitzValue()
        self.first = self.before = self.theta = np.inf
        self.wanted = "less wanted; ask for fewer digits"

    def __call__(self, ksp, iteration: int, norm: float):
        """Return PETSc's word for the state of the iteration."""
        matrix, buffer = self.krylov.matrix, self.krylov.buffer
        with self.krylov.kept:
            before, self.before = self.before, norm
            if iteration == 0:
                self.first = norm
                return REASONS.CONVERGED_ATOL if norm == 0 else None
            if norm <= np.finfo(float).eps * self.first:  # nothing but round-off is left
                return REASONS.CONVERGED_ATOL
            curvature = matrix.operator.neighbours.sum(matrix.curvature)
            alpha = before**2 / curvature
            self.theta = min(self.theta, self.ritz.add(alpha, (norm / before) ** 2))

            def look() -> np.ndarray:
                return buffer.load(planes_of(ksp.getSolution(), matrix.operator), self.x)

            done = self.enough(SAFETY * norm**2 / self.theta, look)
            return REASONS.CONVERGED_RTOL if done else None
