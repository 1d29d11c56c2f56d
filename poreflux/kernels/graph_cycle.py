"""Smoothing and transfer on the graph of cells and of aggregates (:mod:`poreflux.kernels.graph`).

Vectors are float64, one number a node. On the graph of cells red nodes come before black ones: a
range of one colour is relaxed in place. On those of aggregates a sweep is one of Gauss-Seidel
inside each block of BLOCK nodes, and of Jacobi between blocks: what it gives does not depend on who
sweeps which block, and the sweep back is the adjoint of that forth.
"""

import numpy as np

from poreflux.kernels.redblack import compiled

#: nodes of a block
BLOCK = 4096


@compiled
def gather(packed, where, inverse, b, x, a, z):
    """b = values of a packed vector (flat), x = those over the diagonal, in red nodes a to z."""
    for i in range(a, z):
        b[i] = packed[where[i]]
        x[i] = b[i] * inverse[i]


@compiled
def scatter(x, where, packed, a, z):
    """Write red nodes a to z into a packed vector (flat)."""
    for i in range(a, z):
        packed[where[i]] = x[i]


@compiled
def relax(ptr, to, g, inverse, b, x, a, z):
    """x = (b + neighbours) / diagonal for nodes a to z, of one colour."""
    for i in range(a, z):
        s = b[i]
        for m in range(ptr[i], ptr[i + 1]):
            s += g[m] * x[to[m]]
        x[i] = s * inverse[i]


@compiled
def residual(ptr, to, g, inverse, b, x, rest, a, z):
    """rest = b - A x for nodes a to z."""
    for i in range(a, z):
        s = 0.0
        for m in range(ptr[i], ptr[i + 1]):
            s += g[m] * x[to[m]]
        rest[i] = b[i] + s - x[i] / inverse[i] if inverse[i] > 0 else 0.0


@compiled
def add_up(rest, first, member, reds, coarse, a, z):
    """coarse = the sum over the nodes before `reds` of each of aggregates a to z."""
    for i in range(a, z):
        s = 0.0
        for q in range(first[i], first[i + 1]):
            if member[q] >= reds:
                break
            s += rest[member[q]]
        coarse[i] = s


@compiled
def correct(x, whole, factor, coarse, out, a, z):
    """out = x plus `factor` times the correction of the aggregate of each of nodes a to z."""
    for i in range(a, z):
        out[i] = x[i] + factor * coarse[whole[i]]


@compiled
def add(x, y, a, z):
    """y += x in nodes a to z."""
    for i in range(a, z):
        y[i] += x[i]


@compiled
def damp(ptr, to, g, inverse, damped, a, z):
    """damped = one over the diagonal and the edges that leave the block, added up, for nodes a to
    z: two nodes that are joined well but lie in different blocks would else swap their errors.
    """
    for i in range(a, z):
        start = i // BLOCK * BLOCK
        s = 1 / inverse[i] if inverse[i] > 0 else 0.0
        for m in range(ptr[i], ptr[i + 1]):
            if not start <= to[m] < start + BLOCK:
                s += g[m]
        damped[i] = 1 / s if s > 0 else 0.0


@compiled
def sweep_forth(ptr, to, g, damped, b, x, block0, block1):
    """x = a sweep from zero over blocks block0 to block1."""
    for block in range(block0, block1):
        start, stop = block * BLOCK, min((block + 1) * BLOCK, b.shape[0])
        for i in range(start, stop):
            s = b[i]
            for m in range(ptr[i], ptr[i + 1]):
                j = to[m]
                if start <= j < i:
                    s += g[m] * x[j]
            x[i] = s * damped[i]


@compiled
def sweep_back(ptr, to, g, damped, inverse, b, before, x, block0, block1):
    """x = a sweep back from `before` over blocks block0 to block1."""
    for block in range(block0, block1):
        start, stop = block * BLOCK, min((block + 1) * BLOCK, b.shape[0])
        for i in range(stop - 1, start - 1, -1):
            s = b[i] - before[i] / inverse[i] if inverse[i] > 0 else 0.0
            for m in range(ptr[i], ptr[i + 1]):
                j = to[m]
                s += g[m] * (x[j] if i < j < stop else before[j])
            x[i] = before[i] + s * damped[i]


@compiled
def matrix(ptr, to, g, link, out):
    """out = the dense matrix of a small graph."""
    for i in range(link.shape[0]):
        for j in range(link.shape[0]):
            out[i, j] = 0.0
        out[i, i] = link[i]
        for m in range(ptr[i], ptr[i + 1]):
            out[i, to[m]] -= np.float64(g[m])
            out[i, i] += g[m]
