"""Grey values of solid and pore, and the noise, from a histogram: small arrays in, numbers out."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.optimize import least_squares
from scipy.special import ndtr

from poreflux.segmentation.histogram import Histogram
from poreflux.segmentation.thresholds import class_means, otsu

#: bins of the histogram that the model is fitted to, at most, and fewer than which are not fitted
_BINS, _LEAST_BINS = 512, 12

#: share of the voxels that is left out at either end: dead and hot voxels, not noise
_OUTLIERS = 1e-6

#: places across a blurred surface, in standard deviations of the blur, and the solid's share there
_PLACES = np.linspace(-2.5, 2.5, 41)
_SOLID_SHARES = ndtr(_PLACES)
#: width that each place stands for, as a standard deviation, so that they join without noise
_WIDTHS = np.concatenate(([0, 0], np.gradient(_SOLID_SHARES) / 2))

#: standard deviations of the noise from the threshold within which a level must not lie
_APART = 0.25


@dataclass(frozen=True)
class Levels:
    """Grey values of the two phases, with the noise and the misfit of their model.

    Attributes
    ----------
    pore, solid
        grey values of a voxel wholly of that phase, but for noise.
    noise
        standard deviation of the noise; NaN where it was not fitted.
    misfit
        share of the voxels that the model puts into other bins; NaN where it was not fitted.
    """

    pore: float
    solid: float
    noise: float
    misfit: float

    @property
    def contrast(self) -> float:
        """Difference of the two, negative where pores are bright."""
        return self.solid - self.pore


def levels(counted: Histogram, pore: str = "dark") -> Levels:
    """Return the grey values of pore and solid from the histogram of a volume.

    Parameters
    ----------
    counted
        histogram of two phases, of grey values as they were measured: not denoised.
    pore
        ``"dark"`` or ``"bright"``.

    Notes
    -----
    A model is fitted to the histogram: voxels of pore, of solid, and of the surface between them,
    all with Gaussian noise of one width. Voxels of the surface have the solid's share Φ(z), with z
    the distance in widths of the blur, from -2.5 to 2.5, and a frequency 1 + κ z / 2.5 that is
    higher on the outside of round pores. Pores so small that none of their voxels is free of solid
    therefore do not shift the grey value of the pore, which no maximum of the histogram shows.
    Where the fit fails, or there are too few grey values for it, the levels are the most frequent
    values on either side of Otsu's threshold, and `noise` and `misfit` are NaN.

    References
    ----------
    Santago & Gage, IEEE Trans. Image Process. 4, 1531 (1995), for histograms with partial volumes.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> gray = np.concatenate((rng.normal(100, 8, 2000), rng.normal(200, 8, 8000)))
    >>> counts, edges = np.histogram(gray, 256)
    >>> fit = levels(Histogram((edges[1:] + edges[:-1]) / 2, counts, gray.min(), gray.max()))
    >>> bool(abs(fit.pore - 100) < 1 and abs(fit.solid - 200) < 1 and abs(fit.noise - 8) < 1)
    True
    """
    if pore == "bright":
        mirrored = levels(negative(counted))
        return Levels(-mirrored.pore, -mirrored.solid, mirrored.noise, mirrored.misfit)
    cut = otsu(counted)
    edges, counts = equal_bins(counted)
    fitted = _fitted(edges, counts, counted, cut) if counts.size >= _LEAST_BINS else None
    if fitted is not None:
        return fitted
    dark = counted.values <= cut
    modes = [_most_frequent(counted.values[s], counted.counts[s]) for s in (dark, ~dark)]
    return Levels(modes[0], modes[1], math.nan, math.nan)


def negative(counted: Histogram) -> Histogram:
    """Return the histogram of the negative of an image."""
    return Histogram(
        -counted.values[::-1].astype(np.result_type(counted.values, np.int64)),
        counted.counts[::-1], -counted.highest, -counted.lowest,
    )  # fmt: skip


def solid_level(values: np.ndarray, counts: np.ndarray) -> float:
    """Return the level of the brightest phase that holds some of the voxels; NaN without voxels.

    For parts of a volume, such as slices, some of which may be mostly air.

    Parameters
    ----------
    values, counts
        of a histogram of equal bins.

    Notes
    -----
    The brightest maximum at least a sixth as high as the highest, of the histogram smoothed by
    a 25th of the range of the values (what fills the outside may be one value); then, until it
    converges, the mean of the values around it, within the distance at which the bright flank falls
    to half the height.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> gray = np.concatenate((rng.normal(10, 2, 3000), rng.normal(50, 4, 2000)))
    >>> counts, edges = np.histogram(gray, 128)
    >>> bool(abs(solid_level((edges[1:] + edges[:-1]) / 2, counts) - 50) < 0.3)
    True
    """
    below = np.cumsum(counts)
    if not below[-1]:
        return math.nan
    limits = np.searchsorted(below, below[-1] * np.array([1e-3, 1 - 1e-3]))
    smooth = gaussian_filter1d(counts.astype(float), max((limits[1] - limits[0]) / 25, 1.0))
    padded = np.pad(smooth, 1)
    tops = (padded[1:-1] >= padded[:-2]) & (padded[1:-1] > padded[2:])
    top = np.flatnonzero(tops & (smooth >= smooth.max() / 6))[-1]
    half = int(np.argmax(np.append(smooth[top:], 0) < smooth[top] / 2))
    step = float(values[1] - values[0]) if len(values) > 1 else 1.0
    width = step * max(half, 1)
    level = float(values[top])
    for _ in range(50):
        weights = np.clip((width - np.abs(values - level)) / step + 0.5, 0, 1)
        inside = weights * counts
        if not inside.any():
            break
        moved = float(np.average(values, weights=inside))
        if abs(moved - level) < 1e-4 * width:
            break
        level = moved
    return level


def _fitted(edges: np.ndarray, counts: np.ndarray, counted: Histogram, cut: float) -> Levels | None:
    """Return the levels of the model fitted to the counts; None where it does not fit the cut."""
    dark, _ = class_means(counted, cut)
    solid = solid_level((edges[1:] + edges[:-1]) / 2, np.where(edges[1:] > cut, counts, 0))
    scale, share = solid - dark, counts / counts.sum()
    if not scale > 0:
        return None
    places = (edges - dark) / scale
    bin_ = places[1] - places[0]
    # counts vary as their root, and the model is accurate to some 1e-4 of its maximum
    weight = 1 / np.sqrt(share + 1e-4 * share.max() + 1 / counts.sum())
    limits = ([-5, 0.2, math.log(bin_), 0, 0, -1], [1, 5, 2, 1, 1, 1])
    start = [-0.05, 1.0, math.log(max(_flank(places, share), bin_)),
             0.5 * share[edges[1:] <= cut].sum(), 0.1, 0.3]  # fmt: skip
    fit = least_squares(
        lambda x: (_model(x, places) - share) * weight,
        np.clip(start, *limits),
        bounds=limits, x_scale=[0.1, 0.1, 0.3, 0.1, 0.1, 0.3], max_nfev=60,
    )  # fmt: skip
    pore, solid, noise = fit.x[0], fit.x[1], math.exp(fit.x[2])
    cut = (cut - dark) / scale
    if not (fit.success and pore < cut - _APART * noise and solid > cut + _APART * noise):
        return None
    if noise < 1.001 * bin_:  # both phases are single values
        return None
    misfit = float(np.abs(_model(fit.x, places) - share).sum() / 2)
    return Levels(*map(float, (dark + scale * pore, dark + scale * solid, scale * noise, misfit)))


def _model(x: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the shares of voxels between edges: of pore, solid and the surface, with noise."""
    pore, solid, log_noise, of_pore, of_surface, curvature = x
    nodes = np.concatenate(([pore, solid], pore + (solid - pore) * _SOLID_SHARES))
    surface = 1 + curvature * _PLACES / _PLACES[-1]
    fractions = np.concatenate(
        ([of_pore, 1 - of_pore - of_surface], of_surface * surface / surface.sum())
    )
    widths = np.hypot(math.exp(log_noise), (solid - pore) * _WIDTHS)
    return np.diff(ndtr((edges[:, None] - nodes) / widths) @ fractions)


