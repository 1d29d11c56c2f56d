"""Sensitivity of the porosity to the threshold, and the porosity without a threshold."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from poreflux.schema import attributes
from poreflux.segmentation.criteria import balance, li, midpoint, minimum_error
from poreflux.segmentation.faint_pores import FaintPores
from poreflux.segmentation.histogram import Histogram
from poreflux.segmentation.levels import Levels, levels
from poreflux.segmentation.solid_peak import SolidPeak
from poreflux.segmentation.thresholds import otsu
from poreflux.volume import require

#: the threshold is moved by this part of the contrast at least, and of the noise
_OF_CONTRAST, _OF_NOISE = 0.05, 0.5

#: a threshold farther from the middle, in parts of the contrast, cuts through one phase
_PLAUSIBLE = 0.25

#: relative error of the grey balance, by that of the contrast
_BALANCE = 0.03

#: largest misfit of the histogram's model with which the grey balance counts
_MISFIT = 0.1


def segmentation_sensitivity(volume: xr.Dataset) -> xr.Dataset:
    """Return what the porosity of a segmentation would be with other choices.

    Parameters
    ----------
    volume
        of two phases, made by :func:`poreflux.segment`, or read from where it was stored.

    Returns
    -------
    Dataset with

    - `porosity_low`, `porosity_high`: the band, over all that follows, and Otsu's threshold moved
      likewise; where pores had to be weighed, over what their weight allows instead of methods;
    - `porosity_at_threshold` (threshold_step): at the threshold, and with it lower and higher by
      `threshold_shift`; `porosity_slope`, its change for a threshold higher by the contrast;
    - `method_threshold`, `method_porosity` (threshold_method): of Otsu, Li, minimum error, the
      middle between the levels, and the threshold of the grey balance; those farther than
      a quarter of the contrast from the middle cut through one phase and do not count in the band;
    - `tortuosity_at_threshold` (direction, threshold_step), where :func:`poreflux.tortuosity_band`
      solved for it;
    - `gray_balance_porosity`: from grey values without a threshold; it counts, give or take 3 % of
      it, where the model of the histogram is accurate to 10 % (`gray_misfit`), or where pores were
      weighed;
    - `gray_level_pore`, `gray_level_solid`, `gray_noise`: of the values as they were before any
      denoising.

    Notes
    -----
    The threshold is moved by 5 % of the contrast or half the standard deviation of the noise that
    is left after denoising, whichever is more (where pores were weighed, the former); both
    thresholds of hysteresis and of the watershed
    are. The grey balance is ε = (I_solid - <I>) / (I_solid - I_pore): blur and noise of mean zero
    leave the mean <I> as it is. An error of 1 % of the contrast in I_solid is one of 0.01 in ε.

    References
    ----------
    Pietsch et al., Sustainable Energy Fuels 2, 598 (2018), for thresholds and the tortuosity of
    dense samples.

    Examples
    --------
    >>> from poreflux import segment
    >>> from poreflux.phantoms import Tomograph, fine_500, measure_gray
    >>> gray = measure_gray(fine_500(64), Tomograph(rings=0, cupping=0, drift=0))
    >>> band = segmentation_sensitivity(segment(gray, denoise="median"))
    >>> truth = 1 - float(gray.phase.mean())
    >>> bool(band.porosity_low < truth < band.porosity_high)
    True
    """
    record = require(volume, "phase").attrs.get("segmentation", {}).get("sensitivity")
    if record is None:
        raise KeyError(
            "the phases of the volume were not made by segment, or are not two; there is no band"
        )
    variables: dict[str, tuple] = {
        name: ((), math.nan if value is None else value, attributes(name))
        for name, value in record.items()
        if not isinstance(value, dict | list)
    }
    methods, solved = record["methods"], record.get("tortuosity", {})
    for i, name in enumerate(("method_threshold", "method_porosity")):
        variables[name] = ("threshold_method", [v[i] for v in methods.values()], attributes(name))
    for name, dims, values in (
        ("porosity_at_threshold", "threshold_step", record["porosity_at_threshold"]),
        ("tortuosity_at_threshold", ("direction", "threshold_step"), list(solved.values())),
    ):
        if values:
            variables[name] = (dims, values, attributes(name))
    coords = {"threshold_method": list(methods), "threshold_step": ["lower", "as is", "higher"]}
    return xr.Dataset(
        variables, coords={**coords, **({"direction": list(solved)} if solved else {})}
    )


@dataclass(frozen=True)
class ThresholdAnalysis:
    """Histograms before and after denoising, and the thresholds and porosities they give."""

    raw: Histogram
    denoised: Histogram
    pore: str
    levels: Levels
    noise: float
    peak: SolidPeak | None = None
    faint: FaintPores | None = None

    @property
    def shift(self) -> float:
        """Return by how much the threshold is moved."""
        of_contrast = _OF_CONTRAST * abs(self.levels.contrast)
        # weighed pores have a band of their own, which noise is part of
        return of_contrast if self.faint else max(of_contrast, _OF_NOISE * self.noise)

    @property
    def model_fits(self) -> bool:
        """Return whether the histogram is that of two phases, so that the grey balance counts."""
        return self.levels.misfit < _MISFIT

    @property
    def balance(self) -> float:
        """Return the porosity by grey values, without a threshold."""
        if self.faint:
            return self.faint.porosity
        mean = float(np.average(self.raw.values, weights=self.raw.counts))
        return (self.levels.solid - mean) / self.levels.contrast

    def porosity(self, threshold: float) -> float:
        """Return the porosity that a threshold gives."""
        dark = self.denoised.counts[self.denoised.values <= threshold].sum()
        share = float(dark / self.denoised.counts.sum())
        return share if self.pore == "dark" else 1 - share

    def plausible(self, threshold: float) -> bool:
        """Return whether a threshold lies between the phases rather than in one of them."""
        middle = (self.levels.pore + self.levels.solid) / 2
        return abs(threshold - middle) <= _PLAUSIBLE * abs(self.levels.contrast)

    def noise_beyond(self, threshold: float) -> float:
        """Return the share of voxels beyond a threshold by noise, as on the solid's other side."""
        mirrored = 2 * self.levels.solid - threshold
        values, counts = self.denoised.values, self.denoised.counts
        beyond = values > mirrored if self.pore == "dark" else values < mirrored
        return float(counts[beyond].sum() / counts.sum())

    def within(self, threshold: float, nearest: float, farthest: float) -> bool:
        """Return whether a threshold lies so far from the solid, in parts of the contrast."""
        depth = (self.levels.solid - threshold) / self.levels.contrast
        return nearest <= depth <= farthest

    def limited(self, threshold: float, nearest: float, farthest: float) -> float:
        """Return the threshold, or the nearest that is so far from the solid."""
        ends = [self.levels.solid - f * self.levels.contrast for f in (nearest, farthest)]
        return min(max(threshold, min(ends)), max(ends))

    def weighed(self, faint: FaintPores) -> "ThresholdAnalysis":
        """Return the analysis with the grey values of pores that dark spots show."""
        sign = 1 if self.pore == "dark" else -1
        noise = self.noise if self.noise or not self.peak else self.peak.noise
        found = Levels(
            sign * (faint.solid - faint.contrast), sign * faint.solid, noise, self.levels.misfit
        )
        return replace(self, levels=found, faint=faint)

    @property
    def widest_step(self) -> float:
        """Return the distance of two grey values beyond which there is a gap between them."""
        return _PLAUSIBLE * abs(self.levels.contrast)

    def moved(self, threshold: float, steps: float) -> float:
        """Return a threshold moved by so many shifts, from the middle of a wide gap it is at.

        It is the last grey value below the gap: a shift from there would lose one phase.
        """
        present = self.denoised.values[self.denoised.counts > 0]
        above = int(np.searchsorted(present, threshold, "right"))
        if 0 < above < len(present):
            low, high = map(float, present[above - 1 : above + 1])
            if high - low > self.widest_step:
                threshold = (low + high) / 2
        return threshold + steps * self.shift

    def thresholds(self) -> dict[str, float]:
        """Return the threshold of each method that needs the histogram only."""
        counted = self.denoised
        thresholds = {
            "otsu": otsu(counted),
            "li": li(counted),
            "minimum-error": minimum_error(counted),
            "midpoint": midpoint(counted, self.levels),
        }
        if 0 < self.balance < 1:
            thresholds["balance"] = balance(counted, self.balance, self.pore)
        return thresholds


