"""Shortest paths through a volume of any size: a slab at a time, until no slab changes another."""

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
import xarray as xr

from poreflux.blocks import memory
from poreflux.kernels import paths
from poreflux.metrics.paths.conducting_box import (
    STEPS,
    ConductingBox,
    padded,
    read_box,
    strides,
)
from poreflux.schema import DIMS
from poreflux.volume import require

#: bytes a voxel of a slab: the phase as read and padded, a mask, the distance
BYTES = 7

#: bytes of a slab: a volume that is not larger is one
SLAB = 2 * 2**30

Plane: TypeAlias = np.ndarray | None

#: of the first plane and the last but one, the box of these planes
Reader: TypeAlias = Callable[[int, int], ConductingBox]


class Face(NamedTuple):
    """The last plane: whether each voxel is of the phase, and the length of its path in µm."""

    inside: np.ndarray
    distance: np.ndarray
    spacing: tuple[float, float, float]


def distances_at_high_face(volume: xr.Dataset, phase: str, direction: str) -> Face:
    """Return the lengths of the shortest paths from the low face to voxels of the high one.

    The volume is read once where it is one slab, and a few times where it is several.
    """
    planes = volume.sizes[direction]
    depth = planes_of_a_slab(volume, direction)
    cuts = [*range(0, planes, depth), planes]

    def read(start: int, stop: int) -> ConductingBox:
        return read_box(volume.isel({direction: slice(start, stop)}), phase, direction)

    return by_slabs(read, cuts)


def planes_of_a_slab(volume: xr.Dataset, direction: str, each: int = BYTES) -> int:
    """Return how many planes to hold at a time, of so many bytes `each` voxel: whole chunks where
    one fits.

    Raises
    ------
    TooLarge
        where memory does not hold three planes.
    """
    planes = volume.sizes[direction]
    plane = each * math.prod(volume.sizes[dim] for dim in DIMS) // planes
    free = memory.free_memory()
    memory.refuse(
        3 * plane, "a plane of the shortest paths", do="measure a part of the volume", free=free
    )
    fit = int(min(SLAB, free // 2) // plane) - 2
    chunk = require(volume, "phase").chunksizes.get(direction, (1,))[0]
    whole = fit // chunk * chunk
    return min(planes, max(1, whole or fit))


def by_slabs(read: Reader, cuts: list[int]) -> Face:
    """Return the last plane of slabs; `cuts` are their first planes, and the number of planes."""
    faces: list[Face] = []

    def solve(slab: int, low: Plane, high: Plane) -> tuple[np.ndarray, np.ndarray]:
        box, before, after = _with_neighbours(read, cuts, slab)
        distance = shortened(box, low, high, before, after)
        first, last = distance[before].copy(), distance[len(distance) - 1 - after].copy()
        if slab == len(cuts) - 2:
            faces[:] = [Face(box.inside[-1].copy(), last, box.spacing)]
        return first, last

    until_still(solve, len(cuts) - 1, lambda new, known: new < known, np.float32(np.inf))
    return faces[0]


def until_still(
    solve: Callable[[int, Plane, Plane], tuple[np.ndarray, np.ndarray]],
    slabs: int,
    is_better: Callable[[np.ndarray, np.ndarray], np.ndarray],
    worst: np.generic,
) -> None:
    """Solve slab by slab, up and down, until none changes what its neighbours begin with.

    What crosses the face of two slabs is known by its two planes alone: ``solve(slab, low, high)``
    goes from the last plane of the slab before and the first of the one after, None where they are
    not solved yet, and returns its own first and last. The answers are those of one slab, in the
    same order.
    """
    first: dict[int, np.ndarray] = {}  # plane of each slab that was solved
    last: dict[int, np.ndarray] = {}
    due, upwards = set(range(slabs)), True
    while due:
        for slab in sorted(due, reverse=not upwards):
            due.discard(slab)
            planes = solve(slab, last.get(slab - 1), first.get(slab + 1))
            for known, plane, neighbour in zip((first, last), planes, (slab - 1, slab + 1)):
                before = known.get(slab, np.full_like(plane, worst))
                if 0 <= neighbour < slabs and is_better(plane, before).any():
                    due.add(neighbour)
                known[slab] = plane
        upwards = not upwards


def shortened(
    box: ConductingBox,
    low: np.ndarray | None = None,
    high: np.ndarray | None = None,
    before: int = 0,
    after: int = 0,
) -> np.ndarray:
    """Return the length in µm of the shortest path to the centre of each voxel (float32), infinite
    where there is none.

    Parameters
    ----------
    box
        with `before` and `after` planes of its neighbours, 0 or 1; paths begin at its outer face
        where it has no plane before.
    low, high
        lengths in these planes, by default none is reached.
    """
    inside = padded(box.inside, np.uint8)
    distance = np.full(inside.shape, np.inf, np.float32)
    first, final = 1 + before, len(box.inside) - after
    if not before:
        distance[1, 1:-1, 1:-1][box.inside[0]] = box.spacing[0] / 2
    for number, plane in ((1, low), (len(box.inside), high)):
        if plane is not None:
            distance[number, 1:-1, 1:-1] = plane
    steps = strides(box.inside.shape)
    lengths = np.sqrt(((STEPS * box.spacing) ** 2).sum(axis=1)).astype(np.float32)
    part = slice(first - 1, final + 2)  # the planes of neighbours are not swept
    inside, swept = inside[part], distance[part]
    dirty = np.full(len(inside), paths.FORWARD | paths.BACKWARD, np.uint8)
    dirty[[0, -1]] = 0
    backward = False
    flat, shape = (inside.ravel(), swept.ravel()), inside.shape
    while dirty[1:-1].any():
        paths.shorten(*flat, shape, steps, lengths, dirty, backward)
        backward = not backward
    return distance[1:-1, 1:-1, 1:-1]


def _with_neighbours(read: Reader, cuts: list[int], slab: int) -> tuple[ConductingBox, int, int]:
    """Return a slab with a plane of each neighbour, and how many it has before and after."""
    before, after = int(slab > 0), int(slab < len(cuts) - 2)
    return read(cuts[slab] - before, cuts[slab + 1] + after), before, after
