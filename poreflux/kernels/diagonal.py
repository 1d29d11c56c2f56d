"""The diagonal of the operator as a preconditioner."""

from poreflux.kernels.redblack import GHOST, compiled
from poreflux.kernels.rows import diagonal_row


@compiled
def divide(op, r, z, k0, k1, work):
    """z = r over the diagonal in red cells of own planes k0 to k1; return r . z."""
    total = 0.0
    d = work[6, 1]
    for k in range(k0 + GHOST, k1 + GHOST):
        for j in range(GHOST, r.shape[2] - GHOST):
            diagonal_row(op, d, 0, k, j)
            rr, zr = r[0, k, j], z[0, k, j]
            s = rr[0] * 0
            for i in range(1, rr.shape[0] - 1):
                v = rr[i] / d[i] if d[i] > 0 else d[i] * 0
                zr[i] = v
                s += rr[i] * v
            total += s
    return total
