"""Outer planes of blocks, kept as bits, so that what straddles blocks can be counted at the end.

They are few: for chunks of 128 voxels an edge, 6 bits for every 128 voxels of the volume.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

Index = tuple[int, ...]


@dataclass(frozen=True)
class Plane:
    """One outer plane of a block: index along `axis`, first index along the other two, bits."""

    axis: int
    index: int
    corner: Index
    shape: Index
    bits: np.ndarray

    def voxels(self) -> np.ndarray:
        """Return the plane as booleans."""
        flat = np.unpackbits(self.bits, count=self.shape[0] * self.shape[1])
        return flat.reshape(self.shape).view(bool)


def outer_planes(voxels: np.ndarray, start: Index) -> list[Plane]:
    """Return the six outer planes of a block of booleans that begins at `start`."""
    planes = []
    for axis, n in enumerate(voxels.shape):
        corner = tuple(i for a, i in enumerate(start) if a != axis)
        for index in sorted({0, n - 1}):
            plane = np.take(voxels, index, axis)
            bits = np.packbits(plane)
            planes.append(Plane(axis, start[axis] + index, corner, plane.shape, bits))
    return planes


def cuts(planes: Sequence[Plane], axis: int, length: int) -> np.ndarray:
    """Return where chunks meet along an axis, the two ends of the volume included."""
    # a plane of another axis spans its block along this one
    spans = set()
    for plane in planes:
        if plane.axis != axis:
            place = axis - (plane.axis < axis)
            spans |= {plane.corner[place], plane.corner[place] + plane.shape[place]}
    return np.array(sorted(spans | {0, length}))


def seams(
    planes: Sequence[Plane], shape: Index
) -> Iterator[tuple[int, int, np.ndarray, np.ndarray]]:
    """Yield for each plane where chunks meet its axis, its index, and the voxels on both sides.

    The ends of the volume are seams too, with nothing beyond.
    """
    for axis in range(3):
        size = tuple(n for a, n in enumerate(shape) if a != axis)
        by_index: dict[int, list[Plane]] = {}
        for plane in planes:
            if plane.axis == axis:
                by_index.setdefault(plane.index, []).append(plane)
        for cut in cuts(planes, axis, shape[axis]).tolist():
            yield (
                axis,
                cut,
                _mosaic(by_index.get(cut - 1, ()), size),
                _mosaic(by_index.get(cut, ()), size),
            )


def _mosaic(planes: Sequence[Plane], size: Index) -> np.ndarray:
    mosaic = np.zeros(size, bool)
    for plane in planes:
        box = tuple(slice(a, a + n) for a, n in zip(plane.corner, plane.shape))
        mosaic[box] = plane.voxels()
    return mosaic
