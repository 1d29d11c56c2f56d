"""Pores split at their throats: basins of the distance to the wall, in one pass over blocks.

As of :mod:`poreflux.metrics.pores.clusters`, but what belongs together is decided by steepest
ascent. A basin that leaves its block for a voxel of another joins the basin of that voxel when
their faces meet. Where basins touch, the highest saddle between them is kept, and decides in the
end which of them are one pore.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from poreflux.kernels import basins as kernel
from poreflux.kernels import labels as tables
from poreflux.metrics.pores.clusters import Clusters, around, bounds_of, folded, joined_clusters
from poreflux.metrics.pores.directions import area_weights
from poreflux.metrics.pores.faces import BlockFace, Index, faces_of_block, meet_all

#: heights are whole numbers of this part of the shortest edge of a voxel
HEIGHT_UNIT = 2.0**-10


@dataclass(frozen=True)
class Basins:
    """Clusters that are basins; one row each.

    `peaks` (row, 2) is flat index and height of the maximum, -1 while it is in a block not met yet,
    `targets` the flat index of the voxel there. `edges` are pairs of rows that touch and `saddles`
    the greatest height at which they do.
    """

    clusters: Clusters
    peaks: np.ndarray
    targets: np.ndarray
    edges: np.ndarray
    saddles: np.ndarray


@dataclass(frozen=True)
class Pores:
    """Pores made of basins: clusters, and for each the number of others it touches."""

    clusters: Clusters
    coordination: np.ndarray
    edges: np.ndarray


@dataclass(frozen=True)
class MeasureBasins:
    """Follow the steps of one block of packed heights, and measure its basins."""

    shape: Index
    voxel_size: tuple[float, float, float]
    keep_rows: bool = False

    def __call__(self, arrays: Mapping[str, np.ndarray], start: Index) -> Basins:
        packed = arrays["packed"]
        labels, peaks, targets = label_basins(packed, start, self.shape)
        count, step = len(peaks), packed & kernel.STEP
        solid, heights = step == kernel.SOLID, packed >> kernel.BITS
        inside_mask = step != kernel.UNKNOWN
        mask = None if inside_mask.all() else inside_mask
        table = np.zeros((count, tables.COLUMNS), np.int64)
        weights = area_weights(self.voxel_size)
        tables.measure_labels(labels, around(solid, mask), weights, start, self.shape, table)
        faces = faces_of_block(labels, solid, start, self.shape, heights)
        rows = {start: np.arange(count)} if self.keep_rows else {}
        valid = _bounds_of_block(start, packed.shape) if mask is None else bounds_of(mask, start)
        clusters = Clusters(table, faces, rows, valid)
        return Basins(clusters, peaks, targets, *_contacts(labels, heights))


@dataclass(frozen=True)
class CombineBasins:
    """Join the basins of several parts where their faces meet."""

    shape: Index
    voxel_size: tuple[float, float, float]

    def __call__(self, partials: Sequence[Basins]) -> Basins:
        clusters = [partial.clusters for partial in partials]
        below = np.cumsum([0, *map(len, clusters)])
        table = np.concatenate([part.table for part in clusters])
        targets = np.concatenate([partial.targets for partial in partials])
        parent, weights = np.arange(len(table)), area_weights(self.voxel_size)
        edges = [partial.edges + low for partial, low in zip(partials, below)]
        saddles = [partial.saddles for partial in partials]
        strides = np.array([self.shape[1] * self.shape[2], self.shape[2], 1])
        aside = parent.copy()  # nothing joins by touching alone
        most = 9 * max((face.labels.size for part in clusters for face in part.faces), default=0)
        links, heights = np.empty((2, most, 2), np.int64), np.empty(most, np.int64)

        def meet(p: int, lower: BlockFace, q: int, upper: BlockFace) -> None:
            across, shift = np.take(weights, 2, lower.axis), upper.shift(lower)
            rows = below[p], below[q]
            tables.meet(lower.labels, upper.labels, shift, False, across, *rows, aside, table)
            in_plane = np.delete(strides, lower.axis)
            bases = tuple(
                index * strides[lower.axis] + np.dot(face.corner, in_plane)
                for face, index in ((lower, lower.plane - 1), (upper, upper.plane))
            )
            faces = (lower.labels, lower.heights), (upper.labels, upper.heights)
            joints, contacts = kernel.meet_basins(
                *faces, shift, bases, in_plane, targets, *rows, links, heights
            )
            kernel.join_all(links[0, :joints], parent)
            contact_edges = highest(links[1, :contacts], heights[:contacts])
            edges.append(contact_edges[0])
            saddles.append(contact_edges[1])

        met = meet_all([part.faces for part in clusters], meet)
        new, total = folded(parent, table)
        joined = joined_clusters(clusters, met, new, total, self.shape)
        peaks = np.concatenate([partial.peaks for partial in partials])
        peaks, targets = _joined_peaks(new, len(total), peaks, targets)
        touching, at = highest(new[np.concatenate(edges)], np.concatenate(saddles))
        return Basins(joined, peaks, targets, touching, at)


def label_basins(
    packed: np.ndarray, start: Index, shape: Index
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the labels of the basins of a block, their peaks, and where they leave it for."""
    labels = np.zeros(packed.shape, np.int32)
    room = np.count_nonzero(packed & kernel.STEP < kernel.SOLID)
    path = np.empty((room, 3), np.int32)
    peaks, targets = np.empty((room, 2), np.int64), np.empty(room, np.int64)
    count = kernel.follow_steps(packed, start, shape, labels, peaks, targets, path)
    return labels, peaks[:count].copy(), targets[:count].copy()


