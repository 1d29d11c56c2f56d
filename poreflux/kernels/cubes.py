"""Blocks as 4 x 4 x 4 cubes of 2 x 2 x 2 cells: which cells of a cube conduct, and through which
faces.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from poreflux.kernels.redblack import GHOST, compiled, inner
from poreflux.kernels.rows import Binary, conducts, either, face

#: cubes of a block, and the parts that hang together which one has at most
CUBES, PARTS = 64, 4


class Cubes(NamedTuple):
    """The cubes of one block, scratch of one thread; cube m is at (m // 16, m // 4 % 4, m % 4).

    Of each of 256 patterns of cells that conduct, where all faces along an axis conduct alike:
    ``part`` of each cell, -1 where it is blocked, how many ``parts`` there are, and ``least``, the
    matrix of the least power. ``spectrum`` is that of a full cube, ``four`` (3, 16, 4)
    what four faces along each axis conduct by which of them do. ``even`` and ``odd`` are the cells
    of the rows in and around the block as bits, from the first even one on and from the odd one
    before it on. Faces are numbered by axis,
    corner and cube (3, 4, 64): ``low`` those to the cube before, ``inner`` those inside, ``high``
    (3, 4, 16) those beyond the last cubes; the potential ``fall``s across low ones, and across high
    sides by ``beyond``. ``surplus`` is by cell and cube (8, 64).
    """

    part: np.ndarray
    parts: np.ndarray
    least: np.ndarray
    spectrum: np.ndarray
    four: np.ndarray
    even: np.ndarray
    odd: np.ndarray
    pattern: np.ndarray
    parts_of: np.ndarray
    low: np.ndarray
    inner: np.ndarray
    high: np.ndarray
    surplus: np.ndarray
    fall: np.ndarray
    beyond: np.ndarray
    wide: np.ndarray
    sums: np.ndarray
    current: np.ndarray
    group: np.ndarray
    edges: np.ndarray
    potential: np.ndarray


def cubes(op) -> Cubes:
    """Return tables for an operator, and scratch."""
    one_phase = isinstance(op, Binary)
    weights = (float(op.wz), float(op.wy), float(op.wx)) if one_phase else (1.0, 1.0, 1.0)
    part, parts, least, spectrum, four = tables(weights)
    return Cubes(
        part=part,
        parts=parts,
        least=least,
        spectrum=spectrum,
        four=four,
        even=np.zeros((10, 10), np.uint32),
        odd=np.zeros((10, 10), np.uint32),
        pattern=np.zeros(CUBES, np.int32),
        parts_of=np.zeros(CUBES, np.int32),
        low=np.zeros((3, 4, CUBES)),
        inner=np.zeros((3, 4, CUBES)),
        high=np.zeros((3, 4, 16)),
        surplus=np.zeros((8, CUBES)),
        fall=np.zeros((3, 4, CUBES)),
        beyond=np.zeros(3),
        wide=np.zeros((3, CUBES)),
        sums=np.zeros(CUBES),
        current=np.zeros(CUBES),
        group=np.zeros(8),
        edges=np.zeros((3, 4)),
        potential=np.zeros(8),
    )


@cache
def tables(weights: tuple[float, float, float]) -> tuple[np.ndarray, ...]:
    """Return the first five arrays of :class:`Cubes` for faces that conduct so much along each
    axis.
    """
    patterns = np.arange(256)
    on = (patterns[:, None] >> np.arange(8)) & 1
    laplacian = np.zeros((256, 8, 8))
    first = np.where(on, np.arange(8), 8)
    for step, weight in zip((4, 2, 1), weights):
        for n in range(8):
            if not n & step:
                g = weight * (on[:, n] & on[:, n + step])
                ends = np.ix_(patterns, np.array([n, n + step]), np.array([n, n + step]))
                laplacian[ends] += g[:, None, None] * np.array([[1, -1], [-1, 1]])
    joined = laplacian != 0
    for _ in range(8):
        first = np.where(on, np.where(joined, first[:, None, :], first[:, :, None]).min(2), 8)
    leads = (first == np.arange(8)).cumsum(1)
    part = np.where(on, np.take_along_axis(leads, first.clip(max=7), 1) - 1, -1)
    signs = (np.arange(8)[:, None] >> np.array([2, 1, 0])) & 1
    modes = 2 * signs @ np.array(weights)
    spectrum = np.divide(0.125, modes, where=modes > 0, out=np.zeros(8))
    least = np.linalg.pinv(laplacian, hermitian=True)
    bits = (np.arange(16)[:, None] >> np.arange(4)) & 1
    four = np.array(weights)[:, None, None] * bits
    return part.astype(np.int32), leads[:, -1].astype(np.int32), least, spectrum, four


@compiled
def corner(axis, q):
    """Return the cell of a cube that is number q of four at its low side of an axis."""
    if axis == 0:
        return q
    if axis == 1:
        return (q >> 1) * 4 + (q & 1)
    return 2 * q


@compiled
def stride(axis):
    """Return how many cubes before a cube the next one along an axis is."""
    return 16 if axis == 0 else 4 if axis == 1 else 1


@compiled
def last(axis, t):
    """Return cube number t of sixteen at the high side of an axis."""
    if axis == 0:
        return 48 + t
    if axis == 1:
        return (t // 4) * 16 + 12 + t % 4
    return 4 * t + 3


@compiled
def put(bits, four, out, m):
    """Write what four faces conduct, by the four bits that say which do."""
    of_bits = four[bits & 15]
    for t in range(4):
        out[m + t] = of_bits[t]


@inner
def load_rows(op, z0, y0, x0, z1, y1, n2, cubes):
    """Fill the rows of a block and those around it, none beyond a box that cuts it short."""
    even, odd = cubes.even, cubes.odd
    for z in range(-1, 9):
        for y in range(-1, 9):
            k, j, i0 = z0 + z + GHOST, y0 + y + GHOST, x0 // 2
            e = o = np.uint32(0)
            if (z < z1 or z1 == 8) and (y < y1 or y1 == 8):
                c = (z + y + z0 + y0) & 1
                own, other = op.code[c, k, j], op.code[1 - c, k, j]
                o = np.uint32(other[i0] >> 6)
                if n2 == 8:
                    for t in range(4):
                        e |= np.uint32(own[i0 + 1 + t] >> 6) << np.uint32(t)
                        o |= np.uint32(other[i0 + 1 + t] >> 6) << np.uint32(t + 1)
                    e |= np.uint32(own[i0 + 5] >> 6) << np.uint32(4)
                else:
                    for t in range((n2 + 1) // 2):
                        e |= np.uint32(own[i0 + 1 + t] >> 6) << np.uint32(t)
                    for t in range(n2 // 2):
                        o |= np.uint32(other[i0 + 1 + t] >> 6) << np.uint32(t + 1)
            even[z + 1, y + 1], odd[z + 1, y + 1] = e, o


def _binary_load(op, shape, z0, y0, x0, cubes):
    low, high, four = cubes.low, cubes.high, cubes.four
    z1, y1, n2 = min(8, shape[0] - z0), min(8, shape[1] - y0), min(8, shape[2] - x0)
    load_rows(op, z0, y0, x0, z1, y1, n2, cubes)
    for m in range(CUBES):
        cubes.pattern[m] = 0
    for z in range(8):
        for y in range(8):
            m, q = (z >> 1) * 16 + (y >> 1) * 4, 2 * (z & 1) + (y & 1)
            e, o = cubes.even[z + 1, y + 1], cubes.odd[z + 1, y + 1]
            put(e & o, four[2], low[2, q], m)
            high[2, q, m // 4] = four[2, (e >> 4) & (o >> 4) & 1, 0]
            for t in range(4):
                two = ((e >> np.uint32(t)) & 1) | (((o >> np.uint32(t + 1)) & 1) << np.uint32(1))
                cubes.pattern[m + t] |= np.int32(two << np.uint32(2 * q))
            put_faces(0, z, y, e, o, low[0], high[0], m, m - 48, cubes)
            put_faces(1, y, z, e, o, low[1], high[1], m, (z >> 1) * 4, cubes)
    return min(op.wz, op.wy, op.wx), max(op.wz, op.wy, op.wx)


@inner
def put_faces(axis, place, beside, e, o, low, high, m, n, cubes):
    """Write the conductances of a row of cells, at `place` along an axis, to rows outside of their
    cubes.
    """
    even, odd, f, four = cubes.even, cubes.odd, 2 * (beside & 1), cubes.four[axis]
    if place & 1 == 0:
        z, y = (place, beside + 1) if axis == 0 else (beside + 1, place)
        put(e & even[z, y], four, low[f], m)
        put((o & odd[z, y]) >> np.uint32(1), four, low[f + 1], m)
    elif place == 7:
        z, y = (9, beside + 1) if axis == 0 else (beside + 1, 9)
        put(e & even[z, y], four, high[f], n)
        put((o & odd[z, y]) >> np.uint32(1), four, high[f + 1], n)


def _faces_load(op, shape, z0, y0, x0, cubes):
    least, most = np.inf, 0.0
    for m in range(CUBES):
        cubes.pattern[m] = 0
    cubes.low[:] = 0.0
    cubes.inner[:] = 0.0
    cubes.high[:] = 0.0
    for z in range(min(8, shape[0] - z0)):
        for y in range(min(8, shape[1] - y0)):
            for x in range(min(8, shape[2] - x0)):
                c, k, j, i = (z + y + x) & 1, z0 + z + GHOST, y0 + y + GHOST, (x0 + x) // 2 + 1
                c = (c + z0 + y0 + x0) & 1
                if not conducts(op, c, k, j, i):
                    continue
                m = (z >> 1) * 16 + (y >> 1) * 4 + (x >> 1)
                cubes.pattern[m] |= 1 << (4 * (z & 1) + 2 * (y & 1) + (x & 1))
                for axis in range(3):
                    place = z if axis == 0 else y if axis == 1 else x
                    q = (
                        2 * (y & 1) + (x & 1)
                        if axis == 0
                        else 2 * (z & 1) + (x & 1)
                        if axis == 1
                        else 2 * (z & 1) + (y & 1)
                    )
                    g = np.float64(face(op, axis, c, k, j, i))
                    if place & 1:
                        cubes.inner[axis, q, m] = g
                    else:
                        cubes.low[axis, q, m] = g
                    least, most = min(least, g if g > 0 else least), max(most, g)
                    if place == 7:
                        o = (c + k + j) & 1
                        kk, jj = k + (axis == 0), j + (axis == 1)
                        g = np.float64(face(op, axis, 1 - c, kk, jj, i + o * (axis == 2)))
                        t = m - 48 if axis == 0 else m - 12 * (m // 16 + 1) if axis == 1 else m // 4
                        cubes.high[axis, q, t] = g
                        least, most = min(least, g if g > 0 else least), max(most, g)
    return least, most


@either(_binary_load, _faces_load)
def load(op, shape, z0, y0, x0, cubes):
    """Fill the patterns and faces of the block at a cell; return the range of its conductances."""
    f = _binary_load if isinstance(op, Binary) else _faces_load
    return f(op, shape, z0, y0, x0, cubes)


@inner
def conducts_beyond(op, shape, z0, y0, x0):
    """Return whether a block, where the box cuts it short, conducts across that side."""
    for axis in range(3):
        n = shape[0] if axis == 0 else shape[1] if axis == 1 else shape[2]
        if (z0 if axis == 0 else y0 if axis == 1 else x0) + 8 <= n:
            continue
        for a in range(8):
            for b in range(8):
                z = n if axis == 0 else z0 + a
                y = n if axis == 1 else y0 + (a if axis == 0 else b)
                x = n if axis == 2 else x0 + b
                inside = (axis == 0 or z < shape[0]) and (axis == 1 or y < shape[1])
                if inside and (axis == 2 or x < shape[2]):
                    c = (z + y + x) & 1
                    if face(op, axis, c, z + GHOST, y + GHOST, x // 2 + 1) > 0:
                        return True
    return False
