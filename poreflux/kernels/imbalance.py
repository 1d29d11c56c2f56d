"""What a potential leaves unbalanced, in float64 whatever the precision of its vector."""

import numpy as np

from poreflux.kernels.redblack import GHOST, compiled
from poreflux.kernels.rows import face, wrap_row


@compiled
def neighbourhood(op, c, k, j, i, u, now, below, above):
    """Return the current from cell (c, k, j, i) at potential u to its neighbours, its power, and
    the sum of the conductances; planes hold the potential of the other colour.
    """
    o = (c + k + j) & 1
    current = power = total = 0.0
    for t in range(6):
        if t == 0:
            g, v = np.float64(face(op, 0, c, k, j, i)), below[j, i]
        elif t == 1:
            g, v = np.float64(face(op, 0, 1 - c, k + 1, j, i)), above[j, i]
        elif t == 2:
            g, v = np.float64(face(op, 1, c, k, j, i)), now[j - 1, i]
        elif t == 3:
            g, v = np.float64(face(op, 1, 1 - c, k, j + 1, i)), now[j + 1, i]
        elif t == 4:
            g, v = np.float64(face(op, 2, c, k, j, i)), now[j, i - 1 + o]
        else:
            g, v = np.float64(face(op, 2, 1 - c, k, j, i + o)), now[j, i + o]
        du = u - v
        current += g * du
        power += g * du * du
        total += g
    return current, power, total


@compiled
def largest_around(c, k, j, i, now, below, above):
    """Return the potential of largest size around cell (c, k, j, i)."""
    o = (c + k + j) & 1
    largest = below[j, i]
    for v in (above[j, i], now[j - 1, i], now[j + 1, i], now[j, i - 1 + o], now[j, i + o]):
        if abs(v) > abs(largest):
            largest = v
    return largest


@compiled
def balanced_plane(op, source, x, red, black, k):
    """red (3, Y, H) = the red potentials of x around plane k, black (Y, H) = those of plane k.

    They follow from differences to one of their neighbours, which round less than potentials do
    where these are large and alike, and by no bias; blocked ones are zero.
    """
    for t in range(3):
        plane = red[t]
        for j in range(x.shape[2]):
            for i in range(x.shape[3]):
                plane[j, i] = x[0, k - 1 + t, j, i]
    for j in range(GHOST - 1, x.shape[2] - GHOST + 1):
        b = source[op.face_of[k], 1, j]
        link = op.links[op.face_of[k], 1, j]
        for i in range(1, x.shape[3] - 1):
            u = largest_around(1, k, j, i, red[1], red[0], red[2])
            drawn, _, total = neighbourhood(op, 1, k, j, i, u, red[1], red[0], red[2])
            drawn += np.float64(link[i]) * u
            total += link[i]
            black[j, i] = u + (b[i] - drawn) / total if total > 0 else 0.0
        wrap_row(op, black[j])


@compiled
def link_power(source, link, u):
    """Return the power of the link of a cell at potential u to what feeds it."""
    fed = np.float64(source) - link * u
    return fed * fed / link if link > 0 else 0.0


@compiled
def imbalance(op, source, x, r, k0, k1, work):
    """r (1, Z, Y, H) = the current that must leave each red cell of own planes k0 to k1 for balance
    beyond what the potential x drives; return the energy of x. Black cells are in balance.

    `work` is (6, Y, H) of float64 scratch.
    """
    energy = 0.0
    red, black = work[:3], work[3:]
    balanced_plane(op, source, x, red, black[(k0 + GHOST - 1) % 3], k0 + GHOST - 1)
    balanced_plane(op, source, x, red, black[(k0 + GHOST) % 3], k0 + GHOST)
    for k in range(k0 + GHOST, k1 + GHOST):
        balanced_plane(op, source, x, red, black[(k + 1) % 3], k + 1)
        below, now, above = black[(k - 1) % 3], black[k % 3], black[(k + 1) % 3]
        of_plane = 0.0
        for j in range(GHOST, x.shape[2] - GHOST):
            f = op.face_of[k]
            of_row = 0.0
            for i in range(1, x.shape[3] - 1):
                u, link = np.float64(x[0, k, j, i]), np.float64(op.links[f, 0, j, i])
                current, power, total = neighbourhood(op, 0, k, j, i, u, now, below, above)
                v = source[f, 0, j, i] - link * u - current
                r[0, k, j, i] = v if total + link > 0 else 0.0
                of_row += power
                if f != 0:
                    for face_bit in range(2):
                        if (f >> face_bit) & 1:
                            s, g = source[1 + face_bit], op.links[1 + face_bit]
                            of_row += link_power(s[0, j, i], np.float64(g[0, j, i]), u)
                            of_row += link_power(
                                s[1, j, i], np.float64(g[1, j, i]), black[k % 3, j, i]
                            )
            of_plane += of_row
        energy += of_plane
    return energy
