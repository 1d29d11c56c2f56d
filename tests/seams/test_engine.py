"""What every engine does: allocation and each pass, against plain NumPy on small boxes.

A new engine joins `ENGINES`; a new verb of the protocol without a test here fails the last one.
"""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from poreflux.kernels.cuda.launching import SIMULATED
from poreflux.kernels.redblack import GHOST, packed_shape, unpack_plane, wrap
from poreflux.transport.engines import threads
from poreflux.transport.engines.cuda.engine import Cuda
from poreflux.transport.engines.engine import Clusters, Engine, Network
from poreflux.transport.laplace.operator import build
from poreflux.transport.solvers.error_bound import outer_nodes
from poreflux.transport.solvers.multigrid import coarser, matrix
from poreflux.transport.solvers.solution import ramp
from tests.narrow_device import narrow
from tests.transport.conftest import DRIVEN, KINDS, problem_of
from tests.transport.packed import RED, assembled, cells, colour, schur, vector

SHAPE = (6, 8, 10)

ENGINES = {
    "one thread": lambda: threads.Threads(1),
    "three threads": lambda: threads.Threads(3),
    "cuda": lambda: Cuda(1),  # under its simulator where there is no graphics processor
}


@pytest.fixture(params=ENGINES)
def engine(request, monkeypatch):
    monkeypatch.setattr(threads, "WORTH_SHARING", 0)  # so that small boxes are shared too
    if request.param == "cuda" and SIMULATED:
        narrow(monkeypatch)
    made: Engine = ENGINES[request.param]()
    yield made
    made.close()


@pytest.fixture(params=KINDS, ids="-".join)
def problem(request):
    return problem_of(request.param, SHAPE)


@pytest.fixture
def operator(engine, problem):
    return build(problem, engine, np.float64)


def red(problem, rng) -> np.ndarray:
    """Return random values of red conducting cells, zero elsewhere."""
    on = (problem.cells > 0) & (colour(problem.shape) == RED)
    return np.where(on, rng.standard_normal(problem.shape), 0)


def reduced(problem) -> tuple[np.ndarray, np.ndarray]:
    """Return the matrix and the right-hand side of red cells, black ones eliminated."""
    A, b = assembled(problem)
    is_red = colour(problem.shape).ravel() == RED
    black = ~is_red & (A.diagonal() > 0)
    b_red = b[is_red] - A[np.ix_(is_red, black)] @ (b[black] / A.diagonal()[black])
    return schur(A, problem.shape), b_red


def red_of(problem, values: np.ndarray) -> np.ndarray:
    return values.ravel()[colour(problem.shape).ravel() == RED]


def test_the_balance_of_currents_costs_no_less_than_the_error(operator, problem, rng):
    engine = operator.engine
    S, b = reduced(problem)
    x = red(problem, rng)
    r = operator.vector()
    energy = engine.imbalance(operator, vector(operator, x), r)
    expected = b - S @ red_of(problem, x)
    np.testing.assert_allclose(red_of(problem, cells(operator, r)), expected, atol=1e-12)
    u = red_of(problem, x)
    A, right = assembled(problem)
    black = (A.diagonal() > 0) & (colour(problem.shape).ravel() != RED)
    fed = right.sum() - right[black] @ (right[black] / A.diagonal()[black])
    assert energy == pytest.approx(u @ S @ u - 2 * b @ u + fed, rel=1e-10)

    labels = np.zeros(SHAPE, np.uint16)
    number = engine.label_blocks(operator, labels)
    assert number.shape == (1, 1, 2)
    first = 1 + np.cumsum(number) - number.ravel()
    planes = np.zeros((2, *SHAPE[1:]), np.int64)
    clusters = Clusters(labels, first.reshape(number.shape), number, *planes)
    if problem.periodic[0]:
        outer = np.stack([outer_nodes(labels, clusters.first, k) for k in (0, -1)])
        clusters = clusters._replace(below=outer[1], above=outer[0])
    counts = engine.count_edges(operator, clusters)
    starts = (np.cumsum(counts) - counts.ravel()).reshape(counts.shape)
    nodes, edges = 1 + int(number.sum()), int(counts.sum())
    none = np.zeros(0, np.int32)
    network = Network(
        *np.zeros((2, edges), np.int32), *np.zeros((2, edges)), *np.zeros((2, nodes)), *[none] * 3
    )
    engine.fill_edges(operator, r, clusters, starts, network)
    assert network.surplus.sum() == pytest.approx(expected.sum(), abs=1e-10)
    assert (network.conductance >= network.best).all()
    assert (network.far != network.near).all()
    network.surplus[0] = -network.surplus[1:].sum()
    every = np.arange(edges, dtype=np.int32)
    groups, widths = np.array([[0, edges]], np.int32), np.zeros(1)
    network = network._replace(order=every, groups=groups, widths=widths)
    between, ratio = engine.settle_network(network)
    assert between == pytest.approx((ratio**2 * network.conductance).sum(), rel=1e-10)
    beyond = starts[0, :, :, 0]
    inside = engine.settle_blocks(operator, r, clusters, starts, beyond, ratio)
    least = expected @ np.linalg.lstsq(S, expected, rcond=1e-12)[0]
    assert between + inside >= least * (1 - 1e-9)


