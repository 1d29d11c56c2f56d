"""The operator on red cells is what elimination of the black ones leaves of the whole matrix."""

import numpy as np
import pytest

from poreflux.transport.solvers import solution as solving
from tests.physics import direct
from tests.transport.conftest import DRIVEN, KINDS, problem_of
from tests.transport.packed import BLACK, RED, assembled, cells, colour, operator_of, schur, vector


def applied(operator, x):
    """Return S x for red cells x (z, y, x)."""
    packed, r = vector(operator, x), operator.vector()
    operator.source[:] = 0
    operator.residual(packed, r)
    return -cells(operator, r)


def red_only(x):
    return np.where(colour(x.shape) == RED, x, 0)


def test_the_operator_is_the_schur_complement_of_the_assembled_matrix(problem):
    operator = operator_of(problem)
    red = colour(problem.shape).ravel() == RED
    S = np.zeros((red.sum(), red.sum()))
    for column, number in enumerate(np.flatnonzero(red)):
        unit = np.zeros(problem.cells.size)
        unit[number] = 1
        S[:, column] = applied(operator, unit.reshape(problem.shape)).ravel()[red]
    expected = schur(assembled(problem)[0], problem.shape)
    on = problem.cells.ravel()[red] > 0
    assert S[np.ix_(on, on)] == pytest.approx(expected[np.ix_(on, on)], abs=1e-12)


def test_the_operator_is_symmetric(kind, rng):
    problem = problem_of(kind, (12, 14, 16))
    operator = operator_of(problem)
    x, y = (red_only(rng.standard_normal(problem.shape)) * (problem.cells > 0) for _ in range(2))
    assert (x * applied(operator, y)).sum() == pytest.approx((y * applied(operator, x)).sum())


def test_the_operator_is_positive(kind, rng):
    problem = problem_of(kind, (12, 14, 16))
    operator = operator_of(problem)
    for _ in range(5):
        x = red_only(rng.standard_normal(problem.shape)) * (problem.cells > 0)
        assert (x * applied(operator, x)).sum() > 0


def test_the_periodic_operator_does_not_see_a_constant():
    problem = problem_of(("phases", "periodic", "periodic"), (6, 8, 10))
    operator = operator_of(problem)
    assert abs(applied(operator, (problem.cells > 0) * 1.0)).max() < 1e-13


def test_curvature_is_the_product_with_the_applied_operator(problem, rng):
    operator = operator_of(problem)
    p = red_only(rng.standard_normal(problem.shape)) * (problem.cells > 0)
    curvature = operator.curvature(vector(operator, p))
    assert curvature == pytest.approx((p * applied(operator, p)).sum(), rel=1e-12)


def test_advance_moves_the_solution_and_its_residual_alike(problem, rng):
    operator = operator_of(problem)
    start = red_only(rng.standard_normal(problem.shape)) * (problem.cells > 0)
    step = red_only(rng.standard_normal(problem.shape)) * (problem.cells > 0)
    x, p = vector(operator, start), vector(operator, step)
    r, expected = operator.vector(), operator.vector()
    operator.residual(x, r)
    square = operator.advance(0.37, p, x, r)
    assert cells(operator, x) == pytest.approx(start + 0.37 * step, abs=1e-14)
    operator.neighbours.fill_ghosts(x)
    assert operator.residual(x, expected) == pytest.approx(square, rel=1e-10)
    assert r == pytest.approx(expected, abs=1e-12)


def test_direct_and_dot_are_those_of_vectors(problem, rng):
    operator = operator_of(problem)
    z, p = (red_only(rng.standard_normal(problem.shape)) for _ in range(2))
    packed = vector(operator, p)
    operator.combine(1.0, vector(operator, z, dtype=np.float32), -0.7, packed)
    assert cells(operator, packed) == pytest.approx(z - 0.7 * p, abs=1e-6)
    product = operator.dot(vector(operator, z), vector(operator, p))
    assert product == pytest.approx((z * p).sum(), rel=1e-12)


