"""Methods text of the segmentation and its corrections, and the range of the porosity."""

import math
from collections.abc import Iterator

import xarray as xr

from poreflux.schema import DIMS
from poreflux.uncertainty.errors import SEGMENTATION, errors_of, value_of
from poreflux.uncertainty.rounding import rounded

WORKS = {
    "li": "C. H. Li, P. K. S. Tam, An iterative algorithm for minimum cross entropy thresholding, "
    "Pattern Recognit. Lett. 19 (1998) 771–776. doi:10.1016/S0167-8655(98)00057-9",
    "minimum-error": "J. Kittler, J. Illingworth, Minimum error thresholding, Pattern Recognit. 19 "
    "(1986) 41–47. doi:10.1016/0031-3203(86)90030-0",
    "nl-means": "A. Buades, B. Coll, J. M. Morel, A review of image denoising algorithms, with a "
    "new one, Multiscale Model. Simul. 4 (2005) 490–530. doi:10.1137/040616024",
    "correct_rings": "J. Sijbers, A. Postnov, Reduction of ring artefacts in high resolution "
    "micro-CT reconstructions, Phys. Med. Biol. 49 (2004) N247–N253. "
    "doi:10.1088/0031-9155/49/14/N06",
    "correct_tilt": "M. A. Fischler, R. C. Bolles, Random sample consensus, Commun. ACM 24 (1981) "
    "381–395. doi:10.1145/358669.358692",
}

METHODS = {
    "otsu": "Otsu's method",
    "multi-otsu": "the multi-level method of Otsu",
    "li": "the minimum cross entropy of Li and Tam",
    "minimum-error": "the minimum error of Kittler and Illingworth",
    "midpoint": "the middle between the grey values of both phases",
    "balance": "the threshold that conserves the mean grey value",
    "threshold": "a fixed threshold",
    "hysteresis": "two-sided hysteresis",
    "watershed": "a watershed on the gradient from markers on both sides",
}

_DENOISED = {
    "median": " after a 3 × 3 × 3 median filter",
    "nl-means": " after non-local means (patches of 3³ voxels in windows of 7³)",
}


def denoised(entry: dict) -> str:
    """Return how noise was removed before a segmentation, to end its sentence.

    Examples
    --------
    >>> denoised({"denoise": "median"})
    ' after a 3 × 3 × 3 median filter'
    """
    return _DENOISED.get(str(entry.get("denoise")), "")


def corrections(entry: dict) -> Iterator[str]:
    """Yield a sentence for each correction before a segmentation.

    Examples
    --------
    >>> list(corrections({"before": [{"operation": "correct_drift", "how": "gain"}]}))
    ['Each slice was scaled so that the solid has one grey value.']
    """
    for step in entry.get("before", []):
        yield from _CORRECTION_SENTENCES.get(step["operation"], _no_sentence)(step)


def weighed(entry: dict) -> Iterator[str]:
    """Yield how pores were found that noise hides in the histogram.

    Examples
    --------
    >>> list(weighed({"method": "otsu", "weighed": True, "instead": False}))
    ['Pores that noise hides in the histogram were weighed by the grey that dark spots lack.']
    """
    if not entry.get("weighed"):
        return
    yield "Pores that noise hides in the histogram were weighed by the grey that dark spots lack."
    if entry.get("instead"):
        yield (
            "By itself the method would have cut through the noise of the solid: the threshold is "
            "the one that gives the weighed porosity."
        )


def band(results: xr.Dataset, entry: dict) -> Iterator[str]:
    """Yield the range of the porosity by other thresholds and methods, or by weight."""
    if not {"porosity_low", "porosity_high"} <= set(results.data_vars):
        return
    ends = [float(results[f"porosity_{end}"]) for end in ("low", "high")]
    low, high = (rounded(100 * end, 100 * (ends[1] - ends[0])) for end in ends)
    moved = (
        f"With the threshold moved by {float(results['threshold_shift']):.3g} grey values (5 % of"
    )
    others = (
        "the contrast), and with all grey values of the pore that the darkest spots allow"
        if entry.get("weighed")
        else "the contrast, or half the noise), and by other methods"
    )
    yield f"{moved} {others}, the porosity lies between {low} and {high} %."
    if results["gray_balance_porosity"].notnull():
        balance = rounded(100 * float(results["gray_balance_porosity"]), 100 * (ends[1] - ends[0]))
        source = (
            "The weight of the dark spots"
            if entry.get("weighed")
            else "The mean grey value between those of pore and solid"
        )
        yield f"{source}, which needs no threshold, gives {balance} %."
    yield from _tortuosity_band(results)


def _tortuosity_band(results: xr.Dataset) -> Iterator[str]:
    """Yield the range of the tortuosity factor by the same thresholds, where it is known."""
    ranges = []
    for direction in DIMS:
        value = value_of(results, "tortuosity_factor", direction)
        for error in errors_of(results, "tortuosity_factor", direction):
            if error.kind == SEGMENTATION:
                low, high = value - error.below, value + error.above
                size = high - low if math.isfinite(high) else error.below
                ranges.append(f"{rounded(low, size)} and {rounded(high, size)} along {direction}")
    if ranges:
        yield f"The tortuosity factor lies between {', between '.join(ranges)} then."


def works(entry: dict) -> list[str]:
    """Return the keys of the works that a segmentation rests on."""
    names = {str(entry.get("method")), str(entry.get("denoise"))}
    names |= {step["operation"] for step in entry.get("before", [])}
    return [key for key in WORKS if key in names]


def _region(step: dict) -> Iterator[str]:
    if "radius" in step:
        origin = "found" if "erosion" in step else "given"
        yield f"Only voxels in a cylinder of radius {step['radius']:.4g} µm, {origin}, count."
    else:
        yield "Only voxels in a given mask count."


def _drift(step: dict) -> Iterator[str]:
    done = "scaled" if step["how"] == "gain" else "shifted"
    yield f"Each slice was {done} so that the solid has one grey value."


def _cupping(step: dict) -> Iterator[str]:
    yield (
        f"A polynomial of order {step['order']} in the squared distance from the axis of rotation, "
        "fitted to the solid, was subtracted (cupping)."
    )


def _rings(step: dict) -> Iterator[str]:
    yield (
        "Rings were subtracted: in each slice, the mean over the angle minus its median over "
        f"{step['width']} voxels of the radius."
    )


def _tilt(step: dict) -> Iterator[str]:
    angles = [f"{step[name]['angle']:.2f}°" for name in ("first", "last") if name in step]
    if angles:
        low, high = step["valid_range"]
        done = "; columns were shifted to set it upright" if step["how"] == "shear" else ""
        yield (
            f"The end face is tilted by {' and '.join(angles)}{done}; planes from z = {low:.4g} to "
            f"{high:.4g} µm count."
        )


def _no_sentence(step: dict) -> Iterator[str]:
    return iter(())


_CORRECTION_SENTENCES = {
    "region_of_interest": _region,
    "correct_drift": _drift,
    "correct_cupping": _cupping,
    "correct_rings": _rings,
    "correct_tilt": _tilt,
}
