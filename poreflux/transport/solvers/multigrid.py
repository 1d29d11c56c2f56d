"""The preconditioner: a symmetric cycle of geometric multigrid in float32, red-black Gauss-Seidel,
on the same boxes.

Why a W-cycle: iterations until the effective conductivity is right to 1e-4 (1e-6), 96³ voxels, with
one and with two visits to each coarse grid:

| medium (conducting fraction) | one visit | two visits |
|---|---|---|
| random voxels .85 | 3 (4) | 2 (3) |
| random voxels .40 | 31 (45) | 27 (39) |
| random voxels .33, just above the threshold .3116 | 229 (275) | 174 (214) |
| smooth random field, 2 voxels, .30 | 22 (32) | 10 (15) |
| the same, .20 | 42 (56) | 17 (26) |
| sheets of 3 voxels, .15 | 33 (46) | 25 (36) |
| thin walls, .85 | 14 (23) | 10 (17) |
| plates with offset holes | 11 (21) | 5 (7) |
| two phases 1 : 1e-6 in halves | 8 (13) | 3 (8) |
| 1 : 1e-6, good phase .10 in islands | 302 (380) | 116 (176) |
| 1 : 1e-6, good voxels .25 at random | 428 (630) | 484 (656) |

Islands of a much better conductor in a matrix are the hard case left: an aggregate of 2 x 2 x 2
cells mixes island and matrix. Three visits save little more and cost twice as much again.
"""

from typing import Any

import numpy as np

from poreflux.kernels import dense, redblack, transfer
from poreflux.kernels.redblack import GHOST
from poreflux.kernels.rows import Faces
from poreflux.transport.laplace.boundary import coarser_ends, unpack_plane
from poreflux.transport.laplace.operator import Operator, close

#: a grid of at most this many cells is solved directly
DIRECT = 400


class Multigrid:
    """A hierarchy of grids below one operator, each 2 x 2 x 2 cells of the finer one.

    One step on the finest grid, two on each coarser one for each on the one above it (a W-cycle).
    In three dimensions that costs an eighth more than one step each; it halves the iterations in
    media with long paths.
    """

    def __init__(self, operator: Operator):
        self.levels = [operator]
        while np.prod(self.levels[-1].shape) > DIRECT:
            self.levels.append(coarser(self.levels[-1]))
        self.b: list[Any] = [None, *(level.vector(2, np.float32) for level in self.levels[1:])]
        self.x: list[Any] = [None, *(level.vector(2, np.float32) for level in self.levels[1:])]
        self.firsts: dict[int, np.ndarray] = {}
        self.factor = factor(self.levels[-1])
        # the finest grid may be float64; its smoothing is not
        self.scratch = [
            [np.zeros(work.shape, np.float32) for work in operator.scratch],
            *(level.scratch for level in self.levels[1:]),
        ]

    def renew_ends(self) -> None:
        """Follow the ends of the finest grid after they have changed; the geometry stays."""
        for fine, coarse in zip(self.levels, self.levels[1:]):
            coarse.ends.follow(fine.ends)
            coarse.neighbours.fill_sides(coarse.ends.packed)
        self.factor = factor(self.levels[-1])

    def precondition(self, r: np.ndarray, z: np.ndarray) -> float:
        """z = M^-1 r for one colour; return r . z."""
        if len(self.levels) == 1:
            b, x = self.levels[0].vector(2, np.float32), self.levels[0].vector(2, np.float32)
            b[0] = r[0]
            self.solve_directly(b, x)
            z[0] = x[0]
            return self.levels[0].dot(r, z)
        return self.cycle(0, r, z)

    def cycle(self, at: int, b: np.ndarray, x: np.ndarray) -> float:
        """x = the cycle's answer to A x = b on grid `at`; return b . x over red cells of the
        finest.

        A coarse grid, whose b has two colours, is worked twice where that is sound.
        """
        level = self.levels[at]
        if at == len(self.levels) - 1:
            self.solve_directly(b, x)
            return 0.0
        if b.shape[0] == 1 or not self.sound(at):
            product = self.smooth(at, b, x)
            level.neighbours.fill_ghosts(x)
            return level.neighbours.sum(product) if at == 0 else 0.0
        first = self.first(at)
        self.smooth(at, b, first)
        level.neighbours.fill_ghosts(first)
        self.smooth_again(at, b, first, x)
        level.neighbours.fill_ghosts(x)
        return 0.0

    def sound(self, at: int) -> bool:
        """Return whether a second step on grid `at` and below keeps the cycle positive definite.

        A coarse matrix is half that of the Galerkin product, or larger: the step then contracts the
        error in the energy norm, level by level. Where a periodic seam had to be cut it is smaller.
        """
        pairs = zip(self.levels[at:], self.levels[at + 1 :])
        return all(a.neighbours.periodic == b.neighbours.periodic for a, b in pairs)

    def first(self, at: int) -> np.ndarray:
        """Return the vector of the first answer on grid `at`."""
        if at not in self.firsts:
            self.firsts[at] = self.levels[at].vector(2, np.float32)
        return self.firsts[at]

    def smooth(self, at: int, b: np.ndarray, x: np.ndarray) -> float:
        """x = a V-shaped step from zero, ghosts left alone; return b . x, red cells of this box."""
        self.each_slab(transfer.descend, at, b, self.b[at + 1])
        self.correct(at)
        return sum(self.each_slab(transfer.ascend, at, b, self.x[at + 1], x))

    def smooth_again(self, at: int, b: np.ndarray, first: np.ndarray, x: np.ndarray) -> None:
        """x = the same from `first`, the answer so far with its ghosts."""
        self.each_slab(transfer.descend_again, at, b, first, self.b[at + 1])
        self.correct(at)
        self.each_slab(transfer.ascend_again, at, b, first, self.x[at + 1], x)

    def correct(self, at: int) -> None:
        """Find the correction of grid `at` on the next coarser one."""
        level, below = self.levels[at], self.levels[at + 1]
        below.neighbours.fill_ghosts(self.b[at + 1])
        self.cycle(at + 1, self.b[at + 1], self.x[at + 1])
        fill_seams(self.x[at + 1], level.neighbours, below.neighbours)

    def each_slab(self, kernel, at: int, *arrays) -> list:
        """Run a kernel over the slabs of grid `at`, side by side."""
        level = self.levels[at]
        slabs = zip(level.slabs, self.scratch[at])
        return level.team.each(kernel, [(level.kernel, *arrays, a, b, w) for (a, b), w in slabs])

    def solve_directly(self, b: np.ndarray, x: np.ndarray) -> None:
        """x = A^-1 b on the coarsest grid."""
        level = self.levels[-1]
        cells = np.empty(level.shape, np.float32)
        redblack.unpack(b, cells, 0, level.shape[0])
        # in float64: a face of little conductance makes the potential of the whole grid a weak mode
        answer = np.empty(cells.size)
        dense.substitute(self.factor, cells.ravel(), answer)
        redblack.pack(answer.reshape(level.shape).astype(np.float32), x, 0, level.shape[0])
        level.neighbours.fill_ghosts(x)


