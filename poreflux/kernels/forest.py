"""Clusters joined step by step, and the least current that balances them.

Nodes are joined in groups of edges; the edges between two clusters that a group joins form a
bundle. A bundle is the only way between its two sides at the time, so the current through it
is what one side has too much: it follows by addition alone, however unlike the conductances are,
and spreads over the edges of the bundle as they conduct. The last bundle is settled first, since
its current changes the balance inside either side.
"""

from typing import NamedTuple

import numpy as np

from poreflux.kernels.components import root as representative
from poreflux.kernels.redblack import compiled, inner

#: a bundle of n alike faces joins clusters of m cells at once where n is at least this part of the
#: cross-section of a cube of m cells
WIDE = 0.125


class Forest(NamedTuple):
    """Clusters of so many nodes, bundles, and edges.

    Of a cluster, at its root: the first and last node of its list, their number, the number of
    cells, the class of its strongest open connection, 255 for none. Of a bundle: the lists of its
    two sides when it was made, its conductance and that of its best face, the clusters before the
    group that it joins, its edges as a list. Of an edge: its bundle, -1 for none, the next edge of
    that, the clusters it joins before the group.
    """

    root: np.ndarray
    head: np.ndarray
    tail: np.ndarray
    size: np.ndarray
    following: np.ndarray
    place: np.ndarray
    group: np.ndarray
    first_bundle: np.ndarray
    bundles: np.ndarray
    opening: np.ndarray
    cells: np.ndarray
    value: np.ndarray
    head_a: np.ndarray
    size_a: np.ndarray
    head_b: np.ndarray
    size_b: np.ndarray
    side_a: np.ndarray
    side_b: np.ndarray
    next_a: np.ndarray
    next_b: np.ndarray
    first_edge: np.ndarray
    conductance: np.ndarray
    best: np.ndarray
    ratio: np.ndarray
    bundle: np.ndarray
    next_edge: np.ndarray
    before_a: np.ndarray
    before_b: np.ndarray


def forest(nodes: int, edges: int) -> Forest:
    """Return untouched memory for so many nodes and edges."""

    def arrays(count, size, dtype):
        return [np.empty(size, dtype) for _ in range(count)]

    bundles = nodes + edges
    return Forest(
        *arrays(9, nodes, np.int32), *arrays(1, nodes, np.uint8), *arrays(2, nodes, np.float64),
        *arrays(9, bundles, np.int32), *arrays(3, bundles, np.float64),
        *arrays(4, edges, np.int32),
    )  # fmt: skip


@compiled
def plant(forest, nodes):
    """Make every node a cluster of its own, without an open connection."""
    for n in range(nodes):
        forest.root[n] = forest.head[n] = forest.tail[n] = n
        forest.size[n] = 1
        forest.cells[n] = 1.0
        forest.following[n] = -1
        forest.opening[n] = 255
        forest.group[n] = -1


@inner
def bundle_between(forest, a, b, group):
    """Return the bundle of this group between clusters a and b, -1 if there is none yet."""
    if forest.group[a] != group or forest.group[b] != group:
        return -1
    c = a if forest.bundles[a] <= forest.bundles[b] else b
    other = a + b - c
    q = forest.first_bundle[c]
    while q >= 0:
        if forest.side_a[q] == c:
            if forest.side_b[q] == other:
                return q
            q = forest.next_a[q]
        else:
            if forest.side_a[q] == other:
                return q
            q = forest.next_b[q]
    return -1


@inner
def hang(forest, cluster, group, q):
    """Put bundle q first in the list of a cluster; return what was first before."""
    if forest.group[cluster] != group:
        forest.group[cluster] = group
        forest.first_bundle[cluster] = -1
        forest.bundles[cluster] = 0
    before = forest.first_bundle[cluster]
    forest.first_bundle[cluster] = q
    forest.bundles[cluster] += 1
    return before


