"""A lazy array is written one slab of files after the other, each source chunk read once."""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby, pairwise, product
from pathlib import Path
from typing import Any

import dask
import dask.array as da
import numpy as np

from poreflux.annotations import AnyArray
from poreflux.machine import available_cores
from poreflux.readers.lazy import Source, source_of
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

    source, room, done = _read_here(lazy, layout), _Room(), 0
    for _, group in groupby(sorted(wanted, key=part), key=part):
        files = set(group)
        if source is None:
            _write_part(lazy, folder, layout, files, copy=count > 1)
        else:
            _write_read(source, lazy.chunks, room, folder, layout, files)
        step(len(files))
        if not done:
            written = sum(layout.file(folder, index).stat().st_size for index in files)
            forecast.check_rest(written, len(files), len(wanted), folder)
        done += len(files)


def _thin(lazy: da.Array, layout: Layout) -> int:
    """Return the axis along which fewest slabs share a chunk of the source."""
    shared = [max(sizes) / edge for sizes, edge in zip(lazy.chunks, layout.shard)]
    return int(np.argmin(np.maximum(shared, 1)))


class _Room:
    """Memory for one slab after the other; what is used again need not be made zero again."""

    def __init__(self) -> None:
        self.flat = np.empty(0, np.uint8)

    def array(self, shape: Index, dtype: np.dtype) -> np.ndarray:
        size = math.prod(shape) * dtype.itemsize
        if size > self.flat.size:
            self.flat = np.empty(size, np.uint8)
        return self.flat[:size].view(dtype).reshape(shape)


def _read_here(lazy: da.Array, layout: Layout) -> Source | None:
    """Return what an array is read from, where its chunks span files and no cluster reads them."""
    spans_files = any(max(sizes) > edge for sizes, edge in zip(lazy.chunks, layout.shard))
    by_threads = dask.base.get_scheduler() in (None, dask.threaded.get, dask.local.get_sync)
    return source_of(lazy) if spans_files and by_threads else None


def _write_read(
    source: Source,
    chunks: tuple[tuple[int, ...], ...],
    room: _Room,
    folder: Path,
    layout: Layout,
    files: set[Index],
) -> None:
    """Read the smallest box that holds some files into one array, and write them from it."""
    start, stop = _box_of(files, layout)
    slab = room.array(tuple(b - a for a, b in zip(start, stop)), source.dtype)

    def read(spans: tuple[tuple[int, int], ...]) -> None:
        target = tuple(slice(a - first, b - first) for (a, b), first in zip(spans, start))
        slab[target] = source[tuple(slice(a, b) for a, b in spans)]

    def write_one(index: Index) -> None:
        lower, upper = layout.span(index)
        place = tuple(slice(a - o, b - o) for a, b, o in zip(lower, upper, start))
        _require_labels(slab[place], layout, index)
        box.write_shard(folder, layout, index, slab[place])

    spans = [_cut(sizes, a, b) for sizes, a, b in zip(chunks, start, stop)]
    with ThreadPoolExecutor(available_cores()) as pool:
        list(pool.map(read, product(*spans)))
        list(pool.map(write_one, sorted(files)))


def _box_of(files: set[Index], layout: Layout) -> tuple[Index, Index]:
    """Return (start, stop) of the smallest box that holds some files."""
    first, last = tuple(map(min, zip(*files))), tuple(map(max, zip(*files)))
    return layout.span(first)[0], layout.span(last)[1]


def _cut(sizes: tuple[int, ...], start: int, stop: int) -> list[tuple[int, int]]:
    """Return the parts of start to stop that lie in chunks of these sizes.

    Examples
    --------
    >>> _cut((4, 4, 2), 3, 9)
    [(3, 4), (4, 8), (8, 9)]
    """
    edges = np.cumsum([0, *sizes]).tolist()
    inside = [edge for edge in edges if start < edge < stop]
    return list(pairwise([start, *inside, stop]))


def _write_part(
    lazy: da.Array, folder: Path, layout: Layout, files: set[Index], *, copy: bool
) -> None:
    """Write some files by one computation over the smallest box that holds them."""
    first, (start, stop) = tuple(map(min, zip(*files))), _box_of(files, layout)
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
        _require_labels(values, layout, index)
        box.write_shard(folder, layout, index, values)
    return np.ones((1, 1, 1), bool)


def _require_labels(values: np.ndarray, layout: Layout, index: Index) -> None:
    """Refuse the label that says that a chunk was lost."""
    if layout.fill == NO_PHASE and values.max() >= NO_PHASE:
        at = np.argwhere(values >= NO_PHASE)[0] + layout.span(index)[0]
        raise ValueError(
            f"phase label {NO_PHASE} at voxel {tuple(at.tolist())} is kept for lost chunks; "
            f"use labels 0 to {NO_PHASE - 1}"
        )


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
