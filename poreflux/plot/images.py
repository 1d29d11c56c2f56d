"""Pictures of the volume: slices, the map of columns, and the pores from outside."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from poreflux.plot.panels import Limits, Panels, Where, samples_of
from poreflux.plot.style import INK, WIDTH, extent, plain, styled
from poreflux.results.joining import split_results
from poreflux.schema import Direction, name_of

#: pore first; the others in the order of their labels
PHASES = ("#17324d", "#ead9b5", "#d5783c", "#7fa99b", "#a685b0", "#e9c46a")


#: ends of the scale of the structure factor, the same for all samples that fit
_REACHES = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)


@styled
def slices(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    direction: Direction = "z",
    ax: Where = None,
    limits: Limits = None,
    cmap: str = "gray",
) -> Figure:
    """Draw the middle slice across a direction: grey values and phases, where present.

    Parameters
    ----------
    results
        of one or several samples, or joined,
        with `gray_slice_z` and/or `phase_slice_z` (or _y, _x), as :func:`poreflux.preview` makes.
    names
        of the samples; by default those of joined results.
    direction
        the normal of the slice.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest grey value that is drawn.
    cmap
        name of a colour map.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.layers((8, 8, 8))
    >>> figure = slices(poreflux.collect(poreflux.preview(volume)))
    """
    shown = (f"gray_slice_{direction}", f"phase_slice_{direction}")
    found = [sample for result in results for sample in split_results(result).values()]
    kinds = [kind for kind in shown if any(kind in sample for sample in found)]
    if not kinds:
        raise KeyError(f"the results have no slice across {direction!r}; collect preview(volume)")
    samples = samples_of(results, names, kinds[-1])
    first = next(iter(samples.values()))[kinds[-1]]
    width = WIDTH if len(kinds) == 2 or len(samples) > 1 else 0.6 * WIDTH
    columns = len(kinds) if len(kinds) == 2 or len(samples) == 1 else min(3, len(samples))
    height = min((width / columns - 0.6) * first.shape[0] / first.shape[1], 6.0)
    panels = Panels(
        samples, ax, height=height + 1.1, panels=len(kinds), width=width,
        several_height=height + 0.6,
    )  # fmt: skip
    levels = limits or _gray_limits(samples, kinds[0])
    for sample, axes in panels:
        for panel, kind in zip(axes, kinds):
            if kind not in sample:
                panel.set_axis_off()
                continue
            if kind.startswith("gray"):
                draw_gray(panel, sample[kind], levels, cmap)
            else:
                draw_phases(panel, sample[kind])
            vertical, horizontal = sample[kind].dims
            panel.set(xlabel=f"{horizontal} (µm)", ylabel=f"{vertical} (µm)")
            panel.spines[:].set_visible(True)
        for panel in axes[1:]:
            panel.set_ylabel("")
    if kinds[-1].startswith("phase"):
        keys = phase_keys(first)
        place: Any = {"ncol": len(keys), "fontsize": 8}
        if panels.is_own:
            panels.figure.legend(handles=keys, loc="outside lower right", **place)
        else:
            panels.axes[0, -1].legend(handles=keys, loc="lower right", **place)
    return panels.finish(shared="")


def _gray_limits(samples: Mapping[str, xr.Dataset], kind: str) -> tuple[float, float]:
    """Return grey values that leave out the least and the most frequent ends of all samples."""
    values = [sample[kind].values.ravel() for sample in samples.values() if kind in sample]
    low, high = np.nanpercentile(np.concatenate(values), [0.2, 99.8])
    return float(low), float(high)


def draw_gray(ax: Axes, image: xr.DataArray, limits: Limits = None, cmap: str = "gray") -> None:
    """Draw a slice of grey values."""
    low, high = limits or np.nanpercentile(image, [0.2, 99.8])
    box = extent(*(image[d] for d in image.dims))
    ax.imshow(image.values, cmap=cmap, vmin=low, vmax=high, extent=box)
    ax.set_title("as measured")


def draw_phases(ax: Axes, image: xr.DataArray) -> None:
    """Draw a slice of phases."""
    labels = np.atleast_1d(image.attrs["flag_values"]).astype(float)
    colours = phase_colours(image.attrs["flag_meanings"].split())
    edges = np.append(labels - 0.5, labels[-1] + 0.5)
    box = extent(*(image[d] for d in image.dims))
    cmap = ListedColormap(list(colours.values()))
    known = np.ma.masked_where(~np.isin(image.values, labels), image.values)  # outside is blank
    ax.imshow(known, cmap=cmap, norm=BoundaryNorm(edges, len(labels)), extent=box)
    ax.set_title("segmented")


def phase_keys(image: xr.DataArray) -> list[Patch]:
    """Return the legend's entries for a slice of phases."""
    colours = phase_colours(image.attrs["flag_meanings"].split())
    return [
        Patch(facecolor=c, edgecolor=INK, linewidth=0.5, label=plain(n)) for n, c in colours.items()
    ]


