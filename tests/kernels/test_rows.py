"""Each loop over a row, for both kinds of geometry, against the assembled matrix."""

import numpy as np
import pytest

from poreflux.kernels import rows
from tests.kernels.twin import Twin
from tests.physics import direct


@pytest.fixture
def twin(problem):
    return Twin(problem)


def run(twin, function, expected, *inputs, colours=(0, 1), other=None):
    """Apply a row function to every row and compare its own cells with `expected` (z, y, x).

    `other` are cells whose rows of the other colour around a row the function reads.
    """
    pairs = twin.operator.kernel.links.shape[-1]
    packed = None if other is None else twin.pack(other)
    given = [twin.pack(u) for u in inputs]
    for c, k, j, here in twin.each_row(colours):
        out, d = np.zeros(pairs), np.zeros(pairs)
        arguments = [array[c, k, j] for array in given]
        around = []
        if packed is not None:
            q = packed[1 - c]
            around = [q[k, j], q[k, j - 1], q[k, j + 1], q[k - 1, j], q[k + 1, j]]
        function(twin.operator.kernel, out, *([d] if function is not rows.diagonal_row else []),
                 *arguments, c, k, j, *around)  # fmt: skip
        wanted = expected[here]
        assert out[1 : 1 + wanted.size] == pytest.approx(wanted, abs=1e-12)


def where_conducting(twin, u):
    return np.where(twin.degree > 0, u / np.where(twin.degree > 0, twin.degree, 1), 0)


def test_the_diagonal_is_the_sum_of_the_conductances_of_a_cell(twin):
    run(twin, rows.diagonal_row, twin.degree)


def test_the_rest_is_the_sum_over_neighbours(twin, rng):
    u = twin.random(rng)  # vectors are zero where nothing conducts
    run(twin, rows.rest_row, twin.neighbours(u), other=u)


def test_relaxing_divides_source_and_neighbours_by_the_diagonal(twin, rng):
    u, b = twin.random(rng), twin.random(rng)
    expected = where_conducting(twin, b + twin.neighbours(u))
    run(twin, rows.relax_row, expected, b, other=u)


def test_following_does_so_without_a_source(twin, rng):
    u = twin.random(rng)
    run(twin, rows.follow_row, where_conducting(twin, twin.neighbours(u)), other=u)


def test_applying_is_the_matrix(twin, rng):
    u = twin.random(rng)
    expected = (twin.A @ u.ravel()).reshape(u.shape)
    run(twin, rows.apply_row, expected, u, other=u)


def test_a_guess_divides_by_the_diagonal_and_adds(twin, rng):
    b, add = twin.random(rng), twin.random(rng, conducting=False)
    expected = np.where(twin.degree > 0, where_conducting(twin, b) + add, 0)
    # the correction is a row of scratch, not a vector: give it as one of the same colour
    pairs = twin.operator.kernel.links.shape[-1]
    packed_b, packed_add = twin.pack(b), twin.pack(add)
    for c, k, j, here in twin.each_row():
        out, d = np.zeros(pairs), np.zeros(pairs)
        rows.guess_row(
            twin.operator.kernel, out, d, packed_b[c, k, j], packed_add[c, k, j], c, k, j
        )
        wanted = expected[here]
        assert out[1 : 1 + wanted.size] == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("axis", range(3))
def test_a_face_conducts_what_it_does_in_the_network(twin, axis):
    problem = twin.problem
    net = direct.network(
        problem.cells.astype(float),
        problem.spacing,
        sides=problem.sides,
        boundary=problem.boundary,
        mean="arithmetic" if problem.arithmetic else "harmonic",
    )
    unit = np.prod(problem.spacing) / min(problem.spacing) ** 2
    through = net.across == axis
    expected = np.zeros(problem.cells.size)
    expected[net.pairs[through, 1]] = net.conductance[through] / unit
    expected = expected.reshape(problem.shape)
    for c, k, j, here in twin.each_row():
        for i, wanted in enumerate(expected[here]):
            found = rows.face(twin.operator.kernel, axis, c, k, j, i + 1)
            assert found == pytest.approx(wanted, abs=1e-7)


def test_a_row_closes_on_itself_only_where_x_is_periodic(twin, rng):
    row = rng.random(6)
    before = row.copy()
    rows.wrap_row(twin.operator.kernel, row)
    if twin.problem.periodic[2]:
        before[0], before[5] = before[4], before[1]
    assert (row == before).all()
