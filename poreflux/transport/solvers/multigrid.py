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

Three visits save little more and cost twice as much again. An aggregate of 2 x 2 x 2 cells mixes
paths that pass each other, and islands with what they lie in: such media go on with another one,
see :mod:`poreflux.transport.solvers.graph_multigrid`.
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
    """The solver on the coarsest grid of a multigrid."""

    @property
    def allows_two_visits(self) -> bool:
        """Return whether it may be visited twice, see :meth:`Multigrid.allows_two_visits`."""

    def solve(self, b: np.ndarray, x: np.ndarray) -> None:
        """x = an approximation of A^-1 b, ghosts filled; both of two colours."""

    def boundary_changed(self, levels: list[Operator]) -> None:
        """Follow the boundary of the finer grids."""


class DirectBottom:
    """The coarsest grid solved by its Cholesky factor."""

    allows_two_visits = True

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

    One visit to the finest grid, and two to each coarser one for each visit to the next finer one
    (a W-cycle). In three dimensions that costs an eighth more than one visit each; it halves the
    iterations in media with long paths.
    """

    def __init__(self, levels: list[Operator], bottom: Bottom):
        self.levels = levels
        self.bottom = bottom
        self.b: list[Any] = [None, *(level.vector(2, np.float32) for level in levels[1:])]
        self.x: list[Any] = [None, *(level.vector(2, np.float32) for level in levels[1:])]
        self.first_iterates: dict[int, np.ndarray] = {}

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

    def cycle(self, grid: int, b: np.ndarray, x: np.ndarray) -> float:
        """x = one cycle for A x = b on grid `grid`; return b . x over red cells of the finest.

        A coarse grid, whose b has two colours, is visited twice where it allows that.
        """
        level = self.levels[grid]
        if grid == len(self.levels) - 1:
            self.bottom.solve(b, x)
            return 0.0
        if b.shape[0] == 1 or not self.allows_two_visits(grid):
            product = self.smooth(grid, b, x)
            level.neighbours.fill_ghosts(x)
            return level.neighbours.sum(product) if grid == 0 else 0.0
        first_iterate = self.first_iterate(grid)
        self.smooth(grid, b, first_iterate)
        level.neighbours.fill_ghosts(first_iterate)
        self.smooth_again(grid, b, first_iterate, x)
        level.neighbours.fill_ghosts(x)
        return 0.0

    def allows_two_visits(self, grid: int) -> bool:
        """Return whether a second visit to `grid` keeps the cycle positive definite.

        A coarse matrix is half that of the Galerkin product, or larger: the visit then contracts
        the error in the energy norm, level by level. It is smaller where a periodic axis was
        cut.
        """
        level = self.levels[grid]
        if np.prod(level.shape) < level.engine.two_visits_from:
            return False
        pairs = zip(self.levels[grid:], self.levels[grid + 1 :])
        uncut = all(a.neighbours.periodic == b.neighbours.periodic for a, b in pairs)
        return uncut and self.bottom.allows_two_visits

    def first_iterate(self, grid: int) -> np.ndarray:
        """Return the vector of the first iterate on a grid."""
        if grid not in self.first_iterates:
            self.first_iterates[grid] = self.levels[grid].vector(2, np.float32)
        return self.first_iterates[grid]

    def smooth(self, grid: int, b: np.ndarray, x: np.ndarray) -> float:
        """x = a V-shaped step from zero, ghosts left alone; return b . x, red cells of this box."""
        level = self.levels[grid]
        level.engine.descend(level, b, self.b[grid + 1])
        self.correct(grid)
        return level.engine.ascend(level, b, self.x[grid + 1], x)

    def smooth_again(self, grid: int, b: np.ndarray, first: np.ndarray, x: np.ndarray) -> None:
        """x = the same from `first`, the iterate so far with its ghosts."""
        level = self.levels[grid]
        level.engine.descend_again(level, b, first, self.b[grid + 1])
        self.correct(grid)
        level.engine.ascend_again(level, b, first, self.x[grid + 1], x)

    def correct(self, grid: int) -> None:
        """Compute the correction of a grid on the next coarser one."""
        level, below = self.levels[grid], self.levels[grid + 1]
        below.neighbours.fill_ghosts(self.b[grid + 1])
        self.cycle(grid + 1, self.b[grid + 1], self.x[grid + 1])
        fill_seams(self.x[grid + 1], level.neighbours, below.neighbours)


def hierarchy(operator: Operator) -> Multigrid:
    """Return the multigrid below an operator on a single box."""
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
    boundary = coarser_boundary(fine.boundary, shape, neighbours, fine.engine)
    kernel = with_degree(g, neighbours, fine.engine, boundary)
    return Operator(kernel, shape, neighbours, fine.engine, np.float32, boundary)


def fill_seams(x: np.ndarray, fine: Neighbours, coarse: Neighbours) -> None:
    """Fill the ghosts of a correction `x` on axes that are periodic on the finer grid only.

    There the coarse grid has an odd number of cells: a cell and its image differ in colour.
    """
    if fine.periodic[0] and not coarse.periodic[0]:
        for colour in range(2):
            x[colour, GHOST - 1] = x[1 - colour, -GHOST - 1]
            x[colour, -GHOST] = x[1 - colour, GHOST]
    if fine.periodic[1] and not coarse.periodic[1]:
        for colour in range(2):
            x[colour, :, GHOST - 1] = x[1 - colour, :, -GHOST - 1]
            x[colour, :, -GHOST] = x[1 - colour, :, GHOST]


def cut_seams(g: list[np.ndarray], fine: Neighbours, coarse: Neighbours) -> None:
    """Remove the conductances through the faces of axes that are periodic among the finer
    neighbours only.
    """
    cut = [p and not q for p, q in zip(fine.periodic, coarse.periodic)]
    if cut[0] and fine.first == 0:
        g[0][:, GHOST] = 0
    if cut[1]:
        g[1][:, :, GHOST] = 0
    if cut[2]:
        first = np.array(g[2][:, :, :, 1], order="C")  # in one piece, wherever it was
        colour, k, j = np.indices(first.shape)
        first[(colour + k + j) % 2 == 0] = 0
        g[2][:, :, :, 1] = first


def matrix(operator: Operator) -> np.ndarray:
    """Return the dense matrix of a small grid, in float64."""
    shape = operator.shape
    number = np.arange(np.prod(shape)).reshape(shape)
    A = np.zeros((number.size, number.size))
    for axis in range(3):
        G = operator.engine.face_conductance(operator, axis).ravel()
        cell, previous = number.ravel(), np.roll(number, 1, axis).ravel()
        np.add.at(A, (cell, cell), G)
        np.add.at(A, (previous, previous), G)
        np.add.at(A, (cell, previous), -G)
        np.add.at(A, (previous, cell), -G)
    faces, links_of = np.asarray(operator.kernel.face_of), np.asarray(operator.kernel.links)
    for bit in (1, 2):
        for plane in (np.flatnonzero(faces & bit) - GHOST).tolist():
            links = redblack.unpack_plane(links_of[bit], plane, shape).ravel()
            cells = number[plane].ravel()
            A[cells, cells] += links
    return A
