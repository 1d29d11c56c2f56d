"""Fields of a solve, written to the store of its volume: some planes at a time, by one process or
many.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from poreflux import store
from poreflux.schema import DIMS
from poreflux.store.layout import CHUNK

#: bytes of a field that are made at a time
SLAB = 256 * 2**20


def check_target(shape: Sequence[int], target: str | Path, fields: Mapping[str, Mapping]) -> None:
    """Raise, before any work, where `fields`, name -> attributes, of a volume of `shape` (z, y, x)
    cannot be written to `target`.
    """
    if store.shape_of(target, "phase") != tuple(shape):
        raise ValueError(
            f"{target} holds {store.shape_of(target, 'phase')} voxels, the volume has "
            f"{tuple(shape)}; give the store of this volume"
        )
    store.check_fields(target, fields)


@contextmanager
def making(
    target: str | Path, fields: Mapping[str, Mapping], direction: str, depth: int = CHUNK
) -> Iterator[Path]:
    """Make the arrays of `fields`, name -> attributes, in chunks of `depth` planes.

    They are written to the folder that is returned, and join `target` at the end.
    """
    edges = [CHUNK, CHUNK, CHUNK]
    edges[DIMS.index(direction)] = depth
    with store.new_fields(target, fields, chunk=edges) as folder:
        yield folder


def planes_at_a_time(plane: int, depth: int = CHUNK) -> int:
    """Return how many planes of so many cells to make at once: whole chunks of `depth` planes."""
    return depth * max(1, SLAB // (4 * depth * plane))


def write(
    folder: Path,
    names: Sequence[str],
    direction: str,
    slabs: Iterator[tuple],
    first: int = 0,
) -> None:
    """Write slabs of planes: each is the number of its first plane, counted from `first`, and an
    array of each field, axis 0 along the direction.
    """
    axis = DIMS.index(direction)
    for start, *arrays in slabs:
        corner = [0, 0, 0]
        corner[axis] = first + start
        for name, slab in zip(names, arrays):
            store.write_box(folder, name, corner, np.moveaxis(slab, 0, axis))
