"""Radii of bottlenecks and bulges of a volume of any size: slabs of planes, and temporary files."""

import itertools
import math
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
import xarray as xr

from poreflux.blocks import memory
from poreflux.errors import TooLarge
from poreflux.machine import available_cores
from poreflux.metrics.paths import ball_radii
from poreflux.metrics.paths.ball_radii import Radius, error_of_radius, passages, states_of
from poreflux.metrics.paths.conducting_box import ConductingBox, read_box
from poreflux.metrics.paths.field_mean import FieldInCells
from poreflux.metrics.paths.slab_paths import Plane, planes_of_a_slab, until_still
from poreflux.metrics.pores.local_thickness import (
    INSIDE,
    in_ranges,
    largest_ball,
    largest_balls,
    squared_radii,
)
from poreflux.store.disk import free_bytes

#: bytes a voxel of a slab: the phase and what is outside, three squared radii, marks
BYTES = 14

#: values that a level of a histogram tells apart
_LEVEL = 2**16

#: of the first plane and the last but one, the box of these planes
Reader: TypeAlias = Callable[[int, int], ConductingBox]

#: first plane of each slab, and the one after its last
Spans: TypeAlias = list[tuple[int, int]]


def radii(volume: xr.Dataset, phase: str, direction: str) -> tuple[Radius, Radius]:
    """Return the radii of the balls that cover half of the phase: of those that come in through the
    low face, and of all.
    """
    planes = volume.sizes[direction]
    depth = planes_of_a_slab(volume, direction, BYTES)

    def read(start: int, stop: int) -> ConductingBox:
        return read_box(volume.isel({direction: slice(start, stop)}), phase, direction)

    if depth == planes:
        return ball_radii.radii(read(0, planes))
    largest = largest_ball(volume, phase=phase)
    if math.isinf(largest):
        return Radius(math.inf, math.nan), Radius(math.inf, math.nan)
    if largest == 0:
        return Radius(0.0, math.nan), Radius(0.0, math.nan)
    slabs = SlabRadii(read, planes, largest)
    voxels = math.prod(slabs.shape)
    memory.refuse(
        BYTES * voxels // planes * (2 * slabs.reach + 1), "the constrictivity in slabs",
        do="measure a part of the volume",
    )  # fmt: skip
    depth = max(1, depth - 2 * slabs.reach)
    with tempfile.TemporaryDirectory(prefix="poreflux-") as folder:
        _refuse_full(Path(folder), 3 * slabs.dtype.itemsize * voxels)
        return slabs([*range(0, planes, depth), planes], Path(folder))


def _refuse_full(folder: Path, need: int) -> None:
    free = free_bytes(folder)
    if need > free:
        raise TooLarge(
            f"the constrictivity needs {need / 2**30:.1f} GiB of temporary files, "
            f"{free / 2**30:.1f} GiB are free in {folder.parent}; set TMPDIR to a larger disk, or "
            "measure a part of the volume"
        )


