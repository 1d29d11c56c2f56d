"""A file that can only be unpacked from its start becomes a lazy array read in order."""

import functools
import math
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, Self

import dask.array as da
import numpy as np

from poreflux.errors import UnreadableImage
from poreflux.readers.image import PLANES, reading
from poreflux.readers.lazy import Box, from_chunks
from poreflux.readers.raw import leading

_BLOCK = 2**24


class Stream(Protocol):
    """What is unpacked from its start on."""

    def read(self, count: int, /) -> bytes: ...

    def close(self) -> None: ...


def sequential(
    opener: Callable[[], Stream],
    path: Path,
    offset: int,
    shape: Sequence[int],
    dtype: np.dtype,
    *,
    index: Sequence[int | slice] | None = None,
    fortran: bool = False,
) -> da.Array:
    """Return a lazy array of what ``opener()`` yields from ``offset`` on, in chunks of whole slabs.

    Chunks are as deep as a slab of a store, so that an import unpacks the file once. `index` has a
    number for each axis that is chosen from, and leaves three slices.
    """
    whole = tuple(slice(None) for _ in shape) if index is None else tuple(index)
    stored, at = (shape[::-1], whole[::-1]) if fortran else (shape, whole)
    stored, at, skipped = leading(stored, at)
    status = path.stat()
    token = (str(path), status.st_size, status.st_mtime_ns, offset, dtype.str, vars(opener))
    kept = tuple(n for n, i in zip(stored, at) if isinstance(i, slice))
    lazy = from_chunks(
        functools.partial(_planes, opener, path, offset + skipped * dtype.itemsize, stored, at,
                          dtype, skipped == 0),
        kept,
        dtype.newbyteorder("="),
        (min(PLANES, kept[0]), *kept[1:]),
        token=(*token, skipped, tuple(stored), str(at)),
    )  # fmt: skip
    return lazy.T if fortran else lazy


def _planes(
    opener: Callable[[], Stream],
    path: Path,
    offset: int,
    shape: Sequence[int],
    at: Sequence[int | slice],
    dtype: np.dtype,
    last: bool,
    start: Box,
    stop: Box,
) -> np.ndarray:
    plane = math.prod(shape[1:]) * dtype.itemsize
    values = np.empty((stop[0] - start[0], *shape[1:]), dtype)
    with reading(path, "a packed file"), _cursor(opener, path.stat().st_mtime_ns) as cursor:
        cursor.fill(offset + start[0] * plane, values.reshape(-1).view(np.uint8).data)
        if last and stop[0] == shape[0]:
            cursor.drain()
    box = values[(slice(None), *at[1:])][:, start[1] : stop[1], start[2] : stop[2]]
    return box.astype(dtype.newbyteorder("="), copy=False)


class _Cursor:
    """An open stream that goes on where it is, or begins anew for what lies before."""

    def __init__(self, opener: Callable[[], Stream]):
        self.opener = opener
        self.stream: Stream | None = None
        self.position = 0
        self.lock = threading.Lock()

    def __enter__(self) -> Self:
        self.lock.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.close()
        self.lock.release()

    def close(self) -> None:
        if self.stream is not None:
            self.stream.close()
        self.stream = None

    def fill(self, position: int, buffer: memoryview) -> None:
        if self.stream is None or position < self.position:
            self.close()
            self.stream, self.position = self.opener(), 0
        while self.position < position:
            self._advance(len(self.stream.read(min(_BLOCK, position - self.position))))
        done = 0
        while done < len(buffer):
            piece = self.stream.read(min(_BLOCK, len(buffer) - done))
            buffer[done : done + len(piece)] = piece
            self._advance(len(piece))
            done += len(piece)

    def drain(self) -> None:
        """Read to the end, where packed streams keep the checksum of what they gave."""
        while self.stream is not None and self.stream.read(_BLOCK):
            pass
        self.close()

    def _advance(self, count: int) -> None:
        if not count:
            raise UnreadableImage("it is cut short: it ends before the last plane")
        self.position += count


_CURSORS: dict[tuple, _Cursor] = {}
_GUARD = threading.Lock()


def _cursor(opener: Callable[[], Stream], stamp: int) -> _Cursor:
    key = (type(opener), tuple(vars(opener).values()), stamp)
    with _GUARD:
        if key not in _CURSORS:
            for other in _CURSORS.values():
                with other.lock:
                    other.close()
            _CURSORS.clear()
            _CURSORS[key] = _Cursor(opener)
        return _CURSORS[key]
