"""Allocation, linear combinations and sums on the device."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from poreflux.kernels import redblack
from poreflux.kernels.cuda import launching, memory, vectors
from poreflux.kernels.redblack import GHOST
from poreflux.transport.engines.engine import Grid, Shape
from poreflux.transport.engines.threads import Threads

#: blocks of the first of the two stages of a sum
SUM_BLOCKS = 2 if launching.SIMULATED else 256

#: a W-cycle starts about as many passes on each grid, however small. Iterations to 1e-4 in 96³
#: voxels with two visits to all grids, to those of at least 20³ cells, and to none: random field of
#: 2 voxels, .30 conducting: 11, 11, 21; .20: 15, 18, 35; random voxels .40: 24, 24, 28
TWO_VISITS_FROM = 8000


class Vectors:
    """Vectors of a device, scratch for the passes, and the threads of what is done on the host."""

    two_visits_from = TWO_VISITS_FROM

    def __init__(self, threads: int | None = None):
        self.host = Threads(threads)
        self.threads = self.host.threads
        self._scratch: dict[tuple, Any] = {}
        self._sums = memory.zeros((SUM_BLOCKS,), np.float64)
        self._sum = memory.zeros((1,), np.float64)

    def close(self) -> None:
        """End the threads and let go of the scratch."""
        self._scratch.clear()
        self.host.close()

    def map(self, function: Any, jobs: Any) -> list:
        """Return ``[function(*job) for job in jobs]``, side by side on the host."""
        return self.host.map(function, jobs)

    def vector(self, shape: Shape, dtype: DTypeLike, colours: int = 1) -> Any:
        """Return a packed vector of zeros for a grid of `shape` cells."""
        return memory.zeros((colours, *redblack.packed_shape(shape)), np.dtype(dtype))

    def zeros(self, shape: tuple[int, ...], dtype: DTypeLike) -> Any:
        """Return an array of zeros."""
        return memory.zeros(shape, np.dtype(dtype))

    def combine(self, shape: Shape, a: float, x: Any, b: float, y: Any) -> None:
        """y = a x + b y, ghosts included."""
        real = y.dtype.type
        planes, rows, pairs = redblack.packed_shape(shape)
        blocks, threads = launching.over(planes, rows, pairs)
        vectors.combine[blocks, threads](real(a), x, real(b), y)

    def dot(self, shape: Shape, x: Any, y: Any) -> float:
        """Return x . y over the cells of this box."""
        return self.reduce(vectors.dot, shape, x, y)

    def load(self, planes: np.ndarray, x: Any) -> None:
        """Copy planes (n, Y, H) into the first colour of x; its ghost planes become zero."""
        x[:, :GHOST] = np.zeros((), x.dtype)
        x[:, -GHOST:] = np.zeros((), x.dtype)
        x[0, GHOST:-GHOST] = np.ascontiguousarray(planes, x.dtype)

    def store(self, x: Any, planes: np.ndarray) -> None:
        """Copy the first colour of x, without its ghosts, into planes (n, Y, H)."""
        cells = (slice(GHOST, -GHOST), slice(1, -1))
        values = memory.download(x[0, GHOST:-GHOST])
        planes[(slice(None), *cells)] = values[(slice(None), *cells)]

    def wrap(self, array: Any, periodic: tuple[bool, bool, bool]) -> None:
        """Copy own cells into the ghosts of periodic axes."""
        colours, planes, rows, pairs = array.shape
        launches = (
            (vectors.wrap_planes, launching.over(GHOST * colours, rows, pairs)),
            (vectors.wrap_rows, launching.over(colours * planes, GHOST, pairs)),
            (vectors.wrap_pairs, launching.over(1, colours * planes, rows)),
        )
        for (kernel, (blocks, threads)), wraps in zip(launches, periodic):
            if wraps:
                kernel[blocks, threads](array)

    def reduce(self, kernel: Any, shape: Shape, *args: Any) -> float:
        """Run a kernel over the own cells of one colour, and add up what its threads return."""
        launch = launching.over(*own_cells(shape))
        partial = self.scratch((launching.threads_of(launch),), np.float64)
        blocks, threads = launch
        kernel[blocks, threads](*args, partial)
        return self.total(partial)

    def total(self, partial: Any) -> float:
        """Return the sum of numbers on the device, in two stages of a fixed order."""
        count = partial.shape[0]
        vectors.add_up[SUM_BLOCKS, launching.THREADS](partial, count, self._sums)
        vectors.add_up[1, launching.THREADS](self._sums, SUM_BLOCKS, self._sum)
        return float(memory.download(self._sum)[0])

    def scratch(self, shape: tuple[int, ...], dtype: DTypeLike, wrap: bool = False) -> Any:
        """Return an array that any pass may overwrite, the same one for each shape and kind.

        What a row that closes on itself leaves beyond its ends must not be read by one that ends
        there: `wrap` tells their scratch apart.
        """
        key = shape, np.dtype(dtype), bool(wrap)
        if key not in self._scratch:
            self._scratch[key] = memory.zeros(shape, np.dtype(dtype))
        return self._scratch[key]

    def one_colour(self, grid: Grid, dtype: DTypeLike) -> Any:
        """Return scratch for one colour of a grid, as a vector of one."""
        return self.scratch((1, *redblack.packed_shape(grid.shape)), dtype, grid.kernel.wrap)


def own_cells(shape: Shape) -> tuple[int, int, int]:
    """Return planes, rows and pairs of one colour of a box, without ghosts."""
    n0, n1, n2 = shape
    return n0, n1, (n2 + 1) // 2


def ring(shape: Shape) -> tuple[int, int, int]:
    """Return planes, rows and pairs of a box and of one ghost plane and row around it."""
    n0, n1, n2 = shape
    return n0 + 2, n1 + 2, (n2 + 1) // 2
