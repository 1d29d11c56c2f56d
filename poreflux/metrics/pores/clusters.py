"""Connected clusters of a phase, found in one pass over chunks of any size.

Each block is labelled by itself and its clusters are measured; of the labels only the faces of the
block are kept, until the faces across are met, where clusters that touch become one. So memory is
set by the chunks in work and the number of clusters, and nothing depends on the chunks.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import cc3d
import numpy as np
import xarray as xr

from poreflux.blocks import Plan
from poreflux.kernels import labels as kernel
from poreflux.metrics.density.counting import select
from poreflux.metrics.pores.directions import area_unit, area_weights
from poreflux.metrics.pores.faces import BlockFace, Index, faces_of_block, meet_all, waiting
from poreflux.volume import label_of, require, voxel_size

#: which voxels belong together: across faces (6), or across faces, edges and corners (26)
NEIGHBOURS = (6, 26)


@dataclass(frozen=True)
class Clusters:
    """A table with one row for each cluster, see :mod:`poreflux.kernels.labels`; lengths in voxels.

    `faces` wait for those across; `rows`, where kept, holds the row of each label of each
    block by the block's start; `valid` the bounds of the mask along each axis.
    """

    table: np.ndarray
    faces: Sequence[BlockFace] = ()
    rows: Mapping[Index, np.ndarray] = field(default_factory=dict)
    valid: tuple[Index, Index] | None = None

    def __len__(self) -> int:
        return len(self.table)

    @property
    def voxels(self) -> np.ndarray:
        """Number of voxels."""
        return self.table[:, kernel.VOXELS]

    @property
    def sums(self) -> np.ndarray:
        """Sums of the indices of the voxels, (row, axis)."""
        return self.table[:, kernel.SUMS : kernel.LOW]

    @property
    def low(self) -> np.ndarray:
        """Least index along each axis, (row, axis)."""
        return self.table[:, kernel.LOW : kernel.HIGH]

    @property
    def high(self) -> np.ndarray:
        """Largest index along each axis, (row, axis)."""
        return self.table[:, kernel.HIGH : kernel.AREA]

    @property
    def area(self) -> np.ndarray:
        """Surface in units of :func:`poreflux.metrics.pores.directions.area_unit`."""
        return self.table[:, kernel.AREA]

    @property
    def cut(self) -> np.ndarray:
        """Whether a voxel has a neighbour in the volume that lies outside the mask."""
        return self.table[:, kernel.CUT] > 0


@dataclass(frozen=True)
class MeasureClusters:
    """Label one block and measure its clusters; equal ones of several metrics are done once."""

    label: int
    neighbours: int
    shape: Index
    voxel_size: tuple[float, float, float]
    keep_rows: bool = False

    def __call__(self, arrays: Mapping[str, np.ndarray], start: Index) -> Clusters:
        chosen, mask = select(arrays, self.label)
        labels, count = label_block(chosen, self.neighbours)
        solid = ~chosen if mask is None else mask & ~chosen
        table = np.zeros((count, kernel.COLUMNS), np.int64)
        weights = area_weights(self.voxel_size)
        kernel.measure_labels(labels, around(solid, mask), weights, start, self.shape, table)
        rows = {start: np.arange(count)} if self.keep_rows else {}
        faces = faces_of_block(labels, solid, start, self.shape)
        valid = None if mask is None else bounds_of(mask, start)
        return Clusters(table, faces, rows, valid)


@dataclass(frozen=True)
class CombineClusters:
    """Join the clusters of several parts where their faces meet."""

    neighbours: int
    shape: Index
    voxel_size: tuple[float, float, float]

    def __call__(self, partials: Sequence[Clusters]) -> Clusters:
        below = np.cumsum([0, *(len(partial) for partial in partials)])
        table = np.concatenate([partial.table for partial in partials])
        parent = np.arange(len(table))
        weights, corners = area_weights(self.voxel_size), self.neighbours == 26

        def meet(p: int, lower: BlockFace, q: int, upper: BlockFace) -> None:
            across, shift = np.take(weights, 2, lower.axis), upper.shift(lower)
            rows = below[p], below[q], parent, table
            kernel.meet(lower.labels, upper.labels, shift, corners, across, *rows)

        met = meet_all([partial.faces for partial in partials], meet)
        new, total = folded(parent, table)
        return joined_clusters(partials, met, new, total, self.shape)


def cluster_plan(
    volume: xr.Dataset,
    phase: str,
    neighbours: int,
    finish: Callable,
    outputs: Mapping[str, tuple],
    *,
    keep_rows: bool = False,
) -> Plan:
    """Return the plan that finds the clusters of a phase and hands :class:`Clusters` to `finish`.

    Examples
    --------
    >>> from poreflux import blocks, from_array
    >>> volume = from_array(np.array([[[0, 1, 0, 0]]]))
    >>> plan = cluster_plan(volume, "pore", 6, by_first_voxel, {})
    >>> blocks.compute(blocks.run({"phase": volume.phase.data}, plan))[0].voxels
    array([1, 2])
    """
    if neighbours not in NEIGHBOURS:
        raise ValueError(f"neighbours={neighbours!r} is not known; choose one of {NEIGHBOURS}")
    shape, size = require(volume, "phase").shape, voxel_size(volume)
    measure = MeasureClusters(label_of(volume, phase), neighbours, shape, size, keep_rows)
    return Plan(measure, CombineClusters(neighbours, shape, size), finish, outputs)


def by_first_voxel(clusters: Clusters) -> Clusters:
    """Return the clusters in the order of their first voxels, which no chunking changes."""
    order = np.argsort(clusters.table[:, kernel.FIRST])
    new = np.empty_like(order)
    new[order] = np.arange(len(order))
    rows = {start: new[block_rows] for start, block_rows in clusters.rows.items()}
    return Clusters(clusters.table[order], (), rows, clusters.valid)


def label_block(chosen: np.ndarray, neighbours: int) -> tuple[np.ndarray, int]:
    """Label the clusters of an array of booleans from 1 on; return the labels and how many."""
    return cc3d.connected_components(  # type: ignore[call-overload]
        chosen.view(np.uint8),
        connectivity=neighbours,
        return_N=True,
        out_dtype=np.uint32,
    )


def volumes(clusters: Clusters, size: tuple[float, float, float]) -> np.ndarray:
    """Return the volume of each cluster in µm³."""
    return clusters.voxels * math.prod(size)


def areas(clusters: Clusters, size: tuple[float, float, float]) -> np.ndarray:
    """Return the surface of each cluster in µm², without what lies on a face of the volume."""
    return clusters.area * area_unit(size)


def around(solid: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """Return 1 where there is solid, 2 outside the mask, 0 elsewhere and beyond the block."""
    padded = np.zeros([n + 2 for n in solid.shape], np.uint8)
    inner = padded[1:-1, 1:-1, 1:-1]
    inner[...] = solid
    if mask is not None:
        inner[~mask] = 2
    return padded


def joined_clusters(
    partials: Sequence[Clusters],
    met: dict[int, int],
    new: np.ndarray,
    table: np.ndarray,
    shape: Index,
) -> Clusters:
    """Return the clusters of several parts as one table; `new` is the row of each old row in it.

    `met` counts the voxels that each face has met, see
    :func:`poreflux.metrics.pores.faces.meet_all`.
    """
    faces: list[BlockFace] = []
    rows: dict[Index, np.ndarray] = {}
    first = 0
    for partial in partials:
        new_rows = new[first : first + len(partial)]
        rows |= {start: new_rows[block_rows] for start, block_rows in partial.rows.items()}
        faces += waiting(partial.faces, met, shape, new_rows)
        first += len(partial)
    return Clusters(table, faces, rows, union([partial.valid for partial in partials]))


def bounds_of(mask: np.ndarray, start: Index) -> tuple[Index, Index] | None:
    if not mask.any():
        return None
    low, high = [], []
    for axis, first in enumerate(start):
        occupied = np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis})))
        low.append(first + int(occupied[0]))
        high.append(first + int(occupied[-1]))
    return tuple(low), tuple(high)


def union(bounds: Sequence) -> tuple[Index, Index] | None:
    finite = [box for box in bounds if box is not None]
    if not finite:
        return None
    low, high = zip(*finite)
    return tuple(map(min, zip(*low))), tuple(map(max, zip(*high)))


def folded(parent: np.ndarray, table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of the cluster of each row, and the table of the clusters."""
    while True:  # point each row at the root of its cluster
        shorter = parent[parent]
        if np.array_equal(shorter, parent):
            break
        parent = shorter
    new = np.empty_like(parent)
    total = np.zeros((kernel.number_roots(parent, new), kernel.COLUMNS), np.int64)
    kernel.fold(new, table, total)
    return new, total
