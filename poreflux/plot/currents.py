"""The current at an electrode: maps, sections and distributions of samples side by side."""

from collections.abc import Sequence

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator

from poreflux.plot.style import INK, SERIES, WIDTH, extent, plain, sheet, styled
from poreflux.schema import MESH_DEPENDENT, Direction, name_of

#: what carries no current: pore, electrolyte off contact, electrolyte that is not connected
IDLE = ("#9aa7b5", "#d9dee4", "#c3cbd4", "none", "white")
IDLE_NAMES = ("pore", "off contact", "not connected", "", "outside")

#: share of all values that the colours cover; what is larger is drawn as the largest
COVERED = 99.8


@styled
def current_density(
    *results: xr.Dataset, names: Sequence[str] = (), direction: Direction = "z"
) -> Figure:
    """Draw the current density at the electrode of one or several samples on one colour scale.

    Parameters
    ----------
    results
        with `current_density` and `interface_state` (or _y, _x), from
        :func:`poreflux.interfacial_current`.
    names
        of the samples.
    direction
        across the electrode.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites((8, 8, 8), 0.2)
    >>> figure = current_density(poreflux.collect(poreflux.interfacial_current(volume)))
    """
    maps = [result[name_of("current_density", direction)] for result in results]
    state_maps = [result[name_of("interface_state", direction)] for result in results]
    figure, axes, drawn = _panels(maps, names)
    for ax, state in zip(axes, state_maps):
        box = extent(*(state[d] for d in state.dims))
        idle = np.ma.masked_equal(state.values, 3)
        ax.imshow(idle, cmap=ListedColormap(IDLE), vmin=0, vmax=4, extent=box, zorder=0)
    states = sorted({int(s) for state in state_maps for s in np.unique(state)})
    keys = [
        Patch(facecolor=IDLE[s], edgecolor=INK, linewidth=0.5, label=IDLE_NAMES[s])
        for s in states
        if s != 3
    ]
    if keys:
        figure.legend(handles=keys, loc="outside lower right", ncols=3, fontsize=8)
    figure.colorbar(drawn, ax=axes, label="|current density| (mA/cm²)", extend="max", shrink=0.9)
    return figure


@styled
def current_section(
    *results: xr.Dataset, names: Sequence[str] = (), direction: Direction = "z"
) -> Figure:
    """Draw the magnitude of the current density in the middle section, one colour scale for all.

    The electrode is the thick edge.

    Parameters
    ----------
    results
        with `current_section` and `current_density` (or _y, _x), from
        :func:`poreflux.interfacial_current`.
    names, direction
        as for :func:`current_density`.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites((8, 8, 8), 0.2)
    >>> figure = current_section(poreflux.collect(poreflux.interfacial_current(volume)))
    """
    sections = [result[name_of("current_section", direction)] for result in results]
    figure, axes, drawn = _panels(sections, names)
    for ax, result in zip(axes, results):
        ax.set_facecolor(IDLE[0])
        electrode_face = result[name_of("current_density", direction)].attrs.get("face", "last")
        ax.spines["bottom" if electrode_face == "last" else "top"].set(linewidth=4, color=SERIES[2])
    figure.colorbar(drawn, ax=axes, label="|current density| (mA/cm²)", extend="max", shrink=0.9)
    return figure


