"""What runs on many processes, on virtual boxes in one: the same numbers as without boxes."""

from dataclasses import replace

import numpy as np
import pytest

from poreflux.kernels.redblack import GHOST, unpack_plane
from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.boundary import boundary_of_half_cells
from poreflux.transport.laplace.neighbours import SingleBox
from poreflux.transport.laplace.operator import build
from poreflux.transport.laplace.percolation import keep_percolating
from poreflux.transport.parallel.multigrid import hierarchy_on_boxes
from poreflux.transport.parallel.neighbours import Ranks
from poreflux.transport.parallel.partition import Partition, partition
from poreflux.transport.parallel.percolation import keep_percolating_on_boxes
from poreflux.transport.solvers import solution as solving
from poreflux.transport.solvers.conjugate_gradients import ConjugateGradients
from poreflux.transport.solvers.multigrid import hierarchy
from tests.mpi.media import problem
from tests.mpi.virtual import Board, ThreadLink, on_boxes
from tests.transport.energy_rule import EnergyError

RTOL = 1e-12

#: an energy right to 1e-12 leaves an error of 1e-6 in the potential, of which float32 cycles that
#: round in another order may change a tenth
SAME = 1e-7


def neighbours(link, problem, layout):
    return Ranks(link, layout.edges, problem.periodic, layout.grids)


def lower(solver, x):
    """Lower the energy of x by the estimate of the iteration, the same however boxes are cut;
    return how many iterations it took."""
    rule = EnergyError(solving.integrate(solver.operator, x)[0], RTOL, "advice")
    solver.lower(x, rule)
    return rule.run.iterations


def prove(solver, x):
    """Lower the energy of x until it is proved to be right; return by which bound."""
    return solving.lower_energy(solver, x, RTOL).certificate.error


def solve_on_boxes(problem, layout, how=lower):
    """Return red potentials of all boxes, energy, integrals per plane, and what `how` returns."""

    def body(link):
        start, stop = layout.span(link.rank)
        box_problem = replace(problem, cells=problem.cells[start:stop])
        operator = build(box_problem, Threads(1), np.float64, neighbours(link, problem, layout))
        x = operator.vector()
        solving.ramp(operator, x)
        solver = ConjugateGradients(operator, hierarchy_on_boxes(operator))
        done = how(solver, x)
        return x[:, GHOST:-GHOST], *solving.integrate(operator, x), done

    boxes = on_boxes(layout.boxes, body)
    return np.concatenate([box[0] for box in boxes], axis=1), *boxes[0][1:]


def solve_on_one_box(problem):
    """Return the same of a single box."""
    operator = build(problem, Threads(1), np.float64)
    x = operator.vector()
    solving.ramp(operator, x)
    iterations = lower(ConjugateGradients(operator, hierarchy(operator)), x)
    return x[:, GHOST:-GHOST], *solving.integrate(operator, x), iterations


MEDIA = [
    ((21, 18, 17), "insulated", 1),
    ((33, 20, 22), "periodic", 1),
    ((24, 9, 14), "insulated", 2),
    ((26, 12, 16), "periodic", 2),
    ((7, 9, 8), "insulated", 1),
]


@pytest.mark.parametrize("shape, sides, phases", MEDIA)
@pytest.mark.parametrize("processes", [2, 4])
def test_boxes_find_the_solution_of_one_process(shape, sides, phases, processes):
    undivided = problem(shape, sides, phases)
    x, energy, planes, iterations = solve_on_one_box(undivided)
    found = solve_on_boxes(undivided, partition(shape, processes))
    assert found[1] == pytest.approx(energy, rel=1e-12)
    assert np.abs(found[0] - x).max() < SAME
    assert np.abs(found[2] - planes).max() < 1e-7
    assert found[3] == iterations


@pytest.mark.parametrize("shape, sides, phases", MEDIA)
def test_boxes_prove_their_error(shape, sides, phases):
    undivided = problem(shape, sides, phases)
    exact = solving.solve(undivided, Threads(1), rtol=1e-13).energy
    _, energy, _, bound = solve_on_boxes(undivided, partition(shape, 3), prove)
    assert -1e-15 <= energy / exact - 1 <= bound <= RTOL


@pytest.mark.parametrize("sides", ["insulated", "periodic"])
@pytest.mark.parametrize(
    "edges, grids",
    [((0, 32, 64), 2), ((0, 24, 40, 64), 3), ((0, 8, 61), 3)],
)
def test_boxes_may_share_any_number_of_grids(sides, edges, grids):
    # the first grid that each process solves alone starts at odd planes for some: 24 / 8, 8 / 8
    undivided = problem((edges[-1], 32, 30), sides)
    x, energy, _, iterations = solve_on_one_box(undivided)
    found = solve_on_boxes(undivided, Partition(edges, 8, grids))
    assert found[1] == pytest.approx(energy, rel=1e-12)
    assert np.abs(found[0] - x).max() < SAME
    assert found[3] == iterations


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("edges", [(0, 4, 12), (0, 2, 4, 12), (0, 4, 6, 10, 12)])
def test_ghosts_are_the_planes_of_the_neighbours(periodic, edges):
    shape, wraps = (12, 6, 8), (periodic, True, True)
    rng = np.random.default_rng(3)
    array = rng.random((2, 12 + 2 * GHOST, 6 + 2 * GHOST, 4 + 2))
    array[:, :GHOST] = array[:, -GHOST:] = 0
    undivided = array.copy()
    SingleBox(0, wraps).fill_ghosts(undivided)

    def body(link):
        a, b = edges[link.rank : link.rank + 2]
        box_array = np.zeros((2, b - a + 2 * GHOST, *array.shape[2:]))
        box_array[:, GHOST:-GHOST] = array[:, a + GHOST : b + GHOST]
        Ranks(link, edges, wraps, 1).fill_ghosts(box_array)
        return (box_array == undivided[:, a : b + 2 * GHOST]).all()

    assert all(on_boxes(len(edges) - 1, body)), shape


