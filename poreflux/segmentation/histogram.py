"""The histogram of grey values of a whole volume, exact where they are integers of 16 bits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from poreflux import blocks
from poreflux.kernels.counting import count_values
from poreflux.segmentation.surroundings import COUNTED, sums_of_integers

#: integers that span fewer values are counted one by one
_EXACT_SPAN = 2**16

#: name of the :func:`poreflux.segmentation.surroundings.surroundings` of an image
NEAR = "near"


@dataclass(frozen=True)
class Histogram:
    """How many voxels have each grey value, or lie in the bin around it.

    Attributes
    ----------
    values
        grey values, ascending: integers, or centres of bins.
    counts
        voxels of each.
    lowest, highest
        of all grey values.
    """

    values: np.ndarray
    counts: np.ndarray
    lowest: float
    highest: float

    def grouped(self, most: int) -> dict[str, list]:
        """Return values and counts in at most so many bins, few enough for an attribute."""
        group = -(-self.values.size // most)
        starts = np.arange(0, self.values.size, group)
        sizes = np.diff(np.append(starts, self.values.size))
        values = np.add.reduceat(self.values.astype(float), starts) / sizes
        return {
            "values": values.tolist(),
            "counts": np.add.reduceat(self.counts, starts).tolist(),
        }


def histogram(arrays: Mapping[str, Any], *, bins: int = 1024, **options: Any) -> Histogram:
    """Count the grey values of a volume, or of its mask, in one pass (two for floats).

    Parameters
    ----------
    arrays
        ``gray``, and ``mask`` where there is one.
    bins
        for floats, and for integers that span more than 16 bits.
    options
        progress and scheduler, as for :func:`poreflux.blocks.compute`.

    Raises
    ------
    ValueError
        if a grey value is not finite, or the mask is empty.
    """
    return histograms(arrays, ["gray"], bins=bins, **options)[0]


def histograms(
    arrays: Mapping[str, Any], names: Sequence[str], *, bins: int = 1024, **options: Any
) -> list[Histogram]:
    """Count the values of several images of one volume and one dtype, all in the same passes.

    Parameters
    ----------
    arrays
        the images by name, and ``mask`` where there is one.
    names
        of the images, ``"near"`` last: the surroundings of the image before it.
    bins, options
        as for :func:`histogram`.
    """
    dtype = arrays[names[0]].dtype
    images = [name for name in names if name != NEAR]
    if sums_of_integers(dtype):
        limits = np.iinfo(dtype)
        ranges: dict[str, tuple] = dict.fromkeys(images, (int(limits.min), int(limits.max)))
        spans = {**ranges, **({NEAR: tuple(COUNTED * b for b in ranges[images[0]])})}
        counters = [_value_counter(name, *spans[name]) for name in names]
    else:
        ranges = _ranges(arrays, images, options)
        exact = dtype.kind in "iu" and all(b - a < _EXACT_SPAN for a, b in ranges.values())
        counters = [
            _value_counter(n, int(ranges[n][0]), int(ranges[n][1]))
            if exact
            else _bin_counter(n, bins, ranges[n], dtype)
            for n in images
        ]
        if NEAR in names:
            counters.append(_bin_counter(NEAR, bins, ranges[images[-1]], np.dtype(float)))
    found = _counted([measure for measure, _ in counters], arrays, options)
    return [finish(*counts) for (_, finish), counts in zip(counters, found)]


def _value_counter(name: str, low: int, high: int) -> tuple[Callable, Callable]:
    """Return what counts each value of an image, and what makes the histogram of the counts."""
    measure = partial(_measure_values, name=name, lowest=low, size=high - low + 1)
    return measure, partial(_of_values, name=name, low=low)


def _bin_counter(name: str, bins: int, limits: tuple, dtype: np.dtype) -> tuple:
    """Return what counts the values of an image in bins, and what makes the histogram of it."""
    bounds = tuple(dtype.type(v) if dtype.kind == "f" else v for v in limits)
    measure = partial(_measure_bins, name=name, bins=bins, limits=bounds)
    edges = np.histogram_bin_edges(np.empty(0, dtype), bins, bounds)
    return measure, partial(_of_bins, edges=edges, limits=limits)


def _of_values(first: int, counts: np.ndarray, *, name: str, low: int) -> Histogram:
    values = low + first + np.arange(counts.size)
    if name != NEAR:
        return _trimmed(values, counts)
    if not counts.any():  # no voxel has all its neighbours
        return Histogram(np.zeros(1), np.zeros(1, np.int64), 0.0, 0.0)
    return _trimmed(values / COUNTED, counts)


def _of_bins(first: int, counts: np.ndarray, *, edges: np.ndarray, limits: tuple) -> Histogram:
    lowest, highest = map(float, limits)
    return Histogram((edges[1:] + edges[:-1]) / 2, counts, lowest, highest)


def _trimmed(values: np.ndarray, counts: np.ndarray) -> Histogram:
    present = np.flatnonzero(counts)
    if not present.size:
        raise ValueError("the mask is empty; there are no grey values to segment")
    inside = slice(present[0], present[-1] + 1)
    values = values[inside]
    return Histogram(values, counts[inside], float(values[0]), float(values[-1]))


def _counted(
    measures: Sequence[Callable], arrays: Mapping[str, Any], options: Any
) -> Sequence[tuple[int, np.ndarray]]:
    plans = [blocks.Plan(measure, blocks.add_patches, _finish_counts, {}) for measure in measures]
    return blocks.compute(*(blocks.run(arrays, plan) for plan in plans), **options)


def _measure_values(
    arrays: Mapping[str, np.ndarray], start: tuple[int, ...], *, name: str, lowest: int, size: int
) -> dict:
    counts = np.zeros(size, np.int64)
    values = _chosen(arrays, name)
    count_values(values[values >= lowest] if name == NEAR else values, lowest, counts)
    present = np.flatnonzero(counts)
    first, last = (present[0], present[-1] + 1) if present.size else (0, 0)
    return {"counts": blocks.Patch((int(first),), counts[first:last])}


def _measure_bins(
    arrays: Mapping[str, np.ndarray], start: tuple[int, ...], *, name: str, bins: int, limits: tuple
) -> dict:
    counts, _ = np.histogram(_chosen(arrays, name), bins, limits)
    return {"counts": blocks.Patch((0,), counts)}


def _finish_counts(total: Mapping[str, blocks.Patch]) -> tuple[int, np.ndarray]:
    return total["counts"].start[0], total["counts"].values.astype(np.int64)


def _ranges(arrays: Mapping[str, Any], names: Sequence[str], options: Any) -> dict[str, tuple]:
    plans = [blocks.Plan(partial(_measure_range, name=n), _widest, _unchanged, {}) for n in names]
    ranges = dict(zip(names, blocks.compute(*(blocks.run(arrays, p) for p in plans), **options)))
    for lowest, highest, broken in ranges.values():
        if broken:
            raise ValueError(
                f"{broken} grey values are infinite; fill them, or make them NaN, which is outside"
            )
        if lowest > highest:
            raise ValueError("the mask is empty; there are no grey values to segment")
    return {name: (lowest, highest) for name, (lowest, highest, _) in ranges.items()}


def _measure_range(arrays: Mapping[str, np.ndarray], start: tuple[int, ...], *, name: str) -> tuple:
    values = _chosen(arrays, name)
    finite = np.isfinite(values)
    broken = values.size - int(np.count_nonzero(finite))
    values = values[finite] if broken else values
    return (values.min(), values.max(), broken) if values.size else (np.inf, -np.inf, broken)


def _widest(partials: Sequence[tuple]) -> tuple:
    lowest, highest, broken = zip(*partials)
    return min(lowest), max(highest), sum(broken)


def _unchanged(total: tuple) -> tuple:
    return total


def _chosen(arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    values, mask = arrays[name], arrays.get("mask")
    return values.ravel() if mask is None else values[mask.astype(bool, copy=False)]
