"""The preconditioner is a symmetric positive approximation of the inverse, whatever the medium."""

import numpy as np
import pytest

from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.percolation import percolate
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.solvers import solution as solving
from poreflux.transport.solvers.multigrid import (
    DirectBottom,
    Multigrid,
    coarser,
    hierarchy,
    matrix,
)
from tests.physics import media
from tests.transport.conftest import DRIVEN, SPACING, problem_of
from tests.transport.packed import RED, assembled, cells, colour, operator_of, schur, vector

#: even shapes of which the coarser grids have odd and even numbers of cells, and one voxel thick
SHAPES = [(12, 14, 16), (20, 10, 6), (2, 20, 22), (30, 2, 14)]


def preconditioned(operator, multigrid, r):
    """Return z = M r for red cells r (z, y, x)."""
    z = operator.vector(dtype=np.float32)
    multigrid.precondition(vector(operator, r), z)
    return cells(operator, z).astype(float)


def random_red(problem, rng):
    x = rng.standard_normal(problem.shape) * (problem.cells > 0)
    return np.where(colour(problem.shape) == RED, x, 0)


@pytest.fixture(params=SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def large(request, kind):
    return problem_of(kind, request.param)


def test_the_cycle_is_symmetric(large, rng):
    operator = operator_of(large)
    multigrid = hierarchy(operator)
    assert len(multigrid.levels) > 1
    x, y = random_red(large, rng), random_red(large, rng)
    Mx, My = preconditioned(operator, multigrid, x), preconditioned(operator, multigrid, y)
    size = np.sqrt((x * Mx).sum() * (y * My).sum())
    # float32, and condition numbers of a hundred or so
    assert (x * My).sum() == pytest.approx((y * Mx).sum(), abs=1e-4 * size)


def test_the_cycle_is_positive(large, rng):
    operator = operator_of(large)
    multigrid = hierarchy(operator)
    for _ in range(5):
        x = random_red(large, rng)
        assert (x * preconditioned(operator, multigrid, x)).sum() > 0


def test_the_cycle_returns_the_product_of_its_argument_and_its_answer(large, rng):
    operator = operator_of(large)
    r, z = random_red(large, rng), operator.vector(dtype=np.float32)
    product = hierarchy(operator).precondition(vector(operator, r), z)
    assert product == pytest.approx((r * cells(operator, z)).sum(), rel=1e-5)


def test_the_cycle_approximates_the_inverse(kind):
    # all eigenvalues of the preconditioned operator, of a grid with one coarser one
    problem = problem_of(kind, (8, 10, 12))
    operator = operator_of(problem)
    multigrid = hierarchy(operator)
    red = (colour(problem.shape) == RED).ravel()
    on = red & (problem.cells.ravel() > 0)
    M = np.zeros((on.sum(), on.sum()))
    for column, number in enumerate(np.flatnonzero(on)):
        unit = np.zeros(problem.cells.size)
        unit[number] = 1
        M[:, column] = preconditioned(operator, multigrid, unit.reshape(problem.shape)).ravel()[on]
    S = schur(assembled(problem)[0], problem.shape)[np.ix_(on[red], on[red])]
    values, vectors = np.linalg.eigh(S)
    root = vectors * np.sqrt(np.maximum(values, 0))
    spectrum = np.linalg.eigvalsh(root.T @ (M + M.T) / 2 @ root)
    if problem.boundary == "periodic":
        spectrum = spectrum[1:]  # of the constant
    assert spectrum[0] > 1e-3
    assert spectrum[-1] < 6  # half of Galerkin's matrix corrects twice, and seams are cut


def test_a_small_grid_is_solved_exactly(problem, rng):
    # no iteration is needed where there is one grid only
    operator = operator_of(problem)
    multigrid = Multigrid([operator], DirectBottom(operator))
    S = schur(assembled(problem)[0], problem.shape)
    red = (colour(problem.shape) == RED).ravel()
    x = random_red(problem, rng).ravel()
    b = np.zeros_like(x)
    b[red] = S @ x[red]
    answer = preconditioned(operator, multigrid, b.reshape(problem.shape)).ravel()
    if problem.boundary == "periodic":  # known but for a constant
        on = red & (problem.cells.ravel() > 0)
        answer[on] += (x - answer)[on].mean()
    assert answer == pytest.approx(x, abs=2e-4)


def test_the_matrix_of_a_grid_is_the_assembled_one(problem):
    # conductances are read in float32
    assert matrix(operator_of(problem)) == pytest.approx(assembled(problem)[0], abs=1e-6)


def test_a_coarse_grid_conducts_half_of_what_its_faces_sum_up_to(kind):
    # the sum is Galerkin's matrix with piecewise constants, which would conduct twice too much
    problem = problem_of(kind, (8, 12, 4))
    fine = assembled(problem)[0]
    number = np.ravel_multi_index(np.indices(problem.shape) // 2, (4, 6, 2)).ravel()
    P = np.zeros((fine.shape[0], 48))
    P[np.arange(fine.shape[0]), number] = 1
    coarse = matrix(coarser(operator_of(problem)))
    assert coarse == pytest.approx(P.T @ fine @ P / 2, abs=1e-5)


def test_an_odd_number_of_cells_is_padded_with_nothing():
    problem = problem_of(("phases", "insulated", "driven"), (7, 5, 9))
    fine = assembled(problem)[0]
    number = np.ravel_multi_index(np.indices(problem.shape) // 2, (4, 3, 5)).ravel()
    P = np.zeros((fine.shape[0], 60))
    P[np.arange(fine.shape[0]), number] = 1
    coarse = matrix(coarser(operator_of(problem)))
    assert coarse == pytest.approx(P.T @ fine @ P / 2, abs=1e-5)


@pytest.mark.parametrize("sides", ["insulated", "periodic"])
@pytest.mark.parametrize("cells", [np.uint8, float])
def test_the_coarse_grid_of_a_uniform_medium_is_the_rediscretised_one(sides, cells):
    fine = operator_of(Problem(np.ones((8, 12, 16), cells), SPACING, sides))
    once, twice = coarser(fine), coarser(coarser(fine))
    for grid, shape, times in ((once, (4, 6, 8), 2), (twice, (2, 3, 4), 4)):
        if sides == "periodic" and shape[1] % 2:
            continue  # an odd number of cells does not close in two colours: the seam is cut
        # edges of all cells twice as long: area over distance twice as large
        direct = operator_of(Problem(np.ones(shape, cells), SPACING, sides))
        assert matrix(grid) == pytest.approx(times * matrix(direct), rel=1e-6)


@pytest.mark.parametrize("contrast", [1e-3, 1e-6])
def test_the_coarsest_grid_keeps_the_weak_modes_of_a_high_contrast(contrast, rng):
    # an island of good conductor in a poor one: its potential is a mode a million times as weak
    solid = np.full((6, 6, 6), contrast)
    solid[2:4, 2:4, 2:4] = 1
    operator = operator_of(Problem(solid, SPACING))
    multigrid, A = hierarchy(operator), matrix(operator)
    assert len(multigrid.levels) == 1
    x, found = rng.standard_normal(operator.shape), operator.vector(2, np.float32)
    b = (A @ x.ravel()).reshape(operator.shape)
    multigrid.bottom.solve(vector(operator, b, 2, np.float32), found)
    # the right-hand side is float32, of which the weak mode sees the round-off
    assert cells(operator, found) == pytest.approx(x, abs=1e-6 / contrast)
    poor = solid < 1
    assert cells(operator, found)[poor] == pytest.approx(x[poor], abs=0.02)


def iterations(medium: str, edge: int, sides: str) -> int:
    """Return the iterations to five digits in a cube."""
    cells, side = media.BINARY[medium]((edge,) * 3), sides == "periodic"
    assert percolate(cells, Threads(), (False, side, side))
    return solving.solve(
        Problem(cells, (1.0, 1.0, 1.0), sides), Threads(1), rtol=1e-5
    ).run.iterations


@pytest.mark.parametrize("medium", ["dense noise", "clustered pores"])
@pytest.mark.parametrize("sides", ["insulated", "periodic"])
def test_iterations_do_not_grow_with_the_volume(medium, sides):
    # without a preconditioner their number would double from each edge to the next
    counts = [iterations(medium, edge, sides) for edge in (16, 32, 64)]
    assert max(counts) <= min(counts) + 1
    assert max(counts) <= 6


@pytest.mark.parametrize("medium", media.BINARY)
@pytest.mark.parametrize("sides", ["insulated", "periodic"])
def test_hard_media_take_tens_of_iterations(medium, sides):
    assert iterations(medium, 48, sides) <= 60


@pytest.mark.parametrize("sides", ["insulated", "periodic"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_uniform_medium_with_one_defect_takes_few_iterations(sides, precision):
    cells = np.ones((32, 32, 32), np.uint8)
    cells[16, 16, 16] = 0
    problem = Problem(cells, SPACING, sides)
    assert solving.solve(problem, Threads(1), rtol=1e-5, precision=precision).run.iterations <= 4


@pytest.mark.parametrize("kind", DRIVEN, ids=lambda kind: "-".join(kind))
def test_threads_do_not_change_the_cycle(kind, rng):
    problem = problem_of(kind, (10, 80, 80))
    r = random_red(problem, rng)
    answers = []
    for threads in (1, 2, 3):
        operator = operator_of(problem, threads=threads)
        assert len(operator.engine.slabs(operator.shape)) == threads
        answers.append(preconditioned(operator, hierarchy(operator), r))
    assert answers[1] == pytest.approx(answers[0], abs=1e-5 * abs(answers[0]).max())
    assert answers[2] == pytest.approx(answers[0], abs=1e-5 * abs(answers[0]).max())
