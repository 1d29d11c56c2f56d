"""A lazy array is written one slab of files after the other, each source chunk read once."""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

import dask
import dask.array as da
import numpy as np

from poreflux.annotations import AnyArray
from poreflux.schema import NO_PHASE
from poreflux.store import box, codec, forecast
from poreflux.store.layout import Index, Layout


def write(
    array: AnyArray,
    folder: Path,
    layout: Layout,
    wanted: set[Index],
    step: Callable[[int], None],
) -> None:
    """Write the ``wanted`` files of an array; call ``step(n)`` after each n files.

    A slab is one row of files along an axis in which the source's chunks are thin (z for a stack
    of pages): its source is read once, and its files are written in parallel. A slab that would
    not fit in memory is cut in strips, and its source read once for each.

    Parameters
    ----------
    array
        dask or NumPy, of the layout's shape.
    folder
        of the array in the store.
    """
    lazy = array if isinstance(array, da.Array) else da.from_array(array, chunks=layout.shard)
    along = _thin(lazy, layout)
    across = 1 if along == 0 else 0
    count = forecast.strips(layout, lazy.dtype.itemsize, max_chunk_bytes(lazy), along, across)
    rows = -(-layout.grid[across] // count)

    def part(index: Index) -> Index:
        return index[along], index[across] // rows

    done = 0
    for _, group in groupby(sorted(wanted, key=part), key=part):
        files = set(group)
        _write_part(lazy, folder, layout, files, copy=count > 1)
        step(len(files))
        if not done:
            written = sum(layout.file(folder, index).stat().st_size for index in files)
            forecast.check_rest(written, len(files), len(wanted), folder)
        done += len(files)


def _thin(lazy: da.Array, layout: Layout) -> int:
    """Return the axis along which fewest slabs share a chunk of the source."""
    shared = [max(sizes) / edge for sizes, edge in zip(lazy.chunks, layout.shard)]
    return int(np.argmin(np.maximum(shared, 1)))


def _write_part(
    lazy: da.Array, folder: Path, layout: Layout, files: set[Index], *, copy: bool
) -> None:
    """Write some files by one computation over the smallest box that holds them."""
    first = tuple(map(min, zip(*files)))
    last = tuple(map(max, zip(*files)))
    start, stop = layout.span(first)[0], layout.span(last)[1]
    part = lazy[tuple(map(slice, start, stop))]
    if copy:
        # a view would keep the whole source chunk in memory
        part = part.map_blocks(np.copy, dtype=part.dtype, meta=part._meta)
    part = part.rechunk(layout.shard, threshold=10**9, method="tasks")
    written = part.map_blocks(
        _write_file,
        dtype=bool,
        chunks=(1, 1, 1),
        meta=np.empty((0, 0, 0), bool),
        folder=folder,
        layout=layout,
        first=first,
        files=files,
    )
    dask.compute(written)


def _write_file(
    values: np.ndarray,
    folder: Path,
    layout: Layout,
    first: Index,
    files: set[Index],
    block_info: Any = None,
) -> np.ndarray:
    location = block_info[0]["chunk-location"]
    index = tuple(a + b for a, b in zip(first, location))
    if index in files:
        if layout.fill == NO_PHASE and values.max() >= NO_PHASE:
            at = np.argwhere(values >= NO_PHASE)[0] + layout.span(index)[0]
            raise ValueError(
                f"phase label {NO_PHASE} at voxel {tuple(at.tolist())} is kept for lost chunks; "
                f"use labels 0 to {NO_PHASE - 1}"
            )
        box.write_shard(folder, layout, index, values)
    return np.ones((1, 1, 1), bool)


def max_chunk_bytes(lazy: da.Array) -> int:
    """Return the bytes of the largest chunk of a lazy array."""
    return math.prod(max(sizes) for sizes in lazy.chunks) * lazy.dtype.itemsize


def missing(folder: Path, layout: Layout, threads: int) -> set[Index]:
    """Return the files of an array that are not there whole.

    Checksums are compared, because a loss of power can leave files with names and no content.
    """
    files = list(layout.files())
    with ThreadPoolExecutor(threads) as pool:
        are_intact = pool.map(lambda index: intact(folder, layout, index), files)
        return {index for index, ok in zip(files, are_intact) if not ok}


def intact(folder: Path, layout: Layout, index: Index) -> bool:
    """Return whether a file is there with right checksums."""
    try:
        payload = layout.file(folder, index).read_bytes()
        for _, piece in codec.pieces(payload, layout, index):
            codec.checked(piece)
        return True
    except (OSError, codec.Torn):
        return False
