"""The table of checksums of an array: which bytes belong at which place.

A chunk carries its own crc32c, which says that it is whole, and not that it is this chunk. The
table, `<array>/checksums`, holds that of every chunk in order of storage, four bytes each; the
root's seal holds the checksum of the table. What was written before there were tables has none.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np

from poreflux.errors import DamagedStore
from poreflux.store import codec, disk
from poreflux.store.layout import Index, Layout

#: name of the table in the folder of its array
NAME = "checksums"
OTHER = "it is whole, but it is not the chunk that was written here"


def write(array: Path, layout: Layout, threads: int = 1) -> None:
    """Write the table of an array whose chunks are all written.

    Raises
    ------
    codec.Torn
        if one is not there.
    """
    values = np.zeros(layout.chunk_grid, "<u4")

    def fill(index: Index) -> None:
        for chunk, checksum in read(array, layout, index):
            values[chunk] = checksum

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(fill, layout.files()))
    with disk.writing(array):
        disk.write_file(array / NAME, values.tobytes())


def read(array: Path, layout: Layout, index: Index) -> list[tuple[Index, int]]:
    """Return (chunk, its checksum) of all chunks of one file; only their ends are read."""
    path = layout.file(array, index)
    try:
        with path.open("rb", buffering=0) as file:
            if not layout.sharded:
                file.seek(-4, os.SEEK_END)
                return [(index, of(file.read()))]
            file.seek(-codec.index_size(layout), os.SEEK_END)
            entries = codec.parse_index(file.read(), layout)
            sums = []
            for chunk in layout.chunks_of(index):
                offset, length = entries[layout.inner(chunk, index)]
                if offset < 0:
                    raise codec.Torn(f"chunk {chunk} of {path} is missing")
                file.seek(offset + length - 4)
                sums.append((chunk, of(file.read(4))))
            return sums
    except OSError as error:
        raise codec.Torn(f"{path} is missing or empty ({error.strerror})") from error


def of(piece: bytes | memoryview) -> int:
    """Return the checksum that the bytes of a chunk end with."""
    return int.from_bytes(piece[-4:], "little")


def table(array: Path, layout: Layout) -> np.ndarray | None:
    """Return the table of an array, over its grid of chunks; None where there is none."""
    try:
        status = (array / NAME).stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    values = _table(array / NAME, (status.st_ino, status.st_mtime_ns, status.st_size))
    if values.size != np.prod(layout.chunk_grid):
        raise DamagedStore(f"{array}/{NAME} is damaged: it has not a checksum for each chunk")
    return values.reshape(layout.chunk_grid)


@lru_cache(maxsize=64)
def _table(path: Path, stamp: tuple) -> np.ndarray:
    payload = path.read_bytes()
    return np.frombuffer(payload[: len(payload) // 4 * 4], "<u4")
