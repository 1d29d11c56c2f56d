"""Block porosity: the porosity of each sub-volume, and how much they differ."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import xarray as xr

from poreflux import blocks as chunked
from poreflux.metrics.density.counting import (
    centres,
    counted,
    dataset,
    fraction,
    into_blocks,
    volume_of,
)
from poreflux.volume import require


def block_porosity(
    volume: xr.Dataset, *, blocks: Sequence[int] = (4, 4, 4), phase: str = "pore"
) -> xr.Dataset:
    """Measure the porosity of each sub-volume.

    Parameters
    ----------
    volume
        with `phase`, dims (z, y, x); voxels outside a `mask` do not count.
    blocks
        number of sub-volumes along (z, y, x); they tile the volume and differ by one voxel at most.
    phase
        name of the phase to measure.

    Returns
    -------
    lazy Dataset with `block_porosity` (block_z, block_y, block_x; centres in µm; NaN where a block
    has no voxel), `block_porosity_mean`, and `block_porosity_std` (n - 1 in the denominator).

    Examples
    --------
    >>> from poreflux import from_array
    >>> volume = from_array(np.arange(8).reshape(2, 2, 2) > 1)
    >>> block_porosity(volume, blocks=(2, 2, 1))["block_porosity"].values.tolist()
    [[[1.0], [0.0]], [[0.0], [0.0]]]
    """
    shape = require(volume, "phase").shape
    cuts = chunked.cuts(shape, blocks)
    names = ("block_porosity", "block_porosity_mean", "block_porosity_std")
    outputs = {name: (tuple(blocks) if name == names[0] else (), float) for name in names}
    project, full = partial(into_blocks, cuts=cuts), volume_of(cuts)
    lazy = counted(volume, phase, project, _finish, full=full, outputs=outputs)
    dims = ("block_z", "block_y", "block_x")
    variables = {name: (dims[: lazy[name].ndim], lazy[name]) for name in names}
    coords = centres(volume, cuts, "block")
    return dataset(volume, variables, coords=coords, note={"phase": phase})


def _finish(pore: np.ndarray, valid: np.ndarray) -> dict:
    porosity = fraction(pore, valid)
    finite = porosity[np.isfinite(porosity)]
    return {
        "block_porosity": porosity,
        "block_porosity_mean": finite.mean() if finite.size else np.nan,
        "block_porosity_std": finite.std(ddof=1) if finite.size > 1 else np.nan,
    }
