"""Runs of conducting cells and their clusters, against NumPy and scipy."""

import numpy as np
import pytest
from scipy import ndimage

from poreflux.kernels import components


def runs_of(row: np.ndarray) -> list[tuple[int, int]]:
    """Return (start, stop) of the runs of a row."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row, [0]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist()))


def listed(solid: np.ndarray):
    """Return (first, start, stop, parent) of all runs, as the kernels list them in two slabs."""
    n0, n1, _ = solid.shape
    counts = np.full((n0, n1), -1)
    for a, b in ((0, n0 // 2), (n0 // 2, n0)):
        components.count_runs(solid, counts, a, b)
    first = np.concatenate([[0], counts.cumsum()])
    start, stop = np.empty((2, first[-1]), np.uint16)
    parent = np.empty(first[-1], np.uint32)
    for a, b in ((0, n0 // 2), (n0 // 2, n0)):
        components.list_runs(solid, first, start, stop, parent, a, b)
    return first, start, stop, parent


@pytest.fixture
def solid(rng):
    return (rng.random((6, 5, 9)) < 0.5).astype(np.uint8)


def test_runs_are_listed_row_by_row(solid):
    first, start, stop, parent = listed(solid)
    for number, row in enumerate(solid.reshape(-1, 9)):
        here = slice(first[number], first[number + 1])
        assert list(zip(start[here].tolist(), stop[here].tolist())) == runs_of(row)
    assert parent.tolist() == list(range(len(parent)))


def test_the_root_is_found_and_the_path_to_it_halved():
    parent = np.array([0, 0, 1, 2, 3, 4], np.uint32)
    assert components.root(parent, 5) == 0
    assert parent.tolist() == [0, 0, 1, 1, 3, 3]
    assert components.root(parent, 0) == 0


def test_joined_clusters_are_known_by_their_least_member():
    parent = np.arange(6, dtype=np.uint32)
    for a, b in ((4, 5), (2, 4), (1, 3), (5, 3)):
        components.join(parent, a, b)
    assert [int(components.root(parent, a)) for a in range(6)] == [0, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("seed", range(20))
def test_runs_of_two_rows_that_overlap_are_joined(seed):
    rows = (np.random.default_rng(seed).random((1, 2, 12)) < 0.6).astype(np.uint8)
    first, start, stop, parent = listed(rows)
    components.join_rows(start, stop, parent, first[0], first[1], first[1], first[2])
    labels = ndimage.label(rows[0])[0]
    roots = [components.root(parent, a) for a in range(len(parent))]
    expected = [labels[int(a >= first[1]), start[a]] for a in range(len(parent))]
    pairs = set(zip(map(int, roots), map(int, expected)))
    assert len(pairs) == len(set(roots)) == len(set(expected))


def together(first, start, parent, shape) -> np.ndarray:
    """Return the cluster of each run's first cell, by (run, root)."""
    row = np.searchsorted(first, np.arange(len(parent)), side="right") - 1
    places = row // shape[1], row % shape[1], start
    return places, np.array([components.root(parent, a) for a in range(len(parent))], int)


@pytest.mark.parametrize("wrap_y", [False, True])
@pytest.mark.parametrize("wrap_x", [False, True])
def test_slabs_joined_plane_by_plane_give_the_clusters_of_the_whole(solid, wrap_y, wrap_x):
    first, start, stop, parent = listed(solid)
    for a, b in ((0, 3), (3, 6)):
        components.join_slab(first, start, stop, parent, 5, 9, wrap_y, wrap_x, a, b)
    components.join_planes(first, start, stop, parent, 5, 2, 3)
    # three images side by side: those in the middle that meet anywhere are of one cluster
    wide = np.tile(solid, (1, 3 if wrap_y else 1, 3 if wrap_x else 1))
    labels = ndimage.label(wide)[0]
    y, x = 5 * wrap_y, 9 * wrap_x
    place, roots = together(first, start, parent, solid.shape)
    for a in range(len(roots)):
        for b in range(a):
            here = labels[place[0][a], place[1][a] + y, place[2][a] + x]
            images = labels[place[0][b], place[1][b] :: 5, place[2][b] :: 9]
            if here in images:
                assert roots[a] == roots[b]
    if not (wrap_y or wrap_x):
        assert len(set(roots.tolist())) == labels.max()


def test_the_clusters_that_reach_a_mask_are_marked(solid, rng):
    first, start, stop, parent = listed(solid)
    components.join_slab(first, start, stop, parent, 5, 9, False, False, 0, 6)
    flags, where = np.zeros(len(parent), np.uint8), rng.random((5, 9)) < 0.3
    components.mark_where(first, start, stop, parent, flags, where, 2, 4)
    labels = ndimage.label(solid)[0]
    reached = np.unique(labels[2][where & (solid[2] > 0)])
    place, roots = together(first, start, parent, solid.shape)
    assert ((flags[roots] == 4) == np.isin(labels[place], reached)).all()


def test_clusters_without_all_wanted_marks_are_cleared(solid):
    first, start, stop, parent = listed(solid)
    components.join_slab(first, start, stop, parent, 5, 9, False, False, 0, 6)
    flags = np.zeros(len(parent), np.uint8)
    everywhere = np.ones((5, 9), bool)
    components.mark_where(first, start, stop, parent, flags, everywhere, 0, 1)
    components.mark_where(first, start, stop, parent, flags, everywhere, 5, 2)
    labels = ndimage.label(solid)[0]
    through = np.setdiff1d(np.intersect1d(labels[0], labels[-1]), 0)
    kept = sum(
        components.keep(solid, first, start, stop, parent, flags, 3, a, b)
        for a, b in ((0, 2), (2, 6))
    )
    assert (solid > 0).tolist() == np.isin(labels, through).tolist()
    assert kept == np.isin(labels, through).sum()
