"""Paths over the voxels of a phase from a face on: the shortest, and those with the most room.

Steps go to the 26 neighbours. One across an edge or a corner needs a way over faces beside it, so
that paths run where a current can. Arrays are padded by one voxel on each side, which is outside.
A sweep goes over the voxels in memory order, or against it, and takes from those it has passed; it
is repeated until nothing changes, in the planes beside which something did.
"""

import numpy as np

from poreflux.kernels.redblack import compiled

#: bits of a plane: it needs a sweep in memory order, against it
FORWARD, BACKWARD = np.uint8(1), np.uint8(2)


@compiled
def _is_open(inside, place, z, y, x):
    """Return whether a way over faces leads from a voxel to one of its 26 neighbours.

    `z`, `y`, `x` are the strides of the step along each axis, zero where it has none.
    """
    if (y == 0 and z == 0) or (x == 0 and z == 0) or (x == 0 and y == 0):
        return True
    if z == 0 or y == 0 or x == 0:
        a, b = (y, x) if z == 0 else ((z, x) if y == 0 else (z, y))
        return inside[place + a] > 0 or inside[place + b] > 0
    zy, zx = inside[place + z + y] > 0, inside[place + z + x] > 0
    yx = inside[place + y + x] > 0
    return (
        (inside[place + z] > 0 and (zy or zx))
        or (inside[place + y] > 0 and (zy or yx))
        or (inside[place + x] > 0 and (zx or yx))
    )


@compiled
def shorten(phase, flat, shape, steps, lengths, dirty, backward):
    """Lower the distances of the voxels of `shape`, in flat arrays, in one sweep.

    `phase` is 1 inside; the distances `flat` are infinite where no path is known. `steps` (13, 3)
    are the strides of the steps to the voxels that come before in memory, `lengths` (13) those of
    the steps. ``dirty[k]`` has a bit for each sweep that plane k needs, FORWARD and BACKWARD.
    """
    n0, n1, n2 = shape
    sign, turn = (-1, BACKWARD) if backward else (1, FORWARD)
    for plane in range(1, n0 - 1):
        k = n0 - 1 - plane if backward else plane
        if not dirty[k] & turn:
            continue
        changed = False
        for row in range(1, n1 - 1):
            j = n1 - 1 - row if backward else row
            for column in range(1, n2 - 1):
                i = n2 - 1 - column if backward else column
                place = (k * n1 + j) * n2 + i
                if phase[place] == 0:
                    continue
                best = flat[place]
                for m in range(13):
                    z, y, x = sign * steps[m, 0], sign * steps[m, 1], sign * steps[m, 2]
                    other = flat[place + z + y + x] + lengths[m]
                    if other < best and _is_open(phase, place, z, y, x):
                        best = other
                if best < flat[place]:
                    flat[place] = best
                    changed = True
        _mark(dirty, k, changed, backward)


@compiled
def widen(limit, flat, shape, steps, dirty, backward):
    """Raise the passages of the voxels of `shape`, in flat arrays, in one sweep.

    The passage of a voxel is the least `limit` on the way to it, of the way where that is most. The
    others are as for :func:`shorten`; outside of the phase the limit is 0.
    """
    n0, n1, n2 = shape
    sign, turn = (-1, BACKWARD) if backward else (1, FORWARD)
    for plane in range(1, n0 - 1):
        k = n0 - 1 - plane if backward else plane
        if not dirty[k] & turn:
            continue
        changed = False
        for row in range(1, n1 - 1):
            j = n1 - 1 - row if backward else row
            for column in range(1, n2 - 1):
                i = n2 - 1 - column if backward else column
                place = (k * n1 + j) * n2 + i
                best = flat[place]
                if best == limit[place]:
                    continue
                for m in range(13):
                    z, y, x = sign * steps[m, 0], sign * steps[m, 1], sign * steps[m, 2]
                    other = min(flat[place + z + y + x], limit[place])
                    if other > best and _is_open(limit, place, z, y, x):
                        best = other
                if best > flat[place]:
                    flat[place] = best
                    changed = True
        _mark(dirty, k, changed, backward)


@compiled
def _mark(dirty, k, changed, backward):
    """Note that a plane was swept; what changed in it concerns those that a sweep comes to later,
    and the way back.
    """
    if backward:
        dirty[k] &= FORWARD
        if changed:
            dirty[k] |= FORWARD
            dirty[k + 1] |= FORWARD
            dirty[k - 1] |= BACKWARD
    else:
        dirty[k] &= BACKWARD
        if changed:
            dirty[k] |= BACKWARD
            dirty[k - 1] |= BACKWARD
            dirty[k + 1] |= FORWARD