@inner
def gather(forest, a, b, g, best, edges, start, stop, group, count):
    """Make a bundle of the edges ``edges[start:stop]`` between each two clusters, numbered from
    `count` on; return where the numbers end.
    """
    for t in range(start, stop):
        e = edges[t]
        if forest.bundle[e] >= 0:
            continue
        fa, fb = representative(forest.root, a[e]), representative(forest.root, b[e])
        forest.before_a[e], forest.before_b[e] = fa, fb
        if fa == fb:
            continue
        q = bundle_between(forest, fa, fb, group)
        if q < 0:
            q = count
            count += 1
            forest.side_a[q], forest.side_b[q] = fa, fb
            forest.next_a[q] = hang(forest, fa, group, q)
            forest.next_b[q] = hang(forest, fb, group, q)
            forest.conductance[q] = forest.best[q] = 0.0
            forest.first_edge[q] = -1
        forest.conductance[q] += g[e]
        forest.best[q] = max(forest.best[q], best[e])
        forest.next_edge[e] = forest.first_edge[q]
        forest.first_edge[q] = e
    return count


@inner
def unite(forest, a, b, source, q):
    """Join two clusters by a bundle, numbered `source` so far and q from now on."""
    for field in (forest.side_a, forest.side_b, forest.first_edge):
        field[q] = field[source]
    forest.conductance[q] = forest.conductance[source]
    forest.head_a[q], forest.size_a[q] = forest.head[a], forest.size[a]
    forest.head_b[q], forest.size_b[q] = forest.head[b], forest.size[b]
    e = forest.first_edge[q]
    while e >= 0:
        forest.bundle[e] = q
        e = forest.next_edge[e]
    forest.following[forest.tail[a]] = forest.head[b]
    top, below = (a, b) if forest.size[a] >= forest.size[b] else (b, a)
    head, tail = forest.head[a], forest.tail[b]
    forest.root[below] = top
    forest.head[top], forest.tail[top] = head, tail
    forest.size[top] += forest.size[below]
    forest.cells[top] += forest.cells[below]
    forest.opening[top] = min(forest.opening[a], forest.opening[b])


@compiled
def join(forest, a, b, g, best, edges, start, stop, strength, wide, group, count):
    """Join clusters by the edges ``edges[start:stop]`` of one class of strength, numbered `group`.

    Edge e joins nodes a[e] and b[e] with conductance g[e], that of its best face is best[e]. A
    cluster with a stronger open connection than `strength` waits, and so do clusters that only a
    bundle narrower than `wide` joins. Return the number of bundles, `count` before.
    """
    end = gather(forest, a, b, g, best, edges, start, stop, group, count)
    for source in range(count, end):
        fa, fb = forest.side_a[source], forest.side_b[source]
        ra, rb = representative(forest.root, fa), representative(forest.root, fb)
        if ra == rb or min(forest.opening[ra], forest.opening[rb]) < strength:
            continue
        cells = min(forest.cells[ra], forest.cells[rb])
        least = wide * forest.best[source]
        # the power is slow, and a number of cells is more than its two thirds
        narrow = forest.conductance[source] < least * cells
        if narrow and forest.conductance[source] < least * cells ** (2.0 / 3.0):
            forest.opening[ra] = min(forest.opening[ra], strength)
            forest.opening[rb] = min(forest.opening[rb], strength)
            continue
        unite(forest, ra, rb, source, count)
        count += 1
    return count


@compiled
def settle(forest, nodes, count, a, b, g, surplus):
    """Send the surplus of each node through the bundles; return the sum of current² / conductance.

    ``forest.ratio`` of a bundle becomes its current over its conductance, from the side `side_a`
    to the side `side_b`.
    """
    total = 0.0
    place, value = forest.place, forest.value
    n = 0
    for root in range(nodes):
        if forest.root[root] == root:
            node = forest.head[root]
            while node >= 0:
                place[node] = n
                value[n] = surplus[node]
                n += 1
                node = forest.following[node]
    for q in range(count - 1, -1, -1):
        current = 0.0
        if forest.size_a[q] <= forest.size_b[q]:
            first = place[forest.head_a[q]]
            for t in range(first, first + forest.size_a[q]):
                current += value[t]
        else:
            first = place[forest.head_b[q]]
            for t in range(first, first + forest.size_b[q]):
                current -= value[t]
        ratio = current / forest.conductance[q]
        forest.ratio[q] = ratio
        total += current * ratio
        e = forest.first_edge[q]
        while e >= 0:
            c = ratio * g[e] if forest.before_a[e] == forest.side_a[q] else -ratio * g[e]
            value[place[a[e]]] -= c
            value[place[b[e]]] += c
            e = forest.next_edge[e]
    return total
