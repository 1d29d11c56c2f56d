"""Grey values become phases: by thresholds on the histogram of the whole volume, chunk by chunk."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.annotations import AnyArray, Denoise, PoreShade, Progress, SegmentMethod
from poreflux.blocks import Scheduler
from poreflux.schema import DIMS, attributes
from poreflux.segmentation.denoise import denoised, local_noise
from poreflux.segmentation.histogram import Histogram, histograms
from poreflux.segmentation.labels import by_hysteresis, by_thresholds, by_watershed, pore_shares
from poreflux.segmentation.options import (
    FROM_HISTOGRAM,
    GROWING,
    check_options,
    check_thresholds,
    phase_bounds,
)
from poreflux.segmentation.outside import inside, marked
from poreflux.segmentation.segmentation_sensitivity import ThresholdAnalysis, analyse, sensitivity
from poreflux.segmentation.thresholds import class_means, multi_otsu, otsu, separability
from poreflux.volume import PORE_AND_ELECTROLYTE, from_array, require, voxel_size

#: operations on the grey values, and on the mask, that come before
CORRECTIONS = (
    "region_of_interest",
    *(f"correct_{f}" for f in ("drift", "cupping", "rings", "tilt")),
)

#: bins of the histogram that is recorded with the phases
_RECORDED = 256


def segment(
    volume: xr.Dataset,
    *,
    method: SegmentMethod = "otsu",
    threshold: float | Sequence[float] | None = None,
    phases: Mapping[int, str] | None = None,
    pore: PoreShade = "dark",
    denoise: Denoise | None = None,
    bins: int = 1024,
    progress: Progress | None = None,
    scheduler: Scheduler = None,
) -> xr.Dataset:
    """Give each voxel a phase by its grey value.

    The histogram is counted at once, in one pass (two for floats); `phase` is lazy. Hysteresis
    takes one more pass for each of three thresholds; it and the watershed one that counts.

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
    two phases the numbers of :func:`segmentation_sensitivity`.

    Raises
    ------
    ValueError
        if there is nothing to separate (a constant image, an empty phase), grey values are not
        finite, or an option does not fit the others.

    Notes
    -----
    A grey value up to and including a threshold is on its dark side.

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
    counted, raw = _histograms(arrays, denoise, len(names) == 2, bins, options)
    if counted.lowest == counted.highest:
        raise ValueError(f"all grey values are {counted.lowest:g}; there is nothing to separate")
    analysis = analyse(raw, counted, pore) if len(names) == 2 else None
    thresholds = given or _automatic_thresholds(counted, method, len(names), pore, analysis)
    check_thresholds(thresholds, counted, method, names, pore)
    labels = list(names) if pore == "dark" else list(names)[::-1]
    grown_in = arrays["gray"]
    if method in GROWING and sample is not None:  # through what is no sample nothing grows
        grown_in = marked(grown_in, sample)
    grow = partial(_labelled, grown_in, labels, method, pore, analysis, options)
    phase = grow(thresholds)
    record: dict[str, Any] = {"method": method, "thresholds": thresholds, "pore": pore}
    record |= {"denoise": denoise or "none", **({"noise": noise} if math.isfinite(noise) else {})}
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
    arrays: Mapping[str, Any], denoise: Denoise | None, two_phases: bool, bins: int, options: Any
) -> tuple[Histogram, Histogram]:
    """Return the histograms of the grey values as they are segmented, and as they were measured."""
    names = ["gray", "raw"] if denoise and two_phases else ["gray"]
    used = {name: array for name, array in arrays.items() if name in (*names, "mask")}
    counted = histograms(used, names, bins=bins, **options)
    return counted[0], counted[-1]


def _automatic_thresholds(
    counted: Histogram, method: str, count: int, pore: str, analysis: ThresholdAnalysis | None
) -> list[float]:
    if method in FROM_HISTOGRAM and analysis:
        thresholds = analysis.thresholds()
        if method not in thresholds:
            raise ValueError(
                f"the grey values balance to a porosity of {analysis.balance:.3g}, which is "
                "impossible; choose another method, or a region of interest"
            )
        return [thresholds[method]]
    if method not in GROWING:
        return multi_otsu(counted, count)
    middle = otsu(counted)
    dark, bright = class_means(counted, middle)
    if method == "watershed":
        return [(dark + middle) / 2, (middle + bright) / 2]
    if pore == "dark":
        return [(dark + middle) / 2, middle]
    return [middle, (middle + bright) / 2]


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
