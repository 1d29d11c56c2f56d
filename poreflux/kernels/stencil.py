"""The operator on red-black arrays, its black unknowns eliminated, and the fused passes over it.

With unknowns ordered by colour the finite-volume matrix is ``[[D_r, -N], [-N', D_b]]``, D diagonal.
Eliminating black leaves ``S = D_r - N D_b^-1 N'`` on half the unknowns; black planes are recomputed
from red ones where they are needed, three at a time, and never stored. A vector of the solver
therefore takes half a number per voxel, and every pass reads each array once.

Plane k, row j count ghosts; ranges of planes k0..k1 count own planes from 0. ``work`` is
(7, TILE + 4, H) of scratch: three planes of one colour, three of the other, and rows.
"""

import numpy as np

from poreflux.kernels.redblack import GHOST, compiled, in_place
from poreflux.kernels.rows import apply_row, diagonal_row, face, follow_row, relax_row, wrap_row

#: rows of a tile: the scratch planes of a pass then stay in the cache nearest to the core
TILE = 32


@compiled
def followers(op, out, d, q, k, j0, j1):
    """out = black values of rows j0-1 to j1 of plane k that follow from red values q, no source."""
    for j in range(j0 - 1, j1 + 1):
        row = out[j - j0 + 1]
        follow_row(
            op, row, d, 1, k, j,
            q[0, k, j], q[0, k, j - 1], q[0, k, j + 1], q[0, k - 1, j], q[0, k + 1, j],
        )  # fmt: skip
        wrap_row(op, row)


@compiled
def black_plane(op, out, d, source, q, k, j0, j1):
    """The same with the right-hand side `source` (4, 2, Y, H) of the driven faces."""
    for j in range(j0 - 1, j1 + 1):
        row = out[j - j0 + 1]
        relax_row(
            op, row, d, source[op.face_of[k], 1, j], 1, k, j,
            q[0, k, j], q[0, k, j - 1], q[0, k, j + 1], q[0, k - 1, j], q[0, k + 1, j],
        )  # fmt: skip
        wrap_row(op, row)


@in_place
def apply_red(op, out, d, p, black, k, j, t):
    """out = S p for the red cells of row (k, j); `black` holds planes modulo 3, row j at t."""
    now = black[k % 3]
    apply_row(
        op, out, d, p[0, k, j], 0, k, j,
        now[t], now[t - 1], now[t + 1], black[(k - 1) % 3, t], black[(k + 1) % 3, t],
    )  # fmt: skip


@compiled
def residual(op, source, x, r, k0, k1, work):
    """r = b - S x for red cells, b given by `source` on the driven faces; return r . r."""
    total = 0.0
    row, d = work[6, 0], work[6, 1]
    for j0 in range(GHOST, x.shape[2] - GHOST, TILE):
        j1 = min(j0 + TILE, x.shape[2] - GHOST)
        for m in range(k0 + GHOST - 1, k1 + GHOST + 1):
            black_plane(op, work[m % 3], d, source, x, m, j0, j1)
            k = m - 1
            if k < k0 + GHOST:
                continue
            for j in range(j0, j1):
                apply_red(op, row, d, x, work, k, j, j - j0 + 1)
                b, rr = source[op.face_of[k], 0, j], r[0, k, j]
                s = row[0] * 0
                for i in range(1, row.shape[0] - 1):
                    v = b[i] - row[i]
                    rr[i] = v
                    s += v * v
                total += s
    return total


@compiled
def curvature(op, p, k0, k1, work):
    """Return p . S p."""
    total = 0.0
    row, d = work[6, 0], work[6, 1]
    for j0 in range(GHOST, p.shape[2] - GHOST, TILE):
        j1 = min(j0 + TILE, p.shape[2] - GHOST)
        for m in range(k0 + GHOST - 1, k1 + GHOST + 1):
            followers(op, work[m % 3], d, p, m, j0, j1)
            k = m - 1
            if k < k0 + GHOST:
                continue
            for j in range(j0, j1):
                apply_red(op, row, d, p, work, k, j, j - j0 + 1)
                pr = p[0, k, j]
                s = row[0] * 0
                for i in range(1, row.shape[0] - 1):
                    s += pr[i] * row[i]
                total += s
    return total