class SlabRadii:
    """Radii of a volume that is read in slabs, where no ball is larger than a diameter in µm."""

    def __init__(self, read: Reader, planes: int, largest: float):
        self.read, self.largest, self.threads = read, largest, available_cores()
        first = read(0, 1)
        self.spacing = first.spacing
        self.shape = (planes, *first.inside.shape[1:])
        #: planes beyond a slab that may matter to it
        self.reach = math.ceil(largest / 2 / self.spacing[0]) + 1
        wall = np.zeros((1, 1, 1), np.uint8)
        probe, self.weights = squared_radii(wall, self.spacing, largest)
        self.dtype = probe.dtype

    def __call__(self, cuts: list[int], folder: Path) -> tuple[Radius, Radius]:
        """Return the radii of bottlenecks and bulges; `cuts` are as of
        :func:`poreflux.metrics.paths.slab_paths.by_slabs`.
        """
        squares, entered, covered = (
            np.memmap(folder / name, self.dtype, "w+", shape=self.shape)
            for name in ("squares", "entered", "covered")
        )
        spans = list(itertools.pairwise(cuts))
        for start, stop in spans:
            squares[start:stop] = self._fitting(start, stop)
        self._enter(spans, squares, entered)
        voxels = sum(int((squares[a:b] > 0).sum()) for a, b in spans)
        found = []
        for centres in (entered, squares):
            for start, stop in spans:
                inside = squares[start:stop] > 0
                covered[start:stop] = self._painted(centres, start, stop) * inside
            found.append(self._covers_half(spans, covered, squares, voxels))
        bottleneck, bulge = found
        return bottleneck, bulge

    def _around(self, start: int, stop: int) -> tuple[int, int, slice]:
        """Return the planes that matter to a slab, and where it is in them."""
        low, high = max(0, start - self.reach), min(self.shape[0], stop + self.reach)
        return low, high, slice(start - low, stop - low)

    def _fitting(self, start: int, stop: int) -> np.ndarray:
        """Return the squared radius of the ball about each voxel of a slab, 0 outside the phase."""
        low, high, inner = self._around(start, stop)
        states = states_of(self.read(low, high))
        squares, _ = squared_radii(states, self.spacing, self.largest, self.threads)
        squares[states != INSIDE] = 0
        return squares[inner]

    def _enter(
        self, spans: list[tuple[int, int]], squares: np.ndarray, entered: np.ndarray
    ) -> None:
        """Write the squared radius of the largest ball that comes to each voxel from outside."""

        def solve(slab: int, low: Plane, high: Plane) -> tuple[np.ndarray, np.ndarray]:
            (start, stop), after = spans[slab], int(slab < len(spans) - 1)
            before = int(slab > 0)
            room = np.asarray(squares[start - before : stop + after])
            found = passages(room, low, high, before, after)[before : len(room) - after]
            entered[start:stop] = found
            return found[0].copy(), found[-1].copy()

        until_still(solve, len(spans), lambda new, known: new > known, self.dtype.type(0))

    def _painted(self, centres: np.ndarray, start: int, stop: int) -> np.ndarray:
        """Return the squared radius of the largest ball that holds each voxel of a slab."""
        low, high, inner = self._around(start, stop)
        balls = np.array(centres[low:high])
        with ThreadPoolExecutor(self.threads) as pool:
            in_threads = partial(in_ranges, pool, len(balls), self.threads)
            return largest_balls(balls, self.weights, in_threads)[inner]

    def _covers_half(
        self, spans: Spans, covered: np.ndarray, squares: np.ndarray, voxels: int
    ) -> Radius:
        """Return what :func:`poreflux.metrics.paths.ball_radii.radii` does, slab by slab."""

        def parts() -> Iterator[np.ndarray]:
            return (np.asarray(covered[a:b]) for a, b in spans)

        square, cells = reached(parts, voxels / 2), FieldInCells(self.shape, self.spacing)
        for start, stop in spans:
            inside = squares[start:stop] > 0
            cells.add(start, covered[start:stop] >= max(square, 1), inside)
        error = cells.error()
        low, high = (reached(parts, voxels * (0.5 + sign * error)) for sign in (1, -1))
        spread = error_of_radius(square, low, high) if error < 0.5 else math.nan
        unit = min(self.spacing)
        return Radius(unit * math.sqrt(square), unit * spread)


def reached(parts: Callable[[], Iterator[np.ndarray]], voxels: float) -> float:
    """Return the largest positive value that at least so many voxels reach, 0 where none is.

    The parts are counted by the upper halves of their bits, then by the lower: bits of positive
    numbers have the order of the numbers.

    Examples
    --------
    >>> values = np.array([0.0, 3.0, 1.5, 2.0], np.float32)
    >>> reached(lambda: iter([values[:2], values[2:]]), 2)
    2.0
    """
    wanted, found, rest = max(1, math.ceil(voxels)), 0, 32
    while rest:
        rest -= 16
        counts, kind = np.zeros(_LEVEL, np.int64), np.dtype(np.uint16)
        for part in parts():
            kind = part.dtype
            bits = part.ravel().view(f"u{kind.itemsize}").astype(np.uint32)
            bits = bits[bits > 0]
            inside = bits[(bits >> (rest + 16)) == found] if rest == 0 else bits
            counts += np.bincount((inside >> rest) & (_LEVEL - 1), minlength=_LEVEL)
        above = np.cumsum(counts[::-1])
        place = int(np.searchsorted(above, wanted))
        if place == _LEVEL:
            return 0.0
        digit = _LEVEL - 1 - place
        wanted -= int(above[place - 1]) if place else 0
        found = (found << 16) | digit
    return float(np.array([found], np.uint32).astype(f"u{kind.itemsize}").view(kind)[0])
