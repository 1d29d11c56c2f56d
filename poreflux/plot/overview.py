"""One figure of a sample: grey values, phases, pores from outside, tortuosity of blocks."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from poreflux.plot.curves import draw_cloud
from poreflux.plot.images import draw_gray, draw_phases, draw_pores, phase_keys
from poreflux.plot.style import SERIES, sheet, styled


@styled
def overview(results: xr.Dataset) -> Figure:
    """Draw grey values, phases, pores and the tortuosity factor of blocks in a row.

    Parameters
    ----------
    results
        with `gray_slice_z`, `phase_slice_z`, `phase_percent` and `block_tortuosity_factor`.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.layers((8, 8, 8))
    >>> volume["gray"] = volume.phase
    >>> blocks = poreflux.block_tortuosity(volume, blocks=(2, 2, 2))
    >>> figure = overview(poreflux.collect(poreflux.preview(volume), blocks, volume=volume))
    """
    figure, axes = sheet(3.0, columns=4, width=12.0, width_ratios=(1, 1, 1.12, 1.25))
    draw_gray(axes[0], results["gray_slice_z"])
    draw_phases(axes[1], results["phase_slice_z"])
    draw_pores(axes[2], results["phase_percent"])
    for ax in axes[:2]:
        ax.set(xlabel="x (µm)", ylabel="y (µm)")
        ax.spines[:].set_visible(True)
    axes[1].set_ylabel("")
    keys = phase_keys(results["phase_slice_z"])
    axes[1].legend(
        handles=keys, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=3, fontsize=8
    )
    axes[2].set_title("pores")
    blocks = results["block_tortuosity_factor"]
    blocks = blocks.where(np.isfinite(blocks))
    for k, direction in enumerate(blocks["direction"].values):
        shift = 0.16 * (k - (blocks.sizes["direction"] - 1) / 2)
        cloud = blocks.sel(direction=direction)
        draw_cloud(axes[3], cloud, SERIES[k], shift, f"along {direction}")
    axes[3].set(xlabel="z of the block's centre (µm)", title="tortuosity factor of blocks")
    axes[3].legend(loc="upper right", fontsize=8, handletextpad=0.2)
    axes[3].grid(axis="y")
    return figure
