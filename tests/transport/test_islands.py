"""Islands of a much better conductor: their potentials are levelled by a second multigrid."""

import numpy as np
import pytest

from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.operator import build
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.solvers.conjugate_gradients import ConjugateGradients
from poreflux.transport.solvers.islands import HELD, Islands, find_islands, preconditioner
from poreflux.transport.solvers.multigrid import Multigrid, hierarchy
from poreflux.transport.solvers.solution import lower_energy, start
from tests.physics import media
from tests.transport.packed import RED, cells, colour, vector

CONTRAST = 1e6


def good_sites(shape, share=0.25, seed=4):
    """Return sites of a good conductor at random in a poor one: they do not percolate."""
    return np.where(media.random_sites(shape, share, seed), 1.0, 1 / CONTRAST)


@pytest.fixture
def problem():
    return Problem(good_sites((12, 14, 16)), (1.0, 1.0, 1.0))


@pytest.fixture
def operator(problem):
    return build(problem, Threads(1), np.float64)


def random_red(shape, rng):
    return np.where(colour(shape) == RED, rng.standard_normal(shape), 0)


def test_the_sum_of_both_multigrids_is_symmetric_and_positive(problem, operator, rng):
    both = preconditioner(problem, operator, find_islands(problem, operator.engine))
    assert isinstance(both, Islands)
    x, y = random_red(problem.shape, rng), random_red(problem.shape, rng)
    packed = [vector(operator, v) for v in (x, y)]
    z = operator.vector(dtype=np.float32)
    xMx = both.precondition(packed[0], z)
    Mx = cells(operator, z).astype(float)
    yMy = both.precondition(packed[1], z)
    My = cells(operator, z).astype(float)
    assert xMx > 0
    assert yMy > 0
    assert xMx == pytest.approx((x * Mx).sum(), rel=1e-5)
    # float32, and potentials of the poor conductor a million times as large as those of the good
    assert (x * My).sum() == pytest.approx((y * Mx).sum(), abs=1e-4 * np.sqrt(xMx * yMy))


def test_an_average_levels_each_island_and_keeps_its_sum(problem, operator, rng):
    both = preconditioner(problem, operator, find_islands(problem, operator.engine))
    values, out = vector(operator, random_red(problem.shape, rng)), operator.vector()
    both.average(values, out)
    islands = both.labels.ravel()
    assert islands.max() > 20
    assert np.ptp(out.ravel()[islands == HELD]) == 0
    for island in range(HELD + 1, islands.max() + 1):
        levelled, before = out.ravel()[islands == island], values.ravel()[islands == island]
        assert levelled == pytest.approx(before.sum() / max(before.size, 1), rel=1e-12)
    np.testing.assert_array_equal(out.ravel()[islands == 0], values.ravel()[islands == 0])


def test_islands_take_a_third_of_the_iterations():
    problem = Problem(good_sites((20, 20, 20)), (1.0, 1.0, 1.0))
    operator = build(problem, Threads(1), np.float64)
    runs = []
    for chosen in (
        hierarchy(operator),
        preconditioner(problem, operator, find_islands(problem, operator.engine)),
    ):
        x = start(operator, None)
        runs.append(lower_energy(ConjugateGradients(operator, chosen), x, 1e-4))
    plain, both = runs
    assert both.run.iterations <= plain.run.iterations / 3
    assert both.certificate.energy == pytest.approx(plain.certificate.energy, rel=2e-4)


@pytest.mark.parametrize(
    "cells",
    [
        np.ones((8, 8, 8), np.uint8),  # one conductor
        np.where(good_sites((8, 8, 8)) == 1, 50.0, 1.0),  # not much better
        good_sites((8, 8, 8), 0.6),  # the good one carries the current
        np.where(np.arange(512).reshape(8, 8, 8) < 64, 1.0, 1e-6),  # it is held by a driven face
    ],
)
def test_other_media_take_the_multigrid_alone(cells):
    problem = Problem(cells, (1.0, 1.0, 1.0))
    assert find_islands(problem, Threads(1)) is None
    assert isinstance(preconditioner(problem, build(problem, Threads(1)), None), Multigrid)
