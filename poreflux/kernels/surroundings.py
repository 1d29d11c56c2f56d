"""A voxel with its six neighbours, but for the brightest and the darkest of the seven."""

import numba as nb

from poreflux.kernels import KEPT

compiled = nb.njit(nogil=True, cache=KEPT, error_model="numpy")


@compiled
def sum_of_middle_five(cells, out):
    """out[k, j, i] = sum of the middle five of the cell [k + 1, j + 1, i + 1] and its neighbours.

    `cells` has one ghost on each side of `out`. Where one of them is NaN the sum is.
    """
    nz, ny, nx = out.shape
    for k in range(nz):
        for j in range(ny):
            for i in range(nx):
                total = low = high = cells[k + 1, j + 1, i + 1]
                for value in (
                    cells[k, j + 1, i + 1],
                    cells[k + 2, j + 1, i + 1],
                    cells[k + 1, j, i + 1],
                    cells[k + 1, j + 2, i + 1],
                    cells[k + 1, j + 1, i],
                    cells[k + 1, j + 1, i + 2],
                ):
                    total += value
                    low = value if value < low else low
                    high = value if value > high else high
                out[k, j, i] = total - low - high
