"""The operator with its black unknowns eliminated: the passes of conjugate gradients.

A pass is two launches: the black values that follow from the red ones, into a scratch vector of
one colour, then what is wanted of each red cell. Scratch is written one cell beyond the box, where
a periodic axis has the image of a cell, and zero where nothing is.
"""

from numba import float64

from poreflux.kernels.cuda.cells import diagonal, weigh
from poreflux.kernels.cuda.launching import cuda, kernel
from poreflux.kernels.redblack import GHOST


@cuda.jit(device=True)
def neighbours_sum(op, q, a, c, k, j, i):
    """Return the sum over the neighbours of cell (c, k, j, i) of conductance times q[a]."""
    o = (c + k + j) & 1
    return weigh(
        op, q, c, k, j, i,
        q[a, k, j, i - 1 + o], q[a, k, j, i + o],
        q[a, k, j - 1, i], q[a, k, j + 1, i],
        q[a, k - 1, j, i], q[a, k + 1, j, i],
    )  # fmt: skip


@cuda.jit(device=True)
def put(op, out, a, k, j, i, value):
    """Write a value, and its image beyond the ends of a row that closes on itself."""
    out[a, k, j, i] = value
    if op.wrap:
        if i == 1:
            out[a, k, j, out.shape[3] - 1] = value
        if i == out.shape[3] - 2:
            out[a, k, j, 0] = value


@kernel
def black(op, source, fed, x, out, k0, k1):
    """out (1, Z, Y, H) = the black values of padded planes k0 to k1 that follow from the red ones
    of x, with the right-hand side `source` (4, 2, Y, H) of the driven faces where `fed`.
    """
    i, j, k = cuda.grid(3)
    i, j, k = i + 1, j + GHOST - 1, k + k0
    if i < x.shape[3] - 1 and j < x.shape[2] - GHOST + 1:
        for m in range(k, k1, cuda.gridDim.z * cuda.blockDim.z):
            d = diagonal(op, x, 1, m, j, i)
            value = x.dtype.type(0)
            if d > 0:
                value = neighbours_sum(op, x, 0, 1, m, j, i)
                f = op.face_of[m]
                if fed and f != 0:
                    value += x.dtype.type(source[f, 1, j, i])
                value /= d
            put(op, out, 0, m, j, i, value)


@cuda.jit(device=True)
def applied(op, p, black, k, j, i):
    """Return S p in a red cell, from the black values that follow from p."""
    return diagonal(op, p, 0, k, j, i) * p[0, k, j, i] - neighbours_sum(op, black, 0, 0, k, j, i)


@kernel
def residual(op, source, x, black, r, partial):
    """r = b - S x; the squares of r, summed by thread."""
    i, j, k = cuda.grid(3)
    total = 0.0
    if i < x.shape[3] - 2 and j < x.shape[2] - 2 * GHOST:
        for m in range(k, x.shape[1] - 2 * GHOST, cuda.gridDim.z * cuda.blockDim.z):
            kk, jj, ii = m + GHOST, j + GHOST, i + 1
            value = -applied(op, x, black, kk, jj, ii)
            f = op.face_of[kk]
            if f != 0:
                value += source[f, 0, jj, ii]
            r[0, kk, jj, ii] = value
            total += float64(value) * float64(value)
    sx, sy, _ = cuda.gridsize(3)
    partial[i + sx * (j + sy * k)] = total


@kernel
def curvature(op, p, black, partial):
    """The terms of p . S p, summed by thread."""
    i, j, k = cuda.grid(3)
    total = 0.0
    if i < p.shape[3] - 2 and j < p.shape[2] - 2 * GHOST:
        for m in range(k, p.shape[1] - 2 * GHOST, cuda.gridDim.z * cuda.blockDim.z):
            kk, jj, ii = m + GHOST, j + GHOST, i + 1
            value = applied(op, p, black, kk, jj, ii)
            total += float64(p[0, kk, jj, ii]) * float64(value)
    sx, sy, _ = cuda.gridsize(3)
    partial[i + sx * (j + sy * k)] = total


@kernel
def apply(op, p, black, planes, partial):
    """planes (n, Y, H) = S p; the terms of p . S p, summed by thread."""
    i, j, k = cuda.grid(3)
    total = 0.0
    if i < p.shape[3] - 2 and j < p.shape[2] - 2 * GHOST:
        for m in range(k, p.shape[1] - 2 * GHOST, cuda.gridDim.z * cuda.blockDim.z):
            kk, jj, ii = m + GHOST, j + GHOST, i + 1
            value = applied(op, p, black, kk, jj, ii)
            planes[m, jj, ii] = value
            total += float64(p[0, kk, jj, ii]) * float64(value)
    sx, sy, _ = cuda.gridsize(3)
    partial[i + sx * (j + sy * k)] = total


@kernel
def advance(op, alpha, p, black, x, r, partial):
    """x += alpha p, r -= alpha S p; the squares of r, summed by thread."""
    i, j, k = cuda.grid(3)
    total = 0.0
    if i < p.shape[3] - 2 and j < p.shape[2] - 2 * GHOST:
        for m in range(k, p.shape[1] - 2 * GHOST, cuda.gridDim.z * cuda.blockDim.z):
            kk, jj, ii = m + GHOST, j + GHOST, i + 1
            x[0, kk, jj, ii] += alpha * p[0, kk, jj, ii]
            value = r[0, kk, jj, ii] - alpha * applied(op, p, black, kk, jj, ii)
            r[0, kk, jj, ii] = value
            total += float64(value) * float64(value)
    sx, sy, _ = cuda.gridsize(3)
    partial[i + sx * (j + sy * k)] = total


@kernel
def divide(op, r, z, partial):
    """z = r over the diagonal of red cells; the terms of r . z, summed by thread."""
    i, j, k = cuda.grid(3)
    total = 0.0
    if i < r.shape[3] - 2 and j < r.shape[2] - 2 * GHOST:
        for m in range(k, r.shape[1] - 2 * GHOST, cuda.gridDim.z * cuda.blockDim.z):
            kk, jj, ii = m + GHOST, j + GHOST, i + 1
            d = diagonal(op, r, 0, kk, jj, ii)
            value = r.dtype.type(0)
            if d > 0:
                value = r[0, kk, jj, ii] / d
            z[0, kk, jj, ii] = value
            total += float64(r[0, kk, jj, ii]) * float64(value)
    sx, sy, _ = cuda.gridsize(3)
    partial[i + sx * (j + sy * k)] = total


@kernel
def ramp(op, x, slope, start):
    """x = start + slope times the number of the plane, in conducting red cells."""
    i, j, k = cuda.grid(3)
    if i < x.shape[3] - 2 and j < x.shape[2] - 2 * GHOST:
        for m in range(k, x.shape[1] - 2 * GHOST, cuda.gridDim.z * cuda.blockDim.z):
            kk, jj, ii = m + GHOST, j + GHOST, i + 1
            value = 0.0
            if diagonal(op, x, 0, kk, jj, ii) > 0:
                value = start + slope * m
            x[0, kk, jj, ii] = value
