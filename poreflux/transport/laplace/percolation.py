"""Removal of cells that carry no current: clusters of face neighbours that do not join both driven
faces.
"""

from typing import NamedTuple

import numpy as np

from poreflux.kernels import components
from poreflux.transport.engines.threads import Team

LOW, HIGH = np.uint8(1), np.uint8(2)


def keep_percolating(
    solid: np.ndarray,
    team: Team,
    periodic: tuple[bool, bool, bool] = (False, False, False),
    *,
    where: tuple[np.ndarray | None, np.ndarray | None] = (None, None),
) -> int:
    """Clear, in place, the cells of `solid` (n0, n1, n2) whose cluster does not reach both ends of
    axis 0.

    Parameters
    ----------
    solid
        uint8, 1 where conducting.
    team
        threads to share the planes.
    periodic
        axes along which opposite faces are joined.
    where
        masks (n1, n2) of the first and of the last plane: what a cluster has to reach of each, by
        default all of it.

    Returns
    -------
    the number of cells that stay.
    """
    runs = label(solid, team, periodic)
    if not len(runs.parent):
        return 0
    n0, n1, n2 = solid.shape
    flags = np.zeros(len(runs.parent), np.uint8)
    for k, bit, mask in ((0, LOW, where[0]), (n0 - 1, HIGH, where[1])):
        mask = np.ones((n1, n2), bool) if mask is None else mask
        components.mark_where(*runs, flags, mask, k, bit)
    return clear(solid, runs, flags, team)


def percolate(
    cells: np.ndarray, team: Team, periodic=(False, False, False), where=(None, None)
) -> int:
    """Clear cells that do not join the first and the last plane; return how many stay."""
    if cells.dtype == np.uint8:
        return keep_percolating(cells, team, periodic, where=where)
    solid = (cells > 0).astype(np.uint8)
    kept = keep_percolating(solid, team, periodic, where=where)
    cells *= solid
    return kept


class Runs(NamedTuple):
    """Stretches of conducting cells in rows along the last axis, in their order, and what clusters
    they are of.

    ``first`` (n0 * n1 + 1) is the first run of each row; a run is from ``start`` to ``stop``; runs
    whose ``parent`` lead to the same run are of one cluster.
    """

    first: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    parent: np.ndarray


def label(
    solid: np.ndarray, team: Team, periodic: tuple[bool, bool, bool] = (False, False, False)
) -> Runs:
    """Find the clusters of face neighbours among the conducting cells of `solid` (n0, n1, n2)."""
    n0, n1, n2 = solid.shape
    slabs = team.slabs(solid.shape)
    counts = np.empty((n0, n1), np.int64)
    team.each(components.count_runs, [(solid, counts, a, b) for a, b in slabs])
    first = np.zeros(n0 * n1 + 1, np.int64)
    np.cumsum(counts.ravel(), out=first[1:])
    runs = int(first[-1])
    column = np.uint16 if n2 < 2**16 else np.uint32
    index = np.uint32 if runs < 2**32 else np.uint64
    start, stop = np.empty(runs, column), np.empty(runs, column)
    parent = np.empty(runs, index)
    team.each(components.list_runs, [(solid, first, start, stop, parent, a, b) for a, b in slabs])
    wrap = periodic[1], periodic[2]
    jobs = [(first, start, stop, parent, n1, n2, *wrap, a, b) for a, b in slabs]
    team.each(components.join_slab, jobs)
    for a, _ in slabs[1:]:
        components.join_planes(first, start, stop, parent, n1, a - 1, a)
    if periodic[0]:
        components.join_planes(first, start, stop, parent, n1, n0 - 1, 0)
    return Runs(first, start, stop, parent)


def clear(solid: np.ndarray, runs: Runs, flags: np.ndarray, team: Team) -> int:
    """Clear, in place, the cells of clusters whose flags lack LOW or HIGH; return how many cells
    stay.
    """
    jobs = [(solid, *runs, flags, LOW | HIGH, a, b) for a, b in team.slabs(solid.shape)]
    return sum(team.each(components.keep, jobs))
