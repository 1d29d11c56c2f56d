"""Chords: runs of set voxels along an axis, counted by length in a block and across blocks.

A run ends at solid (SOLID), at the mask (MASKED), or is OPEN where the block ends first. Counts are
``counts[cut, length]``, cut the number of ends that are no solid. Open runs are held for each row:
`head` (length, end) of the run at the row's start, `tail` of that at its end; length 0 where there
is none.
"""

from poreflux.kernels.redblack import compiled

SOLID, PORE, MASKED, OPEN = 0, 1, 2, 3


@compiled
def _step(state, a, b, head, tail, counts):
    """Take one more voxel into row (a, b); `tail` is the run that goes on, with its first end."""
    if state == PORE:
        tail[0, a, b] += 1
        return
    length = tail[0, a, b]
    if tail[1, a, b] == OPEN:
        head[0, a, b], head[1, a, b] = length, state
    elif length > 0:
        cut = (tail[1, a, b] >> 1) + (state >> 1)
        counts[cut, length] += 1
    tail[0, a, b], tail[1, a, b] = 0, state


@compiled
def _begin(head, tail):
    for a in range(head.shape[1]):
        for b in range(head.shape[2]):
            head[0, a, b], head[1, a, b] = 0, OPEN
            tail[0, a, b], tail[1, a, b] = 0, OPEN


@compiled
def chords_across(states, head, tail, counts):
    """Count the chords of a block along its first axis."""
    _begin(head, tail)
    for t in range(states.shape[0]):
        for a in range(states.shape[1]):
            row = states[t, a]
            for b in range(row.shape[0]):
                _step(row[b], a, b, head, tail, counts)


@compiled
def chords_along(states, head, tail, counts):
    """Count the chords of a block along its last axis."""
    _begin(head, tail)
    for a in range(states.shape[0]):
        for b in range(states.shape[1]):
            row = states[a, b]
            for t in range(row.shape[0]):
                _step(row[t], a, b, head, tail, counts)


@compiled
def join_chords(lower, upper, head, tail, counts):
    """Join the rows of two blocks that meet, each (head, tail), into those of both together.

    A row that is one open run has it as its tail, with an OPEN end, and as its head nothing.
    """
    lower_head, lower_tail = lower
    upper_head, upper_tail = upper
    for a in range(head.shape[1]):
        for b in range(head.shape[2]):
            head[0, a, b], head[1, a, b] = lower_head[0, a, b], lower_head[1, a, b]
            tail[0, a, b], tail[1, a, b] = lower_tail[0, a, b], lower_tail[1, a, b]
            if upper_tail[1, a, b] == OPEN:
                tail[0, a, b] += upper_tail[0, a, b]
                continue
            tail[0, a, b] += upper_head[0, a, b]
            _step(upper_head[1, a, b], a, b, head, tail, counts)
            tail[0, a, b], tail[1, a, b] = upper_tail[0, a, b], upper_tail[1, a, b]


@compiled
def end_chords(head, tail, counts):
    """Count the runs that reach an end of the volume."""
    for a in range(head.shape[1]):
        for b in range(head.shape[2]):
            first, last = head[0, a, b], tail[0, a, b]
            if tail[1, a, b] == OPEN:
                counts[2, last] += 1
                continue
            counts[1 + (head[1, a, b] >> 1), first] += 1
            counts[1 + (tail[1, a, b] >> 1), last] += 1
