"""Between a red-black grid and the next coarser one (2 x 2 x 2 cells to one): smoothing fused with
transfer.

One V-cycle step is, on the way down, a red and a black Gauss-Seidel half-sweep from zero and the
restriction of what is left; on the way up, the correction, a black and a red half-sweep. After the
first two half-sweeps the residual of black cells is zero and that of a red one is the sum of its
black neighbours, so that neither the iterate nor the residual is ever stored; on the way up red
values are made again from the right-hand side. The way up is the adjoint of the way down: the cycle
is symmetric.

The coarse conductance between two cells is half the sum of the fine ones through their common face
(their distance doubles), that of a driven face likewise.
"""

import numpy as np

from poreflux.kernels.redblack import GHOST, compiled, in_place, pack_row
from poreflux.kernels.rows import (
    apply_row,
    diagonal_row,
    face,
    face_row,
    follow_row,
    guess_row,
    relax_row,
    rest_row,
    wrap_row,
)
from poreflux.kernels.stencil import TILE


@compiled
def black_from_guess(op, black, d, red, b, k, j0, j1):
    """black = (b + red neighbours) / diagonal for rows j0-1 to j1 of plane k.

    `red` holds planes modulo 3, row j at j - j0 + 2; one colour of b stands for b = 0 on black
    cells.
    """
    both = b.shape[0] == 2
    now, before, after = red[k % 3], red[(k - 1) % 3], red[(k + 1) % 3]
    for j in range(j0 - 1, j1 + 1):
        t = j - j0 + 2
        row = black[j - j0 + 1]
        if both:
            relax_row(
                op, row, d, b[1, k, j], 1, k, j,
                now[t], now[t - 1], now[t + 1], before[t], after[t],
            )  # fmt: skip
        else:
            follow_row(op, row, d, 1, k, j, now[t], now[t - 1], now[t + 1], before[t], after[t])
        wrap_row(op, row)