def test_vectors_and_arrays_begin_as_zeros(engine):
    x = engine.vector(SHAPE, np.float32, 2)
    assert x.shape == (2, *packed_shape(SHAPE))
    assert x.dtype == np.float32
    assert not np.asarray(x).any()
    assert not np.asarray(engine.zeros((3, 4), np.float64)).any()


def test_combine_and_dot_are_those_of_vectors(operator, problem, rng):
    x, y = red(problem, rng), red(problem, rng)
    packed = vector(operator, y)
    operator.engine.combine(SHAPE, 2.0, vector(operator, x), -0.5, packed)
    np.testing.assert_allclose(cells(operator, packed), 2 * x - 0.5 * y, rtol=1e-14)
    product = operator.engine.dot(SHAPE, vector(operator, x), vector(operator, y))
    assert product == pytest.approx((x * y).sum(), rel=1e-13)


def test_what_is_stored_is_what_was_loaded(operator, problem, rng):
    x = vector(operator, red(problem, rng))
    planes = np.zeros((SHAPE[0], *packed_shape(SHAPE)[1:]))
    operator.engine.store(x, planes)
    back = operator.vector()
    back[:] = np.nan
    operator.engine.load(planes, back)
    inner = np.s_[:, GHOST:-GHOST, GHOST:-GHOST, 1:-1]
    back, x = np.asarray(back), np.asarray(x)
    np.testing.assert_array_equal(back[inner], x[inner])
    assert not back[:, :GHOST].any()
    assert not back[:, -GHOST:].any()


def test_the_diagonal_divides_red_cells(operator, problem, rng):
    diagonal = assembled(problem)[0].diagonal().reshape(SHAPE)
    values = red(problem, rng)
    r, z = vector(operator, values), operator.vector()
    product = operator.engine.divide(operator, r, z)
    expected = np.divide(values, diagonal, out=np.zeros(SHAPE), where=diagonal > 0)
    np.testing.assert_allclose(cells(operator, z), expected, rtol=1e-13)
    assert product == pytest.approx((values * expected).sum(), rel=1e-12)


@pytest.mark.parametrize("periodic", [(True, False, False), (False, True, True), (True,) * 3])
def test_ghosts_of_periodic_axes_are_copies_of_own_cells(engine, rng, periodic):
    x = engine.vector(SHAPE, np.float32, 2)
    filled = rng.random(tuple(x.shape)).astype(np.float32)
    x[:] = filled
    engine.wrap(x, periodic)
    wrap(filled, periodic)
    np.testing.assert_array_equal(np.asarray(x), filled)


