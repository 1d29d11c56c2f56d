"""Three phases and more: has each a peak of its own, or does a threshold halve that of another?"""

import math
import warnings
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.special import ndtr

from poreflux.errors import OnePhase
from poreflux.segmentation.histogram import Histogram
from poreflux.segmentation.levels import equal_bins, solid_level
from poreflux.segmentation.solid_peak import FEWEST, bright_width

#: width of the smoothing in that of a peak
_SMOOTHING = 0.5

#: height of a peak above the dips around it, relative to it, and in standard deviations of chance
_ABOVE, _BY_CHANCE = 0.2, 4.0

#: height of the histogram at the threshold of an outer phase without a peak, in that of the next
_TAIL = 0.15

#: largest share of a phase that may be noise of its neighbours
_NOISE = 0.5

#: least share of each of three phases that are warned of, and deepest dip between their peaks that
#: is clear, relative to the lower of the two
_CLEAR_SHARE, _CLEAR_DIP = 0.05, 0.6


def require_own_peaks(near: Histogram, counted: Histogram, thresholds: Sequence[float]) -> None:
    """Raise :class:`poreflux.errors.OnePhase` where thresholds separate what is one phase.

    Parameters
    ----------
    near
        histogram of each voxel with its neighbours, see :mod:`poreflux.segmentation.surroundings`.
    counted
        of the grey values as they are segmented.
    thresholds
        two or more, ascending.

    Notes
    -----
    The criterion of Otsu has as many thresholds as one asks for, whatever is there: where a phase
    is missing, or has few voxels, it halves the peak of another, or makes one of the voxels at the
    walls between two, which have all grey values between theirs. So each phase must have a peak
    of its own; but the darkest and the brightest may be the tail that small pores leave. And no
    more than half of a phase may be noise of its neighbours.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> def counted(*levels, width):
    ...     values = np.concatenate([rng.normal(level, width, 9000) for level in levels])
    ...     counts, edges = np.histogram(values, 256)
    ...     return Histogram((edges[1:] + edges[:-1]) / 2, counts, values.min(), values.max())
    >>> require_own_peaks(counted(10, 20, 30, width=1), counted(10, 20, 30, width=2), [15, 25])
    >>> require_own_peaks(counted(20, 30, width=1), counted(20, 30, width=2), [15, 25])
    Traceback (most recent call last):
    poreflux.errors.OnePhase: ...
    """
    if near.counts.sum() < FEWEST:
        return
    peaks = _peaks(near)
    if peaks is None:
        return
    cuts = [-math.inf, *thresholds, math.inf]
    levels = [_level(peaks, low, high) for low, high in pairwise(cuts)]
    absent = [k for k, level in enumerate(levels) if level is None and not _tail(counted, cuts, k)]
    if absent or sum(level is not None for level in levels) < 2:
        middles = [(a + b) / 2 for a, b in pairwise(sorted(peaks))]
        such = f" such as {_listed(middles)}" if len(peaks) == len(levels) else ""
        raise OnePhase(
            f"{len(levels)} phases were asked for, but the grey values have "
            f"{len(peaks)} peak{'s' if len(peaks) != 1 else ''} ({_listed(sorted(peaks))}): the "
            f"thresholds {_listed(thresholds)} would cut one of them in parts, or take its edges "
            "for a phase; ask for fewer phases, measure with less noise or smaller voxels, or give "
            f"method='threshold' with thresholds{such}"
        )
    noise = _most_noise(counted, thresholds, levels)
    if noise > _NOISE:
        raise OnePhase(
            f"{100 * min(noise, 1):.0f} % of a phase beyond the thresholds {_listed(thresholds)} "
            "would be noise of its neighbours; choose denoise='median' or 'nl-means', measure with "
            "less noise, or give method='threshold' with thresholds"
        )