def coarser(fine: Operator) -> Operator:
    """Return the operator of the next coarser grid: half the sum of the fine conductances through
    each face.
    """
    shape = tuple((n + 1) // 2 for n in fine.shape)
    neighbours = fine.neighbours.coarser(shape)
    g = [np.zeros((2, *redblack.packed_shape(shape)), np.float32) for _ in range(3)]
    jobs = [(fine.kernel, *g, shape[2], a, b) for a, b in fine.team.slabs(shape)]
    fine.team.each(transfer.coarsen, jobs)
    cut_seams(g, fine.neighbours, neighbours)
    degree = close(g, neighbours, fine.team)
    ends = coarser_ends(fine.ends, shape, *neighbours.span(shape[0]))
    neighbours.fill_sides(ends.packed)
    gz, gy, gx = g
    kernel = Faces(gz, gy, gx, degree, ends.packed, ends.of, neighbours.periodic[2])
    return Operator(kernel, shape, neighbours, fine.team, np.float32, ends)


def fill_seams(x: np.ndarray, fine, coarse) -> None:
    """Fill the ghosts of a correction `x` on axes that are periodic on the finer grid only.

    There the coarse grid has an odd number of cells: a cell and its image differ in colour.
    """
    if fine.periodic[0] and not coarse.periodic[0]:
        x[:, GHOST - 1] = x[::-1, -GHOST - 1]
        x[:, -GHOST] = x[::-1, GHOST]
    if fine.periodic[1] and not coarse.periodic[1]:
        x[:, :, GHOST - 1] = x[::-1, :, -GHOST - 1]
        x[:, :, -GHOST] = x[::-1, :, GHOST]


def cut_seams(g, fine, coarse) -> None:
    """Remove the conductances through the faces of axes that are periodic among the finer
    neighbours only.
    """
    lost = [p and not q for p, q in zip(fine.periodic, coarse.periodic)]
    if lost[0] and fine.span(0)[0] == 0:
        g[0][:, GHOST] = 0
    if lost[1]:
        g[1][:, :, GHOST] = 0
    if lost[2]:
        k, j = np.indices(g[2].shape[1:3])
        for colour in range(2):
            g[2][colour, ..., 1][(colour + k + j) % 2 == 0] = 0


def factor(operator: Operator) -> np.ndarray:
    """Return the factor of the matrix of a small grid, cells in the order (z, y, x)."""
    A = matrix(operator)
    L = np.zeros_like(A)
    dense.factorise(A, L)
    return L


def matrix(operator: Operator) -> np.ndarray:
    """Return the dense matrix of a small grid, in float64."""
    shape = operator.shape
    number = np.arange(np.prod(shape)).reshape(shape)
    A = np.zeros((number.size, number.size))
    for axis in range(3):
        G = conductances(operator, axis).ravel()
        here, before = number.ravel(), np.roll(number, 1, axis).ravel()
        np.add.at(A, (here, here), G)
        np.add.at(A, (before, before), G)
        np.add.at(A, (here, before), -G)
        np.add.at(A, (before, here), -G)
    for bit in (1, 2):
        for plane in (np.flatnonzero(operator.kernel.end_of & bit) - GHOST).tolist():
            links = unpack_plane(operator.kernel.ends[bit], plane, shape).ravel()
            cells = number[plane].ravel()
            A[cells, cells] += links
    return A


def conductances(operator: Operator, axis: int) -> np.ndarray:
    """Return the conductance (z, y, x) of each cell to the one before it along `axis`."""
    g = np.zeros((3, 2, *redblack.packed_shape(operator.shape)), np.float32)
    transfer.copy_faces(operator.kernel, axis, g[0], operator.shape[2])
    out = np.zeros(operator.shape, np.float32)
    redblack.unpack(g[0], out, 0, operator.shape[0])
    return out
