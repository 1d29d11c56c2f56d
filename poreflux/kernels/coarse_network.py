"""The network of the clusters of all blocks: currents that balance its nodes at little power.

Conjugate gradients lower the power by potentials of the nodes; what these leave follows from
additions alone (:mod:`poreflux.kernels.forest`).
"""

from poreflux.kernels.forest import join, plant, settle
from poreflux.kernels.redblack import compiled

#: iterations of the coarse network, each a pass over its edges
ITERATIONS = 40


@compiled
def settle_network(
    forest, a, b, g, best, surplus, cells, edges, groups, widths, ratio, potential, work
):
    """Settle the coarse network: lower the power by some potentials of nodes, which `work` (4,
    nodes) finds, and balance the rest by joining nodes by `edges`, of which group n are from
    ``groups[n, 0]`` to ``groups[n, 1]``, where they are at least ``widths[n]`` wide. Fill the ratio
    of current to conductance from a[e] to b[e].

    Return the sum of current² / conductance.
    """
    nodes = surplus.shape[0]
    plant(forest, nodes)
    for n in range(nodes):
        forest.cells[n] = cells[n]
    for e in range(g.shape[0]):
        forest.bundle[e] = -1
    count = 0
    for n in range(groups.shape[0]):
        count = join(
            forest, a, b, g, best, edges, groups[n, 0], groups[n, 1], 0, widths[n], n, count
        )
    by_tree = settle(forest, nodes, count, a, b, g, surplus)
    relax_network(a, b, g, surplus, potential, work)
    settle(forest, nodes, count, a, b, g, work[0])
    total = add_ratios(forest, a, b, g, potential, ratio)
    if total <= by_tree:
        return total
    potential[:] = 0.0
    settle(forest, nodes, count, a, b, g, surplus)
    return add_ratios(forest, a, b, g, potential, ratio)


@compiled
def add_ratios(forest, a, b, g, potential, ratio):
    """Fill the ratios that belong to potentials of nodes and bundles; return the power."""
    total = 0.0
    for e in range(g.shape[0]):
        ratio[e] = potential[a[e]] - potential[b[e]]
        q = forest.bundle[e]
        if q >= 0:
            same = forest.before_a[e] == forest.side_a[q]
            ratio[e] += forest.ratio[q] if same else -forest.ratio[q]
        total += g[e] * ratio[e] * ratio[e]
    return total


@compiled
def relax_network(a, b, g, surplus, potential, work):
    """Fill potentials that carry most of a surplus, by conjugate gradients, and in ``work[0]`` what
    they leave.
    """
    rest, p, drawn, degree = work[0], work[1], work[2], work[3]
    nodes = surplus.shape[0]
    degree[:] = 0.0
    for e in range(g.shape[0]):
        degree[a[e]] += g[e]
        degree[b[e]] += g[e]
    for n in range(nodes):
        rest[n], p[n], potential[n] = surplus[n], 0.0, 0.0
    before = 1.0
    for iteration in range(ITERATIONS):
        product = 0.0
        for n in range(nodes):
            product += rest[n] * rest[n] / degree[n] if degree[n] > 0 else 0.0
        if not product > 0:
            break
        beta = product / before if iteration else 0.0
        for n in range(nodes):
            p[n] = (rest[n] / degree[n] if degree[n] > 0 else 0.0) + beta * p[n]
            drawn[n] = 0.0
        power = 0.0
        for e in range(g.shape[0]):
            fall = p[a[e]] - p[b[e]]
            drawn[a[e]] += g[e] * fall
            drawn[b[e]] -= g[e] * fall
            power += g[e] * fall * fall
        if not power > 0:
            break
        alpha, before = product / power, product
        for n in range(nodes):
            potential[n] += alpha * p[n]
            rest[n] -= alpha * drawn[n]
    for n in range(nodes):
        rest[n] = surplus[n]
    for e in range(g.shape[0]):
        current = g[e] * (potential[a[e]] - potential[b[e]])
        rest[a[e]] -= current
        rest[b[e]] += current
