"""Radii of the balls that cover half of a phase in a box: of those that come in, and of all."""

import math
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np

from poreflux.kernels import paths
from poreflux.machine import available_cores
from poreflux.metrics.paths.conducting_box import ConductingBox, padded, strides
from poreflux.metrics.paths.field_mean import error_of_mean
from poreflux.metrics.pores.local_thickness import (
    INSIDE,
    UNKNOWN,
    far,
    in_ranges,
    largest_balls,
    squared_radii,
)


class Radius(NamedTuple):
    """A radius in µm and its sampling error."""

    value: float
    error: float


def radii(box: ConductingBox) -> tuple[Radius, Radius]:
    """Return the radii of the balls that cover half of the phase of a box: of those that come in
    through the first plane, and of all.
    """
    states = states_of(box)
    if not box.inside.any():
        return Radius(0.0, math.nan), Radius(0.0, math.nan)
    threads = available_cores()
    squares, weights = squared_radii(states, box.spacing, threads=threads)
    if squares.min() >= far(squares):
        return Radius(math.inf, math.nan), Radius(math.inf, math.nan)
    squares[states != INSIDE] = 0
    with ThreadPoolExecutor(threads) as pool:
        in_threads = partial(in_ranges, pool, len(squares), threads)
        covered = largest_balls(squares, weights, in_threads)
        bulge = _covers_half(covered, box)
        del covered
        covered = largest_balls(passages(squares), weights, in_threads)
    return _covers_half(covered, box), bulge


def states_of(box: ConductingBox) -> np.ndarray:
    """Return what each voxel is: wall, inside, or unknown where it does not count."""
    states = box.inside.astype(np.uint8)
    if box.sample is not None:
        states[~box.sample] = UNKNOWN
    return states


def passages(
    squares: np.ndarray,
    low: np.ndarray | None = None,
    high: np.ndarray | None = None,
    before: int = 0,
    after: int = 0,
) -> np.ndarray:
    """Return the squared radius of the largest ball that comes to each voxel from the first plane,
    of those that fit there.

    There are `before` and `after` planes of neighbours, 0 or 1, with the passages `low` and `high`,
    by default none; balls come in through the first plane where there is none before.
    """
    room = padded(squares, squares.dtype)
    passage = np.zeros_like(room)
    if not before:
        passage[1] = room[1]
    for number, plane in ((1, low), (len(squares), high)):
        if plane is not None:
            passage[number, 1:-1, 1:-1] = plane
    part = slice(before, len(room) - after)  # the planes of neighbours are not swept
    steps = strides(squares.shape)
    dirty = np.full(len(room[part]), paths.FORWARD | paths.BACKWARD, np.uint8)
    dirty[[0, -1]] = 0
    backward = False
    flat, shape = (room[part].ravel(), passage[part].ravel()), room[part].shape
    while dirty[1:-1].any():
        paths.widen(*flat, shape, steps, dirty, backward)
        backward = not backward
    return np.ascontiguousarray(passage[1:-1, 1:-1, 1:-1])


def _covers_half(covered: np.ndarray, box: ConductingBox) -> Radius:
    """Return the largest radius that at least half of the phase reaches, and its error."""
    unit, voxels = min(box.spacing), int(box.inside.sum())
    covered[~box.inside] = 0
    values = covered[covered > 0]
    square = _reached(values, voxels / 2)
    error = error_of_mean(covered >= max(square, 1), box.inside, box.spacing)
    low, high = (_reached(values, voxels * (0.5 + sign * error)) for sign in (1, -1))
    spread = error_of_radius(square, low, high) if error < 0.5 else math.nan
    return Radius(unit * math.sqrt(square), unit * spread)


def error_of_radius(square: float, low: float, high: float) -> float:
    """Return the error of a radius, of squares in units of the shortest edge of a voxel.

    It is half of how far the radius moves where as much more or less of the phase reaches it as
    another sample may have (`low` and `high`), and, as squares add, what rounding to the distances
    between voxels takes: their squares are integers in cubic voxels, and mostly closer in others.

    Examples
    --------
    >>> round(error_of_radius(9.0, 8.0, 10.0), 3), round(error_of_radius(9.0, 9.0, 9.0), 3)
    (0.173, 0.047)
    """
    step = math.sqrt(square + 1) - math.sqrt(square)
    return math.hypot((math.sqrt(high) - math.sqrt(low)) / 2, step / math.sqrt(12))


def _reached(values: np.ndarray, voxels: float) -> float:
    """Return the largest squared radius that at least so many voxels reach, 0 where none is."""
    count = max(1, math.ceil(voxels))
    if values.size < count:
        return 0.0
    return float(np.partition(values, values.size - count)[values.size - count])