def test_the_passes_are_those_of_the_reduced_matrix(operator, problem, rng):
    S, b = reduced(problem)
    x, p = red(problem, rng), red(problem, rng)
    packed_x, packed_p = vector(operator, x), vector(operator, p)
    r = operator.vector()
    square = operator.engine.residual(operator, packed_x, r)
    expected = b - S @ red_of(problem, x)
    np.testing.assert_allclose(red_of(problem, cells(operator, r)), expected, atol=1e-12)
    assert square == pytest.approx(expected @ expected, rel=1e-12)
    product = red_of(problem, p) @ S @ red_of(problem, p)
    assert operator.engine.curvature(operator, packed_p) == pytest.approx(product, rel=1e-12)
    planes = np.zeros((SHAPE[0], *packed_shape(SHAPE)[1:]))
    assert operator.engine.apply(operator, packed_p, planes) == pytest.approx(product, rel=1e-12)
    applied = operator.vector()
    operator.engine.load(planes, applied)
    applied = red_of(problem, cells(operator, applied))
    np.testing.assert_allclose(applied, S @ red_of(problem, p), atol=1e-12)
    operator.neighbours.fill_ghosts(r)
    square = operator.engine.advance(operator, 0.3, packed_p, packed_x, r)
    expected = expected - 0.3 * S @ red_of(problem, p)
    np.testing.assert_allclose(cells(operator, packed_x), x + 0.3 * p, rtol=1e-13)
    np.testing.assert_allclose(red_of(problem, cells(operator, r)), expected, atol=1e-12)
    assert square == pytest.approx(expected @ expected, rel=1e-11)


def test_a_step_is_the_same_with_the_image_of_its_direction_kept(operator, problem, rng):
    p = vector(operator, red(problem, rng))
    x, r = red(problem, rng), red(problem, rng)
    engine, steps = operator.engine, []
    for image in (None, operator.vector()):
        packed_x, packed_r = vector(operator, x), vector(operator, r)
        curvature = engine.curvature(operator, p, image)
        square = engine.advance(operator, 0.3, p, packed_x, packed_r, image)
        steps.append((curvature, square, cells(operator, packed_x), cells(operator, packed_r)))
    for anew, kept in zip(*steps):
        np.testing.assert_allclose(kept, anew, rtol=1e-12, atol=1e-14)


def with_black(problem, x: np.ndarray) -> np.ndarray:
    """Return red values with the black ones that solve their own equations."""
    A, b = assembled(problem)
    u = x.ravel().copy()
    black = (colour(problem.shape).ravel() != RED) & (A.diagonal() > 0)
    u[black] = ((b - A @ u) / np.where(A.diagonal() > 0, A.diagonal(), 1))[black]
    return u.reshape(problem.shape)


@pytest.mark.parametrize("kind", DRIVEN, ids="-".join)
def test_a_ramp_its_energy_and_its_fields_are_those_of_the_network(engine, kind):
    problem = problem_of(kind, SHAPE)
    operator = build(problem, engine, np.float64)
    A, b = assembled(problem)
    x = operator.vector()
    engine.ramp(operator, x, -0.1, 0.9)
    planes = np.arange(SHAPE[0])[:, None, None]
    on = (problem.cells > 0) & (colour(SHAPE) == RED)
    np.testing.assert_allclose(cells(operator, x), np.where(on, 0.9 - 0.1 * planes, 0))
    ramp(operator, x)
    u = with_black(problem, cells(operator, x))
    sums = np.zeros((SHAPE[0] + 1, 5))
    energy = engine.fluxes(operator, x, sums)
    # sum G (u_i - u_j)^2 with 1 behind the low face: u.A.u - 2 b.u + sum of the low links
    assert energy == pytest.approx(u.ravel() @ A @ u.ravel() - 2 * b @ u.ravel() + b.sum())
    solid = problem.cells > 0
    np.testing.assert_allclose(sums[:-1, 2], solid.sum((1, 2)))
    potential, current = np.empty((2, 3, *SHAPE[1:]), np.float32)
    engine.potential(operator, x, potential, 2)
    np.testing.assert_allclose(
        potential, np.where(solid[2:5], u[2:5], np.nan), rtol=1e-6, equal_nan=True
    )
    engine.current(operator, x, current, (1.0, 1.0, 1.0), 2)
    np.testing.assert_array_equal(np.isnan(current), ~solid[2:5])
    assert (current[solid[2:5]] >= 0).all()
    for k in (0, SHAPE[0] - 1):
        plane = unpack_plane(engine.solved_plane(operator, x, k), k, SHAPE)
        np.testing.assert_allclose(plane[solid[k]], u[k][solid[k]], rtol=1e-12)


