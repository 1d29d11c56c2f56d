"""The same volume with larger voxels, to see the effect of their size."""

import math

import numpy as np

from poreflux import blocks
from poreflux.annotations import AnyArray

#: how many voxels along an edge become one
FACTORS = (1, 2, 4, 8)


def majorities(chosen: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """Return voxels of the phase and all voxels, (2, factor), with voxels made larger.

    A larger voxel is what most of its voxels are, half where they tie; counts are of halves.
    """
    counts = []
    pore = chosen.view(np.uint8).astype(np.uint16)
    valid = None if mask is None else mask.view(np.uint8).astype(np.uint16)
    for factor in FACTORS:
        if factor > 1:
            pore = _pairs_added(pore)
            valid = None if valid is None else _pairs_added(valid)
        doubled, full = 2 * pore, factor**3
        complete = np.ones(pore.shape, bool) if valid is None else valid == full
        share = 2 * np.count_nonzero((doubled > full) & complete)
        share += np.count_nonzero((doubled == full) & complete)
        counts.append((share, 2 * np.count_nonzero(complete)))
    return np.array(counts).T


def _pairs_added(values: np.ndarray) -> np.ndarray:
    """Return the sums over 2 x 2 x 2 values; what is left over at the end is dropped."""
    for axis in range(3):
        n = values.shape[axis] // 2 * 2
        even, odd = (
            values[tuple(slice(first, n, 2) if a == axis else slice(None) for a in range(3))]
            for first in (0, 1)
        )
        values = even + odd
    return values


def aligned(array: AnyArray) -> AnyArray:
    """Return the array in chunks that larger voxels do not straddle."""
    lazy = blocks.chunked(array)
    most = max(FACTORS)
    chunks = []
    for sizes in lazy.chunks:
        cuts, length = np.cumsum(sizes)[:-1], sum(sizes)
        cut_set = {*(np.rint(cuts / most).astype(int) * most).tolist(), length} - {0}
        cut_list = sorted(end for end in cut_set if end <= length)
        chunks.append(tuple(np.diff([0, *cut_list]).tolist()))
    return lazy if tuple(chunks) == lazy.chunks else lazy.rechunk(tuple(chunks))


def extrapolated(porosity: np.ndarray) -> float:
    """Return the porosity at voxels of size zero, by a line through the smallest sizes."""
    use = np.isfinite(porosity[:3])
    if use.sum() < 2:
        return math.nan
    return float(np.polyfit(np.array(FACTORS[:3])[use], porosity[:3][use], 1)[1])
