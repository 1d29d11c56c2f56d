"""The middle five of a cell and its neighbours are those that sorting finds."""

import numpy as np
import pytest

from poreflux.kernels.surroundings import sum_of_middle_five


@pytest.mark.parametrize("dtype", [np.int32, np.float64])
def test_the_middle_five_are_those_of_sorting(dtype, rng):
    cells = rng.integers(0, 99, (6, 7, 8)).astype(dtype)
    if dtype is np.float64:
        cells[3, 3, 3] = np.nan
    out = np.zeros((4, 5, 6), dtype)
    sum_of_middle_five(cells, out)
    seven = [np.roll(cells, shift, axis) for axis in range(3) for shift in (-1, 1)]
    middle = np.sort([cells, *seven], axis=0)[1:-1].sum(axis=0)[1:-1, 1:-1, 1:-1]
    unknown = np.isnan(np.sum([cells, *seven], axis=0))[1:-1, 1:-1, 1:-1]
    np.testing.assert_array_equal(
        out, np.where(unknown, np.nan, middle) if unknown.any() else middle
    )
