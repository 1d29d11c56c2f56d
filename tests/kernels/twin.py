"""The slow twin of the kernels: the same problem as a dense matrix over cells (z, y, x)."""

from dataclasses import dataclass, field

import numpy as np

from poreflux.kernels.redblack import GHOST, packed_shape
from poreflux.kernels.stencil import TILE
from poreflux.transport.laplace.operator import Operator
from poreflux.transport.laplace.problem import Problem
from tests.transport.packed import assembled, cells, colour, operator_of, vector


@dataclass
class Twin:
    """A problem, its matrix and right-hand side, and the operator whose kernels are on trial."""

    problem: Problem
    operator: Operator = field(init=False)
    A: np.ndarray = field(init=False)
    b: np.ndarray = field(init=False)
    work: np.ndarray = field(init=False)

    def __post_init__(self):
        self.operator = operator_of(self.problem)
        self.A, self.b = assembled(self.problem)
        pairs = packed_shape(self.problem.shape)[2]
        self.work = np.zeros((7, TILE + 4, pairs), self.operator.dtype)

    @property
    def degree(self) -> np.ndarray:
        """Return the diagonal (z, y, x)."""
        return self.A.diagonal().reshape(self.problem.shape)

    def neighbours(self, u: np.ndarray) -> np.ndarray:
        """Return the sum over the six neighbours of conductance times value."""
        return self.degree * u - (self.A @ u.ravel()).reshape(u.shape)

    def relaxed(self, u: np.ndarray, b: np.ndarray, which: int) -> np.ndarray:
        """Return u after a half-sweep over one colour for A u = b."""
        on = (colour(u.shape) == which) & (self.degree > 0)
        out = np.where(colour(u.shape) == which, 0, u)
        out[on] = ((b + self.neighbours(u)) / np.where(on, self.degree, 1))[on]
        return out

    def pack(self, u: np.ndarray, colours: int = 2) -> np.ndarray:
        """Return cells as a vector with ghosts."""
        return vector(self.operator, u, colours)

    def unpack(self, packed: np.ndarray) -> np.ndarray:
        """Return a vector as cells."""
        return cells(self.operator, packed)

    def random(self, rng, conducting: bool = True) -> np.ndarray:
        """Return a random value for each cell, by default zero where nothing conducts."""
        u = rng.standard_normal(self.problem.shape)
        return u * (self.problem.cells > 0) if conducting else u

    def each_row(self, colours=(0, 1)):
        """Yield (colour, padded plane, padded row, cells of that colour in that row)."""
        nz, ny, _ = self.problem.shape
        for k in range(nz):
            for j in range(ny):
                for c in colours:
                    yield c, k + GHOST, j + GHOST, np.s_[k, j, (c + k + j) % 2 :: 2]
