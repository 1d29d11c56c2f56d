"""Histograms of pore sizes: by number, by volume, corrected for edges; and their modes.

Small arrays in, small arrays out; lengths in µm.
"""

import math
from collections.abc import Sequence
from typing import get_args

import numpy as np
import xarray as xr
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from poreflux.annotations import BinSpacing
from poreflux.volume import require, voxel_size

SPACINGS = get_args(BinSpacing)

#: modes that are reported at most
MODES = 2

#: standard deviation, in ln d, of the smoothing before modes are located
_SMOOTHING = 0.15

#: step of the grid of ln d on which they are located
GRID_STEP = 0.01

#: least height of a mode above the dips around it, relative to the highest
_PROMINENCE = 0.05

#: bins of one factor of ten where they are spaced by the logarithm
_PER_DECADE = 10


def size_bins(
    volume: xr.Dataset, width: float | None = None, spacing: BinSpacing = "linear"
) -> np.ndarray:
    """Return the edges in µm of the bins of diameters that a volume can hold.

    Parameters
    ----------
    volume
        its longest edge, or its sphere, is the largest size; a voxel the smallest.
    width
        of a linear bin in µm; by default the least of 1, 2, 5, 10, ... that is a voxel or more.
    spacing
        ``"linear"`` from 0, or ``"log"``, ten bins to a factor of ten.

    Examples
    --------
    >>> from poreflux import from_array
    >>> size_bins(from_array(np.ones((4, 4, 4), bool), voxel_size=0.92))
    array([0., 1., 2., 3., 4., 5.])
    """
    if spacing not in SPACINGS:
        raise ValueError(f"spacing={spacing!r} is not known; choose one of {SPACINGS}")
    if width is not None and not width > 0:
        raise ValueError(f"bin_width={width} is not a length; give a positive one, in µm")
    shape, size = require(volume, "phase").shape, voxel_size(volume)
    edges = [n * h for n, h in zip(shape, size)]
    largest = max(*edges, (6 / math.pi * math.prod(edges)) ** (1 / 3))
    voxel = math.prod(size) ** (1 / 3)
    if spacing == "linear":
        width = width or _round_width(voxel)
        return np.arange(math.ceil(largest / width) + 1) * width
    first = math.floor(_PER_DECADE * math.log10(min(size)))
    last = math.ceil(_PER_DECADE * math.log10(largest))
    return 10 ** (np.arange(first, last + 1) / _PER_DECADE)


def bin_coordinate(edges: np.ndarray) -> dict:
    """Return the coordinates of bins: `diameter` at the centres, `diameter_width`; in µm.

    Examples
    --------
    >>> bin_coordinate(np.array([0.0, 1.0, 2.0]))["diameter"][1]
    array([0.5, 1.5])
    """
    attrs = {"units": "um", "long_name": "diameter"}
    width = {"units": "um", "long_name": "width of a bin of diameters"}
    return {
        "diameter": ("diameter", (edges[1:] + edges[:-1]) / 2, attrs),
        "diameter_width": ("diameter", np.diff(edges), width),
    }


def counts(sizes: np.ndarray, edges: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the sum of weights in each bin; sizes beyond an end count in the last bin there.

    Examples
    --------
    >>> counts(np.array([0.5, 0.7, 9.0]), np.array([0.0, 1.0, 2.0]))
    array([2, 1])
    """
    place = np.clip(np.searchsorted(edges, sizes, "right") - 1, 0, len(edges) - 2)
    return np.bincount(place, weights, minlength=len(edges) - 1)


def edge_weights(extents: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Return the weight of each pore that touches no face, so that counts are free of bias.

    Parameters
    ----------
    extents
        edges of the pores' bounding boxes in voxels, (pore, axis).
    shape
        edges of the volume in voxels.

    Notes
    -----
    A pore of extents b lies inside, with a voxel to spare on each side, at
    prod (L - b - 1) of its prod L possible positions, so its weight is their ratio
    (Miles 1974, Lantuéjoul 1980; in a continuum 1 / prod (1 - b / L)).

    Examples
    --------
    >>> edge_weights(np.array([[1, 1, 1]]), (4, 4, 4))
    array([8.])
    """
    room = np.asarray(shape) - extents - 1
    return np.prod(np.asarray(shape) / np.maximum(room, 1), axis=1)


def modes(sizes: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the two most prominent modes of a distribution of sizes, ascending, NaN where none.

    Notes
    -----
    Maxima of the density in ln d after a Gaussian smoothing of 0.15; a second one counts where it
    rises above the dip between them by 5 % of the first.

    Examples
    --------
    >>> modes(np.repeat([2.0, 10.0], [30, 20])).round(1)
    array([ 2., 10.])
    """
    if len(sizes) == 0:
        return np.full(MODES, np.nan)
    first, place = grid_places(sizes)
    return grid_modes(first, np.bincount(place, weights).astype(float))


def grid_places(sizes: np.ndarray) -> tuple[int, np.ndarray]:
    """Return the first place of a grid of ln d, in steps of it, and those of sizes from there on.

    Examples
    --------
    >>> first, place = grid_places(np.array([10.0, 10.1]))
    >>> np.round(grid_sizes(first + place), 1)
    array([10. , 10.1])
    """
    place = np.rint(np.log(sizes) / GRID_STEP).astype(np.int64)
    return int(place.min()), place - place.min()


def grid_sizes(place: np.ndarray) -> np.ndarray:
    """Return the sizes at places of the grid of ln d, counted from a size of one.

    Examples
    --------
    >>> grid_sizes(np.array([0, 100])).round(1)
    array([1. , 2.7])
    """
    return np.exp(GRID_STEP * place)


def grid_modes(first: int, line: np.ndarray) -> np.ndarray:
    """Return the modes, see :func:`modes`, of the weights at places of the grid from `first` on.

    Examples
    --------
    >>> grid_modes(100, np.ones(1)).round(1)
    array([2.7, nan])
    """
    mode_sizes = np.full(MODES, np.nan)
    margin = int(5 * _SMOOTHING / GRID_STEP)
    density = gaussian_filter1d(np.pad(line, margin), _SMOOTHING / GRID_STEP, mode="constant")
    peaks, properties = find_peaks(density, prominence=_PROMINENCE * density.max())
    best = np.sort(peaks[np.argsort(-properties["prominences"], kind="stable")[:MODES]])
    mode_sizes[: len(best)] = grid_sizes(first + best - margin)
    return mode_sizes


def median(sizes: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Return the size below which half of the weight lies; NaN where there is none.

    Examples
    --------
    >>> median(np.array([1.0, 2.0, 9.0]), np.array([1.0, 1.0, 5.0]))
    9.0
    """
    if len(sizes) == 0:
        return math.nan
    order = np.argsort(sizes, kind="stable")
    below = np.cumsum(np.ones(len(sizes)) if weights is None else weights[order])
    return float(sizes[order][np.searchsorted(below, below[-1] / 2)])


def _round_width(voxel: float) -> float:
    """Return the least of 1, 2, 5 times a power of ten that is at least a voxel."""
    power = 10.0 ** math.floor(math.log10(voxel))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= voxel * (1 - 1e-9))
