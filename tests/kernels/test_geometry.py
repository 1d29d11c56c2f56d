"""Labels to conductors, conductors to codes and conductances, against a few lines of NumPy."""

import numpy as np
import pytest

from poreflux.kernels import geometry, redblack
from poreflux.kernels.redblack import GHOST

SHAPES = [(1, 1, 1), (4, 5, 6), (3, 2, 7)]


def unpacked(array, shape):
    out = np.zeros(shape, array.dtype)
    redblack.unpack(array, out, 0, shape[0])
    return out


def before(cells, axis, wrap):
    """Return each cell's neighbour at the lower side of an axis, zero where there is none."""
    moved = np.roll(cells, 1, axis)
    if not wrap:
        moved[(slice(None),) * axis + (0,)] = 0
    return moved


def after(cells, axis, wrap):
    return np.flip(before(np.flip(cells, axis), axis, wrap), axis)


def test_labels_are_looked_up_and_counted(rng):
    labels = rng.integers(0, 256, (4, 5, 6)).astype(np.uint8)
    table = rng.random(256)
    out, counts = np.empty((4, 5, 6)), np.zeros(256, np.int64)
    geometry.look_up(labels, table, out, counts)
    assert (out == table[labels]).all()
    assert (counts == np.bincount(labels.ravel(), minlength=256)).all()


@pytest.mark.parametrize("wrap_y, wrap_x", [(False, False), (True, True), (True, False)])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_code_counts_the_conducting_neighbours_along_each_axis(rng, shape, wrap_y, wrap_x):
    solid = (rng.random(shape) < 0.7).astype(np.uint8)
    low, high = (rng.random((2, *shape[1:])) < 0.7).astype(np.uint8)
    code = np.zeros((2, *redblack.packed_shape(shape)), np.uint8)
    row = np.full(shape[2], 255, np.uint8)
    for start, stop in redblack.slabs(shape[0], 2):
        geometry.encode(solid, code, low, high, wrap_y, wrap_x, row, start, stop)
    tall = np.concatenate([low[None], solid, high[None]])
    z = tall[:-2] + tall[2:]
    y = before(solid, 1, wrap_y) + after(solid, 1, wrap_y)
    x = before(solid, 2, wrap_x) + after(solid, 2, wrap_x)
    expected = np.where(solid, 64 + z + 4 * y + 16 * x, 0)
    assert (unpacked(code, shape) == expected).all()
    ghosts = np.ones(code.shape[1:], bool)
    ghosts[GHOST:-GHOST, GHOST:-GHOST, 1:-1] = False
    assert not code[:, ghosts].any()


def face(a, b, arithmetic):
    with np.errstate(invalid="ignore"):
        mean = (a + b) / 2 if arithmetic else 2 * a * b / (a + b)
    return np.where((a > 0) & (b > 0), mean, 0)


@pytest.mark.parametrize("arithmetic", [False, True])
@pytest.mark.parametrize("wrap_y, wrap_x", [(False, False), (True, True), (True, False)])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_face_conducts_the_mean_of_its_two_cells(rng, shape, wrap_y, wrap_x, arithmetic):
    kappa = rng.random(shape) * (rng.random(shape) < 0.7)
    below = rng.random(shape[1:]) * (rng.random(shape[1:]) < 0.7)
    g = [np.zeros((2, *redblack.packed_shape(shape))) for _ in range(3)]
    for start, stop in redblack.slabs(shape[0], 2):
        geometry.conduct(kappa, arithmetic, *g, below, 0.5, 1.0, 0.3, wrap_y, wrap_x, start, stop)
    under = np.concatenate([below[None], kappa[:-1]])
    expected = [
        0.5 * face(kappa, under, arithmetic),
        1.0 * face(kappa, before(kappa, 1, wrap_y), arithmetic),
        0.3 * face(kappa, before(kappa, 2, wrap_x), arithmetic),
    ]
    for found, wanted in zip(g, expected):
        assert unpacked(found, shape) == pytest.approx(wanted, rel=1e-14)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_degree_is_the_sum_of_six_conductances(rng, shape):
    g = [np.zeros((2, *redblack.packed_shape(shape))) for _ in range(3)]
    dense = [rng.random(shape) for _ in range(3)]
    for axis in range(3):
        dense[axis][(slice(None),) * axis + (0,)] = 0  # nothing before the first
        redblack.pack(dense[axis], g[axis], 0, shape[0])
    degree = np.zeros_like(g[0])
    for start, stop in redblack.slabs(shape[0], 2):
        geometry.sum_faces(*g, degree, start, stop)
    expected = sum(dense[axis] + after(dense[axis], axis, False) for axis in range(3))
    assert unpacked(degree, shape) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("a, b", [(0.0, 1.0), (1.0, 0.0), (0.0, 0.0)])
@pytest.mark.parametrize("arithmetic", [False, True])
def test_nothing_flows_through_a_face_of_a_blocked_cell(a, b, arithmetic):
    assert geometry.between(a, b, arithmetic) == 0
