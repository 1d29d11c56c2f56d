"""Which threshold: that of a method, or where noise hides the pores that of their grey values."""

from poreflux.errors import OnePhase
from poreflux.segmentation.criteria import balance
from poreflux.segmentation.histogram import Histogram
from poreflux.segmentation.options import FROM_HISTOGRAM, GROWING
from poreflux.segmentation.segmentation_sensitivity import ThresholdAnalysis
from poreflux.segmentation.thresholds import class_means, multi_otsu, otsu

#: share of the variance between classes below which noise may decide where a method cuts
_OVERLAP = 0.7

#: porosity below which the histogram's model has to fit, or pores are weighed
_MINOR = 0.15

#: how far from the level of the solid a threshold lies, in parts of the contrast
_NEAREST, _FARTHEST = 0.2, 0.8

#: by how much the porosity at a threshold may leave the band of the weighed pores
_LEAST_OF_BAND, _TOLERANCE = 0.8, 0.1

#: share of the pores by their grey that denoising must leave
_LEFT = 0.65

#: largest share of the dark voxels that may be noise
_NOISE = 0.5


def noise_decides(
    counted: Histogram, method: str, analysis: ThresholdAnalysis, separability: float
) -> bool:
    """Return whether the histogram alone does not tell the two phases, or the method not.

    Parameters
    ----------
    counted
        histogram of the grey values as they are segmented.
    method
        of the segmentation.
    analysis
        of the histograms.
    separability
        of Otsu's threshold.
    """
    if separability < _OVERLAP:
        return True
    if not analysis.model_fits:
        return analysis.porosity(otsu(counted)) < _MINOR
    own = None if method == "threshold" else _own(counted, method, analysis)
    if own is None:
        return False
    taken = analysis.raw is not counted and analysis.porosity(own) < _LEFT * analysis.balance
    return taken or not analysis.plausible(own)


def require_enough(separability: float) -> None:
    """Raise :class:`poreflux.errors.OnePhase` where neither histogram nor dark spots tell pores."""
    if separability < _OVERLAP:
        raise OnePhase(
            "something is darker than the noise of the solid, but most of it is lost in the noise, "
            "so that no threshold would be right; measure with less noise or smaller voxels, or "
            "give method='threshold' with a threshold"
        )


def automatic_thresholds(
    counted: Histogram, method: str, count: int, pore: str, analysis: ThresholdAnalysis | None
) -> tuple[list[float], bool]:
    """Return the thresholds of a method, and whether they are those of weighed pores instead.

    Parameters
    ----------
    counted
        histogram of the grey values as they are segmented.
    method
        that finds its thresholds.
    count
        of the phases.
    pore
        ``"dark"`` or ``"bright"``.
    analysis
        of two phases.

    Raises
    ------
    OnePhase
        where no threshold leaves more pores than noise, or denoising took the pores.
    """
    if analysis is None:
        return multi_otsu(counted, count), False
    cut, instead = _own(counted, method, analysis), False
    if analysis.faint:
        cut, instead = _consistent(counted, cut, analysis)
    if cut is None:
        raise ValueError(
            f"the grey values balance to a porosity of {analysis.balance:.3g}, which is "
            "impossible; choose another method, or a region of interest"
        )
    if method not in GROWING:
        return [cut], instead
    ends = (analysis.levels.pore, analysis.levels.solid)
    dark, bright = sorted(ends) if instead else class_means(counted, cut)
    if method == "watershed":
        return [(dark + cut) / 2, (cut + bright) / 2], instead
    return [(dark + cut) / 2, cut] if pore == "dark" else [cut, (cut + bright) / 2], instead


def _own(counted: Histogram, method: str, analysis: ThresholdAnalysis) -> float | None:
    """Return the threshold that a method finds; None where there is none."""
    if method not in FROM_HISTOGRAM:
        return otsu(counted)
    return analysis.thresholds().get(method)


def _consistent(
    counted: Histogram, own: float | None, analysis: ThresholdAnalysis
) -> tuple[float, bool]:
    """Return a threshold that gives the porosity of the weighed pores, and whether it is new."""
    faint = analysis.faint
    assert faint is not None
    cut = own
    if own is None or not (
        analysis.within(own, _NEAREST, _FARTHEST)
        and (1 - _TOLERANCE) * faint.low <= analysis.porosity(own) <= (1 + _TOLERANCE) * faint.high
    ):
        cut = analysis.limited(balance(counted, faint.porosity, analysis.pore), _NEAREST, _FARTHEST)
    assert cut is not None
    found, noise = analysis.porosity(cut), analysis.noise_beyond(cut)
    said = f"the pores are about {100 * faint.porosity:.2g} % of the volume, but "
    own_threshold = "or give method='threshold' with a threshold"
    denoised = analysis.raw is not counted
    if found < max(_LEAST_OF_BAND * faint.low, _LEFT * faint.porosity):
        todo = (
            "are left after denoising, which takes pores of a few voxels; choose another denoise, "
            "or none"
            if denoised
            else "are as dark as a threshold between the phases; correct rings, cupping and drift"
        )
        raise OnePhase(f"{said}{100 * found:.2g} % {todo}, {own_threshold}")
    if noise > _NOISE * found:
        todo = "measure with less noise" if denoised else "choose denoise='median' or 'nl-means'"
        raise OnePhase(
            f"{said}{100 * noise / found:.0f} % of the voxels beyond any threshold that leaves as "
            f"many would be noise; {todo}, {own_threshold}"
        )
    return cut, cut is not own
