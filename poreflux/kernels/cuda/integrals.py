"""What is asked of a solution: fluxes through planes, energy, what it leaves unbalanced, fields.

Sums are taken in float64. ``black`` (1, Z, Y, H) are the black potentials, ghosts included; of the
imbalance a slab of them, from padded plane `first` on.
"""

import math

from numba import float64

from poreflux.kernels.cuda.cells import diagonal, face
from poreflux.kernels.cuda.launching import cuda, kernel
from poreflux.kernels.cuda.stencil import put
from poreflux.kernels.redblack import GHOST

#: sums of a plane: flux in, potential, cells, fluxes along y and x, flux out, energy
SUMS = 7


@cuda.jit(device=True)
def potential_of(x, black, c, k, j, i):
    """Return the potential of a cell of either colour."""
    return float64(x[0, k, j, i]) if c == 0 else float64(black[0, k, j, i])


@kernel
def fluxes(op, source, x, black, partial):
    """partial (n0, threads, SUMS) = the sums of the part of plane ``blockIdx.x`` of each thread."""
    k, t = cuda.blockIdx.x + GHOST, cuda.threadIdx.x
    flux_in = potential = count = along_y = along_x = flux_out = energy = 0.0
    low, high = op.face_of[k] & 1, op.face_of[k] >> 1
    pairs, rows = x.shape[3] - 2, x.shape[2] - 2 * GHOST
    for n in range(t, 2 * rows * pairs, cuda.blockDim.x):
        i, line = n % pairs + 1, n // pairs
        c, j = line % 2, line // 2 + GHOST
        o = (c + k + j) & 1
        if not diagonal(op, partial, c, k, j, i) > 0:
            continue
        u = potential_of(x, black, c, k, j, i)
        potential += u
        count += 1.0
        if low:
            g = float64(op.links[1, c, j, i])
            flux = float64(source[1, c, j, i]) - g * u
            flux_in += flux
            if g > 0:
                energy += flux * flux / g
        else:
            g = face(op, partial, 0, c, k, j, i)
            du = potential_of(x, black, 1 - c, k - 1, j, i) - u
            flux_in += g * du
            energy += g * du * du
        if high:
            g = float64(op.links[2, c, j, i])
            flux = g * u - float64(source[2, c, j, i])
            flux_out += flux
            if g > 0:
                energy += flux * flux / g
        g = face(op, partial, 1, c, k, j, i)
        du = potential_of(x, black, 1 - c, k, j - 1, i) - u
        energy += g * du * du
        along_y += g * du
        g = face(op, partial, 2, c, k, j, i)
        du = potential_of(x, black, 1 - c, k, j, i - 1 + o) - u
        energy += g * du * du
        along_x += g * du
    plane = cuda.blockIdx.x
    partial[plane, t, 0] = flux_in
    partial[plane, t, 1] = potential
    partial[plane, t, 2] = count
    partial[plane, t, 3] = along_y
    partial[plane, t, 4] = along_x
    partial[plane, t, 5] = flux_out
    partial[plane, t, 6] = energy


@kernel
def collapse(partial, sums):
    """sums (n0, q) = the sums over threads of partial (n0, threads, q), in their order."""
    for n in range(cuda.grid(1), sums.shape[0] * sums.shape[1], cuda.gridsize(1)):
        plane, q = n // sums.shape[1], n % sums.shape[1]
        total = 0.0
        for t in range(partial.shape[1]):
            total += partial[plane, t, q]
        sums[plane, q] = total


@cuda.jit(device=True)
def conductance(op, like, c, k, j, i, side):
    """Return the conductance of a cell to its neighbour before and after it along z, y, x."""
    o = (c + k + j) & 1
    if side == 0:
        return face(op, like, 0, c, k, j, i)
    if side == 1:
        return face(op, like, 0, 1 - c, k + 1, j, i)
    if side == 2:
        return face(op, like, 1, c, k, j, i)
    if side == 3:
        return face(op, like, 1, 1 - c, k, j + 1, i)
    if side == 4:
        return face(op, like, 2, c, k, j, i)
    return face(op, like, 2, 1 - c, k, j, i + o)


@cuda.jit(device=True)
def beside(q, first, c, k, j, i, side):
    """Return q[0] in the neighbour on a side of cell (c, k, j, i); q starts with plane `first`."""
    o = (c + k + j) & 1
    k -= first
    if side == 0:
        return float64(q[0, k - 1, j, i])
    if side == 1:
        return float64(q[0, k + 1, j, i])
    if side == 2:
        return float64(q[0, k, j - 1, i])
    if side == 3:
        return float64(q[0, k, j + 1, i])
    if side == 4:
        return float64(q[0, k, j, i - 1 + o])
    return float64(q[0, k, j, i + o])


