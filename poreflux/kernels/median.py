"""The median of the 27 voxels around each voxel, a row at a time."""

import numba as nb

from poreflux.kernels import KEPT

compiled = nb.njit(nogil=True, cache=KEPT, error_model="numpy")

#: rows that the selection holds at once: half of 27, and two
HELD = 15


@compiled
def median_of_27(cells, out, held):
    """out[k, j, i] = median of ``cells[k : k + 3, j : j + 3, i : i + 3]``.

    `cells` has one ghost on each side of `out`; `held` is room for ``(HELD, out.shape[2])`` cells.
    Of the cells read so far the smallest and the largest cannot be the median once more than half
    of all are among them; they are dropped and the next is read, until one is left.
    """
    nz, ny, nx = out.shape
    for k in range(nz):
        for j in range(ny):
            for taken in range(HELD):
                _take(cells, k, j, taken, held, taken)
            taken, remaining = HELD, HELD
            while remaining > 3:
                _extremes_to_ends(held, remaining)
                if taken < 27:  # the smallest gives way to the next, the largest is dropped
                    _take(cells, k, j, taken, held, 0)
                    taken += 1
                remaining -= 1
            _extremes_to_ends(held, 3)
            for i in range(nx):
                out[k, j, i] = held[1, i]


@compiled
def _take(cells, k, j, number, held, row):
    """Copy the neighbours of that number (0 to 26) of the cells of one row."""
    k, j, shift = k + number // 9, j + number // 3 % 3, number % 3
    for i in range(held.shape[1]):
        held[row, i] = cells[k, j, i + shift]


@compiled
def _extremes_to_ends(held, n):
    """Exchange cells of the first n rows until the first is the smallest, the last the largest."""
    for a in range(n // 2):
        _exchange(held, a, n - 1 - a)
    for a in range(1, (n + 1) // 2):
        _exchange(held, 0, a)
    for a in range(n // 2, n - 1):
        _exchange(held, a, n - 1)


@compiled
def _exchange(held, low, high):
    for i in range(held.shape[1]):  # rows by index, not as views: these loops are vectorised
        a, b = held[low, i], held[high, i]
        held[low, i] = min(a, b)
        held[high, i] = max(a, b)


@compiled
def median_of_known(cells, out, room):
    """out[k, j, i] = median of the numbers among the 27 cells around, where some are NaN.

    `cells` has one ghost on each side of `out`; `room` is for 27 cells. Where no cell is NaN `out`
    stays as it is; where the middle one is, it becomes NaN. Of an even count the mean of both
    middle ones.
    """
    nz, ny, nx = out.shape
    for k in range(nz):
        for j in range(ny):
            for i in range(nx):
                count = 0
                for a in range(27):
                    value = cells[k + a // 9, j + a // 3 % 3, i + a % 3]
                    if value == value:
                        place = count
                        while place > 0 and room[place - 1] > value:
                            room[place] = room[place - 1]
                            place -= 1
                        room[place] = value
                        count += 1
                middle = cells[k + 1, j + 1, i + 1]
                if middle != middle:
                    out[k, j, i] = middle
                elif count < 27:
                    low, high = room[(count - 1) // 2], room[count // 2]
                    out[k, j, i] = low + (high - low) / 2
