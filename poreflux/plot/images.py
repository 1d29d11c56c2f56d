"""Pictures of the volume: slices, the map of columns, and the pores from outside."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from poreflux.plot.style import INK, WIDTH, extent, plain, sheet, styled
from poreflux.plot.view import cast
from poreflux.schema import Direction, name_of

#: pore first; the others in the order of their labels
PHASES = ("#17324d", "#ead9b5", "#d5783c", "#7fa99b", "#a685b0", "#e9c46a")


@styled
def slices(results: xr.Dataset, *, direction: Direction = "z") -> Figure:
    """Draw the middle slice across a direction: grey values and phases, where present.

    Parameters
    ----------
    results
        with `gray_slice_z` and/or `phase_slice_z` (or _y, _x), as :func:`poreflux.preview` makes.
    direction
        the normal of the slice.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.layers((8, 8, 8))
    >>> figure = slices(poreflux.collect(poreflux.preview(volume)))
    """
    names = [n for n in (f"gray_slice_{direction}", f"phase_slice_{direction}") if n in results]
    if not names:
        raise KeyError(f"the results have no slice across {direction!r}; collect preview(volume)")
    ratio = results[names[0]].shape[0] / results[names[0]].shape[1]
    width = WIDTH if len(names) == 2 else 0.6 * WIDTH
    panel = width / len(names) - 0.6
    figure, axes = sheet(
        min(panel * ratio, 6.0) + 1.1, columns=len(names), width=width, squeeze=False, sharey=True
    )
    for ax, name in zip(axes[0], names):
        draw = draw_gray if name.startswith("gray") else draw_phases
        draw(ax, results[name])
        vertical, horizontal = results[name].dims
        ax.set_xlabel(f"{horizontal} (µm)")
        ax.spines[:].set_visible(True)
    axes[0, 0].set_ylabel(f"{vertical} (µm)")
    if names[-1].startswith("phase"):
        keys = phase_keys(results[names[-1]])
        figure.legend(handles=keys, loc="outside lower right", ncols=len(keys), fontsize=8)
    return figure


def draw_gray(ax: Axes, image: xr.DataArray) -> None:
    """Draw a slice of grey values."""
    low, high = np.nanpercentile(image, [0.2, 99.8])
    box = extent(*(image[d] for d in image.dims))
    ax.imshow(image.values, cmap="gray", vmin=low, vmax=high, extent=box)
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
def structure_factor(results: xr.Dataset, *, direction: Direction = "z") -> Figure:
    """Draw the map of each column's porosity minus the mean, on colours symmetric about zero.

    Parameters
    ----------
    results
        with `structure_factor` (or `_y`, `_x`), from :func:`poreflux.structure_factor`.
    direction
        of the columns.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.layers((8, 8, 8))
    >>> figure = structure_factor(poreflux.collect(poreflux.structure_factor(volume)))
    """
    image = results[name_of("structure_factor", direction)]
    reach = float(np.nanpercentile(np.abs(image), 99.5)) or 1e-6
    figure, ax = sheet(0.52 * WIDTH, width=0.64 * WIDTH)
    box = extent(*(image[d] for d in image.dims))
    drawn = ax.imshow(image.values, cmap="PuOr_r", vmin=-reach, vmax=reach, extent=box)
    bar = figure.colorbar(drawn, ax=ax, label="column porosity minus mean", shrink=0.95)
    bar.outline.set_edgecolor(INK)
    ax.set(xlabel=f"{image.dims[1]} (µm)", ylabel=f"{image.dims[0]} (µm)")
    ax.spines[:].set_visible(True)
    return figure


@styled
def pores(results: xr.Dataset) -> Figure:
    """Draw a phase (the pores) as a solid seen from outside, coloured by height.

    Parameters
    ----------
    results
        with `phase_percent`, the coarse volume that :func:`poreflux.preview` makes.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.layers((8, 8, 8))
    >>> figure = pores(poreflux.collect(poreflux.preview(volume)))
    """
    figure, ax = sheet(0.64 * WIDTH, width=0.64 * WIDTH)
    corners = draw_pores(ax, results["phase_percent"])
    coarse = results["phase_percent"]
    _box_labels(ax, corners, [n * h for n, h in zip(coarse.shape, coarse_voxel_size(coarse))])
    return figure


def draw_pores(ax: Axes, coarse: xr.DataArray) -> dict:
    """Draw a coarse phase from outside, in its box; return the box's corners in pixels."""
    view = cast(coarse.values / np.float32(100), coarse_voxel_size(coarse))
    top = float(np.nanmax(view.height)) if np.isfinite(view.height).any() else 1.0
    shade = np.nan_to_num(view.height / max(top, 1e-9))
    colour = matplotlib.colormaps["viridis"](0.95 - 0.7 * shade)[..., :3]
    picture = np.dstack([colour * np.nan_to_num(view.light)[..., None], np.isfinite(view.light)])
    ax.imshow(np.clip(picture, 0, 1), zorder=1, interpolation="antialiased")
    _box(ax, view.corners)
    ax.set_axis_off()
    return view.corners


def coarse_voxel_size(coarse: xr.DataArray) -> tuple[float, ...]:
    """Return the edges in µm of the coarse voxels of a preview."""
    return tuple(float(2 * coarse[d][0]) for d in coarse.dims)


def _box(ax: Axes, corners: Mapping) -> None:
    far = max(corners, key=lambda bits: corners[bits][2])
    for bits, (c0, r0, _) in corners.items():
        for axis in range(3):
            if bits[axis]:
                continue
            other = (*bits[:axis], 1, *bits[axis + 1 :])
            c1, r1, _ = corners[other]
            behind = far in (bits, other)
            ax.plot([c0, c1], [r0, r1], color="#8b949e", lw=0.8, zorder=0 if behind else 2)


def _box_labels(ax: Axes, corners: Mapping, lengths: Sequence[float]) -> None:
    """Name the three edges that meet in the lowest corner of the outline."""
    middle = np.mean([c[:2] for c in corners.values()], axis=0)
    for axis, (name, length) in enumerate(zip("zyx", lengths)):
        edges = []
        for bits, (c0, r0, d0) in corners.items():
            if not bits[axis]:
                c1, r1, d1 = corners[(*bits[:axis], 1, *bits[axis + 1 :])]
                edges.append((np.array([(c0 + c1) / 2, (r0 + r1) / 2]), d0 + d1))
        if axis == 0:
            middle_of_edge = max(
                (e for e, _ in edges), key=lambda p: p[0]
            )  # the upright edge on the right
        else:
            middle_of_edge = max(
                (e for e, _ in edges), key=lambda p: p[1]
            )  # the lower edge in front
        outward = (middle_of_edge - middle) / np.linalg.norm(middle_of_edge - middle)
        position = middle_of_edge + outward * 0.04 * np.ptp([c[0] for c in corners.values()])
        text = f"{name}, {length:.4g} µm"
        side = "left" if axis == 0 else "center"
        ax.text(
            position[0],
            position[1],
            text,
            ha=side,
            va="center",
            fontsize=8.5,
            rotation=90 * (axis == 0),
        )