@compiled
def apply(op, p, y, k0, k1, work):
    """y = S p for the red cells of y (own planes only, Y, H); return p . S p."""
    total = 0.0
    row, d = work[6, 0], work[6, 1]
    for j0 in range(GHOST, p.shape[2] - GHOST, TILE):
        j1 = min(j0 + TILE, p.shape[2] - GHOST)
        for m in range(k0 + GHOST - 1, k1 + GHOST + 1):
            followers(op, work[m % 3], d, p, m, j0, j1)
            k = m - 1
            if k < k0 + GHOST:
                continue
            for j in range(j0, j1):
                apply_red(op, row, d, p, work, k, j, j - j0 + 1)
                pr, yr = p[0, k, j], y[k - GHOST, j]
                s = row[0] * 0
                for i in range(1, row.shape[0] - 1):
                    yr[i] = row[i]
                    s += pr[i] * row[i]
                total += s
    return total


@compiled
def advance(op, alpha, p, x, r, k0, k1, work):
    """x += alpha p, r -= alpha S p; return r . r."""
    total = 0.0
    row, d = work[6, 0], work[6, 1]
    for j0 in range(GHOST, p.shape[2] - GHOST, TILE):
        j1 = min(j0 + TILE, p.shape[2] - GHOST)
        for m in range(k0 + GHOST - 1, k1 + GHOST + 1):
            followers(op, work[m % 3], d, p, m, j0, j1)
            k = m - 1
            if k < k0 + GHOST:
                continue
            for j in range(j0, j1):
                apply_red(op, row, d, p, work, k, j, j - j0 + 1)
                pr, xr, rr = p[0, k, j], x[0, k, j], r[0, k, j]
                s = row[0] * 0
                for i in range(1, row.shape[0] - 1):
                    xr[i] += alpha * pr[i]
                    v = rr[i] - alpha * row[i]
                    rr[i] = v
                    s += v * v
                total += s
    return total


@compiled
def solved_plane(op, source, x, out, d, k):
    """out (2, Y, H) = both colours of the potential in padded plane k, black ones from the red ones
    of x.
    """
    for j in range(x.shape[2]):
        for i in range(x.shape[3]):
            out[0, j, i] = x[0, k, j, i]
    black_plane(op, out[1, GHOST - 1 :], d, source, x, k, GHOST, x.shape[2] - GHOST)
    for j in range(GHOST - 1, x.shape[2] - GHOST + 1):
        wrap_row(op, out[0, j])


@compiled
def fluxes(op, source, x, planes, k0, k1, work):
    """Integrate over the solution; return its energy on own planes k0 to k1.

    ``planes[k]`` (one row per own plane, and one more for the high end) receives the flux from
    plane k-1 into plane k, from the driven face for k = 0, and into the driven face at the high
    end; the sum of the potential over the conducting cells of plane k and their number; the sums of
    the fluxes along y and along x between cells of plane k. Through a driven face flows what its
    source feeds less what its link drains. `work` is (2, 2, Y, H) and (H,) of scratch. Faces
    towards plane k0-1 are counted here.
    """
    buffer, d = work
    energy = 0.0
    last = planes.shape[0] - 1
    solved_plane(op, source, x, buffer[(k0 - 1) & 1], d, k0 + GHOST - 1)
    for own in range(k0, k1):
        k = own + GHOST
        now, below = buffer[own & 1], buffer[(own - 1) & 1]
        solved_plane(op, source, x, now, d, k)
        low = op.face_of[k] & 1
        high = op.face_of[k] >> 1
        flux_in = flux_out = potential = count = along_y = along_x = 0.0
        for c in range(2):
            for j in range(GHOST, x.shape[2] - GHOST):
                o = (c + k + j) & 1
                diagonal_row(op, d, c, k, j)
                for i in range(1, d.shape[0] - 1):
                    if not d[i] > 0:
                        continue
                    u = np.float64(now[c, j, i])
                    potential += u
                    count += 1.0
                    if low:
                        g = op.links[1, c, j, i]
                        flux = source[1, c, j, i] - g * u
                        flux_in += flux
                        energy += flux * flux / g if g > 0 else 0.0
                    else:
                        g = face(op, 0, c, k, j, i)
                        du = below[1 - c, j, i] - u
                        flux_in += g * du
                        energy += g * du * du
                    if high:
                        g = op.links[2, c, j, i]
                        flux = g * u - source[2, c, j, i]
                        flux_out += flux
                        energy += flux * flux / g if g > 0 else 0.0
                    g = face(op, 1, c, k, j, i)
                    du = now[1 - c, j - 1, i] - u
                    energy += g * du * du
                    along_y += g * du
                    g = face(op, 2, c, k, j, i)
                    du = now[1 - c, j, i - 1 + o] - u
                    energy += g * du * du
                    along_x += g * du
        planes[own, 0] = flux_in
        planes[own, 1] = potential
        planes[own, 2] = count
        planes[own, 3] = along_y
        planes[own, 4] = along_x
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
            diagonal_row(op, d, 0, own + GHOST, j)
            row = x[0, own + GHOST, j]
            for i in range(1, row.shape[0] - 1):
                row[i] = value if d[i] > 0 else value * 0


