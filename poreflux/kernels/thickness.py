"""The largest ball that holds a voxel and fits between the walls: balls painted where they matter.

A ball of squared radius r2 about a centre holds the voxels nearer than its radius. Distances are in
units of a voxel, `weights` the squared edges (z, y, x) of a voxel in that unit. Voxels that are
cubes have whole squared radii, for which tables are looked up; those of other voxels are empty.
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
def _covered(r2, centres, k, j, i, first, cover, weights):
    """Return whether the ball of a voxel is within that of one of its 26 neighbours.

    Those that share a face, an edge, a corner are tried from `first`, 1, 2 or 3, on.
    """
    nz, ny, nx = r2.shape
    own = r2[k, j, i]
    cubes = cover.shape[1] > 0
    for number in range(first, 4):
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
                    if other <= own or not centres[k + dz, j + dy, i + dx]:
                        continue
                    if cubes:
                        if other >= cover[number - 1, np.int64(own)]:
                            return True
                    else:
                        apart = dz * dz * weights[0] + dy * dy * weights[1] + dx * dx * weights[2]
                        if math.sqrt(other) >= math.sqrt(own) + math.sqrt(apart):
                            return True
    return False


@compiled
def _left_out(r2, centres, k, j, i, cover):
    """Return whether a voxel across a face has a ball that holds that of a voxel, or all six have
    one as large; for voxels that are not on the block's faces.
    """
    own = r2[k, j, i]
    enough = np.float32(cover[0, np.int64(own)])
    below = r2[k - 1, j, i] * centres[k - 1, j, i], r2[k + 1, j, i] * centres[k + 1, j, i]
    beside = r2[k, j - 1, i] * centres[k, j - 1, i], r2[k, j + 1, i] * centres[k, j + 1, i]
    along = r2[k, j, i - 1] * centres[k, j, i - 1], r2[k, j, i + 1] * centres[k, j, i + 1]
    most = max(max(below[0], below[1]), max(beside[0], beside[1]), max(along[0], along[1]))
    least = min(min(below[0], below[1]), min(beside[0], beside[1]), min(along[0], along[1]))
    return most >= enough or least >= own


@compiled
def mark_centres(r2, centres, cover, weights, marks, k0, k1):
    """marks = 1 where the ball of a centre is not within balls of its neighbours; planes k0 to k1.

    `r2` are squared radii, `centres` is 1 where there may be one; ``cover[number - 1, s]`` is as of
    :func:`covering_radii` for two voxels that share a face (1), an edge (2), a corner (3). A ball
    inside a plateau is left out too: any of its voxels is nearer to a centre on the plateau's rim
    that is as large, or is in the plateau.
    """
    nz, ny, nx = r2.shape
    cubes = cover.shape[1] > 0
    for k in range(k0, k1):
        for j in range(ny):
            inner = cubes and 0 < k < nz - 1 and 0 < j < ny - 1
            for i in range(nx):
                mark = False
                if centres[k, j, i]:
                    if inner and 0 < i < nx - 1:
                        mark = not _left_out(r2, centres, k, j, i, cover)
                        mark = mark and not _covered(r2, centres, k, j, i, 2, cover, weights)
                    else:
                        mark = not _covered(r2, centres, k, j, i, 1, cover, weights)
                marks[k, j, i] = mark


@compiled
def _half(left, weight, table):
    """Return how many voxels to each side are nearer than a squared distance."""
    if table.size:
        return np.int64(table[np.int64(left)])
    return np.int64(math.ceil(math.sqrt(left / weight))) - 1


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
                first, own = i, r2[k, j, i]
                while i + 1 < nx and row[i + 1] and r2[k, j, i + 1] == own:
                    i += 1
                reach = _half(own, weights[0], table)
                for kk in range(max(k0, k - reach), min(k1, k + reach + 1)):
                    plane = own - (kk - k) * (kk - k) * weights[0]
                    _paint(plane, own, j, first, i, weights, table, out[kk])
                i += 1


@compiled
def _paint(left, r2, j, first, last, weights, table, out):
    """Paint one plane of a ball, whose squared radius in this plane is `left`."""
    ny, nx = out.shape
    wide = _half(left, weights[1], table)
    for jj in range(max(0, j - wide), min(ny, j + wide + 1)):
        half = _half(left - (jj - j) * (jj - j) * weights[1], weights[2], table)
        row = out[jj, max(0, first - half) : min(nx, last + half + 1)]
        for ii in range(row.size):
            row[ii] = max(row[ii], r2)
