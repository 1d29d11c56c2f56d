"""What percolates is what independent labelling says."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from poreflux.transport.engines import threads
from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.percolation import keep_percolating

SIDES = [(False, False, False), (False, True, True), (False, True, False), (True, True, True)]


@pytest.fixture(autouse=True)
def _share_however_small(monkeypatch):
    monkeypatch.setattr(threads, "WORTH_SHARING", 0)


def labelled(solid: np.ndarray, periodic) -> np.ndarray:
    """Return clusters of face neighbours, those that meet across a periodic face joined."""
    clusters, number = ndimage.label(solid)
    meet = [np.zeros((2, 0), int)]
    for axis in np.flatnonzero(periodic):
        pair = np.stack([clusters.take(0, axis).ravel(), clusters.take(-1, axis).ravel()])
        meet.append(pair[:, (pair > 0).all(0)])
    i, j = np.concatenate(meet, 1)
    graph = coo_array((np.ones(i.size), (i, j)), shape=(number + 1, number + 1))
    return connected_components(graph, directed=False)[1][clusters] * solid


def percolating(solid: np.ndarray, periodic, low=None, high=None) -> np.ndarray:
    clusters = labelled(solid, periodic)
    first = clusters[0] if low is None else clusters[0][low]
    last = clusters[-1] if high is None else clusters[-1][high]
    through = np.intersect1d(first, last)
    return np.isin(clusters, through[through > 0])


@pytest.mark.parametrize("team", [1, 2, 3])
@pytest.mark.parametrize("periodic", SIDES)
@pytest.mark.parametrize("shape", [(9, 8, 7), (1, 6, 5), (12, 1, 9), (6, 7, 1), (20, 22, 24)])
@pytest.mark.parametrize("conducting", [0.28, 0.33, 0.4, 0.7])
def test_the_cells_kept_are_those_of_clusters_that_join_both_ends(
    rng, shape, conducting, periodic, team
):
    for _ in range(5):
        solid = (rng.random(shape) < conducting).astype(np.uint8)
        expected = percolating(solid, periodic)
        kept = keep_percolating(solid, Threads(team), periodic)
        assert (solid == expected).all()
        assert kept == expected.sum()


@pytest.mark.parametrize("periodic", SIDES)
def test_parts_of_the_ends_may_be_asked_for(rng, periodic):
    for _ in range(10):
        solid = (rng.random((7, 9, 8)) < 0.45).astype(np.uint8)
        low, high = rng.random((2, 9, 8)) < 0.2
        expected = percolating(solid, periodic, low, high)
        kept = keep_percolating(solid, Threads(1), periodic, where=(low, high))
        assert (solid == expected).all()
        assert kept == expected.sum()


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 4, 5)])
def test_everything_or_nothing_percolates_in_a_uniform_box(shape, value):
    solid = np.full(shape, value, np.uint8)
    assert keep_percolating(solid, Threads(2)) == value * solid.size
    assert (solid == value).all()


def test_a_snake_through_every_row_is_one_cluster():
    # the longest chain of unions: one path that visits each plane from side to side
    solid = np.zeros((9, 9, 9), np.uint8)
    solid[:, ::2, :] = 1
    for j in range(1, 9, 2):
        solid[:, j, 0 if j % 4 == 1 else -1] = 1
    solid[1::2] = 0
    for k in range(1, 9, 2):
        solid[k, 0 if k % 4 == 3 else -1, -1] = 1
    before = solid.copy()
    assert keep_percolating(solid, Threads(3)) == before.sum()
    assert (solid == before).all()


@pytest.mark.parametrize("periodic", SIDES)
def test_runs_list_every_conducting_cell_once_and_label_its_cluster(rng, periodic):
    solid = (rng.random((6, 7, 8)) < 0.4).astype(np.uint8)
    runs = Threads(2).label(solid.copy(), periodic)
    expected = labelled(solid, periodic)
    seen, number = np.zeros_like(solid), {}
    for row in range(6 * 7):
        for a in range(runs.first[row], runs.first[row + 1]):
            root = a
            while runs.parent[root] != root:
                root = runs.parent[root]
            place = np.s_[row // 7, row % 7, runs.start[a] : runs.stop[a]]
            seen[place] += 1
            (cluster,) = np.unique(expected[place])
            assert number.setdefault(int(root), cluster) == cluster
    assert (seen == solid).all()
    assert len(set(number.values())) == len(number)