def warn_of_more_phases(counted: Histogram) -> None:
    """Warn where grey values that are cut in two have three clear peaks and more.

    Parameters
    ----------
    counted
        histogram of the grey values as they are segmented.

    Notes
    -----
    Each peak stands apart, with a dip between of no more than 60 % of the lower one, and has 5 % of
    the voxels or more: no noise and no walls between two phases make such a one.

    Examples
    --------
    >>> import warnings
    >>> rng = np.random.default_rng(0)
    >>> values = np.concatenate([rng.normal(level, 2, 9000) for level in (10, 20, 30)])
    >>> counts, edges = np.histogram(values, 256)
    >>> middles = (edges[1:] + edges[:-1]) / 2
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warn_of_more_phases(Histogram(middles, counts, values.min(), values.max()))
    >>> str(caught[0].message)[:47]
    'two phases were asked for, but the grey values '
    """
    if counted.counts.sum() < FEWEST:
        return
    peaks = sorted(_peaks(counted) or [])
    smoothed = _smoothed(counted)
    if len(peaks) < 3 or smoothed is None:
        return
    centres, smooth, _ = smoothed
    _, counts = equal_bins(counted)
    shares, start = [], 0
    for one, other in pairwise(peaks):
        low, high = np.searchsorted(centres, [one, other])
        dip = low + int(np.argmin(smooth[low : high + 1]))
        if smooth[dip] > _CLEAR_DIP * min(smooth[low], smooth[high]):
            return
        shares.append(counts[start:dip].sum())
        start = dip
    shares.append(counts[start:].sum())
    if min(shares) > _CLEAR_SHARE * counts.sum():
        warnings.warn(
            f"two phases were asked for, but the grey values have {len(peaks)} clear peaks "
            f"({_listed(peaks)}): one of the two holds more than one phase; name all phases, with "
            "method='multi-otsu', or give method='threshold' with the threshold that is meant",
            stacklevel=4,  # the call of the public function
        )


def _peaks(near: Histogram) -> list[float] | None:
    """Return the grey values of all peaks, the highest first; None where there is no noise."""
    smoothed = _smoothed(near)
    if smoothed is None:
        return None
    centres, smooth, sigma = smoothed
    chance = _BY_CHANCE * np.sqrt(smooth / (2 * math.sqrt(math.pi) * sigma))
    padded = np.pad(smooth, 1)
    tops = np.flatnonzero((smooth >= padded[:-2]) & (smooth > padded[2:]))
    found: list[int] = []
    for top in tops[np.argsort(-smooth[tops], kind="stable")]:
        least = smooth[top] - max(_ABOVE * smooth[top], chance[top])
        dips = [smooth[min(top, k) : max(top, k) + 1].min() for k in found]
        if least > 0 and all(dip < least for dip in dips):
            found.append(int(top))
    return [float(centres[k]) for k in found]


def _smoothed(near: Histogram) -> tuple[np.ndarray, np.ndarray, float] | None:
    """Return grey values, their smooth histogram and width of smoothing; None without noise."""
    edges, counts = equal_bins(near)
    centres = (edges[1:] + edges[:-1]) / 2
    width = bright_width(near, solid_level(centres, counts)) / (edges[1] - edges[0])
    if not width > 1:
        return None
    sigma = max(_SMOOTHING * width, 1.0)
    return centres, gaussian_filter1d(counts, sigma, mode="constant"), sigma


def _level(peaks: Sequence[float], low: float, high: float) -> float | None:
    """Return the highest peak between two thresholds; None where there is none."""
    return next((peak for peak in peaks if low < peak <= high), None)


def _tail(counted: Histogram, cuts: Sequence[float], k: int) -> bool:
    """Return whether an outer phase is what a peak leaves over, more than a part of that peak."""
    if 0 < k < len(cuts) - 2:
        return False
    edges, counts = equal_bins(counted)
    centres = (edges[1:] + edges[:-1]) / 2
    smooth = gaussian_filter1d(counts, 2.0)
    cut, other = (cuts[1], cuts[2]) if k == 0 else (cuts[-2], cuts[-3])
    beside = smooth[(centres > min(cut, other)) & (centres <= max(cut, other))]
    return bool(beside.size and np.interp(cut, centres, smooth) < _TAIL * beside.max())


def _most_noise(
    counted: Histogram, thresholds: Sequence[float], levels: Sequence[float | None]
) -> float:
    """Return the largest share of a phase that is noise of its neighbours."""
    edges, counts = equal_bins(counted)
    noise = bright_width(counted, solid_level((edges[1:] + edges[:-1]) / 2, counts))
    places = np.searchsorted(thresholds, counted.values, side="left")
    share = np.bincount(places, counted.counts, len(levels)) / counted.counts.sum()
    most = 0.0
    for k, cut in enumerate(thresholds):
        for one, other in ((k, k + 1), (k + 1, k)):
            level = levels[other]
            if level is not None and share[one]:
                lost = share[other] * ndtr(-abs(level - cut) / noise)
                most = max(most, float(lost / share[one]))
    return most


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.5g}" for value in values)
