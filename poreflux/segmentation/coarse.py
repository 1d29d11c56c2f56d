"""A small image of a large volume: means of boxes of voxels, in one pass."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from poreflux import blocks


def box_means(arrays: Mapping[str, Any], factors: Sequence[int], **options: Any) -> np.ndarray:
    """Return the mean grey value of boxes of voxels that tile a volume; NaN outside a mask.

    Parameters
    ----------
    arrays
        ``gray``, and ``mask`` where there is one.
    factors
        voxels of a box along (z, y, x); the last boxes may be smaller.
    options
        progress and scheduler, as for :func:`poreflux.blocks.compute`.

    Examples
    --------
    >>> box_means({"gray": np.arange(12).reshape(1, 3, 4)}, (1, 2, 2))
    array([[[ 2.5,  4.5],
            [ 8.5, 10.5]]])
    """
    measure = partial(_measure, factors=tuple(factors))
    plan = blocks.Plan(measure, _combine, _finish, {})
    (means,) = blocks.compute(blocks.run(arrays, plan), **options)
    return means


def _measure(
    arrays: Mapping[str, np.ndarray], start: tuple[int, ...], *, factors: Sequence[int]
) -> list[blocks.Patch]:
    gray, mask = arrays["gray"].astype(np.float64), arrays.get("mask")
    counts = np.ones(gray.shape, np.int64) if mask is None else (mask != 0).astype(np.int64)
    sums = [counts, np.where(counts, gray, 0)]
    corner = []
    for axis, (low, n, factor) in enumerate(zip(start, gray.shape, factors)):
        first = low // factor
        inner = np.arange((first + 1) * factor, low + n, factor) - low
        sums = [np.add.reduceat(v, np.concatenate(([0], inner)), axis=axis) for v in sums]
        corner.append(first)
    return [blocks.Patch(tuple(corner), np.stack(sums))]


def _combine(partials: Sequence[list[blocks.Patch]]) -> list[blocks.Patch]:
    """Add up the boxes that neighbouring blocks share."""
    patches = [patch for block in partials for patch in block]
    start = tuple(map(min, zip(*(p.start for p in patches))))
    stop = [tuple(a + n for a, n in zip(p.start, p.values.shape[1:])) for p in patches]
    total = np.zeros((2, *(b - a for a, b in zip(start, map(max, zip(*stop))))))
    for patch, end in zip(patches, stop):
        box = tuple(slice(a - o, b - o) for a, b, o in zip(patch.start, end, start))
        total[(slice(None), *box)] += patch.values
    return [blocks.Patch(start, total)]


def _finish(total: Sequence[blocks.Patch]) -> np.ndarray:
    counts, sums = total[0].values
    return np.divide(sums, counts, out=np.full(counts.shape, np.nan), where=counts > 0)
