"""The red-black layout: where a cell is stored, and that nothing is lost on the way."""

import numpy as np
import pytest

from poreflux.kernels import redblack
from poreflux.kernels.redblack import GHOST

SHAPES = [(1, 1, 1), (2, 3, 4), (5, 4, 7), (3, 1, 2)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_a_cell_is_stored_where_the_layout_says(shape, dtype):
    numbered = np.arange(1, 1 + np.prod(shape)).reshape(shape).astype(dtype)
    out = np.zeros((2, *redblack.packed_shape(shape)), dtype)
    redblack.pack(numbered, out, 0, shape[0])
    for k, j, x in np.ndindex(shape):
        assert out[(k + j + x) % 2, k + 2, j + 2, x // 2 + 1] == numbered[k, j, x]
    assert np.count_nonzero(out) == numbered.size


@pytest.mark.parametrize("shape", SHAPES)
def test_unpacking_undoes_packing(rng, shape):
    there = rng.standard_normal(shape)
    out = np.full((2, *redblack.packed_shape(shape)), np.nan)
    redblack.pack(there, out, 0, shape[0])
    back = np.empty(shape)
    redblack.unpack(out, back, 0, shape[0])
    assert (back == there).all()


def test_only_the_planes_of_a_range_are_packed_and_unpacked(rng):
    there = rng.standard_normal((6, 3, 5))
    out = np.zeros((2, *redblack.packed_shape(there.shape)))
    redblack.pack(there, out, 2, 5)
    assert np.flatnonzero(out.any((0, 2, 3))).tolist() == [4, 5, 6]
    back = np.zeros(there.shape)
    redblack.unpack(out, back, 3, 4)
    assert np.flatnonzero(back.any((1, 2))).tolist() == [3]
    assert (back[3] == there[3]).all()


@pytest.mark.parametrize("colours", [1, 2])
def test_filling_touches_the_planes_of_a_range_and_no_others(colours):
    array = np.zeros((colours, 7, 5, 4), np.float32)
    redblack.fill(array, np.float32(3), 2, 5)
    assert (array[:, 2:5] == 3).all()
    assert array.sum() == 3 * array[:, 2:5].size


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_combination_of_vectors_is_that_of_their_elements(rng, dtype):
    x = rng.standard_normal((1, 7, 5, 4)).astype(np.float32)
    y = rng.standard_normal((1, 7, 5, 4)).astype(dtype)
    expected = y.copy()
    expected[:, 1:4] = 2.5 * x[:, 1:4] - 0.3 * y[:, 1:4]
    redblack.axpby(dtype(2.5), x, dtype(-0.3), y, 1, 4)
    assert y == pytest.approx(expected, abs=1e-6)


def test_a_step_changes_own_red_cells_of_a_range(rng):
    p, q, x, r = (rng.standard_normal((1, *redblack.packed_shape((5, 4, 7)))) for _ in range(4))
    own = np.s_[0, 1 + GHOST : 4 + GHOST, GHOST:-GHOST, 1:-1]
    new_x, new_r = x.copy(), r.copy()
    new_x[own] += 0.7 * p[own]
    new_r[own] -= 0.7 * q[own]
    square = redblack.advance(0.7, p, q, x, r, 1, 4)
    np.testing.assert_allclose(x, new_x, rtol=1e-13)
    np.testing.assert_allclose(r, new_r, rtol=1e-13)
    assert square == pytest.approx((new_r[own] ** 2).sum(), rel=1e-12)


def test_a_product_is_over_own_red_cells_of_a_range(rng):
    x, y = rng.standard_normal((2, 1, 8, 9, 6))
    own = np.s_[0, 1 + GHOST : 3 + GHOST, GHOST:-GHOST, 1:-1]
    product = redblack.dot(x, y, 1, 3)
    assert product == pytest.approx((x[own] * y[own]).sum(), rel=1e-12)


@pytest.mark.parametrize("n", range(1, 12))
@pytest.mark.parametrize("parts", range(1, 5))
def test_slabs_cover_all_planes_once_and_start_at_even_ones(n, parts):
    slabs = redblack.slabs(n, parts)
    planes = [plane for a, b in slabs for plane in range(a, b)]
    assert planes == list(range(n))
    assert all(a % 2 == 0 for a, _ in slabs)
    assert len(slabs) <= parts


@pytest.mark.parametrize("colours", [1, 2])
def test_an_empty_vector_has_ghosts_on_every_side(colours):
    array = redblack.empty((3, 4, 5), np.float64, colours)
    assert array.shape == (colours, 3 + 4, 4 + 4, 3 + 2)
    assert array.dtype == np.float64
