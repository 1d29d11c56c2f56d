"""The engine of processor cores: threads that share the planes of a box; kernels release the GIL.

A slab of planes always belongs to the same thread number, so that memory is touched first by the
thread that works on it.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from poreflux.kernels import (
    block_network,
    blocks,
    coarse_network,
    components,
    dense,
    diagonal,
    forest,
    geometry,
    imbalance,
    redblack,
    stencil,
    transfer,
)
from poreflux.kernels.redblack import GHOST
from poreflux.machine import available_cores
from poreflux.transport.engines.engine import (
    PROVED_BY_THREADS,
    Clusters,
    Edges,
    Grid,
    Network,
    Runs,
    Shape,
)

#: boxes below this many cells take one thread: starting more costs as much as the passes
WORTH_SHARING = 60_000


class Threads:
    """An :class:`poreflux.transport.engines.engine.Engine` on so many cores, by default all that
    this process may use.
    """

    two_visits_from = 0
    provable = PROVED_BY_THREADS

    def __init__(self, threads: int | None = None):
        self.threads = max(1, threads or available_cores())
        self._pool = ThreadPoolExecutor(self.threads - 1) if self.threads > 1 else None
        self._scratch: dict[tuple, list[np.ndarray]] = {}

    def map(self, function: Callable, jobs: Iterable[tuple]) -> list:
        """Return ``[function(*job) for job in jobs]``, side by side, the first in this thread."""
        jobs = list(jobs)
        if self._pool is None or len(jobs) < 2:
            return [function(*job) for job in jobs]
        futures = [self._pool.submit(function, *job) for job in jobs[1:]]
        return [function(*jobs[0]), *(future.result() for future in futures)]

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()

    def slabs(self, shape: tuple[int, ...]) -> list[tuple[int, int]]:
        """Return the ranges of planes, one a thread, of a box of `shape` cells."""
        cells = shape[0] * shape[1] * shape[2]
        return redblack.slabs(shape[0], self.threads if cells >= WORTH_SHARING else 1)

    def _padded_slabs(self, shape: Shape) -> list[tuple[int, int]]:
        """Return the slabs in planes that count ghosts; they belong to the outer slabs."""
        slabs = self.slabs(shape)
        last = len(slabs) - 1
        return [
            (a + (GHOST if i else 0), b + (2 * GHOST if i == last else GHOST))
            for i, (a, b) in enumerate(slabs)
        ]

    # --- vectors

    def vector(self, shape: Shape, dtype: DTypeLike, colours: int = 1) -> np.ndarray:
        """Return a packed vector of zeros, each slab touched first by its own thread."""
        array = redblack.empty(shape, dtype, colours)
        zero = array.dtype.type(0)
        self.map(redblack.fill, [(array, zero, a, b) for a, b in self._padded_slabs(shape)])
        return array

    def zeros(self, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
        """Return an array of zeros."""
        return np.zeros(shape, dtype)

    def combine(self, shape: Shape, a: float, x: np.ndarray, b: float, y: np.ndarray) -> None:
        """y = a x + b y, ghosts included."""
        a, b = y.dtype.type(a), y.dtype.type(b)
        self.map(redblack.axpby, [(a, x, b, y, *slab) for slab in self._padded_slabs(shape)])

    def dot(self, shape: Shape, x: np.ndarray, y: np.ndarray) -> float:
        """Return x . y over the cells of this box."""
        return sum(self.map(redblack.dot, [(x, y, a, b) for a, b in self.slabs(shape)]))

    def load(self, planes: np.ndarray, x: np.ndarray) -> None:
        """Copy planes (n, Y, H) into the first colour of x; its ghost planes become zero."""
        x[:, :GHOST] = x[:, -GHOST:] = 0
        jobs = [(x[0, a + GHOST : b + GHOST], planes[a:b]) for a, b in self.slabs(planes.shape)]
        self.map(np.copyto, jobs)

    def store(self, x: np.ndarray, planes: np.ndarray) -> None:
        """Copy the first colour of x, without its ghosts, into planes (n, Y, H)."""
        cells = (slice(GHOST, -GHOST), slice(1, -1))
        jobs = [
            (planes[(slice(a, b), *cells)], x[(0, slice(a + GHOST, b + GHOST), *cells)])
            for a, b in self.slabs(planes.shape)
        ]
        self.map(np.copyto, jobs)

    def wrap(self, array: np.ndarray, periodic: tuple[bool, bool, bool]) -> None:
        """Copy own planes, rows and pairs into the ghosts of periodic axes."""
        redblack.wrap(array, periodic)

    # --- the reduced operator

    def residual(self, grid: Grid, x: np.ndarray, r: np.ndarray) -> float:
        """r = b - S x; return r . r."""
        return self._sum(stencil.residual, grid, grid.source, x, r)

    def curvature(self, grid: Grid, p: np.ndarray, image: np.ndarray | None = None) -> float:
        """Return p . S p; keep S p in an `image`: to read it is faster than to make it again."""
        if image is None:
            return self._sum(stencil.curvature, grid, p)
        return self.apply(grid, p, image[0, GHOST:-GHOST])

    def apply(self, grid: Grid, p: np.ndarray, planes: np.ndarray) -> float:
        """planes (n, Y, H) = S p; return p . S p."""
        return self._sum(stencil.apply, grid, p, planes)

    def advance(
        self,
        grid: Grid,
        alpha: float,
        p: np.ndarray,
        x: np.ndarray,
        r: np.ndarray,
        image: np.ndarray | None = None,
    ) -> float:
        """x += alpha p and r -= alpha S p, which an `image` is; return r . r."""
        alpha = grid.dtype.type(alpha)
        if image is None:
            return self._sum(stencil.advance, grid, alpha, p, x, r)
        jobs = [(alpha, p, image, x, r, a, b) for a, b in self.slabs(grid.shape)]
        return sum(self.map(redblack.advance, jobs))

    def divide(self, grid: Grid, r: np.ndarray, z: np.ndarray) -> float:
        """z = r over the diagonal in red cells; return r . z."""
        return self._sum(diagonal.divide, grid, r, z)

    def ramp(self, grid: Grid, x: np.ndarray, slope: float, first: float) -> None:
        """x = first + slope times the number of the plane, in conducting cells."""
        self._run(stencil.ramp, grid, grid.dtype, x, slope, first)

    def fluxes(self, grid: Grid, x: np.ndarray, planes: np.ndarray) -> float:
        """Fill the sums of each plane (n + 1, 5) for a potential x; return its energy."""
        jobs = [
            (grid.kernel, grid.source, x, planes, a, b, self._planes(grid, 2))
            for a, b in self.slabs(grid.shape)
        ]
        return sum(self.map(stencil.fluxes, jobs))

    def potential(self, grid: Grid, x: np.ndarray, out: np.ndarray, start: int) -> None:
        """Fill `out` (m, n1, n2) with the potential of both colours from plane `start` on."""
        jobs = [
            (grid.kernel, grid.source, x, out[a:b], start + a, start + b, self._planes(grid, 1))
            for a, b in self.slabs(out.shape)
        ]
        self.map(stencil.potential, jobs)

    def current(
        self, grid: Grid, x: np.ndarray, out: np.ndarray, scales: Edges, start: int
    ) -> None:
        """Fill `out` (m, n1, n2) with the size of the current density from plane `start` on."""
        jobs = [
            (grid.kernel, grid.source, x, out[a:b], scales, start + a, start + b,
             self._planes(grid, 3))
            for a, b in self.slabs(out.shape)
        ]  # fmt: skip
        self.map(stencil.current, jobs)

    def solved_plane(self, grid: Grid, x: np.ndarray, k: int) -> np.ndarray:
        """Return plane k of the potential, both colours packed (2, Y, H)."""
        plane = np.zeros((2, *x.shape[2:]), x.dtype)
        row = np.zeros(x.shape[3], x.dtype)
        stencil.solved_plane(grid.kernel, grid.source, x, plane, row, k + GHOST)
        return plane

    # --- the balance of currents

    def imbalance(self, grid: Grid, x: np.ndarray, r: np.ndarray) -> float:
        """r = what x leaves of the source in each red cell, in float64; return the energy of x."""
        plane = x.shape[2:]
        jobs = [
            (grid.kernel, grid.source, x, r, a, b, np.zeros((6, *plane)))
            for a, b in self.slabs(grid.shape)
        ]
        return sum(self.map(imbalance.imbalance, jobs))

    def label_blocks(self, grid: Grid, labels: np.ndarray) -> np.ndarray:
        """Fill the number of each cell's cluster in its block; return how many a block has."""
        counts = np.zeros([-(-n // blocks.EDGE) for n in grid.shape], np.int64)
        self._on_blocks(blocks.label_blocks, grid, labels, counts)
        return counts

    def count_edges(self, grid: Grid, clusters: Clusters) -> np.ndarray:
        """Return the number of coarse edges of each list of each block (bz, by, bx, lists)."""
        counts = np.zeros((*clusters.first.shape, block_network.LISTS), np.int64)
        self._on_blocks(block_network.count_edges, grid, *clusters, counts)
        return counts

    def fill_edges(
        self,
        grid: Grid,
        r: np.ndarray,
        clusters: Clusters,
        starts: np.ndarray,
        network: Network,
    ) -> None:
        """Fill nodes and conductances of the edges of these blocks and add the surplus of r."""
        self._on_blocks(block_network.fill_edges, grid, r, *clusters, starts, *network[:6])

    def settle_network(self, network: Network) -> tuple[float, np.ndarray]:
        """Return the power that balances a network, and the current over the conductance of each
        edge.
        """
        nodes, edges = network.surplus.size, network.conductance.size
        ratio, potential, work = np.zeros(edges), np.zeros(nodes), np.zeros((4, nodes))
        power = coarse_network.settle_network(
            forest.forest(nodes, edges), *network, ratio, potential, work
        )
        return power, ratio

    def settle_blocks(
        self,
        grid: Grid,
        r: np.ndarray,
        clusters: Clusters,
        starts: np.ndarray,
        beyond: np.ndarray,
        ratio: np.ndarray,
    ) -> float:
        """Return the power that balances the blocks of this box inside."""
        arguments = r, *clusters, starts, beyond, ratio
        return sum(self._on_blocks(block_network.settle_blocks, grid, *arguments))

    def _on_blocks(self, kernel: Callable, grid: Grid, *args: Any) -> list:
        """Run a kernel on layers of blocks, shared out evenly."""
        layers = -(-grid.shape[0] // blocks.EDGE)
        parts = min(layers, 4 * len(self.slabs(grid.shape)))
        edges = np.linspace(0, layers, parts + 1).astype(int)
        op = grid.kernel
        return self.map(kernel, [(op, *args, a, b, blocks.block(op)) for a, b in pairwise(edges)])

    # --- the cycle of multigrid

    def descend(self, grid: Grid, b: np.ndarray, coarse_b: np.ndarray) -> None:
        """Smooth from zero and restrict the residual to the next coarser grid."""
        self._run(transfer.descend, grid, np.float32, b, coarse_b)

    def ascend(self, grid: Grid, b: np.ndarray, coarse_x: np.ndarray, x: np.ndarray) -> float:
        """x = the smoothed guess plus the coarse correction, smoothed again; return b . x (red)."""
        return sum(self._run(transfer.ascend, grid, np.float32, b, coarse_x, x))

    def descend_again(self, grid: Grid, b: np.ndarray, x: np.ndarray, coarse_b: np.ndarray) -> None:
        """Do the same as `descend`, from x."""
        self._run(transfer.descend_again, grid, np.float32, b, x, coarse_b)

    def ascend_again(
        self, grid: Grid, b: np.ndarray, x: np.ndarray, coarse_x: np.ndarray, out: np.ndarray
    ) -> None:
        """out = the same as `ascend`, from x."""
        self._run(transfer.ascend_again, grid, np.float32, b, x, coarse_x, out)

    def coarsen(self, grid: Grid, shape: Shape) -> list[np.ndarray]:
        """Return three conductances of each cell of the next coarser grid, of `shape`."""
        g = [np.zeros((2, *redblack.packed_shape(shape)), np.float32) for _ in range(3)]
        pairs = redblack.packed_shape(grid.shape)[2]
        jobs = [
            (grid.kernel, *g, shape[2], a, b, np.zeros((2, pairs))) for a, b in self.slabs(shape)
        ]
        self.map(transfer.coarsen, jobs)
        return g

    def factorise(self, matrix: np.ndarray) -> np.ndarray:
        """Return the Cholesky factor of a dense matrix, singular modes left out."""
        factor = np.zeros_like(matrix)
        dense.factorise(matrix, factor)
        return factor

    def substitute(self, factor: np.ndarray, shape: Shape, b: np.ndarray, x: np.ndarray) -> None:
        """x = A^-1 b for packed vectors (two colours) and the factor of A."""
        cells = np.empty(shape, np.float32)
        redblack.unpack(b, cells, 0, shape[0])
        # in float64: a face of little conductance makes the potential of the whole grid a weak mode
        solution = np.empty(cells.size)
        dense.substitute(factor, cells.ravel(), solution)
        redblack.pack(solution.reshape(shape).astype(np.float32), x, 0, shape[0])

    # --- geometry

    def encode(
        self, solid: np.ndarray, below: np.ndarray, above: np.ndarray, wraps: tuple[bool, bool]
    ) -> np.ndarray:
        """Return the byte code (2, Z, Y, H) of one conducting phase between two ghost planes."""
        code = redblack.empty(solid.shape, np.uint8, 2)
        padded_slabs, zero = self._padded_slabs(solid.shape), np.uint8(0)

        def fill_and_encode(planes: tuple[int, int], padded_planes: tuple[int, int]) -> None:
            redblack.fill(code, zero, *padded_planes)
            row = np.empty(solid.shape[2], np.uint8)
            geometry.encode(solid, code, below, above, *wraps, row, *planes)

        self.map(fill_and_encode, zip(self.slabs(solid.shape), padded_slabs))
        return code

    def conduct(
        self,
        cells: np.ndarray,
        arithmetic: bool,
        below: np.ndarray,
        weights: Edges,
        side: bool,
        dtype: DTypeLike,
    ) -> list[np.ndarray]:
        """Return the conductances of each cell to those before it along the three axes."""
        g = [np.zeros((2, *redblack.packed_shape(cells.shape)), dtype) for _ in range(3)]
        jobs = [
            (cells, arithmetic, *g, below, *weights, side, side, a, b)
            for a, b in self.slabs(cells.shape)
        ]
        self.map(geometry.conduct, jobs)
        return g

    def sum_faces(self, g: list[np.ndarray]) -> np.ndarray:
        """Return the sum of the six conductances of each cell, from three with their ghosts."""
        degree = np.zeros_like(g[0])
        planes = g[0].shape[1] - 2 * GHOST
        slabs = redblack.slabs(planes, self.threads)
        self.map(geometry.sum_faces, [(*g, degree, a, b) for a, b in slabs])
        return degree

    def face_conductance(self, grid: Grid, axis: int) -> np.ndarray:
        """Return the conductance (n0, n1, n2) of each cell to the one before it along `axis`."""
        packed = np.zeros((2, *redblack.packed_shape(grid.shape)), np.float32)
        transfer.copy_faces(grid.kernel, axis, packed, grid.shape[2])
        out = np.zeros(grid.shape, np.float32)
        redblack.unpack(packed, out, 0, grid.shape[0])
        return out

    def look_up(self, labels: np.ndarray, table: np.ndarray, out: np.ndarray) -> np.ndarray:
        """out = table[labels], split along y; return how many voxels have each of 256 labels."""
        edges = np.linspace(0, labels.shape[1], self.threads + 1).astype(int)
        jobs = [
            (labels[:, a:b], table, out[:, a:b], np.zeros(256, np.int64))
            for a, b in pairwise(edges)
        ]
        self.map(geometry.look_up, jobs)
        return np.sum([counts for *_, counts in jobs], axis=0)

    # --- clusters of face neighbours

    def label(self, solid: np.ndarray, periodic: tuple[bool, bool, bool]) -> Runs:
        """Return the runs of conducting cells, joined into clusters."""
        n0, n1, n2 = solid.shape
        slabs = self.slabs(solid.shape)
        counts = np.empty((n0, n1), np.int64)
        self.map(components.count_runs, [(solid, counts, a, b) for a, b in slabs])
        first = np.zeros(n0 * n1 + 1, np.int64)
        np.cumsum(counts.ravel(), out=first[1:])
        count = int(first[-1])
        column = np.uint16 if n2 < 2**16 else np.uint32
        index = np.uint32 if count < 2**32 else np.uint64
        runs = Runs(first, np.empty(count, column), np.empty(count, column), np.empty(count, index))
        self.map(components.list_runs, [(solid, *runs, a, b) for a, b in slabs])
        wraps = periodic[1], periodic[2]
        self.map(components.join_slab, [(*runs, n1, n2, *wraps, a, b) for a, b in slabs])
        for a, _ in slabs[1:]:
            components.join_planes(*runs, n1, a - 1, a)
        if periodic[0]:
            components.join_planes(*runs, n1, n0 - 1, 0)
        return runs

    def mark(self, runs: Runs, flags: np.ndarray, where: np.ndarray, k: int, bit: np.uint8) -> None:
        """Set a bit of the flags of clusters that plane k meets where `where` (n1, n2) is true."""
        components.mark_where(*runs, flags, where, k, bit)

    def keep(self, solid: np.ndarray, runs: Runs, flags: np.ndarray, wanted: np.uint8) -> int:
        """Clear cells of clusters whose flags lack a wanted bit; return how many cells stay."""
        jobs = [(solid, *runs, flags, wanted, a, b) for a, b in self.slabs(solid.shape)]
        return sum(self.map(components.keep, jobs))

    # --- scratch

    def _run(self, kernel: Callable, grid: Grid, dtype: DTypeLike, *args: Any) -> list:
        """Run a kernel on every slab, each with its thread's scratch rows in `dtype`."""
        slabs = self.slabs(grid.shape)
        rows = self._rows(grid, kernel.__module__, dtype, len(slabs))
        return self.map(kernel, [(grid.kernel, *args, a, b, w) for (a, b), w in zip(slabs, rows)])

    def _sum(self, kernel: Callable, grid: Grid, *args: Any) -> float:
        return sum(self._run(kernel, grid, grid.dtype, *args))

    def _rows(self, grid: Grid, family: str, dtype: DTypeLike, count: int) -> list[np.ndarray]:
        """Return scratch rows, one a thread; their outer pairs stay zero where rows do not wrap."""
        pairs = redblack.packed_shape(grid.shape)[2]
        key = pairs, family, np.dtype(dtype), bool(grid.kernel.wrap)
        rows = self._scratch.setdefault(key, [])
        while len(rows) < count:
            rows.append(np.zeros((7, stencil.TILE + 4, pairs), dtype))
        return rows

    def _planes(self, grid: Grid, planes: int) -> tuple[np.ndarray, np.ndarray]:
        """Return scratch planes and a scratch row of one thread."""
        _, rows, pairs = redblack.packed_shape(grid.shape)
        lead = (planes, 2) if planes > 1 else (2,)
        return np.zeros((*lead, rows, pairs), grid.dtype), np.zeros(pairs, grid.dtype)
