"""Vectors on the device: linear combinations, products, ghosts, and sums in a fixed order."""

from numba import float64

from poreflux.kernels.cuda.launching import THREADS, cuda, kernel
from poreflux.kernels.redblack import GHOST


@kernel
def combine(a, x, b, y):
    """y = a x + b y for one colour, ghosts included."""
    i, j, k = cuda.grid(3)
    if i < x.shape[3] and j < x.shape[2]:
        for m in range(k, x.shape[1], cuda.gridDim.z * cuda.blockDim.z):
            y[0, m, j, i] = a * x[0, m, j, i] + b * y[0, m, j, i]


@kernel
def dot(x, y, partial):
    """partial[thread] = its part of the sum of x y over own cells of one colour, in float64."""
    i, j, k = cuda.grid(3)
    total = 0.0
    if i < x.shape[3] - 2 and j < x.shape[2] - 2 * GHOST:
        for m in range(k, x.shape[1] - 2 * GHOST, cuda.gridDim.z * cuda.blockDim.z):
            total += float64(x[0, m + GHOST, j + GHOST, i + 1]) * float64(
                y[0, m + GHOST, j + GHOST, i + 1]
            )
    sx, sy, _ = cuda.gridsize(3)
    partial[i + sx * (j + sy * k)] = total


@kernel
def add_up(values, count, partial):
    """partial[block] = the sum of its part of `count` values, in an order that depends on the
    number of threads and blocks alone.

    Each step of the tree halves the threads that add: those without a partner write nothing, and
    neighbouring threads use neighbouring banks of the shared memory.
    """
    shared = cuda.shared.array(THREADS, float64)
    t = cuda.threadIdx.x
    total = 0.0
    for n in range(cuda.grid(1), count, cuda.gridsize(1)):
        total += values[n]
    shared[t] = total
    cuda.syncthreads()
    half = THREADS // 2
    while half > 0:
        if t < half:
            shared[t] += shared[t + half]
        cuda.syncthreads()
        half //= 2
    if t == 0:
        partial[cuda.blockIdx.x] = shared[0]


@kernel
def wrap_planes(array):
    """Copy own planes into the ghost planes of a periodic axis 0."""
    i, j, k = cuda.grid(3)
    if i < array.shape[3] and j < array.shape[2]:
        n = array.shape[1]
        for m in range(k, GHOST * array.shape[0], cuda.gridDim.z * cuda.blockDim.z):
            c, g = m // GHOST, m % GHOST
            array[c, g, j, i] = array[c, n - 2 * GHOST + g, j, i]
            array[c, n - GHOST + g, j, i] = array[c, GHOST + g, j, i]


@kernel
def wrap_rows(array):
    """Copy own rows into the ghost rows of a periodic axis 1."""
    i, g, k = cuda.grid(3)
    if i < array.shape[3] and g < GHOST:
        n = array.shape[2]
        for m in range(k, array.shape[0] * array.shape[1], cuda.gridDim.z * cuda.blockDim.z):
            c, p = m // array.shape[1], m % array.shape[1]
            array[c, p, g, i] = array[c, p, n - 2 * GHOST + g, i]
            array[c, p, n - GHOST + g, i] = array[c, p, GHOST + g, i]


@kernel
def wrap_pairs(array):
    """Copy own pairs into the ghost pairs of a periodic axis 2."""
    j, k, _ = cuda.grid(3)
    if j < array.shape[2]:
        n = array.shape[3]
        for m in range(k, array.shape[0] * array.shape[1], cuda.gridDim.y * cuda.blockDim.y):
            c, p = m // array.shape[1], m % array.shape[1]
            array[c, p, j, 0] = array[c, p, j, n - 2]
            array[c, p, j, n - 1] = array[c, p, j, 1]


@kernel
def multiply(inverse, b, x, n1, n2, n):
    """x (2, Z, Y, H) = the product of a symmetric matrix (n, n) with b (2, Z, Y, H), n cells in
    planes of n1 rows of n2; summed in float64.

    A thread computes one cell; those of a warp read neighbouring columns of a row of the matrix.
    """
    for cell in range(cuda.grid(1), n, cuda.gridsize(1)):
        total = 0.0
        for other in range(n):
            row = other // n2
            z, y, column = row // n1, row % n1, other % n2
            value = b[(z + y + column) & 1, z + GHOST, y + GHOST, column // 2 + 1]
            total += inverse[other, cell] * float64(value)
        row = cell // n2
        z, y, column = row // n1, row % n1, cell % n2
        x[(z + y + column) & 1, z + GHOST, y + GHOST, column // 2 + 1] = total
