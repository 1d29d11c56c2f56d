"""Voxels of one value, and counts: by plane, by box, of pairs of set bits, of each value."""

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
    n, whole = lower.shape[0], lower.shape[0] - lower.shape[0] % 4
    for i in range(0, whole, 4):  # each word of `upper` is read once for four planes
        first, last = max(0, 4 + i - offset), min(upper.shape[0], counts.size + i - offset)
        last = max(first, last)
        for j in range(first, last):
            _count_four(lower[i : i + 4], upper[j], counts[offset + j - i - 3 :])
        for k in range(i, i + 4):
            _count_one(lower[k], upper, max(0, 1 + k - offset), first, offset - k, counts)
            _count_one(lower[k], upper, last, counts.size + k - offset, offset - k, counts)
    for k in range(whole, n):
        last = counts.size + k - offset
        _count_one(lower[k], upper, max(0, 1 + k - offset), last, offset - k, counts)


@compiled
def _count_four(lower, upper, counts):
    """counts[3 - k] += number of bits set in both plane k of four and one plane."""
    a = b = c = d = np.int64(0)
    for w in range(upper.size):
        word = upper[w]
        a += np.int64(bits_set(lower[0, w] & word))
        b += np.int64(bits_set(lower[1, w] & word))
        c += np.int64(bits_set(lower[2, w] & word))
        d += np.int64(bits_set(lower[3, w] & word))
    counts[3] += a
    counts[2] += b
    counts[1] += c
    counts[0] += d


@compiled
def _count_one(lower, upper, first, last, offset, counts):
    """counts[offset + j] += number of bits set in both one plane and plane j, first <= j < last."""
    for j in range(first, min(last, upper.shape[0], counts.size - offset)):
        total = np.int64(0)
        for w in range(lower.size):
            total += np.int64(bits_set(lower[w] & upper[j, w]))
        counts[offset + j] += total


@compiled
def count_values(values, lowest, counts):
    """counts[v - lowest] += 1 for each integer v of the flat array `values`."""
    for i in range(values.size):
        counts[np.int64(values[i]) - lowest] += 1


@compiled
def count_planes(planes, counts):
    """counts[i] += number of ones in plane i of `planes`, rows of bytes that are 0 or 1."""
    for i in range(planes.shape[0]):
        total = np.int32(0)
        for j in range(planes.shape[1]):
            total = np.int32(total + planes[i, j])  # 32 bits: twice as many at once
        counts[i] += total


@compiled
def count_boxes(voxels, z_edges, y_edges, x_edges, row, sums, counts):
    """counts[k, j, i] += number of ones of the 3-D bytes `voxels` (0 or 1) between edges.

    Box (k, j, i) lies between ``z_edges[k]`` and ``z_edges[k + 1]``, and so on; `row`, bytes, and
    `sums`, 64-bit integers, are scratch as long as `voxels` along x.
    """
    for k in range(z_edges.size - 1):
        for j in range(y_edges.size - 1):
            sums[:] = 0
            for z in range(z_edges[k], z_edges[k + 1]):
                for first in range(y_edges[j], y_edges[j + 1], 255):  # a byte holds no more
                    row[:] = 0
                    for y in range(first, min(first + 255, y_edges[j + 1])):
                        for x in range(row.size):
                            row[x] += voxels[z, y, x]
                    for x in range(row.size):
                        sums[x] += row[x]
            for i in range(x_edges.size - 1):
                for x in range(x_edges[i], x_edges[i + 1]):
                    counts[k, j, i] += sums[x]


@compiled
def equal_bytes(values, steps, value, out):
    """out[z, y, x] = whether byte ``z * steps[0] + y * steps[1] + x`` of `values` is `value`.

    Rows are short in a block of a large array, where NumPy takes longer from one to the next.
    """
    for z in range(out.shape[0]):
        for y in range(out.shape[1]):
            first = z * steps[0] + y * steps[1]
            row = values[first : first + out.shape[2]]
            for x in range(out.shape[2]):
                out[z, y, x] = row[x] == value