def _flank(edges: np.ndarray, share: np.ndarray) -> float:
    """Return the width of the noise from the bright side of the solid, where no other phase is."""
    centres = (edges[1:] + edges[:-1]) / 2
    above = share * (centres > 1)
    return math.sqrt(np.dot(above, (centres - 1) ** 2) / above.sum()) if above.any() else 0.0


def equal_bins(counted: Histogram) -> tuple[np.ndarray, np.ndarray]:
    """Return edges and counts of at most so many bins, each of as many grey values."""
    values, counts = counted.values, counted.counts
    below = np.cumsum(counts)
    limits = np.searchsorted(below, below[-1] * np.array([_OUTLIERS, 1 - _OUTLIERS]))
    values, counts = values[limits[0] : limits[1] + 1], counts[limits[0] : limits[1] + 1]
    step = 1
    if values.dtype.kind in "iu" and len(values) > 1:  # some detectors leave out grey values
        present = np.flatnonzero(counts)
        step = int(np.gcd.reduce(np.diff(present))) or 1
    group = step * -(-len(values) // (step * _BINS))
    starts = np.arange(0, len(values), group)
    spacing = float(values[1] - values[0]) if len(values) > 1 else 1.0
    edges = values[0] + spacing * (np.append(starts, starts[-1] + group) - step / 2)
    return edges, np.add.reduceat(counts, starts).astype(float)


def _most_frequent(values: np.ndarray, counts: np.ndarray) -> float:
    return float(values[np.argmax(counts)])
