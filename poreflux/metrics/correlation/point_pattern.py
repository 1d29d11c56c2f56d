"""The centres of pores as points: their distances, their waves.

Plain arrays in, numbers out; lengths in µm.
"""

import math

import numpy as np
from scipy import fft
from scipy.ndimage import median_filter
from scipy.spatial import KDTree

#: mean distance to the nearest neighbour of points of number density 1, if they are random
_RANDOM = 0.5539602793

#: cells along the longest edge of the grid for the structure factor of points
_GRID = 96


def clark_evans(points: np.ndarray, edges: np.ndarray) -> float:
    """Return the mean distance to the nearest neighbour, relative to that of random points.

    Parameters
    ----------
    points
        rows (z, y, x), from a corner of the box on.
    edges
        of the box.

    Notes
    -----
    R = <r> / (0.55396 n^(-1/3)): 1 random, above ordered, below clustered [1]_. A point counts if
    its neighbour is nearer than any face, with the weight 1 / prod (L - 2 r) for those farther away
    that were lost by this [2]_.

    References
    ----------
    .. [1] P. J. Clark, F. C. Evans, Ecology 35, 445 (1954).
    .. [2] K.-H. Hanisch, Mathematische Operationsforschung und Statistik 15, 409 (1984).

    Examples
    --------
    >>> places = np.random.default_rng(0).random((2000, 3))
    >>> round(clark_evans(places, np.ones(3)), 1)
    1.0
    """
    if len(points) < 2:
        return math.nan
    r = KDTree(points).query(points, 2)[0][:, 1]
    inside = np.min(np.minimum(points, edges - points), axis=1) > r
    if not inside.any():
        return math.nan
    weights = 1 / np.prod(edges - 2 * r[inside, None], axis=1)
    mean = np.average(r[inside], weights=weights)
    density = len(points) / np.prod(edges)
    return float(mean / (_RANDOM * density ** (-1 / 3)))


def bragg_peak(points: np.ndarray, edges: np.ndarray) -> tuple[float, float, float]:
    """Return the wave of the structure factor of points that stands out from those around it.

    Returns
    -------
    height S(k) of the peak, its wavelength, and its significance: -log10 of the probability that
    random points have one as high among as many waves. Above 2 or 3 the points are periodic; below,
    height and wavelength mean nothing.

    Notes
    -----
    S(k) = |Σ exp(-i k x)|² / N at the waves of the box, by FFT of the points on a grid, down to
    0.4 of the mean distance of points. For random points S has an exponential distribution. Its
    mean at a wave is estimated as median / ln 2 of the waves around it, which no single peak can
    move, on the three lattice lines and planes through it, of which the largest is taken: so
    columns, layers and clusters, which strengthen all waves on a line, a plane or in a ball, are
    no peaks.

    Examples
    --------
    >>> lattice = np.stack(np.meshgrid(*3 * [np.arange(8) + 0.3]), -1).reshape(-1, 3)
    >>> height, wave, significance = bragg_peak(lattice, np.full(3, 8.0))
    >>> round(wave, 3), significance > 10
    (1.0, True)
    """
    if len(points) < 8:
        return math.nan, math.nan, math.nan
    s, k = _structure_factor(points, edges)
    ratio = s / _surroundings(s)
    spacing = float((np.prod(edges) / len(points)) ** (1 / 3))
    use = (k > 0) & (k < 2.5 * 2 * math.pi / spacing)
    waves = np.count_nonzero(use) / 2
    significance = np.where(use, (ratio - math.log(waves)) / math.log(10), -np.inf)
    high = (significance >= min(3.0, significance.max())) & use
    high &= s >= 0.5 * s[high].max()
    best = np.argmin(np.where(high, k, np.inf))
    peak_significance = float(max(significance.flat[best], 0.0))
    return float(s.flat[best]), float(2 * math.pi / k.flat[best]), peak_significance


def _structure_factor(points: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return S(k) and |k| at the waves of the box, k = 0 in the middle, to half the limit."""
    grid = np.maximum(np.rint(edges / (np.max(edges) / _GRID)).astype(int), 1)
    place = np.minimum((points / edges * grid).astype(int), grid - 1)
    number = np.zeros(grid)
    np.add.at(number, tuple(place.T), 1)
    s = fft.fftshift(np.abs(fft.fftn(number)) ** 2) / len(points)
    frequencies = np.ix_(*(fft.fftshift(fft.fftfreq(n)) for n in grid))
    for frequency in frequencies:
        s /= np.sinc(frequency) ** 2  # a point counts for its cell
    k = 2 * math.pi * np.sqrt(sum((f * n / e) ** 2 for f, n, e in zip(frequencies, grid, edges)))
    inner = tuple(slice(n // 4, n - n // 4) for n in grid)
    return s[inner], k[inner]


def _surroundings(s: np.ndarray) -> np.ndarray:
    """Return what S would be on average at each wave, by those around it."""
    mean = np.full(s.shape, 1e-3)
    for size in ((9, 1, 1), (1, 9, 1), (1, 1, 9), (1, 5, 5), (5, 1, 5), (5, 5, 1), (3, 3, 3)):
        around = np.ones(size, bool)
        around[tuple(n // 2 for n in size)] = False
        median = median_filter(s, footprint=around, mode="nearest")
        np.maximum(mean, median / math.log(2), out=mean)
    return mean


def moran(values: np.ndarray) -> float:
    """Return Moran's I of values over blocks: the correlation of neighbours across faces.

    Notes
    -----
    I = (n / W) Σ d_i d_j / Σ d_i², over the W ordered pairs of neighbours; independent values have
    -1 / (n - 1).

    References
    ----------
    P. A. P. Moran, Biometrika 37, 17 (1950).

    Examples
    --------
    >>> moran(np.indices((4, 4, 4)).sum(axis=0) % 2)
    -1.0
    """
    d = values - np.nanmean(values)
    valid = np.isfinite(d)
    d = np.where(valid, d, 0.0)
    pairs = products = 0.0
    for axis in range(d.ndim):
        lines, line_valid = np.moveaxis(d, axis, 0), np.moveaxis(valid, axis, 0)
        pairs += (line_valid[1:] & line_valid[:-1]).sum()
        products += (lines[1:] * lines[:-1]).sum()
    variance = (d**2).sum()
    return float(valid.sum() * products / (pairs * variance)) if pairs and variance else math.nan
