"""The histogram of grey values of a whole volume, exact where they are integers of 16 bits."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from poreflux import blocks
from poreflux.kernels.counting import count_values

#: integers that span fewer values are counted each for itself
_EACH = 2**16


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


def histogram(arrays: Mapping[str, Any], *, bins: int = 1024, **how) -> Histogram:
    """Count the grey values of a volume, or of its mask, in one pass (two for floats).

    Parameters
    ----------
    arrays
        ``gray``, and ``mask`` where there is one.
    bins
        for floats, and for integers that span more than 16 bits.
    how
        progress and scheduler, as for :func:`poreflux.blocks.compute`.

    Raises
    ------
    ValueError
        if a grey value is not finite, or the mask is empty.
    """
    gray = arrays["gray"]
    if gray.dtype.kind in "iu" and gray.dtype.itemsize <= 2:
        limits = np.iinfo(gray.dtype)
        return _trimmed(_each_value(arrays, int(limits.min), int(limits.max), how))
    lowest, highest = _range(arrays, how)
    if gray.dtype.kind in "iu" and highest - lowest < _EACH:
        return _trimmed(_each_value(arrays, int(lowest), int(highest), how))
    ends = tuple(gray.dtype.type(v) if gray.dtype.kind == "f" else v for v in (lowest, highest))
    counts = _counted(partial(_measure_bins, bins=bins, ends=ends), arrays, how)
    edges = np.histogram_bin_edges(np.empty(0, gray.dtype), bins, ends)
    return Histogram((edges[1:] + edges[:-1]) / 2, counts, float(lowest), float(highest))


def _each_value(arrays, lowest: int, highest: int, how) -> Histogram:
    measure = partial(_measure_values, lowest=lowest, size=highest - lowest + 1)
    first, counts = _counted(measure, arrays, how, placed=True)
    values = lowest + first + np.arange(counts.size)
    return Histogram(values, counts, lowest, highest)


def _trimmed(counted: Histogram) -> Histogram:
    present = np.flatnonzero(counted.counts)
    if not present.size:
        raise ValueError("the mask is empty; there are no grey values to segment")
    inside = slice(present[0], present[-1] + 1)
    values = counted.values[inside]
    return Histogram(values, counted.counts[inside], float(values[0]), float(values[-1]))


def _counted(measure, arrays, how, placed: bool = False):
    plan = blocks.Plan(measure, blocks.add_patches, _finish_counts, {})
    (total,) = blocks.compute(blocks.run(arrays, plan), **how)
    return total if placed else total[1]


def _measure_values(arrays, start, *, lowest: int, size: int) -> dict:
    counts = np.zeros(size, np.int64)
    count_values(_chosen(arrays), lowest, counts)
    present = np.flatnonzero(counts)
    first, last = (present[0], present[-1] + 1) if present.size else (0, 0)
    return {"counts": blocks.Patch((int(first),), counts[first:last])}


def _measure_bins(arrays, start, *, bins: int, ends) -> dict:
    counts, _ = np.histogram(_chosen(arrays), bins, ends)
    return {"counts": blocks.Patch((0,), counts)}


def _finish_counts(total) -> tuple[int, np.ndarray]:
    return total["counts"].start[0], total["counts"].values.astype(np.int64)


def _range(arrays, how) -> tuple:
    plan = blocks.Plan(_measure_range, _widest, _same, {})
    ((lowest, highest, broken),) = blocks.compute(blocks.run(arrays, plan), **how)
    if broken:
        raise ValueError(
            f"{broken} grey values are NaN or infinite; fill them, or leave them out by a mask"
        )
    if lowest > highest:
        raise ValueError("the mask is empty; there are no grey values to segment")
    return lowest, highest


def _measure_range(arrays, start) -> tuple:
    values = _chosen(arrays)
    finite = np.isfinite(values)
    broken = values.size - int(np.count_nonzero(finite))
    values = values[finite] if broken else values
    return (values.min(), values.max(), broken) if values.size else (np.inf, -np.inf, broken)


def _widest(parts) -> tuple:
    lowest, highest, broken = zip(*parts)
    return min(lowest), max(highest), sum(broken)


def _same(total):
    return total


def _chosen(arrays) -> np.ndarray:
    gray, mask = arrays["gray"], arrays.get("mask")
    return gray.ravel() if mask is None else gray[mask.astype(bool, copy=False)]
