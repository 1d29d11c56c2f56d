"""The current at an electrode: maps, sections and distributions of samples side by side."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Patch

from poreflux.plot.images import scale_end
from poreflux.plot.panels import COLUMNS, Limits, Panels, Where, overlay, samples_of
from poreflux.plot.style import INK, SERIES, WIDTH, extent, line_style, plain, styled
from poreflux.schema import Direction, name_of

#: what carries no current: pore, electrolyte off contact, electrolyte that is not connected
IDLE = ("#56616d", "#e3e7ec", "#9fabb8", "none", "white")
IDLE_NAMES = ("pore", "off contact", "not connected", "", "outside")

#: percentage of all values that the colours cover at least; what is larger is drawn as the largest
COVERED = 99.8

#: ends of the colour scale in mA/cm², the same for all samples that fit
ENDS = tuple(m * 10.0**e for e in range(-4, 4) for m in (1, 1.5, 2, 3, 5, 7))


@styled
def current_density(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    direction: Direction = "z",
    ax: Where = None,
    limits: Limits = None,
    cmap: str = "inferno",
) -> Figure:
    """Draw the current density at the electrode of one or several samples on one colour scale.

    Parameters
    ----------
    results
        of one or several samples, or joined,
        with `current_density` and `interface_state` (or _y, _x), from
        :func:`poreflux.interfacial_current`.
    names
        of the samples.
    direction
        across the electrode.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest value of the colour scale; by default from 0 to the first of 1, 1.5, 2,
        3, 5, 7, 10 and so on that holds 99.8 % of all values, so that like samples compare.
    cmap
        name of a colour map.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites((8, 8, 8), 0.2)
    >>> figure = current_density(poreflux.collect(poreflux.interfacial_current(volume)))
    """
    name = name_of("current_density", direction)
    samples = samples_of(results, names, name, "collect interfacial_current(volume)")
    panels, drawn = _panels(samples, name, ax, limits, cmap)
    states = set()
    for sample, axes in zip(samples.values(), panels.axes.ravel()):
        state = sample[name_of("interface_state", direction)]
        box = extent(*(state[d] for d in state.dims))
        idle = np.ma.masked_equal(state.values, 3)
        axes.imshow(idle, cmap=ListedColormap(IDLE), vmin=0, vmax=4, extent=box, zorder=0)
        states |= {int(s) for s in np.unique(state)}
    keys = [
        Patch(facecolor=IDLE[s], edgecolor=INK, linewidth=0.5, label=IDLE_NAMES[s])
        for s in sorted(states - {3})
    ]
    if keys and panels.is_own:
        panels.figure.legend(handles=keys, loc="outside lower right", ncols=3, fontsize=8)
    _colours(panels, drawn)
    return panels.figure


@styled
def current_section(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    direction: Direction = "z",
    ax: Where = None,
    limits: Limits = None,
    cmap: str = "inferno",
) -> Figure:
    """Draw the magnitude of the current density in the middle section, one colour scale for all.

    The electrode is the thick edge.

    Parameters
    ----------
    results
        of one or several samples, or joined,
        with `current_section` and `current_density` (or _y, _x), from
        :func:`poreflux.interfacial_current`.
    names, direction
        as for :func:`current_density`.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest value of the colour scale; by default from 0 to the first of 1, 1.5, 2,
        3, 5, 7, 10 and so on that holds 99.8 % of all values, so that like samples compare.
    cmap
        name of a colour map.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites((8, 8, 8), 0.2)
    >>> figure = current_section(poreflux.collect(poreflux.interfacial_current(volume)))
    """
    name = name_of("current_section", direction)
    samples = samples_of(results, names, name, "collect interfacial_current(volume)")
    panels, drawn = _panels(samples, name, ax, limits, cmap)
    for sample, axes in zip(samples.values(), panels.axes.ravel()):
        axes.set_facecolor(IDLE[0])
        electrode_face = sample[name_of("current_density", direction)].attrs.get("face", "last")
        edge = "bottom" if electrode_face == "last" else "top"
        axes.spines[edge].set(linewidth=4, color=SERIES[2])
    _colours(panels, drawn)
    return panels.figure


@styled
def current_distribution(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    direction: Direction = "z",
    ax: Where = None,
    limits: Limits = None,
) -> Figure:
    """Draw the distribution of the current density: a histogram, and the share above each value.

    Parameters
    ----------
    results, names, direction
        as for :func:`current_density`.
    names
        of the samples; by default those of joined results.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest value of the vertical axis of the first panel.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites((8, 8, 8), 0.2)
    >>> figure = current_distribution(poreflux.collect(poreflux.interfacial_current(volume)))
    """
    name = name_of("current_density", direction)
    samples = samples_of(results, names, name, "collect interfacial_current(volume)")
    values = {title: _flat(sample[name]) for title, sample in samples.items()}
    top = max((np.percentile(v, 99.95) for v in values.values() if v.size), default=1.0)
    edges = np.linspace(0, 1.05 * top, 90)
    panels = overlay(ax, height=2.9)
    ((left, right),) = panels.axes
    for k, (title, v) in enumerate(values.items()):
        if not v.size:
            continue
        style = line_style(k)
        share, _ = np.histogram(v, edges)
        shown = plain(title).rstrip("\u200b") or None
        left.stairs(share / v.size, edges, lw=1.3, **style, label=shown)
        above = 1 - np.arange(v.size) / v.size
        right.plot(np.sort(v), above, lw=1.3, **style)
    for axes in (left, right):
        axes.set_xlabel("|current density| (mA/cm²)")
        axes.set_xlim(0, 1.05 * top)
        axes.grid(axis="y")
    left.set_ylabel("share of the contact")
    right.set(ylabel="share of the contact above", yscale="log", ylim=(1e-4, 1.2))
    panels.legend(left)
    return panels.finish(limits=limits)


def _panels(
    samples: Mapping[str, xr.Dataset], name: str, where: Where, limits: Limits, cmap: str
) -> tuple[Panels, AxesImage]:
    """Draw maps on one colour scale; return the panels and one of the images."""
    maps = [sample[name] for sample in samples.values()]
    finite = np.concatenate([_flat(image) for image in maps])
    low, high = limits or (0, scale_end(finite, ENDS, COVERED) or 1.0)
    ratio = maps[0].shape[0] / maps[0].shape[1]
    width = WIDTH if len(maps) > 1 else 0.64 * WIDTH
    height = 0.78 * width / min(COLUMNS, len(maps)) * ratio + 0.45
    panels = Panels(samples, where, height=height + 0.4, width=width, several_height=height + 0.1)
    colours = matplotlib.colormaps[cmap].with_extremes(bad=(0, 0, 0, 0))
    for sample, (axes,) in panels:
        image = sample[name]
        box = extent(*(image[d] for d in image.dims))
        shown = np.ma.masked_invalid(np.abs(image.values))
        drawn = axes.imshow(shown, cmap=colours, vmin=low, vmax=high, extent=box, zorder=1)
        vertical, horizontal = image.dims
        axes.set(xlabel=f"{horizontal} (µm)", ylabel=f"{vertical} (µm)")
        axes.spines[:].set_visible(True)
    same = len({(image.shape, *extent(*(image[d] for d in image.dims))) for image in maps}) == 1
    panels.finish(shared="xy" if same and len(maps) > 1 else "")
    return panels, drawn


def _colours(panels: Panels, drawn: AxesImage) -> None:
    panels.figure.colorbar(
        drawn, ax=list(panels.axes.ravel()), label="|current density| (mA/cm²)", extend="max",
        shrink=0.9,
    )  # fmt: skip


def _flat(array: xr.DataArray) -> np.ndarray:
    values = np.abs(array.values.astype(float)).ravel()
    return values[np.isfinite(values)]
