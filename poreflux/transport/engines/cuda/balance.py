"""The proof of the error, and clusters: done on the host, by the threads of the other engine.

The balance of currents goes along a forest, in which each step waits for the one before; a device
has no use for its width there. Geometry is copied back for it once.
"""

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from poreflux.kernels.cuda import memory
from poreflux.kernels.rows import Binary, Faces
from poreflux.transport.engines.cuda.vectors import Vectors
from poreflux.transport.engines.engine import (
    PROVED_BESIDE_DEVICES,
    Clusters,
    Grid,
    Network,
    Runs,
    Shape,
)


@dataclass
class HostGrid:
    """What a pass reads of an operator, on the host."""

    kernel: Binary | Faces
    shape: Shape
    source: np.ndarray
    dtype: np.dtype


class Balance(Vectors):
    """See :mod:`poreflux.kernels.block_network` and :mod:`poreflux.kernels.components`."""

    provable = PROVED_BESIDE_DEVICES

    def __init__(self, threads: int | None = None):
        super().__init__(threads)
        self._on_host: WeakKeyDictionary[Any, HostGrid] = WeakKeyDictionary()

    def label_blocks(self, grid: Grid, labels: np.ndarray) -> np.ndarray:
        """Fill the number of each cell's cluster in its block; return how many a block has."""
        return self.host.label_blocks(self.grid_on_host(grid), labels)

    def count_edges(self, grid: Grid, clusters: Clusters) -> np.ndarray:
        """Return the number of coarse edges of each list of each block (bz, by, bx, lists)."""
        return self.host.count_edges(self.grid_on_host(grid), clusters)

    def fill_edges(
        self, grid: Grid, r: Any, clusters: Clusters, starts: np.ndarray, network: Network
    ) -> None:
        """Fill nodes and conductances of the edges of these blocks and add the surplus of r."""
        on_host = self.grid_on_host(grid)
        self.host.fill_edges(on_host, memory.download(r), clusters, starts, network)

    def settle_network(self, network: Network) -> tuple[float, np.ndarray]:
        """Return the power that balances a network, and the current over the conductance of each
        edge.
        """
        return self.host.settle_network(network)

    def settle_blocks(
        self,
        grid: Grid,
        r: Any,
        clusters: Clusters,
        starts: np.ndarray,
        beyond: np.ndarray,
        ratio: np.ndarray,
    ) -> float:
        """Return the power that balances the blocks of this box inside."""
        args = memory.download(r), clusters, starts, beyond, ratio
        return self.host.settle_blocks(self.grid_on_host(grid), *args)

    def grid_on_host(self, grid: Grid) -> HostGrid:
        """Return the operator on the host: its geometry as copied first, its links as they are."""
        if grid not in self._on_host:
            kernel: Any = grid.kernel
            fields: dict[str, Any] = {
                name: value if np.isscalar(value) else memory.download(value)
                for name, value in kernel._asdict().items()
            }
            source = np.zeros(tuple(grid.source.shape), grid.dtype)
            made = HostGrid(type(kernel)(**fields), grid.shape, source, grid.dtype)
            self._on_host[grid] = made
        on_host = self._on_host[grid]
        on_host.kernel.links[:] = memory.download(grid.kernel.links)
        on_host.source[:] = memory.download(grid.source)
        return on_host

    # --- clusters of face neighbours

    def label(self, solid: np.ndarray, periodic: tuple[bool, bool, bool]) -> Runs:
        """Return the runs of conducting cells, joined into clusters."""
        return self.host.label(solid, periodic)

    def mark(self, runs: Runs, flags: np.ndarray, where: np.ndarray, k: int, bit: np.uint8) -> None:
        """Set a bit of the flags of clusters that plane k meets where `where` (n1, n2) is true."""
        self.host.mark(runs, flags, where, k, bit)

    def keep(self, solid: np.ndarray, runs: Runs, flags: np.ndarray, wanted: np.uint8) -> int:
        """Clear cells of clusters whose flags lack a wanted bit; return how many cells stay."""
        return self.host.keep(solid, runs, flags, wanted)
