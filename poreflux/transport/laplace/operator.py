"""A u on one box: the reduced seven-point operator among its neighbours, and the passes of a Krylov
method over it.
"""

import numpy as np
from numpy.typing import DTypeLike

from poreflux.kernels import rows
from poreflux.transport.engines.engine import Engine
from poreflux.transport.laplace.boundary import (
    LOW,
    Boundary,
    boundary_of_half_cells,
    fill_planes,
)
from poreflux.transport.laplace.neighbours import Neighbours, SingleBox
from poreflux.transport.laplace.problem import Problem


class Operator:
    """The operator of one grid on one box, in one precision."""

    def __init__(
        self,
        kernel: rows.Binary | rows.Faces,
        shape: tuple[int, int, int],
        neighbours: Neighbours,
        engine: Engine,
        dtype: DTypeLike,
        boundary: Boundary,
    ):
        self.kernel = kernel
        self.shape = shape
        self.neighbours = neighbours
        self.engine = engine
        self.dtype = np.dtype(dtype)
        self.boundary = boundary
        self.source = engine.zeros(tuple(boundary.packed.shape), dtype)

    def drive(self, low: np.ndarray | float = 0.0, high: np.ndarray | float = 0.0) -> None:
        """Make planes (ny, nx) the right-hand side of the cells at the low and the high face."""
        plane = self.boundary.half.shape[1:]
        values = [np.broadcast_to(value, plane) for value in (low, high)]
        fill_planes(self.source, values, self.boundary.outer_planes, self.boundary.wraps)

    def vector(self, colours: int = 1, dtype: DTypeLike | None = None) -> np.ndarray:
        """Return a vector of zeros."""
        return self.engine.vector(self.shape, dtype or self.dtype, colours)

    def blocked(self, planes: slice = slice(None)) -> np.ndarray:
        """Return where there is no unknown (2, Z, Y, H), ghosts included, in all padded planes or
        in some.
        """
        kernel = self.kernel
        if isinstance(kernel, rows.Binary):
            return np.asarray(kernel.code[:, planes]) == 0
        links = np.asarray(kernel.links)[np.asarray(kernel.face_of[planes])].swapaxes(0, 1)
        return np.asarray(kernel.degree[:, planes]) + links == 0

    def residual(self, x: np.ndarray, r: np.ndarray) -> float:
        """r = b - S x; return its square."""
        square = self.neighbours.sum(self.engine.residual(self, x, r))
        self.neighbours.fill_ghosts(r)
        return square

    def curvature(self, p: np.ndarray, image: np.ndarray | None = None) -> float:
        """Return p . S p; an `image` may then hold S p."""
        return self.neighbours.sum(self.engine.curvature(self, p, image))

    def advance(
        self,
        alpha: float,
        p: np.ndarray,
        x: np.ndarray,
        r: np.ndarray,
        image: np.ndarray | None = None,
    ) -> float:
        """x += alpha p and r -= alpha S p; return r . r. An `image` comes from the `curvature`
        of p.
        """
        square = self.neighbours.sum(self.engine.advance(self, alpha, p, x, r, image))
        self.neighbours.fill_ghosts(r)
        return square

    def combine(self, a: float, x: np.ndarray, b: float, y: np.ndarray) -> None:
        """y = a x + b y, ghosts included."""
        self.engine.combine(self.shape, a, x, b, y)

    def dot(self, x: np.ndarray, y: np.ndarray) -> float:
        """Return the sum of x y over red cells."""
        return self.neighbours.sum(self.engine.dot(self.shape, x, y))


def build(
    problem: Problem,
    engine: Engine,
    dtype: DTypeLike = np.float32,
    neighbours: Neighbours | None = None,
) -> Operator:
    """Return the operator of a problem on a single box, or on the box of its cells among
    `neighbours`.
    """
    neighbours = neighbours or SingleBox(problem.shape[0], problem.periodic, engine.wrap)
    half = driven_half_cells(problem, neighbours)
    boundary = boundary_of_half_cells(half, problem.shape, neighbours, dtype, engine)
    geometry = _binary if problem.binary else _faces
    kernel = geometry(problem, neighbours, engine, boundary, dtype)
    operator = Operator(kernel, problem.shape, neighbours, engine, dtype, boundary)
    if problem.boundary == "driven":
        operator.drive(low=half[LOW])  # potential 1 on the low face
    return operator


def driven_half_cells(problem: Problem, neighbours: Neighbours) -> np.ndarray:
    """Return the conductances (2, ny, nx) of the half cells at the driven faces, zero where there
    are no faces.
    """
    half = np.zeros((2, *problem.shape[1:]))
    if problem.boundary == "driven":
        outer = np.array(neighbours.outermost(problem.cells), float)
        half[:] = 2 * problem.weights()[0] * outer
    return half


def _binary(
    problem: Problem, neighbours: Neighbours, engine: Engine, boundary: Boundary, dtype: DTypeLike
) -> rows.Binary:
    side = problem.periodic[1]
    below, above = neighbours.adjacent(problem.cells)
    code = engine.encode(problem.cells, below, above, (side, side))
    neighbours.fill_ghosts(code)
    wz, wy, wx = map(np.dtype(dtype).type, problem.weights())
    return rows.Binary(code, boundary.packed, boundary.face_of, wz, wy, wx, side)


def _faces(
    problem: Problem, neighbours: Neighbours, engine: Engine, boundary: Boundary, dtype: DTypeLike
) -> rows.Faces:
    side = problem.periodic[1]
    below = neighbours.adjacent(problem.cells)[0]
    g = engine.conduct(problem.cells, problem.arithmetic, below, problem.weights(), side, dtype)
    return with_degree(g, neighbours, engine, boundary)


def with_degree(
    g: list[np.ndarray], neighbours: Neighbours, engine: Engine, boundary: Boundary
) -> rows.Faces:
    """Fill the ghosts of the three conductances of each cell; return them as a kernel's geometry,
    with their sums.
    """
    for conductance in g:
        neighbours.fill_ghosts(conductance)
    degree = engine.sum_faces(g)
    neighbours.fill_ghosts(degree)
    gz, gy, gx = g
    wrap = neighbours.periodic[2]
    return rows.Faces(gz, gy, gx, degree, boundary.packed, boundary.face_of, wrap)
