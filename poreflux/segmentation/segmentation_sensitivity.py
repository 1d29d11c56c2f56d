"""How much a porosity owes to the choice of threshold, and what it is without any."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from poreflux.schema import attributes
from poreflux.segmentation.criteria import balance, li, midpoint, minimum_error
from poreflux.segmentation.histogram import Histogram
from poreflux.segmentation.levels import Levels, levels
from poreflux.segmentation.thresholds import otsu
from poreflux.volume import require

#: the threshold is moved by this part of the contrast at least, and of the noise
_OF_CONTRAST, _OF_NOISE = 0.05, 0.5

#: a threshold farther from the middle, in parts of the contrast, cuts through one phase
_PLAUSIBLE = 0.25

#: a model of the histogram that misplaces more of the voxels says nothing about the porosity
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
      likewise;
    - `porosity_at_threshold` (threshold_step): at the threshold, and with it lower and higher by
      `threshold_shift`; `porosity_slope`, its change for a threshold higher by the contrast;
    - `method_threshold`, `method_porosity` (threshold_method): of Otsu, Li, minimum error, the
      middle between the levels, and the threshold of the grey balance; those farther than
      a quarter of the contrast from the middle cut through one phase and do not count in the band;
    - `tortuosity_at_threshold` (direction, threshold_step), where :func:`poreflux.tortuosity_band`
      solved for it;
    - `gray_balance_porosity`: from grey values without a threshold; it counts where the model of
      the histogram is true to 10 % (`gray_misfit`);
    - `gray_level_pore`, `gray_level_solid`, `gray_noise`: of the values as they were before any
      denoising.

    Notes
    -----
    The threshold is moved by 5 % of the contrast or half the standard deviation of the noise that
    is left after denoising, whichever is more; both thresholds of hysteresis and of the watershed
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
    numbers: dict[str, tuple] = {
        name: ((), math.nan if value is None else value, attributes(name))
        for name, value in record.items()
        if not isinstance(value, dict | list)
    }
    methods, solved = record["methods"], record.get("tortuosity", {})
    for i, name in enumerate(("method_threshold", "method_porosity")):
        numbers[name] = ("threshold_method", [v[i] for v in methods.values()], attributes(name))
    for name, dims, values in (
        ("porosity_at_threshold", "threshold_step", record["porosity_at_threshold"]),
        ("tortuosity_at_threshold", ("direction", "threshold_step"), list(solved.values())),
    ):
        if values:
            numbers[name] = (dims, values, attributes(name))
    coords = {"threshold_method": list(methods), "threshold_step": ["lower", "as is", "higher"]}
    return xr.Dataset(numbers, coords={**coords, **({"direction": list(solved)} if solved else {})})


@dataclass(frozen=True)
class Judgement:
    """What the histograms before and after denoising say of a segmentation into two phases."""

    raw: Histogram
    denoised: Histogram
    pore: str
    found: Levels
    noise: float

    @property
    def shift(self) -> float:
        """Return by how much the threshold is moved."""
        return max(_OF_CONTRAST * abs(self.found.contrast), _OF_NOISE * self.noise)

    @property
    def balance(self) -> float:
        """Return the porosity that needs no threshold."""
        mean = float(np.average(self.raw.values, weights=self.raw.counts))
        return (self.found.solid - mean) / self.found.contrast

    def porosity(self, threshold: float) -> float:
        """Return the porosity that a threshold gives."""
        dark = self.denoised.counts[self.denoised.values <= threshold].sum()
        share = float(dark / self.denoised.counts.sum())
        return share if self.pore == "dark" else 1 - share

    def moved(self, threshold: float, steps: float) -> float:
        """Return a threshold moved by so many shifts, from the middle of a wide gap it is at.

        It is the last grey value below the gap: a shift from there would lose one phase.
        """
        seen = self.denoised.values[self.denoised.counts > 0]
        above = int(np.searchsorted(seen, threshold, "right"))
        if 0 < above < len(seen):
            low, high = map(float, seen[above - 1 : above + 1])
            if high - low > _PLAUSIBLE * abs(self.found.contrast):
                threshold = (low + high) / 2
        return threshold + steps * self.shift

    def thresholds(self) -> dict[str, float]:
        """Return the threshold of each method that needs the histogram only."""
        counted = self.denoised
        found = {"otsu": otsu(counted), "li": li(counted), "minimum-error": minimum_error(counted),
                 "midpoint": midpoint(counted, self.found)}  # fmt: skip
        if 0 < self.balance < 1:
            found["balance"] = balance(counted, self.balance, self.pore)
        return found


def judge(raw: Histogram, denoised: Histogram, pore: str) -> Judgement:
    """Return the levels of the phases and the noise, before and after denoising."""
    found = levels(raw, pore)
    left = found if denoised is raw else levels(denoised, pore)
    noise = left.noise if math.isfinite(left.noise) else 0.0
    return Judgement(raw, denoised, pore, found, noise)


def sensitivity(
    judged: Judgement, thresholds: Sequence[float], porosities: Callable | None = None
) -> dict:
    """Return the record of :func:`segmentation_sensitivity`, fit for an attribute.

    Parameters
    ----------
    judged
        of the histograms.
    thresholds
        of the segmentation.
    porosities
        from a list of thresholds for the segmentation to its porosities, where the histogram does
        not tell them.
    """
    shift, found = judged.shift, judged.found
    moved = [[judged.moved(t, s) if s else t for t in thresholds] for s in (-1, 0, 1)]
    at = porosities(moved) if porosities else [judged.porosity(cut) for (cut,) in moved]
    methods = {name: [t, judged.porosity(t)] for name, t in judged.thresholds().items()}
    middle, reach = (found.pore + found.solid) / 2, _PLAUSIBLE * abs(found.contrast)
    band = [*at, *(p for t, p in methods.values() if abs(t - middle) <= reach)]
    # a method that hardly moves with its thresholds, or is off to one side, is no surer for it
    band += [judged.porosity(judged.moved(methods["otsu"][0], s)) for s in (-1, 1)]
    if found.misfit < _MISFIT and 0 <= judged.balance <= 1:
        band.append(judged.balance)
    numbers = {
        "porosity_low": min(band),
        "porosity_high": max(band),
        "gray_balance_porosity": judged.balance,
        "porosity_slope": (at[2] - at[0]) / (2 * shift) * found.contrast if shift else None,
        "threshold_shift": shift,
        "gray_level_pore": found.pore,
        "gray_level_solid": found.solid,
        "gray_noise": found.noise,
        "gray_misfit": found.misfit,
    }
    finite = {k: v if v is not None and math.isfinite(v) else None for k, v in numbers.items()}
    lists = {"porosity_at_threshold": at, "moved_thresholds": moved, "methods": methods}
    return {**finite, **lists}
