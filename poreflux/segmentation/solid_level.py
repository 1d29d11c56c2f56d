"""The level of the solid in parts of a volume: its planes, or rings about an axis."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, get_args

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.annotations import PoreShade
from poreflux.segmentation.histogram import Histogram, histogram
from poreflux.segmentation.levels import solid_level
from poreflux.segmentation.outside import inside

#: bins of the histogram of each part, and the share of all voxels left out at either end
_BINS, _OUTLIERS = 512, 1e-4


def arrays_of(volume: xr.Dataset) -> dict[str, Any]:
    """Return the arrays that a measurement of grey values reads."""
    sample = inside(volume)
    mask = {} if sample is None else {"mask": sample}
    return {"gray": blocks.chunked(volume["gray"].data), **mask}


def check_side(pore: str) -> None:
    """Raise ``ValueError`` where the side of the pores is not one of the two."""
    if pore not in get_args(PoreShade):
        raise ValueError(f"pore={pore!r} is not a side; choose 'dark' or 'bright'")


def solid_levels(
    arrays: Mapping[str, Any], part: Callable, count: int, pore: str, **options: Any
) -> tuple[np.ndarray, np.ndarray, Histogram]:
    """Return the grey value of the solid in each part, the voxels in it, and the histogram of all.

    Parameters
    ----------
    arrays
        of :func:`arrays_of`.
    part
        ``part(start, shape)``: the number of the part of each voxel of a block, of integers that
        broadcast to its shape.
    count
        of parts.
    pore
        ``"dark"`` or ``"bright"``.
    options
        progress and scheduler, as for :func:`poreflux.blocks.compute`.
    """
    check_side(pore)
    counted = histogram(arrays, **options)
    if counted.lowest == counted.highest:
        raise ValueError(f"all grey values are {counted.lowest:g}; there is nothing to correct")
    share = np.cumsum(counted.counts) / counted.counts.sum()
    limits = counted.values[np.searchsorted(share, [_OUTLIERS, 1 - _OUTLIERS])].astype(float)
    width = (limits[1] - limits[0]) / _BINS
    if arrays["gray"].dtype.kind in "iu":  # as many grey values in each bin
        width = max(math.ceil(width), 1)
    measure = partial(_measure, part=part, first=limits[0], width=width)
    plan = blocks.Plan(measure, blocks.add_patches, partial(_finish, count=count), {})
    (table,) = blocks.compute(blocks.run(arrays, plan), **options)
    values = limits[0] + width * np.arange(_BINS)
    sign = 1 if pore == "dark" else -1
    levels = [sign * solid_level(sign * values[::sign], row[::sign]) for row in table]
    return np.array(levels), table.sum(axis=1), counted


def _measure(
    arrays: Mapping[str, np.ndarray],
    start: tuple[int, ...],
    *,
    part: Callable,
    first: float,
    width: float,
) -> dict:
    gray, mask = arrays["gray"], arrays.get("mask")
    number = part(start, gray.shape)
    lowest = int(number.min())
    count = int(number.max()) + 1 - lowest
    scaled = (gray - np.float32(first)) * np.float32(1 / width)
    bins = np.rint(np.nan_to_num(scaled, nan=-1, posinf=_BINS, neginf=-1)).astype(np.int32)
    outside = (bins < 0) | (bins >= _BINS)
    bins += (number - lowest).astype(np.int32) * _BINS
    chosen = ~outside if mask is None else ~outside & mask.astype(bool, copy=False)
    counts = np.bincount(bins[chosen], minlength=count * _BINS).reshape(count, _BINS)
    return {"counts": blocks.Patch((lowest, 0), counts)}


def _finish(total: Mapping[str, blocks.Patch], *, count: int) -> np.ndarray:
    patch = total["counts"]
    table = np.zeros((count, _BINS), np.int64)
    table[patch.start[0] : patch.stop[0]] = patch.values
    return table