def test_a_step_of_multigrid_is_symmetric_from_zero_and_exact_at_the_solution(operator, rng):
    engine, below = operator.engine, coarser(operator)
    single = build_single(operator)

    def step(b, x=None):
        coarse_b, coarse_x = below.vector(2), below.vector(2)
        out = single.vector(1)
        if x is None:
            engine.descend(single, b, coarse_b)
            below.neighbours.fill_ghosts(coarse_b)
            engine.ascend(single, b, coarse_x, out)
        return out

    on = ~single.blocked()[:1]
    b, c = single.vector(1), single.vector(1)
    inner = np.s_[:, GHOST:-GHOST, GHOST:-GHOST, 1:-1]
    for array in (b, c):
        values = np.zeros(tuple(array.shape), np.float32)
        values[inner] = np.where(on[inner], rng.standard_normal(values[inner].shape), 0)
        array[:] = values
        single.neighbours.fill_ghosts(array)
    one, two = engine.dot(SHAPE, c, step(b)), engine.dot(SHAPE, b, step(c))
    assert one == pytest.approx(two, rel=1e-4)
    assert engine.dot(SHAPE, b, step(b)) > 0


def build_single(operator):
    """Return the operator in float32, in which the cycle works."""
    from poreflux.transport.laplace.operator import Operator

    kernel = operator.kernel
    single = type(kernel)(*(in_float32(operator.engine, value) for value in kernel))
    rest = operator.neighbours, operator.engine, np.float32, operator.boundary
    return Operator(single, operator.shape, *rest)


def in_float32(engine, value):
    if isinstance(value, np.floating):
        return np.float32(value)
    if getattr(value, "dtype", None) != np.float64:
        return value
    single = engine.zeros(tuple(value.shape), np.float32)
    single[:] = np.asarray(value, np.float32)
    return single


def test_a_second_step_from_the_solution_stays_there(operator, rng):
    engine = operator.engine
    fine = coarser(operator)  # its vectors have two colours
    below = coarser(fine)
    A = matrix(fine)
    n = A.shape[0]
    on = A.diagonal() > 0
    u = np.where(on, rng.standard_normal(n), 0)
    b = A @ u
    packed_u, packed_b = (vector(fine, v.reshape(fine.shape), 2, np.float32) for v in (u, b))
    coarse_b, coarse_x, out = below.vector(2), below.vector(2), fine.vector(2)
    engine.descend_again(fine, packed_b, packed_u, coarse_b)
    assert np.abs(np.asarray(coarse_b)).max() < 1e-4 * np.abs(b).max()
    engine.ascend_again(fine, packed_b, packed_u, coarse_x, out)
    np.testing.assert_allclose(cells(fine, out).ravel()[on], u[on], atol=1e-4)


