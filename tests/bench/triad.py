"""The memory triad, the yardstick of everything that is limited by memory: a = b + s c (McCalpin's
STREAM).
"""

from poreflux.kernels.redblack import compiled


@compiled
def triad(a, b, c, s, start, stop):
    """a = b + s c from `start` to `stop`."""
    a, b, c = a[start:stop], b[start:stop], c[start:stop]
    for i in range(a.shape[0]):
        a[i] = b[i] + s * c[i]
