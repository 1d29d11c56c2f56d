"""Blocks of 8 x 8 x 8 cells, whose cells are joined into clusters.

Inside a block, cells are joined (:mod:`poreflux.kernels.forest`) by strong connections first, near
ones before far ones, but across nothing weaker than what joins either side to other blocks.
"""

from typing import NamedTuple

import numpy as np

from poreflux.kernels.components import root as representative
from poreflux.kernels.cube_balance import CELL_BY_CELL, CUBE_BY_CUBE, kind_of
from poreflux.kernels.cubes import PARTS, Cubes, cubes
from poreflux.kernels.forest import WIDE, Forest, forest, join, plant
from poreflux.kernels.joints import Joints, join_parts, joints, number_clusters
from poreflux.kernels.redblack import GHOST, compiled, inner
from poreflux.kernels.rows import conducts, face

EDGE = 8
CELLS = EDGE**3

#: conductances of one class differ by less than this factor
CLASS = 32.0
CLASSES = 60

#: the label of a cell that does not conduct
NONE = 2**16 - 1

#: slots that find edges between the same clusters
SLOTS = 256


class Block(NamedTuple):
    """Scratch of one thread: the edges of one block.

    Edge 3 n + axis joins cell n to the one before it along `axis`. ``order`` are the edges inside
    a block by distance, ``levels`` where each distance starts.
    """

    order: np.ndarray
    levels: np.ndarray
    a: np.ndarray
    b: np.ndarray
    g: np.ndarray
    strength: np.ndarray
    alive: np.ndarray
    edges: np.ndarray
    surplus: np.ndarray
    cluster: np.ndarray
    low: np.ndarray
    high: np.ndarray
    far: np.ndarray
    near: np.ndarray
    conductance: np.ndarray
    number: np.ndarray
    slots: np.ndarray
    forest: Forest
    cubes: Cubes
    joints: Joints


def block(op) -> Block:
    """Return the scratch of one thread."""
    cell = np.arange(CELLS).reshape(EDGE, EDGE, EDGE)
    a = np.zeros((CELLS, 3), np.int32)
    level = np.full((CELLS, 3), 255)
    for axis in range(3):
        after = [slice(None)] * 3
        before = [slice(None)] * 3
        after[axis], before[axis] = slice(1, None), slice(None, -1)
        a[cell[tuple(after)].ravel(), axis] = cell[tuple(before)].ravel()
        place = np.indices(cell.shape)[axis][tuple(after)].ravel()
        step = np.array([0, 0, 1, 0, 2, 0, 1, 0])[place]
        level[cell[tuple(after)].ravel(), axis] = 3 * step + 2 - axis
    order = np.argsort(level.ravel(), kind="stable")
    levels = np.searchsorted(level.ravel()[order], np.arange(10))
    b = np.repeat(np.arange(CELLS, dtype=np.int32), 3)
    edges = 3 * CELLS
    return Block(
        order=order.astype(np.int32),
        levels=levels.astype(np.int32),
        a=a.ravel(),
        b=b,
        g=np.zeros(edges),
        strength=np.zeros(edges, np.uint8),
        alive=np.zeros(CELLS, np.uint8),
        edges=np.zeros(edges, np.int32),
        surplus=np.zeros(CELLS),
        cluster=np.zeros(CELLS, np.uint16),
        low=np.zeros(edges, np.int32),
        high=np.zeros(edges, np.int32),
        far=np.zeros(edges, np.int64),
        near=np.zeros(edges, np.int64),
        conductance=np.zeros(edges),
        number=np.zeros(edges, np.int32),
        slots=np.zeros((SLOTS, 3), np.int64),
        forest=forest(CELLS, edges),
        cubes=cubes(op),
        joints=joints(),
    )


@compiled
def class_of(g):
    """Return the class of a conductance: 0 for the strongest, one more for each factor CLASS."""
    k = 0
    bound = 1.0 / CLASS
    while g < bound and k < CLASSES:
        bound /= CLASS
        k += 1
    return k


