"""One phase or two: is anything darker than noise makes of the solid?"""

import math
from dataclasses import dataclass

import numpy as np

from poreflux.errors import OnePhase
from poreflux.segmentation.histogram import Histogram
from poreflux.segmentation.levels import equal_bins, negative, solid_level

#: voxels fewer than which tell noise from a second phase by nothing but their histogram
FEWEST = 16**3

#: by how much a voxel with its neighbours is darker than the solid where it is no solid: standard
#: deviations of the noise (rings and cupping are not as deep), and of what is left of it there
_DEPTH, _DEPTH_NEAR = 2.2, 5.0

#: share of such voxels, and their number, that is a phase
_SHARE, _NUMBER = 1e-4, 12

#: share of voxels that is a phase whatever is bright
_EITHER = 0.005

#: share of the variance between classes that no peak of noise reaches: a Gaussian has 2/π
_TWO_PEAKS = 0.72

#: median of the distances of a Gaussian from its mean, in standard deviations
_MEDIAN = 0.6745


@dataclass(frozen=True)
class SolidPeak:
    """Grey values of the solid, with what is too dark and too bright to belong to it.

    Attributes
    ----------
    level
        grey value of the solid.
    noise
        standard deviation of its noise, unevenness included, from the side where no pores are.
    depth
        by how much darker than the solid a voxel with its neighbours is that is no solid.
    dark, bright
        share of the voxels that are, with their neighbours, darker and brighter by that.
    voxels
        that have all their neighbours.
    """

    level: float
    noise: float
    depth: float
    dark: float
    bright: float
    voxels: int

    @property
    def two_phases(self) -> bool:
        """Return whether something is darker than noise makes of the solid."""
        # noise with long tails has them on both sides; bright specks beside pores are few
        either = min(2 * self.bright, _EITHER)
        return self.dark >= max(_SHARE, _NUMBER / self.voxels, either)


def solid_peak(raw: Histogram, near: Histogram, pore: str = "dark") -> SolidPeak | None:
    """Return the peak of the solid; None for images too small or of too few grey values to tell.

    Parameters
    ----------
    raw
        histogram of the grey values.
    near
        that of each with its neighbours, see :mod:`poreflux.segmentation.surroundings`.
    pore
        ``"dark"`` or ``"bright"``.

    Notes
    -----
    A Gaussian cut at its mean has 2/π of its variance between the classes: the histogram alone does
    not tell noise from a second phase. Noise differs from voxel to voxel, so that the mean with six
    neighbours has less of it, and pores of three voxels and more are left. On the bright side of
    the solid there is noise only: it gives the measure.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> def counted(values):
    ...     counts, edges = np.histogram(values, 256)
    ...     return Histogram((edges[1:] + edges[:-1]) / 2, counts, values.min(), values.max())
    >>> raw, near = rng.normal(90, 8, 30000), rng.normal(90, 3.2, 30000)
    >>> solid_peak(counted(raw), counted(near)).two_phases
    False
    >>> near[:60] -= 40
    >>> solid_peak(counted(raw), counted(near)).two_phases
    True
    """
    if pore == "bright":
        return solid_peak(negative(raw), negative(near))
    voxels = int(near.counts.sum())
    if voxels < FEWEST:
        return None
    edges, counts = equal_bins(near)
    level = solid_level((edges[1:] + edges[:-1]) / 2, counts)
    noise = bright_width(raw, level)
    width = float(raw.values[1] - raw.values[0]) if raw.values.size > 1 else 0.0
    if not noise > width / 2:  # there is no noise to tell from anything
        return None
    depth = max(_DEPTH * noise, _DEPTH_NEAR * bright_width(near, level))
    dark, bright = (
        int(near.counts[chosen].sum()) / voxels
        for chosen in (near.values < level - depth, near.values > level + depth)
    )
    return SolidPeak(level, noise, depth, dark, bright, voxels)


def require_two_phases(peak: SolidPeak, separability: float) -> None:
    """Raise :class:`poreflux.errors.OnePhase` where all that is dark may be noise.

    Parameters
    ----------
    peak
        of the solid.
    separability
        share of the variance between classes, denoised or not: two peaks apart from each other are
        two phases, and what is spread evenly is no noise of a detector.
    """
    if separability >= _TWO_PEAKS or peak.two_phases:
        return
    found = f"the grey values show one phase only: all but {100 * peak.dark:.2g} % are noise"
    if peak.bright > max(_SHARE, peak.dark):
        raise OnePhase(
            f"the grey values show no pores: what differs from {peak.level:.5g} ± {peak.noise:.2g} "
            f"is brighter ({100 * peak.bright:.2g} %); choose pore='bright' if these are the "
            "pores, or give method='threshold' with a threshold"
        )
    raise OnePhase(
        f"{found} ({peak.noise:.2g}) about {peak.level:.5g}, as in a scan of a dense sample; where "
        "pores are known to be, measure with less noise or smaller voxels, choose a region of "
        "interest, or give method='threshold' with a threshold"
    )


def bright_width(counted: Histogram, level: float) -> float:
    """Return the standard deviation of a peak, from the median distance on its bright side.

    Examples
    --------
    >>> counts, edges = np.histogram(np.random.default_rng(0).normal(50, 4, 10000), 200)
    >>> peak = Histogram((edges[1:] + edges[:-1]) / 2, counts, edges[0], edges[-1])
    >>> round(bright_width(peak, 50.0))
    4
    """
    above = np.where(counted.values > level, counted.counts, 0).astype(float)
    total = above.sum()
    if not total:
        return math.nan
    cumulative = np.cumsum(above)
    at = int(np.searchsorted(cumulative, total / 2))
    step = float(counted.values[1] - counted.values[0]) if counted.values.size > 1 else 0.0
    # within the value, as if its voxels were spread over it
    inside = (total / 2 - (cumulative[at] - above[at])) / above[at] - 0.5
    return (float(counted.values[at]) + step * inside - level) / _MEDIAN
