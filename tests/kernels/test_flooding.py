"""Flooding gives each voxel to the marker that reaches it over the lowest pass."""

import heapq
import itertools

import numpy as np
import pytest
from skimage.segmentation import watershed

from poreflux.kernels.flooding import NOT_REACHED, PASS, flood
from poreflux.segmentation.watershed import rise


def flooded(gradient, markers, rounds):
    """Return the labels, 1 and 2, and 0 where none has come, and the passes."""
    keys = np.where(markers > 0, gradient << PASS | (markers - 1), NOT_REACHED).astype(np.uint32)
    keys = np.pad(keys, 1, constant_values=NOT_REACHED)
    rise(keys, np.pad(gradient, 1), np.flatnonzero(np.pad(markers == 0, 1)), rounds)
    keys = keys[1:-1, 1:-1, 1:-1]
    return np.where(keys == NOT_REACHED, 0, (keys & 1) + 1), keys >> PASS


def lowest_passes(gradient, markers):
    """Return the lowest pass to each voxel from any marker, by Dijkstra's way."""
    passes = np.where(markers > 0, gradient, 2**31).astype(np.int64)
    queue = [(passes[v], v) for v in zip(*np.nonzero(markers))]
    heapq.heapify(queue)
    while queue:
        height, place = heapq.heappop(queue)
        for axis, step in itertools.product(range(3), (-1, 1)):
            other = tuple(p + step * (a == axis) for a, p in enumerate(place))
            if all(0 <= o < n for o, n in zip(other, gradient.shape)):
                reached = max(height, gradient[other])
                if reached < passes[other]:
                    passes[other] = reached
                    heapq.heappush(queue, (reached, other))
    return passes


@pytest.fixture(params=range(3))
def case(request):
    rng = np.random.default_rng(request.param)
    shape = (5, 6, 7)
    gradient = rng.permutation(np.prod(shape)).reshape(shape).astype(np.uint32)
    markers = np.zeros(shape, int)
    for label in (1, 2):
        for _ in range(3):
            markers[tuple(rng.integers(0, shape))] = label
    return gradient, markers


def test_enough_rounds_make_the_watershed_of_scikit_image(case):
    gradient, markers = case
    labels, _ = flooded(gradient, markers, 80)
    np.testing.assert_array_equal(labels, watershed(gradient, markers))


def test_passes_are_the_lowest_there_are(case):
    gradient, markers = case
    _, passes = flooded(gradient, markers, 80)
    np.testing.assert_array_equal(passes, lowest_passes(gradient, markers))


@pytest.mark.parametrize("rounds", [0, 1, 3])
def test_a_round_reaches_one_voxel(rounds):
    markers = np.zeros((1, 1, 9), int)
    markers[0, 0, 0] = 2
    labels, _ = flooded(np.ones((1, 1, 9), np.uint32), markers, rounds)
    assert (labels[0, 0] == 2).tolist() == [i <= rounds for i in range(9)]


def test_between_equal_gradients_the_nearer_marker_wins_and_then_the_first_label():
    markers = np.zeros((1, 1, 8), int)
    markers[0, 0, 0], markers[0, 0, 7] = 2, 1
    labels, _ = flooded(np.ones((1, 1, 8), np.uint32), markers, 9)
    assert labels[0, 0].tolist() == [2, 2, 2, 2, 1, 1, 1, 1]
    labels, _ = flooded(np.ones((1, 1, 7), np.uint32), np.delete(markers, 3, axis=2), 9)
    assert labels[0, 0].tolist() == [2, 2, 2, 1, 1, 1, 1]


def test_what_is_wholly_shut_in_is_not_reached():
    places, found = np.array([13]), np.zeros(1, np.uint32)
    keys = np.full((3, 3, 3), NOT_REACHED)
    flood(keys, np.zeros((3, 3, 3), np.uint32), places, found)
    assert found[0] == NOT_REACHED
