"""The multigrid of the graph of cells: symmetric, positive, quick where that of boxes is slow."""

import tracemalloc

import numpy as np
import pytest

from poreflux.transport.engines import graph as graphs
from poreflux.transport.engines.cuda.engine import Cuda
from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.operator import build
from poreflux.transport.laplace.percolation import percolate
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.solvers import stages
from poreflux.transport.solvers.graph_multigrid import GraphMultigrid
from poreflux.transport.solvers.solution import solve
from poreflux.transport.solvers.stages import Patience, Slow, Stage, first_stage, has_islands
from tests.physics import media
from tests.transport.conftest import DRIVEN, problem_of
from tests.transport.packed import RED, cells, colour, operator_of, vector

CONTRAST = 1e6


def good_sites(shape, share=0.25, seed=4):
    """Return sites of a good conductor at random in a poor one: they do not percolate."""
    return np.where(media.random_sites(shape, share, seed), 1.0, 1 / CONTRAST)


def near_threshold(edge, sides="insulated"):
    """Return the problem of sites at random just above their percolation threshold."""
    sites, side = media.random_sites((edge,) * 3, 0.33, 1), sides == "periodic"
    assert percolate(sites, Threads(1), (False, side, side))
    return Problem(sites, (1.0, 1.0, 1.0), sides)


def random_red(problem, rng):
    x = rng.standard_normal(problem.shape) * (problem.cells > 0)
    return np.where(colour(problem.shape) == RED, x, 0)


def preconditioned(operator, multigrid, r):
    z = operator.vector(dtype=np.float32)
    product = multigrid.precondition(vector(operator, r), z)
    return product, cells(operator, z).astype(float)


@pytest.fixture(params=DRIVEN, ids="-".join)
def large(request):
    return problem_of(request.param, (12, 14, 16))


def test_the_cycle_is_symmetric_and_positive(large, rng):
    operator = operator_of(large)
    multigrid = GraphMultigrid(operator, large.cells)
    assert len(multigrid.cycle.graphs) > 1
    x, y = random_red(large, rng), random_red(large, rng)
    xMx, Mx = preconditioned(operator, multigrid, x)
    yMy, My = preconditioned(operator, multigrid, y)
    assert xMx > 0
    assert yMy > 0
    assert xMx == pytest.approx((x * Mx).sum(), rel=1e-5)
    assert (x * My).sum() == pytest.approx((y * Mx).sum(), abs=1e-5 * np.sqrt(xMx * yMy))


@pytest.mark.parametrize("count", [1, 2])
def test_a_graph_that_nothing_makes_coarser_is_smoothed(count, rng, monkeypatch):
    made = graphs.aggregate
    monkeypatch.setattr(graphs, "MOST", 100)
    monkeypatch.setattr(
        graphs,
        "aggregate",
        lambda fine, worst: None if fine.nodes < 800 or count == 1 else made(fine, worst),
    )
    problem = Problem(good_sites((12, 12, 12)), (1.0, 1.0, 1.0))
    operator = operator_of(problem)
    multigrid = GraphMultigrid(operator, problem.cells)
    assert len(multigrid.cycle.graphs) == count
    assert multigrid.cycle.factor is None
    x, y = random_red(problem, rng), random_red(problem, rng)
    xMx, Mx = preconditioned(operator, multigrid, x)
    yMy, My = preconditioned(operator, multigrid, y)
    assert min(xMx, yMy) > 0
    assert (x * My).sum() == pytest.approx((y * Mx).sum(), abs=1e-5 * np.sqrt(xMx * yMy))


def test_memory_is_counted(monkeypatch):
    for medium in (good_sites((48, 48, 48)), near_threshold(48).cells):
        problem = Problem(medium, (1.0, 1.0, 1.0))
        operator = build(problem, Threads(1), np.float32)
        tracemalloc.start()
        GraphMultigrid(operator, medium)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        monkeypatch.setattr(stages, "free_memory", lambda peak=peak: 2 * peak)
        assert not stages.fits(problem)
        monkeypatch.setattr(stages, "free_memory", lambda peak=peak: 5 * peak)
        assert stages.fits(problem)


