"""The current that balances all cells, in two stages: between clusters of blocks, then inside each
block.

The clusters of blocks (:mod:`poreflux.kernels.blocks`) are the nodes of a coarse network, and node
0 is the ground. Once the coarse network is settled, each block is balanced but for what moves
inside it.
"""

from poreflux.kernels.block_sides import (
    INSIDE,
    LISTS,
    TO_GROUND,
    are_single,
    list_edges,
    node_before,
    side,
)
from poreflux.kernels.blocks import CELLS, EDGE, cube_cell, grow
from poreflux.kernels.cube_balance import CELL_BY_CELL, kind_of, settle_block
from poreflux.kernels.cubes import last, stride
from poreflux.kernels.forest import settle
from poreflux.kernels.redblack import GHOST, compiled, inner
from poreflux.kernels.rows import conducts

__all__ = ["INSIDE", "LISTS", "TO_GROUND", "count_edges", "fill_edges", "settle_blocks"]


@compiled
def add_up(op, r, shape, bz, by, bx):
    """Return the sum of r over a block, and twice the number of its red cells that conduct."""
    total, cells = 0.0, 0
    x0 = bx * EDGE
    for z in range(bz * EDGE, min((bz + 1) * EDGE, shape[0])):
        for y in range(by * EDGE, min((by + 1) * EDGE, shape[1])):
            row, start = r[0, z + GHOST, y + GHOST], (z + y) & 1
            i0 = x0 // 2 + 1
            for i in range(i0, i0 + min(EDGE, shape[2] - x0 - start + 1) // 2):
                total += row[i]
                cells += 2 if conducts(op, 0, z + GHOST, y + GHOST, i) else 0
    return total, cells


@compiled
def count_edges(op, labels, first, number, below, above, counts, b0, b1, block):
    """Fill the number of coarse edges (bz, by, bx, LISTS) of layers b0 to b1 of blocks."""
    for bz in range(b0, b1):
        for by in range(counts.shape[1]):
            for bx in range(counts.shape[2]):
                if number[bz, by, bx] == 0:
                    continue
                for what in range(LISTS):
                    if what < 3 and are_single(number, what, bz, by, bx):
                        counts[bz, by, bx, what] = (
                            side(op, what, labels.shape, bz, by, bx, True)[0] > 0
                        )
                        continue
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
                if number[bz, by, bx] == 0:
                    continue
                for what in range(LISTS):
                    start = starts[bz, by, bx, what]
                    if what < 3 and are_single(number, what, bz, by, bx):
                        total, largest = side(op, what, labels.shape, bz, by, bx, False)
                        if total > 0:
                            g[start], best[start] = total, largest
                            near[start] = first[bz, by, bx]
                            far[start] = node_before(first, what, bz, by, bx)
                        continue
                    m, _ = list_edges(
                        op, labels, first, number, below, above, bz, by, bx, what, block
                    )
                    for t in range(m):
                        e = start + block.number[t]
                        far[e], near[e] = block.far[t], block.near[t]
                        g[e] += block.conductance[t]
                        best[e] = max(best[e], block.conductance[t])
                if number[bz, by, bx] == 1:
                    total, of_block = add_up(op, r, labels.shape, bz, by, bx)
                    surplus[first[bz, by, bx]] += total
                    cells[first[bz, by, bx]] += of_block
                    continue
                for z in range(bz * EDGE, min((bz + 1) * EDGE, n0)):
                    for y in range(by * EDGE, min((by + 1) * EDGE, n1)):
                        for x in range(bx * EDGE + ((z + y) & 1), min((bx + 1) * EDGE, n2), 2):
                            if not conducts(op, 0, z + GHOST, y + GHOST, x // 2 + 1):
                                continue
                            node = first[bz, by, bx] + labels[z, y, x]
                            surplus[node] += r[0, z + GHOST, y + GHOST, x // 2 + 1]
                            cells[node] += 2


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
                if number[bz, by, bx] == 0:
                    continue
                kind = kind_of(op, labels.shape, bz, by, bx, block.cubes)
                if kind != CELL_BY_CELL:
                    fill_cubes(
                        op, r, labels, first, number, below, above, starts, beyond, ratio,
                        bz, by, bx, block,
                    )  # fmt: skip
                    total += settle_block(op, kind, block.cubes, block.joints, block.forest)
                    continue
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


@inner
def fill_cubes(
    op, r, labels, first, number, below, above, starts, beyond, ratio, bz, by, bx, block
):
    """Fill the surplus of the cells of the block loaded last, and the falls across its sides."""
    cubes = block.cubes
    n0, n1, n2 = labels.shape
    nz, ny, nx = number.shape
    cubes.surplus[:] = 0.0
    cubes.fall[:] = 0.0
    for z in range(bz * EDGE, min((bz + 1) * EDGE, n0)):
        for y in range(by * EDGE, min((by + 1) * EDGE, n1)):
            start = (z + y) & 1
            m = ((z % EDGE) >> 1) * 16 + ((y % EDGE) >> 1) * 4
            own = cubes.surplus[4 * (z & 1) + 2 * (y & 1) + start]
            for t in range(min(4, (n2 - bx * EDGE - start + 1) // 2)):
                own[m + t] = r[0, z + GHOST, y + GHOST, bx * 4 + t + 1]
    for what in range(LISTS - 1):
        if what < 3 and are_single(number, what, bz, by, bx):
            fill_low(cubes, what, ratio, starts[bz, by, bx, what])
            continue
        m, _ = list_edges(op, labels, first, number, below, above, bz, by, bx, what, block)
        for t in range(m):
            phi = ratio[starts[bz, by, bx, what] + block.number[t]]
            bit, cube = cube_cell(block.high[t])
            cubes.surplus[bit, cube] += phi * block.conductance[t]
    for axis in range(3):
        cz, cy, cx = bz + (axis == 0), by + (axis == 1), bx + (axis == 2)
        cy, cx = (0 if cy == ny else cy), (0 if cx == nx else cx)
        cubes.beyond[axis] = 0.0
        if are_single(number, axis, cz, cy, cx):
            if cubes.high[axis].any():
                cubes.beyond[axis] = ratio[starts[cz, cy, cx, axis]]
            continue
        m, _ = list_edges(op, labels, first, number, below, above, cz, cy, cx, axis, block)
        start = beyond[cy, cx] if cz == nz else starts[cz, cy, cx, axis]
        for t in range(m):
            phi = ratio[start + block.number[t]]
            bit, cube = cube_cell(block.low[t])
            cubes.surplus[bit, cube] -= phi * block.conductance[t]


@inner
def fill_low(cubes, axis, ratio, e):
    """Let the potential fall across the lower side of a block as edge e has it."""
    for t in range(16):
        m = last(axis, t) - 3 * stride(axis)
        if cubes.wide[axis, m] > 0:
            for q in range(4):
                cubes.fall[axis, q, m] = ratio[e]
