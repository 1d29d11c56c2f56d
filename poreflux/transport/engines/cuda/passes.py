"""The passes of conjugate gradients and the cycle of multigrid on the device."""

from typing import Any

import numpy as np

from poreflux.kernels import dense, redblack
from poreflux.kernels.cuda import launching, memory, stencil, transfer, vectors
from poreflux.kernels.redblack import GHOST
from poreflux.transport.engines.cuda.vectors import Vectors, own_cells, ring
from poreflux.transport.engines.engine import Grid, Shape


class Passes(Vectors):
    """Every pass first computes the black values that it needs, then what is asked of red ones."""

    def black(self, grid: Grid, x: Any, fed: bool, planes: tuple[int, int] | None = None) -> Any:
        """Return scratch with the black values of padded planes, by default of all own ones and one
        more on each side; with the right-hand side of the driven faces where `fed`.
        """
        n0 = grid.shape[0]
        k0, k1 = planes or (GHOST - 1, n0 + GHOST + 1)
        out = self.one_colour(grid, x.dtype)
        blocks, threads = launching.over(k1 - k0, *ring(grid.shape)[1:])
        stencil.black[blocks, threads](grid.kernel, grid.source, fed, x, out, k0, k1)
        return out

    # --- the reduced operator

    def residual(self, grid: Grid, x: Any, r: Any) -> float:
        """r = b - S x; return r . r."""
        black = self.black(grid, x, fed=True)
        args = grid.kernel, grid.source, x, black, r
        return self.reduce(stencil.residual, grid.shape, *args)

    def curvature(self, grid: Grid, p: Any, image: Any = None) -> float:
        """Return p . S p; to make S p again takes no longer than to read an `image`."""
        black = self.black(grid, p, fed=False)
        return self.reduce(stencil.curvature, grid.shape, grid.kernel, p, black)

    def apply(self, grid: Grid, p: Any, planes: np.ndarray) -> float:
        """planes (n, Y, H), on the host, = S p; return p . S p."""
        black = self.black(grid, p, fed=False)
        out = self.zeros(planes.shape, planes.dtype)
        product = self.reduce(stencil.apply, grid.shape, grid.kernel, p, black, out)
        cells = np.s_[:, GHOST:-GHOST, 1:-1]
        planes[cells] = memory.download(out)[cells]
        return product

    def advance(self, grid: Grid, alpha: float, p: Any, x: Any, r: Any, image: Any = None) -> float:
        """x += alpha p and r -= alpha S p; return r . r."""
        black = self.black(grid, p, fed=False)
        args = grid.kernel, grid.dtype.type(alpha), p, black, x, r
        return self.reduce(stencil.advance, grid.shape, *args)

    def divide(self, grid: Grid, r: Any, z: Any) -> float:
        """z = r over the diagonal of red cells; return r . z."""
        return self.reduce(stencil.divide, grid.shape, grid.kernel, r, z)

    def ramp(self, grid: Grid, x: Any, slope: float, first: float) -> None:
        """x = first + slope times the number of the plane, in conducting cells."""
        blocks, threads = launching.over(*own_cells(grid.shape))
        stencil.ramp[blocks, threads](grid.kernel, x, slope, first)

    # --- the cycle of multigrid

    def descend(self, grid: Grid, b: Any, coarse_b: Any) -> None:
        """Smooth from zero and restrict the residual to the next coarser grid."""
        black = self.one_colour(grid, np.float32)
        blocks, threads = launching.over(*ring(grid.shape))
        transfer.black_of_guess[blocks, threads](grid.kernel, b, coarse_b, False, black, 0)
        self._restrict(grid, b, b, False, black, coarse_b)

    def descend_again(self, grid: Grid, b: Any, x: Any, coarse_b: Any) -> None:
        """Do the same as `descend`, from x."""
        black = self.one_colour(grid, np.float32)
        blocks, threads = launching.over(*ring(grid.shape))
        transfer.black_of_iterate[blocks, threads](grid.kernel, b, x, coarse_b, False, black, 0)
        self._restrict(grid, b, x, True, black, coarse_b)

    def _restrict(self, grid: Grid, b: Any, x: Any, again: bool, black: Any, coarse_b: Any) -> None:
        n0, n1, n2 = ((n + 1) // 2 for n in grid.shape)
        blocks, threads = launching.over(n0, n1, n2)
        transfer.restrict[blocks, threads](grid.kernel, b, x, again, black, coarse_b, n2)

    def ascend(self, grid: Grid, b: Any, coarse_x: Any, x: Any) -> float:
        """x = the smoothed guess plus the coarse correction, smoothed again; return b . x (red).

        On coarse grids, where nobody asks for the product, it is not summed: 0 is returned.
        """
        finest = b.shape[0] == 1
        black, colour = (self.one_colour(grid, np.float32), 0) if finest else (x, 1)
        blocks, threads = launching.over(*ring(grid.shape))
        transfer.black_of_guess[blocks, threads](grid.kernel, b, coarse_x, True, black, colour)
        return self._red(grid, b, black, colour, x, finest)

    def ascend_again(self, grid: Grid, b: Any, x: Any, coarse_x: Any, out: Any) -> None:
        """out = the same as `ascend`, from x."""
        blocks, threads = launching.over(*ring(grid.shape))
        transfer.black_of_iterate[blocks, threads](grid.kernel, b, x, coarse_x, True, out, 1)
        self._red(grid, b, out, 1, out, False)

    def _red(self, grid: Grid, b: Any, black: Any, colour: int, out: Any, summed: bool) -> float:
        launch = launching.over(*own_cells(grid.shape))
        partial = self.scratch((launching.threads_of(launch),), np.float64)
        blocks, threads = launch
        transfer.red[blocks, threads](grid.kernel, b, black, colour, out, partial)
        return self.total(partial) if summed else 0.0

    def coarsen(self, grid: Grid, shape: Shape) -> list:
        """Return three conductances of each cell of the next coarser grid, of `shape`."""
        g = [self.zeros((2, *redblack.packed_shape(shape)), np.float32) for _ in range(3)]
        blocks, threads = launching.over(*shape)
        transfer.coarsen[blocks, threads](grid.kernel, *g, shape[2])
        return g

    def factorise(self, matrix: np.ndarray) -> Any:
        """Return the inverse of a dense matrix on the device, singular modes left out: on the host,
        once; to multiply with it takes one launch, and no thread waits for another.
        """
        factor = np.zeros_like(matrix)
        dense.factorise(matrix, factor)
        inverse, unit = np.zeros_like(matrix), np.zeros(len(matrix))
        for n in range(len(matrix)):
            unit[:] = 0.0
            unit[n] = 1.0
            dense.substitute(factor, unit, inverse[n])
        return memory.upload(inverse)

    def substitute(self, factor: Any, shape: Shape, b: Any, x: Any) -> None:
        """x = A^-1 b for packed vectors (two colours) and what `factorise` returned for A."""
        _, n1, n2 = shape
        n = factor.shape[0]
        blocks, threads = launching.over_list(n)
        vectors.multiply[blocks, threads](factor, b, x, n1, n2, n)
