"""The links of the outer planes to the faces across the transport: half a cell, an interface."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from poreflux.kernels import redblack
from poreflux.kernels.redblack import GHOST
from poreflux.transport.engines.engine import Engine
from poreflux.transport.laplace.neighbours import Neighbours

LOW, HIGH = 0, 1


class Boundary:
    """The links of one grid, as planes and as the kernels read them.

    ``half`` and ``interface`` (2, ny, nx) are the conductances of half a cell and of the interface
    at the low and the high face, in the units of
    :meth:`poreflux.transport.laplace.problem.Problem.weights`: an interface of infinite
    conductance is a driven face, one of none an insulated face. ``packed`` (1 to 4, 2, Y, H) and
    ``face_of`` (Z,) are what the kernels call ``links`` and ``face_of``; they change in place, so
    that a current that depends on the potential needs no other geometry at each step. Every box has
    ``half`` and ``interface`` of both faces, but packed only what its own planes touch: one away
    from both faces a single plane of zeros. ``wraps`` are the periodic sides.
    """

    def __init__(
        self,
        half: np.ndarray,
        outer_planes: tuple[int, int],
        packed: np.ndarray,
        face_of: np.ndarray,
        wraps: tuple[bool, bool],
    ):
        self.half = half
        self.interface = np.full_like(half, np.inf)
        self.outer_planes = outer_planes
        self.packed = packed
        self.face_of = face_of
        self.wraps = wraps

    def links(self) -> np.ndarray:
        """Return the conductances (2, ny, nx) from the cells to the far side of the interface."""
        return series(self.half, self.interface)

    def update(self) -> None:
        """Update the arrays that the kernels read."""
        fill_planes(self.packed, self.links(), self.outer_planes, self.wraps)

    def follow(self, fine: "Boundary") -> None:
        """Take the interfaces of the next finer grid: the sums of four of each, halves at twice
        the length."""
        shape = self.half.shape[1:]
        joined = fine.interface > 0
        self.half[:] = sum_of_four(np.where(joined, fine.half, 0), shape) / 2
        self.interface[:] = sum_of_four(np.where(fine.half > 0, fine.interface, 0), shape)
        self.update()


def boundary_of_half_cells(
    half: np.ndarray,
    shape: tuple[int, int, int],
    neighbours: Neighbours,
    dtype: DTypeLike,
    engine: Engine,
) -> Boundary:
    """Return the driven faces of the box of `shape` cells that is among `neighbours`.

    `half` (2, ny, nx) are the conductances of half cells, all zero where nothing is driven.
    """
    planes, *plane = redblack.packed_shape(shape)
    face_of = engine.zeros((planes,), np.uint8)
    if half.any():
        face_of[:] = faces_of_planes(neighbours.first, planes, neighbours.planes)
    packed = engine.zeros((1 + int(np.asarray(face_of).max()), 2, *plane), dtype)
    boundary = Boundary(
        half,
        (0, neighbours.planes - 1),
        packed,
        face_of,
        neighbours.periodic[1:],
    )
    boundary.update()
    return boundary


def coarser_boundary(
    fine: Boundary, shape: tuple[int, int, int], neighbours: Neighbours, engine: Engine
) -> Boundary:
    """Return the boundary of the next coarser grid, of which `neighbours` have a box of `shape`."""
    half = sum_of_four(fine.half, shape[1:]) / 2
    coarse = boundary_of_half_cells(half, shape, neighbours, np.float32, engine)
    coarse.follow(fine)
    return coarse


def fill_planes(
    packed: np.ndarray,
    values: Sequence[np.ndarray] | np.ndarray,
    outer_planes: tuple[int, int],
    wraps: tuple[bool, bool],
) -> None:
    """Fill the planes (2, Y, H) that kernels read at no face, the low, the high and at both, as far
    as there are any, from `values` (2, ny, nx) or numbers at the two faces.
    """
    if len(packed) == 1:
        return
    planes = np.zeros(tuple(packed.shape), packed.dtype)
    for face, plane in enumerate(outer_planes[: len(packed) - 1]):
        planes[1 + face] = redblack.pack_plane(values[face], plane, packed.dtype)
    if len(packed) == 4:
        planes[3] = planes[1] + planes[2]
    redblack.wrap_sides(planes, *wraps)
    packed[:] = planes  # at once: it may be elsewhere


def series(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the conductance of two in series, either of which may be zero or infinite.

    >>> series(np.array([2.0, 2.0, 2.0]), np.array([2.0, 0.0, np.inf]))
    array([1., 0., 2.])
    """
    with np.errstate(divide="ignore"):
        resistance = 1 / a
        resistance += 1 / b
        return np.divide(1, resistance, out=resistance)


def sum_of_four(planes: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return the sums over 2 x 2 faces of planes (..., ny, nx), as (..., *shape)."""
    *leading, ny, nx = planes.shape
    padded = np.zeros((*leading, 2 * shape[0], 2 * shape[1]), planes.dtype)
    padded[..., :ny, :nx] = planes
    return padded.reshape(*leading, shape[0], 2, shape[1], 2).sum((-3, -1))


def faces_of_planes(start: int, planes: int, total: int) -> np.ndarray:
    """Return which faces each padded plane of a box touches: bit 0 the low one, bit 1 the high one.

    >>> faces_of_planes(2, 7, 6)
    array([1, 0, 0, 0, 0, 2, 0], dtype=uint8)
    """
    number = np.arange(planes) + start - GHOST
    return ((number == 0) | ((number == total - 1) << 1)).astype(np.uint8)
