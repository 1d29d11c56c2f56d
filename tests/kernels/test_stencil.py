"""The fused passes over a box, in two slabs, against the assembled matrix."""

import numpy as np
import pytest

from poreflux.kernels import diagonal, redblack, stencil
from poreflux.kernels.redblack import GHOST
from tests.kernels.twin import Twin
from tests.transport.conftest import problem_of
from tests.transport.packed import BLACK, RED, colour, schur


@pytest.fixture
def twin(problem):
    return Twin(problem)


def passes(twin, kernel, *arguments):
    """Run a pass slab by slab; return the sum of what it returns."""
    operator = twin.operator
    slabs = redblack.slabs(twin.problem.shape[0], 2)
    assert len(slabs) == 2
    results = [kernel(operator.kernel, *arguments, a, b, twin.work) for a, b in slabs]
    return sum(result for result in results if result is not None)


def red(u):
    return np.where(colour(u.shape) == RED, u, 0)


def reduced(twin, u):
    """Return S u of red cells, blocked ones zero."""
    is_red = (colour(u.shape) == RED).ravel()
    out = np.zeros(u.size)
    out[is_red] = schur(twin.A, u.shape) @ u.ravel()[is_red]
    return out.reshape(u.shape)


def test_the_residual_is_what_the_solved_black_cells_leave_of_red_ones(twin, rng):
    x = red(twin.random(rng))
    source = twin.operator.source
    r = twin.operator.vector()
    square = passes(twin, stencil.residual, source, twin.pack(x, 1), r)
    u = twin.relaxed(x, twin.b.reshape(x.shape), BLACK)
    expected = red(twin.b.reshape(x.shape) - (twin.A @ u.ravel()).reshape(x.shape))
    assert twin.unpack(r) == pytest.approx(expected, abs=1e-12)
    assert square == pytest.approx((expected**2).sum(), rel=1e-12)


def test_the_curvature_is_that_of_the_reduced_matrix(twin, rng):
    p = red(twin.random(rng))
    curvature = passes(twin, stencil.curvature, twin.pack(p, 1))
    assert curvature == pytest.approx((p * reduced(twin, p)).sum(), rel=1e-12)


def applied(twin, p):
    """Return S p as the kernel gives it, and p . S p; it writes own planes without ghosts."""
    y = twin.operator.vector()
    product = passes(twin, stencil.apply, twin.pack(p, 1), y[0, GHOST:-GHOST])
    return twin.unpack(y), product


def test_applying_gives_the_product_and_returns_its_square_form(twin, rng):
    p = red(twin.random(rng))
    y, product = applied(twin, p)
    assert y == pytest.approx(reduced(twin, p), abs=1e-12)
    assert product == pytest.approx((p * y).sum(), rel=1e-12)


def test_dividing_by_the_diagonal_gives_the_product_with_the_residual(twin, rng):
    r = red(twin.random(rng))
    z = twin.operator.vector()
    product = passes(twin, diagonal.divide, twin.pack(r, 1), z)
    d = twin.A.diagonal().reshape(r.shape)
    expected = np.divide(r, d, out=np.zeros(r.shape), where=d > 0)
    assert twin.unpack(z) == pytest.approx(expected, abs=1e-13)
    assert product == pytest.approx((r * expected).sum(), rel=1e-12)


def test_advancing_moves_solution_and_residual(twin, rng):
    p, x, r = (red(twin.random(rng)) for _ in range(3))
    packed = [twin.pack(u, 1) for u in (p, x, r)]
    square = passes(twin, stencil.advance, 0.3, *packed)
    expected = r - 0.3 * reduced(twin, p)
    assert twin.unpack(packed[1]) == pytest.approx(x + 0.3 * p, abs=1e-13)
    assert twin.unpack(packed[2]) == pytest.approx(expected, abs=1e-12)
    assert square == pytest.approx((expected**2).sum(), rel=1e-12)


def test_a_ramp_falls_by_its_slope_in_conducting_red_cells(twin):
    x = twin.operator.vector()
    passes(twin, stencil.ramp, x, -0.25, 3.0)
    plane = np.indices(twin.problem.shape)[0]
    expected = red((3 - 0.25 * plane) * (twin.degree > 0))
    assert twin.unpack(x) == pytest.approx(expected, abs=1e-14)


