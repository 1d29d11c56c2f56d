"""Local thickness: the diameter of the largest ball that holds a voxel and fits into the phase."""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import DTypeLike

from poreflux import blocks
from poreflux.annotations import AnyArray, BinSpacing, Progress, ShownProgress
from poreflux.blocks import Scheduler
from poreflux.kernels.distance import (
    FAR,
    WHOLE_FAR,
    distance_across_planes,
    distance_in_planes,
    look_up,
)
from poreflux.kernels.thickness import covering_radii, diameters, mark_centres, paint_balls
from poreflux.machine import available_cores
from poreflux.metrics.density.counting import dataset, fraction, inputs, select
from poreflux.metrics.pores.size_histogram import bin_coordinate, counts, size_bins
from poreflux.progress import shows_progress
from poreflux.schema import DIMS, attributes
from poreflux.volume import label_of, require, voxel_size

#: what a voxel is: a wall, a place for a centre, or unknown (outside the mask or the volume)
WALL, INSIDE, UNKNOWN = 0, 1, 2

#: longest edge in voxels of what one task works on, without its ghosts
_EDGE = 256

#: the same for the search for the largest ball
_SEARCH = 200

#: ghosts in voxels of the first search for the largest ball
_FIRST_REACH = 24


@shows_progress("local thickness")
def local_thickness(
    volume: xr.Dataset,
    *,
    largest: float | None = None,
    whole: bool = False,
    phase: str = "pore",
    progress: ShownProgress = None,
    scheduler: Scheduler = None,
) -> xr.Dataset:
    """Map the diameter of the largest ball that holds each voxel and fits into a phase.

    The largest ball of all decides how far blocks must overlap: without `largest` it is found at
    once, in a pass of its own. The map itself is lazy.

    Parameters
    ----------
    volume
        with `phase`, dims (z, y, x); what lies outside the volume or a `mask` is no wall, and no
        centre of a ball.
    largest
        a diameter in µm that no ball exceeds, if it is known.
    whole
        take radii down to whole voxels, as other programs do; for voxels that are cubes.
    phase
        name of the phase.
    progress, scheduler
        as in :func:`poreflux.blocks.compute`, for the largest ball.

    Returns
    -------
    Dataset with `local_thickness` in µm, lazy, of the volume's dims; 0 outside the phase, infinite
    where there is no wall at all.

    Notes
    -----
    A radius is the distance from the centre of a voxel to that of the nearest voxel of the wall,
    and a ball holds the voxels whose centres are nearer. So a slab of n voxels is n thick where n
    is even and n + 1 where it is odd: those of 1, 3 and 7 voxels come out as 2, 4 and 8. Round
    pores come out too small: the mean over a sphere 8 voxels in diameter is 14 % below the
    diameter, from 17 % below to 3 % above by where its centre lies; over one of 16 voxels 6 %, of
    32 voxels 3 %. All radii count, not a list of sizes.

    References
    ----------
    T. Hildebrand, P. Rüegsegger, J. Microsc. 185, 67 (1997).

    Examples
    --------
    >>> from poreflux.phantoms import spheres
    >>> thickness = local_thickness(spheres(20, [(10.5, 10.5, 10.5)], 9.0))
    >>> round(float(thickness["local_thickness"].max()), 1)
    9.2
    """
    size = voxel_size(volume)
    if whole and len(set(size)) > 1:
        raise ValueError(f"whole=True needs voxels that are cubes, not of {size} µm; leave it out")
    if largest is not None and not largest > 0:
        raise ValueError(f"largest={largest} is not a diameter; give a positive one, in µm")
    shape = require(volume, "phase").shape
    number = math.prod(map(len, windows(shape, _EDGE)))
    if number == 1:  # nothing to overlap with
        depth, diameter = [0, 0, 0], largest or math.inf
    else:
        search: dict = {"phase": phase, "progress": progress, "scheduler": scheduler}
        diameter = largest or largest_ball(volume, **search)
        depth = reach(diameter, size, shape)
    fill = Thickness(size, diameter / 2, whole, max(1, available_cores() // number))
    thickness = by_windows(fill, volume, phase, depth, edge=_EDGE, dtype=np.float32)
    named = (DIMS, thickness, {**attributes("local_thickness"), "phase": phase})
    return xr.Dataset({"local_thickness": named}, volume.coords, volume.attrs)


def thickness_sizes(
    volume: xr.Dataset,
    *,
    bin_width: float | None = None,
    spacing: BinSpacing = "linear",
    phase: str = "pore",
    **options: Any,
) -> xr.Dataset:
    """Return the histogram by volume of :func:`local_thickness`, lazy; options are passed on.

    Returns
    -------
    Dataset over (diameter,) in µm with `local_thickness_share` of the volume of the phase, and
    `local_thickness_mean`, `local_thickness_std`, `local_thickness_largest` in µm.
    """
    edges = size_bins(volume, bin_width, spacing)
    thickness = local_thickness(volume, phase=phase, **options)["local_thickness"]
    moments = ("local_thickness_mean", "local_thickness_std", "local_thickness_largest")
    outputs: dict = {"local_thickness_share": ((len(edges) - 1,), float)}
    outputs |= {name: ((), float) for name in moments}
    plan = blocks.Plan(functools.partial(_measure, edges), _combine, _finish, outputs)
    lazy = blocks.reduce({"thickness": thickness.data}, plan)
    variables = {name: (("diameter",)[: array.ndim], array) for name, array in lazy.items()}
    note = {"phase": phase, "method": "thickness"}
    return dataset(volume, variables, coords=bin_coordinate(edges), note=note)


def largest_ball(
    volume: xr.Dataset,
    *,
    phase: str = "pore",
    progress: Progress | None = None,
    scheduler: Scheduler = None,
) -> float:
    """Return the diameter in µm of the largest ball that fits into a phase, at once.

    Examples
    --------
    >>> from poreflux.phantoms import layers
    >>> largest_ball(layers((15, 6, 6), thickness=3))
    4.0
    """
    size, shape = voxel_size(volume), require(volume, "phase").shape
    radius = _FIRST_REACH * max(size)
    while True:
        depth = [min(math.ceil(radius / h), n) for h, n in zip(size, shape)]
        if all(d >= n for d, n in zip(depth, shape)):
            radius = math.inf  # each block sees all there is
        find = functools.partial(_farthest_block, size, radius)
        squares = by_windows(find, volume, phase, depth, edge=_SEARCH, dtype=np.float32)
        lazy = blocks.run({"squares": squares}, blocks.Plan(_maximum, max, _unchanged, {}))
        (square,) = blocks.compute(lazy, progress=progress, scheduler=scheduler)
        most = math.sqrt(square) * min(size)
        if most < radius or math.isinf(radius):
            return 2.0 * most
        radius *= 2


@dataclass(frozen=True)
class Thickness:
    """Map the diameter in µm of the largest ball at each voxel of a block and its ghosts."""

    size: tuple[float, float, float]
    largest: float
    whole: bool
    threads: int = 1

    def __call__(self, states: np.ndarray) -> np.ndarray:
        unit, shape = min(self.size), states.shape
        r2, weights = squared_radii(states, self.size, self.largest, self.threads)
        if r2.min() >= far(r2):
            return _endless(states)
        # ghosts far out may not see their wall
        np.minimum(r2, _ceiling(r2, _limit(self.size, self.largest)), out=r2)
        if (states == UNKNOWN).any():
            r2 *= states == INSIDE
        longest = int(r2.max(initial=0))
        with ThreadPoolExecutor(self.threads) as pool:
            in_threads = functools.partial(in_ranges, pool, shape[0], self.threads)
            if self.whole:
                _floor_radii(r2, longest, in_threads)
            return _diameters(largest_balls(r2, weights, in_threads), r2, unit, in_threads)


def largest_balls(r2: np.ndarray, weights: np.ndarray, in_threads: Callable) -> np.ndarray:
    """Return the squared radius of the largest ball that holds each voxel.

    `r2` are those of the balls about each voxel, 0 where there is none; ``in_threads(function,
    *arguments)`` calls it on ranges of planes.
    """
    cubes = bool((weights == 1).all())
    cover, table = _tables(int(r2.max(initial=0))) if cubes else _NO_TABLES
    marks = np.empty(r2.shape, np.uint8)
    in_threads(mark_centres, r2, cover, weights, marks)
    largest_r2 = r2.copy()
    in_threads(paint_balls, r2, marks, weights, table, largest_r2)
    return largest_r2


def by_windows(
    function: Callable,
    volume: xr.Dataset,
    phase: str,
    depth: Sequence[int],
    *,
    edge: int,
    dtype: DTypeLike,
) -> AnyArray:
    """Apply a function to what each voxel is, lazily, in blocks and what surrounds them.

    The blocks, of edges up to `edge` voxels, depend on the shape of the volume alone.
    """
    work = functools.partial(_of_states, label_of(volume, phase), function)
    chunks = windows(require(volume, "phase").shape, edge)
    return blocks.map_windows(work, inputs(volume), chunks, depth, dtype=dtype)


def windows(shape: tuple[int, ...], edge: int) -> tuple[tuple[int, ...], ...]:
    """Return the sizes of blocks along each axis, as equal as can be."""
    counts = [math.ceil(n / edge) for n in shape]
    return tuple(tuple(np.diff(blocks.edges(n, m)).tolist()) for n, m in zip(shape, counts))


def squared_radii(
    states: np.ndarray, size: Sequence[float], largest: float = math.inf, threads: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Return squared distances to the nearest wall, and the weights of the axes, in voxels.

    The unit is the shortest edge of a voxel. Distances beyond `largest` (µm) are too large. Squares
    are whole, as uint16, where voxels are cubes and no distance is 181 voxels or more.
    """
    weights = (np.asarray(size) / min(size)) ** 2
    limit, cubes = _limit(size, largest), bool((weights == 1).all())
    if cubes and (limit < WHOLE_FAR or math.isinf(largest)):
        r2 = _distances(states, weights, limit, WHOLE_FAR, threads, np.uint16)
        if limit < WHOLE_FAR or r2.max(initial=0) < WHOLE_FAR:
            return r2, weights
    return _distances(states, weights, limit, 10 * float(FAR), threads, np.float32), weights


def far(r2: np.ndarray) -> float:
    """Return the squared distance from which on there is no wall."""
    return WHOLE_FAR if r2.dtype == np.uint16 else float(FAR)


def reach(diameter: float, size: Sequence[float], shape: tuple[int, ...]) -> list[int]:
    """Return how many voxels along each axis may matter for a ball of this diameter."""
    if math.isinf(diameter):  # no wall anywhere
        return [0, 0, 0]
    return [min(math.ceil(diameter / h) + 1, n) for h, n in zip(size, shape)]


def _limit(size: Sequence[float], largest: float) -> float:
    """Return the squared distance in voxels beyond which none matters, with room for rounding."""
    return min((largest / min(size)) ** 2 * 1.001, float(FAR))


def _distances(
    states: np.ndarray,
    weights: np.ndarray,
    limit: float,
    top: float,
    threads: int,
    dtype: DTypeLike,
) -> np.ndarray:
    states, w = np.ascontiguousarray(states), weights.astype(np.float32)
    flat, work = (np.empty(states.shape, dtype) for _ in range(2))
    most, out_of_sight = np.float32(limit), np.float32(top)
    with ThreadPoolExecutor(threads) as pool:
        in_ranges(
            pool,
            states.shape[0],
            threads,
            distance_in_planes,
            states,
            w,
            most,
            out_of_sight,
            work,
            flat,
        )
        in_ranges(pool, states.shape[1], threads, distance_across_planes, flat, w, most, work)
    return work


def _ceiling(r2: np.ndarray, limit: float) -> Any:
    """Return a limit as a number of the kind of r2."""
    return r2.dtype.type(math.ceil(min(limit, far(r2))) if r2.dtype == np.uint16 else limit)


def _floor_radii(r2: np.ndarray, longest: int, in_threads: Callable) -> None:
    """Take radii down to whole voxels, in place."""
    if r2.dtype == np.uint16:
        in_threads(look_up, np.floor(np.sqrt(np.arange(longest + 1))).astype(r2.dtype) ** 2, r2)
    else:
        np.floor(np.sqrt(r2, out=r2), out=r2)
        r2 *= r2


def _diameters(
    largest_r2: np.ndarray, r2: np.ndarray, unit: float, in_threads: Callable
) -> np.ndarray:
    """Return diameters of balls of squared radii in voxels, 0 where there is no centre."""
    scale = np.float32(2 * unit)
    if r2.dtype == np.uint16:
        out = np.empty(r2.shape, np.float32)
        table = np.sqrt(np.arange(int(largest_r2.max(initial=0)) + 1, dtype=np.float32)) * scale
        in_threads(diameters, largest_r2, r2, table, out)
        return out
    np.sqrt(largest_r2, out=largest_r2)
    largest_r2 *= scale
    largest_r2[r2 == 0] = 0
    return largest_r2


def _of_states(label: int, function: Callable, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    chosen, mask = select(arrays, label)
    states = chosen.view(np.uint8)
    return function(states if mask is None else np.where(mask, states, np.uint8(UNKNOWN)))


def _farthest_block(size: Sequence[float], radius: float, states: np.ndarray) -> np.ndarray:
    """Return the square of the distance in voxels to the nearest wall; 0 outside the phase."""
    r2, _ = squared_radii(states, size, radius)
    r2 *= states == INSIDE
    return r2 if r2.max(initial=0) < far(r2) else np.where(r2 >= far(r2), np.float32(np.inf), r2)


def _endless(states: np.ndarray) -> np.ndarray:
    return np.where(states == INSIDE, np.float32(np.inf), np.float32(0))


def in_ranges(pool: ThreadPoolExecutor, n: int, count: int, function: Any, *arguments: Any) -> None:
    """Call ``function(*arguments, start, stop)`` on ranges of 0 to n, side by side."""
    edges = np.linspace(0, n, min(count, n) + 1).astype(int)
    jobs = [pool.submit(function, *(*arguments, a, b)) for a, b in pairwise(edges.tolist())]
    for job in jobs:
        job.result()


_NO_TABLES = np.zeros((3, 0), np.int64), np.zeros(0, np.int32)


@functools.lru_cache(maxsize=4)
def _tables_up_to(longest: int) -> tuple[np.ndarray, np.ndarray]:
    line = np.arange(math.isqrt(longest) + 2)
    squares = _squares(line, line, line)
    use = squares <= longest
    order = np.argsort(squares[use], kind="stable")
    cover = np.zeros((3, longest + 1), np.int64)
    for row, aside in zip(cover, ((0, 0, 1), (0, 1, 1), (1, 1, 1))):
        other = _squares(*(line + a for a in aside))
        covering_radii(np.stack((squares[use], other[use]), axis=1)[order], row)
    return cover, (np.ceil(np.sqrt(np.arange(longest + 1))) - 1).astype(np.int32)


def _squares(z: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return the squared distances z² + y² + x² of all places."""
    z, y, x = np.ix_(z**2, y**2, x**2)
    return (z + y + x).ravel()


def _tables(longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Return covering radii and half widths for squared radii up to `longest` and more."""
    return _tables_up_to(2 ** math.ceil(math.log2(longest + 2)))


def _measure(
    edges: np.ndarray, arrays: Mapping[str, np.ndarray], start: tuple[int, ...]
) -> dict[str, np.ndarray]:
    values = arrays["thickness"][arrays["thickness"] > 0].astype(float)
    return {
        "number": counts(values, edges),
        "sums": np.array([values.size, values.sum(), (values**2).sum()]),
        "largest": values.max(initial=0.0),
    }


def _combine(partials: Sequence[Mapping]) -> dict:
    return {
        "number": sum(partial["number"] for partial in partials),
        "sums": sum(partial["sums"] for partial in partials),
        "largest": max(partial["largest"] for partial in partials),
    }


def _finish(total: Mapping[str, Any]) -> dict[str, np.ndarray | float]:
    n, first, second = total["sums"]
    mean = first / n if n else math.nan
    return {
        "local_thickness_share": fraction(total["number"], np.asarray(n)),
        "local_thickness_mean": mean,
        "local_thickness_std": math.sqrt(max(second / n - mean**2, 0)) if n else math.nan,
        "local_thickness_largest": total["largest"] if n else math.nan,
    }


def _unchanged(value: Any) -> Any:
    return value


def _maximum(arrays: Mapping[str, np.ndarray], start: tuple[int, ...]) -> float:
    return float(arrays["squares"].max(initial=0))
