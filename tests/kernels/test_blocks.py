"""The bound of the error on small boxes: never below the error, through every kernel that has a
part in it.
"""

import numpy as np
import pytest

from poreflux.kernels import blocks, imbalance, redblack
from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.percolation import percolate
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.solvers.error_bound import ErrorBound
from poreflux.transport.solvers.solution import PotentialBound, ramp
from tests.kernels.twin import Twin
from tests.transport.conftest import KINDS, problem_of
from tests.transport.packed import BLACK, RED, colour, operator_of


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_imbalance_is_what_all_cells_leave_of_the_source(problem, rng, dtype):
    twin = Twin(problem)
    operator = operator_of(problem, dtype)
    x = np.where(colour(problem.shape) == RED, twin.random(rng), 0).astype(dtype).astype(float)
    packed, r = twin.pack(x, 1).astype(dtype), operator.vector()
    plane = packed.shape[2:]
    energy = 0.0
    for a, b in redblack.slabs(problem.shape[0], 2):
        work = np.zeros((6, *plane))
        energy += imbalance.imbalance(operator.kernel, operator.source, packed, r, a, b, work)
    u = twin.relaxed(x, twin.b.reshape(x.shape), BLACK)
    expected = twin.b.reshape(x.shape) - (twin.A @ u.ravel()).reshape(x.shape)
    rel = 1e-6 if dtype == np.float32 else 1e-12  # conductances are rounded, not the potential
    np.testing.assert_allclose(
        twin.unpack(r), np.where(colour(x.shape) == RED, expected, 0), atol=40 * rel
    )
    quadratic = u.ravel() @ twin.A @ u.ravel() - 2 * twin.b @ u.ravel() + twin.b.sum()
    assert energy == pytest.approx(quadratic, rel=rel)


def test_a_potential_that_is_large_and_even_is_in_balance():
    twin = Twin(problem_of(("phases", "periodic", "periodic"), (6, 8, 10)))
    operator = twin.operator
    operator.source[:] = 0
    x = twin.pack(np.where(twin.problem.cells > 0, 1.23456789e9, 0.0), 1)
    r = operator.vector()
    operator.engine.imbalance(operator, x, r)
    # potentials round by 1e-7, their differences not at all
    assert np.abs(r).max() == 0


def excess(twin, x):
    """Return by how much the energy of x exceeds the least one, black cells in balance."""
    u = twin.relaxed(x, twin.b.reshape(x.shape), BLACK).ravel()
    r = twin.b - twin.A @ u
    on = twin.A.diagonal() > 0
    e = np.linalg.lstsq(twin.A[np.ix_(on, on)], r[on], rcond=1e-13)[0]
    return e @ r[on]


@pytest.mark.parametrize("shape", [(10, 12, 18), (4, 8, 10)])
@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_the_bound_is_not_below_the_excess_and_not_far_above(kind, shape, rng):
    problem = problem_of(kind, shape)
    twin = Twin(problem)
    x = np.where(colour(shape) == RED, twin.random(rng), 0)
    bound = ErrorBound(twin.operator)(twin.pack(x, 1), twin.operator.vector())
    true = excess(twin, x)
    # random potentials are nothing that a solver leaves: those are bounded within 10 mostly
    assert true * (1 - 1e-9) <= bound.excess <= 100 * true


def chain(conductivities):
    """Return a problem of a single row of cells along the transport."""
    cells = np.zeros((len(conductivities), 3, 3))
    cells[:, 1, 1] = conductivities
    assert percolate(cells, Threads(1))
    return Problem(cells, (1.0, 1.0, 1.0))


def test_a_chain_between_two_faces_is_bounded_from_a_ramp(rng):
    # at most one of its two ways to the ground is taken: at most the whole over one part of it
    problem = chain(10.0 ** rng.uniform(-6, 0, 21))
    operator = operator_of(problem)
    x = operator.vector()
    ramp(operator, x)
    certificate = PotentialBound(operator)(x, operator.vector())
    g = problem.cells[:, 1, 1]
    faces = np.concatenate([[2 * g[0]], 2 * g[1:] * g[:-1] / (g[1:] + g[:-1]), [2 * g[-1]]])
    exact = 1 / (1 / faces).sum()
    assert certificate.energy > exact
    assert certificate.excess >= certificate.energy - exact


@pytest.mark.parametrize(
    "g, expected", [(1.0, 0), (1.001 / 32, 0), (0.999 / 32, 1), (1e-6, 3), (1e-300, blocks.CLASSES)]
)
def test_a_class_spans_a_factor_of_32(g, expected):
    assert blocks.class_of(g) == expected


def test_the_edges_of_a_block_are_listed_from_near_to_far():
    scratch = blocks.block(operator_of(chain([1.0, 1.0])).kernel)
    inside = scratch.order[: scratch.levels[-1]]
    assert inside.size == 3 * 7 * 64
    far = scratch.b[inside] - scratch.a[inside]
    assert set(far.tolist()) == {1, 8, 64}
    first = inside[: scratch.levels[1]]  # pairs of an even and an odd cell along x
    assert (scratch.a[first] % 2 == 0).all()
    assert (scratch.b[first] == scratch.a[first] + 1).all()
