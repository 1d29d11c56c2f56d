"""Vectors of the solver as plain arrays (z, y, x), and back; the operator as a matrix."""

import numpy as np

from poreflux.kernels import redblack
from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.operator import Operator, build
from poreflux.transport.laplace.problem import Problem
from tests.physics import direct

RED, BLACK = 0, 1


def colour(shape) -> np.ndarray:
    """Return the colour of each cell, 0 red and 1 black."""
    return np.indices(shape).sum(0) % 2


def vector(operator: Operator, cells: np.ndarray, colours: int = 1, dtype=None) -> np.ndarray:
    """Return an array of cells as a vector of the operator, ghosts filled."""
    both = operator.vector(2, dtype)
    packed = np.zeros(tuple(both.shape), both.dtype)
    redblack.pack(cells.astype(both.dtype), packed, 0, operator.shape[0])
    both[:] = packed
    operator.neighbours.fill_ghosts(both)
    made = operator.vector(colours, dtype)
    made[:] = both[:colours]
    return made


def cells(operator: Operator, packed: np.ndarray) -> np.ndarray:
    """Return a vector of one or two colours as cells, black ones zero where there are none."""
    packed = np.asarray(packed)
    if len(packed) == 1:
        packed = np.concatenate([packed, np.zeros_like(packed)])
    out = np.empty(operator.shape, packed.dtype)
    redblack.unpack(packed, out, 0, operator.shape[0])
    return out


def assembled(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Return the dense matrix and right-hand side of a problem in the unit of the solver."""
    net = direct.network(
        problem.cells.astype(float),
        problem.spacing,
        sides=problem.sides,
        boundary=problem.boundary,
        mean="arithmetic" if problem.arithmetic else "harmonic",
    )
    unit = np.prod(problem.spacing) / min(problem.spacing) ** 2
    return net.matrix.toarray() / unit, net.low / unit


def schur(A: np.ndarray, shape) -> np.ndarray:
    """Return the matrix with its black unknowns eliminated, where they have a diagonal."""
    red = colour(shape).ravel() == RED
    black = ~red & (A.diagonal() > 0)
    N = A[np.ix_(red, black)]
    return A[np.ix_(red, red)] - N / A.diagonal()[black] @ N.T


def operator_of(problem: Problem, dtype=np.float64, threads: int = 1) -> Operator:
    """Return the operator of a problem."""
    return build(problem, Threads(threads), dtype)
