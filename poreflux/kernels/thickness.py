"""The largest ball that holds a voxel and fits between the walls: each ball painted once.

A ball of squared radius r2 about a centre holds the voxels nearer than its radius. Distances are in
units of a voxel, `weights` the squared edges (z, y, x) of a voxel in that unit; r2 is 0 where there
is no centre. Voxels that are cubes have whole squared radii, for which tables are looked up; those
of other voxels are empty.
"""

import math

import numpy as np

from poreflux.kernels.redblack import compiled


@compiled
def covering_radii(squares, out):
    """out[s] = least squared radius of a ball, some voxels aside, that holds that of s.

    `squares` (n, 2) are the squared distances of voxels from the two centres, sorted by the first.
    """
    largest, at = 0, 0
    for s in range(out.size):
        while at < squares.shape[0] and squares[at, 0] < s:
            largest = max(largest, squares[at, 1])
            at += 1
        out[s] = largest + 1


@compiled
def _covered(r2, k, j, i, cover, weights):
    """Return whether the ball of a voxel is within that of one of its 26 neighbours.

    Those that share a face (1) are tried before those that share an edge (2), or a corner (3).
    """
    nz, ny, nx = r2.shape
    radius2 = r2[k, j, i]
    cubes = cover.shape[1] > 0
    for number in range(1, 4):
        for dz in range(-1, 2):
            if k + dz < 0 or k + dz >= nz:
                continue
            for dy in range(-1, 2):
                if j + dy < 0 or j + dy >= ny:
                    continue
                across = number - dz * dz - dy * dy
                if across < 0 or across > 1:
                    continue
                for dx in range(-across, across + 1, 2 if across else 1):
                    if i + dx < 0 or i + dx >= nx:
                        continue
                    other = r2[k + dz, j + dy, i + dx]
                    if other <= radius2:
                        continue
                    if cubes:
                        if other >= cover[number - 1, np.int64(radius2)]:
                            return True
                    else:
                        distance2 = (
                            dz * dz * weights[0] + dy * dy * weights[1] + dx * dx * weights[2]
                        )
                        if math.sqrt(other) >= math.sqrt(radius2) + math.sqrt(distance2):
                            return True
    return False


@compiled
def _left_out(r2, k, j, i, cover):
    """Return whether a voxel's ball is within that of a neighbour, or all six across faces have one
    as large; for voxels that are cubes, not on the block's faces.
    """
    radius2, s = r2[k, j, i], np.int64(r2[k, j, i])
    below, above = min(r2[k - 1, j, i], r2[k + 1, j, i]), max(r2[k - 1, j, i], r2[k + 1, j, i])
    left, right = min(r2[k, j - 1, i], r2[k, j + 1, i]), max(r2[k, j - 1, i], r2[k, j + 1, i])
    low, high = min(r2[k, j, i - 1], r2[k, j, i + 1]), max(r2[k, j, i - 1], r2[k, j, i + 1])
    if max(above, max(right, high)) >= cover[0, s] or min(below, min(left, low)) >= radius2:
        return True
    edge, corner = radius2, radius2
    for a in (-1, 1):
        edge = max(edge, max(r2[k + a, j, i - 1], r2[k + a, j, i + 1]))
        edge = max(edge, max(r2[k, j + a, i - 1], r2[k, j + a, i + 1]))
        for b in (-1, 1):
            edge = max(edge, r2[k + a, j + b, i])
            corner = max(corner, max(r2[k + a, j + b, i - 1], r2[k + a, j + b, i + 1]))
    return edge >= cover[1, s] or corner >= cover[2, s]


@compiled
def mark_centres(r2, cover, weights, marks, k0, k1):
    """marks = 1 where the ball of a centre is not within balls of its neighbours; planes k0 to k1.

    ``cover[number - 1, s]`` is as of :func:`covering_radii` for two voxels that share a face (1),
    an edge (2), a corner (3). A ball inside a plateau is left out too: any of its voxels is nearer
    to a centre on the plateau's rim that is as large, or is in the plateau.
    """
    nz, ny, nx = r2.shape
    cubes = cover.shape[1] > 0
    for k in range(k0, k1):
        for j in range(ny):
            inner = cubes and 0 < k < nz - 1 and 0 < j < ny - 1
            for i in range(nx):
                mark = False
                if r2[k, j, i] > 0:
                    if inner and 0 < i < nx - 1:
                        mark = not _left_out(r2, k, j, i, cover)
                    else:
                        mark = not _covered(r2, k, j, i, cover, weights)
                marks[k, j, i] = mark


@compiled
def _half(squared_distance, weight):
    """Return how many voxels to each side are nearer than a squared distance."""
    return np.int64(math.ceil(math.sqrt(squared_distance / weight))) - 1


@compiled
def paint_balls(r2, marks, weights, table, out, k0, k1):
    """out = max(out, squared radius) over planes k0 to k1 of the ball about each marked voxel.

    ``table[s]`` is the largest n with n^2 < s. Neighbours along x with the same ball are painted as
    one.
    """
    nz, ny, nx = r2.shape
    for k in range(nz):
        for j in range(ny):
            row = marks[k, j]
            i = 0
            while i < nx:
                if not row[i]:
                    i += 1
                    continue
                first, radius2 = i, r2[k, j, i]
                while i + 1 < nx and row[i + 1] and r2[k, j, i + 1] == radius2:
                    i += 1
                if table.size:
                    _paint_whole(radius2, k, j, first, i, table, out, k0, k1)
                else:
                    _paint(radius2, k, j, first, i, weights, out, k0, k1)
                i += 1


@compiled
def _paint_whole(r2, k, j, first, last, table, out, k0, k1):
    """Paint the balls of one radius about a run of voxels that are cubes."""
    _, ny, nx = out.shape
    square = np.int64(r2)
    reach = np.int64(table[square])
    for kk in range(max(k0, k - reach), min(k1, k + reach + 1)):
        plane = square - (kk - k) * (kk - k)
        wide = np.int64(table[plane])
        for jj in range(max(0, j - wide), min(ny, j + wide + 1)):
            half = np.int64(table[plane - (jj - j) * (jj - j)])
            for ii in range(max(0, first - half), min(nx, last + half + 1)):
                out[kk, jj, ii] = r2 if out[kk, jj, ii] < r2 else out[kk, jj, ii]


@compiled
def _paint(r2, k, j, first, last, weights, out, k0, k1):
    """Paint the balls of one radius about a run of voxels."""
    _, ny, nx = out.shape
    reach = _half(r2, weights[0])
    for kk in range(max(k0, k - reach), min(k1, k + reach + 1)):
        plane = r2 - (kk - k) * (kk - k) * weights[0]
        wide = _half(plane, weights[1])
        for jj in range(max(0, j - wide), min(ny, j + wide + 1)):
            half = _half(plane - (jj - j) * (jj - j) * weights[1], weights[2])
            row = out[kk, jj, max(0, first - half) : min(nx, last + half + 1)]
            for ii in range(row.size):
                row[ii] = max(row[ii], r2)


@compiled
def diameters(largest_r2, r2, table, out, k0, k1):
    """out = ``table[largest_r2]`` where there is a centre, else 0, planes k0 to k1."""
    for k in range(k0, k1):
        for j in range(largest_r2.shape[1]):
            row, centres, line = largest_r2[k, j], r2[k, j], out[k, j]
            for i in range(row.shape[0]):
                line[i] = table[row[i]] if centres[i] > 0 else np.float32(0)
