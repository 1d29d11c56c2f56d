"""Removal of cells that carry no current: clusters of face neighbours that do not join both driven faces."""

import numpy as np

from poreflux.kernels import components
from poreflux.transport.threads import Team

LOW, HIGH = np.uint8(1), np.uint8(2)


def keep_percolating(
    solid: np.ndarray, team: Team, periodic: tuple[bool, bool, bool] = (False, False, False)
) -> int:
    """Clear, in place, the cells of `solid` (n0, n1, n2) whose cluster does not reach both ends of axis 0.

    Parameters
    ----------
    solid
        uint8, 1 where conducting.
    team
        threads to share the planes.
    periodic
        axes along which opposite faces are joined.

    Returns
    -------
    the number of cells that stay.
    """
    n0, n1, n2 = solid.shape
    slabs = team.slabs(solid.shape)
    counts = np.empty((n0, n1), np.int64)
    team.each(components.count_runs, [(solid, counts, a, b) for a, b in slabs])
    first = np.zeros(n0 * n1 + 1, np.int64)
    np.cumsum(counts.ravel(), out=first[1:])
    runs = int(first[-1])
    if runs == 0:
        return 0
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
    flags = np.zeros(runs, np.uint8)
    components.mark(parent, flags, 0, int(first[n1]), LOW)
    components.mark(parent, flags, int(first[(n0 - 1) * n1]), runs, HIGH)
    jobs = [(solid, first, start, stop, parent, flags, LOW | HIGH, a, b) for a, b in slabs]
    return sum(team.each(components.keep, jobs))
