"""The preconditioner that cannot fail: the diagonal of the operator."""

import numpy as np

from poreflux.transport.laplace.operator import Operator


class Diagonal:
    """A :class:`poreflux.transport.solvers.conjugate_gradients.Preconditioner`: the conductances of
    each red cell, summed.
    """

    def __init__(self, operator: Operator):
        self.operator = operator

    def boundary_changed(self) -> None:
        """Do nothing: the diagonal is taken from the operator each time."""

    def precondition(self, r: np.ndarray, z: np.ndarray) -> float:
        """z = r over the diagonal; return r . z."""
        neighbours = self.operator.neighbours
        product = neighbours.sum(self.operator.engine.divide(self.operator, r, z))
        neighbours.fill_ghosts(z)
        return product
