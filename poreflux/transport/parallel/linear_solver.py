"""PETSc's conjugate gradients for the current at an electrode, whose boundary changes between
solves.
"""

import numpy as np

from poreflux.transport.laplace.operator import Operator
from poreflux.transport.parallel.krylov import ConvergenceTest, Krylov, plain, planes_of
from poreflux.transport.parallel.solution import right_hand_side
from poreflux.transport.solvers.stopping import Stopping


def check_method() -> None:
    """Raise ``ValueError`` where PETSc was asked for a method that does not tell its steps."""
    if not plain():
        raise ValueError("the current takes plain conjugate gradients; leave -ksp_type out")


class PetscSolver:
    """A :class:`poreflux.transport.solvers.linear_solver.LinearSolver` of PETSc."""

    def __init__(self, operator: Operator, link):
        self.operator = operator
        self.krylov = Krylov(operator, link)
        self.cycle = self.krylov.ksp.getPC().getPythonContext()

    @property
    def workspace(self) -> np.ndarray:
        """Return a vector of zeros that is free between solves."""
        room = self.krylov.buffer.wide
        room[:] = 0  # the cycle left float32 there, in ghosts too
        return room

    def close(self) -> None:
        """Give the memory of PETSc's vectors back."""
        self.krylov.destroy()

    def boundary_changed(self) -> None:
        """Follow the boundary of the operator after it has changed."""
        kernel = self.cycle.multigrid.levels[0].kernel
        if kernel.links is not self.operator.boundary.packed:  # the cycle's own, in float32
            kernel.links[:] = self.operator.boundary.packed
        self.cycle.multigrid.boundary_changed()

    def lower(self, x: np.ndarray, stopping: Stopping) -> None:
        """Lower the energy of x, in place, until the rule says so."""
        krylov = self.krylov
        krylov.buffer.store(x, planes_of(krylov.x, self.operator, change=True))
        b = planes_of(krylov.b, self.operator, change=True)
        right_hand_side(self.operator, krylov.buffer.wide, x, b)  # x is safe in PETSc's
        krylov.solve(ConvergenceTest(krylov, stopping, x))
        krylov.buffer.load(planes_of(krylov.x, self.operator), x)
