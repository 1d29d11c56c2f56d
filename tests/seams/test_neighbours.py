"""What the neighbours of a box do, alone and among others: the same as on the undivided volume."""

import numpy as np
import pytest

from poreflux.kernels.redblack import GHOST, packed_shape
from poreflux.transport.laplace.neighbours import SingleBox
from poreflux.transport.parallel.neighbours import Ranks
from tests.mpi.virtual import on_boxes

SHAPE = (8, 6, 10)
PERIODIC = [(False, False, False), (True, False, True), (False, True, True)]

#: edges of the boxes, or None for what has no others
DIVISIONS = {"single": None, "one rank": (0, 8), "two": (0, 4, 8), "three": (0, 2, 4, 8)}


@pytest.fixture(params=DIVISIONS)
def each_box(request):
    """Return what runs a body for each box with its neighbours and its range of planes."""
    edges = DIVISIONS[request.param]

    def run(body, periodic=(False, False, False)):
        if edges is None:
            return [body(SingleBox(SHAPE[0], periodic), 0, SHAPE[0])]

        def on_box(link):
            grids = 1  # three grids of two planes would be none
            ranks = Ranks(link, edges, periodic, grids)
            return body(ranks, edges[link.rank], edges[link.rank + 1])

        return on_boxes(len(edges) - 1, on_box)

    return run


def whole_vector(periodic, rng) -> np.ndarray:
    """Return a packed vector (2, Z, Y, H) of the undivided volume, its ghosts filled."""
    array = np.zeros((2, *packed_shape(SHAPE)))
    own = np.s_[:, GHOST:-GHOST, GHOST:-GHOST, 1:-1]
    array[own] = rng.random(array[own].shape)
    if periodic[0]:
        array[:, :GHOST] = array[:, -2 * GHOST : -GHOST]
        array[:, -GHOST:] = array[:, GHOST : 2 * GHOST]
    if periodic[1]:
        array[..., :GHOST, :] = array[..., -2 * GHOST : -GHOST, :]
        array[..., -GHOST:, :] = array[..., GHOST : 2 * GHOST, :]
    if periodic[2]:
        array[..., 0], array[..., -1] = array[..., -2], array[..., 1]
    return array


@pytest.mark.parametrize("periodic", PERIODIC)
def test_ghosts_are_the_planes_of_the_undivided_volume(each_box, rng, periodic):
    whole = whole_vector(periodic, rng)

    def body(neighbours, start, stop):
        array = np.zeros((2, stop - start + 2 * GHOST, *whole.shape[2:]))
        own = np.s_[:, GHOST:-GHOST, GHOST:-GHOST, 1:-1]
        array[own] = whole[:, start + GHOST : stop + GHOST, GHOST:-GHOST, 1:-1]
        neighbours.fill_ghosts(array)
        return array, whole[:, start : stop + 2 * GHOST]

    for array, expected in each_box(body, periodic):
        np.testing.assert_array_equal(array, expected)


def test_places_sums_and_rows_are_those_of_the_undivided_volume(each_box, rng):
    rows = rng.random((SHAPE[0] + 1, 5))

    def body(neighbours, start, stop):
        assert (neighbours.first, neighbours.planes) == (start, SHAPE[0])
        gathered = neighbours.gather(rows[start : stop + 1].copy())
        collected = neighbours.collect(rows[start:stop])
        assert np.array_equal(collected[neighbours.box], rows[start:stop])
        assert np.array_equal(np.concatenate(collected), rows[:-1])
        return neighbours.sum(float(stop - start)), gathered

    for total, gathered in each_box(body):
        assert total == SHAPE[0]
        np.testing.assert_array_equal(gathered, rows)


@pytest.mark.parametrize("along", [False, True])
def test_planes_before_after_and_outermost_are_those_of_the_undivided_volume(each_box, rng, along):
    cells = rng.random(SHAPE)
    nothing = np.zeros(SHAPE[1:])

    def body(neighbours, start, stop):
        own = cells[start:stop].copy()
        before = cells[start - 1] if start or along else nothing
        after = cells[stop % SHAPE[0]] if stop < SHAPE[0] or along else nothing
        pairs = zip(neighbours.adjacent(own), (before, after))
        pairs = [*pairs, *zip(neighbours.outermost(own), (cells[0], cells[-1]))]
        return all(np.array_equal(found, expected) for found, expected in pairs)

    assert all(each_box(body, (along, False, False)))


@pytest.mark.parametrize("periodic", PERIODIC)
def test_coarser_grids_halve_the_planes_and_cut_odd_seams(each_box, periodic):
    shape = tuple(n // 2 for n in SHAPE)  # (4, 3, 5): odd along the sides

    def body(neighbours, start, stop):
        coarse = neighbours.coarser(((stop - start) // 2, *shape[1:]))
        return coarse.planes, coarse.first, coarse.periodic, start // 2

    for planes, first, kept, expected in each_box(body, periodic):
        assert (planes, first) == (shape[0], expected)
        assert kept == (periodic[0], False, False)
