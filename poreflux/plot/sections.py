"""Slices across and along the pressing direction, with the boundaries of the segmentation."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from poreflux.plot.images import draw_gray, draw_phases
from poreflux.plot.panels import Limits, Panels, Where, samples_of
from poreflux.plot.style import WIDTH, extent, styled
from poreflux.uncertainty.rounding import significant

#: colour of the boundaries on grey values, and least pixels along an edge of the picture
_BOUNDARY, _FINE = "#ff7a00", 600

#: pixels of the picture for each of the thickness of a boundary
_THIN = 320


@styled
def sections(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    ax: Where = None,
    limits: Limits = None,
    cmap: str = "gray",
) -> Figure:
    """Draw the middle slices across z and along it: grey values with the phases' boundaries.

    Samples without grey values have their phases drawn.

    Parameters
    ----------
    results
        of one or several samples, or joined, with `phase_slice_z` and `phase_slice_y`, and
        perhaps `gray_slice_z` and `gray_slice_y`, as :func:`poreflux.preview` makes.
    names
        of the samples; by default those of joined results.
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
    >>> figure = sections(poreflux.collect(poreflux.preview(volume)))
    """
    samples = samples_of(results, names, "phase_slice_y", "collect preview(volume)")
    first = next(iter(samples.values()))
    tall = [first[f"phase_slice_{d}"].shape for d in "zy"]
    height = min((WIDTH / 2 - 0.6) * max(n / m for n, m in tall), 6.0)
    panels = Panels(samples, ax, height=height + 0.9, panels=2, several_height=height + 0.6)
    for sample, axes in panels:
        for panel, direction in zip(axes, "zy"):
            _section(panel, sample, direction, limits, cmap)
    return panels.finish(shared="")


def _section(ax: Axes, results: xr.Dataset, direction: str, limits: Limits, cmap: str) -> None:
    """Draw one slice: grey values with boundaries on them, or phases."""
    phases = results[f"phase_slice_{direction}"]
    gray = results.get(f"gray_slice_{direction}")
    if gray is None:
        draw_phases(ax, phases)
    else:
        draw_gray(ax, gray, limits, cmap)
        box = extent(*(phases[d] for d in phases.dims))
        edges = boundaries(phases.values.astype(np.int16))
        ax.imshow(edges, cmap=ListedColormap([_BOUNDARY]), extent=box)
    vertical, horizontal = phases.dims
    position = phases.attrs.get("position")
    at = "" if position is None else f" at {direction} = {significant(float(position), 4)} µm"
    ax.set_title(f"{horizontal}{vertical}{at}")
    ax.set(xlabel=f"{horizontal} (µm)", ylabel=f"{vertical} (µm)")
    ax.spines[:].set_visible(True)


def boundaries(labels: np.ndarray) -> np.ma.MaskedArray:
    """Return a finer picture that is 1 where the label changes and masked elsewhere.

    Examples
    --------
    >>> picture = boundaries(np.array([[0, 1], [0, 1]]))
    >>> picture.shape[0] % 2, bool(picture[0, picture.shape[1] // 2]), picture.mask[0, 0]
    (0, True, np.True_)
    """
    times = max(2, -(-_FINE // max(labels.shape)))
    fine = np.repeat(np.repeat(labels, times, axis=0), times, axis=1)
    changed = np.zeros(fine.shape, bool)
    for axis in (0, 1):
        lines = np.moveaxis(changed, axis, 0)
        differs = np.diff(np.moveaxis(fine, axis, 0), axis=0) != 0
        for shift in range(max(1, round(max(fine.shape) / _THIN))):
            lines[1 + shift :] |= differs[: len(differs) - shift]
    return np.ma.masked_array(changed.astype(np.uint8), ~changed)
