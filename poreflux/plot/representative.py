"""Variance decay of sub-volumes with their size, and convergence of the porosity."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from poreflux.plot.fitting import log_axis
from poreflux.plot.panels import Limits, Panels, Where, samples_of
from poreflux.plot.style import INK, SERIES, styled
from poreflux.uncertainty.errors import errors_of, total
from poreflux.uncertainty.rounding import rounded


@styled
def representative_volume(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    ax: Where = None,
    limits: Limits = None,
) -> Figure:
    """Draw the standard deviation of the porosity of cubes against their edge, and their mean.

    The line is the decay of the largest; the dotted one that of large volumes, by the integral
    range.

    Parameters
    ----------
    results
        of one or several samples, or joined,
        of :func:`poreflux.representative_volume`.
    names
        of the samples; by default those of joined results.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest value of the vertical axis of the first panel.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites(64, 0.2)
    >>> figure = representative_volume(poreflux.collect(poreflux.representative_volume(volume)))
    """
    needed, hint = "representative_std", "collect representative_volume(volume)"
    samples = samples_of(results, names, needed, hint)
    panels = Panels(samples, ax, height=3.0, panels=2, several_height=2.6)
    for sample, (left, right) in panels:
        _sub_volumes(left, right, sample)
    return panels.finish(limits=limits, legends="all")


def _sub_volumes(left: Axes, right: Axes, results: xr.Dataset) -> None:
    edge = results["edge"].values
    mean, std = (results[f"representative_{name}"].values for name in ("mean", "std"))
    count = results["representative_count"].values
    p = _porosity(results)
    variation = np.full(std.shape, np.nan)
    np.divide(std, p, variation, where=count > 1)
    error = variation / np.sqrt(2 * np.maximum(count - 1, 1))  # of the deviation of normal values
    left.errorbar(edge, 100 * variation, 100 * error, fmt="o", ms=4, color=SERIES[0], capsize=2.5,
                  label="cubes, ± standard error")  # fmt: skip
    _decay(left, results, p, edge, variation)
    left.set(xscale="log", yscale="log", xlabel="edge of the cubes (µm)")
    left.set_ylabel("standard deviation / mean (%)")
    left.legend(fontsize=8)
    half_width = results["representative_ci95"].values
    right.errorbar(edge, mean, half_width, fmt="o", ms=4, color=SERIES[0], capsize=2.5)
    right.axhline(p, color=SERIES[1], lw=1.0, ls=(0, (5, 3)))
    right.set(xlabel="edge of the cubes (µm)", ylabel="mean porosity ± 95 % interval", xscale="log")
    for x, y, n in zip(edge, mean + np.nan_to_num(half_width), count):
        right.annotate(f"{int(n)}", (x, y), xytext=(0, 4), textcoords="offset points",
                       ha="center", fontsize=7, color=INK)  # fmt: skip
    right.set_title(f"numbers of cubes\ndashed: whole volume, {rounded(p, _error(results))}")
    right.margins(x=0.09, y=0.09)
    _plain(left, edge)
    _plain(right, edge)


@styled
def representative_tortuosity(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    ax: Where = None,
    limits: Limits = None,
) -> Figure:
    """Draw standard deviation and mean of the tortuosity factor of cubes against their edge.

    Parameters
    ----------
    results
        of one or several samples, or joined,
        of :func:`poreflux.representative_tortuosity`.
    names
        of the samples; by default those of joined results.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest value of the vertical axis of the first panel.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites(32, 0.2)
    >>> cubes = {32 / n: poreflux.block_tortuosity(volume, blocks=(n,) * 3) for n in (2, 4)}
    >>> figure = representative_tortuosity(poreflux.representative_tortuosity(cubes))
    """
    needed, hint = "representative_tortuosity_mean", "collect representative_tortuosity(cubes)"
    samples = samples_of(results, names, needed, hint)
    panels = Panels(samples, ax, height=3.0, panels=2, several_height=2.6)
    for sample, (left, right) in panels:
        _cubes(left, right, sample)
    return panels.finish(limits=limits)


def _cubes(left: Axes, right: Axes, results: xr.Dataset) -> None:
    edge = results["cube_edge"].values
    for k, direction in enumerate(results["direction"].values):
        along_direction = results.sel(direction=direction)
        mean = along_direction["representative_tortuosity_mean"].values
        std = along_direction["representative_tortuosity_std"].values
        if not np.isfinite(mean).any():
            continue
        count = along_direction["representative_tortuosity_count"].values
        error = std / mean / np.sqrt(2 * np.maximum(count - 1, 1))
        left.errorbar(edge, 100 * std / mean, 100 * error, fmt="o-", ms=4, lw=1.2, capsize=2.5,
                      color=SERIES[k], label=f"along {direction}")  # fmt: skip
        half_width = along_direction["representative_tortuosity_ci95"].values
        right.errorbar(edge, mean, half_width, fmt="o", ms=4, color=SERIES[k], capsize=2.5)
        if "tortuosity_factor" in along_direction:
            factor = float(along_direction["tortuosity_factor"])
            right.axhline(factor, color=SERIES[k], lw=1, ls=(0, (5, 3)))
    left.set(xscale="log", yscale="log", ylabel="standard deviation / mean (%)")
    right.set(xscale="log", ylabel="mean tortuosity factor ± 95 % interval")
    if "tortuosity_factor" in results:
        right.set_title("dashed: whole volume")
    for ax in (left, right):
        ax.set_xlabel("edge of the cubes (µm)")
        _plain(ax, edge)
    left.legend(fontsize=8)


@styled
def porosity_convergence(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    ax: Where = None,
    limits: Limits = None,
) -> Figure:
    """Draw the porosity of concentric fields of view, and that with larger voxels.

    Parameters
    ----------
    results
        of one or several samples, or joined,
        of :func:`poreflux.representative_volume`.
    names
        of the samples; by default those of joined results.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest value of the vertical axis of the first panel.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites(64, 0.2)
    >>> figure = porosity_convergence(poreflux.collect(poreflux.representative_volume(volume)))
    """
    samples = samples_of(results, names, "field_porosity", "collect representative_volume(volume)")
    panels = Panels(samples, ax, height=2.6, panels=2)
    for sample, (left, right) in panels:
        _convergence(left, right, sample)
    return panels.finish(limits=limits, legends="all")


def _convergence(left: Axes, right: Axes, results: xr.Dataset) -> None:
    left.plot(results["field_edge"], results["field_porosity"], "o-", ms=4, lw=1.2, color=SERIES[0])
    left.axhline(_porosity(results), color=SERIES[1], lw=1.0, ls=(0, (5, 3)))
    left.set(xlabel="edge of the field of view / edge of the volume", ylabel="porosity")
    factor, coarse = results["factor"].values, results["coarse_porosity"].values
    right.plot(factor, coarse, "o", ms=4, color=SERIES[0], label="majority of a larger voxel")
    limit = float(results["extrapolated_porosity"])
    if np.isfinite(limit):
        right.plot([0, factor[1]], [limit, coarse[1]], color=SERIES[1], lw=1.0, ls=(0, (5, 3)))
        right.plot(0, limit, "D", ms=5, mfc="white", mec=SERIES[1], clip_on=False, zorder=4,
                   label=f"voxels of size zero: {rounded(limit, _error(results))}")  # fmt: skip
    right.set(xlabel="edge of a voxel / as measured", ylabel="porosity", xlim=(0, None))
    right.legend(fontsize=8)
    for ax in (left, right):
        ax.grid(axis="y")
        low, high = ax.get_ylim()
        ax.set_ylim(max(0.0, low - 0.2 * (high - low)), high + 0.3 * (high - low))


def _decay(
    ax: Axes, results: xr.Dataset, p: float, edge: np.ndarray, variation: np.ndarray
) -> None:
    """Draw σ / p = sqrt((1 - p) / p) (A / V)^(1 / 2), and the decay through the largest cubes."""
    alpha, a = (float(results[f"variance_{name}"]) for name in ("exponent", "integral_range"))
    positive = np.flatnonzero(np.isfinite(variation) & (variation > 0))
    if np.isfinite(alpha) and positive.size:
        error = float(results["variance_exponent_error"])
        largest = positive[-3:]
        level = np.exp(np.mean(np.log(variation[largest] * edge[largest] ** (1.5 * alpha))))
        text = rf"variance $\propto V^{{-{alpha:.2f} \pm {error:.2f}}}$"
        ax.plot(edge, 100 * level * edge ** (-1.5 * alpha), color=SERIES[1], lw=1.3, label=text)
    if a > 0 and 0 < p < 1:
        far = 100 * np.sqrt((1 - p) / p * a / edge**3)
        ax.plot(edge, far, color=INK, lw=1.0, ls=":", label=r"large volumes: $V^{-1}$")


def _porosity(results: xr.Dataset) -> float:
    """Return the porosity of the whole volume: of the largest field of view."""
    return float(results["field_porosity"][-1])


def _error(results: xr.Dataset) -> float:
    """Return the total error of the porosity, NaN where none is known."""
    return total(errors_of(results, "porosity")).largest


def _plain(ax: Axes, edge: np.ndarray) -> None:
    """Write plain numbers on logarithmic axes, and the edges themselves as marks."""
    ax.grid(axis="y", which="both", lw=0.4)
    ax.xaxis.set_minor_formatter("")
    shown = edge if len(edge) < 7 else edge[:: -(-len(edge) // 6)]
    ax.set_xticks(shown, [f"{x:.3g}" for x in shown])
    ax.minorticks_off()
    if ax.get_yscale() == "log":
        log_axis(ax.yaxis)
