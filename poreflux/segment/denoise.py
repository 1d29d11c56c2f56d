"""Grey values with less noise, lazily and of the same dtype."""

import numpy as np

from poreflux import blocks
from poreflux.kernels.median import HELD, median_of_27

METHODS = (None, "median")


def denoised(gray, method: str | None):
    """Return grey values with less noise; the image is mirrored outside.

    Parameters
    ----------
    gray
        grey values, a dask array.
    method
        None, or ``"median"``: of the 3×3×3 voxels around each.
    """
    if method == "median":
        return blocks.map_with_ghosts(_median, gray, 1)
    return gray


def _median(cells: np.ndarray) -> np.ndarray:
    """Return the block with the median in place of all cells but its ghosts."""
    out = cells.copy()
    inner = np.empty(tuple(n - 2 for n in cells.shape), cells.dtype)
    held = np.empty((HELD, inner.shape[2]), cells.dtype)
    median_of_27(np.ascontiguousarray(cells), inner, held)
    out[1:-1, 1:-1, 1:-1] = inner
    return out
