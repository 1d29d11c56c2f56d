"""Basins of a height: each voxel belongs to the maximum that steepest ascent leads it to.

Of voxels of one height the earlier in the order of the array is the higher, so that no step is
undecided, and the outcome does not depend on how the volume is cut. A step is a number 0 to 26,
``9 (dz + 1) + 3 (dy + 1) + dx + 1``; 13 is a maximum. Packed, a voxel is ``(height << 5) + step``.
"""

import numpy as np

from poreflux.kernels.components import join
from poreflux.kernels.redblack import compiled

MAXIMUM, SOLID, UNKNOWN = 13, 27, 28

#: more than any label
MOST = 2**31 - 1

#: of a step in a packed voxel
BITS, STEP = 5, 31


#: weights of the smoothing are multiples of 2^-14, so that sums are the same for any blocks
WEIGHT_BITS = 14


@compiled
def smooth_heights(height, states, weight, out):
    """out = heights with `weight` parts of each neighbour; -1 where the state is not 1.

    A neighbour that is missing counts as high as the voxel. `height` is overwritten.
    """
    nz, ny, nx = height.shape
    half = 1 << (WEIGHT_BITS - 1)
    for k in range(nz):
        for j in range(ny):
            row, line = height[k, j], out[k, j]
            for i in range(nx):
                line[i] = row[i]
            for i in range(1, nx - 1):
                line[i] = row[i] + (
                    (weight * (row[i - 1] + row[i + 1] - 2 * row[i]) + half) >> WEIGHT_BITS
                )
            if nx > 1:
                line[0] = row[0] + ((weight * (row[1] - row[0]) + half) >> WEIGHT_BITS)
                line[nx - 1] = row[nx - 1] + (
                    (weight * (row[nx - 2] - row[nx - 1]) + half) >> WEIGHT_BITS
                )
        for j in range(ny):
            low, row, high = out[k, max(j - 1, 0)], out[k, j], out[k, min(j + 1, ny - 1)]
            line = height[k, j]
            for i in range(nx):
                line[i] = row[i] + (
                    (weight * (low[i] + high[i] - 2 * row[i]) + half) >> WEIGHT_BITS
                )
    for k in range(nz):
        for j in range(ny):
            low, row, high = height[max(k - 1, 0), j], height[k, j], height[min(k + 1, nz - 1), j]
            line, state = out[k, j], states[k, j]
            for i in range(nx):
                value = row[i] + ((weight * (low[i] + high[i] - 2 * row[i]) + half) >> WEIGHT_BITS)
                line[i] = value if state[i] == 1 else -1


@compiled
def pack_steps(height, states, along, out):
    """out = height and step of steepest ascent of each voxel of state 1; SOLID where state is 0.

    `height` is negative where the state is not 1; `along` is work of its shape. A neighbour counts
    as ``(height << 5) + 26 - step``: the largest is the highest, of the first step to one as high.
    """
    nz, ny, nx = height.shape
    for k in range(nz):
        for j in range(ny):
            _highest_in_row(height[k, j], along[k, j])
    for k in range(nz):
        for j in range(ny):
            best = out[k, j]
            for i in range(nx):
                best[i] = -1
            for kk in range(max(k - 1, 0), min(k + 2, nz)):
                for jj in range(max(j - 1, 0), min(j + 2, ny)):
                    later = 9 * (k + 1 - kk) + 3 * (j + 1 - jj)
                    row = along[kk, jj]
                    for i in range(nx):
                        best[i] = max(best[i], row[i] + later)
            high, state = height[k, j], states[k, j]
            for i in range(nx):
                step = 26 - (best[i] & STEP)
                if state[i] != 1:
                    best[i] = SOLID if state[i] == 0 else UNKNOWN
                else:
                    best[i] = (high[i] << BITS) + step


@compiled
def _highest_in_row(height, out):
    """out = the largest of a voxel and its neighbours in the row, plus 2, 1, 0 along it."""
    n = height.shape[0]
    for i in range(n):
        out[i] = (height[i] << BITS) + 1
    for i in range(1, n):
        out[i] = max(out[i], (height[i - 1] << BITS) + 2)
    for i in range(n - 1):
        out[i] = max(out[i], height[i + 1] << BITS)


