"""From cells on the host to geometry on the device, a slab at a time, and back for small grids."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from poreflux.kernels import redblack
from poreflux.kernels.cuda import geometry, launching, memory, transfer
from poreflux.transport.engines.cuda.vectors import Vectors
from poreflux.transport.engines.engine import Edges, Grid

#: bytes of cells on the device at a time
SLAB = 64 * 2**20


class Geometry(Vectors):
    """Cells come from the host; the geometry that they make stays on the device."""

    def encode(
        self, solid: np.ndarray, below: np.ndarray, above: np.ndarray, wraps: tuple[bool, bool]
    ) -> Any:
        """Return the byte code (2, Z, Y, H) of one conducting phase between two ghost planes."""
        code = self.zeros((2, *redblack.packed_shape(solid.shape)), np.uint8)
        staging = memory.Staging(largest_slab(solid.shape, 1))
        for start, slab, *around in slabs(solid, below, above, 1):
            blocks, threads = launching.over(*slab.shape)
            planes = [memory.upload(plane) for plane in around]
            cells, stream = staging.send(slab, np.uint8)
            encode = geometry.encode[blocks, threads, stream]
            encode(cells, *planes, bool(wraps[0]), code, start)
        staging.wait()
        return code

    def conduct(
        self,
        cells: np.ndarray,
        arithmetic: bool,
        below: np.ndarray,
        weights: Edges,
        side: bool,
        dtype: DTypeLike,
    ) -> list:
        """Return the conductances of each cell to those before it along the three axes."""
        shape = (2, *redblack.packed_shape(cells.shape))
        g = tuple(self.zeros(shape, dtype) for _ in range(3))
        edges = tuple(float(weight) for weight in weights)
        staging = memory.Staging(largest_slab(cells.shape, 8))
        for start, slab, before, _ in slabs(cells, below, below, 8):
            blocks, threads = launching.over(*slab.shape)
            plane = memory.upload(before.astype(float))
            kappa, stream = staging.send(slab, np.float64)
            conduct = geometry.conduct[blocks, threads, stream]
            conduct(kappa, plane, bool(arithmetic), edges, bool(side), g, start)
        staging.wait()
        return list(g)

    def sum_faces(self, g: list) -> Any:
        """Return the sum of the six conductances of each cell, from three with their ghosts."""
        degree = self.zeros(tuple(g[0].shape), g[0].dtype)
        _, planes, rows, pairs = g[0].shape
        blocks, threads = launching.over(planes, rows, pairs)
        geometry.sum_faces[blocks, threads](tuple(g), degree)
        return degree

    def face_conductance(self, grid: Grid, axis: int) -> np.ndarray:
        """Return the conductance (n0, n1, n2) of each cell to the one before it along `axis`, on
        the host.
        """
        out = self.zeros(grid.shape, np.float32)
        blocks, threads = launching.over(*grid.shape)
        transfer.copy_faces[blocks, threads](grid.kernel, axis, out)
        return memory.download(out)

    def look_up(self, labels: np.ndarray, table: np.ndarray, out: np.ndarray) -> np.ndarray:
        """out = table[labels], on the host; return how many voxels have each of 256 labels."""
        return self.host.look_up(labels, table, out)


def largest_slab(shape: tuple[int, ...], itemsize: int) -> int:
    """Return the bytes of the planes that go to the device at a time.

    Examples
    --------
    >>> largest_slab((1000, 1000, 1000), 1), largest_slab((2, 1000, 1000), 1)
    (67000000, 2000000)
    """
    n0, n1, n2 = shape
    plane = n1 * n2 * itemsize
    return plane * min(n0, max(1, SLAB // plane))


def slabs(
    cells: np.ndarray, below: np.ndarray, above: np.ndarray, itemsize: int
) -> Iterator[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield the first plane of slabs, the slab, and the planes before and after it."""
    n0, n1, n2 = cells.shape
    step = largest_slab(cells.shape, itemsize) // (n1 * n2 * itemsize)
    for a in range(0, n0, step):
        b = min(n0, a + step)
        before = cells[a - 1] if a else below
        after = cells[b] if b < n0 else above
        yield a, cells[a:b], before, after
