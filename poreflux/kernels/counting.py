"""Counts over voxels: pairs of set bits at each lag, occurrences of each value."""

import numba as nb
import numpy as np
from numba.extending import intrinsic, overload

from poreflux.kernels import KEPT

compiled = nb.njit(nogil=True, cache=KEPT, error_model="numpy")


def bits_set(word):
    """Return the number of set bits of a 64-bit word; one instruction where compiled."""
    return int(word).bit_count()


@intrinsic
def _population(context, word):
    def generate(context, builder, signature, args):
        return builder.ctpop(args[0])

    return nb.types.uint64(nb.types.uint64), generate


@overload(bits_set)
def _bits_set(word):
    return lambda word: _population(word)  # type: ignore[call-arg]  # numba gives the context


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
            total = np.int64(0)
            for w in range(words):
                total += np.int64(bits_set(lower[i, w] & upper[j, w]))
            counts[offset + j - i] += total


@compiled
def count_values(values, lowest, counts):
    """counts[v - lowest] += 1 for each integer v of the flat array `values`."""
    for i in range(values.size):
        counts[np.int64(values[i]) - lowest] += 1
