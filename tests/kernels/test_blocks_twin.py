"""What the kernels of blocks find on small media, face by face against faces that are listed
independently: Kirchhoff's law holds in every cell, and the power is that of the currents.
"""

from typing import NamedTuple

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from poreflux.kernels import block_network, blocks, cube_balance, forest
from poreflux.transport.solvers.error_bound import ErrorBound
from tests.kernels.twin import Twin
from tests.physics import direct
from tests.transport.conftest import problem_of
from tests.transport.packed import RED, colour

EDGE = blocks.EDGE

INSULATED = [(17, 10, 12), (8, 8, 8), (1, 9, 17), (17, 1, 9), (9, 18, 1), (3, 4, 5), (9, 9, 9)]
EVEN = [(16, 2, 18), (2, 16, 10), (18, 10, 2), (10, 8, 24)]
CASES = [
    *((("binary", "insulated", "driven"), shape) for shape in INSULATED),
    *((("phases", "insulated", "driven"), shape) for shape in INSULATED[:4]),
    *((("phases", "periodic", "driven"), shape) for shape in EVEN),
    *((("partial", "periodic", "periodic"), shape) for shape in EVEN),
]


class Faces(NamedTuple):
    """All faces that conduct, between flat cells a and b, and the links of cells to the ground."""

    a: np.ndarray
    b: np.ndarray
    axis: np.ndarray
    conductance: np.ndarray
    ground: np.ndarray