@styled
def current_distribution(
    *results: xr.Dataset, names: Sequence[str] = (), direction: Direction = "z"
) -> Figure:
    """Draw the distribution of the current density: a histogram, and the share above each value.

    Parameters
    ----------
    results, names, direction
        as for :func:`current_density`.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites((8, 8, 8), 0.2)
    >>> figure = current_distribution(poreflux.collect(poreflux.interfacial_current(volume)))
    """
    values = [_flat(result[name_of("current_density", direction)]) for result in results]
    top = max((np.percentile(v, 99.95) for v in values if v.size), default=1.0)
    edges = np.linspace(0, 1.05 * top, 90)
    figure, (left, right) = sheet(2.9, columns=2)
    for k, (v, name) in enumerate(zip(values, _named(names, values))):
        if not v.size:
            continue
        colour, dashes = SERIES[k % len(SERIES)], ("-", "--", ":")[k // len(SERIES) % 3]
        share, _ = np.histogram(v, edges)
        left.stairs(share / v.size, edges, color=colour, ls=dashes, lw=1.3, label=name)
        above = 1 - np.arange(v.size) / v.size
        right.plot(np.sort(v), above, color=colour, ls=dashes, lw=1.3)
    for ax in (left, right):
        ax.set_xlabel("|current density| (mA/cm²)")
        ax.set_xlim(0, 1.05 * top)
        ax.grid(axis="y")
    left.set_ylabel("share of the contact")
    right.set(ylabel="share of the contact above", yscale="log", ylim=(1e-4, 1.2))
    if any(_named(names, values)):
        left.legend(fontsize=8)
    return figure


@styled
def wagner_sweep(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    direction: Direction = "z",
) -> Figure:
    """Draw the spread of the current and its largest values against the Wagner length.

    The largest value depends on the mesh where the Wagner length is less than three voxels; there
    the marks are open.

    Parameters
    ----------
    results
        with `sweep_current_density_cv` and the like, from :func:`poreflux.interfacial_current` with
        `wagner_lengths`.
    names, direction
        as for :func:`current_density`.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites((8, 8, 8), 0.2)
    >>> current = poreflux.interfacial_current(volume, wagner_lengths=[0, 1, 10])
    >>> figure = wagner_sweep(poreflux.collect(current))
    """
    figure, (left, right) = sheet(3.0, columns=2)
    for k, (result, name) in enumerate(zip(results, _named(names, results))):
        sweep = result.sel(direction=direction).sortby("swept_wagner_length")
        x = sweep["swept_wagner_length"].values.astype(float)
        place = np.where(x > 0, x, x[x > 0].min() / 4 if (x > 0).any() else 1.0)
        colour = SERIES[k % len(SERIES)]
        left.plot(place, sweep["sweep_current_density_cv"], "o-", ms=4, color=colour, label=name)
        mean = sweep["sweep_current_density_mean"]
        right.plot(place, sweep["sweep_current_density_p99"] / mean, "s-", ms=4, color=colour)
        largest = sweep["sweep_current_density_max"]
        resolved = ~(abs(sweep["sweep_current_density_max_refinement"].values) > MESH_DEPENDENT)
        right.plot(place, largest / mean, ls=":", color=colour)
        right.plot(place[resolved], (largest / mean)[resolved], "^", ms=5, color=colour)
        right.plot(place[~resolved], (largest / mean)[~resolved], "^", ms=5, mfc="none", mec=colour)
    for ax in (left, right):
        ax.set(xscale="log", xlabel="Wagner length (µm)")
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_formatter("")
        ax.grid(axis="y")
        _mark_zero(ax, results)
    left.set(ylabel="coefficient of variation", ylim=(0, None))
    right.set(ylabel="current density over its mean", ylim=(1, None))
    marks = (("s", "99th percentile", INK), ("^", "largest", INK), ("^", "mesh-dependent", "none"))
    keys = [Line2D([], [], ls="", marker=m, mec=INK, mfc=fill, ms=5, label=meaning)
            for m, meaning, fill in marks]  # fmt: skip
    right.legend(handles=keys, fontsize=8)
    if any(_named(names, results)):
        left.legend(fontsize=8)
    return figure


def _mark_zero(ax: Axes, results: Sequence[xr.Dataset]) -> None:
    """Name the place where a Wagner length of zero is drawn on a logarithmic axis."""
    lengths = np.concatenate([result["swept_wagner_length"].values for result in results])
    if (lengths == 0).any() and (lengths > 0).any():
        place = lengths[lengths > 0].min() / 4
        ax.axvline(place * 2, color=INK, lw=0.6, ls=(0, (2, 3)))
        ax.annotate("0", (place, 0), xycoords=("data", "axes fraction"), xytext=(0, 3),
                    textcoords="offset points", ha="center", fontsize=8)  # fmt: skip


def _panels(maps: list[xr.DataArray], names: Sequence[str]) -> tuple[Figure, np.ndarray, AxesImage]:
    """Draw maps in rows of three on one colour scale; return the figure, all axes, one image."""
    columns = min(3, len(maps))
    rows = -(-len(maps) // columns)
    values = [_flat(image) for image in maps]
    finite = np.concatenate(values)
    top = float(np.percentile(finite, COVERED)) if finite.size else 1.0
    ratio = maps[0].shape[0] / maps[0].shape[1]
    width = WIDTH if columns > 1 else 0.64 * WIDTH
    height = rows * (0.78 * width / columns * ratio + 0.45) + 0.4
    figure, axes = sheet(height, rows=rows, columns=columns, width=width, squeeze=False)
    axes = axes.ravel()
    colours = matplotlib.colormaps["inferno"].with_extremes(bad=(0, 0, 0, 0))
    for ax, image, name in zip(axes, maps, _named(names, maps)):
        box = extent(*(image[d] for d in image.dims))
        shown = np.ma.masked_invalid(np.abs(image.values))
        drawn = ax.imshow(shown, cmap=colours, vmin=0, vmax=top, extent=box, zorder=1)
        vertical, horizontal = image.dims
        ax.set(xlabel=f"{horizontal} (µm)", ylabel=f"{vertical} (µm)", title=name)
        ax.spines[:].set_visible(True)
        ax.label_outer()
    for ax in axes[len(maps) :]:
        ax.set_axis_off()
    return figure, axes, drawn


def _named(names: Sequence[str], items: Sequence) -> list[str]:
    return [*map(plain, names), *[""] * (len(items) - len(names))]


def _flat(array: xr.DataArray) -> np.ndarray:
    values = np.abs(array.values.astype(float)).ravel()
    return values[np.isfinite(values)]
