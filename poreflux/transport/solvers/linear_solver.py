"""The Krylov method of a problem whose ends change between solves, and its one seam."""

from typing import Protocol

import numpy as np

from poreflux.errors import NotConverged
from poreflux.transport.laplace.operator import Operator
from poreflux.transport.solvers import conjugate_gradients as serial
from poreflux.transport.solvers.multigrid import Multigrid


class Method(Protocol):
    """What may lower an energy: :class:`Descent` here, PETSc across processes."""

    @property
    def room(self) -> np.ndarray:
        """Return a vector that is free between solves, zero where nothing lies behind a face."""

    def renew_ends(self) -> None:
        """Follow the ends of the operator after they have changed."""

    def lower(self, x: np.ndarray, history: list[float], enough) -> None:
        """Lower the energy of x, in place, until ``enough(left, look)`` is true.

        ``left`` estimates what there is still to gain, ``look()`` returns the x so far. `history`
        is what :class:`NotConverged` is to carry.
        """

    def close(self) -> None:
        """Give back what is not Python's own, after the last solve."""


class Descent:
    """Conjugate gradients for all solves of one cell, in one process or among neighbours."""

    def __init__(self, operator: Operator, multigrid: Multigrid):
        self.operator = operator
        self.multigrid = multigrid
        self.vectors = serial.work_vectors(operator)

    @property
    def room(self) -> np.ndarray:
        """Return a vector that is free between solves."""
        return self.vectors[2]

    def renew_ends(self) -> None:
        """Follow the ends of the operator after they have changed."""
        self.multigrid.renew_ends()

    def close(self) -> None:
        """Do nothing: the vectors go when nobody asks for them."""

    def lower(self, x: np.ndarray, history: list[float], enough) -> None:
        """Lower the energy of x, in place, until ``enough(left, look)`` is true."""
        steps = serial.descent(self.operator, self.multigrid, x, history, vectors=self.vectors)
        for step in steps:
            if enough(step.left, lambda: x):
                return
            if step.iteration == serial.MAX_ITERATIONS:
                raise NotConverged(
                    f"error {history[-1]:.1e} after {step.iteration} iterations; ask for fewer "
                    "digits",
                    history,
                )
