"""Means over islands against those of each island, one at a time."""

import numpy as np
import pytest

from poreflux.kernels import islands
from poreflux.kernels.redblack import GHOST, packed_shape

SHAPE = (5, 4, 7)
OWN = np.s_[:, GHOST:-GHOST, GHOST:-GHOST, 1:-1]


@pytest.mark.parametrize("cut", [0, 2, 5])
def test_cells_of_an_island_get_its_mean_and_others_keep_their_value(cut, rng):
    shape = (1, *packed_shape(SHAPE))
    values, out, labels = rng.standard_normal(shape), np.zeros(shape), np.zeros(shape, np.int32)
    labels[OWN] = rng.integers(0, 4, labels[OWN].shape)
    totals = np.zeros(4)
    slabs = [(0, cut), (cut, SHAPE[0])]
    for slab in slabs:
        islands.add_up(values, labels, totals, *slab)
    means = totals / np.bincount(labels[OWN].ravel(), minlength=4)
    for slab in slabs:
        islands.spread(values, labels, means, out, *slab)
    expected = np.zeros(shape)
    expected[OWN] = values[OWN]
    for island in range(1, 4):
        expected[labels == island] = values[labels == island].mean()
    np.testing.assert_allclose(out, expected, rtol=1e-12)
