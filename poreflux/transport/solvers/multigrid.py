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

from typing import Any, Protocol

import numpy as np

from poreflux.kernels import redblack
from poreflux.kernels.redblack import GHOST
from poreflux.transport.laplace.boundary import coarser_boundary
from poreflux.transport.laplace.neighbours import Neighbours
from poreflux.transport.laplace.operator import Operator, with_degree

#: a grid of at most this many cells is solved directly
DIRECT = 400


class Bottom(Protocol):
    """What solves on the coarsest of the grids of a multigrid."""

    @property
    def sound(self) -> bool:
        """Return whether it may be asked twice, see :meth:`Multigrid.sound`."""

    def solve(self, b: np.ndarray, x: np.ndarray) -> None:
        """x = an approximation of A^-1 b, ghosts filled; both of two colours."""

    def boundary_changed(self, levels: list[Operator]) -> None:
        """Follow the boundary of the grids above."""


class DirectBottom:
    """The coarsest grid solved by its Cholesky factor."""

    sound = True

    def __init__(self, level: Operator):
        self.level = level
        self.factor = level.engine.factorise(matrix(level))

    def solve(self, b: np.ndarray, x: np.ndarray) -> None:
        """x = A^-1 b."""
        self.level.engine.substitute(self.factor, self.level.shape, b, x)
        self.level.neighbours.fill_ghosts(x)

    def boundary_changed(self, levels: list[Operator]) -> None:
        """Factorise again."""
        self.factor = self.level.engine.factorise(matrix(self.level))


class Multigrid:
    """A hierarchy of grids below one operator, each 2 x 2 x 2 cells of the finer one.

    One step on the finest grid, two on each coarser one for each on the one above it (a W-cycle).
    In three dimensions that costs an eighth more than one step each; it halves the iterations in
    media with long paths.
    """

    def __init__(self, levels: list[Operator], bottom: Bottom):
        self.levels = levels
        self.bottom = bottom
        self.b: list[Any] = [None, *(level.vector(2, np.float32) for level in levels[1:])]
        self.x: list[Any] = [None, *(level.vector(2, np.float32) for level in levels[1:])]
        self.first_answers: dict[int, np.ndarray] = {}

    def boundary_changed(self) -> None:
        """Follow the boundary of the finest grid after it has changed; the geometry stays."""
        for fine, coarse in zip(self.levels, self.levels[1:]):
            coarse.boundary.follow(fine.boundary)
        self.bottom.boundary_changed(self.levels)

    def precondition(self, r: np.ndarray, z: np.ndarray) -> float:
        """z = M^-1 r for one colour; return r . z."""
        if len(self.levels) == 1:
            b, x = self.levels[0].vector(2, np.float32), self.levels[0].vector(2, np.float32)
            b[0] = r[0]
            self.bottom.solve(b, x)
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
            self.bottom.solve(b, x)
            return 0.0
        if b.shape[0] == 1 or not self.sound(at):
            product = self.smooth(at, b, x)
            level.neighbours.fill_ghosts(x)
            return level.neighbours.sum(product) if at == 0 else 0.0
        first = self.first_answer(at)
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
        uncut = all(a.neighbours.periodic == b.neighbours.periodic for a, b in pairs)
        return uncut and self.bottom.sound

    def first_answer(self, at: int) -> np.ndarray:
        """Return the vector of the first answer on grid `at`."""
        if at not in self.first_answers:
            self.first_answers[at] = self.levels[at].vector(2, np.float32)
        return self.first_answers[at]

    def smooth(self, at: int, b: np.ndarray, x: np.ndarray) -> float:
        """x = a V-shaped step from zero, ghosts left alone; return b . x, red cells of this box."""
        level = self.levels[at]
        level.engine.descend(level, b, self.b[at + 1])
        self.correct(at)
        return level.engine.ascend(level, b, self.x[at + 1], x)

    def smooth_again(self, at: int, b: np.ndarray, first: np.ndarray, x: np.ndarray) -> None:
        """x = the same from `first`, the answer so far with its ghosts."""
        level = self.levels[at]
        level.engine.descend_again(level, b, first, self.b[at + 1])
        self.correct(at)
        level.engine.ascend_again(level, b, first, self.x[at + 1], x)

    def correct(self, at: int) -> None:
        """Find the correction of grid `at` on the next coarser one."""
        level, below = self.levels[at], self.levels[at + 1]
        below.neighbours.fill_ghosts(self.b[at + 1])
        self.cycle(at + 1, self.b[at + 1], self.x[at + 1])
        fill_seams(self.x[at + 1], level.neighbours, below.neighbours)


