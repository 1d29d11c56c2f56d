"""Eight nodes at the corners of a cube, joined along its edges: the currents of the least power."""

from poreflux.kernels.redblack import compiled


@compiled
def inverse(d):
    """Return 1 / d, 0 where d is."""
    return 1.0 / d if d > 0 else 0.0


@compiled
def balance(s, g, u):
    """Fill the potentials u of the corners of a cube that are fed s and joined by edges of
    conductance g (3, 4); return the power, and in how many parts the corners fall.

    What is left at the last corner of a part is ignored: it is zero where s is balanced. Corners
    1, 2, 4 and 7, then 6, 5 and 3 are eliminated, each by a star of conductances, without a
    difference.
    """
    z0, z1, z2, z3 = g[0, 0], g[0, 1], g[0, 2], g[0, 3]
    y0, y1, y2, y3 = g[1, 0], g[1, 1], g[1, 2], g[1, 3]
    x0, x1, x2, x3 = g[2, 0], g[2, 1], g[2, 2], g[2, 3]
    d1, d2, d4, d7 = x0 + y1 + z1, y0 + x1 + z2, z0 + x2 + y2, z3 + y3 + x3
    parts = 1 + (d1 == 0) + (d2 == 0) + (d4 == 0) + (d7 == 0)
    d1, d2, d4, d7 = inverse(d1), inverse(d2), inverse(d4), inverse(d7)
    t1, t2, t4, t7 = s[1] * d1, s[2] * d2, s[4] * d4, s[7] * d7
    power = s[1] * t1 + s[2] * t2 + s[4] * t4 + s[7] * t7
    s0 = s[0] + x0 * t1 + y0 * t2 + z0 * t4
    s3 = s[3] + y1 * t1 + x1 * t2 + z3 * t7
    s5 = s[5] + z1 * t1 + x2 * t4 + y3 * t7
    s6 = s[6] + z2 * t2 + y2 * t4 + x3 * t7
    c03, c05, c06 = x0 * y1 * d1 + y0 * x1 * d2, x0 * z1 * d1 + z0 * x2 * d4, y0 * z2 * d2
    c06 += z0 * y2 * d4
    c35, c36 = y1 * z1 * d1 + z3 * y3 * d7, x1 * z2 * d2 + z3 * x3 * d7
    c56 = x2 * y2 * d4 + y3 * x3 * d7
    d6 = c06 + c36 + c56
    parts += d6 == 0
    d6 = inverse(d6)
    t6 = s6 * d6
    power += s6 * t6
    s0, s3, s5 = s0 + c06 * t6, s3 + c36 * t6, s5 + c56 * t6
    c03, c05, c35 = c03 + c06 * c36 * d6, c05 + c06 * c56 * d6, c35 + c36 * c56 * d6
    d5 = c05 + c35
    parts += d5 == 0
    d5 = inverse(d5)
    t5 = s5 * d5
    power += s5 * t5
    s3 = s3 + c35 * t5
    d3 = c03 + c05 * c35 * d5
    parts += d3 == 0
    u3 = s3 * inverse(d3)
    power += s3 * u3
    u5 = t5 + c35 * d5 * u3
    u6 = t6 + d6 * (c36 * u3 + c56 * u5)
    u[0], u[3], u[5], u[6] = 0.0, u3, u5, u6
    u[1] = t1 + d1 * (y1 * u3 + z1 * u5)
    u[2] = t2 + d2 * (x1 * u3 + z2 * u6)
    u[4] = t4 + d4 * (x2 * u5 + y2 * u6)
    u[7] = t7 + d7 * (z3 * u3 + y3 * u5 + x3 * u6)
    return power, parts


@compiled
def full_power(s, spectrum):
    """Return the least power of a cube of which all cells conduct."""
    a0, a1, a2, a3 = s[0] + s[4], s[1] + s[5], s[2] + s[6], s[3] + s[7]
    b0, b1, b2, b3 = s[0] - s[4], s[1] - s[5], s[2] - s[6], s[3] - s[7]
    c0, c1, c2, c3 = a0 + a2, a1 + a3, a0 - a2, a1 - a3
    d0, d1, d2, d3 = b0 + b2, b1 + b3, b0 - b2, b1 - b3
    x1, y0, y1 = c0 - c1, c2 + c3, c2 - c3
    z0, z1, w0, w1 = d0 + d1, d0 - d1, d2 + d3, d2 - d3
    of_plane = spectrum[1] * x1 * x1 + spectrum[2] * y0 * y0 + spectrum[3] * y1 * y1
    along = spectrum[4] * z0 * z0 + spectrum[5] * z1 * z1
    return of_plane + along + spectrum[6] * w0 * w0 + spectrum[7] * w1 * w1
