"""An upper bound of the error of a potential: the power of any current that balances it.

For a potential u with the imbalance ``r = b - A u`` and the error e, the energy of u exceeds the
least one by ``e . A e``, and that is the least power ``sum c^2 / g`` of all currents c through the
conductances g that carry the surplus r of each cell to the ground (Thomson's principle). Any such
current gives an upper bound, without a difference of large numbers. The one of
:mod:`poreflux.kernels.block_network` follows from additions alone.
"""

from typing import NamedTuple

import numpy as np

from poreflux.kernels import rows
from poreflux.transport.engines.engine import (
    BLOCK_EDGE,
    CLASS,
    TO_GROUND,
    WIDE,
    Clusters,
    Network,
)
from poreflux.transport.laplace.operator import Operator


class Certificate(NamedTuple):
    """The energy of a potential, by how much it exceeds the least one at most, the relative error
    that rounding of conductances and sums adds, and whether this is proved or an estimate.
    """

    energy: float
    excess: float
    rounding: float
    proved: bool = True

    @property
    def error(self) -> float:
        """Return a bound of the relative error of the energy."""
        return self.unsolved + self.rounding

    @property
    def unsolved(self) -> float:
        """Return the part of the error that further iterations lower."""
        least = self.energy - self.excess
        return self.excess / least if least > 0 else np.inf

    def meets(self, rtol: float) -> bool:
        """Return whether the error is at most `rtol`, or a tenth of it before rounding."""
        return self.unsolved <= max(rtol - self.rounding, rtol / 10)


class ErrorBound:
    """The bound for any potential of one operator, whose geometry it keeps between evaluations."""

    #: whether to evaluate it from the first, where nothing raises a doubt
    affordable = True

    def __init__(self, operator: Operator):
        self.operator = operator
        self.prepared = False
        #: whether to evaluate it in doubt, and after many iterations
        self.guarded = True
        #: integrals per plane of the potential estimated last, where the estimate took them
        self.planes: np.ndarray | None = None

    def prepare(self) -> None:
        """Find the clusters and the coarse edges between them, once."""
        if self.prepared:
            return
        self.prepared = True
        operator = self.operator
        neighbours = operator.neighbours
        self.clusters, self.nodes = cluster(operator)
        counts = operator.engine.count_edges(operator, self.clusters)
        ends = np.cumsum(counts)
        self.starts = (ends - counts.ravel()).reshape(counts.shape)
        self.edges = int(ends[-1])
        first_layer = neighbours.first // BLOCK_EDGE
        self.distance = distances(counts, first_layer)
        lengths = [int(part[0]) for part in neighbours.collect(np.array([self.edges]))]
        self.first_edge = sum(lengths[: neighbours.box])
        outer = np.stack([self.starts[0, :, :, 0] + self.first_edge] * 2)
        self.beyond = neighbours.adjacent(outer)[1]

    def __call__(self, x: np.ndarray, r: np.ndarray) -> Certificate:
        """Return the energy of x, whose ghosts are filled, and an upper bound of ``e . A e``.

        r (1, Z, Y, H) is overwritten with the imbalance of red cells.
        """
        operator, engine = self.operator, self.operator.engine
        self.prepare()
        energy = self.energy(x, r)
        network = self._network(r)
        power, ratio = engine.settle_network(network)
        starts = self.starts + self.first_edge
        inside = engine.settle_blocks(operator, r, self.clusters, starts, self.beyond, ratio)
        excess = operator.neighbours.sum(inside) + power
        return Certificate(energy, excess, rounding(operator))

    def estimate(self, x: np.ndarray, r: np.ndarray, remaining: float) -> Certificate:
        """Return the energy of x with an estimate of its excess: that of the iteration, or a larger
        one. r may be overwritten.
        """
        return Certificate(self.energy(x, r), remaining, rounding(self.operator), proved=False)

    def energy(self, x: np.ndarray, r: np.ndarray) -> float:
        """Return the energy of x; r becomes the imbalance of red cells."""
        operator = self.operator
        return operator.neighbours.sum(operator.engine.imbalance(operator, x, r))

    def energy_alone(self, x: np.ndarray, r: np.ndarray) -> float:
        """Return the energy of x; r may be overwritten."""
        return self.energy(x, r)

    def _network(self, r: np.ndarray) -> Network:
        """Return the coarse network of all boxes."""
        none = np.zeros(0, np.int32)
        far, near = (np.zeros(self.edges, np.int32) for _ in range(2))
        conductance, best = np.zeros(self.edges), np.zeros(self.edges)
        surplus, cells = np.zeros(self.nodes), np.zeros(self.nodes)
        network = Network(far, near, conductance, best, surplus, cells, none, none, none)
        self.operator.engine.fill_edges(self.operator, r, self.clusters, self.starts, network)
        collect = self.operator.neighbours.collect
        far, near, conductance, best = (np.concatenate(collect(part)) for part in network[:4])
        surplus = np.sum(collect(surplus), 0)
        surplus[0] = -surplus[1:].sum()
        cells = np.sum(collect(cells), 0)
        cells[0] = np.inf
        distance = np.concatenate(collect(self.distance))
        return Network(far, near, conductance, best, surplus, cells, *ordered(best, distance))


