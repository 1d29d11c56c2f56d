"""Means over voxels with similar surroundings: non-local means, a row at a time."""

import numba as nb

from poreflux.kernels import KEPT

compiled = nb.njit(nogil=True, cache=KEPT, error_model="numpy")

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


@compiled
def known_similar_mean(cells, near, reach, expected, scale, out):
    """out[k, j, i] as of :func:`similar_mean`, of the cells that are numbers, near one that is not.

    `near` says where; elsewhere `out` stays as it is, and where the cell itself is NaN it becomes
    NaN. Patches are compared in the places where both are numbers.
    """
    nz, ny, nx = out.shape
    ghosts = reach + 1
    one, part, none = nb.float32(1), nb.float32(1 / 8), nb.float32(0)
    for k in range(nz):
        for j in range(ny):
            for i in range(nx):
                if not near[k, j, i]:
                    continue
                z, y, x = k + ghosts, j + ghosts, i + ghosts
                out[k, j, i] = cells[z, y, x]
                if cells[z, y, x] != cells[z, y, x]:
                    continue
                weights, total = none, none
                for dk in range(-reach, reach + 1):
                    for dj in range(-reach, reach + 1):
                        for di in range(-reach, reach + 1):
                            value = cells[z + dk, y + dj, x + di]
                            if value != value:
                                continue
                            m = _apart(cells, z, y, x, dk, dj, di)
                            w = max(one - max(m - expected, none) * scale * part, none)
                            w *= w
                            w *= w
                            w *= w
                            weights += w
                            total += w * value
                out[k, j, i] = total / weights


@compiled
def _apart(cells, z, y, x, dk, dj, di):
    """Return the mean square difference of the numbers of two 3×3×3 patches."""
    squares, count = nb.float32(0), 0
    for a in range(z - 1, z + 2):
        for b in range(y - 1, y + 2):
            for c in range(x - 1, x + 2):
                d = cells[a, b, c] - cells[a + dk, b + dj, c + di]
                if d == d:
                    squares += d * d
                    count += 1
    return squares / nb.float32(count)
