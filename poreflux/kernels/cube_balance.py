"""The least power that balances what hangs together cube by cube.

The cells of a cube, the cubes of a quarter and the quarters of a block are eight nodes each at the
corners of a cube. The current between two of these spreads over the faces between them as they
conduct.
"""

from poreflux.kernels.corners import balance, full_power
from poreflux.kernels.cubes import CUBES, conducts_beyond, corner, last, load, stride
from poreflux.kernels.joints import settle_parts
from poreflux.kernels.redblack import compiled, inner
from poreflux.kernels.rows import Binary, either

#: the largest ratio of conductances in and around a block that is taken apart into cubes
ALIKE = 32.0

#: a block is balanced cell by cell, by the parts of cubes, or cube by cube
CELL_BY_CELL, PART_BY_PART, CUBE_BY_CUBE = 0, 1, 2


@compiled
def cube_at(level, first, n):
    """Return the cube at corner n of a quarter that starts at cube `first`; on level 2, the first
    cube of quarter n of a block.
    """
    return first + level * (16 * (n >> 2) + 4 * ((n >> 1) & 1) + (n & 1))


@inner
def fill_edges(level, first, cubes):
    """Fill the conductances between the corners of a group."""
    for axis in range(3):
        wide, step = cubes.wide[axis], 4 >> axis
        for q in range(4):
            m = cube_at(level, first, corner(axis, q) + step)
            total = wide[m]
            if level == 2:
                for t in range(1, 4):
                    total += wide[cube_at(1, m, corner(axis, t))]
            cubes.edges[axis, q] = total


@inner
def hangs_together(level, first, cubes):
    """Return whether the corners of a group that conduct are joined."""
    empty = 0
    for n in range(8):
        m = cube_at(level, first, n)
        pattern = cubes.pattern[m]
        if level == 2:
            for t in range(1, 8):
                pattern |= cubes.pattern[cube_at(1, m, t)]
        empty += pattern == 0
        cubes.group[n] = 0.0
    fill_edges(level, first, cubes)
    return balance(cubes.group, cubes.edges, cubes.potential)[1] - empty <= 1


def _binary_whole(op, cubes):
    most = 0
    for m in range(CUBES):
        most = max(most, cubes.parts[cubes.pattern[m]])
    return most <= 1


def _faces_whole(op, cubes):
    for m in range(CUBES):
        empty = 0
        for n in range(8):
            cubes.group[n] = 0.0
            empty += not (cubes.pattern[m] >> n) & 1
        for axis in range(3):
            for q in range(4):
                cubes.edges[axis, q] = cubes.inner[axis, q, m]
        if balance(cubes.group, cubes.edges, cubes.potential)[1] - empty > 1:
            return False
    return True


@either(_binary_whole, _faces_whole)
def are_whole(op, cubes):
    """Return whether the cells of each cube hang together."""
    return (_binary_whole if isinstance(op, Binary) else _faces_whole)(op, cubes)


@compiled
def kind_of(op, shape, bz, by, bx, cubes):
    """Load a block; return how it is balanced."""
    least, most = load(op, shape, 8 * bz, 8 * by, 8 * bx, cubes)
    if not most <= ALIKE * least or conducts_beyond(op, shape, 8 * bz, 8 * by, 8 * bx):
        return CELL_BY_CELL
    for axis in range(3):
        wide, low = cubes.wide[axis], cubes.low[axis]
        for m in range(CUBES):
            wide[m] = low[0, m] + low[1, m] + low[2, m] + low[3, m]
    full, any_cell = 255, 0
    for m in range(CUBES):
        full &= cubes.pattern[m]
        any_cell |= cubes.pattern[m]
    if full == 255 or any_cell == 0:
        return CUBE_BY_CUBE
    if not are_whole(op, cubes):
        return PART_BY_PART
    for t in range(8):
        if not hangs_together(1, cube_at(2, 0, t), cubes):
            return PART_BY_PART
    return CUBE_BY_CUBE if hangs_together(2, 0, cubes) else PART_BY_PART