def rounding(operator: Operator) -> float:
    """Return the relative error of an energy that comes from rounding: of the sum; in float32 also
    of conductances that are no such numbers, and of the jump of the potential around a period.
    """
    of_all = 4 * np.finfo(float).eps * sum(operator.shape) ** 0.5
    if operator.dtype == np.float64:
        return float(of_all)
    kernel = operator.kernel
    if not (isinstance(kernel, rows.Binary) and {kernel.wz, kernel.wy, kernel.wx} == {1}):
        of_all += 3 * np.finfo(np.float32).eps
    if operator.neighbours.periodic[0]:
        of_all += 4 * np.finfo(np.float32).eps
    return float(of_all)


def cluster(operator: Operator) -> tuple[Clusters, int]:
    """Return the clusters of the blocks of an operator, and the number of nodes of all boxes with
    the ground.
    """
    neighbours = operator.neighbours
    labels = np.zeros(operator.shape, np.uint16)
    counts = operator.engine.label_blocks(operator, labels)
    nodes = [int(part[0]) for part in neighbours.collect(np.array([counts.sum()]))]
    before = 1 + sum(nodes[: neighbours.box])
    first = (before + np.cumsum(counts) - counts.ravel()).reshape(counts.shape)
    outer = np.stack([outer_nodes(labels, first, k) for k in (0, -1)])
    below, above = neighbours.adjacent(outer)
    return Clusters(labels, first, counts, below, above), 1 + sum(nodes)


def outer_nodes(labels: np.ndarray, first: np.ndarray, k: int) -> np.ndarray:
    """Return the nodes (n1, n2) of the first or the last plane of cells."""
    _, n1, n2 = labels.shape
    blocks_of_plane = first[k].repeat(BLOCK_EDGE, 0).repeat(BLOCK_EDGE, 1)
    return blocks_of_plane[:n1, :n2] + labels[k]


def distances(counts: np.ndarray, first_layer: int) -> np.ndarray:
    """Return how far apart the two ends of each coarse edge are: 0 inside a block, three more for
    each doubling; the ground is near. The first blocks are in layer `first_layer` of all.
    """
    distance = np.zeros(counts.shape, np.uint8)
    for axis in range(3):
        n = np.arange(counts.shape[axis]) + (first_layer if axis == 0 else 0)
        trailing = np.where(n > 0, np.log2(np.maximum(n & -n, 1)), 30).astype(np.uint8)
        shape = [1, 1, 1]
        shape[axis] = -1
        distance[..., axis] = 3 * trailing.reshape(shape) + 3 - axis
    distance[..., TO_GROUND] = 1
    return distance.ravel().repeat(counts.ravel())


def ordered(
    conductance: np.ndarray, distance: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the order of coarse edges, strong ones before weak ones and near ones before far ones,
    the groups in which they join clusters, and how wide they must be: each class thrice.
    """
    strength = np.maximum(0, -np.log2(conductance) / np.log2(CLASS)).astype(np.int32)
    key = strength * 256 + distance
    order = np.argsort(key, kind="stable").astype(np.int32)
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    stops = np.append(starts[1:], key.size)
    classes = strength[order[starts]]
    groups, widths = [], []
    for k in np.unique(classes):
        own = np.stack([starts, stops], 1)[classes == k]
        for wide in (WIDE, WIDE / 8, 0.0):
            groups.append(own)
            widths.append(np.full(len(own), wide))
    if not groups:
        return order, np.zeros((0, 2), np.int32), np.zeros(0)
    return order, np.concatenate(groups).astype(np.int32), np.concatenate(widths)
