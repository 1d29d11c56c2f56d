"""The graph of cells and its aggregates against dense matrices."""

import numpy as np
import pytest

from poreflux.kernels import graph, graph_cycle
from poreflux.transport.engines import graph as graphs
from poreflux.transport.engines.graph import Aggregates, Graph
from poreflux.transport.solvers.graph_multigrid import graph_of_cells, number_cells
from tests.transport.conftest import DRIVEN, problem_of
from tests.transport.packed import assembled, operator_of


def dense(some: Graph) -> np.ndarray:
    """Return the matrix of a graph."""
    out = np.empty((some.nodes, some.nodes))
    graph_cycle.matrix(*some.edges, some.link, out)
    return out


@pytest.fixture(params=DRIVEN, ids="-".join)
def fine(request, monkeypatch):
    monkeypatch.setattr(graphs, "WORTH_SHARING", 0)
    problem = problem_of(request.param, (4, 6, 8))
    made, _ = graph_of_cells(operator_of(problem, threads=2), problem.cells)
    yield problem, made
    made.engine.close()


def test_the_matrix_of_the_graph_of_cells_is_the_assembled_one(fine):
    problem, made = fine
    number = number_cells(problem.cells)[0].ravel()
    cells = np.argsort(number, kind="stable")[np.count_nonzero(number < 0) :]
    expected = assembled(problem)[0][np.ix_(cells, cells)]
    np.testing.assert_allclose(dense(made), expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(1 / made.inverse, expected.diagonal(), rtol=1e-6)


def test_the_matrix_of_aggregates_is_that_of_galerkin(fine, rng):
    _, made = fine
    whole = rng.permutation(np.arange(made.nodes, dtype=np.int32) % 20).astype(np.int32)
    P = np.zeros((made.nodes, 20))
    P[np.arange(made.nodes), whole] = 1
    aggregates = Aggregates(whole, 20)
    for number in range(20):
        members = aggregates.member[aggregates.first[number] : aggregates.first[number + 1]]
        np.testing.assert_array_equal(members, np.flatnonzero(whole == number))
    coarse = aggregates.joined(made)
    np.testing.assert_allclose(dense(coarse), P.T @ dense(made) @ P, rtol=1e-6, atol=1e-6)


def test_pairs_are_of_neighbours_and_no_worse_than_allowed(fine):
    _, made = fine
    A = dense(made)
    order = np.arange(made.nodes)[::-1].copy()
    for worst in (5.0, 16.0):
        whole = np.empty(made.nodes, np.int32)
        edges = made.edges
        count = graph.pair(*edges, made.link, made.inverse, order, worst, whole)
        graph.renumber(whole, np.empty(count, np.int32))
        first = np.unique(whole, return_index=True)[1]
        assert (np.diff(first) > 0).all()
        pairs = [np.flatnonzero(whole == number) for number in range(count)]
        assert {len(each) for each in pairs} <= {1, 2}
        joined = [each for each in pairs if len(each) == 2]
        assert joined or worst == 5.0
        for i, j in joined:
            apart = 1 / (1 / made.link[i] + 1 / made.link[j]) if made.link[i] * made.link[j] else 0
            assert A[i, j] < 0
            mean = 2 / (1 / A[i, i] + 1 / A[j, j])
            assert mean <= worst * (-A[i, j] + apart) * (1 + 1e-6)
    alone = [each[0] for each in pairs if len(each) == 1]
    for i in alone:  # its neighbours have partners, or are joined to it too badly
        for j in np.flatnonzero(A[i] < 0):
            bad = 2 / (1 / A[i, i] + 1 / A[j, j]) > worst * -A[i, j] * (1 - 1e-6)
            assert bad or j not in alone


@pytest.mark.parametrize("block", [5, 4096])
def test_a_sweep_back_is_the_adjoint_of_one_forth(fine, rng, block, monkeypatch):
    # the size of a block is compiled in: smaller ones are tried uncompiled
    _, made = fine
    kernels = graph_cycle.sweep_forth, graph_cycle.sweep_back, graph_cycle.damp
    if block != graph_cycle.BLOCK:
        kernels = tuple(getattr(kernel, "py_func", kernel) for kernel in kernels)
    forth, back, damp = kernels
    monkeypatch.setattr(graph_cycle, "BLOCK", block)
    blocks, n = -(-made.nodes // block), made.nodes
    A, damped = dense(made), np.empty(n)
    damp(*made.edges, made.inverse, damped, 0, n)
    inside = np.arange(n)[:, None] // block == np.arange(n) // block
    D = A.diagonal() - np.where(inside, 0, A).sum(1)
    M = np.diag(D) + np.where(inside, np.tril(A, -1), 0)
    b, before, x = rng.standard_normal(n), rng.standard_normal(n), np.empty(n)
    forth(*made.edges, damped, b, x, 0, blocks)
    np.testing.assert_allclose(x, np.linalg.solve(M, b), rtol=1e-5, atol=1e-6)
    back(*made.edges, damped, made.inverse, b, before, x, 0, blocks)
    expected = before + np.linalg.solve(M.T, b - A @ before)
    np.testing.assert_allclose(x, expected, rtol=1e-5, atol=1e-6)
    # contracts any error: the smoother is convergent
    assert np.linalg.eigvalsh(M + M.T - A).min() > 0


def test_threads_make_the_same_graph(fine):
    problem, made = fine
    alone, reds = graph_of_cells(operator_of(problem), problem.cells)
    assert reds == number_cells(problem.cells)[1]
    for one, two in zip((*alone.edges, alone.link), (*made.edges, made.link)):
        np.testing.assert_array_equal(one, two)
    whole = (np.arange(made.nodes) // 3).astype(np.int32)
    aggregates = Aggregates(whole, int(whole.max()) + 1)
    for one, two in zip(aggregates.joined(alone).edges, aggregates.joined(made).edges):
        np.testing.assert_array_equal(one, two)


def test_relaxation_and_residual_are_those_of_the_matrix(fine, rng):
    problem, made = fine
    A, n, reds = dense(made), made.nodes, number_cells(problem.cells)[1]
    b, x, rest = rng.standard_normal(n), rng.standard_normal(n), np.empty(n)
    graph_cycle.residual(*made.matrix, b, x, rest, 0, n)
    np.testing.assert_allclose(rest, b - A @ x, rtol=1e-5, atol=1e-5)
    graph_cycle.relax(*made.matrix, b, x, reds, n)
    np.testing.assert_allclose((b - A @ x)[reds:], 0, atol=1e-5)


def test_red_nodes_are_read_from_a_packed_vector_and_written_back(fine, rng):
    _, made = fine
    reds, packed = 5, rng.standard_normal(12)
    where, b, x = np.array([1, 4, 5, 8, 11]), np.zeros(reds), np.zeros(reds)
    graph_cycle.gather(packed, where, made.inverse, b, x, 0, reds)
    np.testing.assert_array_equal(b, packed[where])
    np.testing.assert_array_equal(x, packed[where] * made.inverse[:reds])
    out = np.zeros(12)
    graph_cycle.scatter(x, where, out, 0, reds)
    np.testing.assert_array_equal(out[where], x)
    assert np.count_nonzero(out) == np.count_nonzero(x)


def test_what_is_left_is_added_up_and_the_correction_goes_back(fine, rng):
    _, made = fine
    n, reds, factor = made.nodes, made.nodes // 2, 1.5
    whole = rng.permutation(np.arange(n, dtype=np.int32) % 20).astype(np.int32)
    aggregates = Aggregates(whole, 20)
    rest, coarse = rng.standard_normal(n), np.empty(20)
    graph_cycle.add_up(rest, aggregates.first, aggregates.member, reds, coarse, 0, 20)
    np.testing.assert_allclose(coarse, np.bincount(whole[:reds], rest[:reds], 20), rtol=1e-12)
    x, out = rng.standard_normal(n), np.empty(n)
    graph_cycle.correct(x, whole, factor, coarse, out, 0, n)
    np.testing.assert_allclose(out, x + factor * coarse[whole], rtol=1e-14)
    graph_cycle.add(x, out, 0, n)
    np.testing.assert_allclose(out, 2 * x + factor * coarse[whole], rtol=1e-14)
