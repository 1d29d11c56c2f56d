"""A Volume with other grey values, of a dtype that holds them, and the record of what was done."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.annotations import AnyArray
from poreflux.schema import DIMS


def with_gray(volume: xr.Dataset, gray: AnyArray, entry: dict) -> xr.Dataset:
    """Return the Volume with other grey values, and one more operation in its history."""
    attrs = volume["gray"].attrs
    changed = volume.assign(gray=(DIMS, gray, attrs))
    return changed.assign_attrs(history=[*volume.attrs.get("history", []), entry])


def corrected(function: partial, gray: AnyArray) -> AnyArray:
    """Apply ``function(start, values)`` to blocks of grey values, lazily.

    The result has the dtype of :func:`wider`; integers are rounded, and cut off at its ends.

    Parameters
    ----------
    function
        from the index of the block's first voxel and its grey values, float32, to others; all else
        that it needs are keywords of the partial.
    gray
        grey values, a dask array or one in memory.
    """
    dtype = wider(gray.dtype)
    # one partial and not one in another, whose names would differ from process to process
    rounded = partial(_rounded, function.func, dtype, **function.keywords)
    return blocks.map_blocks_at(rounded, gray, dtype=dtype)


def wider(dtype: np.dtype) -> np.dtype:
    """Return the dtype that grey values have once corrected: wider where 8 bits were too few.

    Examples
    --------
    >>> wider(np.dtype("uint8")), wider(np.dtype("uint16")), wider(np.dtype("float32"))
    (dtype('int16'), dtype('uint16'), dtype('float32'))
    """
    return np.dtype(np.int16) if dtype.itemsize == 1 else dtype


def as_dtype(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return values as another dtype; for integers rounded, and cut off at its ends."""
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        values = np.clip(np.rint(values), limits.min, limits.max)
    return values.astype(dtype, copy=False)


def _rounded(
    function: Callable,
    dtype: np.dtype,
    start: tuple[int, ...],
    values: np.ndarray,
    **parameters: Any,
) -> np.ndarray:
    return as_dtype(function(start, values.astype(np.float32), **parameters), dtype)
