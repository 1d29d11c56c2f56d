"""The current that balances all cells, in two stages: between clusters of blocks, then inside each
block.

The clusters of blocks (:mod:`poreflux.kernels.blocks`) are the nodes of a coarse network, and node
0 is the ground: the far side of all links of the driven faces. Once the coarse network is settled,
each block is balanced but for what moves inside it.
"""

import numpy as np

from poreflux.kernels.blocks import (
    CELLS,
    EDGE,
    NONE,
    SLOTS,
    face_of_cell,
    grow,
    link_of_cell,
)
from poreflux.kernels.forest import join, plant, settle
from poreflux.kernels.redblack import GHOST, compiled

#: the lists of edges of a block: across its three lower sides, to ground, and inside
LISTS = 5
TO_GROUND, INSIDE = 3, 4


@compiled
def node_of(labels, first, below, above, z, y, x):
    """Return the node of the coarse network that holds a cell, in this box or just beyond it."""
    if z < 0:
        return below[y, x]
    if z >= labels.shape[0]:
        return above[y, x]
    return first[z // EDGE, y // EDGE, x // EDGE] + labels[z, y, x]


@compiled
def list_edges(op, labels, first, number, below, above, bz, by, bx, what, block):
    """Fill the edges of one list of a block: nodes ``far`` and ``near``, conductances, cells
    ``low`` and ``high`` by their number in the block of either; give edges between the same nodes
    the same ``number``. Return how many edges there are, and how many numbers.
    """
    if what == INSIDE and number[bz, by, bx] < 2:
        return 0, 0
    n0, n1, n2 = labels.shape
    z0, y0, x0 = bz * EDGE, by * EDGE, bx * EDGE
    z1, y1, x1 = min(z0 + EDGE, n0), min(y0 + EDGE, n1), min(x0 + EDGE, n2)
    if what == 0 or z0 >= n0:
        z1 = z0 + 1 if z0 < n0 else n0 + 1
        z0 = min(z0, n0)
    elif what == 1:
        y1 = y0 + 1
    elif what == 2:
        x1 = x0 + 1
    axes = 3 if what == INSIDE else 1
    m = 0
    for z in range(z0, z1):
        if what == TO_GROUND and op.face_of[z + GHOST] == 0:
            continue
        for y in range(y0, y1):
            for x in range(x0, x1):
                for t in range(axes):
                    axis = t if what == INSIDE else what
                    a = np.int64(0)
                    zz, yy, xx = z, y, x
                    if what == TO_GROUND:
                        v = link_of_cell(op, z, y, x)
                    else:
                        place = z - z0 if axis == 0 else y - y0 if axis == 1 else x - x0
                        if what == INSIDE and place == 0:
                            continue
                        v = face_of_cell(op, axis, z, y, x)
                    if not v > 0:
                        continue
                    b = node_of(labels, first, below, above, z, y, x)
                    if what != TO_GROUND:
                        zz, yy, xx = z - (axis == 0), y - (axis == 1), x - (axis == 2)
                        yy = yy + n1 if yy < 0 else yy
                        xx = xx + n2 if xx < 0 else xx
                        a = node_of(labels, first, below, above, zz, yy, xx)
                    if a == b:
                        continue
                    block.far[m], block.near[m], block.conductance[m] = a, b, v
                    block.high[m] = ((z % EDGE) * EDGE + y % EDGE) * EDGE + x % EDGE
                    block.low[m] = ((zz % EDGE) * EDGE + yy % EDGE) * EDGE + xx % EDGE
                    m += 1
    return m, number_edges(block, m)


@compiled
def number_edges(block, m):
    """Give edges between the same two nodes the same number, mostly; return how many there are."""
    slots = block.slots
    for s in range(SLOTS):
        slots[s, 0] = -1
    found = 0
    for t in range(m):
        a, b = block.far[t], block.near[t]
        s = (a * 31 + b * 7) % SLOTS
        if slots[s, 0] != a or slots[s, 1] != b:
            slots[s, 0], slots[s, 1], slots[s, 2] = a, b, found
            found += 1
        block.number[t] = slots[s, 2]
    return found


@compiled
def count_edges(op, labels, first, number, below, above, counts, b0, b1, block):
    """Fill the number of coarse edges (bz, by, bx, LISTS) of layers b0 to b1 of blocks."""
    for bz in range(b0, b1):
        for by in range(counts.shape[1]):
            for bx in range(counts.shape[2]):
                for what in range(LISTS):
                    counts[bz, by, bx, what] = list_edges(
                        op, labels, first, number, below, above, bz, by, bx, what, block
                    )[1]


@compiled
def fill_edges(
    op,
    r,
    labels,
    first,
    number,
    below,
    above,
    starts,
    far,
    near,
    g,
    best,
    surplus,
    cells,
    b0,
    b1,
    block,
):
    """Fill the coarse edges, from ``starts`` (bz, by, bx, LISTS) on, and add up the surplus and the
    red cells of each node, of layers b0 to b1 of blocks. ``r`` (1, Z, Y, H) is the surplus of red
    cells.
    """
    n0, n1, n2 = labels.shape
    for bz in range(b0, b1):
        for by in range(starts.shape[1]):
            for bx in range(starts.shape[2]):
                for what in range(LISTS):
                    m, _ = list_edges(
                        op, labels, first, number, below, above, bz, by, bx, what, block
                    )
                    start = starts[bz, by, bx, what]
                    for t in range(m):
                        e = start + block.number[t]
                        far[e], near[e] = block.far[t], block.near[t]
                        g[e] += block.conductance[t]
                        best[e] = max(best[e], block.conductance[t])
                for z in range(bz * EDGE, min((bz + 1) * EDGE, n0)):
                    for y in range(by * EDGE, min((by + 1) * EDGE, n1)):
                        for x in range(bx * EDGE + ((z + y) & 1), min((bx + 1) * EDGE, n2), 2):
                            if labels[z, y, x] == NONE:
                                continue
                            node = first[bz, by, bx] + labels[z, y, x]
                            surplus[node] += r[0, z + GHOST, y + GHOST, x // 2 + 1]
                            cells[node] += 2


@compiled
def settle_network(forest, a, b, g, best, surplus, cells, edges, groups, widths, ratio):
    """Settle the coarse network: join nodes by `edges`, of which group n are from ``groups[n, 0]``
    to ``groups[n, 1]``, where they are at least ``widths[n]`` wide; fill the ratio of current to
    conductance from a[e] to b[e].

    Return the sum of current² / conductance.
    """
    nodes = surplus.shape[0]
    plant(forest, nodes)
    for n in range(nodes):
        forest.cells[n] = cells[n]
    for e in range(g.shape[0]):
        forest.bundle[e] = -1
        ratio[e] = 0.0
    count = 0
    for n in range(groups.shape[0]):
        count = join(
            forest, a, b, g, best, edges, groups[n, 0], groups[n, 1], 0, widths[n], n, count
        )
    total = settle(forest, nodes, count, a, b, g, surplus)
    for e in range(g.shape[0]):
        q = forest.bundle[e]
        if q >= 0:
            same = forest.before_a[e] == forest.side_a[q]
            ratio[e] = forest.ratio[q] if same else -forest.ratio[q]
    return total


@compiled
def settle_blocks(op, r, labels, first, number, below, above, starts, beyond, ratio, b0, b1, block):
    """Return the sum of current² / conductance inside layers b0 to b1 of blocks, once coarse edges
    carry ``ratio`` times their conductance; ``beyond`` (by, bx) starts the edges between the last
    layer and the next box.
    """
    n0, n1, n2 = labels.shape
    nz, ny, nx = starts.shape[:3]
    total = 0.0
    for bz in range(b0, b1):
        for by in range(ny):
            for bx in range(nx):
                surplus = block.surplus
                surplus[:] = 0.0
                for z in range(bz * EDGE, min((bz + 1) * EDGE, n0)):
                    for y in range(by * EDGE, min((by + 1) * EDGE, n1)):
                        n = ((z % EDGE) * EDGE + y % EDGE) * EDGE
                        for x in range(bx * EDGE + ((z + y) & 1), min((bx + 1) * EDGE, n2), 2):
                            surplus[n + x % EDGE] = r[0, z + GHOST, y + GHOST, x // 2 + 1]
                for what in range(LISTS):
                    m, _ = list_edges(
                        op, labels, first, number, below, above, bz, by, bx, what, block
                    )
                    for t in range(m):
                        phi = ratio[starts[bz, by, bx, what] + block.number[t]]
                        surplus[block.high[t]] += phi * block.conductance[t]
                        if what == INSIDE:
                            surplus[block.low[t]] -= phi * block.conductance[t]
                for axis in range(3):
                    cz, cy, cx = bz + (axis == 0), by + (axis == 1), bx + (axis == 2)
                    cy, cx = (0 if cy == ny else cy), (0 if cx == nx else cx)
                    m, _ = list_edges(
                        op, labels, first, number, below, above, cz, cy, cx, axis, block
                    )
                    start = beyond[cy, cx] if cz == nz else starts[cz, cy, cx, axis]
                    for t in range(m):
                        phi = ratio[start + block.number[t]]
                        surplus[block.low[t]] -= phi * block.conductance[t]
                count = grow(op, labels.shape, bz, by, bx, block)
                total += settle(
                    block.forest, CELLS, count, block.a, block.b, block.g, block.surplus
                )
    return total
