"""Flooding from markers, in rounds: which marker reaches a voxel over the lowest pass.

A voxel that is reached has a key: the highest gradient on the way (the pass), the steps since, and
the marker's label, packed so that a smaller key comes first. What is not reached has `NOT_REACHED`.
"""

import numba as nb
import numpy as np

from poreflux.kernels import KEPT

compiled = nb.njit(nogil=True, cache=KEPT, error_model="numpy")

#: bits of a key: the label, steps since the pass, and the pass
STEP, PASS = 1, 10

HIGHEST_PASS = 2 ** (32 - PASS) - 2
NOT_REACHED = np.uint32(2**32 - 1)

_STEPS = 2 ** (PASS - STEP) - 1


@compiled
def flood(keys, gradient, places, new_keys):
    """new_keys[n] = key of voxel ``places[n]`` of the flat arrays, from its six neighbours' keys.

    `keys` stay unchanged: the caller puts `new_keys` into them after each round. The first of
    the neighbours passes its label on; the pass rises to the voxel's gradient where that is higher.
    `keys` has a ghost on each side; `gradient`, of the same shape, is up to HIGHEST_PASS.
    """
    strides = keys.shape[1] * keys.shape[2], keys.shape[2], 1
    flat, heights = keys.ravel(), gradient.ravel()
    for n in range(places.size):
        place, first = places[n], NOT_REACHED
        for stride in strides:
            first = min(first, flat[place - stride], flat[place + stride])
        if first != NOT_REACHED:
            label, height = first & np.uint32(1), first >> np.uint32(PASS)
            steps = first >> np.uint32(STEP) & np.uint32(_STEPS)
            if heights[place] > height:
                height, steps = heights[place], np.uint32(0)
            else:
                steps = min(steps + np.uint32(1), np.uint32(_STEPS))
            first = height << np.uint32(PASS) | steps << np.uint32(STEP) | label
        new_keys[n] = first
