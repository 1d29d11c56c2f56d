"""Smoothing fused with the transfer between grids, see :mod:`poreflux.kernels.transfer`.

Red values are made again from the right-hand side wherever a black cell needs them. Black ones are
written once: into scratch where the finest grid keeps red values only, and else where they belong.
"""

from numba import float64

from poreflux.kernels.cuda.cells import diagonal, face, weigh
from poreflux.kernels.cuda.launching import cuda, kernel
from poreflux.kernels.cuda.stencil import neighbours_sum, put
from poreflux.kernels.redblack import GHOST


@cuda.jit(device=True)
def image(op, n, i):
    """Return the own pair of which pair i of a row of n, ghosts included, is the image."""
    if op.wrap:
        if i == 0:
            return n - 2
        if i == n - 1:
            return 1
    return i


@cuda.jit(device=True)
def coarse_value(e, k, j, i):
    """Return the value of the coarse cell around the cells of pair i in row (k, j)."""
    kk, jj = k // 2 + 1, j // 2 + 1
    column = i - 1
    return e[(kk + jj + column) & 1, kk, jj, column // 2 + 1]


@cuda.jit(device=True)
def guess(op, b, e, corrected, k, j, i):
    """Return the red value after a half-sweep from zero, with the correction e."""
    i = image(op, b.shape[3], i)
    d = diagonal(op, b, 0, k, j, i)
    if not d > 0:
        return b.dtype.type(0)
    value = b[0, k, j, i] / d
    if corrected:
        value += coarse_value(e, k, j, i)
    return value


@cuda.jit(device=True)
def improved(op, x, e, k, j, i):
    """Return the red value x with the correction e."""
    i = image(op, x.shape[3], i)
    if not diagonal(op, x, 0, k, j, i) > 0:
        return x.dtype.type(0)
    return x[0, k, j, i] + coarse_value(e, k, j, i)


@kernel
def black_of_guess(op, b, e, corrected, out, a):
    """out[a] = the black values after a half-sweep that follows a red one from zero; one colour of
    b stands for zeros on black cells.
    """
    i, j, k = cuda.grid(3)
    i, j, k = i + 1, j + GHOST - 1, k + GHOST - 1
    if i < b.shape[3] - 1 and j < b.shape[2] - GHOST + 1:
        for m in range(k, b.shape[1] - GHOST + 1, cuda.gridDim.z * cuda.blockDim.z):
            d = diagonal(op, b, 1, m, j, i)
            value = b.dtype.type(0)
            if d > 0:
                o = (1 + m + j) & 1
                value = weigh(
                    op, b, 1, m, j, i,
                    guess(op, b, e, corrected, m, j, i - 1 + o),
                    guess(op, b, e, corrected, m, j, i + o),
                    guess(op, b, e, corrected, m, j - 1, i),
                    guess(op, b, e, corrected, m, j + 1, i),
                    guess(op, b, e, corrected, m - 1, j, i),
                    guess(op, b, e, corrected, m + 1, j, i),
                )  # fmt: skip
                if b.shape[0] == 2:
                    value += b[1, m, j, i]
                value /= d
            put(op, out, a, m, j, i, value)


@kernel
def black_of_iterate(op, b, x, e, corrected, out, a):
    """out[a] = the black values after a half-sweep from the red ones of x, corrected by e or not;
    b has two colours.
    """
    i, j, k = cuda.grid(3)
    i, j, k = i + 1, j + GHOST - 1, k + GHOST - 1
    if i < b.shape[3] - 1 and j < b.shape[2] - GHOST + 1:
        for m in range(k, b.shape[1] - GHOST + 1, cuda.gridDim.z * cuda.blockDim.z):
            d = diagonal(op, b, 1, m, j, i)
            value = b.dtype.type(0)
            if d > 0:
                if corrected:
                    o = (1 + m + j) & 1
                    value = weigh(
                        op, b, 1, m, j, i,
                        improved(op, x, e, m, j, i - 1 + o),
                        improved(op, x, e, m, j, i + o),
                        improved(op, x, e, m, j - 1, i),
                        improved(op, x, e, m, j + 1, i),
                        improved(op, x, e, m - 1, j, i),
                        improved(op, x, e, m + 1, j, i),
                    )  # fmt: skip
                else:
                    value = neighbours_sum(op, x, 0, 1, m, j, i)
                value = (value + b[1, m, j, i]) / d
            put(op, out, a, m, j, i, value)


@kernel
def red(op, b, black, a, out, partial):
    """out[0] = red values after a half-sweep from the black ones; the terms of b . out, summed by
    thread.
    """
    i, j, k = cuda.grid(3)
    total = 0.0
    if i < b.shape[3] - 2 and j < b.shape[2] - 2 * GHOST:
        for m in range(k, b.shape[1] - 2 * GHOST, cuda.gridDim.z * cuda.blockDim.z):
            kk, jj, ii = m + GHOST, j + GHOST, i + 1
            d = diagonal(op, b, 0, kk, jj, ii)
            value = b.dtype.type(0)
            if d > 0:
                value = (b[0, kk, jj, ii] + neighbours_sum(op, black, a, 0, kk, jj, ii)) / d
            out[0, kk, jj, ii] = value
            total += float64(b[0, kk, jj, ii]) * float64(value)
    sx, sy, _ = cuda.gridsize(3)
    partial[i + sx * (j + sy * k)] = total


@kernel
def restrict(op, b, x, again, black, coarse, nx):
    """coarse = the sum over its red cells of what the half-sweeps leave of A x = b: from zero what
    the black neighbours bring, else with b and x.

    A thread makes one coarse cell, nx of them in a row: no two write the same.
    """
    i, j, k = cuda.grid(3)
    if i < nx and j < coarse.shape[2] - 2 * GHOST:
        for m in range(k, coarse.shape[1] - 2 * GHOST, cuda.gridDim.z * cuda.blockDim.z):
            total = b.dtype.type(0)
            for side in range(4):
                kk, jj, ii = 2 * m + side // 2 + GHOST, 2 * j + side % 2 + GHOST, i + 1
                if kk < b.shape[1] - GHOST and jj < b.shape[2] - GHOST:
                    rest = neighbours_sum(op, black, 0, 0, kk, jj, ii)
                    if again:
                        own = diagonal(op, x, 0, kk, jj, ii) * x[0, kk, jj, ii]
                        rest = b[0, kk, jj, ii] - (own - rest)
                    total += rest
            coarse[(m + j + i) & 1, m + GHOST, j + GHOST, i // 2 + 1] = total


@kernel
def coarsen(op, gz, gy, gx, nx):
    """The conductances of coarse cells, nx in a row, to the ones before them: half the sums of
    those of the finer operator.
    """
    i, j, k = cuda.grid(3)
    if i < nx and j < gz.shape[2] - 2 * GHOST:
        for m in range(k, gz.shape[1] - 2 * GHOST, cuda.gridDim.z * cuda.blockDim.z):
            kk, jj, h = 2 * m + GHOST, 2 * j + GHOST, i + 1
            z = y = x = gz.dtype.type(0)
            for a in range(2):
                for s in range(2):
                    z += face(op, gz, 0, s, kk, jj + a, h)
                    y += face(op, gz, 1, s, kk + a, jj, h)
                    # the left one of a pair of columns is the colour of offset 0
                    x += face(op, gz, 2, (kk + a + jj + s) & 1, kk + a, jj + s, h)
            half = gz.dtype.type(0.5)
            c, hh = (m + j + i) & 1, i // 2 + 1
            gz[c, m + GHOST, j + GHOST, hh] = half * z
            gy[c, m + GHOST, j + GHOST, hh] = half * y
            gx[c, m + GHOST, j + GHOST, hh] = half * x


@kernel
def copy_faces(op, axis, out):
    """out (n0, n1, n2) = the conductance of each cell to the one before it along `axis`."""
    i, j, k = cuda.grid(3)
    if i < out.shape[2] and j < out.shape[1]:
        for m in range(k, out.shape[0], cuda.gridDim.z * cuda.blockDim.z):
            kk, jj = m + GHOST, j + GHOST
            out[m, j, i] = face(op, out, axis, (kk + jj + i) & 1, kk, jj, i // 2 + 1)
