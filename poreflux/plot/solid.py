"""Pictures of a phase as a solid, seen from outside."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from poreflux.plot.panels import Limits, Panels, Where, samples_of
from poreflux.plot.style import WIDTH, styled
from poreflux.plot.view import cast

#: pixels across a picture of its own and one among several, and at least; most of a voxel
FINEST, SMALL, _FEWEST, _OF_VOXEL = 560, 360, 150, 6


@styled
def pores(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    ax: Where = None,
    limits: Limits = None,
    cmap: str = "viridis",
) -> Figure:
    """Draw a phase (the pores) as a solid seen from outside, coloured by height.

    Parameters
    ----------
    results
        of one or several samples, or joined,
        with `phase_percent`, the coarse volume that :func:`poreflux.preview` makes.
    names
        of the samples; by default those of joined results.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest height of the colours, in µm.
    cmap
        name of a colour map.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.layers((8, 8, 8))
    >>> figure = pores(poreflux.collect(poreflux.preview(volume)))
    """
    samples = samples_of(results, names, "phase_percent", "collect preview(volume)")
    panels = Panels(
        samples, ax, height=0.64 * WIDTH, width=0.64 * WIDTH if len(samples) == 1 else WIDTH,
        several_height=0.36 * WIDTH,
    )  # fmt: skip
    for sample, (panel,) in panels:
        coarse = sample["phase_percent"]
        corners = draw_pores(panel, coarse, limits, cmap, FINEST if len(samples) == 1 else SMALL)
        lengths = [n * h for n, h in zip(coarse.shape, coarse_voxel_size(coarse))]
        _box_labels(panel, corners, lengths, 8.5 if len(samples) == 1 else 7.0)
    return panels.finish(shared="")


def draw_pores(
    ax: Axes,
    coarse: xr.DataArray,
    limits: Limits = None,
    cmap: str = "viridis",
    pixels: int = FINEST,
) -> dict:
    """Draw a coarse phase from outside, in its box; return the box's corners in pixels."""
    pixels = min(pixels, max(_FEWEST, _OF_VOXEL * max(coarse.shape)))
    view = cast(coarse.values / np.float32(100), coarse_voxel_size(coarse), pixels=pixels)
    low, high = limits or (0.0, float(coarse.shape[0] * coarse_voxel_size(coarse)[0]))
    shade = np.nan_to_num((view.height - (low or 0.0)) / max((high or 1.0) - (low or 0.0), 1e-9))
    colour = matplotlib.colormaps[cmap](0.95 - 0.7 * np.clip(shade, 0, 1))[..., :3]
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


def _box_labels(
    ax: Axes, corners: Mapping, lengths: Sequence[float], fontsize: float = 8.5
) -> None:
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
            fontsize=fontsize,
            rotation=90 * (axis == 0),
        )
