"""Grey values with less noise, lazily and of the same dtype."""

import math
from functools import partial
from typing import Any, get_args

import numpy as np
import xarray as xr
from scipy.ndimage import maximum_filter

from poreflux import blocks
from poreflux.annotations import AnyArray, Denoise
from poreflux.kernels.median import HELD, median_of_27, median_of_known
from poreflux.kernels.patches import ROOM, ROWS, known_similar_mean, similar_mean
from poreflux.segmentation.corrected import as_dtype
from poreflux.segmentation.outside import marked

METHODS = (None, *get_args(Denoise))

#: voxels that non-local means reach along each axis: a window of 7
_REACH = 3

#: how alike patches must be, in standard deviations of the noise
_STRENGTH = 0.8

#: edge in voxels of the box in the middle of the volume from which the noise is estimated
_SAMPLE = 64


def denoised(
    gray: AnyArray, method: str | None, noise: float = math.nan, sample: AnyArray = None
) -> AnyArray:
    """Return grey values with less noise; the image is mirrored outside.

    Parameters
    ----------
    gray
        grey values, a dask array.
    method
        None; ``"median"``: of the 3×3×3 voxels around each; ``"nl-means"``: the mean of the 7×7×7
        voxels around each, each with weight exp(-max(m - 2 σ², 0) / (0.8 σ)²), m the mean square
        difference of the 3×3×3 voxels around both.
    noise
        σ, its standard deviation, for ``"nl-means"``.
    sample
        which voxels are sample: the others are left as they are, and count for none. By default
        all are.

    References
    ----------
    Buades, Coll & Morel, Multiscale Model. Simul. 4, 490 (2005), for non-local means.
    """
    if method is not None and sample is not None:
        clean = denoised(marked(gray, sample), method, noise)
        return blocks.map_blocks(_restored, gray, clean, dtype=gray.dtype)
    if method == "median":
        return blocks.map_with_ghosts(_median, gray, 1)
    if method == "nl-means" and noise > 0:
        return blocks.map_with_ghosts(partial(_similar, noise=noise), gray, _REACH + 1)
    return gray


def local_noise(gray: AnyArray, **options: Any) -> float:
    """Return the standard deviation of noise that differs from voxel to voxel.

    Notes
    -----
    From the median of the differences of neighbours along x in the middle of the volume, which the
    few edges of pores do not move: σ = median |ΔI| / (0.6745 √2).

    Examples
    --------
    >>> gray = np.random.default_rng(0).normal(0, 3, (40, 40, 40))
    >>> bool(abs(local_noise(gray) - 3) < 0.1)
    True
    """
    middle = tuple(slice(max(0, (n - _SAMPLE) // 2), (n + _SAMPLE) // 2) for n in gray.shape)
    lazy = xr.Dataset({"gray": (("z", "y", "x"), blocks.chunked(gray)[middle])})
    (sample,) = blocks.compute(lazy, **options)
    differences = np.abs(np.diff(sample["gray"].values.astype(float), axis=-1))
    differences = differences[np.isfinite(differences)]
    return float(np.median(differences) / 0.6745 / math.sqrt(2)) if differences.size else 0.0


def _median(cells: np.ndarray) -> np.ndarray:
    """Return the block with the median in place of all cells but its ghosts."""
    out = cells.copy()
    inner = np.empty(tuple(n - 2 for n in cells.shape), cells.dtype)
    held = np.empty((HELD, inner.shape[2]), cells.dtype)
    median_of_27(np.ascontiguousarray(cells), inner, held)
    if cells.dtype.kind == "f" and np.isnan(cells).any():
        median_of_known(np.ascontiguousarray(cells), inner, np.empty(27, cells.dtype))
    out[1:-1, 1:-1, 1:-1] = inner
    return out


def _similar(cells: np.ndarray, *, noise: float) -> np.ndarray:
    """Return the block with the mean of similar patches in place of all cells but its ghosts."""
    ghosts = _REACH + 1
    out = cells.copy()
    inside = out[ghosts:-ghosts, ghosts:-ghosts, ghosts:-ghosts]
    inner = np.empty(inside.shape, np.float32)
    room = np.empty((ROOM, (ROWS + 2) * cells.shape[2]), np.float32)
    weights = np.float32(2 * noise**2), np.float32(1 / (_STRENGTH * noise) ** 2)
    similar_mean(np.ascontiguousarray(cells, np.float32), _REACH, *weights, inner, room)
    unknown = np.isnan(cells) if cells.dtype.kind == "f" else np.zeros((), bool)
    if unknown.any():
        near = maximum_filter(unknown, 2 * ghosts + 1)[
            ghosts:-ghosts, ghosts:-ghosts, ghosts:-ghosts
        ]
        known_similar_mean(np.ascontiguousarray(cells, np.float32), near, _REACH, *weights, inner)
    inside[:] = as_dtype(inner, cells.dtype)
    return out


def _restored(gray: np.ndarray, clean: np.ndarray) -> np.ndarray:
    """Return the clean values of the sample, in the type of the grey values, and others as is."""
    known = ~np.isnan(clean)
    out = gray.copy()
    out[known] = as_dtype(clean[known], gray.dtype)
    return out
