"""Squared distance of every voxel to the nearest wall, exact, one axis after another.

Distances are in units of a voxel; `w` is the squared edge of a voxel along the axis in that unit.
Rows along x are handled as wholes, so that the compiler can vectorise them.
"""

import numpy as np

from poreflux.kernels.redblack import compiled

#: squared distance where there is no wall in sight
FAR = np.float32(1e30)


@compiled
def _along_rows(states, w, out):
    """out = squared distance along x to the nearest wall (states 0) in each row."""
    for k in range(states.shape[0]):
        for j in range(states.shape[1]):
            row, line = states[k, j], out[k, j]
            n = row.shape[0]
            away = np.int64(1 << 30)
            for i in range(n):
                away = away + 1 if row[i] != 0 else np.int64(0)
                line[i] = np.float32(away) * np.float32(away) * w if away < n + 1 else FAR
            away = np.int64(1 << 30)
            for i in range(n - 1, -1, -1):
                away = away + 1 if row[i] != 0 else np.int64(0)
                if away < n + 1:
                    line[i] = min(line[i], np.float32(away) * np.float32(away) * w)


@compiled
def _nearest_plane(planes, t, w, line):
    """line = min over s of planes[s] + (s - t)^2 w, for rows planes[s] along x."""
    m, n = planes.shape
    for i in range(n):
        line[i] = planes[t, i]
    step = 1
    while step < m:
        far = np.float32(step) * np.float32(step) * w
        most = np.float32(0)
        for i in range(n):
            most = max(most, line[i])
        if far >= most:
            return
        if t - step >= 0:
            row = planes[t - step]
            for i in range(n):
                line[i] = min(line[i], row[i] + far)
        if t + step < m:
            row = planes[t + step]
            for i in range(n):
                line[i] = min(line[i], row[i] + far)
        step += 1


@compiled
def squared_distance(states, weights, work, out):
    """out = squared distance of each voxel of `states` to the nearest wall, a voxel of state 0.

    `weights` are the squared edges (z, y, x) of a voxel; `work` is of the shape of `out`.
    """
    nz, ny, _ = states.shape
    _along_rows(states, weights[2], out)
    for k in range(nz):
        for j in range(ny):
            _nearest_plane(out[k], j, weights[1], work[k, j])
    for k in range(nz):
        for j in range(ny):
            _nearest_plane(work[:, j], k, weights[0], out[k, j])


@compiled
def whole_radii(r2):
    """r2 = floor(sqrt(r2))^2, in place."""
    for k in range(r2.shape[0]):
        for j in range(r2.shape[1]):
            row = r2[k, j]
            for i in range(row.shape[0]):
                radius = np.floor(np.sqrt(row[i]))
                row[i] = radius * radius
