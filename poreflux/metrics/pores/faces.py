"""Faces of labelled blocks, kept until those across are met: so labels are joined across chunks."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from poreflux.kernels.labels import renumber

_OUTSIDE = -1

Index = tuple[int, ...]


@dataclass(frozen=True)
class BlockFace:
    """Labels on one side of the plane between chunks, until all labels across have been met.

    `side` is 0 where the voxels lie below the plane, which has index `plane` along `axis`; `corner`
    is their first index along the other two. Labels are rows of a table plus 1; 0 is solid,
    negative what is outside the mask. `heights` are those of the voxels, where labels are of
    basins. `met` counts the voxels across that have been met.
    """

    axis: int
    plane: int
    side: int
    corner: tuple[int, int]
    labels: np.ndarray
    heights: np.ndarray | None = None
    met: int = 0

    @property
    def stop(self) -> tuple[int, int]:
        """Return the index after the last voxel."""
        return self.corner[0] + self.labels.shape[0], self.corner[1] + self.labels.shape[1]

    def shift(self, other: "BlockFace") -> tuple[int, int]:
        """Return how far this face begins from another of its plane."""
        return self.corner[0] - other.corner[0], self.corner[1] - other.corner[1]

    @property
    def reach(self) -> tuple[np.ndarray, np.ndarray]:
        """Return first and last index of the voxels across that are met on this plane.

        A chunk touches others across one, two or three planes, and meets them on the first.
        """
        beyond = ((1, 1), (0, 1), (0, 0))[self.axis]
        return np.subtract(self.corner, beyond), np.add(self.stop, beyond)


def faces_of_block(
    labels: np.ndarray,
    solid: np.ndarray,
    start: Index,
    shape: Index,
    heights: np.ndarray | None = None,
) -> list[BlockFace]:
    """Return the faces of a block that have other blocks across."""
    faces = []
    for axis, (first, n) in enumerate(zip(start, labels.shape)):
        a, b = (i for along, i in enumerate(start) if along != axis)
        for side, plane, index in ((0, first + n, n - 1), (1, first, 0)):
            if 0 < plane < shape[axis]:
                face_labels = np.take(labels, index, axis).astype(np.int64)
                face_labels[(face_labels == 0) & ~np.take(solid, index, axis)] = _OUTSIDE
                face_heights = None if heights is None else np.take(heights, index, axis)
                faces.append(BlockFace(axis, plane, side, (a, b), face_labels, face_heights))
    return faces


def meet_all(
    partials: Sequence[Sequence[BlockFace]], meet: Callable[[int, BlockFace, int, BlockFace], None]
) -> dict[int, int]:
    """Let faces of different parts meet, each pair once; return how many voxels each has met.

    Parameters
    ----------
    partials
        the waiting faces of each part.
    meet
        ``meet(p, lower, q, upper)``, with a face of part p below a plane and one of q above it.
    """
    met = {id(face): face.met for faces in partials for face in faces}
    planes: dict[tuple[int, int], tuple[list, list]] = {}
    for p, faces in enumerate(partials):
        for face in faces:
            planes.setdefault((face.axis, face.plane), ([], []))[face.side].append((p, face))
    for lower, upper in planes.values():
        for (p, a), (q, b) in _touching(lower, upper):
            meet(p, a, q, b)
            met[id(a)] += _overlap(a, b)
            met[id(b)] += _overlap(b, a)
    return met


def waiting(faces: Sequence[BlockFace], met: dict[int, int], shape: Index, new: np.ndarray) -> list:
    """Return the faces that have not met all there is across, label a + 1 as ``new[a] + 1``."""
    unfinished = []
    for face in faces:
        limits = [n for axis, n in enumerate(shape) if axis != face.axis]
        low, high = face.reach
        if met[id(face)] < math.prod(np.minimum(high, limits) - np.maximum(low, 0)):
            labels = face.labels.copy()
            renumber(labels, new)
            unfinished.append(replace(face, labels=labels, met=met[id(face)]))
    return unfinished


def _touching(lower: Sequence, upper: Sequence) -> Iterator:
    """Yield pairs of faces below and above one plane, of different parts, that touch."""
    if not lower or not upper:
        return
    owners = np.array([q for q, _ in upper])
    corners = np.array([face.corner for _, face in upper])
    stops = np.array([face.stop for _, face in upper])
    for p, face in lower:
        low, high = face.reach
        touch = (owners != p) & np.all((corners < high) & (stops > low), axis=1)
        for i in np.flatnonzero(touch).tolist():
            yield (p, face), upper[i]


def _overlap(face: BlockFace, other: BlockFace) -> int:
    """Return how many voxels of the other face this one meets."""
    low, high = face.reach
    return math.prod(np.minimum(high, other.stop) - np.maximum(low, other.corner))