@kernel
def balanced(op, source, x, black, first, k1):
    """black = the black potentials of padded planes `first` to k1, in float64, from differences to
    the one of largest size around each, see :func:`poreflux.kernels.imbalance.balanced_plane`.
    """
    i, j, k = cuda.grid(3)
    i, j, k = i + 1, j + GHOST - 1, k + first
    if i < x.shape[3] - 1 and j < x.shape[2] - GHOST + 1:
        for m in range(k, k1, cuda.gridDim.z * cuda.blockDim.z):
            u = 0.0
            for side in range(6):
                v = beside(x, 0, 1, m, j, i, side)
                if abs(v) > abs(u):
                    u = v
            f = op.face_of[m]
            total = float64(op.links[f, 1, j, i])
            drawn = total * u
            for side in range(6):
                g = conductance(op, black, 1, m, j, i, side)
                drawn += g * (u - beside(x, 0, 1, m, j, i, side))
                total += g
            value = 0.0
            if total > 0:
                value = u + (float64(source[f, 1, j, i]) - drawn) / total
            put(op, black, 0, m - first, j, i, value)


@cuda.jit(device=True)
def link_power(fed, link, u):
    """Return the power of the link of a cell at potential u to what feeds it."""
    if not link > 0:
        return 0.0
    flux = fed - link * u
    return flux * flux / link


@kernel
def imbalance(op, source, x, black, first, k0, k1, r, partial):
    """r = the current that must leave each red cell of padded planes k0 to k1 for balance; the
    energy of x there, added up by thread.
    """
    i, j, k = cuda.grid(3)
    sx, sy, _ = cuda.gridsize(3)
    thread = i + sx * (j + sy * k)
    total = 0.0
    if i < x.shape[3] - 2 and j < x.shape[2] - 2 * GHOST:
        j, i = j + GHOST, i + 1
        for m in range(k + k0, k1, cuda.gridDim.z * cuda.blockDim.z):
            f = op.face_of[m]
            u, link = float64(x[0, m, j, i]), float64(op.links[f, 0, j, i])
            current = 0.0
            conducts = link
            for side in range(6):
                g = conductance(op, partial, 0, m, j, i, side)
                du = u - beside(black, first, 0, m, j, i, side)
                current += g * du
                total += g * du * du
                conducts += g
            value = 0.0
            if conducts > 0:
                value = float64(source[f, 0, j, i]) - link * u - current
            r[0, m, j, i] = value
            for bit in range(2):
                if (f >> bit) & 1:
                    n = 1 + bit
                    v = black[0, m - first, j, i]
                    fed, g = float64(source[n, 0, j, i]), float64(op.links[n, 0, j, i])
                    total += link_power(fed, g, u)
                    fed, g = float64(source[n, 1, j, i]), float64(op.links[n, 1, j, i])
                    total += link_power(fed, g, v)
    partial[thread] += total


@kernel
def potential(op, x, black, out, start):
    """out (n, n1, n2) = the potential from own plane `start` on, NaN where blocked."""
    i, j, k = cuda.grid(3)
    if i < out.shape[2] and j < out.shape[1]:
        for m in range(k, out.shape[0], cuda.gridDim.z * cuda.blockDim.z):
            kk, jj, h = m + start + GHOST, j + GHOST, i // 2 + 1
            c = (kk + jj + i) & 1
            value = math.nan
            if diagonal(op, x, c, kk, jj, h) > 0:
                value = potential_of(x, black, c, kk, jj, h)
            out[m, j, i] = value


@kernel
def current(op, source, x, black, out, scales, start):
    """out (n, n1, n2) = the magnitude of the current density from own plane `start` on, NaN where
    blocked: each component is the mean of those through the two faces of a cell.
    """
    i, j, k = cuda.grid(3)
    if i < out.shape[2] and j < out.shape[1]:
        for m in range(k, out.shape[0], cuda.gridDim.z * cuda.blockDim.z):
            kk, jj, h = m + start + GHOST, j + GHOST, i // 2 + 1
            c = (kk + jj + i) & 1
            o = (c + kk + jj) & 1
            value = math.nan
            if diagonal(op, x, c, kk, jj, h) > 0:
                low, high = op.face_of[kk] & 1, op.face_of[kk] >> 1
                u = potential_of(x, black, c, kk, jj, h)
                if low:
                    z = float64(source[1, c, jj, h]) - float64(op.links[1, c, jj, h]) * u
                else:
                    below = potential_of(x, black, 1 - c, kk - 1, jj, h)
                    z = face(op, x, 0, c, kk, jj, h) * (below - u)
                if high:
                    z += float64(op.links[2, c, jj, h]) * u - float64(source[2, c, jj, h])
                else:
                    above = potential_of(x, black, 1 - c, kk + 1, jj, h)
                    z += face(op, x, 0, 1 - c, kk + 1, jj, h) * (u - above)
                before = potential_of(x, black, 1 - c, kk, jj - 1, h)
                after = potential_of(x, black, 1 - c, kk, jj + 1, h)
                y = face(op, x, 1, c, kk, jj, h) * (before - u)
                y += face(op, x, 1, 1 - c, kk, jj + 1, h) * (u - after)
                before = potential_of(x, black, 1 - c, kk, jj, h - 1 + o)
                after = potential_of(x, black, 1 - c, kk, jj, h + o)
                s = face(op, x, 2, c, kk, jj, h) * (before - u)
                s += face(op, x, 2, 1 - c, kk, jj, h + o) * (u - after)
                z, y, s = z * scales[0], y * scales[1], s * scales[2]
                value = 0.5 * math.sqrt(z * z + y * y + s * s)
            out[m, j, i] = value