@pytest.mark.parametrize("periodic", [(False, False, False), (False, True, True)])
@pytest.mark.parametrize("conducting", [0.0, 0.25, 0.31, 0.33, 0.4, 0.8, 1.0])
@pytest.mark.parametrize("processes", [2, 5])
def test_clusters_across_boxes_are_those_of_the_whole_volume(periodic, conducting, processes):
    shape = (23, 20, 21)
    solid = (np.random.default_rng(4).random(shape) < conducting).astype(np.uint8)
    serial = solid.copy()
    remaining = keep_percolating(serial, Threads(1), periodic)
    layout = partition(shape, processes)

    def body(link):
        start, stop = layout.span(link.rank)
        box_cells = solid[start:stop].copy()
        Ranks(link, layout.edges, periodic, layout.grids)
        return keep_percolating_on_boxes(box_cells, Threads(1), periodic, link=link), box_cells

    boxes = on_boxes(layout.boxes, body)
    assert [box[0] for box in boxes] == [remaining] * layout.boxes
    assert (np.concatenate([box[1] for box in boxes]) == serial).all()


@pytest.mark.parametrize("face", [0, 1])
@pytest.mark.parametrize("processes", [1, 2, 5])
def test_a_contact_on_part_of_a_face_keeps_the_same_cells_on_any_boxes(face, processes):
    shape = (23, 20, 21)
    rng = np.random.default_rng(8)
    solid = np.zeros(shape, np.uint8)
    solid[:] = rng.random(shape[1:]) < 0.45  # many columns apart, each through all boxes
    masks = [None, None]
    masks[face] = rng.random(shape[1:]) < 0.03
    serial, free = solid.copy(), solid.copy()
    remaining = keep_percolating(serial, Threads(1), where=tuple(masks))
    assert 0 < remaining < keep_percolating(free, Threads(1))
    layout = partition(shape, processes)

    def body(link):
        box_cells = solid[slice(*layout.span(link.rank))].copy()
        Ranks(link, layout.edges, (False,) * 3, layout.grids)
        return keep_percolating_on_boxes(
            box_cells, Threads(1), (False,) * 3, link=link, where=masks
        ), box_cells

    boxes = on_boxes(layout.boxes, body)
    assert [box[0] for box in boxes] == [remaining] * layout.boxes
    assert (np.concatenate([box[1] for box in boxes]) == serial).all()


def test_a_cluster_that_winds_through_all_boxes_and_back_is_one():
    solid = np.zeros((12, 3, 9), np.uint8)
    solid[:11, 0, 0] = solid[10, 0, :5] = solid[2:11, 0, 4] = solid[2, 0, 4:] = 1
    solid[2:, 0, 8] = 1  # down, up and down again
    solid[:11, 2, 0] = 1  # a dead end from the low face
    layout = Partition((0, 2, 4, 6, 8, 10, 12), 2, 1)

    def body(link):
        box_cells = solid[slice(*layout.span(link.rank))].copy()
        Ranks(link, layout.edges, (False,) * 3, 1)
        return keep_percolating_on_boxes(box_cells, Threads(1), (False,) * 3, link=link)

    assert on_boxes(6, body) == [int(solid[:, 0].sum())] * 6


def test_planes_that_are_periodic_along_the_transport_need_even_grids():
    with pytest.raises(ValueError, match="multiple of 8"):
        on_boxes(2, lambda link: Ranks(link, (0, 4, 12), (True, True, True), 2))


def test_what_one_box_raises_ends_all():
    def body(link):
        if link.rank == 1:
            raise KeyError("lost")
        link.gather(1.0)

    with pytest.raises(KeyError, match="lost"):
        on_boxes(3, body)


@pytest.mark.parametrize("box, faces", [(0, 1), (1, 0), (2, 2)])
def test_a_box_packs_only_the_links_that_its_planes_touch(box, faces):
    ranks = Ranks(ThreadLink(Board(3), box), (0, 8, 16, 24), (False, False, False), 1)
    half = np.random.default_rng(5).random((2, 6, 7)) + 1
    boundary = boundary_of_half_cells(half, (8, 6, 7), ranks, np.float64, Threads(1))
    assert len(boundary.packed) == 1 + faces
    boundary.interface[:] = 3.0
    boundary.update()
    for number, plane in enumerate(boundary.packed[1:]):
        own = unpack_plane(plane, (0, 23)[number], (8, 6, 7))
        np.testing.assert_array_equal(own, 1 / (1 / half[number] + 1 / 3.0))
    assert not boundary.packed[0].any()
