"""Sub-volumes: every block at its place, its layer's quartiles, and maps of the layers."""

import textwrap
from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from poreflux.plot.fitting import log_axis
from poreflux.plot.panels import Limits, Panels, Where, samples_of
from poreflux.plot.style import INK, SERIES, WIDTH, label, styled

#: times the median beyond which values are drawn on a logarithmic scale
_FAR = 2.0

#: steps of a decade that a logarithmic axis of tortuosity factors names
_STEPS = (1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 7.0)

#: percentage of the blocks that the colours of a map cover; larger values have the last colour
_COVERED = 98

#: half the width of a layer's box, in layers
_HALF = 0.22

#: numbers on light blocks; not the ink of axes, which is light on a dark page
_DARK = "#101418"

#: blocks of a layer up to which each has its number written on it
_NUMBERED = 25


@styled
def block_porosity(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    ax: Where = None,
    limits: Limits = None,
) -> Figure:
    """Draw the porosity of each block at the z of its centre, with the quartiles of each layer.

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

    Notes
    -----
    Points are blocks; a box holds the middle half of a layer, and its line is the median.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.layers((8, 8, 8))
    >>> figure = block_porosity(poreflux.collect(poreflux.block_porosity(volume)))
    """
    samples = samples_of(results, names, "block_porosity", "collect block_porosity(volume)")
    panels = Panels(samples, ax, height=2.8)
    for sample, (panel,) in panels:
        draw_layers(panel, sample["block_porosity"], SERIES[0])
        panel.set(xlabel="z of the block's centre (µm)", ylabel="porosity of a block")
        panel.set_ylim(0, None)
    return panels.finish(limits=limits)


@styled
def block_tortuosity(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    directions: str = "zyx",
    ax: Where = None,
    limits: Limits = None,
) -> Figure:
    """Draw the tortuosity factor of each block at the z of its centre, a panel a direction.

    Parameters
    ----------
    results
        of one or several samples, or joined,
        with `block_tortuosity_factor`, from :func:`poreflux.block_tortuosity`, and perhaps
        `tortuosity_factor`.
    names
        of the samples; by default those of joined results.
    directions
        that are drawn where they were solved; samples of one direction stand three in a row.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest value of the vertical axis of the first panel.

    Notes
    -----
    Points are blocks; a box holds the middle half of a layer, and its line is the median. The
    dashed line is the whole volume. Blocks without a path have no finite factor and no point.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.layers((8, 8, 8))
    >>> blocks = poreflux.block_tortuosity(volume, blocks=(2, 2, 2))
    >>> figure = block_tortuosity(poreflux.collect(blocks))
    """
    needed = "block_tortuosity_factor"
    samples = samples_of(results, names, needed, "collect block_tortuosity(volume)")
    solved = {d for sample in samples.values() for d in _solved(sample)}
    shown = [d for d in directions if d in solved] or list(directions[:1])
    panels = Panels(samples, ax, height=2.8, panels=len(shown), sharey=True, several_height=2.1)
    values = []
    for sample, axes in panels:
        for panel, direction in zip(axes, shown):
            values.append(_draw_factors(panel, sample, direction))
            panel.tick_params(labelleft=len(samples) == 1 or panel is axes[0])
        axes[0].set_ylabel("tortuosity factor")
    _scale(panels, values)
    return panels.finish(limits=limits)


def _solved(results: xr.Dataset) -> list[str]:
    """Return the directions along which blocks have a finite factor."""
    blocks = results["block_tortuosity_factor"]
    known = blocks.where(np.isfinite(blocks)).count([d for d in blocks.dims if d != "direction"])
    return [str(d) for d in blocks["direction"].values[known.values > 0]]


def _draw_factors(ax: Axes, results: xr.Dataset, direction: str) -> np.ndarray:
    """Draw the blocks of one direction, and the whole volume; return what is drawn."""
    ax.set_xlabel("z of the block's centre (µm)")
    ax.set_title(f"along {direction}")
    if direction not in results["block_tortuosity_factor"]["direction"].values:
        return np.array([])
    blocks = of_direction(results, "block_tortuosity_factor", direction)
    draw_layers(ax, blocks, SERIES["zyx".index(direction)])
    values = [blocks.values.ravel()]
    if "tortuosity_factor" in results:
        factors = results["tortuosity_factor"]
        if direction in factors["direction"].values:
            whole = float(factors.sel(direction=direction))
            if np.isfinite(whole):
                ax.axhline(whole, color=INK, lw=1.0, ls=(0, (5, 3)))
                values.append(np.array([whole]))
    return np.concatenate(values)


def _scale(panels: Panels, values: Sequence[np.ndarray]) -> None:
    """Choose the vertical scale that all panels share: logarithmic where some values are far."""
    known = np.concatenate([array[np.isfinite(array)] for array in values])
    if not known.size or not known.min() > 0:
        return
    low, high = known.min(), known.max()
    for ax in panels.axes.ravel():
        if high > _FAR * np.median(known):
            ax.set_yscale("log")
            ax.set_ylim(0.96 * low, 1.06 * high)
            log_axis(ax.yaxis, _STEPS)
        else:
            room = 0.05 * (high - low) or 0.05 * high
            ax.set_ylim(low - room, high + room)


