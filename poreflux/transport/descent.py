"""The Krylov method of a problem whose ends change between solves, and its one seam."""

import numpy as np

from poreflux.errors import NotConverged
from poreflux.transport import serial
from poreflux.transport.multigrid import Multigrid
from poreflux.transport.operator import Operator


class Descent:
    """Conjugate gradients for all solves of one cell, in one process or among neighbours.

    The one place where another Krylov method can step in. ``room`` is a vector that may be used
    between solves.
    """

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

    def lower(self, x: np.ndarray, history: list[float], enough) -> None:
        """Lower the energy of x, in place, until ``enough(left, x)``: an estimate of what there is
        still to gain, and the x so far. `history` is what :class:`NotConverged` is to carry.
        """
        steps = serial.descent(self.operator, self.multigrid, x, history, vectors=self.vectors)
        for step in steps:
            if enough(step.left, x):
                return
            if step.iteration == serial.MAX_ITERATIONS:
                raise NotConverged(
                    f"error {history[-1]:.1e} after {step.iteration} iterations; ask for fewer "
                    "digits",
                    history,
                )