def phase_colours(names: list[str]) -> dict[str, str]:
    """Return a colour for each phase name, the pores dark.

    Examples
    --------
    >>> list(phase_colours(["electrolyte", "pore"]).values())
    ['#ead9b5', '#17324d']
    """
    colours = iter(PHASES[1:] * (len(names) // len(PHASES) + 1))
    return {name: PHASES[0] if name == "pore" else next(colours) for name in names}


@styled
def structure_factor(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    direction: Direction = "z",
    field: float | None = None,
    ax: Where = None,
    limits: Limits = None,
    cmap: str = "PuOr_r",
) -> Figure:
    """Draw the map of each column's porosity minus the mean, on colours symmetric about zero.

    Parameters
    ----------
    results
        of one or several samples, or joined,
        with `structure_factor` (or `_y`, `_x`), from :func:`poreflux.structure_factor`.
    names
        of the samples; by default those of joined results.
    direction
        of the columns.
    field
        edge in µm of the part that is drawn, from the first corner; by default all.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest value of the colour scale; by default the first of ± 0.05, 0.1, 0.2,
        0.3, 0.5 and 1 that holds 99.5 % of all columns, so that figures of like samples compare.
    cmap
        name of a colour map.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.layers((8, 8, 8))
    >>> figure = structure_factor(poreflux.collect(poreflux.structure_factor(volume)))
    """
    name = name_of("structure_factor", direction)
    samples = samples_of(results, names, name, "collect structure_factor(volume)")
    maps = [_part(sample[name], field) for sample in samples.values()]
    reach = scale_end(np.concatenate([abs(image.values).ravel() for image in maps]), _REACHES, 99.5)
    low, high = limits or (-reach, reach)
    panels = Panels(
        samples, ax, height=0.52 * WIDTH, width=0.64 * WIDTH if len(samples) == 1 else WIDTH,
        several_height=0.36 * WIDTH,
    )  # fmt: skip
    for (_, (panel,)), image in zip(panels, maps):
        box = extent(*(image[d] for d in image.dims))
        drawn = panel.imshow(image.values, cmap=cmap, vmin=low, vmax=high, extent=box)
        panel.set(xlabel=f"{image.dims[1]} (µm)", ylabel=f"{image.dims[0]} (µm)")
        panel.spines[:].set_visible(True)
    bar = panels.figure.colorbar(
        drawn, ax=list(panels.axes.ravel()), label="column porosity minus mean", shrink=0.95,
        extend="both",
    )  # fmt: skip
    bar.outline.set_edgecolor(INK)
    return panels.finish(shared="")


def _part(image: xr.DataArray, field: float | None) -> xr.DataArray:
    """Return the corner of a map that a field covers."""
    if field is None:
        return image
    return image.isel({d: image[d].values <= field for d in image.dims})


def scale_end(values: np.ndarray, ends: Sequence[float], covered: float) -> float:
    """Return the first of the given ends of a scale that holds a percentage of the values.

    Examples
    --------
    >>> scale_end(np.array([0.01, 0.12, 0.17]), (0.1, 0.2, 0.5), 99)
    0.2
    """
    values = values[np.isfinite(values)]
    least = float(np.percentile(values, covered)) if values.size else 0.0
    return next((end for end in ends if end >= least), least)
