"""The bytes of one file of an array: chunks compressed with zstd, each with its crc32c.

Written here rather than through zarr so that one file is one atomic write of one thread, with no
event loop between; what is written is plain Zarr v3, which the tests read back with zarr.
"""

import struct
from collections.abc import Iterator

import google_crc32c
import numpy as np
from numcodecs.zstd import compress, decompress

from poreflux.store.layout import Index, Layout

_ABSENT = 2**64 - 1


class Torn(Exception):
    """The bytes are not what was written: too short, a wrong checksum, a wrong length."""


def encode(block: np.ndarray, layout: Layout, index: Index) -> bytes:
    """Return the bytes of the file ``index`` of an array, which holds the elements ``block``."""
    if not layout.sharded:
        return _encode_chunk(block, layout)
    first = [i * n for i, n in zip(index, layout.inner_grid)]
    entries = np.full((*layout.inner_grid, 2), _ABSENT, dtype="<u8")
    pieces, offset = [], 0
    for chunk in layout.chunks_of(index):
        inner = tuple(c - f for c, f in zip(chunk, first))
        piece = _encode_chunk(
            block[tuple(slice(i * e, (i + 1) * e) for i, e in zip(inner, layout.chunk))], layout
        )
        entries[inner] = offset, len(piece)
        pieces.append(piece)
        offset += len(piece)
    return b"".join([*pieces, _with_crc(entries.tobytes())])


def decode(payload: bytes | memoryview, layout: Layout) -> np.ndarray:
    """Return the elements of one chunk; raise :class:`Torn` if its bytes have changed."""
    raw = checked(payload)
    try:
        return np.frombuffer(decompress(raw), layout.dtype).reshape(layout.chunk)
    except (RuntimeError, ValueError) as error:
        raise Torn(f"it does not unpack ({error})") from error


def checked(payload: bytes | memoryview) -> memoryview:
    """Return the bytes without their crc32c; raise :class:`Torn` where it does not agree."""
    view = memoryview(payload)
    if len(view) < 4:
        raise Torn(f"it has {len(view)} bytes only")
    body = view[:-4]
    if struct.unpack("<I", view[-4:])[0] != google_crc32c.value(np.frombuffer(body, np.uint8)):
        raise Torn("its checksum does not agree")
    return body


def index_size(layout: Layout) -> int:
    """Return the number of bytes of the index at the end of a shard."""
    return 16 * int(np.prod(layout.inner_grid)) + 4


def parse_index(tail: bytes | memoryview, layout: Layout) -> np.ndarray:
    """Return (offset, length) of every chunk of a shard; -1 where it was never written."""
    entries = np.frombuffer(checked(tail), dtype="<u8").reshape(*layout.inner_grid, 2)
    return np.where(entries == _ABSENT, -1, entries.astype(np.int64))


def pieces(payload: bytes, layout: Layout, index: Index) -> Iterator[tuple[Index, memoryview]]:
    """Yield (chunk index, its bytes) of all that a file must hold; missing ones are empty.

    Raises
    ------
    Torn
        if the index of a shard has changed, so that no chunk of it can be found.
    """
    view = memoryview(payload)
    if not layout.sharded:
        yield index, view
        return
    size = index_size(layout)
    if len(view) < size:
        raise Torn(f"it has {len(view)} bytes only")
    entries = parse_index(view[-size:], layout)
    first = [i * n for i, n in zip(index, layout.inner_grid)]
    for chunk in layout.chunks_of(index):
        offset, length = entries[tuple(c - f for c, f in zip(chunk, first))]
        yield chunk, view[offset : offset + length] if offset >= 0 else view[:0]


def _encode_chunk(values: np.ndarray, layout: Layout) -> bytes:
    if values.shape != layout.chunk:
        padded = np.full(layout.chunk, layout.fill, layout.dtype)
        padded[tuple(map(slice, values.shape))] = values
        values = padded
    return _with_crc(compress(np.ascontiguousarray(values, layout.dtype), layout.level))


def _with_crc(body: bytes) -> bytes:
    return body + struct.pack("<I", google_crc32c.value(body))
