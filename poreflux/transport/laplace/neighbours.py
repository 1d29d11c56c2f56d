"""The interface between one process and many: a box and the boxes around it."""

from collections.abc import Callable
from typing import Protocol, Self

import numpy as np

from poreflux.kernels import redblack


class Neighbours(Protocol):
    """The boxes around one box: slabs of whole planes along the transport.

    ``first`` is the number of the first plane of this box, the ``box``-th, among all ``planes`` of
    the problem, ``periodic`` says which axes wrap around. All boxes call each verb together, in the
    same order.
    """

    periodic: tuple[bool, bool, bool]

    @property
    def first(self) -> int:
        """Return the number of the first plane of this box."""

    @property
    def planes(self) -> int:
        """Return the number of planes of the whole problem."""

    @property
    def box(self) -> int:
        """Return the number of this box."""

    def fill_ghosts(self, array: np.ndarray) -> None:
        """Fill the ghosts of a packed vector (colours, Z, Y, H)."""

    def sum(self, value: float) -> float:
        """Return the sum of a number over all boxes, added in their order."""

    def adjacent(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the planes before the first and after the last of the `cells` (n, ny, nx) of this
        box, zero where there are none.
        """

    def outermost(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the first and the last plane of the problem, from the `cells` of each box."""

    def gather(self, rows: np.ndarray) -> np.ndarray:
        """Return the rows of all boxes, one a plane and one more for the high face of the last."""

    def collect(self, array: np.ndarray) -> list[np.ndarray]:
        """Return the arrays of all boxes in their order; they may differ in length."""

    def coarser(self, shape: tuple[int, int, int]) -> Self:
        """Return the neighbours on a coarser grid, of which this box has `shape` cells.

        An odd number of cells cannot be periodic in two colours: that axis is cut.
        """


class SingleBox:
    """The neighbours of a single box, which has no other box around it; ``wrap`` copies its own
    cells into the ghosts of periodic axes.
    """

    def __init__(
        self,
        planes: int,
        periodic: tuple[bool, bool, bool] = (False, False, False),
        wrap: Callable[[np.ndarray, tuple[bool, bool, bool]], None] = redblack.wrap,
    ):
        self.planes = planes
        self.periodic = periodic
        self.wrap = wrap

    first = 0
    box = 0

    def fill_ghosts(self, array: np.ndarray) -> None:
        """Copy planes, rows and pairs into the ghosts of periodic axes; others stay zero."""
        self.wrap(array, self.periodic)

    def sum(self, value: float) -> float:
        """Return the value."""
        return value

    def adjacent(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the last and the first plane where axis 0 is periodic, else planes of zeros."""
        if self.periodic[0]:
            return cells[-1], cells[0]
        return np.zeros_like(cells[0]), np.zeros_like(cells[0])

    def outermost(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the first and the last plane."""
        return cells[0], cells[-1]

    def gather(self, rows: np.ndarray) -> np.ndarray:
        """Return the rows."""
        return rows

    def collect(self, array: np.ndarray) -> list[np.ndarray]:
        """Return the array."""
        return [array]

    def coarser(self, shape: tuple[int, int, int]) -> "SingleBox":
        """Return the neighbours on a coarser grid."""
        return SingleBox(shape[0], closed_axes(self.periodic, shape), self.wrap)


def closed_axes(
    periodic: tuple[bool, bool, bool], shape: tuple[int, int, int]
) -> tuple[bool, bool, bool]:
    """Return which axes stay periodic on a grid of `shape`: those with an even number of cells.

    >>> closed_axes((True, True, False), (4, 3, 2))
    (True, False, False)
    """
    z, y, x = (p and n % 2 == 0 for p, n in zip(periodic, shape))
    return z, y, x
