"""Further criteria for a threshold, on the histogram of the whole volume.

A grey value up to and including a threshold is on its dark side.
"""

import math

import numpy as np

from poreflux.segmentation.histogram import Histogram
from poreflux.segmentation.levels import Levels
from poreflux.segmentation.thresholds import class_means, otsu


def li(counted: Histogram) -> float:
    """Return the threshold of least cross entropy between the image and its two phases.

    Notes
    -----
    The fixed point of t = (m_dark - m_bright) / (ln m_dark - ln m_bright), m the means of the two
    sides above the lowest grey value, from Otsu's threshold on.

    References
    ----------
    C. H. Li, P. K. S. Tam, Pattern Recognit. Lett. 19, 771 (1998).

    Examples
    --------
    >>> values = np.arange(10)
    >>> li(Histogram(values, np.array([9, 5, 1, 0, 0, 0, 1, 5, 9, 5]), 0, 9))
    2.0
    """
    cut, lowest = otsu(counted), float(counted.lowest)
    for _ in range(1000):
        dark, bright = (mean - lowest for mean in class_means(counted, cut))
        if not 0 < dark < bright:  # all dark voxels have the lowest grey value there is
            break
        following = _on_value(
            counted, lowest + (bright - dark) / (math.log(bright) - math.log(dark))
        )
        if following == cut or not counted.lowest <= following < counted.highest:
            break
        cut = following
    return cut


def minimum_error(counted: Histogram) -> float:
    """Return the threshold of least error where both phases are Gaussian.

    Notes
    -----
    The least of J(t) = 1 + Σ w (ln σ² - 2 ln w) over the two sides, of shares w.

    References
    ----------
    J. Kittler, J. Illingworth, Pattern Recognit. 19, 41 (1986).

    Examples
    --------
    >>> values = np.arange(10)
    >>> minimum_error(Histogram(values, np.array([9, 5, 1, 0, 0, 0, 1, 5, 9, 5]), 0, 9))
    2.0
    """
    values = counted.values - np.average(counted.values, weights=counted.counts)
    counts = counted.counts.astype(float)
    step = float(np.diff(counted.values).min())
    below = [np.cumsum(counts * values**p)[:-1] for p in range(3)]
    above = [np.sum(counts * values**p) - b for p, b in enumerate(below)]
    cost = np.ones(len(values) - 1)
    for side in (below, above):
        occupied = side[0] > 0
        share, first, second = (np.where(occupied, moment, 1.0) for moment in side)
        variance = second / share - (first / share) ** 2
        # a class of few grey values is no narrower than the values are apart
        width = np.maximum(variance, (step / 3) ** 2)
        share = share / counts.sum()
        cost += np.where(occupied, share * (np.log(width) - 2 * np.log(share)), np.inf)
    return float(counted.values[int(np.argmin(cost))])


def midpoint(counted: Histogram, phase_levels: Levels) -> float:
    """Return the middle between the grey values of pore and solid.

    Examples
    --------
    >>> values = np.arange(10)
    >>> midpoint(Histogram(values, np.ones(10, int), 0, 9), Levels(1.5, 8.0, 1.0, 0.0))
    4.0
    """
    return _on_value(counted, (phase_levels.pore + phase_levels.solid) / 2)


def balance(counted: Histogram, porosity: float, pore: str = "dark") -> float:
    """Return the threshold that leaves this share of the voxels on the side of the pores.

    Examples
    --------
    >>> balance(Histogram(np.arange(10), np.ones(10, int), 0, 9), 0.3)
    2.0
    """
    share = np.cumsum(counted.counts) / counted.counts.sum()
    wanted = porosity if pore == "dark" else 1 - porosity
    return float(counted.values[np.argmin(np.abs(share[:-1] - wanted))])


def _on_value(counted: Histogram, cut: float) -> float:
    """Return the largest grey value present up to a threshold, which gives the same phases."""
    at = np.searchsorted(counted.values, cut, "right") - 1
    return float(counted.values[max(int(at), 0)])
