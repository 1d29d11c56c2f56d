"""A u on one box: the reduced seven-point operator, its ghosts, and the passes of a Krylov method
over it.
"""

import numpy as np

from poreflux.kernels import geometry, redblack, rows, stencil
from poreflux.kernels.redblack import GHOST
from poreflux.transport.engines.threads import Team
from poreflux.transport.laplace.boundary import LOW, Ends, open_ends, pack_plane
from poreflux.transport.laplace.problem import Problem


class Alone:
    """The neighbours of a box that has none but itself: ghosts are zero, or wrap around periodic
    axes.

    The one seam between the serial and the distributed solver: ``fill_ghosts`` and ``sum``.
    """

    def __init__(self, periodic: tuple[bool, bool, bool] = (False, False, False)):
        self.periodic = periodic

    def fill_ghosts(self, array: np.ndarray) -> None:
        """Copy own planes, rows and pairs of `array` (colours, Z, Y, H) into the ghosts of periodic
        axes.
        """
        if self.periodic[0]:
            array[:, :GHOST] = array[:, -2 * GHOST : -GHOST]
            array[:, -GHOST:] = array[:, GHOST : 2 * GHOST]
        self.fill_sides(array)

    def fill_sides(self, array: np.ndarray) -> None:
        """Do the same for the sides alone, of planes (..., Y, H)."""
        if self.periodic[1]:
            array[..., :GHOST, :] = array[..., -2 * GHOST : -GHOST, :]
            array[..., -GHOST:, :] = array[..., GHOST : 2 * GHOST, :]
        if self.periodic[2]:
            array[..., 0] = array[..., -2]
            array[..., -1] = array[..., 1]

    def sum(self, value: float) -> float:
        """Return the sum of `value` over all boxes."""
        return value

    def span(self, planes: int) -> tuple[int, int]:
        """Return the place of the first of `planes` own planes in the problem, and the planes of
        the problem.
        """
        return 0, planes

    def around(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the planes before the first and after the last of `cells`, zero where there are
        none.
        """
        if self.periodic[0]:
            return cells[-1], cells[0]
        return np.zeros_like(cells[0]), np.zeros_like(cells[0])

    def outermost(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the first and the last plane of the problem."""
        return cells[0], cells[-1]

    def stack(self, planes: np.ndarray) -> np.ndarray:
        """Return the rows of all boxes, one a plane and one more for the high face of the last."""
        return planes

    def coarser(self, shape: tuple[int, int, int]) -> "Alone":
        """Return the neighbours on a coarser grid; an odd number of cells cannot be periodic in two
        colours.
        """
        z, y, x = (p and n % 2 == 0 for p, n in zip(self.periodic, shape))
        return Alone((z, y, x))


class Operator:
    """The operator of one grid on one box, in one precision, with its threads' scratch rows."""

    def __init__(self, kernel, shape, neighbours, team: Team, dtype, ends: Ends):
        self.kernel = kernel
        self.shape = shape
        self.neighbours = neighbours
        self.team = team
        self.dtype = np.dtype(dtype)
        self.ends = ends
        self.slabs = team.slabs(shape)
        pairs = redblack.packed_shape(shape)[2]
        self.scratch = [np.zeros((7, stencil.TILE + 4, pairs), dtype) for _ in self.slabs]
        self.source = np.zeros((4, 2, *redblack.packed_shape(shape)[1:]), dtype)

    def drive(self, low=0.0, high=0.0) -> None:
        """Make planes (ny, nx) the right-hand side of the cells at the low and the high face."""
        for face, values in enumerate((low, high)):
            plane = np.broadcast_to(values, self.ends.half.shape[1:])
            self.source[1 + face] = pack_plane(plane, self.ends.places[face], self.dtype)
        self.source[3] = self.source[1] + self.source[2]
        self.neighbours.fill_sides(self.source)

    def vector(self, colours: int = 1, dtype=None) -> np.ndarray:
        """Return a vector of zeros, each slab touched first by its own thread."""
        array = redblack.empty(self.shape, dtype or self.dtype, colours)
        zero = array.dtype.type(0)
        self.team.each(redblack.fill, [(array, zero, a, b) for a, b in self.padded_slabs()])
        return array

    def padded_slabs(self) -> list[tuple[int, int]]:
        """Return the slabs in planes that count ghosts; they belong to the outer slabs."""
        last = len(self.slabs) - 1
        return [
            (a + (GHOST if i else 0), b + (2 * GHOST if i == last else GHOST))
            for i, (a, b) in enumerate(self.slabs)
        ]

    def total(self, kernel, *args) -> float:
        """Run a kernel on every slab and return the sum of what it returns, over all boxes."""
        jobs = [(self.kernel, *args, a, b, work) for (a, b), work in zip(self.slabs, self.scratch)]
        return self.neighbours.sum(sum(self.team.each(kernel, jobs)))

    def blocked(self) -> np.ndarray:
        """Return where there is no unknown (2, Z, Y, H), ghosts included."""
        kernel = self.kernel
        if isinstance(kernel, rows.Binary):
            return kernel.code == 0
        return kernel.degree + kernel.ends[kernel.end_of].swapaxes(0, 1) == 0

    def residual(self, x: np.ndarray, r: np.ndarray) -> float:
        """r = b - S x; return its square."""
        square = self.total(stencil.residual, self.source, x, r)
        self.neighbours.fill_ghosts(r)
        return square

    def curvature(self, p: np.ndarray) -> float:
        """Return p . S p."""
        return self.total(stencil.curvature, p)

    def advance(self, alpha: float, p, x, r) -> float:
        """x += alpha p and r -= alpha S p; return r . r."""
        alpha = self.dtype.type(alpha)
        square = self.total(stencil.advance, alpha, p, x, r)
        self.neighbours.fill_ghosts(r)
        return square

    def direct(self, beta: float, z, p) -> None:
        """p = z + beta p, ghosts included."""
        one, beta = self.dtype.type(1), self.dtype.type(beta)
        self.team.each(redblack.axpby, [(one, z, beta, p, a, b) for a, b in self.padded_slabs()])

    def dot(self, x, y) -> float:
        """Return the sum of x y over red cells."""
        jobs = [(x, y, a, b) for a, b in self.slabs]
        return self.neighbours.sum(sum(self.team.each(redblack.dot, jobs)))


def scratch(operator: Operator, planes: int):
    """Return the scratch planes and the scratch row of one thread."""
    _, rows, pairs = redblack.packed_shape(operator.shape)
    lead = (planes, 2) if planes > 1 else (2,)
    return np.zeros((*lead, rows, pairs), operator.dtype), np.zeros(pairs, operator.dtype)


def build(problem: Problem, team: Team, dtype=np.float32, neighbours=None) -> Operator:
    """Return the operator of a problem: of all of it, or of the box that the cells are among
    `neighbours`.
    """
    neighbours = neighbours or Alone(problem.periodic)
    ends = driven_ends(problem, dtype, neighbours)
    make = _binary if problem.binary else _faces
    kernel = make(problem, neighbours, team, ends, dtype)
    operator = Operator(kernel, problem.shape, neighbours, team, dtype, ends)
    if problem.ends == "driven":
        operator.drive(low=ends.half[LOW])  # potential 1 on the low face
    return operator


def driven_ends(problem: Problem, dtype, neighbours) -> Ends:
    """Return the links of half a cell to the driven faces, none where there are no faces."""
    half = np.zeros((2, *problem.shape[1:]))
    if problem.ends == "driven":
        outer = np.array(neighbours.outermost(problem.cells), float)
        half[:] = 2 * problem.weights()[0] * outer
    start, whole = neighbours.span(problem.shape[0])
    ends = open_ends(half, problem.shape, start, whole, dtype)
    neighbours.fill_sides(ends.packed)
    return ends


def _binary(problem: Problem, neighbours, team: Team, ends: Ends, dtype):
    solid = problem.cells
    code = redblack.empty(solid.shape, np.uint8, 2)
    side = problem.periodic[1]
    low, high = neighbours.around(solid)
    slabs = team.slabs(solid.shape)
    zero = np.uint8(0)
    last = len(slabs) - 1

    def first_touch(i, a, b):
        redblack.fill(code, zero, a + (GHOST if i else 0), b + (2 * GHOST if i == last else GHOST))
        row = np.empty(solid.shape[2], np.uint8)
        geometry.encode(solid, code, low, high, side, side, row, a, b)

    team.each(first_touch, [(i, a, b) for i, (a, b) in enumerate(slabs)])
    neighbours.fill_ghosts(code)
    wz, wy, wx = map(np.dtype(dtype).type, problem.weights())
    return rows.Binary(code, ends.packed, ends.of, wz, wy, wx, side)


def _faces(problem: Problem, neighbours, team: Team, ends: Ends, dtype):
    cells = problem.cells
    g = [np.zeros((2, *redblack.packed_shape(cells.shape)), dtype) for _ in range(3)]
    side = problem.periodic[1]
    below = neighbours.around(cells)[0]
    jobs = [
        (cells, problem.arithmetic, *g, below, *problem.weights(), side, side, a, b)
        for a, b in team.slabs(cells.shape)
    ]
    team.each(geometry.conduct, jobs)
    gz, gy, gx = g
    return rows.Faces(gz, gy, gx, close(g, neighbours, team), ends.packed, ends.of, side)


def close(g: list[np.ndarray], neighbours, team: Team) -> np.ndarray:
    """Fill the ghosts of the three conductances of each cell; return their sums, ghosts filled."""
    for array in g:
        neighbours.fill_ghosts(array)
    degree = np.zeros_like(g[0])
    planes = g[0].shape[1] - 2 * GHOST
    team.each(
        geometry.sum_faces, [(*g, degree, a, b) for a, b in redblack.slabs(planes, team.threads)]
    )
    neighbours.fill_ghosts(degree)
    return degree
