"""The seven-point operator on red-black arrays, its black unknowns eliminated, and the fused passes over it.

With unknowns ordered by colour the finite-volume matrix is ``[[D_r, -N], [-N', D_b]]``, D diagonal.
Eliminating black leaves ``S = D_r - N D_b^-1 N'`` on half the unknowns; black planes are recomputed from
red ones where they are needed, three at a time, and never stored. A vector of the solver therefore takes
half a number per voxel, and every pass reads each array once.

Two kinds of geometry have the same interface (`Binary`: one byte per voxel; `Faces`: three conductances
per voxel). Plane k, row j count ghosts; ranges of planes k0..k1 count own planes from 0.
"""

from typing import NamedTuple

import numpy as np
from numba.extending import overload

from poreflux.kernels.redblack import GHOST, OPTIONS, compiled

#: rows of a tile: the scratch planes of a pass then stay in the cache nearest to the core
TILE = 32

SOLID = 0x40


class Binary(NamedTuple):
    """One conducting phase. ``code`` holds, per voxel, the number of conducting neighbours along z, y, x in
    bits 0-1, 2-3, 4-5, and SOLID; 0 is blocked. A face conducts wz, wy or wx."""

    code: np.ndarray  # (2, Z, Y, H) uint8
    ends: np.ndarray  # (4, 2, Y, H): conductance to the driven faces: none, low, high, both
    end_of: np.ndarray  # (Z,) uint8: which of the four a plane has
    wz: float
    wy: float
    wx: float
    wrap: bool  # x is periodic


class Faces(NamedTuple):
    """Any conductivities. ``gz[c, k, j, i]`` is the conductance from cell (c, k, j, i) to the one before it in z."""

    gz: np.ndarray  # (2, Z, Y, H)
    gy: np.ndarray
    gx: np.ndarray
    ends: np.ndarray
    end_of: np.ndarray
    wrap: bool


def gather(op, acc, c, k, j, q, qym, qyp, qzm, qzp):
    """acc = sum over the six neighbours of conductance times their value, for the cells of colour c in row (k, j).

    q, qym, qyp, qzm, qzp are the rows of the other colour at the same place and one step along y and z.
    """


def diagonal(op, d, c, k, j):
    """d = sum of the conductances of each cell of colour c in row (k, j); zero where blocked."""


def face(op, axis, c, k, j, i):
    """Return the conductance between cell (c, k, j, i) and the one before it along `axis`."""


@overload(gather, jit_options=OPTIONS)
def _gather(op, acc, c, k, j, q, qym, qyp, qzm, qzp):
    if op.instance_class is Binary:

        def binary(op, acc, c, k, j, q, qym, qyp, qzm, qzp):
            o = (c + k + j) & 1
            left = q[o : o + acc.shape[0] - 2]
            right = q[o + 1 : o + acc.shape[0] - 1]
            for i in range(left.shape[0]):
                acc[i + 1] = (
                    op.wx * (left[i] + right[i])
                    + op.wy * (qym[i + 1] + qyp[i + 1])
                    + op.wz * (qzm[i + 1] + qzp[i + 1])
                )

        return binary

    def faces(op, acc, c, k, j, q, qym, qyp, qzm, qzp):
        o = (c + k + j) & 1
        n = acc.shape[0] - 2
        before, after = op.gz[c, k, j], op.gz[1 - c, k + 1, j]
        for i in range(1, n + 1):
            acc[i] = before[i] * qzm[i] + after[i] * qzp[i]
        before, after = op.gy[c, k, j], op.gy[1 - c, k, j + 1]
        for i in range(1, n + 1):
            acc[i] += before[i] * qym[i] + after[i] * qyp[i]
        before = op.gx[c, k, j]
        shifted = op.gx[1 - c, k, j, o : o + n + 1]
        left, right = q[o : o + n], q[o + 1 : o + n + 1]
        for i in range(n):
            acc[i + 1] += before[i + 1] * left[i] + shifted[i + 1] * right[i]

    return faces


@overload(diagonal, jit_options=OPTIONS)
def _diagonal(op, d, c, k, j):
    if op.instance_class is Binary:

        def binary(op, d, c, k, j):
            code = op.code[c, k, j]
            end = op.ends[op.end_of[k], c, j]
            for i in range(1, d.shape[0] - 1):
                b = np.uint32(code[i])
                d[i] = (
                    op.wz * np.float32(b & 3)
                    + op.wy * np.float32((b >> 2) & 3)
                    + op.wx * np.float32((b >> 4) & 3)
                    + end[i]
                )

        return binary

    def faces(op, d, c, k, j):
        o = (c + k + j) & 1
        n = d.shape[0] - 2
        end = op.ends[op.end_of[k], c, j]
        before, after = op.gz[c, k, j], op.gz[1 - c, k + 1, j]
        for i in range(1, n + 1):
            d[i] = end[i] + before[i] + after[i]
        before, after = op.gy[c, k, j], op.gy[1 - c, k, j + 1]
        for i in range(1, n + 1):
            d[i] += before[i] + after[i]
        before = op.gx[c, k, j]
        after = op.gx[1 - c, k, j, o : o + n + 1]
        for i in range(1, n + 1):
            d[i] += before[i] + after[i]

    return faces


