"""PETSc's conjugate gradients for the current at an electrode, whose boundary changes between
solves.
"""

from typing import Protocol

import numpy as np

from poreflux.errors import NotConverged
from poreflux.transport.laplace.operator import Operator
from poreflux.transport.parallel.failure import SharedFailure
from poreflux.transport.parallel.krylov import (
    ConvergenceTest,
    Krylov,
    Requests,
    plain_conjugate_gradients,
    planes_of,
)
from poreflux.transport.parallel.neighbours import Link
from poreflux.transport.parallel.solution import right_hand_side
from poreflux.transport.solvers.conjugate_gradients import plain
from poreflux.transport.solvers.linear_solver import LinearSolver
from poreflux.transport.solvers.stopping import Stopping


def check_method() -> None:
    """Raise ``ValueError`` where PETSc's chosen method does not report its steps."""
    if not plain_conjugate_gradients():
        raise ValueError("the current takes plain conjugate gradients; leave -ksp_type out")


class PotentialRequests(Requests, Protocol):
    """Requests that keep one potential, whichever is being lowered."""

    def lowering(self, x: np.ndarray) -> None:
        """Know that x is lowered from now on."""

    def interrupted(self, iterations: int) -> Exception:
        """Return the exception of a solve that was stopped."""


class PetscSolver:
    """A :class:`poreflux.transport.solvers.linear_solver.LinearSolver` of PETSc."""

    careful = False

    def __init__(self, operator: Operator, link: Link):
        self.operator = operator
        self.krylov = Krylov(operator, link)
        self.cycle = self.krylov.ksp.getPC().getPythonContext()
        self.scratch = operator.vector(dtype=np.float32)
        #: what may interrupt a solve; it is told which potential is being lowered
        self.requests: PotentialRequests | None = None

    @property
    def workspace(self) -> np.ndarray:
        """Return a vector of zeros that is free between solves."""
        vector = self.krylov.buffer.wide
        vector[:] = 0  # the cycle has written float32 into it, also into ghosts
        return vector

    @property
    def residual(self) -> None:
        """Return nothing: PETSc keeps the residual."""
        return None

    def plain(self) -> LinearSolver:
        """Return conjugate gradients without PETSc, with the diagonal as the preconditioner."""
        return plain(self.operator)

    def close(self) -> None:
        """Free the memory of PETSc's vectors."""
        self.krylov.destroy()

    def boundary_changed(self) -> None:
        """Follow the boundary of the operator after it has changed."""
        kernel = self.cycle.multigrid.levels[0].kernel
        if kernel.links is not self.operator.boundary.packed:  # a float32 copy of the cycle
            kernel.links[:] = self.operator.boundary.packed
        self.cycle.multigrid.boundary_changed()

    def lower(self, x: np.ndarray, stopping: Stopping) -> None:
        """Lower the energy of x, in place, until the rule is met."""
        krylov = self.krylov
        krylov.buffer.store(x, planes_of(krylov.x, self.operator, change=True))
        b = planes_of(krylov.b, self.operator, change=True)
        right_hand_side(self.operator, krylov.buffer.wide, x, b)  # x is stored in PETSc's vector
        stalled = None
        if self.requests is not None:
            self._follow_requests(self.requests, x, len(stopping.history))
        test = ConvergenceTest(krylov, stopping, x, requests=self.requests)
        try:
            krylov.solve(test)
        except SharedFailure as shared:  # all processes detect a stall from the same numbers
            if not isinstance(shared.failure, NotConverged):
                raise
            stalled = shared.failure
        krylov.buffer.load(planes_of(krylov.x, self.operator), x)
        if stalled is not None:
            raise stalled
        if test.stopped and self.requests is not None:
            raise SharedFailure(self.requests.interrupted(len(stopping.history)))

    def _follow_requests(self, requests: PotentialRequests, x: np.ndarray, iterations: int) -> None:
        """Save, or save and stop, before the first iteration; a short solve asks at no other."""
        requests.lowering(x)
        action = int(self.krylov.link.gather(float(requests.requested_action())).max())
        if action:
            requests.save(self.krylov.x, iterations, 0.0)
        if action > 1:
            raise SharedFailure(requests.interrupted(iterations))
