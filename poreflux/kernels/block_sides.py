"""The faces between the clusters of blocks (:mod:`poreflux.kernels.blocks`), edges of a coarse
network.

Node 0 is the ground: the far side of all links of the driven faces.
"""

import numpy as np

from poreflux.kernels.blocks import EDGE, SLOTS, face_of_cell, link_of_cell
from poreflux.kernels.redblack import GHOST, inner
from poreflux.kernels.rows import face

#: the lists of edges of a block: across its three lower sides, to ground, and inside
LISTS = 5
TO_GROUND, INSIDE = 3, 4


@inner
def node_of(labels, first, below, above, z, y, x):
    """Return the node of the coarse network that holds a cell, in this box or just beyond it."""
    if z < 0:
        return below[y, x]
    if z >= labels.shape[0]:
        return above[y, x]
    return first[z // EDGE, y // EDGE, x // EDGE] + labels[z, y, x]


@inner
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


@inner
def number_edges(block, m):
    """Give edges between the same two nodes the same number, mostly; return how many there are."""
    if m == 0:
        return 0
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


@inner
def are_single(number, axis, bz, by, bx):
    """Return whether a block of this box and another one before it along an axis, in this box too,
    are one cluster each.
    """
    nz, ny, nx = number.shape
    z, y, x = bz - (axis == 0), by - (axis == 1), bx - (axis == 2)
    if z < 0 or bz >= nz:
        return False
    y, x = (y + ny if y < 0 else y), (x + nx if x < 0 else x)
    if z == bz and y == by and x == bx:
        return False
    return number[bz, by, bx] == 1 and number[z, y, x] == 1


@inner
def node_before(first, axis, bz, by, bx):
    """Return the node of the block before one along an axis, in this box."""
    _, ny, nx = first.shape
    y, x = by - (axis == 1), bx - (axis == 2)
    return first[bz - (axis == 0), y + ny if y < 0 else y, x + nx if x < 0 else x]


@inner
def side(op, axis, shape, bz, by, bx, first_only):
    """Return the sum and the largest of the conductances across the lower side of a block, or those
    of the first row that conducts.
    """
    total = best = 0.0
    z0, y0, x0 = bz * EDGE, by * EDGE, bx * EDGE
    z1 = z0 + 1 if axis == 0 else min(z0 + EDGE, shape[0])
    y1 = y0 + 1 if axis == 1 else min(y0 + EDGE, shape[1])
    pairs = 1 if axis == 2 else min(EDGE, shape[2] - x0 + 1) // 2
    for z in range(z0, z1):
        for y in range(y0, y1):
            c, i0 = (z + y) & 1, x0 // 2 + 1
            for colour in range(1 if axis == 2 else 2):
                for i in range(i0, i0 + pairs):
                    g = np.float64(face(op, axis, c ^ colour, z + GHOST, y + GHOST, i))
                    total += g
                    best = max(best, g)
            if first_only and best > 0:
                return total, best
    return total, best
