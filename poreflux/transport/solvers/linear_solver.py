"""The interface between physics and solvers: lowering the energy of a potential."""

from typing import Protocol

import numpy as np

from poreflux.errors import NotConverged
from poreflux.transport.laplace.operator import Operator
from poreflux.transport.solvers.stopping import Stopping


class Indefinite(NotConverged):
    """A product that is positive in theory was not, for want of digits."""


class LinearSolver(Protocol):
    """The solver of one operator, whose boundary may change between solves: conjugate gradients
    here, PETSc across processes. ``scratch`` is a float32 vector that is free between steps.
    """

    #: whether another start is worth it where rounding ends an iteration
    careful: bool

    @property
    def operator(self) -> Operator:
        """Return the operator."""

    @property
    def workspace(self) -> np.ndarray:
        """Return a vector that is free between solves, zero in ghosts without a neighbour."""

    @property
    def scratch(self) -> np.ndarray:
        """Return a float32 vector that is free between steps."""

    @property
    def residual(self) -> np.ndarray | None:
        """Return the residual that the iteration carries along, where it can be compared."""

    def boundary_changed(self) -> None:
        """Follow the boundary of the operator after it has changed."""

    def plain(self) -> "LinearSolver":
        """Return a solver of the same operator that cannot fail: slow conjugate gradients."""

    def lower(self, x: np.ndarray, stopping: Stopping) -> None:
        """Lower the energy ``x . A x - 2 b . x`` of x, in place, until the rule is met.

        Raises
        ------
        NotConverged
            where the rule is never met; carries its history.
        """

    def close(self) -> None:
        """Free memory that Python does not manage, after the last solve."""
