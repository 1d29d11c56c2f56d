"""Grey values become phases: by thresholds on the histogram of the whole volume, chunk by chunk."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.annotations import AnyArray, Denoise, PoreShade, SegmentMethod, ShownProgress
from poreflux.blocks import Scheduler
from poreflux.progress import shows_progress
from poreflux.schema import DIMS, attributes
from poreflux.segmentation.choice import automatic_thresholds, noise_decides, require_enough
from poreflux.segmentation.denoise import denoised, local_noise
from poreflux.segmentation.faint_pores import faint_pores
from poreflux.segmentation.histogram import NEAR, Histogram, histograms
from poreflux.segmentation.labels import by_hysteresis, by_thresholds, by_watershed, pore_shares
from poreflux.segmentation.options import (
    GROWING,
    check_options,
    check_thresholds,
    phase_bounds,
)
from poreflux.segmentation.outside import inside, marked
from poreflux.segmentation.own_peaks import require_own_peaks, warn_of_more_phases
from poreflux.segmentation.segmentation_sensitivity import ThresholdAnalysis, analyse, sensitivity
from poreflux.segmentation.solid_peak import require_two_phases, solid_peak
from poreflux.segmentation.surroundings import surroundings
from poreflux.segmentation.thresholds import otsu, separability
from poreflux.volume import PORE_AND_ELECTROLYTE, from_array, require, voxel_size

#: operations on the grey values, and on the mask, that come before
CORRECTIONS = (
    "region_of_interest",
    *(f"correct_{f}" for f in ("drift", "cupping", "rings", "tilt")),
)

#: bins of the histogram that is recorded with the phases
_RECORDED = 256


@shows_progress("segment")
def segment(
    volume: xr.Dataset,
    *,
    method: SegmentMethod = "otsu",
    threshold: float | Sequence[float] | None = None,
    phases: Mapping[int, str] | None = None,
    pore: PoreShade = "dark",
    denoise: Denoise | None = None,
    bins: int = 1024,
    progress: ShownProgress = None,
    scheduler: Scheduler = None,
) -> xr.Dataset:
    """Give each voxel a phase by its grey value.

    The histogram is counted at once, in one pass (two for floats); `phase` is lazy. Hysteresis
    takes one more pass for each of three thresholds; it and the watershed one that counts; and
    a scan in which noise hides the pores one that weighs them.

    Parameters
    ----------
    volume
        with `gray`, dims (z, y, x). What is NaN, or outside of a `mask`, is no sample: it counts
        for nothing, and the `mask` of the result leaves it out.
    method
        ``"threshold"``: as given by `threshold`; ``"otsu"``, ``"li"``, ``"minimum-error"``: two
        phases, by these criteria; ``"midpoint"``: by the middle between the grey values of the
        phases; ``"balance"``: so that the porosity is that of the grey values' mean, see
        :func:`segmentation_sensitivity`; ``"multi-otsu"``: as many as `phases`;
        ``"hysteresis"``: the darker phase is what is up to the upper threshold and joined, by
        faces, to a voxel up to the lower one (exactly so with ``pore="bright"`` too, with the
        sides exchanged); ``"watershed"``: voxels up to the lower threshold and above the upper one
        are sure, those between are flooded from both sides, and go to the one that reaches them
        over the lower gradient (blurred by 0.7 voxels), within 8 voxels; pores of a few voxels
        come out too small.
    threshold
        one number for two phases, more, ascending, for more; two for hysteresis, by default Otsu's
        and, on the side of the pores, the middle between it and the mean of their class; two for
        the watershed, by default those middles on both sides.
    phases
        label and name of each phase, in the order of their grey values from the side of `pore`;
        by default ``{0: "pore", 1: "electrolyte"}``.
    pore
        ``"dark"`` or ``"bright"``: the side on which `phases` begins.
    denoise
        first: ``"median"``: replace each grey value by the median of its 3×3×3 neighbourhood;
        ``"nl-means"``: by the mean of those of the 7×7×7 around it whose own neighbourhoods look
        alike, which keeps edges sharper and takes some hundred times as long, in each pass.
    bins
        of the histogram of floats.
    progress, scheduler
        as for :func:`poreflux.blocks.compute`.

    Returns
    -------
    Volume with `phase` besides what it had; ``phase.attrs["segmentation"]`` records method,
    thresholds, separability (the share of the variance that is between phases), histogram, and for
    two phases the numbers of :func:`segmentation_sensitivity`; `weighed` where noise hides the
    pores in the histogram, and `instead` where the threshold is therefore not that of the method.

    Raises
    ------
    OnePhase
        a ``ValueError``: if a method is to find a threshold in grey values of one phase only, or
        of another so faint that no threshold would be right.
    ValueError
        if there is nothing to separate (a constant image, an empty phase), grey values are not
        finite, or an option does not fit the others.

    Notes
    -----
    A grey value up to and including a threshold is on its dark side.

    A histogram does not tell noise from a second phase: any method cuts a single peak in halves. So
    there must be voxels that are darker than noise makes them together with their neighbours. Where
    the phases overlap in the histogram (less than 70 % of the variance is between Otsu's classes),
    the porosity is weighed: by how much grey is lacking in and around such voxels. If the threshold
    of the method gives a porosity that disagrees with that, the one that gives it is taken. Of
    three phases and more each must have a peak of its own, or an outer one a tail, with less noise
    of its neighbours in it than voxels of its own.

    References
    ----------
    Otsu, IEEE Trans. Syst. Man Cybern. 9, 62 (1979).

    Examples
    --------
    >>> gray = from_array(np.array([[[10, 12, 11], [90, 91, 95]]], np.uint8), kind="gray")
    >>> segmented = segment(gray)
    >>> segmented["phase"].values
    array([[[0, 0, 0],
            [1, 1, 1]]], dtype=uint8)
    >>> segmented["phase"].attrs["segmentation"]["thresholds"]
    [12.0]
    """
    gray = require(volume, "gray")
    names = dict(phases or PORE_AND_ELECTROLYTE)
    given = None if threshold is None else [float(t) for t in np.atleast_1d(threshold)]
    check_options(method, given, names, phases, pore, denoise)
    options: dict = {"progress": progress, "scheduler": scheduler}
    values = blocks.chunked(gray.data)
    noise = local_noise(values, scheduler=scheduler) if denoise == "nl-means" else math.nan
    sample = inside(volume)
    arrays = {"gray": denoised(values, denoise, noise, sample), "raw": values}
    arrays |= {} if sample is None else {"mask": sample}
    if len(names) == 2 or given is None:
        arrays[NEAR] = surroundings(values, sample)
    counted, raw, near = _histograms(arrays, denoise, bins, options)
    if counted.lowest == counted.highest:
        raise ValueError(f"all grey values are {counted.lowest:g}; there is nothing to separate")
    peak = solid_peak(raw, near, pore) if near else None
    if peak and given is None:
        require_two_phases(peak, max(separability(h, [otsu(h)]) for h in (counted, raw)))
    analysis = analyse(raw, counted, pore, peak) if len(names) == 2 else None
    if analysis and peak and peak.two_phases:
        analysis = _weighed(
            arrays, counted, analysis, method if given is None else "threshold", options
        )
    thresholds, instead = given or [], False
    if given is None:
        thresholds, instead = automatic_thresholds(counted, method, len(names), pore, analysis)
        if near and len(names) > 2:
            require_own_peaks(near, counted, thresholds)
        elif len(names) == 2:
            warn_of_more_phases(counted)
    check_thresholds(thresholds, counted, method, names, pore)
    labels = list(names) if pore == "dark" else list(names)[::-1]
    grown_in = arrays["gray"]
    if method in GROWING and sample is not None:  # through what is no sample nothing grows
        grown_in = marked(grown_in, sample)
    grow = partial(_labelled, grown_in, labels, method, pore, analysis, options)
    phase = grow(thresholds)
    record: dict[str, Any] = {"method": method, "thresholds": thresholds, "pore": pore}
    record |= {"denoise": denoise or "none", **({"noise": noise} if math.isfinite(noise) else {})}
    if analysis and analysis.faint:
        record |= {"weighed": True, "instead": instead}
    record["before"] = _corrections(volume)
    record["separability"] = separability(counted, phase_bounds(thresholds, method, pore))
    if analysis:
        label = labels[0] if pore == "dark" else labels[-1]
        grown = partial(_grown_shares, grow, label, arrays.get("mask"), options)
        band = sensitivity(analysis, thresholds, grown if method in GROWING else None)
    if sample is not None and int(counted.counts.sum()) < gray.size:
        volume = volume.assign(mask=(DIMS, sample, attributes("mask")))
        record["outside_fraction"] = 1 - int(counted.counts.sum()) / gray.size
    return _volume(volume, phase, names, record, counted, band if analysis else None)


def _corrections(volume: xr.Dataset) -> list[dict]:
    """Return the corrections of the grey values that came before."""
    history = volume.attrs.get("history", [])
    return [entry for entry in history if entry["operation"] in CORRECTIONS]


def _histograms(
    arrays: Mapping[str, Any], denoise: Denoise | None, bins: int, options: Any
) -> tuple[Histogram, Histogram, Histogram | None]:
    """Return the histograms of the grey values as they are segmented, as measured, and near."""
    images = ["gray", "raw"] if denoise and NEAR in arrays else ["gray"]
    names = [*images, *(name for name in arrays if name == NEAR)]
    used = {name: array for name, array in arrays.items() if name in (*names, "mask")}
    counted = histograms(used, names, bins=bins, **options)
    return counted[0], counted[len(images) - 1], counted[-1] if NEAR in names else None


def _weighed(
    arrays: Mapping[str, Any],
    counted: Histogram,
    analysis: ThresholdAnalysis,
    method: str,
    options: Any,
) -> ThresholdAnalysis:
    """Return the analysis, with the pores that noise hides weighed, in one more pass."""
    between = separability(counted, [otsu(counted)])
    if analysis.peak is None or not noise_decides(counted, method, analysis, between):
        return analysis
    faint = faint_pores(arrays["raw"], arrays.get("mask"), analysis.peak, analysis.pore, **options)
    if faint and faint.complete:
        return analysis.weighed(faint)
    if method != "threshold":
        require_enough(between)
    return analysis


def _labelled(
    values: AnyArray,
    labels: Sequence[int],
    method: str,
    pore: str,
    analysis: ThresholdAnalysis | None,
    options: Any,
    thresholds: Sequence[float],
) -> AnyArray:
    if method == "hysteresis":
        return by_hysteresis(values, thresholds, labels, pore, **options)
    if method == "watershed" and analysis:
        return by_watershed(values, thresholds, labels, pore, analysis.levels.contrast)
    return by_thresholds(values, thresholds, labels)


def _grown_shares(
    grow: Callable, label: int, mask: AnyArray, options: Any, thresholds: Sequence
) -> list[float]:
    """Return the porosities with several pairs of thresholds."""
    return pore_shares([grow(pair) for pair in thresholds], label, mask, **options)


def _volume(
    volume: xr.Dataset,
    phase: AnyArray,
    names: Mapping[int, str],
    record: Mapping[str, Any],
    counted: Histogram,
    band: dict | None,
) -> xr.Dataset:
    labelled = from_array(phase, voxel_size=voxel_size(volume), phases=names)["phase"]
    segmentation = {
        **record,
        **({"sensitivity": band} if band else {}),
        "histogram": counted.grouped(_RECORDED),
    }
    history = [*volume.attrs.get("history", []), {"operation": "segment", **record}]
    result = volume.drop_vars("phase", errors="ignore")
    result = result.assign(
        phase=(DIMS, labelled.data, {**labelled.attrs, "segmentation": segmentation})
    )
    return result.assign_attrs(history=history)
