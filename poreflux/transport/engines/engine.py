"""The interface between what is computed and where: allocation, and the compiled passes.

An engine knows one box and nothing of its neighbours, boundary conditions or stopping rules; what
it returns is of this box alone. :class:`poreflux.transport.engines.threads.Threads` works on the
processor's cores. Everything that runs a kernel of :mod:`poreflux.kernels` on a box does so through
an engine.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import DTypeLike

from poreflux.kernels import block_network, blocks, forest
from poreflux.kernels.rows import Binary, Faces

Shape = tuple[int, int, int]

#: cells along the edge of a block of the coarse network, the list of its edges to the ground, the
#: factor between two classes of conductances, and how wide a bundle of edges is that joins at once
BLOCK_EDGE, TO_GROUND, CLASS, WIDE = blocks.EDGE, block_network.TO_GROUND, blocks.CLASS, forest.WIDE

#: a number for each of the three axes
Edges = tuple[float, float, float]


class Grid(Protocol):
    """The part of an operator that a pass reads: geometry, shape, right-hand side, precision."""

    kernel: Binary | Faces
    shape: Shape
    source: np.ndarray
    dtype: np.dtype


class Runs(NamedTuple):
    """Stretches of conducting cells in rows along the last axis, in their order, and their
    clusters.

    ``first`` (n0 * n1 + 1) is the first run of each row; a run is from ``start`` to ``stop``; runs
    whose ``parent`` lead to the same run are of one cluster.
    """

    first: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    parent: np.ndarray


class Clusters(NamedTuple):
    """The clusters of the blocks of a box (:mod:`poreflux.kernels.blocks`), nodes of one coarse
    network over all boxes.

    ``labels`` (n0, n1, n2) number the clusters inside a block, ``first`` (blocks) is the node of
    the first one and ``number`` (blocks) how many there are; ``below`` and ``above`` (n1, n2) are
    the nodes of the planes next to this box.
    """

    labels: np.ndarray
    first: np.ndarray
    number: np.ndarray
    below: np.ndarray
    above: np.ndarray


class Network(NamedTuple):
    """Nodes joined in pairs: node 0 is the ground.

    Edge e joins ``far[e]`` and ``near[e]`` with ``conductance[e]``, of which its best face has
    ``best[e]``; ``surplus`` is the current that must leave each node, ``cells`` are those in it.
    ``order`` sorts the edges; groups of it, from ``groups[n, 0]`` to ``groups[n, 1]``, join nodes
    where they are at least ``widths[n]`` wide.
    """

    far: np.ndarray
    near: np.ndarray
    conductance: np.ndarray
    best: np.ndarray
    surplus: np.ndarray
    cells: np.ndarray
    order: np.ndarray
    groups: np.ndarray
    widths: np.ndarray


class Provable(NamedTuple):
    """Where the error is proved always: in volumes of up to so many voxels that are `alike`, where
    one phase conducts and a solve takes less time than a proof, or `unlike`; and after so many
    iterations, which take six times as long as a proof.
    """

    alike: int
    unlike: int
    iterations: float


PROVED_BY_THREADS = Provable(2**20, 2**30, 30)
#: a device waits for the host, which makes the proof
PROVED_BESIDE_DEVICES = Provable(2**20, 2**20, np.inf)


class Engine(Protocol):
    """Vectors and passes on one box.

    Vectors are packed (colours, Z, Y, H), see :mod:`poreflux.kernels.redblack`; ``grid`` is an
    operator, ``cells`` and ``solid`` are plain (n0, n1, n2). Vectors and geometry may be elsewhere
    than in the memory of the host: whoever is no pass reads them by ``np.asarray`` and writes them
    by assignment to slices. What is plain, and what is of planes, is on the host.
    """

    threads: int
    #: where the error is proved always
    provable: Provable

    #: a cycle of multigrid visits grids of fewer cells once: to start a pass over them takes longer
    #: than the pass
    two_visits_from: int

    # --- vectors

    def vector(self, shape: Shape, dtype: DTypeLike, colours: int = 1) -> np.ndarray:
        """Return a packed vector of zeros for a grid of `shape` cells."""

    def zeros(self, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
        """Return an array of zeros that is no vector: planes, right-hand sides, conductances."""

    def combine(self, shape: Shape, a: float, x: np.ndarray, b: float, y: np.ndarray) -> None:
        """y = a x + b y, ghosts included."""

    def dot(self, shape: Shape, x: np.ndarray, y: np.ndarray) -> float:
        """Return x . y over the cells of this box."""

    def load(self, planes: np.ndarray, x: np.ndarray) -> None:
        """Copy planes (n, Y, H) into the first colour of x; its ghost planes become zero."""

    def store(self, x: np.ndarray, planes: np.ndarray) -> None:
        """Copy the first colour of x, without its ghosts, into planes (n, Y, H)."""

    def wrap(self, array: np.ndarray, periodic: tuple[bool, bool, bool]) -> None:
        """Copy own planes, rows and pairs into the ghosts of periodic axes."""

    # --- the reduced operator: see the kernel of the same name in poreflux.kernels.stencil

    def residual(self, grid: Grid, x: np.ndarray, r: np.ndarray) -> float:
        """r = b - S x; return r . r."""

    def curvature(self, grid: Grid, p: np.ndarray, image: np.ndarray | None = None) -> float:
        """Return p . S p; where that is of use, keep S p in `image`, a vector like p."""

    def apply(self, grid: Grid, p: np.ndarray, planes: np.ndarray) -> float:
        """planes (n, Y, H) = S p; return p . S p."""

    def advance(
        self,
        grid: Grid,
        alpha: float,
        p: np.ndarray,
        x: np.ndarray,
        r: np.ndarray,
        image: np.ndarray | None = None,
    ) -> float:
        """x += alpha p and r -= alpha S p; return r . r. An `image` comes from the `curvature`
        of p.
        """

    def divide(self, grid: Grid, r: np.ndarray, z: np.ndarray) -> float:
        """z = r over the diagonal in red cells; return r . z."""

    def ramp(self, grid: Grid, x: np.ndarray, slope: float, first: float) -> None:
        """x = first + slope times the number of the plane, in conducting cells."""

    def fluxes(self, grid: Grid, x: np.ndarray, planes: np.ndarray) -> float:
        """Fill the sums of each plane (n + 1, 5) for a potential x; return its energy."""

    def potential(self, grid: Grid, x: np.ndarray, out: np.ndarray, start: int) -> None:
        """Fill `out` (m, n1, n2) with the potential of both colours from plane `start` on."""

    def current(
        self, grid: Grid, x: np.ndarray, out: np.ndarray, scales: Edges, start: int
    ) -> None:
        """Fill `out` (m, n1, n2) with the size of the current density from plane `start` on."""

    def solved_plane(self, grid: Grid, x: np.ndarray, k: int) -> np.ndarray:
        """Return plane k of the potential, both colours packed (2, Y, H)."""

    # --- the balance of currents: see poreflux.kernels.imbalance, .blocks and .forest

    def imbalance(self, grid: Grid, x: np.ndarray, r: np.ndarray) -> float:
        """r = what x leaves of the source in each red cell, in float64; return the energy of x."""

    def label_blocks(self, grid: Grid, labels: np.ndarray) -> np.ndarray:
        """Fill the number of each cell's cluster in its block; return how many a block has."""

    def count_edges(self, grid: Grid, clusters: Clusters) -> np.ndarray:
        """Return the number of coarse edges of each list of each block (bz, by, bx, lists)."""

    def fill_edges(
        self,
        grid: Grid,
        r: np.ndarray,
        clusters: Clusters,
        starts: np.ndarray,
        network: Network,
    ) -> None:
        """Fill nodes and conductances of the edges of these blocks and add the surplus of r."""

    def settle_network(self, network: Network) -> tuple[float, np.ndarray]:
        """Return the power that balances a network, and the current over the conductance of each
        edge.
        """

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

    # --- the cycle of multigrid, in float32

    def descend(self, grid: Grid, b: np.ndarray, coarse_b: np.ndarray) -> None:
        """Smooth from zero and restrict the residual to the next coarser grid."""

    def ascend(self, grid: Grid, b: np.ndarray, coarse_x: np.ndarray, x: np.ndarray) -> float:
        """x = the smoothed guess plus the coarse correction, smoothed again; return b . x (red)
        where b has one colour.
        """

    def descend_again(self, grid: Grid, b: np.ndarray, x: np.ndarray, coarse_b: np.ndarray) -> None:
        """Do the same as `descend`, from x."""

    def ascend_again(
        self, grid: Grid, b: np.ndarray, x: np.ndarray, coarse_x: np.ndarray, out: np.ndarray
    ) -> None:
        """out = the same as `ascend`, from x."""

    def coarsen(self, grid: Grid, shape: Shape) -> list[np.ndarray]:
        """Return three conductances of each cell of the next coarser grid, of `shape`."""

    def factorise(self, matrix: np.ndarray) -> np.ndarray:
        """Return what :meth:`substitute` takes of a dense matrix, singular modes left out."""

    def substitute(self, factor: np.ndarray, shape: Shape, b: np.ndarray, x: np.ndarray) -> None:
        """x = A^-1 b for packed vectors (two colours) and what :meth:`factorise` returned."""

    # --- geometry

    def encode(
        self, solid: np.ndarray, below: np.ndarray, above: np.ndarray, wraps: tuple[bool, bool]
    ) -> np.ndarray:
        """Return the byte code (2, Z, Y, H) of one conducting phase between two ghost planes."""

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

    def sum_faces(self, g: list[np.ndarray]) -> np.ndarray:
        """Return the sum of the six conductances of each cell, from three with their ghosts."""

    def face_conductance(self, grid: Grid, axis: int) -> np.ndarray:
        """Return the conductance (n0, n1, n2) of each cell to the one before it along `axis`."""

    def look_up(self, labels: np.ndarray, table: np.ndarray, out: np.ndarray) -> np.ndarray:
        """out = table[labels]; return how many voxels have each of 256 labels."""

    # --- clusters of face neighbours

    def label(self, solid: np.ndarray, periodic: tuple[bool, bool, bool]) -> Runs:
        """Return the runs of conducting cells, joined into clusters."""

    def mark(self, runs: Runs, flags: np.ndarray, where: np.ndarray, k: int, bit: np.uint8) -> None:
        """Set a bit of the flags of clusters that plane k meets where `where` (n1, n2) is true."""

    def keep(self, solid: np.ndarray, runs: Runs, flags: np.ndarray, wanted: np.uint8) -> int:
        """Clear cells of clusters whose flags lack a wanted bit; return how many cells stay."""

    # --- its own

    def map(self, function: Callable, jobs: Iterable[tuple]) -> list:
        """Return ``[function(*job) for job in jobs]``, side by side where that helps."""

    def close(self) -> None:
        """Free memory and threads that Python does not manage."""
