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
from scipy.special import ndtr, stdtrit

from poreflux.annotations import BinSpacing
from poreflux.volume import require, voxel_size

SPACINGS = get_args(BinSpacing)

#: modes that are reported at most
MODES = 2

#: standard deviation, in ln d, of the smoothing before modes are located
_SMOOTHING = 0.15

#: step of the grid of ln d on which they are located
_STEP = 0.01

#: least height of a mode above the dips around it, relative to the highest
_PROMINENCE = 0.05

#: chance of a normal number below two standard deviations
_BELOW_TWO = float(ndtr(2.0))

#: how far the tail of large pores may reach: share of what makes their fourth moment infinite
_LONGEST_TAIL = 0.85

#: by how much shorter the tail is beyond the largest pore: that of a power law is as long, that of
#: lognormal sizes three quarters
_SHORTER = 0.85

#: largest pores that tell the tail, at least
_LEAST_OF_TAIL = 3

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
    mode_sizes = np.full(MODES, np.nan)
    if len(sizes) == 0:
        return mode_sizes
    logs = np.log(sizes)
    lowest = logs.min() - 5 * _SMOOTHING
    place = np.rint((logs - lowest) / _STEP).astype(np.int64)
    line = np.bincount(place, weights).astype(float)
    line = np.pad(line, (0, int(5 * _SMOOTHING / _STEP)))
    density = gaussian_filter1d(line, _SMOOTHING / _STEP, mode="constant")
    peaks, properties = find_peaks(density, prominence=_PROMINENCE * density.max())
    best = np.sort(peaks[np.argsort(-properties["prominences"], kind="stable")[:MODES]])
    mode_sizes[: len(best)] = np.exp(lowest + best * _STEP)
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


def weighted_mean_error(values: np.ndarray, weights: np.ndarray) -> float:
    """Return the standard error of a weighted mean of independent values; NaN of fewer than two.

    Notes
    -----
    By leaving out one value after another: the mean moves by w (mean - d) / (Σ w - w). With weights
    that differ as volumes do, few values decide it, (Σ w)² / Σ w² of them: it is enlarged to half
    of what holds 95 % with as many degrees of freedom, less one, as the normal ± 2 do with many.

    Examples
    --------
    >>> d = np.random.default_rng(0).normal(10, 2, 400)
    >>> round(weighted_mean_error(d, np.ones(400)), 1)
    0.1
    >>> round(weighted_mean_error(np.array([4.0, 6.0, 8.0]), np.ones(3)), 1)
    2.6
    """
    total = weights.sum()
    if np.count_nonzero(weights) < 2:
        return math.nan
    mean = weights @ values / total
    moved = weights * (mean - values) / (total - weights)
    number = total**2 / (weights @ weights)
    jackknife = math.sqrt((number - 1) / number * float(moved @ moved))
    return jackknife * float(stdtrit(max(number - 1, 1.0), _BELOW_TWO)) / 2


def mean_by_volume_error(sizes: np.ndarray, weights: np.ndarray) -> float:
    """Return the standard error of the mean diameter by volume; NaN of fewer than two pores.

    Parameters
    ----------
    sizes
        diameters of pores.
    weights
        for how many pores each counts.

    Notes
    -----
    Beside the error of :func:`weighted_mean_error`, and as its square, stands what pores larger
    than the largest that was met would add. One such pore is to be expected, and the largest say by
    how much it is larger: beyond the diameter of the k-th, k the root of their number, the mean
    of ln d grows by e; so large pores are as d^(-1/e) many. Where all pores are of a few sizes, e
    is 0 and that is nothing. Of lognormal sizes with a standard deviation of 0.5 in ln d, ± 2
    errors held the truth in 83 and 88 % of samples of 80 and 470 pores, without this in 53 and
    68 %; of 0.3 in 91 instead of 82 %.

    Examples
    --------
    >>> d = np.exp(np.random.default_rng(0).normal(2, 0.5, 100))
    >>> by_volume = weighted_mean_error(d, d**3)
    >>> mean_by_volume_error(d, np.ones(100)) > by_volume
    True
    >>> two = np.repeat([10.0, 14.0], 50)
    >>> round(mean_by_volume_error(two, np.ones(100)) / weighted_mean_error(two, two**3), 1)
    1.0
    """
    sizes, weights = sizes[weights > 0], weights[weights > 0]
    by_volume = weights * sizes**3
    error = weighted_mean_error(sizes, by_volume)
    if math.isnan(error):
        return math.nan
    k = min(max(_LEAST_OF_TAIL, math.isqrt(len(sizes))), len(sizes) - 1)
    order = np.argsort(sizes)[::-1][: k + 1]
    largest = sizes[order[0]]
    e = float(np.mean(np.log(sizes[order[:k]] / sizes[order[k]])))
    e = min(_SHORTER * e, _LONGEST_TAIL / 4)
    # third and fourth moment of one pore beyond the largest
    volume = by_volume[order[0]] / (1 - 3 * e)
    moment = by_volume[order[0]] * largest / (1 - 4 * e)
    total = float(by_volume.sum())
    mean = float(by_volume @ sizes) / total
    return math.hypot(error, (total * mean + moment) / (total + volume) - mean)
