"""A lazy array is written one slab of files after the other, each source chunk read once."""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dask
import dask.array as da
import numpy as np

from poreflux.schema import NO_PHASE
from poreflux.store import box, codec, forecast
from poreflux.store.layout import Index, Layout


def write(
    array,
    folder: Path,
    layout: Layout,
    missing: set[Index],
    step: Callable[[int], None],
) -> None:
    """Write the ``missing`` files of an array; call ``step(n)`` after each n files.

    A slab is one row of files along z: its source is read once (once for each strip along y where
    the slab would not fit in memory), and its files are written in parallel.

    Parameters
    ----------
    array
        dask or NumPy, of the layout's shape.
    folder
        of the array in the store.
    """
    lazy = array if isinstance(array, da.Array) else da.from_array(array, chunks=layout.shard)
    source_chunk = max_chunk_bytes(lazy)
    count = forecast.strips(layout, lazy.dtype.itemsize, source_chunk)
    rows = np.array_split(np.arange(layout.grid[1]), count) if lazy.ndim > 1 else [None]
    for k in range(layout.grid[0]):
        for strip in rows:
            first = (k, int(strip[0]), 0)
            last = (k, int(strip[-1]), layout.grid[2] - 1)
            wanted = {i for i in missing if all(a <= j <= b for a, j, b in zip(first, i, last))}
            if wanted:
                _write_part(lazy, folder, layout, first, last, wanted, copy=count > 1)
                step(len(wanted))


def _write_part(lazy, folder, layout, first, last, wanted, *, copy: bool) -> None:
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
        wanted=wanted,
    )
    dask.compute(written, optimize_graph=True)


def _write_file(values, folder, layout, first, wanted, block_info=None) -> np.ndarray:
    location = block_info[0]["chunk-location"]
    index = tuple(a + b for a, b in zip(first, location))
    if index in wanted:
        if layout.fill == NO_PHASE and values.max() >= NO_PHASE:
            start, _ = layout.span(index)
            raise ValueError(
                f"phase label {NO_PHASE} near voxel {start} is kept for lost chunks; "
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
        whole = pool.map(lambda index: intact(folder, layout, index), files)
        return {index for index, ok in zip(files, whole) if not ok}


def intact(folder: Path, layout: Layout, index: Index) -> bool:
    """Return whether a file is there with right checksums."""
    try:
        payload = layout.file(folder, index).read_bytes()
        return all(
            codec.checked(piece) is not None for _, piece in codec.pieces(payload, layout, index)
        )
    except (OSError, codec.Torn):
        return False
