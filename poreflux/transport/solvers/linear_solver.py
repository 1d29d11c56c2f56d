"""The seam between physics and solvers: what lowers the energy of a potential."""

from typing import Protocol

import numpy as np

from poreflux.transport.solvers.stopping import Stopping


class LinearSolver(Protocol):
    """The solver of one operator, whose boundary may change between solves: conjugate gradients
    here, PETSc across processes.
    """

    @property
    def workspace(self) -> np.ndarray:
        """Return a vector that is free between solves, zero where nothing lies behind a face."""

    def boundary_changed(self) -> None:
        """Follow the boundary of the operator after it has changed."""

    def lower(self, x: np.ndarray, stopping: Stopping) -> None:
        """Lower the energy ``x . A x - 2 b . x`` of x, in place, until the rule says so.

        Raises
        ------
        NotConverged
            where that does not happen; carries the history of the rule.
        """

    def close(self) -> None:
        """Give back what is not Python's own, after the last solve."""
