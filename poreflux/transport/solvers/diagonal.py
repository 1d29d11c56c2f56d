"""The preconditioner that cannot fail: the diagonal of the operator, in float64."""

import numpy as np

from poreflux.kernels import rows
from poreflux.transport.laplace.operator import Operator


class Diagonal:
    """A :class:`poreflux.transport.solvers.conjugate_gradients.Preconditioner`: the conductances of
    each red cell, summed.
    """

    def __init__(self, operator: Operator):
        self.operator = operator
        self.boundary_changed()

    def boundary_changed(self) -> None:
        """Follow the boundary of the operator after it has changed."""
        kernel = self.operator.kernel
        if isinstance(kernel, rows.Binary):
            code = kernel.code[:1]
            inside = sum(
                weight * ((code >> shift) & 3)
                for weight, shift in ((kernel.wz, 0), (kernel.wy, 2), (kernel.wx, 4))
            )
        else:
            inside = kernel.degree[:1]
        total = inside + kernel.links[kernel.face_of, 0][None]
        self.inverse = np.zeros(total.shape)
        np.divide(1.0, total, out=self.inverse, where=total > 0)

    def precondition(self, r: np.ndarray, z: np.ndarray) -> float:
        """z = r over the diagonal; return r . z."""
        np.multiply(r, self.inverse, out=z, casting="unsafe")
        return self.operator.dot(r, z)
