"""Counts over voxels: pairs of set bits at each lag, occurrences of each value."""

import numba as nb
import numpy as np

compiled = nb.njit(nogil=True, cache=True, error_model="numpy")

_ODD = np.uint64(0x5555555555555555)
_PAIRS = np.uint64(0x3333333333333333)
_NIBBLES = np.uint64(0x0F0F0F0F0F0F0F0F)
_BYTES = np.uint64(0x0101010101010101)


@compiled
def count_pairs(lower, upper, offset, counts):
    """counts[lag] += number of bits set in both plane i of `lower` and plane j of `upper`.

    Planes are rows of 64-bit words; plane 0 of `upper` lies `offset` planes above plane 0 of
    `lower`, and lag = offset + j - i, from 1 to ``counts.size - 1``.
    """
    words = lower.shape[1]
    for i in range(lower.shape[0]):
        first = max(0, 1 + i - offset)
        last = min(upper.shape[0], counts.size + i - offset)
        for j in range(first, last):
            total = np.uint64(0)
            for w in range(words):
                b = lower[i, w] & upper[j, w]
                b = b - ((b >> np.uint64(1)) & _ODD)
                b = (b & _PAIRS) + ((b >> np.uint64(2)) & _PAIRS)
                b = (b + (b >> np.uint64(4))) & _NIBBLES
                total += (b * _BYTES) >> np.uint64(56)
            counts[offset + j - i] += np.int64(total)


@compiled
def count_values(values, lowest, counts):
    """counts[v - lowest] += 1 for each integer v of the flat array `values`."""
    for i in range(values.size):
        counts[np.int64(values[i]) - lowest] += 1
