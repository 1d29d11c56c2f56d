"""Squared distance of every voxel to the nearest wall, exact, one axis after another.

Distances are in units of a voxel; `w` is the squared edge of a voxel along the axis in that unit.
Rows along x are handled as wholes, so that the compiler can vectorise them. Arrays are of float32,
or, where voxels are cubes and squares whole, of uint16, which takes half the time.
"""

import numpy as np

from poreflux.kernels.redblack import compiled

#: squared distances from which on there is no wall, as float32 and as integers
FAR = np.float32(1e29)
WHOLE_FAR = 32767

#: voxels of a row that are done together
PIECE = 64


@compiled
def _along_row(row, w, top, line):
    """line = squared distance to the nearest wall (0) of the row, at most `top`."""
    n, kind = row.shape[0], line.dtype.type
    i = 0
    while i < n:
        if row[i] == 0:
            line[i] = 0
            i += 1
            continue
        first = i
        while i < n and row[i] != 0:
            i += 1
        low = first - 1 if first > 0 else -(1 << 28)
        high = i if i < n else 1 << 28
        for at in range(first, i):
            distance = np.float32(min(at - low, high - at))
            line[at] = kind(min(distance * distance * w, top))
        if first == 0 and i == n:
            for at in range(n):
                line[at] = kind(top)


@compiled
def _nearest_plane(planes, t, w, limit, line):
    """line = min over s of planes[s] + (s - t)^2 w, for rows planes[s] along x.

    A row is done in pieces, each of which looks only as far as its largest distance.
    """
    for first in range(0, planes.shape[1], PIECE):
        last = min(first + PIECE, planes.shape[1])
        _nearest_piece(planes[:, first:last], t, w, limit, line[first:last])


@compiled
def _nearest_piece(planes, t, w, limit, line):
    """Do one piece; choices are written so that the compiler makes vectors of small integers."""
    m, n = planes.shape
    nearest, kind = planes[t], line.dtype.type
    for i in range(n):
        line[i] = nearest[i]
    for step in range(1, m):
        most = kind(0)
        for i in range(n):
            most = line[i] if line[i] > most else most
        square = np.float32(step) * np.float32(step) * w
        if square >= min(np.float32(most), limit) or (t < step and t + step >= m):
            return
        offset = kind(square)
        low, high = planes[max(t - step, 0)], planes[min(t + step, m - 1)]
        if t < step:
            low = high
        elif t + step >= m:
            high = low
        for i in range(n):
            candidate = low[i] if low[i] < high[i] else high[i]
            candidate = kind(candidate + offset)
            line[i] = candidate if candidate < line[i] else line[i]


@compiled
def distance_in_planes(states, weights, limit, top, work, out, k0, k1):
    """out = squared distance to the nearest wall, of state 0, in the same plane; planes k0 to k1.

    `weights` are the squared edges (z, y, x) of a voxel, `limit` a squared distance beyond which
    values are too large, `top` the largest; `work` is of the shape of `out`.
    """
    for k in range(k0, k1):
        for j in range(states.shape[1]):
            _along_row(states[k, j], weights[2], top, work[k, j])
        for j in range(states.shape[1]):
            _nearest_plane(work[k], j, weights[1], limit, out[k, j])


@compiled
def distance_across_planes(flat, weights, limit, out, j0, j1):
    """out = squared distance to the nearest wall, of `flat`, that in the planes; rows j0 to j1."""
    for k in range(flat.shape[0]):
        for j in range(j0, j1):
            _nearest_plane(flat[:, j], k, weights[0], limit, out[k, j])


@compiled
def look_up(table, out, k0, k1):
    """out = table[out], in place, planes k0 to k1."""
    for k in range(k0, k1):
        for j in range(out.shape[1]):
            row = out[k, j]
            for i in range(row.shape[0]):
                row[i] = table[row[i]]
