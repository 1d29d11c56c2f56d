"""The memory triad, the yardstick of everything that is limited by memory: a = b + s c (McCalpin's
STREAM).
"""

from poreflux.kernels.redblack import compiled


@compiled
def triad(a, b, c, s, start, stop):
    """a = b + s c from `start` to `stop`."""
    for i in range(start, stop):
        a[i] = b[i] + s * c[i]
