"""From labels or conductivities on the device to the geometry that the stencil reads."""

from poreflux.kernels.cuda.launching import cuda, kernel
from poreflux.kernels.redblack import GHOST
from poreflux.kernels.rows import SOLID


@cuda.jit(device=True)
def at(solid, below, above, k, j, i, wrap):
    """Return the cell at any place of a box (n0, n1, n2) between two planes; outside nothing is."""
    n0, n1, n2 = solid.shape
    if wrap:
        j, i = (j + n1) % n1, (i + n2) % n2
    if j < 0 or j >= n1 or i < 0 or i >= n2:
        return solid.dtype.type(0)
    if k < 0:
        return below[j, i]
    if k >= n0:
        return above[j, i]
    return solid[k, j, i]


@kernel
def encode(solid, below, above, wrap, code, start):
    """code (2, Z, Y, H) = the byte of each cell of `solid`, planes from number `start` on, 1 where
    conducting: its conducting neighbours along z, y, x in bits 0-1, 2-3, 4-5, and SOLID.
    """
    i, j, k = cuda.grid(3)
    if i < solid.shape[2] and j < solid.shape[1]:
        for m in range(k, solid.shape[0], cuda.gridDim.z * cuda.blockDim.z):
            value = 0
            if solid[m, j, i] != 0:
                z = at(solid, below, above, m - 1, j, i, wrap)
                z += at(solid, below, above, m + 1, j, i, wrap)
                y = at(solid, below, above, m, j - 1, i, wrap)
                y += at(solid, below, above, m, j + 1, i, wrap)
                x = at(solid, below, above, m, j, i - 1, wrap)
                x += at(solid, below, above, m, j, i + 1, wrap)
                value = int(z) | int(y) << 2 | int(x) << 4 | SOLID
            kk = m + start
            code[(kk + j + i) & 1, kk + GHOST, j + GHOST, i // 2 + 1] = value


@cuda.jit(device=True)
def between(a, b, arithmetic):
    """Return the conductivity of the face between two cells, zero where either is blocked."""
    if not (a > 0 and b > 0):
        return 0.0
    if arithmetic:
        return (a + b) / 2
    return 2 * a * b / (a + b)


@kernel
def conduct(kappa, below, arithmetic, weights, wrap, g, start):
    """The conductances g (three of (2, Z, Y, H)) of each cell of `kappa`, planes from number
    `start` on, to those before it; `below` is the plane before the first.
    """
    i, j, k = cuda.grid(3)
    gz, gy, gx = g
    if i < kappa.shape[2] and j < kappa.shape[1]:
        for m in range(k, kappa.shape[0], cuda.gridDim.z * cuda.blockDim.z):
            own = kappa[m, j, i]
            kk, h = m + start, i // 2 + 1
            c = (kk + j + i) & 1
            z = between(own, at(kappa, below, below, m - 1, j, i, wrap), arithmetic)
            y = between(own, at(kappa, below, below, m, j - 1, i, wrap), arithmetic)
            x = between(own, at(kappa, below, below, m, j, i - 1, wrap), arithmetic)
            gz[c, kk + GHOST, j + GHOST, h] = weights[0] * z
            gy[c, kk + GHOST, j + GHOST, h] = weights[1] * y
            gx[c, kk + GHOST, j + GHOST, h] = weights[2] * x


@kernel
def sum_faces(g, degree):
    """degree (2, Z, Y, H) = the sum of the six conductances of each own cell."""
    i, j, k = cuda.grid(3)
    gz, gy, gx = g
    i, j = i + 1, j + GHOST
    if i < degree.shape[3] - 1 and j < degree.shape[2] - GHOST:
        for m in range(k + GHOST, degree.shape[1] - GHOST, cuda.gridDim.z * cuda.blockDim.z):
            for c in range(2):
                o = (c + m + j) & 1
                degree[c, m, j, i] = (
                    gz[c, m, j, i]
                    + gz[1 - c, m + 1, j, i]
                    + gy[c, m, j, i]
                    + gy[1 - c, m, j + 1, i]
                    + gx[c, m, j, i]
                    + gx[1 - c, m, j, i + o]
                )
