"""Which conducting cells join both driven faces: clusters of face neighbours by union-find over
runs along x.

A run is a stretch of conducting cells in one row; runs are about ten times fewer than cells. Slabs
of planes are labelled side by side, then joined plane by plane. Only arrays of runs are allocated.
"""

import numpy as np

from poreflux.kernels.redblack import compiled


@compiled
def count_runs(solid, counts, k0, k1):
    """counts[k, j] = number of runs in row (k, j)."""
    for k in range(k0, k1):
        for j in range(solid.shape[1]):
            row = solid[k, j]
            n = np.int64(row[0] != 0)
            for i in range(1, row.shape[0]):
                n += np.int64((row[i] != 0) & (row[i - 1] == 0))
            counts[k, j] = n


@compiled
def list_runs(solid, first, start, stop, parent, k0, k1):
    """Write start and stop of the runs of planes k0 to k1; ``first`` (nz * ny + 1) is the first run
    of each row.
    """
    ny, nx = solid.shape[1], solid.shape[2]
    for k in range(k0, k1):
        for j in range(ny):
            row = solid[k, j]
            at = first[k * ny + j]
            i = 0
            while i < nx:
                if row[i] == 0:
                    i += 1
                    continue
                start[at] = i
                while i < nx and row[i] != 0:
                    i += 1
                stop[at] = i
                parent[at] = at
                at += 1


@compiled
def root(parent, a):
    """Return the representative of run a, halving the path on the way."""
    while parent[a] != a:
        parent[a] = parent[parent[a]]
        a = parent[a]
    return a


@compiled
def join(parent, a, b):
    """Unite the clusters of two runs under the smaller index."""
    a, b = root(parent, a), root(parent, b)
    if a < b:
        parent[b] = a
    else:
        parent[a] = b


@compiled
def join_rows(start, stop, parent, a, a_end, b, b_end):
    """Unite every run a..a_end of one row with those b..b_end of a neighbouring row that overlap
    it.
    """
    while a < a_end and b < b_end:
        if start[a] < stop[b] and start[b] < stop[a]:
            join(parent, a, b)
        if stop[a] < stop[b]:
            a += 1
        else:
            b += 1


@compiled
def join_slab(first, start, stop, parent, ny, nx, wrap_y, wrap_x, k0, k1):
    """Unite the runs of planes k0 to k1 with each other."""
    for k in range(k0, k1):
        for j in range(ny):
            row = k * ny + j
            a, a_end = first[row], first[row + 1]
            if j > 0:
                join_rows(start, stop, parent, a, a_end, first[row - 1], first[row])
            if wrap_y and j == ny - 1:
                join_rows(start, stop, parent, a, a_end, first[k * ny], first[k * ny + 1])
            if wrap_x and a < a_end and start[a] == 0 and stop[a_end - 1] == nx:
                join(parent, a, a_end - 1)
            if k > k0:
                join_rows(start, stop, parent, a, a_end, first[row - ny], first[row - ny + 1])


@compiled
def join_planes(first, start, stop, parent, ny, ka, kb):
    """Unite the runs of plane ka with those of plane kb."""
    for j in range(ny):
        a, b = ka * ny + j, kb * ny + j
        join_rows(start, stop, parent, first[a], first[a + 1], first[b], first[b + 1])


@compiled
def mark_where(first, start, stop, parent, flags, where, k, bit):
    """Set `bit` on the clusters of the runs of plane k with a cell where `where` (ny, nx) holds."""
    for j in range(where.shape[0]):
        row = where[j]
        for a in range(first[k * where.shape[0] + j], first[k * where.shape[0] + j + 1]):
            for i in range(start[a], stop[a]):
                if row[i]:
                    flags[root(parent, a)] |= bit
                    break


@compiled
def keep(solid, first, start, stop, parent, flags, wanted, k0, k1):
    """Clear the cells of planes k0 to k1 whose cluster lacks one of the `wanted` bits; return how
    many stay.
    """
    ny = solid.shape[1]
    kept = 0
    for k in range(k0, k1):
        for j in range(ny):
            row = solid[k, j]
            for a in range(first[k * ny + j], first[k * ny + j + 1]):
                if flags[root(parent, a)] & wanted == wanted:
                    kept += stop[a] - start[a]
                else:
                    for i in range(start[a], stop[a]):
                        row[i] = 0
    return kept