@inner
def face_of_cell(op, axis, z, y, x):
    """Return the conductance of cell (z, y, x) to the one before it along `axis`."""
    c = (z + y + x) & 1
    return np.float64(face(op, axis, c, z + GHOST, y + GHOST, x // 2 + 1))


@inner
def link_of_cell(op, z, y, x):
    """Return the conductance of cell (z, y, x) to the ground."""
    c = (z + y + x) & 1
    return np.float64(op.links[op.face_of[z + GHOST], c, y + GHOST, x // 2 + 1])


@compiled
def load(op, shape, bz, by, bx, block):
    """Fill the edges of a block and the openings of its cells; return its strongest and weakest
    class.
    """
    forest, g = block.forest, block.g
    plant(forest, CELLS)
    strongest, weakest = CLASSES, 0
    z0, y0, x0 = bz * EDGE, by * EDGE, bx * EDGE
    n = -1
    for z in range(z0, z0 + EDGE):
        for y in range(y0, y0 + EDGE):
            for x in range(x0, x0 + EDGE):
                n += 1
                block.alive[n] = 0
                g[3 * n] = g[3 * n + 1] = g[3 * n + 2] = 0.0
                if z >= shape[0] or y >= shape[1] or x >= shape[2]:
                    continue
                c, i = (z + y + x) & 1, x // 2 + 1
                if not conducts(op, c, z + GHOST, y + GHOST, i):
                    continue
                block.alive[n] = 1
                for axis in range(3):
                    place = z - z0 if axis == 0 else y - y0 if axis == 1 else x - x0
                    v = np.float64(face(op, axis, c, z + GHOST, y + GHOST, i))
                    if v > 0:
                        k = class_of(v)
                        if place > 0:
                            g[3 * n + axis] = v
                            block.strength[3 * n + axis] = k
                            strongest, weakest = min(strongest, k), max(weakest, k)
                        else:
                            forest.opening[n] = min(forest.opening[n], k)
                    at = z if axis == 0 else y if axis == 1 else x
                    end = shape[0] if axis == 0 else shape[1] if axis == 1 else shape[2]
                    if place == EDGE - 1 or at == end - 1:
                        v = face_of_cell(
                            op, axis, z + (axis == 0), y + (axis == 1), x + (axis == 2)
                        )
                        if v > 0:
                            forest.opening[n] = min(forest.opening[n], class_of(v))
                if op.face_of[z + GHOST] != 0:
                    v = link_of_cell(op, z, y, x)
                    if v > 0:
                        forest.opening[n] = min(forest.opening[n], class_of(v))
    return strongest, weakest


@compiled
def grow(op, shape, bz, by, bx, block):
    """Join the cells of a block into clusters; return the number of bundles."""
    strongest, weakest = load(op, shape, bz, by, bx, block)
    for e in range(3 * CELLS):
        block.forest.bundle[e] = -1
    count = 0
    group = 0
    for k in range(strongest, weakest + 1):
        for level in range(9):
            n = 0
            for t in range(block.levels[level], block.levels[level + 1]):
                e = block.order[t]
                if block.g[e] > 0 and block.strength[e] == k:
                    block.edges[n] = e
                    n += 1
            if n > 0:
                count = join(
                    block.forest, block.a, block.b, block.g, block.g, block.edges, 0, n, k, WIDE,
                    group, count,
                )  # fmt: skip
                group += 1
    return count


@compiled
def cube_cell(n):
    """Return the corner and the cube of cell n of a block."""
    z, y, x = n // 64, (n // 8) % 8, n % 8
    return 4 * (z & 1) + 2 * (y & 1) + (x & 1), (z >> 1) * 16 + (y >> 1) * 4 + (x >> 1)


@inner
def label_parts(labels, bz, by, bx, joints):
    """Fill the number of each cell's cluster, by the part of its cube."""
    for n in range(CELLS):
        z, y, x = bz * EDGE + n // 64, by * EDGE + (n // 8) % 8, bx * EDGE + n % 8
        if z < labels.shape[0] and y < labels.shape[1] and x < labels.shape[2]:
            corner, m = cube_cell(n)
            part = joints.part[corner, m]
            labels[z, y, x] = NONE if part < 0 else joints.cluster[PARTS * m + part]


@compiled
def label_blocks(op, labels, counts, b0, b1, block):
    """Fill the number of each cell's cluster in its block (n0, n1, n2), NONE where nothing
    conducts, and the number of clusters (bz, by, bx), for layers b0 to b1 of blocks.
    """
    shape = labels.shape
    for bz in range(b0, b1):
        for by in range(counts.shape[1]):
            for bx in range(counts.shape[2]):
                kind = kind_of(op, shape, bz, by, bx, block.cubes)
                if kind == CUBE_BY_CUBE:
                    counts[bz, by, bx] = block.cubes.pattern.any()
                    continue
                if kind != CELL_BY_CELL:
                    join_parts(op, block.cubes, block.joints, block.forest)
                    found = number_clusters(block.cubes, block.joints, block.forest)
                    if found > 1:
                        label_parts(labels, bz, by, bx, block.joints)
                    counts[bz, by, bx] = found
                    continue
                grow(op, shape, bz, by, bx, block)
                found = 0
                for n in range(CELLS):
                    if block.alive[n] and block.forest.root[n] == n:
                        block.cluster[n] = found
                        found += 1
                counts[bz, by, bx] = found
                for n in range(CELLS):
                    z, y, x = bz * EDGE + n // 64, by * EDGE + (n // 8) % 8, bx * EDGE + n % 8
                    if z < shape[0] and y < shape[1] and x < shape[2]:
                        root = representative(block.forest.root, n)
                        labels[z, y, x] = block.cluster[root] if block.alive[n] else NONE