def test_threads_do_not_change_the_cycle(rng):
    problem = near_threshold(48)
    r, answers = random_red(problem, rng), []
    for threads in (1, 3):
        operator = operator_of(problem, threads=threads)
        answers.append(preconditioned(operator, GraphMultigrid(operator, problem.cells), r)[1])
        operator.engine.close()
    np.testing.assert_array_equal(*answers)


def test_a_graphics_processor_gets_the_same_cycle(rng):
    problem = problem_of(DRIVEN[0], (8, 10, 12))
    r, answers = random_red(problem, rng), []
    for engine in (Threads(1), Cuda(1)):
        operator = build(problem, engine, np.float64)
        answers.append(preconditioned(operator, GraphMultigrid(operator, problem.cells), r)[1])
        engine.close()
    np.testing.assert_allclose(answers[1], answers[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "problem, most",
    [
        (near_threshold(48), 28),  # 53 with the multigrid of boxes
        (near_threshold(48, "periodic"), 30),
        (Problem(good_sites((24, 24, 24)), (1.0, 1.0, 1.0)), 16),
        (Problem(good_sites((24, 24, 24)), (1.0, 1.0, 1.0), "periodic"), 16),
    ],
    ids=["threshold", "threshold, periodic", "islands", "islands, periodic"],
)
def test_hard_media_take_few_iterations(problem, most):
    found = solve(problem, Threads(1), rtol=1e-4)
    assert found.run.iterations <= most


def test_both_multigrids_find_the_same(monkeypatch):
    problem = near_threshold(24)
    quick = solve(problem, Threads(1), rtol=1e-8)
    monkeypatch.setattr(stages, "fits", lambda problem: False)
    slow = solve(problem, Threads(1), rtol=1e-8)
    assert quick.run.iterations < slow.run.iterations
    assert quick.energy == pytest.approx(slow.energy, rel=1e-8)
    assert quick.relative_error <= 1e-8


@pytest.mark.parametrize(
    "cells, islands",
    [
        (good_sites((8, 8, 8)), True),
        (np.ones((8, 8, 8), np.uint8), False),  # one conductor
        (np.where(good_sites((8, 8, 8)) == 1, 50.0, 1.0), False),  # not much better
        (good_sites((8, 8, 8), 0.6), False),  # the good one carries the current
        (np.where(np.arange(512).reshape(8, 8, 8) < 64, 1.0, 1e-6), False),  # it is held by a face
    ],
)
def test_islands_begin_with_the_graph(cells, islands):
    problem = Problem(cells, (1.0, 1.0, 1.0))
    assert has_islands(problem, Threads(1)) == islands
    stage = first_stage(problem, Threads(1), 1e-4, None)
    assert stage == (Stage("float64", "graph") if islands else Stage("float32", "multigrid"))


def test_patience_ends_where_many_iterations_are_to_come():
    problem = Problem(np.ones((8, 8, 8), np.uint8), (1.0, 1.0, 1.0))
    quick, slow = Patience(problem, 1e-4), Patience(problem, 1e-4)
    for n in range(1, 12):
        quick(n, 1.0, 0.4**n)
    for n in range(1, 8):
        slow(n, 1.0, 0.9**n)
    with pytest.raises(Slow, match="after 8 iterations"):
        slow(8, 1.0, 0.9**8)


def test_without_memory_the_multigrid_of_boxes_goes_on(monkeypatch):
    monkeypatch.setattr(stages, "free_memory", lambda: 10**6)
    problem = near_threshold(24)
    notes = []
    solve(problem, Threads(1), rtol=1e-4, progress=lambda *step: notes.append(step[2]))
    assert not any("graph" in note for note in notes)
