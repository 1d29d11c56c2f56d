"""Means over voxels with similar surroundings: non-local means, a row at a time."""

import numba as nb

compiled = nb.njit(nogil=True, cache=True, error_model="numpy")

#: rows of room for sums
ROOM = 3


@compiled
def similar_mean(cells, reach, expected, scale, out, room):
    """out[k, j, i] = mean of the cells around, each weighted by the similarity of its 3×3×3 patch.

    `cells`, float32, has ``reach + 1`` ghosts on each side of `out`; cells up to `reach` away along
    each axis count. The weight of the mean square difference m of two patches is (1 - t / 8)^8,
    nearly exp(-t), with t = max(m - expected, 0) scale, and none beyond t = 8. `room` is for
    ``(ROOM, out.shape[2] + 2)`` numbers. Each cell sums in the same order, wherever it lies.
    """
    nz, ny, nx = out.shape
    ghosts = reach + 1
    for k in range(ghosts, nz + ghosts):
        for j in range(ghosts, ny + ghosts):
            for i in range(nx):
                room[1, i] = 0
                room[2, i] = 0
            for dk in range(-reach, reach + 1):
                for dj in range(-reach, reach + 1):
                    for di in range(-reach, reach + 1):
                        _differences(cells, k, j, dk, dj, di, ghosts, room)
                        _weigh(cells, k + dk, j + dj, ghosts + di, expected, scale, room)
            for i in range(nx):
                out[k - ghosts, j - ghosts, i] = room[2, i] / room[1, i]


@compiled
def _differences(cells, k, j, dk, dj, di, ghosts, room):
    """Sum the squares over the 3×3 rows around a row and around another, for each cell of it."""
    first = ghosts - 1
    for i in range(room.shape[1]):
        room[0, i] = 0
    for a in range(k - 1, k + 2):
        for i in range(room.shape[1]):
            d = cells[a, j - 1, first + i] - cells[a + dk, j - 1 + dj, first + i + di]
            e = cells[a, j, first + i] - cells[a + dk, j + dj, first + i + di]
            f = cells[a, j + 1, first + i] - cells[a + dk, j + 1 + dj, first + i + di]
            room[0, i] += d * d + e * e + f * f


@compiled
def _weigh(cells, k, j, first, expected, scale, room):
    """Add the cells of a row, by the weights that their patches have, to the sums."""
    one, part, none = nb.float32(1), nb.float32(1 / 8), nb.float32(0)
    share = nb.float32(1 / 27)
    for i in range(room.shape[1] - 2):
        m = (room[0, i] + room[0, i + 1] + room[0, i + 2]) * share
        w = max(one - max(m - expected, none) * scale * part, none)
        w *= w
        w *= w
        w *= w
        room[1, i] += w
        room[2, i] += w * cells[k, j, first + i]