@compiled
def follow_steps(packed, start, shape, labels, peaks, targets, path):
    """Label the basins of a block from 1 on; return how many there are.

    `start` is the block's first voxel in a volume of `shape`. A basin has its maximum in the block:
    ``peaks[a]`` is then ``(flat index in the volume, height)`` and ``targets[a] = -1``; or it
    leaves the block for the voxel of flat index ``targets[a]``, and its peak is ``(-1, -1)``.
    `labels` is zero at first; `path` is room for one index (k, j, i) for each voxel.
    """
    nz, ny, nx = packed.shape
    count = 0
    for z in range(nz):
        for y in range(ny):
            for x in range(nx):
                if packed[z, y, x] & STEP > 26 or labels[z, y, x] != 0:
                    continue
                k, j, i, length = z, y, x, 0
                while True:
                    path[length, 0], path[length, 1], path[length, 2] = k, j, i
                    length += 1
                    step = packed[k, j, i] & STEP
                    kk, jj, ii = k + step // 9 - 1, j + step // 3 % 3 - 1, i + step % 3 - 1
                    inside = 0 <= kk < nz and 0 <= jj < ny and 0 <= ii < nx
                    if inside and step != MAXIMUM and labels[kk, jj, ii] == 0:
                        k, j, i = kk, jj, ii
                        continue
                    if inside and step != MAXIMUM:
                        label = labels[kk, jj, ii]
                    else:
                        flat = (
                            ((start[0] + kk) * shape[1] + start[1] + jj) * shape[2] + start[2] + ii
                        )
                        peaks[count, 0], peaks[count, 1], targets[count] = -1, -1, flat
                        if step == MAXIMUM:
                            peaks[count, 0], peaks[count, 1] = flat, packed[k, j, i] >> BITS
                            targets[count] = -1
                        count += 1
                        label = count
                    break
                for a in range(length):
                    labels[path[a, 0], path[a, 1], path[a, 2]] = label
    return count


@compiled
def merge_basins(edges, saddles, peaks, places, least, nearest, parent):
    """Unite basins without a sufficient saddle or distance between them; highest saddles first.

    Row e of `edges` are two basins that touch, in the order of falling `saddles`. ``peaks[a]`` is
    the height of basin a's maximum and ``places[a]`` its place, in units of heights; ``parent[a]``
    is a at first, and of a united basin the one with the highest peak. Two are united where the
    lower peak rises above the saddle by less than `least`, or lies nearer to the other peak than
    `nearest` or its own height.
    """
    for e in range(edges.shape[0]):
        a, b = edges[e, 0], edges[e, 1]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a == b:
            continue
        if peaks[a] < peaks[b] or (peaks[a] == peaks[b] and a > b):
            a, b = b, a
        distance = np.sqrt(
            (places[a, 0] - places[b, 0]) ** 2
            + (places[a, 1] - places[b, 1]) ** 2
            + (places[a, 2] - places[b, 2]) ** 2
        )
        if peaks[b] - saddles[e] < least or distance < max(nearest, peaks[b]):
            parent[b] = a


