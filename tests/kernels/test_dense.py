"""The factor of a small matrix multiplies back to it, and solves with it."""

import numpy as np
import pytest

from poreflux.kernels import dense


def factor(A):
    L = np.zeros_like(A)
    dense.factorise(A, L)
    return L


def solve(L, b):
    x = np.full(len(b), np.nan)  # nothing may be read before it is written
    dense.substitute(L, b, x)
    return x


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_the_factor_is_that_of_cholesky_with_its_diagonal_inverted(rng, n):
    A = rng.standard_normal((n, n + 3))
    A = A @ A.T
    L = factor(A)
    L[np.diag_indices(n)] **= -1
    assert pytest.approx(np.linalg.cholesky(A), rel=1e-9) == L


@pytest.mark.parametrize("n", [1, 2, 7, 40])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_solved_multiplies_back(rng, n, dtype):
    A = rng.standard_normal((n, n + 3))
    A, b = A @ A.T, rng.standard_normal(n).astype(dtype)
    assert A @ solve(factor(A), b) == pytest.approx(b, abs=1e-8)


def test_parts_that_know_their_unknowns_but_for_a_constant_are_solved_from_zero(rng):
    # two rings of conductances and one cell that is blocked
    A = np.zeros((11, 11))
    for ring in (range(0, 6), range(6, 10)):
        for i, j in zip(ring, [*ring[1:], ring[0]]):
            g = rng.random() + 0.1
            A[i, i] += g
            A[j, j] += g
            A[i, j] -= g
            A[j, i] -= g
    b = A @ rng.standard_normal(11)
    x = solve(factor(A), b)
    assert A @ x == pytest.approx(b, abs=1e-12)
    assert (x[[5, 9, 10]] == 0).all()


def test_the_generalised_inverse_is_symmetric_and_positive(rng):
    A = np.diag([2.0, 2, 2]) - np.roll(np.eye(3), 1, 0) - np.roll(np.eye(3), -1, 0)
    L = factor(A)
    X = np.stack([solve(L, e) for e in np.eye(3)], 1)
    assert pytest.approx(X.T, abs=1e-15) == X
    assert np.linalg.eigvalsh(X)[0] >= -1e-15
    assert pytest.approx(A, abs=1e-12) == A @ X @ A
