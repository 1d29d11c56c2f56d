"""The neighbours of a box among others, and the link to the processes that hold these.

Ghosts come from the boxes below and above, sums from all.
"""

from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from poreflux.kernels.redblack import GHOST, wrap_sides
from poreflux.transport.laplace.neighbours import closed_axes
from poreflux.transport.parallel.partition import halved


class Link(Protocol):
    """What connects the processes, number ``rank`` of ``size``, which call each verb together.

    ``comm`` is the communicator of MPI, of which PETSc makes its objects; nothing else takes it.
    """

    rank: int
    size: int
    comm: Any

    def exchange(
        self, low: np.ndarray, high: np.ndarray, wrap: bool = False
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Send `low` to the process below, `high` to the one above; return what they sent."""

    def gather(self, value: ArrayLike) -> np.ndarray:
        """Return the number, or the few numbers, of each process, in the order of ranks."""

    def join(self, array: np.ndarray, lengths: np.ndarray | None = None) -> list[np.ndarray]:
        """Return the arrays of all processes; they differ along axis 0, by `lengths` if known."""

    def add(self, array: np.ndarray) -> np.ndarray:
        """Return the sum of the arrays of all processes, which have the same shape."""

    def broadcast(self, array: np.ndarray, source: int) -> np.ndarray:
        """Return the array of one process."""

    def together(self) -> AbstractContextManager[None]:
        """Raise on every process what any of them raises within, after all have left the block."""

    def on_this_machine(self, value: float) -> tuple[float, int]:
        """Return the sum of `value` over the processes of this machine, and their number."""


class Ranks:
    """The :class:`poreflux.transport.laplace.neighbours.Neighbours` of box ``link.rank`` of those
    between `edges`, along axis 0.

    This grid and the `grids` - 1 coarser ones have ghosts to fill; still coarser grids are not
    divided into boxes.
    """

    def __init__(
        self,
        link: Link,
        edges: tuple[int, ...],
        periodic: tuple[bool, bool, bool],
        grids: int,
    ):
        if periodic[0] and link.size > 1 and edges[-1] % 2 ** (grids + 1):
            raise ValueError(
                f"{edges[-1]} planes cannot be periodic on {grids} grids shared between processes; "
                f"give a multiple of {2 ** (grids + 1)}"
            )
        self.periodic = periodic
        self.link = link
        self.edges = edges
        self.grids = grids

    @property
    def first(self) -> int:
        """Return the number of the first plane of this box."""
        return self.edges[self.link.rank]

    @property
    def planes(self) -> int:
        """Return the number of planes of the whole problem."""
        return self.edges[-1]

    @property
    def box(self) -> int:
        """Return the number of this box."""
        return self.link.rank

    def fill_ghosts(self, array: np.ndarray) -> None:
        """Copy the nearest planes of the boxes below and above into the ghosts; wrap the sides."""
        if not self.grids:
            return
        low = np.ascontiguousarray(array[:, GHOST : 2 * GHOST])
        high = np.ascontiguousarray(array[:, -2 * GHOST : -GHOST])
        below, above = self.link.exchange(low, high, self.periodic[0])
        if below is not None:
            array[:, :GHOST] = below
        if above is not None:
            array[:, -GHOST:] = above
        wrap_sides(array, *self.periodic[1:])

    def sum(self, value: float) -> float:
        """Return the sum of `value` over all boxes, added in their order."""
        return float(sum(self.link.gather(value)))

    def adjacent(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the planes before the first and after the last one, zero where there are none."""
        low, high = np.ascontiguousarray(cells[0]), np.ascontiguousarray(cells[-1])
        below, above = self.link.exchange(low, high, self.periodic[0])
        zeros = np.zeros_like(low)
        return (zeros if below is None else below), (zeros if above is None else above)

    def outermost(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the first and the last plane of the problem."""
        first, last = (np.ascontiguousarray(cells[k]) for k in (0, -1))
        return self.link.broadcast(first, 0), self.link.broadcast(last, self.link.size - 1)

    def gather(self, rows: np.ndarray) -> np.ndarray:
        """Return the rows of all boxes, one a plane and one more for the high face."""
        last = self.link.rank == self.link.size - 1
        return np.concatenate(self.link.join(rows if last else rows[:-1]))

    def collect(self, array: np.ndarray) -> list[np.ndarray]:
        """Return the arrays of all boxes in their order; they may differ in length."""
        return self.link.join(np.ascontiguousarray(array))

    def coarser(self, shape: tuple[int, int, int]) -> "Ranks":
        """Return the neighbours on a coarser grid."""
        edges = halved(self.edges)
        periodic = closed_axes(self.periodic, (edges[-1], *shape[1:]))
        return Ranks(self.link, edges, periodic, self.grids - 1)

    def join(self, box: np.ndarray, joined: np.ndarray) -> None:
        """Copy the planes of `box` (2, Z, Y, H), for all boxes, into `joined`, the whole grid.

        The two colours of a box that starts at an odd plane are swapped.
        """
        own_planes = box[:: colour_order(self.first), GHOST:-GHOST].swapaxes(0, 1)
        all_planes = self.link.join(own_planes, np.diff(self.edges))
        for first, planes in zip(self.edges, all_planes):
            start = first + GHOST
            joined[:, start : start + len(planes)] = planes.swapaxes(0, 1)


def colour_order(first: int) -> int:
    """Return the step through the two colours of a box that starts at plane `first`."""
    return -1 if first % 2 else 1
