"""Removal of cells that carry no current: clusters found in each box and joined across them."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from poreflux.transport.engines.engine import Engine, Runs
from poreflux.transport.laplace.percolation import HIGH, LOW, keep_percolating


def keep_percolating_on_boxes(
    solid: np.ndarray,
    engine: Engine,
    periodic: tuple[bool, bool, bool],
    *,
    link,
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
    Clusters are numbered over all boxes. Planes of numbers pass between neighbours, and pairs of
    numbers that meet there pass to all; the volume itself stays where it is.
    """
    if link.size == 1:
        return keep_percolating(solid, engine, periodic, where=where)
    runs = engine.label(solid, periodic)
    lengths = link.gather(len(runs.parent)).astype(np.int64)
    offset = int(lengths[: link.rank].sum())
    low, high = (numbers(solid, runs, k, offset) for k in (0, solid.shape[0] - 1))
    below, _ = link.exchange(low, high)
    met = np.zeros((0, 2), np.int64) if below is None else pairs(low, below)
    first = reached(low, where[0]) if link.rank == 0 else np.zeros(0, np.int64)
    last = reached(high, where[1]) if link.rank == link.size - 1 else np.zeros(0, np.int64)
    joined = joining_both(*(np.concatenate(link.join(part)) for part in (met, first, last)))
    own = joined[(joined > offset) & (joined <= offset + len(runs.parent))] - offset - 1
    flags = np.zeros(len(runs.parent), np.uint8)
    flags[own] = LOW | HIGH
    kept = engine.keep(solid, runs, flags, LOW | HIGH) if len(flags) else 0
    return int(link.gather(kept).sum())


def reached(plane: np.ndarray, where: np.ndarray | None) -> np.ndarray:
    """Return the numbers of the clusters that a driven face meets where it counts."""
    return np.unique(plane[plane > 0] if where is None else plane[(plane > 0) & where])


def numbers(solid: np.ndarray, runs: Runs, k: int, offset: int) -> np.ndarray:
    """Return the number of the cluster of each cell of plane k, from offset + 1; 0 if blocked."""
    n1 = solid.shape[1]
    mine = slice(int(runs.first[k * n1]), int(runs.first[(k + 1) * n1]))
    roots = runs.parent[mine].astype(np.int64)
    while (roots != (higher := runs.parent[roots])).any():
        roots = higher.astype(np.int64)
    plane = np.zeros(solid.shape[1:], np.int64)
    lengths = runs.stop[mine].astype(np.int64) - runs.start[mine]
    # runs and cells of a plane are in the same order
    plane[solid[k] != 0] = np.repeat(roots + offset + 1, lengths)
    return plane


def pairs(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the different pairs of numbers (n, 2) that meet in two planes, zeros left out.

    >>> pairs(np.array([[1, 1, 0, 2]]), np.array([[5, 5, 6, 0]]))
    array([[1, 5]])
    """
    meet = (one > 0) & (other > 0)
    return np.unique(np.stack([one[meet], other[meet]], axis=1), axis=0)


def joining_both(met: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return the numbers whose cluster, joined by the pairs `met`, has some of `first` and `last`.

    >>> joining_both(np.array([[4, 1], [7, 4], [6, 2]]), np.array([1, 2]), np.array([7, 8]))
    array([1, 4, 7])
    """
    known = np.unique(np.concatenate([met.ravel(), first, last]))
    if not len(known):
        return known
    a, b = np.searchsorted(known, met[:, 0]), np.searchsorted(known, met[:, 1])
    graph = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(len(known),) * 2)
    _, cluster = connected_components(graph, directed=False)
    low, high = (cluster[np.searchsorted(known, face)] for face in (first, last))
    return known[np.isin(cluster, np.intersect1d(low, high))]