@overload(face, jit_options=OPTIONS)
def _face(op, axis, c, k, j, i):
    if op.instance_class is Binary:

        def binary(op, axis, c, k, j, i):
            here = op.code[c, k, j, i] >> 6
            if axis == 0:
                return op.wz * np.float32(here & (op.code[1 - c, k - 1, j, i] >> 6))
            if axis == 1:
                return op.wy * np.float32(here & (op.code[1 - c, k, j - 1, i] >> 6))
            o = (c + k + j) & 1
            return op.wx * np.float32(here & (op.code[1 - c, k, j, i - 1 + o] >> 6))

        return binary

    def faces(op, axis, c, k, j, i):
        if axis == 0:
            return op.gz[c, k, j, i]
        if axis == 1:
            return op.gy[c, k, j, i]
        return op.gx[c, k, j, i]

    return faces


@compiled
def relax_row(op, out, d, rhs, rhs_scale, c, k, j, q, qym, qyp, qzm, qzp):
    """out = (rhs + sum of neighbours) / diagonal for colour c in row (k, j); zero where blocked; d is scratch."""
    gather(op, out, c, k, j, q, qym, qyp, qzm, qzp)
    diagonal(op, d, c, k, j)
    for i in range(1, out.shape[0] - 1):
        v = (out[i] + rhs_scale * rhs[i]) / d[i]
        out[i] = v if d[i] > 0 else d[i] * 0
    if op.wrap:
        out[0] = out[out.shape[0] - 2]
        out[out.shape[0] - 1] = out[1]


@compiled
def black_plane(op, out, d, source, scale, q, k, j0, j1):
    """out = black values of rows j0-1 to j1 of plane k that belong to the red values q[0], with right-hand side
    scale * source."""
    for j in range(j0 - 1, j1 + 1):
        relax_row(
            op, out[j - j0 + 1], d, source[op.end_of[k], 1, j], scale, 1, k, j,
            q[0, k, j], q[0, k, j - 1], q[0, k, j + 1], q[0, k - 1, j], q[0, k + 1, j],
        )  # fmt: skip


@compiled
def red_sum(op, acc, black, k, j, t):
    """acc = conductance times black neighbours of the red cells of row (k, j); `black` holds planes modulo 3,
    row j at t."""
    now = black[k % 3]
    gather(
        op,
        acc,
        0,
        k,
        j,
        now[t],
        now[t - 1],
        now[t + 1],
        black[(k - 1) % 3, t],
        black[(k + 1) % 3, t],
    )


@compiled
def residual(op, source, x, r, k0, k1, work):
    """r = b - S x for red cells, b given by `source` on the driven faces; return r . r."""
    total = 0.0
    acc, d = work[6, 0], work[6, 1]
    one = x.dtype.type(1)
    for j0 in range(GHOST, x.shape[2] - GHOST, TILE):
        j1 = min(j0 + TILE, x.shape[2] - GHOST)
        for m in range(k0 + GHOST - 1, k1 + GHOST + 1):
            black_plane(op, work[m % 3], d, source, one, x, m, j0, j1)
            k = m - 1
            if k < k0 + GHOST:
                continue
            for j in range(j0, j1):
                red_sum(op, acc, work, k, j, j - j0 + 1)
                diagonal(op, d, 0, k, j)
                b, xr, rr = source[op.end_of[k], 0, j], x[0, k, j], r[0, k, j]
                s = one * 0
                for i in range(1, acc.shape[0] - 1):
                    v = b[i] - d[i] * xr[i] + acc[i]
                    v = v if d[i] > 0 else d[i] * 0
                    rr[i] = v
                    s += v * v
                total += s
    return total


@compiled
def curvature(op, source, p, k0, k1, work):
    """Return p . S p."""
    total = 0.0
    acc, d = work[6, 0], work[6, 1]
    zero = p.dtype.type(0)
    for j0 in range(GHOST, p.shape[2] - GHOST, TILE):
        j1 = min(j0 + TILE, p.shape[2] - GHOST)
        for m in range(k0 + GHOST - 1, k1 + GHOST + 1):
            black_plane(op, work[m % 3], d, source, zero, p, m, j0, j1)
            k = m - 1
            if k < k0 + GHOST:
                continue
            for j in range(j0, j1):
                red_sum(op, acc, work, k, j, j - j0 + 1)
                diagonal(op, d, 0, k, j)
                pr = p[0, k, j]
                s = zero
                for i in range(1, acc.shape[0] - 1):
                    s += pr[i] * (d[i] * pr[i] - acc[i])
                total += s
    return total


