"""Where cubes of several sizes lie in a volume, and the sums over them of one count of voxels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: parts of the shortest edge of the volume that are edges of cubes by default
_DEFAULT_DIVISORS = (12, 8, 6, 4, 3, 2)

#: concentric fields of view
FIELDS = 10

#: most cells between the cuts of all cubes
_MOST_CELLS = 2**25


def in_voxels(
    edges: Sequence[float] | None, shape: tuple[int, ...], size: Sequence[float]
) -> tuple[tuple[int, ...], ...]:
    """Return the sizes (z, y, x) of cubes in voxels, in the order of their edges, each once."""
    shortest = min(n * h for n, h in zip(shape, size))
    wanted = (
        [shortest / divisor for divisor in _DEFAULT_DIVISORS]
        if edges is None
        else sorted(map(float, edges))
    )
    sizes = []
    for edge in wanted:
        voxels = tuple(round(edge / h) if edge > 0 else 0 for h in size)
        if edges is None and min(voxels) < 1:
            continue
        if min(voxels) < 1 or any(v > n for v, n in zip(voxels, shape)):
            raise ValueError(
                f"edge {edge:g} µm is {voxels} voxels of {tuple(shape)}; choose edges from one "
                f"voxel to {shortest:g} µm"
            )
        if voxels not in sizes:
            sizes.append(voxels)
    if not sizes:  # a volume of a few voxels
        sizes = [tuple(max(1, round(shortest / h)) for h in size)]
    cells = math.prod(len(cut) for cut in Cubes(tuple(shape), tuple(sizes), "overlapping").cuts)
    if cells > _MOST_CELLS:
        raise ValueError(
            f"cubes from {wanted[0]:g} µm on cut the volume into {cells} cells; give larger edges"
        )
    return tuple(sizes)


@dataclass(frozen=True)
class Cubes:
    """Where the sub-volumes lie: for each size (z, y, x) in voxels their starts along each axis."""

    shape: tuple[int, ...]
    sizes: tuple[tuple[int, ...], ...]
    placement: str

    def starts(self, size: Sequence[int]) -> list[np.ndarray]:
        """Return the starts of cubes of one size along each axis, in the middle of the volume."""
        lines = []
        for n, edge in zip(self.shape, size):
            step = edge if self.placement == "tiled" else max(1, edge // 2)
            number = (n - edge) // step + 1
            lines.append((n - (number - 1) * step - edge) // 2 + step * np.arange(number))
        return lines

    def independent(self, size: Sequence[int]) -> int:
        """Return how many cubes of one size fit side by side."""
        return math.prod(n // edge for n, edge in zip(self.shape, size))

    @property
    def fields(self) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        """First and last index of each concentric field of view."""
        boxes = []
        for i in range(1, FIELDS + 1):
            low = tuple(round(n * (FIELDS - i) / (2 * FIELDS)) for n in self.shape)
            boxes.append((low, tuple(n - a for n, a in zip(self.shape, low))))
        return boxes

    @property
    def cuts(self) -> list[np.ndarray]:
        """Planes along each axis that bound a cube or field."""
        lines: list[set] = [{0, n} for n in self.shape]
        for size in self.sizes:
            for line, starts, edge in zip(lines, self.starts(size), size):
                line |= {*starts.tolist(), *(starts + edge).tolist()}
        for low, high in self.fields:
            for line, a, b in zip(lines, low, high):
                line |= {a, b}
        return [np.array(sorted(line)) for line in lines]


class BoxSums:
    """Sums of counts between cuts over any boxes that cuts bound."""

    def __init__(self, counts: np.ndarray | None, cuts: Sequence[np.ndarray]):
        self.cuts = cuts
        self.below = None
        if counts is not None:
            self.below = np.zeros([len(cut) for cut in cuts], np.int64)
            self.below[1:, 1:, 1:] = counts
            for axis in range(3):
                np.cumsum(self.below, axis=axis, out=self.below)

    def boxes(self, starts: Sequence[np.ndarray], size: Sequence[int]) -> np.ndarray:
        """Return the sums over boxes of one size; of a volume without counts, their voxels."""
        if self.below is None:
            return np.full([len(line) for line in starts], math.prod(size), np.int64)
        total = self.below
        for axis, (cut, low, edge) in enumerate(zip(self.cuts, starts, size)):
            first, last = np.searchsorted(cut, low), np.searchsorted(cut, low + edge)
            total = np.take(total, last, axis) - np.take(total, first, axis)
        return total

    def box(self, low: Sequence[int], high: Sequence[int]) -> np.ndarray:
        """Return the sum over one box."""
        starts = [np.array([a]) for a in low]
        return self.boxes(starts, [b - a for a, b in zip(low, high)])[0, 0, 0]

    def cells(self, cuts: Sequence[np.ndarray]) -> np.ndarray:
        """Return the sums over all boxes between some of the cuts."""
        if self.below is None:
            z, y, x = map(np.diff, cuts)
            return z[:, None, None] * y[:, None] * x
        total = self.below
        for axis, (known, cut) in enumerate(zip(self.cuts, cuts)):
            sums = np.take(total, np.searchsorted(known, cut), axis)
            last = np.arange(1, len(cut))
            total = np.take(sums, last, axis) - np.take(sums, last - 1, axis)
        return total


def evenly(cut: np.ndarray, number: int) -> np.ndarray:
    """Return the first and last cut and those between that are nearest to even distances.

    Examples
    --------
    >>> evenly(np.array([0, 1, 2, 4, 7, 8]), 4)
    array([0, 2, 4, 7, 8])
    """
    places = np.linspace(cut[0], cut[-1], number + 1)
    nearest = np.abs(cut[:, None] - places).argmin(axis=0)
    return cut[np.unique(np.concatenate(([0], nearest, [len(cut) - 1])))]
