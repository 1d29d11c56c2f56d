"""One figure of a sample: grey values, phases, pores from outside, tortuosity of blocks."""

from collections.abc import Sequence

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from poreflux.plot.blocks import draw_layers, of_direction
from poreflux.plot.images import draw_gray, draw_phases, phase_keys
from poreflux.plot.panels import Limits, Panels, Where, samples_of
from poreflux.plot.solid import SMALL, draw_pores
from poreflux.plot.style import SERIES, styled


@styled
def overview(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    ax: Where = None,
    limits: Limits = None,
) -> Figure:
    """Draw grey values, phases, pores and the tortuosity factor of blocks in a row.

    Parameters
    ----------
    results
        of one or several samples, or joined,
        with `gray_slice_z`, `phase_slice_z`, `phase_percent` and `block_tortuosity_factor`.
    names
        of the samples; by default those of joined results.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest tortuosity factor of the last panel.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.layers((8, 8, 8))
    >>> volume["gray"] = volume.phase
    >>> blocks = poreflux.block_tortuosity(volume, blocks=(2, 2, 2))
    >>> figure = overview(poreflux.collect(poreflux.preview(volume), blocks, volume=volume))
    """
    needed = "block_tortuosity_factor"
    samples = samples_of(results, names, needed, "collect block_tortuosity(volume)")
    shapes: dict = {"width": 12.0, "width_ratios": (1, 1, 1.12, 1.25)}
    panels = Panels(samples, ax, height=3.0, panels=4, several_height=3.0, **shapes)
    if panels.is_own:
        panels.figure.set_size_inches(12.0, panels.figure.get_size_inches()[1])
    for sample, axes in panels:
        _overview(axes, sample)
    clouds = list(panels.axes[:, -1])
    low, high = zip(*(axes.get_ylim() for axes in clouds))
    for axes in clouds:
        axes.set_ylim(*(limits or (min(low), max(high))))
    return panels.finish(shared="")


def _overview(axes: Sequence[Axes], results: xr.Dataset) -> None:
    if "gray_slice_z" in results:
        draw_gray(axes[0], results["gray_slice_z"])
    else:
        axes[0].set_axis_off()
    draw_phases(axes[1], results["phase_slice_z"])
    draw_pores(axes[2], results["phase_percent"], pixels=SMALL)
    for ax in axes[:2]:
        ax.set(xlabel="x (µm)", ylabel="y (µm)")
        ax.spines[:].set_visible(True)
    axes[1].set_ylabel("")
    keys = phase_keys(results["phase_slice_z"])
    axes[1].legend(handles=keys, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=3,
                   fontsize=8)  # fmt: skip
    axes[2].set_title("pores")
    solved = results["block_tortuosity_factor"]["direction"].values
    direction = "z" if "z" in solved else str(solved[0])
    blocks = of_direction(results, "block_tortuosity_factor", direction)
    draw_layers(axes[3], blocks, SERIES["zyx".index(direction)])
    title = f"tortuosity factor of blocks along {direction}"
    axes[3].set(xlabel="z of the block's centre (µm)", title=title)
