"""Each voxel with its six neighbours: pores are seen by them all, noise by one at a time."""

from functools import partial

import numpy as np

from poreflux import blocks
from poreflux.annotations import AnyArray
from poreflux.kernels.surroundings import sum_of_middle_five
from poreflux.segmentation.outside import marked

#: stands for the sum of a voxel with a neighbour that is no sample, among sums of integers
ABSENT = np.iinfo(np.int32).min

#: voxels that count: the voxel and its six neighbours, but for the brightest and the darkest
COUNTED = 5


def sums_of_integers(dtype: np.dtype) -> bool:
    """Return whether :func:`surroundings` returns sums, which are counted exactly, not means."""
    return dtype.kind in "iu" and dtype.itemsize <= 2


def surroundings(gray: AnyArray, sample: AnyArray = None) -> AnyArray:
    """Return for each voxel the mean of it and its neighbours without the two extremes, lazily.

    Of integers of up to 16 bits it is five times that mean, as integers. Where the voxel or
    a neighbour is no sample it is NaN, or ``ABSENT``. The image is mirrored outside.

    Examples
    --------
    >>> gray = np.full((3, 3, 3), 7, np.uint8)
    >>> gray[1, 1, 1] = 0  # a dead voxel is no pore
    >>> int(surroundings(gray).min().compute())
    35
    """
    values = blocks.chunked(gray) if sample is None else marked(gray, sample)
    exact = sums_of_integers(gray.dtype)
    dtype = np.int32 if exact else np.float64
    return blocks.map_with_ghosts(partial(_middle_five, exact=exact), values, 1, dtype=dtype)


def along_axes(cells: np.ndarray) -> list[np.ndarray]:
    """Return views of the neighbours of all cells but the outermost: three before, three after."""
    inner = [slice(1, -1)] * 3
    views = []
    for side in (slice(None, -2), slice(2, None)):
        for axis in range(3):
            views.append(cells[tuple(side if a == axis else inner[a] for a in range(3))])
    return views


def middle_five(cells: np.ndarray) -> np.ndarray:
    """Return the mean of the middle five of each cell, but the outermost, and its neighbours."""
    return _sum_of_five(cells) / COUNTED


def _middle_five(cells: np.ndarray, *, exact: bool) -> np.ndarray:
    """Return sum or mean of the middle five of seven values in place of all cells but ghosts."""
    whole = exact and cells.dtype.kind in "iu"
    sums = _sum_of_five(cells.astype(np.int32 if whole else np.float64))
    out = np.zeros(cells.shape, np.int32 if exact else np.float64)
    if exact and not whole:
        sums = np.where(np.isnan(sums), ABSENT, sums)
    out[1:-1, 1:-1, 1:-1] = sums if exact else sums / COUNTED
    return out


def _sum_of_five(values: AnyArray) -> AnyArray:
    sums = np.empty(tuple(n - 2 for n in values.shape), values.dtype)
    sum_of_middle_five(np.ascontiguousarray(values), sums)
    return sums
