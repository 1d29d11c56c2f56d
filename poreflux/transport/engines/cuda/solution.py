"""What is asked of a potential on the device: integrals, fields, what it leaves unbalanced."""

from typing import Any

import numpy as np

from poreflux.kernels.cuda import integrals, launching, memory
from poreflux.kernels.redblack import GHOST, packed_shape
from poreflux.transport.engines.cuda.passes import Passes
from poreflux.transport.engines.cuda.vectors import own_cells, ring
from poreflux.transport.engines.engine import Edges, Grid

#: planes whose black potentials are kept in float64 at a time
BALANCED_PLANES = 4 if launching.SIMULATED else 64


class Solution(Passes):
    """Integrals are summed in float64 whatever the precision of the potential."""

    def fluxes(self, grid: Grid, x: Any, planes: np.ndarray) -> float:
        """Fill the sums of each plane (n + 1, 5) for a potential x; return its energy."""
        black = self.black(grid, x, fed=True)
        n0 = grid.shape[0]
        partial = self.scratch((n0, launching.THREADS, integrals.SUMS), np.float64)
        integrals.fluxes[n0, launching.THREADS](grid.kernel, grid.source, x, black, partial)
        out = self.scratch((n0, integrals.SUMS), np.float64)
        blocks, threads = launching.over_list(n0 * integrals.SUMS)
        integrals.collapse[blocks, threads](partial, out)
        sums = memory.download(out)
        planes[:n0] = sums[:, :5]
        if memory.download(grid.kernel.face_of)[n0 + GHOST - 1] & 2:
            planes[n0, 0] = sums[-1, 5]
        return float(sums[:, 6].sum())

    def imbalance(self, grid: Grid, x: Any, r: Any) -> float:
        """r = what x leaves of the source in each red cell, in float64; return the energy of x."""
        n0 = grid.shape[0]
        kernel, source = grid.kernel, grid.source
        _, rows, pairs = packed_shape(grid.shape)
        step = min(n0, BALANCED_PLANES)
        black = self.scratch((1, step + 2, rows, pairs), np.float64, kernel.wrap)
        launch = launching.over(step, *own_cells(grid.shape)[1:])
        partial = self.scratch((launching.threads_of(launch),), np.float64)
        partial[:] = np.zeros((), np.float64)
        for k0 in range(GHOST, n0 + GHOST, step):
            k1 = min(n0 + GHOST, k0 + step)
            blocks, threads = launching.over(step + 2, *ring(grid.shape)[1:])
            args = kernel, source, x, black, k0 - 1
            integrals.balanced[blocks, threads](*args, k1 + 1)
            blocks, threads = launch
            integrals.imbalance[blocks, threads](*args, k0, k1, r, partial)
        return self.total(partial)

    def potential(self, grid: Grid, x: Any, out: np.ndarray, start: int) -> None:
        """Fill `out` (m, n1, n2) with the potential of both colours from plane `start` on."""
        black = self._black_around(grid, x, start, start + len(out))
        field = self.zeros(out.shape, out.dtype)
        blocks, threads = launching.over(*out.shape)
        integrals.potential[blocks, threads](grid.kernel, x, black, field, start)
        out[:] = memory.download(field)

    def current(self, grid: Grid, x: Any, out: np.ndarray, scales: Edges, start: int) -> None:
        """Fill `out` (m, n1, n2) with the size of the current density from plane `start` on."""
        black = self._black_around(grid, x, start, start + len(out))
        field = self.zeros(out.shape, out.dtype)
        blocks, threads = launching.over(*out.shape)
        factors = tuple(float(scale) for scale in scales)
        args = grid.kernel, grid.source, x, black, field, factors, start
        integrals.current[blocks, threads](*args)
        out[:] = memory.download(field)

    def solved_plane(self, grid: Grid, x: Any, k: int) -> np.ndarray:
        """Return plane k of the potential, both colours packed (2, Y, H), on the host."""
        black = self._black_around(grid, x, k, k + 1)
        return np.stack([memory.download(q[0, k + GHOST]) for q in (x, black)])

    def _black_around(self, grid: Grid, x: Any, start: int, stop: int) -> Any:
        """Return the black potentials from one plane before own plane `start` to one after."""
        return self.black(grid, x, True, (start + GHOST - 1, stop + GHOST + 1))