@in_place
def restrict_row(rest, coarse, k, j):
    """Add the red residuals `rest` of row (k, j) to their coarse cells; the first row sets them."""
    h = rest.shape[0] - 2
    kk, jj = k // 2 + 1, j // 2 + 1
    even, odd = coarse[(kk + jj) & 1, kk, jj], coarse[(kk + jj + 1) & 1, kk, jj]
    if (k | j) & 1:
        for i in range(h // 2):
            even[i + 1] += rest[2 * i + 1]
            odd[i + 1] += rest[2 * i + 2]
        if h & 1:
            even[h // 2 + 1] += rest[h]
    else:
        for i in range(h // 2):
            even[i + 1] = rest[2 * i + 1]
            odd[i + 1] = rest[2 * i + 2]
        if h & 1:
            even[h // 2 + 1] = rest[h]


@compiled
def prolong_row(e, correction, m, j):
    """correction = coarse values `e` for the red cells of row (m, j)."""
    h = correction.shape[0] - 2
    kk, jj = m // 2 + 1, j // 2 + 1
    even, odd = e[(kk + jj) & 1, kk, jj], e[(kk + jj + 1) & 1, kk, jj]
    for i in range(h // 2):
        correction[2 * i + 1] = even[i + 1]
        correction[2 * i + 2] = odd[i + 1]
    if h & 1:
        correction[h] = even[h // 2 + 1]


@compiled
def descend(op, b, coarse, k0, k1, work):
    """coarse = restriction of what a red and a black half-sweep from zero leave of A z = b.

    b (1 or 2, Z, Y, H); coarse (2, ...) of the coarser grid; own planes k0 to k1, both even or the
    last.
    """
    red, black = work[:3], work[3:6]
    rest, d, nothing = work[6, 0], work[6, 1], work[6, 3]
    for j0 in range(GHOST, b.shape[2] - GHOST, TILE):
        j1 = min(j0 + TILE, b.shape[2] - GHOST)
        for m in range(k0 + GHOST - 2, k1 + GHOST + 2):
            for j in range(j0 - 2, j1 + 2):
                row = red[m % 3, j - j0 + 2]
                guess_row(op, row, d, b[0, m, j], nothing, 0, m, j)
                wrap_row(op, row)
            if m >= k0 + GHOST:
                black_from_guess(op, black[(m - 1) % 3], d, red, b, m - 1, j0, j1)
            k = m - 2
            if k < k0 + GHOST:
                continue
            now, before, after = black[k % 3], black[(k - 1) % 3], black[(k + 1) % 3]
            for j in range(j0, j1):
                t = j - j0 + 1
                rest_row(op, rest, d, 0, k, j, now[t], now[t - 1], now[t + 1], before[t], after[t])
                restrict_row(rest, coarse, k, j)


@compiled
def ascend(op, b, e, out, k0, k1, work):
    """out = the V-cycle's answer to A z = b from the coarse correction `e`; return b . out, red
    cells.

    Adds e to what :func:`descend` had (red cells; black ones follow), then a black and a red
    half-sweep. `out` has as many colours as b.
    """
    red, black = work[:3], work[3:6]
    d, correction = work[6, 1], work[6, 2]
    h = d.shape[0] - 2
    total = 0.0
    for j0 in range(GHOST, b.shape[2] - GHOST, TILE):
        j1 = min(j0 + TILE, b.shape[2] - GHOST)
        for m in range(k0 + GHOST - 2, k1 + GHOST + 2):
            for j in range(j0 - 2, j1 + 2):
                if j & 1 == 0:
                    prolong_row(e, correction, m, j)
                row = red[m % 3, j - j0 + 2]
                guess_row(op, row, d, b[0, m, j], correction, 0, m, j)
                wrap_row(op, row)
            if m >= k0 + GHOST:
                black_from_guess(op, black[(m - 1) % 3], d, red, b, m - 1, j0, j1)
            k = m - 2
            if k < k0 + GHOST:
                continue
            now, before, after = black[k % 3], black[(k - 1) % 3], black[(k + 1) % 3]
            for j in range(j0, j1):
                t = j - j0 + 1
                br, zr = b[0, k, j], out[0, k, j]
                relax_row(
                    op, zr, d, br, 0, k, j,
                    now[t], now[t - 1], now[t + 1], before[t], after[t],
                )  # fmt: skip
                s = zr[0] * 0
                for i in range(1, h + 1):
                    s += br[i] * zr[i]
                total += s
                if out.shape[0] == 2:
                    zb, row = out[1, k, j], now[t]
                    for i in range(1, h + 1):
                        zb[i] = row[i]
    return total


@compiled
def descend_again(op, b, x, coarse, k0, k1, work):
    """coarse = restriction of what a black half-sweep leaves of A x = b, both colours.

    x comes from :func:`ascend`, so that a red half-sweep before would change nothing.
    """
    black = work[3:6]
    rest, d = work[6, 0], work[6, 1]
    for j0 in range(GHOST, b.shape[2] - GHOST, TILE):
        j1 = min(j0 + TILE, b.shape[2] - GHOST)
        for m in range(k0 + GHOST - 1, k1 + GHOST + 1):
            for j in range(j0 - 1, j1 + 1):
                row = black[m % 3, j - j0 + 1]
                relax_row(
                    op, row, d, b[1, m, j], 1, m, j,
                    x[0, m, j], x[0, m, j - 1], x[0, m, j + 1], x[0, m - 1, j], x[0, m + 1, j],
                )  # fmt: skip
                wrap_row(op, row)
            k = m - 1
            if k < k0 + GHOST:
                continue
            now, before, after = black[k % 3], black[(k - 1) % 3], black[(k + 1) % 3]
            for j in range(j0, j1):
                t = j - j0 + 1
                apply_row(
                    op, rest, d, x[0, k, j], 0, k, j,
                    now[t], now[t - 1], now[t + 1], before[t], after[t],
                )  # fmt: skip
                br = b[0, k, j]
                for i in range(1, rest.shape[0] - 1):
                    rest[i] = br[i] - rest[i]
                restrict_row(rest, coarse, k, j)


@compiled
def ascend_again(op, b, x, e, out, k0, k1, work):
    """out = x, corrected by e, after a black and a red half-sweep for A x = b, both colours."""
    red, black = work[:3], work[3:6]
    d, correction = work[6, 1], work[6, 2]
    for j0 in range(GHOST, b.shape[2] - GHOST, TILE):
        j1 = min(j0 + TILE, b.shape[2] - GHOST)
        for m in range(k0 + GHOST - 2, k1 + GHOST + 2):
            for j in range(j0 - 2, j1 + 2):
                if j & 1 == 0:
                    prolong_row(e, correction, m, j)
                diagonal_row(op, d, 0, m, j)
                row, xr = red[m % 3, j - j0 + 2], x[0, m, j]
                for i in range(1, row.shape[0] - 1):
                    row[i] = xr[i] + correction[i] if d[i] > 0 else d[i] * 0
                wrap_row(op, row)
            if m >= k0 + GHOST:
                black_from_guess(op, black[(m - 1) % 3], d, red, b, m - 1, j0, j1)
            k = m - 2
            if k < k0 + GHOST:
                continue
            now, before, after = black[k % 3], black[(k - 1) % 3], black[(k + 1) % 3]
            for j in range(j0, j1):
                t = j - j0 + 1
                relax_row(
                    op, out[0, k, j], d, b[0, k, j], 0, k, j,
                    now[t], now[t - 1], now[t + 1], before[t], after[t],
                )  # fmt: skip
                zb, row = out[1, k, j], now[t]
                for i in range(1, row.shape[0] - 1):
                    zb[i] = row[i]


@in_place
def add_faces(op, axis, total, row, c, k, j):
    """Add the conductances of a row to `total`; `row` is scratch."""
    face_row(op, axis, row, c, k, j)
    for i in range(1, total.shape[0]):
        total[i] += row[i]


@compiled
def coarsen(op, gz, gy, gx, nx, k0, k1, work):
    """Fill the conductances of coarse own planes k0 to k1, nx cells a row, from those of the finer
    operator. `work` is (2, H) of scratch, H the pairs of a finer row, in float64: with sums in
    float32 the cycle fails in periodic media of a contrast of 1e7.
    """
    total, row = work[0], work[1]
    for K in range(k0 + GHOST, k1 + GHOST):
        k = 2 * (K - GHOST) + GHOST
        for J in range(GHOST, gz.shape[2] - GHOST):
            j = 2 * (J - GHOST) + GHOST
            for axis in range(3):
                for i in range(total.shape[0]):
                    total[i] = 0
                for a in range(2):
                    for s in range(2):
                        if axis == 0:
                            add_faces(op, 0, total, row, s, k, j + a)
                        elif axis == 1:
                            add_faces(op, 1, total, row, s, k + a, j)
                        else:
                            # the left one of a pair of columns is the colour with offset 0
                            add_faces(op, 2, total, row, (k + a + j + s) & 1, k + a, j + s)
                for i in range(total.shape[0]):
                    total[i] *= np.float32(0.5)
                pack_row(total[1 : nx + 1], (gz, gy, gx)[axis], K, J)


@compiled
def copy_faces(op, axis, out, nx):
    """out[c, k, j, i] = conductance of each own cell to the one before it along `axis`."""
    for k in range(GHOST, out.shape[1] - GHOST):
        for j in range(GHOST, out.shape[2] - GHOST):
            for i in range(nx):
                c, h = (k + j + i) & 1, i // 2 + 1
                out[c, k, j, h] = face(op, axis, c, k, j, h)