@compiled
def advance(op, source, alpha, p, x, r, k0, k1, work):
    """x += alpha p, r -= alpha S p; return r . r."""
    total = 0.0
    acc, d = work[6, 0], work[6, 1]
    zero = p.dtype.type(0)
    for j0 in range(GHOST, p.shape[2] - GHOST, TILE):
        j1 = min(j0 + TILE, p.shape[2] - GHOST)
        for m in range(k0 + GHOST - 1, k1 + GHOST + 1):
            black_plane(op, work[m % 3], d, source, zero, p, m, j0, j1)
            k = m - 1
            if k < k0 + GHOST:
                continue
            for j in range(j0, j1):
                red_sum(op, acc, work, k, j, j - j0 + 1)
                diagonal(op, d, 0, k, j)
                pr, xr, rr = p[0, k, j], x[0, k, j], r[0, k, j]
                for i in range(1, acc.shape[0] - 1):
                    xr[i] += alpha * pr[i]
                s = zero
                for i in range(1, acc.shape[0] - 1):
                    v = rr[i] - alpha * (d[i] * pr[i] - acc[i])
                    v = v if d[i] > 0 else d[i] * 0
                    rr[i] = v
                    s += v * v
                total += s
    return total


@compiled
def solved_plane(op, source, x, out, d, k):
    """out (2, Y, H) = both colours of the potential in padded plane k, black ones from the red ones of x."""
    one = x.dtype.type(1)
    for j in range(x.shape[2]):
        for i in range(x.shape[3]):
            out[0, j, i] = x[0, k, j, i]
    black_plane(op, out[1, GHOST - 1 :], d, source, one, x, k, GHOST, x.shape[2] - GHOST)


@compiled
def fluxes(op, source, values, x, planes, k0, k1, work):
    """Integrate over the solution; return its energy on own planes k0 to k1.

    ``planes[k]`` (one row per own plane, and one more for the high end) receives the flux from plane k-1 into
    plane k, from the driven face for k = 0, and into the driven face at the high end; then the sum of the
    potential over the conducting cells of plane k and their number. `values` are the potentials of the two
    driven faces; `work` is (2, 2, Y, H) and (2, H) of scratch. Faces towards plane k0-1 are counted here.
    """
    buffer, d = work
    energy = 0.0
    last = planes.shape[0] - 1
    solved_plane(op, source, x, buffer[(k0 - 1) & 1], d, k0 + GHOST - 1)
    for own in range(k0, k1):
        k = own + GHOST
        now, below = buffer[own & 1], buffer[(own - 1) & 1]
        solved_plane(op, source, x, now, d, k)
        if op.wrap:
            for c in range(2):
                for j in range(now.shape[1]):
                    now[c, j, 0] = now[c, j, now.shape[2] - 2]
                    now[c, j, now.shape[2] - 1] = now[c, j, 1]
        low = op.end_of[k] & 1
        high = op.end_of[k] >> 1
        flux_in = flux_out = potential = count = 0.0
        for c in range(2):
            for j in range(GHOST, x.shape[2] - GHOST):
                o = (c + k + j) & 1
                diagonal(op, d, c, k, j)
                for i in range(1, d.shape[0] - 1):
                    if not d[i] > 0:
                        continue
                    u = np.float64(now[c, j, i])
                    potential += u
                    count += 1.0
                    if low:
                        g = op.ends[1, c, j, i]
                        flux_in += g * (values[0] - u)
                        energy += g * (values[0] - u) ** 2
                    else:
                        g = face(op, 0, c, k, j, i)
                        du = below[1 - c, j, i] - u
                        flux_in += g * du
                        energy += g * du * du
                    if high:
                        g = op.ends[2, c, j, i]
                        flux_out += g * (u - values[1])
                        energy += g * (u - values[1]) ** 2
                    g = face(op, 1, c, k, j, i)
                    du = now[1 - c, j - 1, i] - u
                    energy += g * du * du
                    g = face(op, 2, c, k, j, i)
                    du = now[1 - c, j, i - 1 + o] - u
                    energy += g * du * du
        planes[own, 0] = flux_in
        planes[own, 1] = potential
        planes[own, 2] = count
        if high:
            planes[last, 0] = flux_out
    return energy


@compiled
def ramp(op, x, slope, start, k0, k1, work):
    """x = start + slope times the number of the plane, in conducting red cells."""
    d = work[6, 1]
    for own in range(k0, k1):
        value = x.dtype.type(start + slope * own)
        for j in range(GHOST, x.shape[2] - GHOST):
            diagonal(op, d, 0, own + GHOST, j)
            row = x[0, own + GHOST, j]
            for i in range(1, row.shape[0] - 1):
                row[i] = value if d[i] > 0 else value * 0