def test_coarse_conductances_are_half_the_sum_of_the_fine_ones(operator, problem):
    engine = operator.engine
    shape = tuple((n + 1) // 2 for n in SHAPE)
    below = coarser(operator)
    for axis in range(3):
        fine = engine.face_conductance(operator, axis).astype(float)
        seam = [slice(None, None, 2) if a == axis else slice(None) for a in range(3)]
        faces = fine[tuple(seam)]
        for other in (a for a in range(3) if a != axis):
            pads = [(0, faces.shape[a] % 2 if a == other else 0) for a in range(3)]
            faces = np.pad(faces, pads)
            faces = np.add.reduceat(faces, np.arange(0, faces.shape[other], 2), other)
        assert faces.shape == shape
        found = engine.face_conductance(below, axis)
        lost = problem.periodic[axis] and not below.neighbours.periodic[axis]
        keep = np.s_[1:] if lost else np.s_[:]
        index = tuple(keep if a == axis else slice(None) for a in range(3))
        np.testing.assert_allclose(found[index], faces[index] / 2, rtol=1e-6, atol=1e-7)
    assert len(engine.coarsen(operator, shape)) == 3


def test_a_factor_solves_and_leaves_out_what_nothing_holds(engine, rng):
    A = np.diag([2.0, 3, 4, 5, 1, 1, 2, 0]) + 0.1 * (np.eye(8, k=1) + np.eye(8, k=-1))
    A[7] = A[:, 7] = 0
    problem = problem_of(KINDS[0], (2, 2, 2))
    operator = build(problem, engine, np.float64)
    b = np.append(rng.standard_normal(7), 0).reshape(2, 2, 2)
    x = operator.vector(2, np.float32)
    factor = engine.factorise(A)
    engine.substitute(factor, (2, 2, 2), vector(operator, b, 2, np.float32), x)
    expected = np.append(np.linalg.solve(A[:7, :7], b.ravel()[:7]), 0)
    np.testing.assert_allclose(cells(operator, x).ravel(), expected, rtol=1e-5)


def test_labels_are_looked_up_and_counted(engine, rng):
    labels = rng.integers(0, 4, SHAPE).astype(np.uint8)
    table = np.zeros(256)
    table[:4] = (0, 1, 0.5, 2)
    out = np.empty(SHAPE)
    counts = engine.look_up(labels, table, out)
    np.testing.assert_array_equal(out, table[labels])
    np.testing.assert_array_equal(counts, np.bincount(labels.ravel(), minlength=256))


@pytest.mark.parametrize("wanted", [1, 3])
def test_clusters_are_those_of_scipy(engine, rng, wanted):
    solid = (rng.random((7, 9, 11)) < 0.45).astype(np.uint8)
    clusters, _ = ndimage.label(solid)
    runs = engine.label(solid, (False, False, False))
    flags = np.zeros(len(runs.parent), np.uint8)
    where = rng.random((9, 11)) < 0.7
    engine.mark(runs, flags, where, 0, np.uint8(1))
    engine.mark(runs, flags, np.ones((9, 11), bool), 6, np.uint8(2))
    keep = set(np.unique(clusters[0][where])) - {0}
    if wanted == 3:
        keep &= set(np.unique(clusters[6]))
    expected = np.isin(clusters, list(keep))
    assert engine.keep(solid, runs, flags, np.uint8(wanted)) == expected.sum()
    np.testing.assert_array_equal(solid != 0, expected)


def test_geometry_of_one_phase_and_of_many_conducts_alike(engine, rng):
    solid = (rng.random(SHAPE) < 0.6).astype(np.uint8)
    nothing = np.zeros(SHAPE[1:], np.uint8)
    code = engine.encode(solid, nothing, nothing, (False, False))
    assert code.shape == (2, *packed_shape(SHAPE))
    weights = (1.0, 0.5, 0.25)
    g = engine.conduct(solid.astype(float), False, nothing.astype(float), weights, False, float)
    degree = engine.sum_faces(g)
    expected = np.zeros(SHAPE)
    for axis, weight in enumerate(weights):
        one = [slice(1, None) if a == axis else slice(None) for a in range(3)]
        other = [slice(None, -1) if a == axis else slice(None) for a in range(3)]
        faces = weight * (solid[tuple(one)] & solid[tuple(other)])
        expected[tuple(one)] += faces
        expected[tuple(other)] += faces
    problem = problem_of(KINDS[0], SHAPE)
    operator = build(problem, engine, np.float64)
    np.testing.assert_allclose(cells(operator, degree), expected)
    by_code = np.zeros(SHAPE)
    for axis, weight in enumerate(weights):
        by_code += weight * (cells(operator, code).astype(int) >> 2 * axis & 3)
    np.testing.assert_allclose(by_code, expected)


def test_map_keeps_the_order_and_hands_on_what_is_raised(engine):
    assert engine.map(lambda a, b: a - b, [(5, 1), (7, 2), (1, 1), (3, 3)]) == [4, 5, 0, 0]
    assert engine.threads >= 1
    with pytest.raises(ZeroDivisionError):
        engine.map(lambda a: 1 / a, [(1,), (0,), (2,)])


def test_every_verb_of_the_protocol_is_used_here():
    verbs = [name for name, value in vars(Engine).items() if inspect.isfunction(value)]
    verbs = [name for name in verbs if not name.startswith("_")]
    text = Path(__file__).read_text(encoding="utf-8")
    missing = [verb for verb in verbs if not re.search(rf"engine\.{verb}\(|made\.{verb}\(", text)]
    assert len(verbs) > 20
    assert missing == []
