"""Non-local means are the weighted means that their definition says."""

import numpy as np
import pytest

from poreflux.kernels.patches import ROOM, ROWS, similar_mean


def twin(cells, reach, expected, scale):
    """Return the means voxel by voxel, in double precision."""
    ghosts = reach + 1
    out = np.empty(tuple(n - 2 * ghosts for n in cells.shape))
    cells = cells.astype(float)
    steps = range(-reach, reach + 1)
    for place in np.ndindex(out.shape):
        k, j, i = (p + ghosts for p in place)
        own = cells[k - 1 : k + 2, j - 1 : j + 2, i - 1 : i + 2]
        weights, values = [], []
        for a, b, c in ((k + dk, j + dj, i + di) for dk in steps for dj in steps for di in steps):
            other = cells[a - 1 : a + 2, b - 1 : b + 2, c - 1 : c + 2]
            t = max(np.mean((own - other) ** 2) - expected, 0) * scale
            weights.append(max(1 - t / 8, 0) ** 8)
            values.append(cells[a, b, c])
        out[place] = np.average(values, weights=weights)
    return out


def means(cells, shape, reach, expected, scale):
    out = np.empty(shape, np.float32)
    room = np.full((ROOM, (ROWS + 2) * cells.shape[2]), np.nan, np.float32)
    similar_mean(cells, reach, np.float32(expected), np.float32(scale), out, room)
    return out


@pytest.mark.parametrize("shape", [(2, 3, 4), (1, 17, 3)])
@pytest.mark.parametrize("reach", [1, 2])
def test_means_are_those_of_the_definition(rng, reach, shape):
    cells = rng.normal(0, 1, [n + 2 * reach + 2 for n in shape]).astype(np.float32)
    cells[:, :, shape[2] :] += 3
    found = means(cells, shape, reach, 1.5, 0.7)
    np.testing.assert_allclose(found, twin(cells, reach, 1.5, 0.7), rtol=1e-4, atol=1e-5)


def test_a_mean_does_not_depend_on_where_the_cell_lies(rng):
    cells = rng.normal(0, 1, (8, 9, 14)).astype(np.float32)
    whole = means(cells, (4, 5, 10), 1, 1.0, 1.0)
    part = means(np.ascontiguousarray(cells[1:, 2:, 3:]), (3, 3, 7), 1, 1.0, 1.0)
    np.testing.assert_array_equal(part, whole[1:, 2:, 3:])


def test_an_edge_stays_where_it_is(rng):
    cells = np.zeros((8, 8, 16), np.float32)
    cells[:, :, 8:] = 100
    noisy = cells + rng.normal(0, 1, cells.shape).astype(np.float32)
    found = means(noisy, (4, 4, 12), 1, 2.0, 1.5)
    clean = cells[2:-2, 2:-2, 2:-2]
    assert np.abs(found - clean).max() < 2
    assert (found - clean).std() < 0.6  # of 1 before
