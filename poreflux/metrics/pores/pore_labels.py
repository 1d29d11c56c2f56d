"""Pore labels: a Volume with the number of the pore that each voxel belongs to."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.annotations import AnyArray, NetworkMethod, ShownProgress
from poreflux.blocks import Scheduler
from poreflux.metrics.density.counting import inputs, select
from poreflux.metrics.pores.basins import label_basins
from poreflux.metrics.pores.clusters import by_first_voxel, cluster_plan, label_block
from poreflux.metrics.pores.pore_method import chosen_method
from poreflux.metrics.pores.watershed import same_pores, splitting
from poreflux.progress import shows_progress
from poreflux.schema import DIMS, attributes
from poreflux.store.layout import Index
from poreflux.volume import label_of


@shows_progress("pores")
def pore_labels(
    volume: xr.Dataset,
    *,
    method: NetworkMethod = "auto",
    neighbours: int = 26,
    phase: str = "pore",
    progress: ShownProgress = None,
    scheduler: Scheduler = None,
) -> xr.Dataset:
    """Label the pores: `pore_label` is the row of each voxel's pore in :func:`pore_table`.

    The pores are found at once, in one pass; the labels themselves are lazy and are made block by
    block, so that ``poreflux.store.add(labels, path)`` writes them next to the volume.

    Parameters
    ----------
    volume
        with `phase`, dims (z, y, x); voxels outside a `mask` belong to no pore.
    method, neighbours
        which voxels are one pore, as of :func:`poreflux.metrics.pores.pore_table.pore_table`.
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
    options: dict = {"progress": progress, "scheduler": scheduler}
    note: dict = {"phase": phase}
    if method == "auto":
        method, note["reason"] = chosen_method(volume, neighbours, phase, **options)
    note["method"] = method
    if method == "watershed":
        labels = _split(volume, phase, options)
    elif method == "components":
        labels = _connected(volume, phase, neighbours, options)
        note["neighbours"] = neighbours
    else:
        raise ValueError(
            f"method={method!r} is not known; choose one of ('auto', 'components', 'watershed')"
        )
    named = (DIMS, labels, {**attributes("pore_label"), **note})
    return xr.Dataset({"pore_label": named}, volume.coords, volume.attrs)


def _connected(volume: xr.Dataset, phase: str, neighbours: int, options: Mapping) -> AnyArray:
    plan = cluster_plan(volume, phase, neighbours, by_first_voxel, {}, keep_rows=True)
    arrays = inputs(volume)
    (clusters,) = blocks.compute(blocks.run(arrays, plan), **options)
    label = partial(_label_clusters, label_of(volume, phase), neighbours, clusters.rows)
    return blocks.map_blocks_at(label, *arrays.values(), dtype=np.int32)


def _split(volume: xr.Dataset, phase: str, options: Mapping) -> AnyArray:
    split = splitting(volume, phase, **options)
    packed = split.packed()
    lazy = blocks.run({"packed": packed}, split.plan(same_pores, {}, keep_rows=True))
    (pores,) = blocks.compute(lazy, **options)
    label = partial(_label_basins, pores.clusters.rows, split.shape)
    return blocks.map_blocks_at(label, packed, dtype=np.int32)


def _label_clusters(
    label: int, neighbours: int, rows: Mapping, start: tuple[int, ...], *arrays: np.ndarray
) -> np.ndarray:
    """Label one block as it was when the pores were found, and number by their rows."""
    chosen, _ = select(dict(zip(("phase", "mask"), arrays)), label)
    return _numbered(label_block(chosen, neighbours)[0], rows[start])


def _label_basins(rows: Mapping, shape: Index, start: Index, packed: np.ndarray) -> np.ndarray:
    return _numbered(label_basins(packed, start, shape)[0], rows[start])


def _numbered(labels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return np.concatenate(([0], rows + 1)).astype(np.int32)[labels]
