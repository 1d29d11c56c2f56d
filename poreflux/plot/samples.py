"""Figures of several samples side by side: one panel a sample and one scale for all."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from poreflux.plot.style import SERIES, extent, label, plain, sheet, styled
from poreflux.schema import Direction, name_of

Samples = Mapping[str, xr.Dataset]

#: panels beside each other, and the height of one in inches
_COLUMNS, _HEIGHT = 3, 2.1

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
    return images(list(samples), maps, "column porosity minus mean", "PuOr_r", -reach, reach)


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
    figure, axes = panels(len(samples), sharex=True, sharey=True)
    for k, (ax, (title, results)) in enumerate(zip(axes, samples.items())):
        number = results["pore_number"]
        share = 100 * number.values / max(1.0, float(number.sum()))
        diameter = number["diameter"].values
        step = float(diameter[1] - diameter[0]) if diameter.size > 1 else 1.0
        ax.bar(diameter, share, step, color=colour(k), alpha=0.8)
        ax.set_title(f"{plain(title)}, {int(results['pore_count'])} pores")
    ends = [_end(results["pore_number"]) for results in samples.values()]
    axes[0].set_xlim(0, 1.05 * max(ends))
    outer(figure, axes, "diameter of a pore (µm)", "share of the pores (%)")
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


def images(
    names: Sequence[str], maps: Sequence[xr.DataArray], title: str, colours: str, low: float,
    high: float,
) -> Figure:  # fmt: skip
    """Draw one image a sample, with one scale at the side."""
    figure, axes = panels(len(maps), sharex=True, sharey=True)
    for ax, name, image in zip(axes, names, maps):
        box = extent(*(image[d] for d in image.dims))
        drawn = ax.imshow(image.values, cmap=colours, vmin=low, vmax=high, extent=box)
        ax.set_title(plain(name))
        ax.spines[:].set_visible(True)
    figure.colorbar(drawn, ax=list(axes), label=title, shrink=0.8)
    outer(figure, axes, "x (µm)", "y (µm)")
    return figure


def panels(count: int, **options: bool) -> tuple[Figure, list[Axes]]:
    """Return axes for so many panels, those beyond taken away."""
    columns = min(_COLUMNS, count) if count != 4 else 2
    rows = math.ceil(count / columns)
    figure, grid = sheet(0.4 + _HEIGHT * rows, columns=columns, rows=rows, squeeze=False, **options)
    axes = list(grid.ravel())
    for ax in axes[count:]:
        ax.remove()
    return figure, axes[:count]


def outer(figure: Figure, axes: Sequence[Axes], horizontal: str, vertical: str) -> None:
    figure.supxlabel(horizontal, fontsize=9)
    figure.supylabel(vertical, fontsize=9)


def _part(image: xr.DataArray, field: float | None) -> xr.DataArray:
    """Return the corner of a map that a field covers."""
    if field is None:
        return image
    return image.isel({d: image[d].values <= field for d in image.dims})


def _end(number: xr.DataArray) -> float:
    """Return the diameter below which nearly all pores are."""
    share = np.cumsum(number.values) / max(1.0, float(number.sum()))
    return float(
        number["diameter"].values[int(np.searchsorted(share, 0.998).clip(0, share.size - 1))]
    )