def united(
    basins: Basins, shape: Index, size: tuple[float, float, float], least: float, nearest: float
) -> Pores:
    """Unite basins that do not stand out of each other, and return the pores that are left.

    Parameters
    ----------
    basins
        of the whole volume.
    shape, size
        of the volume in voxels, and edges (z, y, x) of a voxel in µm.
    least, nearest
        how far a maximum must rise above the saddle to a higher one, and lie from it, in edges of a
        voxel.
    """
    order = np.argsort(basins.clusters.table[:, tables.FIRST])
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    flat, heights = basins.peaks[order].T
    if (heights < 0).any():
        raise RuntimeError("a basin has no maximum: its steps lead out of the volume")
    edges, saddles = highest(rank[basins.edges], basins.saddles)
    steepest = np.lexsort((edges[:, 1], edges[:, 0], -saddles))
    unit = HEIGHT_UNIT * min(size)
    places = np.stack(np.unravel_index(flat, shape), axis=1) * np.asarray(size) / unit
    parent = np.arange(len(order))
    limits = least / HEIGHT_UNIT, nearest / HEIGHT_UNIT
    kernel.merge_basins(edges[steepest], saddles[steepest], heights, places, *limits, parent)
    least_row = _least_of_each(parent)
    new, table = folded(least_row, basins.clusters.table[order])
    contacts, _ = highest(new[edges], saddles)
    rows = {start: new[rank[block_rows]] for start, block_rows in basins.clusters.rows.items()}
    clusters = Clusters(table, (), rows, basins.clusters.valid)
    return Pores(clusters, np.bincount(contacts.ravel(), minlength=len(table)), contacts)


def highest(edges: np.ndarray, saddles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each pair of different rows once, the lower first, with its highest saddle.

    Examples
    --------
    >>> highest(np.array([[1, 0], [0, 1], [2, 2]]), np.array([5, 7, 9]))
    (array([[0, 1]]), array([7]))
    """
    low, high = np.minimum(edges[:, 0], edges[:, 1]), np.maximum(edges[:, 0], edges[:, 1])
    differ = low != high
    if not differ.any():
        return np.empty((0, 2), np.int64), np.empty(0, np.int64)
    rows = int(high.max()) + 1
    pair = (low * rows + high)[differ]
    order = np.argsort(pair)
    pair = pair[order]
    first = np.flatnonzero(np.diff(pair, prepend=-1))
    pair = pair[first]
    return np.stack((pair // rows, pair % rows), axis=1), np.maximum.reduceat(
        saddles[differ][order], first
    )


def _contacts(labels: np.ndarray, heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges between the basins of a block, and their saddles."""
    last_rows = np.empty((2, labels.shape[2]), np.int32)
    room, count = -1, labels.size // 8
    while count > room:  # the second time there is room for all
        room = count
        edges, saddles = np.empty((room, 2), np.int64), np.empty(room, np.int64)
        count = kernel.list_contacts(labels, heights, last_rows, edges, saddles)
    return highest(edges[:count], saddles[:count])


def _bounds_of_block(start: Index, shape: Index) -> tuple[Index, Index]:
    """Return the first and last index of a block."""
    return start, tuple(a + n - 1 for a, n in zip(start, shape))


def _joined_peaks(
    new: np.ndarray, count: int, peaks: np.ndarray, targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the peak of each joined basin, or the voxel it leaves for: each has one of the two."""
    joined, exits = np.full((count, 2), -1, np.int64), np.full(count, -1, np.int64)
    top, leaves = peaks[:, 1] >= 0, targets >= 0
    joined[new[top]] = peaks[top]
    exits[new[leaves]] = targets[leaves]
    return joined, exits


def _least_of_each(parent: np.ndarray) -> np.ndarray:
    """Return for each row the least row of its pore; parents are the rows of the highest peaks."""
    while True:
        shorter = parent[parent]
        if np.array_equal(shorter, parent):
            break
        parent = shorter
    least = np.arange(len(parent))
    np.minimum.at(least, parent, np.arange(len(parent)))
    return least[parent]