@compiled
def potential(op, source, x, out, k0, k1, work):
    """out (k1 - k0, ny, nx) = the potential in own planes k0 to k1, NaN where blocked.

    `work` is (2, Y, H) and (H,) of scratch.
    """
    now, d = work
    for own in range(k0, k1):
        k = own + GHOST
        solved_plane(op, source, x, now, d, k)
        for j in range(out.shape[1]):
            jj = j + GHOST
            for c in range(2):
                o = (c + k + jj) & 1
                diagonal_row(op, d, c, k, jj)
                for i in range((out.shape[2] - o + 1) // 2):
                    u = now[c, jj, i + 1]
                    out[own - k0, j, 2 * i + o] = u if d[i + 1] > 0 else np.nan


@compiled
def current(op, source, x, out, scales, k0, k1, work):
    """out (k1 - k0, ny, nx) = magnitude of the current density in own planes k0 to k1, NaN where
    blocked.

    Each component is the mean of those through the two faces of a cell; `scales` turn a conductance
    times a difference into a current density. `work` is (3, 2, Y, H) and (H,) of scratch.
    """
    planes, d = work
    solved_plane(op, source, x, planes[(k0 + GHOST - 1) % 3], d, k0 + GHOST - 1)
    solved_plane(op, source, x, planes[(k0 + GHOST) % 3], d, k0 + GHOST)
    for own in range(k0, k1):
        k = own + GHOST
        solved_plane(op, source, x, planes[(k + 1) % 3], d, k + 1)
        below, now, above = planes[(k - 1) % 3], planes[k % 3], planes[(k + 1) % 3]
        low, high = op.face_of[k] & 1, op.face_of[k] >> 1
        for j in range(out.shape[1]):
            jj = j + GHOST
            for c in range(2):
                o = (c + k + jj) & 1
                diagonal_row(op, d, c, k, jj)
                for i in range((out.shape[2] - o + 1) // 2):
                    h = i + 1
                    if not d[h] > 0:
                        out[own - k0, j, 2 * i + o] = np.nan
                        continue
                    u = now[c, jj, h]
                    if low:
                        z = source[1, c, jj, h] - op.links[1, c, jj, h] * u
                    else:
                        z = face(op, 0, c, k, jj, h) * (below[1 - c, jj, h] - u)
                    if high:
                        z += op.links[2, c, jj, h] * u - source[2, c, jj, h]
                    else:
                        z += face(op, 0, 1 - c, k + 1, jj, h) * (u - above[1 - c, jj, h])
                    y = face(op, 1, c, k, jj, h) * (now[1 - c, jj - 1, h] - u)
                    y += face(op, 1, 1 - c, k, jj + 1, h) * (u - now[1 - c, jj + 1, h])
                    s = face(op, 2, c, k, jj, h) * (now[1 - c, jj, h - 1 + o] - u)
                    s += face(op, 2, 1 - c, k, jj, h + o) * (u - now[1 - c, jj, h + o])
                    z, y, s = z * scales[0], y * scales[1], s * scales[2]
                    out[own - k0, j, 2 * i + o] = 0.5 * np.sqrt(z * z + y * y + s * s)
