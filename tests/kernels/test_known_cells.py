"""Denoising among known cells: NaN takes no part, as in NumPy."""

import numpy as np
import pytest

from poreflux.kernels.median import median_of_known
from poreflux.kernels.patches import known_similar_mean


def test_the_median_of_known_cells_is_that_of_numpy(rng):
    cells = rng.integers(0, 99, (6, 7, 8)).astype(np.float32)
    cells[rng.random(cells.shape) < 0.4] = np.nan
    out = np.zeros((4, 5, 6), np.float32)
    median_of_known(cells, out, np.empty(27, np.float32))
    windows = np.lib.stride_tricks.sliding_window_view(cells, (3, 3, 3)).reshape(4, 5, 6, 27)
    expected = np.where(np.isnan(cells[1:-1, 1:-1, 1:-1]), np.nan, np.nanmedian(windows, axis=-1))
    np.testing.assert_array_equal(out, expected)


def test_the_similar_mean_of_known_cells_is_that_of_the_formula(rng):
    cells = rng.normal(0, 1, (9, 9, 9)).astype(np.float32)
    cells[rng.random(cells.shape) < 0.3] = np.nan
    cells[4, 4, 4] = 0.5
    out = np.zeros((1, 1, 1), np.float32)
    expected, scale = np.float32(2.0), np.float32(1.5)
    known_similar_mean(cells, np.ones((1, 1, 1), bool), 3, expected, scale, out)
    weights = values = 0.0
    patch = cells[3:6, 3:6, 3:6]
    for z, y, x in np.argwhere(~np.isnan(cells[1:-1, 1:-1, 1:-1])) + 1:
        m = np.nanmean((patch - cells[z - 1 : z + 2, y - 1 : y + 2, x - 1 : x + 2]) ** 2)
        weight = max(1 - max(m - expected, 0) * scale / 8, 0) ** 8
        weights += weight
        values += weight * cells[z, y, x]
    assert out[0, 0, 0] == pytest.approx(values / weights, rel=1e-4)
