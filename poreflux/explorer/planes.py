"""The three planes through one point: which level of the pyramid a window needs, and its image."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from poreflux.explorer.images import Images, Triple
from poreflux.schema import DIMS

#: part of a window by which more is read than is seen, so that small moves need no more
_MARGIN = 0.15


@dataclass(frozen=True)
class Plane:
    """A plane across one axis: axes (0, 1, 2 for z, y, x) across it, down it and to its right."""

    name: str
    across: int
    down: int
    right: int


#: x is to the right and y down in the first; the others share an axis with it
PLANES = (Plane("xy", 0, 1, 2), Plane("xz", 1, 0, 2), Plane("zy", 2, 1, 0))


@dataclass(frozen=True)
class View:
    """What is looked at: a point z, y, x in µm; a range of each axis; pixels along a range."""

    point: tuple[float, ...]
    ranges: tuple[tuple[float, float], ...]
    pixels: float

    @staticmethod
    def of(numbers: Sequence[float]) -> "View":
        """Return the view of ten numbers: the point, the ranges, and the pixels.

        Examples
        --------
        >>> View.of([1, 2, 3, 0, 9, 0, 8, 0, 7, 400]).ranges
        ((0, 9), (0, 8), (0, 7))
        """
        z, y, x, *ends, pixels = numbers
        return View((z, y, x), tuple(zip(ends[::2], ends[1::2])), pixels)


def level_of(images: Images, name: str, view: View) -> int:
    """Return the coarsest level whose voxels are no larger than a pixel.

    Examples
    --------
    >>> from poreflux import from_array
    >>> from poreflux.explorer.images import in_memory
    >>> images = in_memory(from_array(np.ones((4, 4, 800), np.uint8)))
    >>> ranges = ((0, 4), (0, 4), (0, 800))
    >>> [level_of(images, "phase", View((0, 0, 0), ranges, n)) for n in (800, 400, 401, 100)]
    [0, 1, 0, 3]
    """
    pixel = max(b - a for a, b in view.ranges) / max(view.pixels, 1)
    level = math.floor(math.log2(max(pixel / min(images.spacing), 1)) + 1e-9)
    return min(level, len(images.arrays[name].levels) - 1)


@dataclass(frozen=True)
class Cut:
    """The part of a plane of one level that a window needs: what is read, and where it lies."""

    plane: Plane
    name: str
    level: int
    start: Triple
    stop: Triple


def cut(images: Images, name: str, plane: Plane, view: View) -> Cut:
    """Return the part of a plane through the point of a view that its window shows."""
    level = level_of(images, name, view)
    shape = images.arrays[name].levels[level].shape
    start, stop = [0, 0, 0], [0, 0, 0]
    voxel = images.voxel(view.point)
    start[plane.across] = min(voxel[plane.across] >> level, shape[plane.across] - 1)
    stop[plane.across] = start[plane.across] + 1
    for axis in (plane.down, plane.right):
        low, high = view.ranges[axis]
        margin = _MARGIN * (high - low)
        step = images.spacing[axis] * 2**level
        first = math.floor((low - margin - images.origin[axis]) / step)
        last = math.ceil((high + margin - images.origin[axis]) / step)
        # whole steps of 32 voxels, so that a small move asks for the same
        start[axis] = min(max(32 * (first // 32), 0), shape[axis] - 1)
        stop[axis] = max(min(32 * -(-last // 32), shape[axis]), start[axis] + 1)
    return Cut(plane, name, level, tuple(start), tuple(stop))


def picture(images: Images, part: Cut) -> dict[str, list[Any]]:
    """Return the image of a part of a plane and its place in µm, as the page draws it."""
    values = images.read(part.name, part.level, part.start, part.stop)
    flat = values.squeeze(part.plane.across)
    if part.plane.down > part.plane.right:
        flat = flat.T
    if flat.dtype.itemsize > 4:
        flat = flat.astype(np.float32 if flat.dtype.kind == "f" else np.int32)
    if flat.dtype.kind == "b":
        flat = flat.view(np.uint8)
    place: dict[str, list[float]] = {}
    for axis, at, width in ((part.plane.right, "x", "dw"), (part.plane.down, "y", "dh")):
        step = images.spacing[axis] * 2**part.level
        low = images.origin[axis] + part.start[axis] * step
        place |= {at: [low], width: [(part.stop[axis] - part.start[axis]) * step]}
    return {"image": [np.ascontiguousarray(flat)], **place}


def at_point(images: Images, point: Sequence[float]) -> dict[str, float]:
    """Return the value of every image in the voxel at a point."""
    voxel = images.voxel(point)
    stop = tuple(i + 1 for i in voxel)
    return {name: float(images.read(name, 0, voxel, stop)[0, 0, 0]) for name in images.arrays}


def words_of_level(images: Images, part: Cut) -> str:
    """Return what a pixel of an image is, in words.

    Examples
    --------
    >>> from poreflux import from_array
    >>> from poreflux.explorer.images import in_memory
    >>> images = in_memory(from_array(np.ones((4, 4, 800), np.uint8)))
    >>> view = View((0, 0, 0), ((0, 4), (0, 4), (0, 800)), 400)
    >>> words_of_level(images, cut(images, "phase", PLANES[0], view))
    'one of every 2 × 2 × 2 voxels'
    """
    if part.level == 0:
        return "single voxels"
    edge = " × ".join([str(2**part.level)] * len(DIMS))
    how = images.arrays[part.name].joined
    return f"{how} of every {edge} voxels" if how == "one" else f"{how} of {edge} voxels"
