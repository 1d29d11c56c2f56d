"""Removal of cells that carry no current: clusters in each box, joined across boxes."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from poreflux.transport.engines.engine import Engine, Runs
from poreflux.transport.laplace.percolation import HIGH, LOW, keep_percolating
from poreflux.transport.parallel.neighbours import Link


def keep_percolating_on_boxes(
    solid: np.ndarray,
    engine: Engine,
    periodic: tuple[bool, bool, bool],
    *,
    link: Link,
    where: tuple[np.ndarray | None, np.ndarray | None] = (None, None),
) -> int:
    """Clear, in place, the cells of a box whose cluster does not join both driven faces.

    `where` are masks of these faces, as for
    :func:`poreflux.transport.laplace.percolation.keep_percolating`.

    Returns
    -------
    the number of cells that stay, of all boxes.

    Notes
    -----
    Clusters are numbered over all boxes. Planes of numbers are exchanged between neighbours, and
    pairs of numbers that meet there between all; the cells themselves are not sent.
    """
    if link.size == 1:
        return keep_percolating(solid, engine, periodic, where=where)
    runs = engine.label(solid, periodic)
    lengths = link.gather(len(runs.parent)).astype(np.int64)
    offset = int(lengths[: link.rank].sum())
    low, high = (cluster_numbers(solid, runs, k, offset) for k in (0, solid.shape[0] - 1))
    below, _ = link.exchange(low, high)
    meeting = np.zeros((0, 2), np.int64) if below is None else meeting_pairs(low, below)
    at_low = touched_clusters(low, where[0]) if link.rank == 0 else np.zeros(0, np.int64)
    at_high = (
        touched_clusters(high, where[1]) if link.rank == link.size - 1 else np.zeros(0, np.int64)
    )
    percolating = percolating_clusters(
        *(np.concatenate(link.join(numbers)) for numbers in (meeting, at_low, at_high))
    )
    own_clusters = (
        percolating[(percolating > offset) & (percolating <= offset + len(runs.parent))]
        - offset
        - 1
    )
    flags = np.zeros(len(runs.parent), np.uint8)
    flags[own_clusters] = LOW | HIGH
    remaining = engine.keep(solid, runs, flags, LOW | HIGH) if len(flags) else 0
    return int(link.gather(remaining).sum())


def touched_clusters(plane: np.ndarray, where: np.ndarray | None) -> np.ndarray:
    """Return the numbers of the clusters that touch a driven face, where `where` is true."""
    return np.unique(plane[plane > 0] if where is None else plane[(plane > 0) & where])


def cluster_numbers(solid: np.ndarray, runs: Runs, k: int, offset: int) -> np.ndarray:
    """Return the number of the cluster of each cell of plane k, from offset + 1; 0 if blocked."""
    n1 = solid.shape[1]
    plane_runs = slice(int(runs.first[k * n1]), int(runs.first[(k + 1) * n1]))
    roots = runs.parent[plane_runs].astype(np.int64)
    while (roots != (parents := runs.parent[roots])).any():
        roots = parents.astype(np.int64)
    plane = np.zeros(solid.shape[1:], np.int64)
    lengths = runs.stop[plane_runs].astype(np.int64) - runs.start[plane_runs]
    # runs and cells of a plane are in the same order
    plane[solid[k] != 0] = np.repeat(roots + offset + 1, lengths)
    return plane


def meeting_pairs(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the different pairs of cluster numbers (n, 2) that meet in two planes, without zeros.

    >>> meeting_pairs(np.array([[1, 1, 0, 2]]), np.array([[5, 5, 6, 0]]))
    array([[1, 5]])
    """
    meeting = (a > 0) & (b > 0)
    return np.unique(np.stack([a[meeting], b[meeting]], axis=1), axis=0)


def percolating_clusters(
    meeting: np.ndarray, at_low: np.ndarray, at_high: np.ndarray
) -> np.ndarray:
    """Return the cluster numbers that the pairs `meeting` join to both `at_low` and `at_high`.

    >>> percolating_clusters(np.array([[4, 1], [7, 4], [6, 2]]), np.array([1, 2]), np.array([7, 8]))
    array([1, 4, 7])
    """
    numbers = np.unique(np.concatenate([meeting.ravel(), at_low, at_high]))
    if not len(numbers):
        return numbers
    a, b = np.searchsorted(numbers, meeting[:, 0]), np.searchsorted(numbers, meeting[:, 1])
    graph = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(len(numbers),) * 2)
    _, cluster = connected_components(graph, directed=False)
    low, high = (cluster[np.searchsorted(numbers, face)] for face in (at_low, at_high))
    return numbers[np.isin(cluster, np.intersect1d(low, high))]