def hierarchy(operator: Operator) -> Multigrid:
    """Return the multigrid below an operator that has all of its problem."""
    levels = [operator]
    while np.prod(levels[-1].shape) > DIRECT:
        levels.append(coarser(levels[-1]))
    return Multigrid(levels, DirectBottom(levels[-1]))


def coarser(fine: Operator) -> Operator:
    """Return the operator of the next coarser grid: half the sum of the fine conductances through
    each face.
    """
    nz, ny, nx = ((n + 1) // 2 for n in fine.shape)
    shape = nz, ny, nx
    neighbours = fine.neighbours.coarser(shape)
    g = fine.engine.coarsen(fine, shape)
    cut_seams(g, fine.neighbours, neighbours)
    boundary = coarser_boundary(fine.boundary, shape, neighbours)
    kernel = with_degree(g, neighbours, fine.engine, boundary)
    return Operator(kernel, shape, neighbours, fine.engine, np.float32, boundary)


def fill_seams(x: np.ndarray, fine: Neighbours, coarse: Neighbours) -> None:
    """Fill the ghosts of a correction `x` on axes that are periodic on the finer grid only.

    There the coarse grid has an odd number of cells: a cell and its image differ in colour.
    """
    if fine.periodic[0] and not coarse.periodic[0]:
        x[:, GHOST - 1] = x[::-1, -GHOST - 1]
        x[:, -GHOST] = x[::-1, GHOST]
    if fine.periodic[1] and not coarse.periodic[1]:
        x[:, :, GHOST - 1] = x[::-1, :, -GHOST - 1]
        x[:, :, -GHOST] = x[::-1, :, GHOST]


def cut_seams(g: list[np.ndarray], fine: Neighbours, coarse: Neighbours) -> None:
    """Remove the conductances through the faces of axes that are periodic among the finer
    neighbours only.
    """
    lost = [p and not q for p, q in zip(fine.periodic, coarse.periodic)]
    if lost[0] and fine.first == 0:
        g[0][:, GHOST] = 0
    if lost[1]:
        g[1][:, :, GHOST] = 0
    if lost[2]:
        k, j = np.indices(g[2].shape[1:3])
        for colour in range(2):
            g[2][colour, ..., 1][(colour + k + j) % 2 == 0] = 0


def matrix(operator: Operator) -> np.ndarray:
    """Return the dense matrix of a small grid, in float64."""
    shape = operator.shape
    number = np.arange(np.prod(shape)).reshape(shape)
    A = np.zeros((number.size, number.size))
    for axis in range(3):
        G = operator.engine.face_conductance(operator, axis).ravel()
        here, before = number.ravel(), np.roll(number, 1, axis).ravel()
        np.add.at(A, (here, here), G)
        np.add.at(A, (before, before), G)
        np.add.at(A, (here, before), -G)
        np.add.at(A, (before, here), -G)
    for bit in (1, 2):
        for plane in (np.flatnonzero(operator.kernel.face_of & bit) - GHOST).tolist():
            links = redblack.unpack_plane(operator.kernel.links[bit], plane, shape).ravel()
            cells = number[plane].ravel()
            A[cells, cells] += links
    return A
