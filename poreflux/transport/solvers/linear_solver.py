"""The interface between physics and solvers: lowering the energy of a potential."""

from typing import Protocol

import numpy as np

from poreflux.transport.solvers.stopping import Stopping


class LinearSolver(Protocol):
    """The solver of one operator, whose boundary may change between solves: conjugate gradients
    here, PETSc across processes.
    """

    @property
    def workspace(self) -> np.ndarray:
        """Return a vector that is free between solves, zero in ghosts without a neighbour."""

    def boundary_changed(self) -> None:
        """Follow the boundary of the operator after it has changed."""

    def lower(self, x: np.ndarray, stopping: Stopping) -> None:
        """Lower the energy ``x . A x - 2 b . x`` of x, in place, until the rule is met.

        Raises
        ------
        NotConverged
            where the rule is never met; carries its history.
        """

    def close(self) -> None:
        """Free memory that Python does not manage, after the last solve."""
