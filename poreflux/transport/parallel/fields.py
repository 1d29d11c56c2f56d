"""Fields that all processes write to one store, each the chunks of its own planes."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from poreflux.transport.parallel.partition import Partition, twos

#: bytes of a field that a process makes at a time
SLAB = 256 * 2**20

#: edge of a chunk, where the boxes leave the choice
CHUNK = 128


def write(
    link,
    head,
    parts: Partition,
    target: Path,
    attrs: Mapping[str, Mapping],
    slabs: Callable[[int], Iterator[tuple]],
) -> None:
    """Write the fields that `attrs` names and describes: called by all processes that have a box.

    ``slabs(planes)`` yields the first of so many own planes, and an array of each field.
    """
    from poreflux import store

    axis = head.axes[0]
    depth = chunk_planes(parts.edges)
    edges = [CHUNK, CHUNK, CHUNK]
    edges[axis] = depth
    with link.together():
        if link.rank == 0:
            for name, note in attrs.items():
                store.create_field(target, name, attrs=dict(note), chunk=edges)
    planes = depth * max(1, SLAB // (4 * depth * int(np.prod(head.shape[1:]))))
    first = parts.span(link.rank)[0]
    with link.together():
        for start, *arrays in slabs(planes):
            corner = [0, 0, 0]
            corner[axis] = first + start
            for name, slab in zip(attrs, arrays):
                store.write_box(target, name, corner, np.moveaxis(slab, 0, axis))


def chunk_planes(edges: tuple[int, ...]) -> int:
    """Return how many planes make a chunk, such that no chunk is of two boxes.

    >>> chunk_planes((0, 24, 40, 61)), chunk_planes((0, 61))
    (8, 128)
    """
    return min(CHUNK, 2 ** min(map(twos, edges[1:-1]), default=7))
