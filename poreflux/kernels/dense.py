"""Symmetric dense matrices of a few hundred rows, factorised and solved in one thread.

Libraries of linear algebra share such small work between threads of their own, which then fight
with ours, and with other processes, for the cores.
"""

import numpy as np

from poreflux.kernels.redblack import compiled

#: a pivot below this part of its diagonal belongs to a potential that nothing holds
NOTHING = 1e-10


@compiled
def factorise(A, L):
    """L = the lower factor of A = L L' (n, n), symmetric and positive semi-definite.

    The diagonal of L is inverted, and zero where the pivot is nothing: of each part of A that
    determines its unknowns but for a constant one unknown is zero in every solution.
    """
    for i in range(A.shape[0]):
        row = L[i]
        for j in range(i):
            other = L[j]
            s = A[i, j]
            for m in range(j):
                s -= row[m] * other[m]
            row[j] = s * other[j]
        s = A[i, i]
        for m in range(i):
            s -= row[m] * row[m]
        row[i] = 1 / np.sqrt(s) if s > NOTHING * A[i, i] else 0.0


@compiled
def substitute(L, b, x):
    """x = A^-1 b, with L from :func:`factorise`."""
    n = L.shape[0]
    for i in range(n):
        row = L[i]
        s = b[i] + 0.0  # in float64, whatever b is
        for m in range(i):
            s -= row[m] * x[m]
        x[i] = s * row[i]
    for i in range(n - 1, -1, -1):
        row = L[i]
        v = x[i] * row[i]
        x[i] = v
        for m in range(i):
            x[m] -= row[m] * v