def analyse(
    raw: Histogram, denoised: Histogram, pore: str, peak: SolidPeak | None = None
) -> ThresholdAnalysis:
    """Return the levels of the phases and the noise, before and after denoising."""
    raw_levels = levels(raw, pore)
    denoised_levels = raw_levels if denoised is raw else levels(denoised, pore)
    noise = denoised_levels.noise if math.isfinite(denoised_levels.noise) else 0.0
    return ThresholdAnalysis(raw, denoised, pore, raw_levels, noise, peak)


def sensitivity(
    analysis: ThresholdAnalysis, thresholds: Sequence[float], porosities: Callable | None = None
) -> dict:
    """Return the record of :func:`segmentation_sensitivity`, fit for an attribute.

    Parameters
    ----------
    analysis
        of the histograms.
    thresholds
        of the segmentation.
    porosities
        from a list of thresholds for the segmentation to its porosities, where the histogram does
        not determine them.
    """
    shift, phase_levels = analysis.shift, analysis.levels
    moved = [[analysis.moved(t, s) if s else t for t in thresholds] for s in (-1, 0, 1)]
    at_threshold = porosities(moved) if porosities else [analysis.porosity(cut) for (cut,) in moved]
    methods = {name: [t, analysis.porosity(t)] for name, t in analysis.thresholds().items()}
    band = [*at_threshold, *porosities_of_methods(analysis, methods)]
    scalars = {
        "porosity_low": min(band),
        "porosity_high": max(band),
        "gray_balance_porosity": analysis.balance,
        "porosity_slope": _slope(at_threshold, shift, phase_levels.contrast),
        "threshold_shift": shift,
        "gray_level_pore": phase_levels.pore,
        "gray_level_solid": phase_levels.solid,
        "gray_noise": phase_levels.noise,
        "gray_misfit": phase_levels.misfit,
    }
    finite = {k: v if v is not None and math.isfinite(v) else None for k, v in scalars.items()}
    lists = {"porosity_at_threshold": at_threshold, "moved_thresholds": moved, "methods": methods}
    return {**finite, **lists}


def porosities_of_methods(
    analysis: ThresholdAnalysis, methods: Mapping[str, Sequence[float]]
) -> list[float]:
    """Return the porosities beside that of the threshold that the band is to hold."""
    if analysis.faint:
        return [analysis.faint.low, analysis.faint.high]
    if analysis.peak and not analysis.peak.two_phases:
        return []  # a method would cut the noise of the one phase in halves
    checked = analysis.model_fits and 0 <= analysis.balance <= 1
    counting = {name: m for name, m in methods.items() if checked or name != "balance"}
    band = [p for t, p in counting.values() if analysis.plausible(t)]
    # methods that are insensitive to their thresholds, or biased, must not narrow the band
    band += [analysis.porosity(analysis.moved(methods["otsu"][0], s)) for s in (-1, 1)]
    return (
        [*band, *((1 + e) * analysis.balance for e in (-_BALANCE, _BALANCE))] if checked else band
    )


def _slope(at_threshold: Sequence[float], shift: float, contrast: float) -> float | None:
    """Return the change of the porosity for a threshold higher by the contrast."""
    return (at_threshold[2] - at_threshold[0]) / (2 * shift) * contrast if shift else None
