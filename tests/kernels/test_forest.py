"""Clusters and bundles on random graphs: the currents balance, at the power that they cost."""

import numpy as np
import pytest

from poreflux.kernels import coarse_network, forest
from poreflux.kernels.components import root

NODES = 40


@pytest.fixture
def graph(rng):
    """Return the ends and the conductances of a connected graph with cycles and twins."""
    a = np.concatenate([np.arange(1, NODES), rng.integers(0, NODES, 70)])
    b = np.concatenate([rng.integers(0, np.arange(1, NODES)), rng.integers(0, NODES, 70)])
    apart = a != b
    a, b = np.repeat(a[apart], 2), np.repeat(b[apart], 2)
    b[1::2], a[1::2] = a[::2].copy(), b[::2].copy()  # each twice, the second one turned round
    g = 10.0 ** rng.uniform(-12, 0, a.size)
    return a.astype(np.int32), b.astype(np.int32), g


def least_power(a, b, g, surplus):
    """Return the least power that balances, by a dense solve in units of each conductance."""
    incidence = np.zeros((NODES, g.size))
    np.add.at(incidence, (a, np.arange(g.size)), np.sqrt(g))
    np.add.at(incidence, (b, np.arange(g.size)), -np.sqrt(g))
    scaled = np.linalg.lstsq(incidence, surplus, rcond=1e-14)[0]
    return scaled @ scaled


def settled(a, b, g, surplus, passes=2):
    """Return power, current of each edge, and the forest, groups of thirty edges."""
    m = g.size
    planted = forest.forest(NODES, m)
    order = np.argsort(-g).astype(np.int32)
    edges = np.arange(0, m, 30)
    groups = np.stack([edges, np.append(edges[1:], m)], 1)
    widths = np.repeat([0.9, 0.0][-passes:], len(groups))
    ratio = np.zeros(m)
    power = coarse_network.settle_network(
        planted, a, b, g, g, surplus, np.ones(NODES), order,
        np.concatenate([groups] * passes).astype(np.int32), widths, ratio,
        np.zeros(NODES), np.zeros((4, NODES)),
    )  # fmt: skip
    return power, ratio * g, planted


@pytest.mark.parametrize("passes", [1, 2])
def test_currents_balance_to_the_last_digit_at_any_contrast(graph, rng, passes):
    a, b, g = graph
    surplus = rng.standard_normal(NODES)
    surplus -= surplus.mean()
    power, current, planted = settled(a, b, g, surplus, passes)
    outflow = np.bincount(a, current, NODES) - np.bincount(b, current, NODES)
    np.testing.assert_allclose(outflow, surplus, atol=1e-13)
    assert power == pytest.approx((current**2 / g).sum(), rel=1e-12)
    assert len({root(planted.root, node) for node in range(NODES)}) == 1


def test_the_power_is_not_below_the_least_one(graph, rng):
    a, b, g = graph
    g = g ** (1 / 6)  # a dense solve needs digits
    surplus = rng.standard_normal(NODES)
    surplus -= surplus.mean()
    least = least_power(a, b, g, surplus)
    assert least * (1 - 1e-9) <= settled(a, b, g, surplus)[0] <= 20 * least


def test_a_tree_has_only_one_current(rng):
    a = np.arange(1, NODES, dtype=np.int32)
    b = rng.integers(0, a).astype(np.int32)
    g = rng.random(a.size) + 0.1
    surplus = rng.standard_normal(NODES)
    surplus -= surplus.mean()
    assert settled(a, b, g, surplus)[0] == pytest.approx(least_power(a, b, g, surplus), rel=1e-10)


def test_a_cluster_with_a_stronger_way_out_waits():
    planted = forest.forest(2, 1)
    forest.plant(planted, 2)
    planted.bundle[:] = -1
    planted.opening[0] = 0
    a, b = np.array([0], np.int32), np.array([1], np.int32)
    g, edges = np.ones(1), np.zeros(1, np.int32)
    assert forest.join(planted, a, b, g, g, edges, 0, 1, 1, 0.1, 0, 0) == 0
    assert planted.bundle[0] == -1
    assert forest.join(planted, a, b, g, g, edges, 0, 1, 0, 0.1, 1, 0) == 1
    assert planted.bundle[0] == 0