@pytest.mark.parametrize("kind", DRIVEN, ids=lambda kind: "-".join(kind))
@pytest.mark.parametrize("threads", [1, 2])
def test_the_energy_and_the_fluxes_of_any_potential_are_those_of_the_network(kind, rng, threads):
    problem = problem_of(kind, (8, 90, 90) if threads == 2 else (6, 8, 10))
    operator = operator_of(problem, threads=threads)
    assert len(operator.engine.slabs(operator.shape)) == threads
    x = red_only(rng.standard_normal(problem.shape)) * (problem.cells > 0)
    energy, planes = solving.integrate(operator, vector(operator, x))

    net = direct.network(
        problem.cells.astype(float),
        problem.spacing,
        sides=problem.sides,
        mean="arithmetic" if problem.arithmetic else "harmonic",
    )
    unit = np.prod(problem.spacing) / min(problem.spacing) ** 2
    u = with_black(net, x)
    assert energy == pytest.approx(net.energy(u.ravel()) / unit, rel=1e-12)
    i, j = net.pairs.T
    flux = net.conductance * (u.ravel()[i] - u.ravel()[j]) / unit
    plane = np.unravel_index(np.arange(u.size), u.shape)[0]
    inside = np.bincount(plane[j], flux * (net.across == 0), len(u))
    low = (net.low * (1 - u.ravel())).sum() / unit
    high = (net.high * u.ravel()).sum() / unit
    assert planes[:, 0] == pytest.approx([low, *inside[1:], high], rel=1e-10, abs=1e-10)
    on = problem.cells > 0
    assert planes[:-1, 1] == pytest.approx((u * on).sum((1, 2)), rel=1e-10, abs=1e-10)
    assert planes[:-1, 2] == pytest.approx(on.sum((1, 2)))
    for axis in (1, 2):
        along = np.bincount(plane[i], flux * (net.across == axis), len(u))
        assert planes[:-1, 2 + axis] == pytest.approx(along, rel=1e-10, abs=1e-10)


def with_black(net, x):
    """Return the potential of all cells: black ones in balance with the red ones of x."""
    u, A = x.ravel().copy(), net.matrix
    black = (colour(x.shape).ravel() == BLACK) & (A.diagonal() > 0)
    u[black] = (net.low - A @ u)[black] / A.diagonal()[black]
    return u.reshape(x.shape)


def test_one_phase_conducts_alike_by_bytes_and_by_conductances(rng):
    # the two kinds of geometry have kernels of their own
    for sides in ("insulated", "periodic"):
        binary = problem_of(("binary", sides, "driven"), (6, 8, 10))
        general = type(binary)(binary.cells.astype(float), binary.spacing, sides)
        x = red_only(rng.standard_normal(binary.shape)) * (binary.cells > 0)
        one, other = (applied(operator_of(p), x) for p in (binary, general))
        assert one == pytest.approx(other, abs=1e-14)


def test_the_ghosts_of_a_vector_are_those_of_its_periodic_image(rng):
    problem = problem_of(("binary", "periodic", "periodic"), (4, 6, 8))
    operator = operator_of(problem)
    x = rng.standard_normal(problem.shape)
    wide = np.pad(x, ((2, 2), (2, 2), (2, 2)), mode="wrap")
    packed = vector(operator, x, 2)
    for k in range(8):
        for j in range(10):
            for c in range(2):
                o = (c + k + j) % 2
                row = wide[k, j, o::2]
                # a row of pairs has one ghost on each side: of two ghost cells it keeps one colour
                assert packed[c, k, j] == pytest.approx(row[: packed.shape[3]])


@pytest.mark.parametrize("kind", KINDS[:3], ids=lambda kind: "-".join(kind))
def test_slabs_of_several_threads_touch_every_cell_once(kind, rng):
    problem = problem_of(kind, (10, 80, 80))
    x = red_only(rng.standard_normal(problem.shape)) * (problem.cells > 0)
    one = applied(operator_of(problem, threads=1), x)
    for threads in (2, 3):
        operator = operator_of(problem, threads=threads)
        assert len(operator.engine.slabs(operator.shape)) == threads
        assert applied(operator, x) == pytest.approx(one, abs=1e-12)
