"""One box per process: slabs of whole planes along the transport; pure arithmetic."""

from dataclasses import dataclass
from itertools import pairwise

#: a grid of fewer cells than this is not shared: messages would cost more than solving all of it
SMALLEST_SHARED = 60_000

#: more grids than there can be, for a single box, which has all grids
ALL_GRIDS = 64

#: a partition along the chunks of the store is taken where the work grows at most by this factor
MAX_EXTRA_WORK = 1.05


@dataclass(frozen=True)
class Partition:
    """The planes of each box: box p has those from ``edges[p]`` to ``edges[p + 1]``.

    Every edge but the last is a multiple of ``granule``. The grids 0 (the finest) to ``grids`` - 1
    are shared by the boxes, with at least two planes in each and every box starting at an even one;
    every process solves all of the coarser grids.
    """

    edges: tuple[int, ...]
    granule: int
    grids: int

    @property
    def boxes(self) -> int:
        """Return the number of boxes, one for each process that has work."""
        return len(self.edges) - 1

    @property
    def planes(self) -> int:
        """Return the number of planes of the whole problem."""
        return self.edges[-1]

    def span(self, box: int) -> tuple[int, int]:
        """Return the planes of one box, from and to."""
        return self.edges[box], self.edges[box + 1]


def partition(shape: tuple[int, int, int], processes: int, chunk: int = 1) -> Partition:
    """Share the planes of `shape` (axis 0 along the transport) between at most so many processes.

    Parameters
    ----------
    shape
        cells along the three axes.
    processes
        available; those that would make the boxes too thin to be faster have no box.
    chunk
        planes of a chunk of the store; where it costs little, boxes start at chunk boundaries.

    Notes
    -----
    With edges at multiples of 2^k the k finest grids can be shared by the boxes. The larger k, the
    less even are the boxes; the smaller k, the more work every process repeats. The k is
    taken with the least work of the busiest process.

    Examples
    --------
    >>> partition((500, 500, 500), 2, chunk=128).edges
    (0, 256, 500)
    >>> partition((7, 9, 9), 8).edges
    (0, 2, 4, 7)
    """
    planes = shape[0]
    powers = [2**k for k in range(1, 12)]
    box_counts = {min(processes, planes // g) for g in powers} - {0, 1}
    choices = [
        (b, g) for b in box_counts for g in powers if _narrowest(edges_at(planes, b, g)) >= 2
    ]
    if not choices:
        return Partition((0, planes), planes, ALL_GRIDS)
    boxes, granule = min(choices, key=lambda c: work(planes, *c))
    chunks_fit = chunk % 2 == 0 and _narrowest(edges_at(planes, boxes, chunk)) >= 2
    if chunks_fit and work(planes, boxes, chunk) <= MAX_EXTRA_WORK * work(planes, boxes, granule):
        granule = chunk
    edges = edges_at(planes, boxes, granule)
    return Partition(edges, granule, _grids(shape, edges))


def edges_at(planes: int, boxes: int, granule: int) -> tuple[int, ...]:
    """Return the edges at multiples of `granule` nearest to equal boxes.

    >>> edges_at(10, 2, 4)
    (0, 4, 10)
    """
    inner = ((2 * planes * p + boxes * granule) // (2 * boxes * granule) for p in range(1, boxes))
    return (0, *(granule * edge for edge in inner), planes)


def work(planes: int, boxes: int, granule: int) -> float:
    """Return the work of the busiest process, that of one process alone being 1."""
    edges = edges_at(planes, boxes, granule)
    widest = max(b - a for a, b in pairwise(edges))
    return widest / planes + 1 / 8 ** twos(granule)


def twos(number: int) -> int:
    """Return how often a number can be halved.

    >>> twos(12)
    2
    """
    return (number & -number).bit_length() - 1


def halved(edges: tuple[int, ...]) -> tuple[int, ...]:
    """Return the edges on the next coarser grid."""
    return tuple((edge + 1) // 2 for edge in edges)


def _narrowest(edges: tuple[int, ...]) -> int:
    return min(b - a for a, b in pairwise(edges))


def _grids(shape: tuple[int, int, int], edges: tuple[int, ...]) -> int:
    """Return how many of the finest grids have boxes that start at even planes, of two or more."""
    grids, cells = 0, list(shape)
    while True:
        if any(edge % 2 for edge in edges[:-1]) or _narrowest(edges) < 2:
            return grids
        if grids and cells[0] * cells[1] * cells[2] < SMALLEST_SHARED:
            return grids
        grids += 1
        cells = [(n + 1) // 2 for n in cells]
        edges = halved(edges)
