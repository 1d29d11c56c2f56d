"""Sizes of pores: diameters by number and by volume, local thickness, chords."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from poreflux.plot.panels import Limits, Panels, Where, samples_of
from poreflux.plot.style import INK, SERIES, styled
from poreflux.uncertainty.rounding import told

_SPHERE = "diameter of the sphere of a pore's volume (µm)"

#: share of the number or volume that the axis of diameters covers
_COVERED = 0.998

#: how far beyond it single pores may lie and still lengthen the axis, as a factor
_NEAR = 2.0


@styled
def pore_size(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    by: Literal["both", "number", "volume"] = "both",
    ax: Where = None,
    limits: Limits = None,
) -> Figure:
    """Draw how many pores have each diameter, and how much of the pore volume is in them.

    Pores of fewer than 8 voxels, whose size is uncertain, are hatched; triangles mark the modes.

    Parameters
    ----------
    results
        of one or several samples, or joined,
        of :func:`poreflux.pore_size` by components or watershed.
    names
        of the samples; by default those of joined results.
    by
        what the shares are of: the number of pores, their volume, or both beside each other.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest value of the vertical axis of the first panel.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_spheres(40, 4, [6, 12])
    >>> figure = pore_size(poreflux.collect(poreflux.pore_size(volume)))
    """
    samples = samples_of(results, names, "pore_number", "collect pore_size(volume)")
    shown = ("number", "volume") if by == "both" else (by,)
    panels = Panels(samples, ax, height=2.9, panels=len(shown))
    for sample, axes in panels:
        for panel, kind in zip(axes, shown):
            (_by_number if kind == "number" else _by_volume)(panel, sample)
    return panels.finish(limits=limits)


def _by_number(ax: Axes, results: xr.Dataset) -> None:
    edges = bin_edges(results)
    number = results["pore_number"].values / max(int(results["pore_count"]), 1)
    resolved = results["pore_number_resolved"].values / max(int(results["pore_count"]), 1)
    _bars(ax, edges, resolved, color=SERIES[0], alpha=0.75, label="8 voxels or more")
    _bars(ax, edges, number - resolved, bottom=resolved, facecolor="none", edgecolor=SERIES[0],
          hatch="////", linewidth=0.6, label="fewer: size uncertain")  # fmt: skip
    unbiased = results["pore_number_unbiased"].values
    if unbiased.sum():
        ax.stairs(unbiased / unbiased.sum(), edges, color=SERIES[1], lw=1.3,
                  label="corrected for edges")  # fmt: skip
    highest = max(number.max(), (unbiased / max(unbiased.sum(), 1)).max())
    ax.set(ylabel="share of pores", ylim=(0, 1.05 * highest or 1.0))
    ax.legend(fontsize=8)
    _finish(ax, edges, number, _SPHERE)
    _reach_all(ax, edges, number)
    _mark(ax, results["pore_diameter_modes"].values)
    ax.set_title(f"by number, {int(results['pore_count'])} pores", pad=12)


def _by_volume(ax: Axes, results: xr.Dataset) -> None:
    edges, volume = bin_edges(results), results["pore_volume_share"].fillna(0).values
    _bars(ax, edges, volume, color=SERIES[2], alpha=0.75)
    ax.set_ylabel("share of the pore volume")
    _finish(ax, edges, volume, _SPHERE)
    _mark(ax, results["pore_diameter_by_volume_modes"].values)
    ax.set_title("by volume", pad=12)


@styled
def local_thickness(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    ax: Where = None,
    limits: Limits = None,
) -> Figure:
    """Draw how much of the pore volume has each local thickness, and how much has more.

    Parameters
    ----------
    results
        of one or several samples, or joined,
        of :func:`poreflux.pore_size` with ``method="thickness"``.
    names
        of the samples; by default those of joined results.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest value of the vertical axis of the first panel.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_spheres(40, 4, [6, 12])
    >>> sizes = poreflux.pore_size(volume, method="thickness")
    >>> figure = local_thickness(poreflux.collect(sizes))
    """
    needed, hint = "local_thickness_share", "collect pore_size(volume, method='thickness')"
    samples = samples_of(results, names, needed, hint)
    panels = Panels(samples, ax, height=2.9, panels=2)
    for sample, (left, right) in panels:
        _thickness(left, right, sample)
    return panels.finish(limits=limits)


def _thickness(left: Axes, right: Axes, results: xr.Dataset) -> None:
    share, edges = results["local_thickness_share"].fillna(0).values, bin_edges(results)
    merged, wide = _merged(results, share, edges)
    _bars(left, wide, merged / np.diff(wide), color=SERIES[2], alpha=0.75)
    left.set_ylabel("share of the volume in each µm")
    wider = np.append(share[::-1].cumsum()[::-1], 0.0)
    right.plot(edges, wider, color=SERIES[2])
    right.set(ylabel="share of the pore volume above", ylim=(0, 1.05))
    mean = float(results["local_thickness_mean"])
    for ax in (left, right):
        _finish(ax, edges, share, "diameter of the largest ball that fits (µm)")
    left.set_ylim(0, 1.1 * (merged / np.diff(wide)).max() or 1.0)
    if np.isfinite(mean):
        shown = told(results, "local_thickness_mean").value
        bar = (merged / np.diff(wide))[min(int(np.searchsorted(wide, mean)), merged.size) - 1]
        for ax, height in zip((left, right), (bar, np.interp(mean, edges, wider))):
            ax.vlines(mean, 0, height, color=SERIES[1], lw=1.6, label=f"mean {shown} µm")
        left.legend(fontsize=8)


def _merged(
    results: xr.Dataset, share: np.ndarray, edges: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return shares in bins of two voxel edges or more, and their edges.

    Diameters of balls in voxels fall on few values, two voxel edges apart between plane walls;
    narrower bins would hold one of them or none by turns, and look like teeth.
    """
    if "voxel_size" not in results.attrs:
        return share, edges
    step = 2 * float(np.max(results.attrs["voxel_size"]))
    places, last = [0], 0
    for k in range(1, edges.size):
        if edges[k] - edges[last] >= step * (1 - 1e-9):
            places.append(k)
            last = k
    if places[-1] != edges.size - 1:
        places.append(edges.size - 1)
    return np.add.reduceat(share, places[:-1]), edges[places]