def draw_layers(ax: Axes, blocks: xr.DataArray, colour: str) -> None:
    """Draw a point a block at its true z, and behind it the quartiles and median of its layer."""
    z = blocks["block_z"].values.astype(float)
    pitch = float(z[1] - z[0]) if z.size > 1 else 2 * float(z[0])
    layers = blocks.transpose("block_z", ...).values.reshape(z.size, -1)
    for centre, layer in zip(z, layers):
        known = layer[np.isfinite(layer)]
        if known.size < 4:  # has no quartiles
            continue
        low, middle, high = np.percentile(known, [25, 50, 75])
        ends = centre - _HALF * pitch, centre + _HALF * pitch
        ax.fill_between(ends, low, high, color=colour, alpha=0.22, lw=0)
        ax.plot(ends, [middle, middle], color=colour, lw=1.6, solid_capstyle="butt")
    places = np.broadcast_to(z[:, None], layers.shape).ravel()
    ax.plot(places, layers.ravel(), "o", ms=2.8, mfc=colour, mec="none", alpha=0.55)
    ax.set_xlim(z[0] - pitch / 2, z[-1] + pitch / 2)
    ax.grid(axis="y")


@styled
def block_map(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    quantity: str = "block_porosity",
    direction: str = "z",
    ax: Where = None,
    limits: Limits = None,
    cmap: str = "viridis",
) -> Figure:
    """Draw a quantity of the blocks as a map of each layer, with the blocks' numbers.

    Parameters
    ----------
    results
        of one or several samples, or joined, with the quantity.
    names
        of the samples; by default those of joined results.
    quantity
        variable over (block_z, block_y, block_x).
    direction
        of a quantity that has one.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest value of the colour scale; by default the least of all samples, and the
        value below which 98 % of their blocks lie.
    cmap
        name of a colour map.

    Notes
    -----
    Blocks are numbered along x first, then y, then z: of 4 x 4 x 4, 1 to 16 are the layer at the
    first face and 49 to 64 that at the last. What has no finite value is left blank.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites((8, 8, 8), 0.2)
    >>> figure = block_map(poreflux.collect(poreflux.block_porosity(volume, blocks=(2, 2, 2))))
    """
    samples = samples_of(results, names, quantity, "collect it first")
    blocks = {name: of_direction(s, quantity, direction) for name, s in samples.items()}
    finite = np.concatenate([b.values[np.isfinite(b.values)] for b in blocks.values()])
    top = float(np.percentile(finite, _COVERED)) if finite.size else 1.0
    ends = (float(finite.min()) if finite.size else 0.0, top)
    low, high = (e if given is None else given for e, given in zip(ends, limits or ends))
    count = max(b.sizes["block_z"] for b in blocks.values())
    height = WIDTH / max(count, 2) + 0.3
    panels = Panels(samples, ax, height=height, panels=count, several_height=WIDTH / count - 0.1)
    first = next(iter(blocks.values()))
    for (_, axes), values in zip(panels, blocks.values()):
        for k, panel in enumerate(axes):
            if k >= values.sizes["block_z"]:
                panel.set_axis_off()
                continue
            drawn = _draw_map(panel, values, k, low, high, cmap)
        axes[0].set_ylabel("y (µm)")
    panels.figure.colorbar(
        drawn, ax=list(panels.axes.ravel()), label=textwrap.fill(label(first), 20), shrink=0.9,
        extend="max", aspect=10 * max(len(samples), 2), extendfrac=0.1 / max(len(samples), 2),
    )  # fmt: skip
    return panels.finish(shared="")


def _draw_map(
    ax: Axes, blocks: xr.DataArray, k: int, low: float, high: float, cmap: str
) -> AxesImage:
    """Draw layer k of the blocks, with their numbers where there is room."""
    layer = blocks.transpose("block_z", "block_y", "block_x").isel(block_z=k)
    ends = [_ends(layer[d].values) for d in ("block_x", "block_y")]
    box = (*ends[0], *ends[1][::-1])
    drawn = ax.imshow(layer.values, cmap=cmap, vmin=low, vmax=high, extent=box)
    ax.spines[:].set_visible(True)
    z = _ends(blocks["block_z"].values, k)
    ax.set_title(f"z {round(z[0], 6) + 0.0:.3g}–{z[1]:.3g} µm", fontsize=8)
    ax.set_xlabel("x (µm)")
    if layer.size > _NUMBERED:
        return drawn
    for j, y in enumerate(layer["block_y"].values):
        for i, x in enumerate(layer["block_x"].values):
            shade = (float(layer[j, i]) - low) / ((high - low) or 1.0)
            ink = "#ffffff" if np.isfinite(shade) and shade < 0.6 else _DARK
            number = k * layer.size + j * layer.sizes["block_x"] + i + 1
            text = ax.text(x, y, str(number), ha="center", va="center", fontsize=6.5, color=ink)
            text.set_in_layout(False)  # it lies on its block: nothing makes room for it
    return drawn


def _ends(centres: np.ndarray, k: int | None = None) -> tuple[float, float]:
    """Return the outer ends of blocks from their centres, or those of one of them.

    Examples
    --------
    >>> _ends(np.array([31.0, 93.5, 156.0, 218.5]), 1)  # of 62 and 63 voxels
    (62.0, 125.0)
    >>> _ends(np.array([110.0, 130.0]))  # blocks of a part of a volume
    (100.0, 140.0)
    """
    half = (centres[1] - centres[0]) / 2 if centres.size > 1 else centres[0]
    edges = [0.0]  # blocks that begin at 0 and leave no gap are known exactly
    for centre in centres:
        edges.append(2 * float(centre) - edges[-1])
    if np.ptp(np.diff(edges)) > 0.2 * half:
        edges = [*(centres - half), float(centres[-1] + half)]
    first, last = (0, -1) if k is None else (k, k + 1)
    return float(edges[first]), float(edges[last])


def of_direction(results: xr.Dataset, quantity: str, direction: str) -> xr.DataArray:
    """Return a quantity of blocks along a direction, infinite ones as missing."""
    blocks = results[quantity]
    if "direction" in blocks.dims:
        blocks = blocks.sel(direction=direction)
    return blocks.where(np.isfinite(blocks)).assign_attrs(results[quantity].attrs)
