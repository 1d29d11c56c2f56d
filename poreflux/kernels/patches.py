"""Means over voxels with similar surroundings: non-local means, a strip at a time."""

import numba as nb

from poreflux.kernels import KEPT

compiled = nb.njit(nogil=True, cache=KEPT, error_model="numpy")

#: rows of cells that are worked on at once: as long as they can be, and near the processor
ROWS = 8

#: strips of rows, with one more on each side, that :func:`similar_mean` needs room for
ROOM = 4


@compiled
def similar_mean(cells, reach, expected, scale, out, room):
    """out[k, j, i] = mean of the cells around, each weighted by the similarity of its 3×3×3 patch.

    `cells`, float32, has ``reach + 1`` ghosts on each side of `out`; cells up to `reach` away along
    each axis count. The weight of the mean square difference m of two patches is (1 - t / 8)^8,
    nearly exp(-t), with t = max(m - expected, 0) scale, and none beyond t = 8. `room` is for
    ``(ROOM, (ROWS + 2) * cells.shape[2])`` numbers. Each cell sums in the same order, wherever it
    lies. Rows of a plane follow each other in memory, so that a strip of them is one long row; what
    it holds of ghosts is worked out, too, and dropped.
    """
    nz, ny, nx = out.shape
    ghosts, width = reach + 1, cells.shape[2]
    plane = cells.shape[1] * width
    flat = cells.reshape(-1)
    for k in range(ghosts, nz + ghosts):
        for j in range(0, ny, ROWS):
            rows = min(ROWS, ny - j)
            first = k * plane + (ghosts + j) * width
            room[2:, : rows * width] = 0
            for dk in range(-reach, reach + 1):
                for dj in range(-reach, reach + 1):
                    for di in range(-reach, reach + 1):
                        away = dk * plane + dj * width + di
                        _differences(flat, first - width, away, plane, rows + 2, width, reach, room)
                        others = flat[first + away + ghosts : first + away + rows * width - ghosts]
                        _weigh(others, width, ghosts, expected, scale, room)
            for a in range(rows):
                for i in range(nx):
                    p = a * width + ghosts + i
                    out[k - ghosts, j + a, i] = room[3, p] / room[2, p]


@compiled
def _differences(flat, first, away, plane, rows, width, reach, room):
    """room[1] = sums over 3 planes and 3 columns of the squared differences to cells `away`.

    From the cell `first` on, of a number of whole rows, but for the outermost cells of all.
    """
    length = rows * width - 2 * reach
    squares, sums = room[0], room[1]
    start = first - plane + reach
    own_a, own_b, own_c = flat[start:], flat[start + plane :], flat[start + 2 * plane :]
    start += away
    a, b, c = flat[start:], flat[start + plane :], flat[start + 2 * plane :]
    for p in range(length):
        d = own_a[p] - a[p]
        e = own_b[p] - b[p]
        f = own_c[p] - c[p]
        squares[p] = d * d + e * e + f * f
    for p in range(length - 2):
        sums[p] = squares[p] + squares[p + 1] + squares[p + 2]


@compiled
def _weigh(others, width, ghosts, expected, scale, room):
    """Add the cells of a strip, by the weights that their patches have, to the sums."""
    one, part, none = nb.float32(1), nb.float32(1 / 8), nb.float32(0)
    share = nb.float32(1 / 27)
    above, here, below = room[1], room[1, width:], room[1, 2 * width :]
    weights, values = room[2, ghosts:], room[3, ghosts:]
    for p in range(others.size):
        m = (above[p] + here[p] + below[p]) * share
        w = max(one - max(m - expected, none) * scale * part, none)
        w *= w
        w *= w
        w *= w
        weights[p] += w
        values[p] += w * others[p]


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