class Case(NamedTuple):
    """A problem with its faces, a random imbalance, and the bound that has been prepared."""

    twin: Twin
    faces: Faces
    surplus: np.ndarray
    bound: ErrorBound

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.twin.problem.shape

    @property
    def node(self) -> np.ndarray:
        """Return the node of the coarse network of each cell, -1 where nothing conducts."""
        clusters = self.bound.clusters
        first = clusters.first
        for axis, n in enumerate(self.shape):
            first = first.repeat(EDGE, axis).take(np.arange(n), axis)
        alive = self.twin.problem.cells > 0
        return np.where(alive, first + clusters.labels.astype(int), -1).ravel()

    @property
    def block(self) -> np.ndarray:
        """Return the number of the block of each cell."""
        z, y, x = (i // EDGE for i in np.indices(self.shape))
        _, by, bx = self.bound.clusters.first.shape
        return ((z * by + y) * bx + x).ravel()


@pytest.fixture(params=CASES, ids=lambda case: f"{'-'.join(case[0])}-{'x'.join(map(str, case[1]))}")
def case(request, rng) -> Case:
    kind, shape = request.param
    problem = problem_of(kind, shape)
    twin = Twin(problem)
    mean = "arithmetic" if problem.arithmetic else "harmonic"
    net = direct.network(
        problem.cells.astype(float), problem.spacing,
        sides=problem.sides, boundary=problem.boundary, mean=mean,
    )  # fmt: skip
    unit = np.prod(problem.spacing) / min(problem.spacing) ** 2
    on = net.conductance > 0
    a, b = net.pairs[on].T
    faces = Faces(a, b, net.across[on], net.conductance[on] / unit, (net.low + net.high) / unit)
    surplus = np.where(colour(shape) == RED, twin.random(rng), 0).ravel()
    if problem.boundary == "periodic":  # nothing leads to the ground
        red = np.flatnonzero((colour(shape).ravel() == RED) & (problem.cells.ravel() > 0))
        surplus[red] -= surplus[red].mean()
    bound = ErrorBound(twin.operator)
    bound.prepare()
    return Case(twin, faces, surplus, bound)


def r_of(case: Case) -> np.ndarray:
    return case.twin.pack(case.surplus.reshape(case.shape), 1)


def test_clusters_are_what_hangs_together_inside_a_block(case):
    node, faces = case.node, case.faces
    assert ((node >= 0) == (case.twin.problem.cells.ravel() > 0)).all()
    assert set(node[node >= 0]) == set(range(1, case.bound.nodes))
    same = node[faces.a] == node[faces.b]
    graph = coo_array((same, (faces.a, faces.b)), shape=(node.size, node.size))
    cluster = connected_components(graph, directed=False)[1]
    for n in range(1, case.bound.nodes):
        members = np.flatnonzero(node == n)
        assert len(set(case.block[members])) == 1
        assert len(set(cluster[members])) == 1


def coarse(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Return the list of each face, -1 inside of a cluster, and of each link to the ground: five
    for each block, of the edges across its lower sides, to the ground, and inside.
    """
    node, block, faces = case.node, case.block, case.faces
    inside = block[faces.a] == block[faces.b]
    inside &= faces.b - faces.a == steps(case)  # not around a period
    what = np.where(inside, block_network.INSIDE, faces.axis)
    own = node[faces.a] == node[faces.b]
    return np.where(
        own, -1, block_network.LISTS * block[faces.b] + what
    ), block_network.LISTS * block + 3


def steps(case: Case) -> np.ndarray:
    """Return how far apart the cells of each face are along its axis."""
    return np.array([case.shape[1] * case.shape[2], case.shape[2], 1])[case.faces.axis]


def lists(case: Case, edges: int) -> np.ndarray:
    """Return the list of each coarse edge."""
    return np.searchsorted(case.bound.starts.ravel(), np.arange(edges), side="right") - 1


def test_the_coarse_network_is_that_of_the_faces(case):
    network, node, faces = case.bound._network(r_of(case)), case.node, case.faces
    of_faces, of_ground = coarse(case)
    expected: dict[tuple[int, int, int], list[float]] = {}
    for k, a, b, g in zip(of_faces, node[faces.a], node[faces.b], faces.conductance):
        if k >= 0:
            expected.setdefault((k, a, b), []).append(g)
    for cell in np.flatnonzero(faces.ground):
        expected.setdefault((of_ground[cell], 0, node[cell]), []).append(faces.ground[cell])
    found: dict[tuple[int, int, int], list[tuple[float, float]]] = {}
    keys = zip(lists(case, network.far.size), network.far, network.near)
    for key, g, best in zip(keys, network.conductance, network.best):
        found.setdefault(tuple(map(int, key)), []).append((g, best))
    assert set(found) == set(expected)
    for key, edges in found.items():
        assert sum(g for g, _ in edges) == pytest.approx(sum(expected[key]), rel=1e-12)
        assert max(best for _, best in edges) == pytest.approx(max(expected[key]), rel=1e-12)
    node = case.node
    per_node = np.bincount(node[node >= 0], case.surplus[node >= 0], case.bound.nodes)
    per_node[0] = -per_node[1:].sum()
    np.testing.assert_allclose(network.surplus, per_node, atol=1e-12)
    red = (node >= 0) & (colour(case.shape).ravel() == RED)
    np.testing.assert_array_equal(
        network.cells[1:], 2 * np.bincount(node[red], minlength=case.bound.nodes)[1:]
    )


def test_the_coarse_currents_balance_every_node(case):
    network = case.bound._network(r_of(case))
    power, ratio = case.twin.operator.engine.settle_network(network)
    current = ratio * network.conductance
    left = network.surplus.copy()
    np.subtract.at(left, network.far, current)
    np.add.at(left, network.near, current)
    np.testing.assert_allclose(left, 0, atol=1e-10 * np.abs(current).max())
    # parallel edges of a bundle may carry their own shares only
    assert power == pytest.approx(float((ratio**2 * network.conductance).sum()), rel=1e-10)


def test_the_currents_of_all_faces_balance_every_cell_at_the_power_that_is_said(case):
    bound, engine, operator = case.bound, case.twin.operator.engine, case.twin.operator
    r = r_of(case)
    network = bound._network(r)
    power, ratio = engine.settle_network(network)
    starts = bound.starts + bound.first_edge
    inside = engine.settle_blocks(operator, r, bound.clusters, starts, bound.beyond, ratio)
    keys = zip(lists(case, ratio.size), network.far, network.near)
    phi = {tuple(map(int, key)): value for key, value in zip(keys, ratio)}
    node, faces, left = case.node, case.faces, case.surplus.copy()
    of_faces, of_ground = coarse(case)
    total = 0.0
    for k, a, b, g in zip(of_faces, faces.a, faces.b, faces.conductance):
        if k >= 0:
            current = phi[k, node[a], node[b]] * g
            left[a] -= current
            left[b] += current
            total += current**2 / g
    for cell in np.flatnonzero(faces.ground):
        current = phi[of_ground[cell], 0, node[cell]] * faces.ground[cell]
        left[cell] += current
        total += current**2 / faces.ground[cell]
    assert total == pytest.approx(power, rel=1e-10)
    within = sum(settled(case, place, left) for place in np.ndindex(*bound.clusters.first.shape))
    assert within == pytest.approx(inside, rel=1e-9)


def settled(case: Case, place: tuple[int, ...], left: np.ndarray) -> float:
    """Settle one block by its own kernels, from what the coarse currents leave; return the power of
    its currents, of which each face has at most its own, in balance everywhere.
    """
    operator = case.twin.operator
    scratch = blocks.block(operator.kernel)
    kind = cube_balance.kind_of(operator.kernel, case.shape, *place, scratch.cubes)
    if kind != cube_balance.CELL_BY_CELL:
        return settled_by_cubes(case, kind, place, left, scratch)
    count = blocks.grow(operator.kernel, case.shape, *place, scratch)
    cells = np.full(blocks.CELLS, -1)
    extent = [np.arange(p * EDGE, min((p + 1) * EDGE, n)) for p, n in zip(place, case.shape)]
    at = np.ix_(*(e % EDGE for e in extent))
    number = np.arange(np.prod(case.shape)).reshape(case.shape)
    cells.reshape(EDGE, EDGE, EDGE)[at] = number[np.ix_(*extent)]
    surplus = np.where(cells >= 0, left[cells], 0.0)
    check_openings(case, scratch, cells)
    forest.settle(
        scratch.forest, blocks.CELLS, count, scratch.a, scratch.b, scratch.g, surplus.copy()
    )
    conductance = {
        (int(a), int(b)): g for a, b, g in zip(case.faces.a, case.faces.b, case.faces.conductance)
    }
    power = 0.0
    for e in np.flatnonzero(scratch.forest.bundle >= 0):
        q = scratch.forest.bundle[e]
        a, b, g = scratch.a[e], scratch.b[e], scratch.g[e]
        assert g == pytest.approx(conductance[cells[a], cells[b]], rel=1e-12)
        sign = 1 if scratch.forest.before_a[e] == scratch.forest.side_a[q] else -1
        current = sign * scratch.forest.ratio[q] * g
        surplus[a] -= current
        surplus[b] += current
        power += current**2 / g
    np.testing.assert_allclose(surplus, 0, atol=1e-9 * np.abs(left).max())
    return power


def settled_by_cubes(
    case: Case, kind: int, place: tuple[int, ...], left: np.ndarray, scratch: blocks.Block
) -> float:
    """Do the same where a block is taken apart into cubes: currents across their faces follow from
    the falls, those inside are the least ones.
    """
    cubes, shape = scratch.cubes, case.shape
    members = np.flatnonzero((case.node >= 0) & (case.block == number_of(case, place)))
    spot = {
        cell: blocks.cube_cell(int(np.ravel_multi_index([i % EDGE for i in index], (EDGE,) * 3)))
        for cell, index in zip(members.tolist(), zip(*np.unravel_index(members, shape)))
    }
    cubes.surplus[:], cubes.fall[:], cubes.beyond[:] = 0, 0, 0
    for cell, at in spot.items():
        cubes.surplus[at] = left[cell]
    power = cube_balance.settle_block(
        case.twin.operator.kernel, kind, cubes, scratch.joints, scratch.forest
    )
    rest, total, inner = left.copy(), 0.0, {}
    for a, b, axis, step, g in zip(
        case.faces.a.tolist(), case.faces.b.tolist(), case.faces.axis, steps(case),
        case.faces.conductance,
    ):  # fmt: skip
        if not (a in spot and b in spot) or b - a != step:
            continue
        (_, cube_a), (corner, cube_b) = spot[a], spot[b]
        if cube_a == cube_b:
            inner.setdefault(cube_a, []).append((a, b, g))
            continue
        q = [corner, corner // 4 * 2 + corner % 2, corner // 2][axis]
        current = cubes.fall[axis, q, cube_b] * g
        rest[a] -= current
        rest[b] += current
        total += current**2 / g
    for faces in inner.values():
        cells = sorted({cell for a, b, _ in faces for cell in (a, b)})
        L = np.zeros((len(cells), len(cells)))
        for a, b, g in faces:
            ends = [cells.index(a), cells.index(b)]
            L[np.ix_(ends, ends)] += g * np.array([[1, -1], [-1, 1]])
        u = np.linalg.lstsq(L, rest[cells], rcond=1e-12)[0]
        total += u @ L @ u
        rest[cells] -= L @ u
    np.testing.assert_allclose(rest[members], 0, atol=1e-9 * np.abs(left).max())
    assert power == pytest.approx(total, rel=1e-9, abs=1e-30)
    return total


def number_of(case: Case, place: tuple[int, ...]) -> int:
    """Return the number of a block."""
    return int(np.ravel_multi_index(place, case.bound.clusters.first.shape))


def check_openings(case: Case, scratch: blocks.Block, cells: np.ndarray) -> None:
    """Compare the strongest way of each cell out of its block with that of the listed faces."""
    blocks.load(case.twin.operator.kernel, case.shape, *where(case, cells), scratch)
    faces, inside = case.faces, set(cells[cells >= 0].tolist())
    strongest = dict.fromkeys(inside, 255)
    apart = steps(case)
    for a, b, step, g in zip(faces.a.tolist(), faces.b.tolist(), apart, faces.conductance):
        leaves = not (a in inside and b in inside) or b - a != step
        for cell in (a, b):
            if leaves and cell in inside:
                strongest[cell] = min(strongest[cell], blocks.class_of(g))
    for cell in inside:
        if faces.ground[cell] > 0:
            strongest[cell] = min(strongest[cell], blocks.class_of(faces.ground[cell]))
    found = scratch.forest.opening[cells >= 0]
    np.testing.assert_array_equal(found, [strongest[cell] for cell in cells[cells >= 0]])
    blocks.grow(case.twin.operator.kernel, case.shape, *where(case, cells), scratch)


def where(case: Case, cells: np.ndarray) -> tuple[int, ...]:
    """Return the place of the block of some cells."""
    first = np.unravel_index(cells[cells >= 0].min(), case.shape)
    return tuple(int(i) // EDGE for i in first)
