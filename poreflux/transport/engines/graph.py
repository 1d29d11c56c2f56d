"""A multigrid on a graph of nodes and edges, on the cores of the host: see
:mod:`poreflux.transport.solvers.graph_multigrid`.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from poreflux.kernels import dense, graph, graph_cycle, redblack
from poreflux.transport.engines.engine import Engine

#: a graph of at most this many nodes is solved directly
DIRECT = 400

#: pairs of pairs of pairs make an aggregate
PASSES = 3

#: a pair is not made whose edge conducts so many times less than its nodes do in the mean
WORST = 16.0

#: a correction is so many times that of Galerkin's matrix
FACTOR = 1.5

#: graphs below this many nodes take one thread
WORTH_SHARING = 20_000

#: nodes with so many edges are all alike where others come first
MANY = 2**16 - 1

#: the coarsest graph is solved directly unless it has more nodes: those that nothing joins well
MOST = 1600

#: a coarse graph has at most this share of the nodes, or there is none
LEAST_FALL = 0.8


class Edges(NamedTuple):
    """The edges of each node, see :mod:`poreflux.kernels.graph`."""

    ptr: np.ndarray
    to: np.ndarray
    g: np.ndarray


class Graph:
    """Nodes, their edges and links, and the vectors of a cycle on them."""

    def __init__(self, engine: Engine, edges: Edges, link: np.ndarray):
        self.engine = engine
        self.edges = edges
        self.link = link
        self.nodes = link.size
        self.inverse = np.empty(self.nodes)
        self.run(graph.invert_diagonal, edges.ptr, edges.g, link, self.inverse)

    def run(self, kernel: Callable, *args: Any, start: int = 0, stop: int | None = None) -> None:
        """Run a kernel on all nodes, or on those from `start` to `stop`, shared out."""
        stop = self.nodes if stop is None else stop
        cuts = np.linspace(start, stop, self.parts(stop - start) + 1).astype(int).tolist()
        self.engine.map(kernel, [(*args, a, z) for a, z in pairwise(cuts)])

    def run_blocks(self, kernel: Callable, *args: Any) -> None:
        """Run a kernel on all blocks, shared out."""
        blocks = -(-self.nodes // graph_cycle.BLOCK)
        cuts = np.linspace(0, blocks, self.parts(self.nodes) + 1).astype(int).tolist()
        self.engine.map(kernel, [(*args, a, z) for a, z in pairwise(cuts)])

    def parts(self, nodes: int) -> int:
        """Return how many threads share a pass over so many nodes."""
        return self.engine.threads if nodes >= WORTH_SHARING else 1

    @property
    def matrix(self) -> tuple[np.ndarray, ...]:
        """Return what kernels take of the matrix."""
        return (*self.edges, self.inverse)


class Aggregates:
    """Which aggregate of a graph each node is in, and the nodes of each."""

    def __init__(self, whole: np.ndarray, count: int):
        self.whole = whole
        self.first = np.empty(count + 1, np.int64)
        self.member = np.empty(whole.size, np.int32)
        graph.list_members(whole, self.first, self.member)

    def joined(self, fine: Graph) -> Graph:
        """Return the graph of the aggregates."""
        count = self.first.size - 1
        ptr = np.zeros(count + 1, np.int64)
        cuts = np.linspace(0, count, fine.parts(fine.nodes) + 1).astype(int).tolist()
        ranges = list(pairwise(cuts))
        seen = [np.empty(count, np.int32) for _ in ranges]
        of_fine = fine.edges.ptr, fine.edges.to
        members = self.whole, self.first, self.member
        counting = [(*of_fine, *members, s, ptr[1:], *cut) for s, cut in zip(seen, ranges)]
        fine.engine.map(graph.count_joined, counting)
        np.cumsum(ptr, out=ptr)
        edges = Edges(ptr, np.empty(ptr[-1], np.int32), np.empty(ptr[-1], np.float32))
        link = np.empty(count)
        jobs = [
            (*fine.edges, fine.link, *members, s, np.empty(count), *edges, link, *cut)
            for s, cut in zip(seen, ranges)
        ]
        fine.engine.map(graph.join, jobs)
        return Graph(fine.engine, edges, link)


def aggregate(fine: Graph, worst: float) -> tuple[Aggregates, Graph] | None:
    """Return the aggregates of a graph and the graph of these, if they are fewer by enough; no pair
    is `worst` or worse.

    How well a pair is joined is compared with all that the nodes in it conduct, also to each other:
    smoothing tells two islands apart only where each of them is one node.
    """
    whole, coarse = np.arange(fine.nodes, dtype=np.int32), fine
    inside: np.ndarray = 1 / fine.inverse
    for _ in range(PASSES):
        edges, partner = coarse.edges, np.empty(coarse.nodes, np.int32)
        # nodes with few edges first: those in between would else be left without a partner
        order = np.argsort(np.minimum(np.diff(edges.ptr), MANY).astype(np.uint16), kind="stable")
        count = graph.pair(*edges, coarse.link, 1 / inside, order, worst, partner)
        graph.renumber(partner, np.empty(count, np.int32))
        coarse = Aggregates(partner, count).joined(coarse)
        inside = np.bincount(partner, inside, count).astype(float)
        whole = partner[whole]
    if coarse.nodes > LEAST_FALL * fine.nodes:
        return None
    return Aggregates(whole, coarse.nodes), coarse


def graph_of_faces(
    engine: Engine, faces: Callable[[int], np.ndarray], number: np.ndarray, link: np.ndarray
) -> Graph:
    """Return the graph of cells of which ``number`` (n0, n1, n2) is the node, -1 where there is
    none, and ``faces(axis)`` the conductance of each to the one before it.
    """
    slabs = redblack.slabs(number.shape[0], engine.threads)
    ptr = np.zeros(link.size + 1, np.int64)
    for axis in range(3):
        counting = faces(axis), number, axis, ptr[1:]
        engine.map(graph.count_edges, [(*counting, *slab) for slab in slabs])
    np.cumsum(ptr, out=ptr)
    edges = Edges(ptr, np.empty(ptr[-1], np.int32), np.empty(ptr[-1], np.float32))
    end = ptr[:-1].copy()
    for axis in range(3):
        listing = faces(axis), number, axis, end, edges.to, edges.g
        engine.map(graph.list_edges, [(*listing, *slab) for slab in slabs])
    return Graph(engine, edges, link)


def factor_of(bottom: Graph) -> np.ndarray | None:
    """Return the factor of the matrix of the coarsest graph, None where it has too many nodes."""
    if bottom.nodes > MOST:
        return None
    matrix = np.empty((bottom.nodes, bottom.nodes))
    graph_cycle.matrix(*bottom.edges, bottom.link, matrix)
    factor = np.zeros_like(matrix)
    dense.factorise(matrix, factor)
    return factor


class GraphCycle:
    """The graphs below a finest one, of which the first `reds` nodes are red, and a cycle on them;
    a vector of the finest is zero on the others.
    """

    def __init__(self, fine: Graph, reds: int):
        self.reds = reds
        self.graphs = [fine]
        self.aggregates: list[Aggregates] = []
        while self.graphs[-1].nodes > DIRECT:
            made = aggregate(self.graphs[-1], WORST) or aggregate(self.graphs[-1], np.inf)
            if made is None:
                break
            self.aggregates.append(made[0])
            self.graphs.append(made[1])
        self.factor = factor_of(self.graphs[-1])
        #: right-hand side, iterate and what is left of each graph, then what its visits take
        self.work = [[np.zeros(level.nodes) for _ in range(2)] for level in self.graphs]
        self.work[0].append(np.zeros(self.reds))
        for level, vectors in zip(self.graphs[1:], self.work[1:]):
            vectors += [np.zeros(level.nodes) for _ in range(3)]
        self.damped = [np.zeros(0), *(np.empty(level.nodes) for level in self.graphs[1:])]
        for level, damped in zip(self.graphs[1:], self.damped[1:]):
            level.run(graph_cycle.damp, *level.matrix, damped)

    def precondition(self, values: np.ndarray, where: np.ndarray, out: np.ndarray) -> None:
        """Write M r into `out`, r the red ``values[where]``, both flat."""
        fine = self.graphs[0]
        b, x, rest = self.work[0]
        fine.run(graph_cycle.gather, values, where, fine.inverse, b, x, stop=self.reds)
        if len(self.graphs) == 1 and self.factor is not None:
            dense.substitute(self.factor, b, x)
        else:
            self.relax_black(b, x)
            if self.aggregates:
                fine.run(graph_cycle.residual, *fine.matrix, b, x, rest, stop=self.reds)
                coarse = self.correction(0, rest, self.reds)
                whole = self.aggregates[0].whole
                fine.run(graph_cycle.correct, x, whole, FACTOR, coarse, x, stop=self.reds)
                self.relax_black(b, x)
            fine.run(graph_cycle.relax, *fine.matrix, b, x, stop=self.reds)
        fine.run(graph_cycle.scatter, x, where, out, stop=self.reds)

    def relax_black(self, b: np.ndarray, x: np.ndarray) -> None:
        """Relax the black nodes of the finest graph."""
        self.graphs[0].run(graph_cycle.relax, *self.graphs[0].matrix, b, x, start=self.reds)

    def correction(self, level: int, rest: np.ndarray, nodes: int) -> np.ndarray:
        """Return the correction for what is left of the first `nodes` of a graph."""
        aggregates, coarse = self.aggregates[level], self.graphs[level + 1]
        b = self.work[level + 1][0]
        coarse.run(graph_cycle.add_up, rest, aggregates.first, aggregates.member, nodes, b)
        return self.solve(level + 1, b)

    def solve(self, level: int, b: np.ndarray) -> np.ndarray:
        """Return an approximation of A^-1 b: two visits, or the solution of the coarsest graph."""
        here = self.graphs[level]
        _, x, _, _, total = self.work[level]
        if level == len(self.graphs) - 1 and self.factor is not None:
            dense.substitute(self.factor, b, x)
            return x
        self.cycle(level, b, total)
        here.run(graph_cycle.residual, *here.matrix, b, total, b)
        self.cycle(level, b, x)
        here.run(graph_cycle.add, x, total)
        return total

    def cycle(self, level: int, b: np.ndarray, x: np.ndarray) -> None:
        """x = one cycle for A x = b from zero."""
        here = self.graphs[level]
        _, _, rest, before, _ = self.work[level]
        damped = self.damped[level]
        here.run_blocks(graph_cycle.sweep_forth, *here.edges, damped, b, x)
        if level < len(self.aggregates):
            here.run(graph_cycle.residual, *here.matrix, b, x, rest)
            coarse = self.correction(level, rest, here.nodes)
            here.run(graph_cycle.correct, x, self.aggregates[level].whole, FACTOR, coarse, before)
        else:
            before[:] = x
        sweep = *here.edges, damped, here.inverse
        here.run_blocks(graph_cycle.sweep_back, *sweep, b, before, x)