def solved(twin, rng):
    """Return a random potential of red cells and that of all cells, black ones in balance."""
    x = red(twin.random(rng))
    return x, twin.relaxed(x, twin.b.reshape(x.shape), BLACK)


def test_the_potential_of_all_cells_follows_from_the_red_ones(twin, rng):
    x, u = solved(twin, rng)
    shape = twin.problem.shape
    _, height, pairs = redblack.packed_shape(shape)
    out = np.zeros(shape, np.float32)
    for a, b in redblack.slabs(shape[0], 2):
        work = np.zeros((2, height, pairs)), np.zeros(pairs)
        source = twin.operator.source
        stencil.potential(twin.operator.kernel, source, twin.pack(x, 1), out[a:b], a, b, work)
    expected = np.where(twin.degree > 0, u, np.nan)
    assert out == pytest.approx(expected, abs=1e-6, nan_ok=True)


def differences(twin, u):
    """Return the flux into each cell from the one before it and out of it to the next, per axis."""
    problem, number = twin.problem, np.arange(u.size).reshape(u.shape)
    fluxes = []
    for axis in range(3):
        before = np.roll(number, 1, axis)
        G = -twin.A[number.ravel(), before.ravel()].reshape(u.shape)
        if not problem.periodic[axis]:
            G[(slice(None),) * axis + (0,)] = 0
        into = G * (np.roll(u, 1, axis) - u)
        fluxes.append([into, np.roll(into, -1, axis)])
    if problem.boundary == "driven":
        half = 2 * problem.weights()[0] * problem.cells
        fluxes[0][0][0] = half[0] * (1 - u[0])
        fluxes[0][1][-1] = half[-1] * u[-1]
    return fluxes


def test_the_current_density_has_the_mean_flux_of_a_cell_along_each_axis(twin, rng):
    x, u = solved(twin, rng)
    shape = twin.problem.shape
    _, height, pairs = redblack.packed_shape(shape)
    scales, out = (2.0, 3.0, 5.0), np.zeros(shape, np.float32)
    for a, b in redblack.slabs(shape[0], 2):
        work = np.zeros((3, 2, height, pairs)), np.zeros(pairs)
        kernel, source = twin.operator.kernel, twin.operator.source
        stencil.current(kernel, source, twin.pack(x, 1), out[a:b], scales, a, b, work)
    parts = [s * (i + o) / 2 for s, (i, o) in zip(scales, differences(twin, u))]
    expected = np.where(twin.degree > 0, np.sqrt(sum(part**2 for part in parts)), np.nan)
    assert out == pytest.approx(expected, rel=1e-5, abs=1e-5, nan_ok=True)


def test_the_integrals_over_planes_are_sums_over_faces(twin, rng):
    x, u = solved(twin, rng)
    shape = twin.problem.shape
    _, height, pairs = redblack.packed_shape(shape)
    planes = np.zeros((shape[0] + 1, 5))
    energy = 0.0
    for a, b in redblack.slabs(shape[0], 2):
        work = np.zeros((2, 2, height, pairs)), np.zeros(pairs)
        energy += stencil.fluxes(
            twin.operator.kernel, twin.operator.source, twin.pack(x, 1), planes, a, b, work
        )
    on = twin.degree > 0
    into = [part[0] for part in differences(twin, u)]
    assert planes[:-1, 0] == pytest.approx(into[0].sum((1, 2)), abs=1e-10)
    assert planes[:-1, 1] == pytest.approx((u * on).sum((1, 2)), abs=1e-10)
    assert planes[:-1, 2] == pytest.approx(on.sum((1, 2)))
    assert planes[:-1, 3] == pytest.approx(into[1].sum((1, 2)), abs=1e-10)
    assert planes[:-1, 4] == pytest.approx(into[2].sum((1, 2)), abs=1e-10)
    quadratic = u.ravel() @ twin.A @ u.ravel() - 2 * twin.b @ u.ravel() + twin.b.sum()
    assert energy == pytest.approx(quadratic, rel=1e-10)


def test_tiles_do_not_show(rng):
    # more rows than a tile has: its edges must see the rows beyond them
    problem = problem_of(("binary", "insulated", "driven"), (4, 2 * stencil.TILE + 5, 4))
    twin = Twin(problem)
    p = red(twin.random(rng))
    assert applied(twin, p)[0] == pytest.approx(reduced(twin, p), abs=1e-12)
    assert twin.work.shape[1] < problem.shape[1] + 2 * GHOST
