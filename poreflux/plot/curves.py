"""Curves: the histogram of grey values, the profile of the porosity."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from poreflux.plot.panels import Limits, Panels, Where, samples_of
from poreflux.plot.style import INK, SERIES, label, styled
from poreflux.schema import Direction, name_of
from poreflux.uncertainty.errors import errors_of, total
from poreflux.uncertainty.rounding import rounded, significant

#: least share that is drawn, relative to that of the most frequent value
_SEEN = 1e-4

#: methods of a threshold as a legend names them
_METHODS = {
    "otsu": "Otsu",
    "li": "Li",
    "minimum-error": "minimum error",
    "midpoint": "middle of the levels",
    "balance": "grey balance",
}

_DASHES = ((0, (1, 1)), (0, (3, 1)), (0, (5, 2)), (0, (5, 1, 1, 1)), (0, (2, 2)))


@styled
def histogram(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    ax: Where = None,
    limits: Limits = None,
) -> Figure:
    """Draw how often each grey value occurs, with the threshold, its band and other methods'.

    Parameters
    ----------
    results
        of one or several samples, or joined,
        with `gray_histogram` over `gray_value` and, where segmented by threshold, `threshold`;
        `threshold_shift` and `method_threshold`, from :func:`poreflux.segmentation_sensitivity`,
        are drawn where they are present.
    names
        of the samples; by default those of joined results.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest value of the vertical axis of the first panel.

    Notes
    -----
    The vertical axis is logarithmic, so that few voxels of one phase are seen beside many of the
    other; it ends at a ten-thousandth of the most frequent value.

    Examples
    --------
    >>> counts = xr.DataArray([1, 5, 2, 6], dims="gray_value", coords={"gray_value": [0, 1, 2, 3]})
    >>> figure = histogram(xr.Dataset({"gray_histogram": counts, "threshold": ("cut", [1.5])}))
    """
    samples = samples_of(results, names, "gray_histogram", "segment a volume of grey values")
    panels = Panels(samples, ax, height=2.8)
    for sample, (panel,) in panels:
        _histogram(panel, sample, numbers=len(samples) == 1)
    if any(sample["threshold"].size for sample in samples.values() if "threshold" in sample):
        panels.legend_beside()
    return panels.finish(limits=limits, shared="")


def _histogram(ax: Axes, results: xr.Dataset, numbers: bool) -> None:
    counts = results["gray_histogram"]
    values = counts["gray_value"].values.astype(float)
    share = counts.values / max(counts.values.sum(), 1)
    floor = _SEEN * share.max()
    ax.fill_between(values, share, floor, step="mid", color=SERIES[0], alpha=0.35, lw=0)
    ax.step(values, np.maximum(share, floor), where="mid", color=SERIES[0], lw=1.0)
    thresholds = [float(t) for t in np.atleast_1d(results.get("threshold", []))]
    shift = float(results.get("threshold_shift", np.nan))
    for k, threshold in enumerate(thresholds):
        told = f" {significant(threshold, 4)}" if numbers else ""
        ax.axvline(threshold, color=SERIES[1], lw=1.6, label=f"threshold{told}")
        if np.isfinite(shift):
            told = f" {significant(shift, 2)}" if numbers else " its shift"
            ends = threshold - shift, threshold + shift
            words = f"threshold ±{told}" if k == 0 else None
            ax.axvspan(*ends, color=SERIES[1], alpha=0.22, lw=0, label=words)
    if "method_threshold" in results:
        for k, method in enumerate(results["threshold_method"].values):
            value = float(results["method_threshold"].sel(threshold_method=method))
            if np.isfinite(value):
                told = f" {significant(value, 4)}" if numbers else ""
                name = _METHODS.get(str(method), str(method))
                ax.axvline(value, color=INK, lw=1.0, ls=_DASHES[k % 5], label=f"{name}{told}")
    frequent = np.flatnonzero(share > floor)
    ax.set_xlim(values[frequent[0]], values[frequent[-1]])
    ax.set(yscale="log", ylim=(floor, 2 * share.max()))
    ax.set(xlabel=label(counts["gray_value"], "grey value"), ylabel="share of voxels")


@styled
def porosity_profile(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    direction: Direction = "z",
    ax: Where = None,
    limits: Limits = None,
) -> Figure:
    """Draw the porosity of each plane along a direction, and the mean of all.

    Parameters
    ----------
    results
        of one or several samples, or joined,
        with `porosity_profile` (or `_y`, `_x`), from :func:`poreflux.porosity_profile`.
    names
        of the samples; by default those of joined results.
    direction
        across the planes.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest value of the vertical axis of the first panel.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.layers((8, 8, 8))
    >>> figure = porosity_profile(poreflux.collect(poreflux.porosity_profile(volume)))
    """
    name = name_of("porosity_profile", direction)
    samples = samples_of(results, names, name, "collect porosity_profile(volume)")
    panels = Panels(samples, ax, height=2.5)
    for sample, (panel,) in panels:
        _profile(panel, sample, sample[name])
    return panels.finish(limits=limits, legends="all")


def _profile(ax: Axes, results: xr.Dataset, profile: xr.DataArray) -> None:
    (dim,) = profile.dims
    mean = float(profile.mean())
    shown = rounded(mean, total(errors_of(results, "porosity")).largest)
    ax.plot(profile[dim], profile, color=SERIES[0])
    ax.axhline(mean, color=SERIES[1], lw=1.0, ls=(0, (5, 3)), label=f"mean {shown}")
    ax.set(xlabel=f"{dim} (µm)", ylabel="porosity of a plane")
    ax.margins(x=0)
    ax.set_ylim(0, min(1.0, 1.1 * float(profile.max()) or 1.0))
    ax.legend(fontsize=8)
    ax.grid(axis="y")
