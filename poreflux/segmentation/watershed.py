"""Watershed on the gradient: uncertain voxels join the side reached over the lowest pass."""

from functools import partial

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_gradient_magnitude

from poreflux import blocks
from poreflux.annotations import AnyArray
from poreflux.kernels.flooding import HIGHEST_PASS, NOT_REACHED, PASS, flood

#: rounds of flooding: how many voxels from a marker it reaches
REACH = 8

#: blur of the gradient in voxels, and where it is cut off
_BLUR, _CUT = 0.7, 3

#: steps of the contrast in which gradients are distinguished
_STEPS = 2**18


def watershed(gray: AnyArray, low: float, high: float, contrast: float, solid: str) -> AnyArray:
    """Return, lazily, which voxels are bright: markers, and what floods from them.

    Voxels up to `low` and above `high` are markers. From them, in 8 rounds, each by one voxel
    through the six faces, the others are flooded: the side that comes over the lowest pass, the
    highest gradient on its way, takes the voxel. Voxels farther from any marker are split at the
    middle of both thresholds. A voxel therefore depends on none farther than 11 voxels, and the
    result does not depend on the chunks; where no two gradients are equal and the uncertain voxels
    are no farther than 8 steps from the markers it is the watershed of the whole volume.

    Where a threshold follows the brightness of the scan, this follows edges: it suits scans whose
    grey values are uneven. Pores of a few blurred voxels come out too small, since a curved edge is
    steepest on its inner side; pores without a dark voxel are lost.

    Parameters
    ----------
    gray
        grey values, a dask array.
    low, high
        thresholds, ascending.
    contrast
        difference of the grey values of both sides.
    solid
        ``"bright"`` or ``"dark"``: the side that takes a voxel that both reach alike.

    References
    ----------
    Beucher & Meyer, in Mathematical Morphology in Image Processing, Dekker (1993), for the
    watershed from markers.
    """
    block = partial(_flooded, low=low, high=high, contrast=abs(contrast), solid=solid)
    return blocks.map_with_ghosts(block, gray, REACH + _CUT, boundary="none", dtype=bool)


def _flooded(gray: AnyArray, *, low: float, high: float, contrast: float, solid: str) -> np.ndarray:
    values = gray.astype(np.float32)
    outside = np.isnan(values)
    if outside.any() and not outside.all():  # there the nearest of the sample: no gradient
        nearest = distance_transform_edt(outside, return_distances=False, return_indices=True)
        values = values[tuple(nearest)]
    gradient = gaussian_gradient_magnitude(values, _BLUR, mode="nearest", truncate=_CUT)
    gradient *= np.float32(_STEPS / contrast)
    heights = np.minimum(np.nan_to_num(gradient), HIGHEST_PASS).astype(np.uint32)
    bright = gray > high
    certain = bright | (gray <= low)
    first = bright if solid == "dark" else ~bright  # the label that comes second where keys tie
    keys = np.where(certain, heights << PASS | first, NOT_REACHED).astype(np.uint32)
    ghosts = np.pad(keys, 1, constant_values=NOT_REACHED)
    places = np.flatnonzero(np.pad(~certain & ~outside, 1))
    around = np.pad(heights, 1)
    rise(ghosts, around, places, REACH)
    keys = ghosts[1:-1, 1:-1, 1:-1]
    taken = (keys & 1).astype(bool)
    side = taken if solid == "dark" else ~taken
    return np.where(keys == NOT_REACHED, gray > (float(low) + float(high)) / 2, side)


def rise(keys: np.ndarray, gradient: np.ndarray, places: np.ndarray, rounds: int) -> None:
    """Flood the places of `keys` in so many rounds; the arrays are as `flood` takes them."""
    new_keys, flat = np.empty(places.size, np.uint32), keys.ravel()
    for _ in range(rounds):
        flood(keys, gradient, places, new_keys)
        flat[places] = new_keys
