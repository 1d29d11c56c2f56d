"""Steps lead to the highest neighbour; basins end at maxima, and join across faces."""

import numpy as np
import pytest

from poreflux.kernels import basins as kernel
from poreflux.metrics.pores.basins import (
    CombineBasins,
    MeasureBasins,
    _contacts,
    highest,
    label_basins,
)

SHAPE = (5, 6, 7)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def heights_and_states(rng) -> tuple[np.ndarray, np.ndarray]:
    states = rng.choice([0, 1, 1, 1, 2], SHAPE).astype(np.uint8)
    return rng.integers(1, 6, SHAPE).astype(np.int32), states


def packed_of(height, states) -> np.ndarray:
    out = np.empty(height.shape, np.int32)
    high = np.where(states == 1, height, -1).astype(np.int32)
    kernel.pack_steps(high, states, np.empty_like(high), out)
    return out


def highest_neighbour(height, states, place) -> tuple[int, ...]:
    """Return the highest of a voxel and its neighbours, the earlier of two as high."""
    low = np.maximum(np.subtract(place, 1), 0)
    near = np.argwhere(states[tuple(slice(a, b + 2) for a, b in zip(low, place))] == 1) + low
    return max(map(tuple, near.tolist()), key=lambda v: (height[v], [-i for i in v]))


def top(height, states, place) -> tuple[int, ...]:
    up = highest_neighbour(height, states, place)
    return place if up == place else top(height, states, up)


def test_a_step_leads_to_the_highest_neighbour(rng):
    height, states = heights_and_states(rng)
    packed = packed_of(height, states)
    for place in np.ndindex(SHAPE):
        step = packed[place] & kernel.STEP
        if states[place] != 1:
            assert step == (kernel.SOLID if states[place] == 0 else kernel.UNKNOWN)
            continue
        to = np.add(place, np.unravel_index(step, (3, 3, 3))) - 1
        assert tuple(to.tolist()) == highest_neighbour(height, states, place)
        assert packed[place] >> kernel.BITS == height[place]


def test_smoothing_takes_a_part_of_each_neighbour(rng):
    height, states = heights_and_states(rng)
    height *= 1000
    expected, found = height.astype(int), np.empty_like(height)
    for axis in (2, 1, 0):
        ends = np.pad(expected, [(int(axis == a),) * 2 for a in range(3)], "edge")
        bend = np.diff(ends, 2, axis=axis)
        expected = expected + np.floor(0.125 * bend + 0.5).astype(int)
    kernel.smooth_heights(height, states, 2**11, found)
    np.testing.assert_array_equal(found, np.where(states == 1, expected, -1))


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 2, 3), (3, 1, 2)])
def test_a_level_height_stays_as_it_is(shape):
    height, states = np.full(shape, 77, np.int32), np.ones(shape, np.uint8)
    found = np.empty_like(height)
    kernel.smooth_heights(height, states, 662, found)
    assert (found == 77).all()


def test_a_basin_is_what_leads_to_one_maximum(rng):
    height, states = heights_and_states(rng)
    labels, peaks, targets = label_basins(packed_of(height, states), (0, 0, 0), SHAPE)
    assert (targets == -1).all()
    for place in np.argwhere(states == 1):
        flat, high = peaks[labels[tuple(place)] - 1]
        end = top(height, states, tuple(place.tolist()))
        assert np.unravel_index(flat, SHAPE) == end
        assert high == height[end]
    assert (labels[states != 1] == 0).all()


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("cut", [1, 3])
def test_two_halves_give_the_basins_of_the_whole(rng, axis, cut):
    height, states = heights_and_states(rng)
    packed = packed_of(height, states)
    size = (1.0, 1.0, 1.0)
    measure, combine = MeasureBasins(SHAPE, size), CombineBasins(SHAPE, size)
    whole = combine([measure({"packed": packed}, (0, 0, 0))])
    halves = []
    for first, last in ((0, cut), (cut, SHAPE[axis])):
        box, start = [slice(None)] * 3, [0, 0, 0]
        box[axis], start[axis] = slice(first, last), first
        piece = np.ascontiguousarray(packed[tuple(box)])
        halves.append(measure({"packed": piece}, tuple(start)))
    found = combine(halves)
    assert not found.clusters.faces
    order, expected = (np.argsort(each.peaks[:, 0]) for each in (found, whole))
    np.testing.assert_array_equal(found.peaks[order], whole.peaks[expected])
    np.testing.assert_array_equal(found.clusters.table[order], whole.clusters.table[expected])
    rank, ranked = np.argsort(order), np.argsort(expected)
    for one, other in zip(
        highest(rank[found.edges], found.saddles), highest(ranked[whole.edges], whole.saddles)
    ):
        np.testing.assert_array_equal(one, other)


def test_contacts_are_those_of_all_pairs_of_neighbours(rng):
    labels = rng.integers(0, 4, SHAPE).astype(np.int32)
    height = rng.integers(1, 9, SHAPE).astype(np.int32)
    expected: dict[tuple[int, int], int] = {}
    for place in map(tuple, np.argwhere(labels > 0).tolist()):
        for step in np.ndindex(3, 3, 3):
            there = tuple((np.add(place, step) - 1).tolist())
            if all(0 <= i < m for i, m in zip(there, SHAPE)) and labels[there] > 0:
                pair = labels[place] - 1, labels[there] - 1
                expected[pair] = max(expected.get(pair, 0), min(height[place], height[there]))
    edges, saddles = _contacts(labels, height)
    found = dict(zip(map(tuple, edges.tolist()), saddles.tolist()))
    assert found == {pair: saddle for pair, saddle in expected.items() if pair[0] < pair[1]}


def test_contacts_are_counted_beyond_the_room_there_is(rng):
    labels = rng.integers(1, 99, SHAPE).astype(np.int32)
    height = rng.integers(1, 9, SHAPE).astype(np.int32)
    room = labels.size // 8
    edges, saddles = np.empty((room, 2), np.int64), np.empty(room, np.int64)
    ends = np.empty((2, SHAPE[2]), np.int32)
    assert kernel.list_contacts(labels, height, ends, edges, saddles) > room
    pairs = {
        tuple(sorted((int(labels[v]), int(labels[w]))))
        for axis in range(3)
        for v, w in zip(
            np.ndindex(*SHAPE),
            (tuple(np.add(v, np.eye(3, dtype=int)[axis])) for v in np.ndindex(*SHAPE)),
        )
        if w[axis] < SHAPE[axis] and labels[v] != labels[w]
    }
    assert {(a - 1, b - 1) for a, b in pairs} <= set(
        map(tuple, _contacts(labels, height)[0].tolist())
    )


@pytest.mark.parametrize(
    ("saddle", "apart", "least", "nearest", "united"),
    [(9, 20, 2, 5, True), (7, 20, 2, 5, False), (7, 4, 2, 5, True), (1, 9, 2, 5, True)],
    ids=["flat between", "throat", "too near", "inside the ball"],
)
def test_basins_unite_where_they_do_not_stand_out(saddle, apart, least, nearest, united):
    parent, peaks = np.arange(2), np.array([12, 10])
    places = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, apart]])
    edges, saddles = np.array([[0, 1]]), np.array([saddle])
    kernel.merge_basins(edges, saddles, peaks, places, least, nearest, parent)
    assert parent.tolist() == ([0, 0] if united else [0, 1])
