"""Blocks whose cubes hang together in any other way: the parts of cubes are joined step by step, as
:mod:`poreflux.kernels.forest` joins nodes, those of near cubes first.
"""

from typing import NamedTuple

import numpy as np

from poreflux.kernels.components import root as representative
from poreflux.kernels.cubes import CUBES, PARTS, corner, stride
from poreflux.kernels.forest import WIDE, join, plant, settle
from poreflux.kernels.redblack import inner
from poreflux.kernels.rows import Binary, either

#: parts of all cubes of a block
NODES = PARTS * CUBES


class Joints(NamedTuple):
    """The parts of cubes of one block, node 4 m + p is part p of cube m, and the faces between.

    Edge 256 axis + 64 q + m joins nodes ``a`` and ``b`` across face q of cube m, or across the
    whole of it for q = 0 and cubes of one part. ``order`` are faces 64 axis + m by distance, and
    ``levels`` where each distance starts.
    """

    part: np.ndarray
    order: np.ndarray
    levels: np.ndarray
    a: np.ndarray
    b: np.ndarray
    g: np.ndarray
    best: np.ndarray
    edges: np.ndarray
    sums: np.ndarray
    cluster: np.ndarray


def joints() -> Joints:
    """Return scratch of one thread."""
    place = np.indices((4, 4, 4)).reshape(3, CUBES)
    level = 3 * np.array([9, 0, 1, 0])[place] + np.array([[2], [1], [0]])
    order = np.argsort(level.ravel(), kind="stable")
    levels = np.searchsorted(level.ravel()[order], np.arange(7))
    a, b, edges = (np.zeros(4 * 3 * CUBES, np.int32) for _ in range(3))
    g, best = (np.zeros(4 * 3 * CUBES) for _ in range(2))
    return Joints(
        np.zeros((8, CUBES), np.int32), order.astype(np.int32), levels.astype(np.int32),
        a, b, g, best, edges, np.zeros(NODES), np.zeros(NODES, np.uint16),
    )  # fmt: skip


def _binary_part(op, cubes, joints):
    for m in range(CUBES):
        for n in range(8):
            joints.part[n, m] = cubes.part[cubes.pattern[m], n]


def _faces_part(op, cubes, joints):
    for m in range(CUBES):
        pattern = cubes.pattern[m]
        for n in range(8):
            joints.part[n, m] = n if (pattern >> n) & 1 else -1
        for _ in range(7):
            for axis in range(3):
                for q in range(4):
                    a, b = corner(axis, q), corner(axis, q) + (4 >> axis)
                    if cubes.inner[axis, q, m] > 0:
                        first = min(joints.part[a, m], joints.part[b, m])
                        joints.part[a, m] = joints.part[b, m] = first
        found = 0
        for n in range(8):
            if joints.part[n, m] == n:
                for after in range(n, 8):
                    if joints.part[after, m] == n:
                        joints.part[after, m] = found
                found += 1


@either(_binary_part, _faces_part)
def fill_parts(op, cubes, joints):
    """Fill the part of each cell of its cube, -1 where it is blocked."""
    (_binary_part if isinstance(op, Binary) else _faces_part)(op, cubes, joints)


@inner
def load_joint(face, cubes, joints, forest, n):
    """List the edges across one face between cubes, from number n on; return where they end."""
    axis, m = face // CUBES, face % CUBES
    before = m - stride(axis)
    if not cubes.wide[axis, m] > 0:
        return n
    whole = cubes.parts_of[m] == 1 and cubes.parts_of[before] == 1
    for q in range(1 if whole else 4):
        g = cubes.wide[axis, m] if whole else cubes.low[axis, q, m]
        if g > 0:
            e = (4 * axis + q) * CUBES + m
            joints.g[e], joints.best[e] = g, g
            joints.a[e], joints.b[e] = PARTS * before, PARTS * m
            if whole:
                for t in range(4):
                    joints.best[e] = max(cubes.low[axis, t, m], joints.best[e] if t else 0.0)
            else:
                joints.a[e] += joints.part[corner(axis, q) + (4 >> axis), before]
                joints.b[e] += joints.part[corner(axis, q), m]
            forest.bundle[e] = -1
            joints.edges[n] = e
            n += 1
    return n


@inner
def join_parts(op, cubes, joints, forest):
    """Join the parts of the cubes loaded last; return the number of bundles."""
    fill_parts(op, cubes, joints)
    plant(forest, NODES)
    for m in range(CUBES):
        for p in range(PARTS):
            forest.cells[PARTS * m + p] = 0.0
        most = -1
        for n in range(8):
            part = joints.part[n, m]
            if part >= 0:
                forest.cells[PARTS * m + part] += 1.0
                most = max(most, part)
        cubes.parts_of[m] = most + 1
    count = 0
    for level in range(6):
        n = 0
        for t in range(joints.levels[level], joints.levels[level + 1]):
            n = load_joint(joints.order[t], cubes, joints, forest, n)
        count = join(
            forest, joints.a, joints.b, joints.g, joints.best, joints.edges, 0, n, 0, WIDE, level,
            count,
        )  # fmt: skip
    return count


@inner
def number_clusters(cubes, joints, forest):
    """Fill the number of the cluster of each part; return how many there are."""
    found = 0
    for m in range(CUBES):
        for p in range(cubes.parts_of[m]):
            node = PARTS * m + p
            if forest.root[node] == node:
                joints.cluster[node] = found
                found += 1
    for m in range(CUBES):
        for p in range(cubes.parts_of[m]):
            node = PARTS * m + p
            joints.cluster[node] = joints.cluster[representative(forest.root, node)]
    return found


@inner
def settle_parts(op, cubes, joints, forest):
    """Fill the falls between cubes that balance their parts; return the power."""
    count = join_parts(op, cubes, joints, forest)
    for node in range(NODES):
        joints.sums[node] = 0.0
    for m in range(CUBES):
        for n in range(8):
            part = joints.part[n, m]
            if part >= 0:
                joints.sums[PARTS * m + part] += cubes.surplus[n, m]
    power = settle(forest, NODES, count, joints.a, joints.b, joints.g, joints.sums)
    for t in range(joints.levels[6]):
        axis, m = joints.order[t] // CUBES, joints.order[t] % CUBES
        if not cubes.wide[axis, m] > 0:
            continue
        whole = cubes.parts_of[m] == 1 and cubes.parts_of[m - stride(axis)] == 1
        for q in range(4):
            if not cubes.low[axis, q, m] > 0:
                continue
            e = (4 * axis + (0 if whole else q)) * CUBES + m
            bundle = forest.bundle[e]
            if bundle >= 0:
                same = forest.before_a[e] == forest.side_a[bundle]
                cubes.fall[axis, q, m] = forest.ratio[bundle] if same else -forest.ratio[bundle]
    return power
