"""What a save will need, known before the work from shapes and dtypes."""

import math
from pathlib import Path

from poreflux.errors import TooLarge
from poreflux.machine import available_cores, free_memory
from poreflux.store import disk
from poreflux.store.layout import Layout

#: nothing compresses better than this under zstd; a forecast beyond it is certain
BEST_RATIO = 1000


def strips(layout: Layout, itemsize: int, source_chunk: int, along: int, across: int) -> int:
    """Return into how many strips a slab must be cut to fit in a third of the free memory.

    Parameters
    ----------
    layout
        of the array to write; a slab is one row of its files along the axis ``along``, a strip a
        part of it along the axis ``across``.
    itemsize
        bytes of a voxel as it is read.
    source_chunk
        bytes of the largest piece the source can be read in.

    Raises
    ------
    TooLarge
        if even one strip, one row of files, does not fit.
    """
    free = free_memory()
    slab = math.prod(layout.shape) * itemsize // layout.shape[along] * layout.shard[along]
    in_hand = available_cores() * (
        source_chunk + 2 * math.prod(layout.shard) * layout.dtype.itemsize
    )
    rows = layout.grid[across]
    count = min(rows, max(1, -(-3 * slab // free)))
    need = -(-rows // count) * slab // rows + in_hand
    if need > free:
        raise TooLarge(
            f"{'x'.join(map(str, layout.shape))} voxels need {gib(need)} of memory at once, "
            f"{gib(free)} are free; take a smaller chunk, or a machine with more memory"
        )
    return count


def check_disk(layouts: list[Layout], target: Path) -> None:
    """Refuse what cannot fit on the disk however well it compresses."""
    need = sum(layout.nbytes for layout in layouts) // BEST_RATIO
    free = disk.free_bytes(target)
    if need > free:
        raise TooLarge(f"{target} needs at least {gib(need)} of disk, {gib(free)} are free")


def check_rest(written: int, done: int, total: int, target: Path) -> None:
    """Refuse to go on when the rest, at the compression seen so far, is twice what is free."""
    need = written * (total - done) // max(done, 1)
    free = disk.free_bytes(target)
    if need > 2 * free:
        raise TooLarge(
            f"{target} needs another {gib(need)} of disk (seen from its first {gib(written)}), "
            f"{gib(free)} are free; free some, or choose another disk"
        )


def gib(number: float) -> str:
    """Return bytes for people.

    Examples
    --------
    >>> gib(3 * 2**30), gib(5_000_000)
    ('3.0 GiB', '4.8 MiB')
    """
    for unit, size in (("GiB", 2**30), ("MiB", 2**20)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number / 1024:.1f} KiB"
