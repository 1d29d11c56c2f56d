"""Figures of several samples side by side: one panel a sample and one scale for all."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from poreflux.plot.style import INK, SERIES, extent, label, plain, sheet, styled
from poreflux.schema import DIMS, Direction, name_of

Samples = Mapping[str, xr.Dataset]

#: panels beside each other, and the height of one in inches
_COLUMNS, _HEIGHT = 3, 2.1

#: times the median beyond which values are drawn on a logarithmic scale
_FAR = 3.0

#: edge in µm of the field that the paper shows
PAPER_FIELD = 100.0


def colour(place: int) -> str:
    """Return the colour of a sample by its place among the samples.

    Examples
    --------
    >>> colour(0) == colour(6)
    True
    """
    return SERIES[place % len(SERIES)]


@styled
def sample_profiles(samples: Samples, *, direction: Direction = "z") -> Figure:
    """Draw the porosity of each plane along a direction, all samples on one scale.

    Parameters
    ----------
    samples
        Results with the profile, by name.
    direction
        of the profile.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites((8, 8, 8), 0.2)
    >>> results = poreflux.collect(poreflux.porosity_profile(volume))
    >>> figure = sample_profiles({"a": results, "b": results})
    """
    figure, ax = sheet(3.0)
    for k, (name, results) in enumerate(samples.items()):
        profile = results[name_of("porosity_profile", direction)]
        ax.plot(profile[direction], 100 * profile, lw=1.1, color=colour(k), label=plain(name))
    ax.set(xlabel=f"position along {direction} (µm)", ylabel="porosity (%)")
    ax.set_ylim(0, None)
    ax.grid(axis="y")
    figure.legend(loc="outside upper center", ncols=3, fontsize=8)
    return figure


@styled
def sample_maps(
    samples: Samples, *, direction: Direction = "z", field: float | None = None
) -> Figure:
    """Draw the structure factor of each sample on one colour scale.

    Parameters
    ----------
    samples
        Results of :func:`poreflux.structure_factor`, by name.
    direction
        across the maps.
    field
        edge in µm of the part that is drawn; by default all.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites((8, 8, 8), 0.2)
    >>> results = poreflux.collect(poreflux.structure_factor(volume))
    >>> figure = sample_maps({"a": results, "b": results})
    """
    maps = [_part(results[name_of("structure_factor", direction)], field)
            for results in samples.values()]  # fmt: skip
    reach = max(float(np.nanquantile(abs(image), 0.998)) for image in maps)
    return _images(list(samples), maps, "column porosity minus mean", "PuOr_r", -reach, reach)


@styled
def sample_blocks(samples: Samples, name: str, *, direction: str = "") -> Figure:
    """Draw a quantity of the blocks next to the last face of each sample on one colour scale.

    Parameters
    ----------
    samples
        Results of the sub-volumes, by name.
    name
        of a variable over (block_z, block_y, block_x), such as `block_porosity`.
    direction
        of a quantity that has one.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites((8, 8, 8), 0.2)
    >>> results = poreflux.collect(poreflux.block_porosity(volume, blocks=(2, 2, 2)))
    >>> figure = sample_blocks({"a": results, "b": results}, "block_porosity")
    """
    maps = [_blocks(results, name, direction).isel(block_z=-1) for results in samples.values()]
    finite = np.concatenate([image.values[np.isfinite(image.values)] for image in maps])
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    return _images(list(samples), maps, label(maps[0]), "viridis", low, high)


@styled
def sample_layers(samples: Samples, name: str, *, direction: str = "") -> Figure:
    """Draw every block of each sample against its z, with the mean ± deviation of each layer.

    Parameters
    ----------
    samples, name, direction
        as for :func:`sample_blocks`.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites((8, 8, 8), 0.2)
    >>> results = poreflux.collect(poreflux.block_porosity(volume, blocks=(2, 2, 2)))
    >>> figure = sample_layers({"a": results, "b": results}, "block_porosity")
    """
    blocks = [_blocks(results, name, direction) for results in samples.values()]
    figure, axes = _panels(len(samples), sharey=True)
    for k, (ax, title, values) in enumerate(zip(axes, samples, blocks)):
        z = values["block_z"].values.astype(float)
        layers = values.transpose("block_z", ...).values.reshape(z.size, -1)
        pitch = z[1] - z[0] if z.size > 1 else 1.0
        shift = np.linspace(-0.25, 0.25, layers.shape[1]) * pitch
        ax.plot((z[:, None] + shift).ravel(), layers.ravel(), "o", ms=2.2, mec="none",
                mfc=colour(k), alpha=0.6)  # fmt: skip
        ax.errorbar(z, _of_layers(np.nanmean, layers), _of_layers(np.nanstd, layers), fmt="_",
                    color=INK, ms=8, mew=1.4, elinewidth=1.0, capsize=2)  # fmt: skip
        ax.set_title(plain(title))
        ax.grid(axis="y")
    _scale(axes[0], [values.values for values in blocks])
    _outer(figure, axes, "z of the block's centre (µm)", label(blocks[0]))
    return figure


@styled
def sample_directions(samples: Samples) -> Figure:
    """Draw the tortuosity factor of the blocks of each sample along each direction.

    Parameters
    ----------
    samples
        Results of :func:`poreflux.block_tortuosity`, by name.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites((8, 8, 8), 0.1)
    >>> results = poreflux.collect(poreflux.block_tortuosity(volume, blocks=(2, 2, 2)))
    >>> figure = sample_directions({"a": results, "b": results})
    """
    figure, axes = _panels(len(samples), sharey=True)
    for ax, (title, results) in zip(axes, samples.items()):
        there = results["block_tortuosity_factor"]["direction"].values
        for k, direction in enumerate(DIMS):
            if direction not in there:
                continue
            values = _blocks(results, "block_tortuosity_factor", direction).values.ravel()
            values = np.sort(values[np.isfinite(values)])
            if not values.size:
                continue
            spread = np.linspace(-0.28, 0.28, values.size)
            ax.plot(k + spread, values, "o", ms=2.2, mfc=SERIES[k], mec="none", alpha=0.7)
            ax.errorbar(k, values.mean(), values.std(), fmt="_", ms=12, color=INK, capsize=3)
        ax.set_xticks(range(3), DIMS)
        ax.set_title(plain(title))
        ax.grid(axis="y")
    _scale(axes[0], [_finite(results) for results in samples.values()])
    _outer(figure, axes, "direction of transport", "tortuosity factor of blocks")
    return figure


@styled
def sample_sizes(samples: Samples) -> Figure:
    """Draw which share of the pores of each sample has each diameter, on one scale.

    Parameters
    ----------
    samples
        Results of :func:`poreflux.pore_size`, by name.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_spheres(40, 4, [6, 12])
    >>> results = poreflux.collect(poreflux.pore_size(volume))
    >>> figure = sample_sizes({"a": results, "b": results})
    """
    figure, axes = _panels(len(samples), sharex=True, sharey=True)
    for k, (ax, (title, results)) in enumerate(zip(axes, samples.items())):
        number = results["pore_number"]
        share = 100 * number.values / max(1.0, float(number.sum()))
        diameter = number["diameter"].values
        step = float(diameter[1] - diameter[0]) if diameter.size > 1 else 1.0
        ax.bar(diameter, share, step, color=colour(k), alpha=0.8)
        ax.set_title(f"{plain(title)}, {int(results['pore_count'])} pores")
    ends = [_end(results["pore_number"]) for results in samples.values()]
    axes[0].set_xlim(0, 1.05 * max(ends))
    _outer(figure, axes, "diameter of a pore (µm)", "share of the pores (%)")
    return figure


@styled
def sample_lines(
    samples: Samples, name: str, *, log: bool = True, title: str | None = None
) -> Figure:
    """Draw one curve of each sample, with its error where that is known.

    Parameters
    ----------
    samples
        Results, by name.
    name
        of a variable of one dim, such as `spectral_density` or `representative_std`.
    log
        whether both axes are logarithmic.
    title
        of the vertical axis; by default that of the variable.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_spheres(40, 4, [6, 12])
    >>> results = poreflux.collect(poreflux.spectral_density(volume))
    >>> figure = sample_lines({"a": results, "b": results}, "spectral_density")
    """
    figure, ax = sheet(3.2)
    for k, (sample, results) in enumerate(samples.items()):
        values = results[name]
        x, y = values[values.dims[0]].values.astype(float), values.values.astype(float)
        drawn = np.isfinite(y) & (y > 0) & (x > 0) if log else np.isfinite(y)
        ax.plot(x[drawn], y[drawn], "o-", ms=3, lw=1.1, color=colour(k), label=plain(sample))
        error = results.get(f"{name}_error")
        if error is not None:
            low = np.maximum(y - error.values, 0.1 * y)
            ax.fill_between(x[drawn], low[drawn], (y + error.values)[drawn], color=colour(k),
                            alpha=0.15, lw=0)  # fmt: skip
    first = next(iter(samples.values()))[name]
    scale = "log" if log else "linear"
    ax.set(xscale=scale, yscale=scale, xlabel=label(first[first.dims[0]]))
    ax.set_ylabel(title or label(first))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("")
    if log:
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.grid(axis="y")
    figure.legend(loc="outside upper center", ncols=3, fontsize=8)
    return figure


def _images(
    names: Sequence[str], maps: Sequence[xr.DataArray], title: str, colours: str, low: float,
    high: float,
) -> Figure:  # fmt: skip
    """Draw one image a sample, with one scale at the side."""
    figure, axes = _panels(len(maps), sharex=True, sharey=True)
    for ax, name, image in zip(axes, names, maps):
        box = extent(*(image[d] for d in image.dims))
        drawn = ax.imshow(image.values, cmap=colours, vmin=low, vmax=high, extent=box)
        ax.set_title(plain(name))
        ax.spines[:].set_visible(True)
    figure.colorbar(drawn, ax=list(axes), label=title, shrink=0.8)
    _outer(figure, axes, "x (µm)", "y (µm)")
    return figure


def _panels(count: int, **options: bool) -> tuple[Figure, list[Axes]]:
    """Return axes for so many panels, those beyond taken away."""
    columns = min(_COLUMNS, count) if count != 4 else 2
    rows = math.ceil(count / columns)
    figure, grid = sheet(0.4 + _HEIGHT * rows, columns=columns, rows=rows, squeeze=False, **options)
    axes = list(grid.ravel())
    for ax in axes[count:]:
        ax.remove()
    return figure, axes[:count]


def _outer(figure: Figure, axes: Sequence[Axes], horizontal: str, vertical: str) -> None:
    figure.supxlabel(horizontal, fontsize=9)
    figure.supylabel(vertical, fontsize=9)


def _part(image: xr.DataArray, field: float | None) -> xr.DataArray:
    """Return the corner of a map that a field covers."""
    if field is None:
        return image
    return image.isel({d: image[d].values <= field for d in image.dims})


def _blocks(results: xr.Dataset, name: str, direction: str) -> xr.DataArray:
    """Return a quantity of blocks along a direction, infinite ones as missing."""
    blocks = results[name]
    if "direction" in blocks.dims:
        blocks = blocks.sel(direction=direction or "z")
    return blocks.where(np.isfinite(blocks)).assign_attrs(results[name].attrs)


def _scale(ax: Axes, values: Sequence[np.ndarray]) -> None:
    """Choose the vertical scale of panels that share it: logarithmic where some values are far."""
    known = np.concatenate([array[np.isfinite(array)] for array in values])
    if not known.size or not known.min() > 0 or known.max() < _FAR * np.median(known):
        return
    ax.set_yscale("log")
    ax.set_ylim(0.93 * known.min(), 1.1 * known.max())
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter("")


def _finite(results: xr.Dataset) -> np.ndarray:
    values = results["block_tortuosity_factor"].values.astype(float)
    return np.where(np.isfinite(values), values, np.nan)


def _of_layers(statistic: Callable, layers: np.ndarray) -> np.ndarray:
    """Return a statistic of each layer, NaN of one without a value."""
    return np.array([
        statistic(layer) if np.isfinite(layer).any() else np.nan for layer in layers
    ])  # fmt: skip


def _end(number: xr.DataArray) -> float:
    """Return the diameter below which nearly all pores are."""
    share = np.cumsum(number.values) / max(1.0, float(number.sum()))
    return float(
        number["diameter"].values[int(np.searchsorted(share, 0.998).clip(0, share.size - 1))]
    )
