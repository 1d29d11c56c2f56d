"""A medium made on the device: smooth noise of a given size, cut at a level."""

from poreflux.kernels.cuda.launching import cuda, kernel


@cuda.jit(device=True)
def of_node(k, j, i):
    """Return a number in 0 to 1 that belongs to a node of the lattice, the same in every run."""
    mixed = (k * 73856093) ^ (j * 19349663) ^ (i * 83492791)
    for _ in range(3):
        mixed = ((mixed & 0x7FFFFFFF) * 1103515245 + 12345) & 0x7FFFFFFF
        mixed ^= mixed >> 11
    return (mixed & 0xFFFFFF) / 16777216.0


@kernel
def cut_noise(cells, size, level):
    """cells = 1 where noise, interpolated between nodes so many cells apart, is above the level."""
    i, j, k = cuda.grid(3)
    if i < cells.shape[2] and j < cells.shape[1]:
        for m in range(k, cells.shape[0], cuda.gridDim.z * cuda.blockDim.z):
            z, y, x = m // size, j // size, i // size
            fz, fy, fx = (m % size) / size, (j % size) / size, (i % size) / size
            value = 0.0
            for corner in range(8):
                a, b, c = corner >> 2, (corner >> 1) & 1, corner & 1
                weight = (fz if a else 1 - fz) * (fy if b else 1 - fy) * (fx if c else 1 - fx)
                value += weight * of_node(z + a, y + b, x + c)
            cells[m, j, i] = 1 if value > level else 0