@compiled
def meet_basins(lower, upper, shift, bases, strides, targets, below, above, links, saddles):
    """Find how the basins of two faces touch; return how many (joints, contacts) there are.

    Faces as of :func:`poreflux.kernels.labels.meet`, each ``(labels, heights)``; voxel (i, j) of
    one has the flat index ``bases + i strides[0] + j strides[1]`` in the volume. ``links[0]``
    receives pairs of rows that are one basin, since one leaves its block for the other; its target
    is then -1. ``links[1]`` rows that touch, and `saddles` the lower of the two heights where they
    do.
    """
    n0, n1 = lower[0].shape
    m0, m1 = upper[0].shape
    joints, contacts = 0, 0
    for i in range(max(0, shift[0] - 1), min(n0, shift[0] + m0 + 1)):
        for j in range(max(0, shift[1] - 1), min(n1, shift[1] + m1 + 1)):
            if lower[0][i, j] <= 0:
                continue
            a = below + lower[0][i, j] - 1
            lower_flat = bases[0] + i * strides[0] + j * strides[1]
            ci, cj = i - shift[0], j - shift[1]
            for ii in range(max(ci - 1, 0), min(ci + 2, m0)):
                for jj in range(max(cj - 1, 0), min(cj + 2, m1)):
                    if upper[0][ii, jj] <= 0:
                        continue
                    b = above + upper[0][ii, jj] - 1
                    upper_flat = bases[1] + ii * strides[0] + jj * strides[1]
                    if targets[a] == upper_flat or targets[b] == lower_flat:
                        links[0, joints, 0], links[0, joints, 1] = a, b
                        joints += 1
                        if targets[a] == upper_flat:
                            targets[a] = -1
                        if targets[b] == lower_flat:
                            targets[b] = -1
                    links[1, contacts, 0], links[1, contacts, 1] = a, b
                    saddles[contacts] = min(lower[1][i, j], upper[1][ii, jj])
                    contacts += 1
    return joints, contacts


@compiled
def join_all(pairs, parent):
    """Unite the rows of each pair, see :func:`poreflux.kernels.components.join`."""
    for e in range(pairs.shape[0]):
        join(parent, pairs[e, 0], pairs[e, 1])


@compiled
def _widen(labels, low, high):
    """low, high = the least label so far, 0 aside, and the largest."""
    most = np.int32(MOST)
    for i in range(labels.shape[0]):
        a = labels[i]
        high[i] = a if a > high[i] else high[i]
        b = a if a > 0 else most
        low[i] = b if b < low[i] else low[i]


@compiled
def list_contacts(labels, heights, work, edges, saddles):
    """List pairs of different labels that touch, and the lower height where they do.

    Return how many there are; no more are written than `edges` (n, 2) and `saddles` (n) have room
    for. Contacts of one pair, one after another, are one, with the greatest height. `work` is room
    for two rows of labels (int32).
    """
    nz, ny, nx = labels.shape
    count = 0
    for k in range(nz):
        for j in range(ny):
            row, low, high = labels[k, j], work[0], work[1]
            for i in range(nx):
                low[i], high[i] = MOST, 0
            _widen(row, low, high)
            for later in range(4, 9):  # rows with the later half of the 26 neighbours
                kk, jj = k + later // 3 - 1, j + later % 3 - 1
                if kk >= nz or jj < 0 or jj >= ny:
                    continue
                other = labels[kk, jj]
                _widen(other[1:], low[:-1], high[:-1])
                if later > 4:
                    _widen(other, low, high)
                    _widen(other[:-1], low[1:], high[1:])
            for i in range(nx):
                if row[i] > 0 and low[i] < high[i]:
                    count = _list_contacts_of(labels, heights, (k, j, i), edges, saddles, count)
    return count


@compiled
def _list_contacts_of(labels, heights, place, edges, saddles, count):
    """List the contacts of one voxel with the later half of its neighbours."""
    nz, ny, nx = labels.shape
    k, j, i = place
    a, room = labels[k, j, i], saddles.size
    for later in range(4, 9):
        kk, jj = k + later // 3 - 1, j + later % 3 - 1
        if kk >= nz or jj < 0 or jj >= ny:
            continue
        for ii in range(max(i + (1 if later == 4 else -1), 0), min(i + 2, nx)):
            b = labels[kk, jj, ii]
            if b == 0 or b == a:
                continue
            saddle = min(heights[k, j, i], heights[kk, jj, ii])
            last = count - 1
            if 0 < count <= room and edges[last, 0] == a - 1 and edges[last, 1] == b - 1:
                saddles[last] = max(saddles[last], saddle)
                continue
            if count < room:
                edges[count, 0], edges[count, 1] = a - 1, b - 1
                saddles[count] = saddle
            count += 1
    return count
