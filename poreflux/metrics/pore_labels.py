"""Pore labels: a Volume that says of each voxel which pore it belongs to."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.metrics.clusters import by_first_voxel, cluster_plan, label_block
from poreflux.metrics.counting import inputs, select
from poreflux.schema import DIMS, attributes
from poreflux.volume import label_of


def pore_labels(
    volume: xr.Dataset,
    *,
    neighbours: int = 26,
    phase: str = "pore",
    progress: Callable[[int, int, str], None] | None = None,
    scheduler=None,
) -> xr.Dataset:
    """Label the pores: `pore_label` is the row of each voxel's pore in :func:`pore_table`.

    The pores are found at once, in one pass; the labels themselves are lazy and are made block by
    block, so that ``poreflux.store.add(labels, path)`` writes them next to the volume.

    Parameters
    ----------
    volume
        with `phase`, dims (z, y, x); voxels outside a `mask` belong to no pore.
    neighbours
        26 if voxels that share a face, an edge or a corner belong together, 6 if only a face.
    phase
        name of the phase that makes the pores.
    progress, scheduler
        as in :func:`poreflux.blocks.compute`.

    Returns
    -------
    Dataset with `pore_label` (int32, from 1 on, 0 outside pores), of the volume's dims.

    Examples
    --------
    >>> from poreflux import from_array
    >>> pore_labels(from_array(np.array([[[0, 1, 0, 0]]])))["pore_label"].values
    array([[[1, 0, 2, 2]]], dtype=int32)
    """
    plan = cluster_plan(volume, phase, neighbours, by_first_voxel, {}, keep_rows=True)
    arrays = inputs(volume)
    lazy = blocks.run(arrays, plan)
    (clusters,) = blocks.compute(lazy, progress=progress, scheduler=scheduler)
    label = partial(_label, label_of(volume, phase), neighbours, clusters.rows)
    labels = blocks.map_blocks_at(label, *arrays.values(), dtype=np.int32)
    note = {"phase": phase, "method": "components", "neighbours": neighbours}
    named = (DIMS, labels, {**attributes("pore_label"), **note})
    return xr.Dataset({"pore_label": named}, volume.coords, volume.attrs)


def _label(label: int, neighbours: int, rows: Mapping, start, *arrays) -> np.ndarray:
    """Label one block as it was when the pores were found, and number by their rows."""
    chosen, _ = select(dict(zip(("phase", "mask"), arrays)), label)
    labels, _ = label_block(chosen, neighbours)
    return np.concatenate(([0], rows[start] + 1)).astype(np.int32)[labels]
