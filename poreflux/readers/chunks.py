"""The chunks of a Zarr array as they lie in its files: which are there, and which are in place.

Our own stores keep beside each array a table of the checksums of its chunks, in `checksums`, and in
their root the checksums of all metadata: what was exchanged or altered there is no image.
"""

import json
import math
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
import zarr

from poreflux.errors import UnreadableImage
from poreflux.readers.missing import Span, span_of

#: where a shard says that it lacks a chunk
_ABSENT = 2**64 - 1

Index = tuple[int, ...]


def lost_chunks(path: Path, array: zarr.Array) -> tuple[list[Span], int]:
    """Return where the chunks lie that are in no file, and how many there are in all.

    Of a shard that is there, the index tells which of its chunks are in it.
    """
    lost = [
        span_of(chunk, array.chunks, array.shape)
        for file, chunks in _files(path, array)
        for chunk, place in zip(chunks, _places(file, array, len(chunks)))
        if place is None
    ]
    return lost, math.prod(-(-n // edge) for n, edge in zip(array.shape, array.chunks))


def require_in_place(path: Path, array: zarr.Array) -> None:
    """Refuse an array of our own stores whose chunks or metadata are not as they were written.

    Arrays without a table of checksums, of other programs, are not looked at.
    """
    try:
        table = np.frombuffer((path / "checksums").read_bytes(), "<u4")
    except (OSError, ValueError):
        return
    grid = [-(-n // edge) for n, edge in zip(array.shape, array.chunks)]
    if table.size != math.prod(grid):
        raise UnreadableImage(f"{path}/checksums is damaged; import the scan again")
    _require_metadata(path.parent)
    for file, chunks in _files(path, array):
        for chunk, place in zip(chunks, _places(file, array, len(chunks))):
            if place is None or _end(file, place) == table[np.ravel_multi_index(chunk, grid)]:
                continue
            where = ", ".join(f"{a}:{b}" for a, b in span_of(chunk, array.chunks, array.shape))
            raise UnreadableImage(
                f"{path}: the chunk of voxels [{where}] is not the one that was written there; "
                "poreflux.verify(store) names all, import the scan again"
            )


def _files(path: Path, array: zarr.Array) -> Iterator[tuple[Path, list[Index]]]:
    """Yield each file of chunks, and the chunks that belong into it, in the order of its index."""
    counts = [-(-n // edge) for n, edge in zip(array.shape, array.chunks)]
    per_file = [s // c for s, c in zip(array.shards or array.chunks, array.chunks)]
    for index in product(*(range(-(-n // k)) for n, k in zip(counts, per_file))):
        inner = product(*(range(i * k, (i + 1) * k) for i, k in zip(index, per_file)))
        yield (
            path / array.metadata.encode_chunk_key(index),
            [chunk for chunk in inner if all(i < n for i, n in zip(chunk, counts))],
        )


def _places(file: Path, array: zarr.Array, count: int) -> list[tuple[int, int] | None]:
    """Return (offset, length) of each chunk in its file, None for those that are not in it."""
    if not file.is_file():
        return [None] * count
    if array.shards is None:
        return [(0, file.stat().st_size)]
    index = _shard_index(file, array)
    return [None if start == _ABSENT else (int(start), int(size)) for start, size in index][:count]


def _shard_index(file: Path, array: zarr.Array) -> np.ndarray:
    """Return (offset, length) of the chunks of a shard within the array, in order of storage."""
    metadata: Any = array.metadata
    codec = metadata.codecs[0]
    per_file = [s // c for s, c in zip(array.shards or array.chunks, array.chunks)]
    size = 16 * math.prod(per_file)
    signed = any(type(item).__name__ == "Crc32cCodec" for item in codec.index_codecs)
    with file.open("rb") as opened:
        if str(getattr(codec.index_location, "value", codec.index_location)) == "end":
            opened.seek(max(0, file.stat().st_size - size - 4 * signed))
        payload = opened.read(size)
    if len(payload) < size:
        raise UnreadableImage(f"{file} is cut short; fetch it again")
    entries = np.frombuffer(payload, "<u8").reshape(*per_file, 2)
    first = [int(word) for word in _indices(file, array)]
    inside = [
        slice(0, -(-n // c) - i * k)
        for n, c, i, k in zip(array.shape, array.chunks, first, per_file)
    ]
    return entries[tuple(inside)].reshape(-1, 2)


def _indices(file: Path, array: zarr.Array) -> tuple[str, ...]:
    """Return the indices in the name of a file of version 3, the only one that has shards."""
    metadata: Any = array.metadata
    separator = getattr(metadata.chunk_key_encoding, "separator", "/")
    words = file.parts if separator == "/" else file.name.split(separator)
    return tuple(words[-array.ndim :])


def _end(file: Path, place: tuple[int, int]) -> int:
    with file.open("rb") as opened:
        opened.seek(max(0, sum(place) - 4))
        return int.from_bytes(opened.read(4), "little")


def _require_metadata(root: Path) -> None:
    """Refuse a store of ours whose metadata are not those that were sealed."""
    try:
        document = json.loads((root / "zarr.json").read_bytes())
        record = document["attributes"]["poreflux"]
        sealed = record["metadata"]
        signed = record.pop("crc32c")
    except (OSError, ValueError, KeyError, TypeError):
        return  # an array that was moved out of its store
    broken = [name for name, expected in sealed.items() if _checksum(root / name) != expected]
    plain = {"zarr_format": 3, "node_type": "group", "attributes": document["attributes"]}
    sums = [google_crc32c.value(_dump(each)) for each in (document, plain)]
    if broken or signed not in sums:
        raise UnreadableImage(
            f"{root}: {', '.join(broken) or 'zarr.json'} is damaged, or altered by another program "
            "since the store was written; import the scan again"
        )


def _checksum(file: Path) -> int | None:
    return google_crc32c.value(file.read_bytes()) if file.is_file() else None


def _dump(document: dict) -> bytes:
    return json.dumps(document, indent=2, ensure_ascii=False).encode()