@inner
def balance_group(level, first, cubes):
    """Balance the corners of a group; fill the falls across the faces between them. Return the
    power.
    """
    fill_edges(level, first, cubes)
    for n in range(8):
        m = cube_at(level, first, n)
        total = cubes.sums[m]
        if level == 2:
            for t in range(1, 8):
                total += cubes.sums[cube_at(1, m, t)]
        cubes.group[n] = total
    power, _ = balance(cubes.group, cubes.edges, cubes.potential)
    for axis in range(3):
        step, before, wide = 4 >> axis, stride(axis), cubes.wide[axis]
        for q in range(4):
            n = corner(axis, q)
            fall = cubes.potential[n] - cubes.potential[n + step]
            m = cube_at(level, first, n + step)
            for t in range(4 if level == 2 else 1):
                near = cube_at(1, m, corner(axis, t)) if level == 2 else m
                for corner_of_face in range(4):
                    cubes.fall[axis, corner_of_face, near] = fall
                if level == 2:
                    cubes.sums[near] += fall * wide[near]
                    cubes.sums[near - before] -= fall * wide[near]
    return power


@compiled
def settle_block(op, kind, cubes, joints, forest):
    """Return the power that balances the block loaded last, of so much ``surplus``, once the falls
    across its sides are filled in. Overwrites the surplus.
    """
    surplus, sums = cubes.surplus, cubes.sums
    for axis in range(3):
        for q in range(4):
            cross(axis, q, True, cubes)
            for t in range(16):
                c = cubes.beyond[axis] * cubes.high[axis, q, t]
                surplus[corner(axis, q) + (4 >> axis), last(axis, t)] -= c
    if kind == PART_BY_PART:
        power = settle_parts(op, cubes, joints, forest)
    else:
        for m in range(CUBES):
            sums[m] = 0.0
        for n in range(8):
            for m in range(CUBES):
                sums[m] += surplus[n, m]
        power = balance_group(2, 0, cubes)
        for t in range(8):
            power += balance_group(1, cube_at(2, 0, t), cubes)
    for axis in range(3):
        for q in range(4):
            cross(axis, q, False, cubes)
    return power + settle_cells(op, cubes)


@inner
def cross(axis, q, outer, cubes):
    """Add the current across the low faces at corner q of all cubes, those at the side of the block
    or the others.
    """
    near, far = cubes.surplus[corner(axis, q)], cubes.surplus[corner(axis, q) + (4 >> axis)]
    fall, g, current = cubes.fall[axis, q], cubes.low[axis, q], cubes.current
    for m in range(CUBES):
        current[m] = fall[m] * g[m]
    for t in range(16):
        m = last(axis, t) - 3 * stride(axis)
        if outer:
            near[m] += current[m]
        current[m] = 0.0
    if outer:
        return
    for m in range(CUBES):
        near[m] += current[m]
    before = stride(axis)
    for m in range(before, CUBES):
        far[m - before] -= current[m]


def _binary_settle(op, cubes):
    power = 0.0
    s = cubes.group
    for m in range(CUBES):
        pattern = cubes.pattern[m]
        if pattern & (pattern - 1) == 0:
            continue
        for n in range(8):
            s[n] = cubes.surplus[n, m]
        if pattern == 255:
            power += full_power(s, cubes.spectrum)
            continue
        least = cubes.least[pattern]
        for a in range(8):
            row = 0.0
            for b in range(8):
                row += least[a, b] * s[b]
            power += row * s[a]
    return power


def _faces_settle(op, cubes):
    power = 0.0
    for m in range(CUBES):
        pattern = cubes.pattern[m]
        if pattern & (pattern - 1) == 0:
            continue
        for n in range(8):
            cubes.group[n] = cubes.surplus[n, m]
        for axis in range(3):
            for q in range(4):
                cubes.edges[axis, q] = cubes.inner[axis, q, m]
        power += balance(cubes.group, cubes.edges, cubes.potential)[0]
    return power


@either(_binary_settle, _faces_settle)
def settle_cells(op, cubes):
    """Return the least power that balances the cells inside of all cubes."""
    return (_binary_settle if isinstance(op, Binary) else _faces_settle)(op, cubes)