@styled
def chord_length(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    ax: Where = None,
    limits: Limits = None,
) -> Figure:
    """Draw how long chords are along each direction, by number and by length.

    Parameters
    ----------
    results
        of one or several samples, or joined,
        of :func:`poreflux.chord_length`.
    names
        of the samples; by default those of joined results.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest value of the vertical axis of the first panel.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_spheres(40, 4, [6, 12])
    >>> figure = chord_length(poreflux.collect(poreflux.chord_length(volume)))
    """
    samples = samples_of(results, names, "chord_number", "collect chord_length(volume)")
    panels = Panels(samples, ax, height=2.9, panels=2)
    for sample, (left, right) in panels:
        _chords(left, right, sample)
    return panels.finish(limits=limits, legends="all")


def _chords(left: Axes, right: Axes, results: xr.Dataset) -> None:
    edges, longest = bin_edges(results), np.zeros(results.sizes["diameter"])
    for direction, colour, dashes in zip("zyx", SERIES, ("-", "--", ":")):
        if direction not in results["direction"].values:
            continue
        along_direction, width = results.sel(direction=direction), _width(results, direction, edges)
        number, share = (
            along_direction["chord_number_unbiased"].values,
            along_direction["chord_length_share"].values,
        )
        longest = np.fmax(longest, share)
        name = f"along {direction}, mean {told(results, 'chord_length_mean', direction).value} µm"
        style: Any = {"color": colour, "ls": dashes, "lw": 1.4}
        density = number / max(number.sum(), 1e-300) / width
        left.stairs(np.where(density > 0, density, np.nan), edges, label=name, **style)
        right.stairs(share / width, edges, **style)
    for ax in (left, right):
        _finish(ax, edges, longest, "length of a chord (µm)")
    left.set(ylabel="share of chords in each µm", yscale="log", title="by number")
    right.set(ylabel="share of the length in each µm", ylim=(0, None), title="by length")
    left.legend(fontsize=8)


def _width(results: xr.Dataset, direction: str, edges: np.ndarray) -> np.ndarray:
    """Return the width in µm of the bins for chords, whose lengths are whole voxels.

    A bin of 1 µm holds one or two multiples of 0.92 µm, so its own width would distort the density.
    """
    if "voxel_size" not in results.attrs:
        return np.diff(edges)
    h = float(results.attrs["voxel_size"]["zyx".index(direction)])
    voxels = np.diff(np.ceil(edges / h - 1e-9))
    return np.where(voxels > 0, voxels * h, np.nan)


def bin_edges(results: xr.Dataset) -> np.ndarray:
    """Return the edges in µm of the bins of diameters.

    Examples
    --------
    >>> coords = {"diameter": [0.5, 1.5], "diameter_width": ("diameter", [1.0, 1.0])}
    >>> bin_edges(xr.Dataset(coords=coords))
    array([0., 1., 2.])
    """
    middle, width = results["diameter"].values, results["diameter_width"].values
    return np.append(middle - width / 2, middle[-1] + width[-1] / 2)


def _bars(
    ax: Axes, edges: np.ndarray, heights: np.ndarray, *, bottom: Any = 0.0, **style: Any
) -> None:
    shown = heights > 0  # empty bars take as long to draw as others
    shown[0] = True  # a legend needs one
    bottom = np.broadcast_to(bottom, heights.shape)[shown]
    ax.bar(edges[:-1][shown], heights[shown], np.diff(edges)[shown], bottom, align="edge", **style)


def _finish(ax: Axes, edges: np.ndarray, heights: np.ndarray, axis_label: str) -> None:
    """Let the axis of diameters reach as far as the data."""
    covered = np.cumsum(heights) <= _COVERED * heights.sum()
    last = min(int(covered.sum()) + 2, len(edges) - 1) if heights.any() else len(edges) - 1
    ax.set_xlabel(axis_label)
    ax.grid(axis="y")
    ax.set_axisbelow(True)
    if np.allclose(np.diff(edges), edges[1] - edges[0]):
        ax.set_xlim(0, edges[last])
    else:
        ax.set(xscale="log", xlim=(edges[0], edges[last]))


def _reach_all(ax: Axes, edges: np.ndarray, heights: np.ndarray) -> None:
    """Let the axis reach the largest pore, unless it is far from all others."""
    low, end = ax.get_xlim()
    largest = edges[np.flatnonzero(heights)[-1] + 1] if heights.any() else end
    if end < largest <= _NEAR * end:
        ax.set_xlim(low, largest)


def _mark(ax: Axes, modes: np.ndarray) -> None:
    """Mark the modes of a distribution above its axes."""
    low, high = ax.get_xlim()
    for mode in modes[np.isfinite(modes) & (modes >= low) & (modes <= high)]:
        ax.plot(mode, 1.02, "v", ms=5, color=INK, clip_on=False, transform=ax.get_xaxis_transform())
