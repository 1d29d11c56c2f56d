"""Curves and clouds of points: histogram, profile, blocks."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from poreflux.plot.panels import Limits, Panels, Where, samples_of
from poreflux.plot.style import SERIES, label, styled
from poreflux.schema import Direction, name_of
from poreflux.uncertainty.errors import errors_of, total
from poreflux.uncertainty.rounding import rounded


@styled
def histogram(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    ax: Where = None,
    limits: Limits = None,
) -> Figure:
    """Draw how often each grey value occurs, with the thresholds of the segmentation.

    Parameters
    ----------
    results
        of one or several samples, or joined,
        with `gray_histogram` over `gray_value` and, where segmented by threshold, `threshold`.
    names
        of the samples; by default those of joined results.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest value of the vertical axis of the first panel.

    Examples
    --------
    >>> counts = xr.DataArray([1, 5, 2, 6], dims="gray_value", coords={"gray_value": [0, 1, 2, 3]})
    >>> figure = histogram(xr.Dataset({"gray_histogram": counts, "threshold": ("cut", [1.5])}))
    """
    samples = samples_of(results, names, "gray_histogram", "segment a volume of grey values")
    panels = Panels(samples, ax, height=2.5)
    for sample, (panel,) in panels:
        _histogram(panel, sample)
    return panels.finish(limits=limits, shared="")


def _histogram(ax: Axes, results: xr.Dataset) -> None:
    counts = results["gray_histogram"]
    values = counts["gray_value"].values.astype(float)
    share = counts.values / max(counts.values.sum(), 1)
    ax.fill_between(values, share, step="mid", color=SERIES[0], alpha=0.35, linewidth=0)
    ax.step(values, share, where="mid", color=SERIES[0], lw=1.0)
    frequent = np.flatnonzero(share > share.max() * 1e-5)
    low, high = values[frequent[0]], values[frequent[-1]]
    for threshold in map(float, np.atleast_1d(results.get("threshold", []))):
        ax.axvline(threshold, color=SERIES[1], lw=1.4)
        left = threshold < (low + high) / 2
        ax.annotate(
            f" threshold {threshold:.4g} ",
            (threshold, 0.97),
            xycoords=("data", "axes fraction"),
            ha="left" if left else "right",
            va="top",
            color=SERIES[1],
            fontsize=8.5,
        )
    ax.set_xlim(low, high)
    ax.set_ylim(0, None)
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
    ax.set_ylim(0, min(1.0, 1.25 * float(profile.max()) or 1.0))
    ax.legend(fontsize=8, loc="upper right")
    ax.grid(axis="y")


@styled
def block_porosity(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    ax: Where = None,
    limits: Limits = None,
) -> Figure:
    """Draw the porosity of each block against its z: points, and mean ± standard deviation a layer.

    Parameters
    ----------
    results
        of one or several samples, or joined,
        with `block_porosity`, from :func:`poreflux.block_porosity`.
    names
        of the samples; by default those of joined results.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest value of the vertical axis of the first panel.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.layers((8, 8, 8))
    >>> figure = block_porosity(poreflux.collect(poreflux.block_porosity(volume)))
    """
    samples = samples_of(results, names, "block_porosity", "collect block_porosity(volume)")
    panels = Panels(samples, ax, height=2.8)
    for sample, (panel,) in panels:
        draw_cloud(panel, sample["block_porosity"], SERIES[0], 0.0)
        panel.set(xlabel="z of the block's centre (µm)", ylabel="porosity of a block")
        panel.grid(axis="y")
        _legend(panel)
    return panels.finish(limits=limits)


@styled
def block_tortuosity(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    ax: Where = None,
    limits: Limits = None,
) -> Figure:
    """Draw the tortuosity factor of each block against its z, and all blocks of each direction.

    The right panel sets the blocks beside the value of the whole volume where that is known.

    Parameters
    ----------
    results
        of one or several samples, or joined,
        with `block_tortuosity_factor`, from :func:`poreflux.block_tortuosity`, and perhaps
        `tortuosity_factor`.
    names
        of the samples; by default those of joined results.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest value of the vertical axis of the first panel.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.layers((8, 8, 8))
    >>> blocks = poreflux.block_tortuosity(volume, blocks=(2, 2, 2))
    >>> figure = block_tortuosity(poreflux.collect(blocks))
    """
    needed = "block_tortuosity_factor"
    samples = samples_of(results, names, needed, "collect block_tortuosity(volume)")
    panels = Panels(samples, ax, height=3.0, panels=2, width_ratios=(2, 1))
    for sample, (left, right) in panels:
        _block_tortuosity(left, right, sample)
    figure = panels.finish(limits=limits)
    for left, right in panels.axes:
        right.set_ylim(left.get_ylim())
    return figure


def _block_tortuosity(left: Axes, right: Axes, results: xr.Dataset) -> None:
    blocks = results["block_tortuosity_factor"]
    blocks = blocks.where(np.isfinite(blocks))
    directions = [str(d) for d in blocks["direction"].values]
    for k, (direction, colour) in enumerate(zip(directions, SERIES)):
        shift = 0.16 * (k - (len(directions) - 1) / 2)
        draw_cloud(left, blocks.sel(direction=direction), colour, shift, f"along {direction}")
        _strip(right, k, blocks.sel(direction=direction).values.ravel(), colour)
        volume_factor = _factor_of_volume(results, direction)
        if np.isfinite(volume_factor):
            right.plot(k, volume_factor, "D", ms=6, mfc="white", mec=colour, mew=1.6, zorder=4)
    left.set(xlabel="z of the block's centre (µm)", ylabel="tortuosity factor")
    right.set_xticks(range(len(directions)), [f"along {d}" for d in directions])
    right.set_xlim(-0.6, len(directions) - 0.4)
    right.set_title("all blocks; ◇ whole volume")
    left.set_title("bars: mean ± standard deviation of a layer")
    _legend(left, ncols=3)
    low, high = zip(left.get_ylim(), right.get_ylim())
    for ax in (left, right):
        ax.grid(axis="y")
        ax.set_ylim(min(low), max(high))


def draw_cloud(
    ax: Axes, blocks: xr.DataArray, colour: str, shift: float, name: str = "one block"
) -> None:
    """Draw one point a block beside its layer's mean ± standard deviation."""
    z = blocks["block_z"].values.astype(float)
    pitch = (z[1] - z[0]) if z.size > 1 else max(z[0], 1.0)
    values = blocks.transpose("block_z", ...).values.reshape(z.size, -1)
    spread = np.linspace(-0.05, 0.05, values.shape[1])
    x = z[:, None] + pitch * (shift + spread)
    ax.plot(x.ravel(), values.ravel(), "o", ms=2.6, mfc=colour, mec="none", alpha=0.55, label=name)
    counted = np.isfinite(values).sum(1) > 0
    mean = np.array([np.nanmean(v) if c else np.nan for v, c in zip(values, counted)])
    std = np.array([np.nanstd(v) if c else np.nan for v, c in zip(values, counted)])
    ax.errorbar(
        z + pitch * (shift + 0.09), mean, std, fmt="_", ms=9, mew=1.8, color=colour, capsize=2.5,
        elinewidth=1.2, label="_mean",
    )  # fmt: skip


def _strip(ax: Axes, k: int, values: np.ndarray, colour: str) -> None:
    values = np.sort(values[np.isfinite(values)])
    if values.size:
        ax.plot(k + np.linspace(-0.28, 0.28, values.size), values, "o", ms=2.4, mfc=colour,
                mec="none", alpha=0.6)  # fmt: skip


def _factor_of_volume(results: xr.Dataset, direction: str) -> float:
    if "tortuosity_factor" not in results:
        return np.nan
    factors = results["tortuosity_factor"]
    if direction not in factors["direction"].values:
        return np.nan
    return float(factors.sel(direction=direction))


def _legend(ax: Axes, ncols: int = 1) -> None:
    ax.legend(loc="upper right", fontsize=8, ncols=ncols, handletextpad=0.2, columnspacing=1.0,
              markerscale=1.8)  # fmt: skip
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.14 * (high - low))
