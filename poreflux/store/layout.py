"""How one array lies on disk: shape, chunks, shards, fill value; to and from its `zarr.json`."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from poreflux.schema import NO_PHASE

Index = tuple[int, ...]

#: edge of a chunk in voxels where nothing else is asked for
CHUNK = 128
#: more chunks than this are packed into shards of one chunk in z and `SHARD` in y and x
MANY_CHUNKS = 512
SHARD = 4

#: more chunks than so many are refused where each has less than so many voxels
MOST_SMALL, SMALL = 50_000, 16**3

#: variables that viewers show, in the order in which they are offered; most open only the first
IMAGES = ("gray", "phase", "solid_fraction")

_ENDIAN = {"name": "bytes", "configuration": {"endian": "little"}}
_CRC = {"name": "crc32c"}


@dataclass(frozen=True)
class Layout:
    """One Zarr v3 array as poreflux writes it: little-endian, zstd, crc32c, and perhaps shards.

    ``chunk`` is what is compressed as one; ``shard`` is what one file holds, a multiple of
    ``chunk`` (equal to it where there are no shards). All lengths are in elements.
    """

    shape: Index
    dtype: np.dtype
    chunk: Index
    shard: Index
    fill: float
    level: int = 1
    dims: tuple[str, ...] = ("z", "y", "x")
    attrs: dict = field(default_factory=dict, compare=False)
    #: whether the bytes are as written here; what another program wrote is read through zarr
    ours: bool = True

    @property
    def grid(self) -> Index:
        """Number of files along each axis."""
        return tuple(-(-n // s) for n, s in zip(self.shape, self.shard))

    @property
    def inner_grid(self) -> Index:
        """Number of chunks along each axis of one file."""
        return tuple(s // c for s, c in zip(self.shard, self.chunk))

    @property
    def chunk_grid(self) -> Index:
        """Number of chunks along each axis."""
        return tuple(-(-n // c) for n, c in zip(self.shape, self.chunk))

    @property
    def sharded(self) -> bool:
        return self.shard != self.chunk

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize

    def files(self) -> Iterator[Index]:
        """Yield the index of every file of the array, in order of storage."""
        return product(*map(range, self.grid))

    def span(self, index: Index) -> tuple[Index, Index]:
        """Return the (start, stop) of the elements that the file ``index`` holds."""
        return clip(index, self.shard, self.shape)

    def chunks_of(self, index: Index) -> Iterator[Index]:
        """Yield the index in the array of every chunk of the file ``index``."""
        ranges = [
            range(i * n, min((i + 1) * n, -(-length // c)))
            for i, n, length, c in zip(index, self.inner_grid, self.shape, self.chunk)
        ]
        return product(*ranges)

    def inner(self, chunk: Index, index: Index) -> Index:
        """Return the place of a chunk in the file ``index`` that holds it."""
        return tuple(c - i * n for c, i, n in zip(chunk, index, self.inner_grid))

    def chunk_span(self, index: Index) -> tuple[Index, Index]:
        """Return the (start, stop) of the elements that the chunk ``index`` holds."""
        return clip(index, self.chunk, self.shape)

    def file(self, array: Path, index: Index) -> Path:
        """Return the path of the file ``index`` of the array stored in the folder ``array``."""
        return array.joinpath("c", *map(str, index))


def clip(index: Index, edge: Index, shape: Index) -> tuple[Index, Index]:
    """Return (start, stop) of one piece of a regular grid, cut at the end of the array."""
    start = tuple(i * e for i, e in zip(index, edge))
    return start, tuple(min(a + e, n) for a, e, n in zip(start, edge, shape))


def plan(
    name: str,
    shape: Sequence[int],
    dtype: DTypeLike,
    *,
    chunk: int | Sequence[int] = CHUNK,
    shards: bool = True,
    dims: tuple[str, ...] = ("z", "y", "x"),
    attrs: dict | None = None,
) -> Layout:
    """Choose chunks, shards, fill value and compression for a variable of this name.

    Phase labels are filled with 255, which is no label, floats with NaN: what was never written, or
    was lost, can then not pass for a value.
    """
    shape = tuple(int(n) for n in shape)
    dtype = little_endian(dtype)
    edges = (chunk,) * len(shape) if isinstance(chunk, (int, np.integer)) else tuple(chunk)
    if len(edges) != len(shape) or any(int(e) != e or e < 1 for e in edges):
        raise ValueError(
            f"chunk={chunk!r} is not an edge in voxels; give one integer of at least 1"
        )
    chunk_shape = tuple(min(int(e), n) for e, n in zip(edges, shape))
    counts = [-(-n // c) for n, c in zip(shape, chunk_shape)]
    if math.prod(counts) > MOST_SMALL and math.prod(chunk_shape) < SMALL:
        raise ValueError(
            f"chunk={chunk!r} cuts {'x'.join(map(str, shape))} voxels into {math.prod(counts)} "
            f"chunks of {math.prod(chunk_shape)}; give an edge of 16 or more"
        )
    shard = chunk_shape
    if shards and math.prod(counts) > MANY_CHUNKS:
        per_shard = (1, *(min(SHARD, n) for n in counts[1:]))
        shard = tuple(c * k for c, k in zip(chunk_shape, per_shard))
    fill: float = math.nan if dtype.kind == "f" else 0
    level = 1
    if name == "phase":
        fill, level = NO_PHASE, 3
    return Layout(shape, dtype, chunk_shape, shard, fill, level, dims, dict(attrs or {}))


def to_json(layout: Layout) -> dict:
    """Return the `zarr.json` of an array."""
    codecs: list[dict] = [
        _ENDIAN if layout.dtype.itemsize > 1 else {"name": "bytes"},
        {"name": "zstd", "configuration": {"level": layout.level, "checksum": False}},
        _CRC,
    ]
    if layout.sharded:
        codecs = [
            {
                "name": "sharding_indexed",
                "configuration": {
                    "chunk_shape": list(layout.chunk),
                    "codecs": codecs,
                    "index_codecs": [_ENDIAN, _CRC],
                    "index_location": "end",
                },
            }
        ]
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(layout.shape),
        "data_type": layout.dtype.name,
        "chunk_grid": {
            "name": "regular",
            "configuration": {"chunk_shape": list(layout.shard)},
        },
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": _fill_json(layout),
        "codecs": codecs,
        "attributes": layout.attrs,
        "dimension_names": list(layout.dims),
        "storage_transformers": [],
    }


def from_json(document: dict) -> Layout | None:
    """Return the layout that a `zarr.json` describes, or None where it is no array of numbers."""
    try:
        shard = tuple(document["chunk_grid"]["configuration"]["chunk_shape"])
        codecs, chunk = document["codecs"], shard
        if codecs[0]["name"] == "sharding_indexed":
            chunk = tuple(codecs[0]["configuration"]["chunk_shape"])
            codecs = codecs[0]["configuration"]["codecs"]
        fill = document["fill_value"]
        layout = Layout(
            shape=tuple(document["shape"]),
            dtype=little_endian(document["data_type"]),
            chunk=chunk,
            shard=shard,
            fill=math.nan if fill == "NaN" else fill,
            level=_level(codecs),
            dims=tuple(document.get("dimension_names") or ()),
            attrs=document.get("attributes", {}),
        )
        ours = to_json(layout)
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    same = ("data_type", "chunk_grid", "chunk_key_encoding", "codecs")
    return replace(layout, ours=all(ours[key] == document.get(key) for key in same))


def _level(codecs: list[dict]) -> int:
    levels = [c["configuration"]["level"] for c in codecs if c["name"] == "zstd"]
    return levels[0] if levels else 0


def little_endian(dtype: DTypeLike) -> np.dtype:
    """Return the dtype as it is stored."""
    return np.dtype(dtype).newbyteorder("<")


def dump(document: dict) -> bytes:
    """Return a `zarr.json` as bytes; the same document gives the same bytes."""
    return json.dumps(document, indent=2, ensure_ascii=False).encode()


def _fill_json(layout: Layout) -> str | float | bool:
    if layout.dtype.kind == "f":
        return "NaN" if math.isnan(layout.fill) else float(layout.fill)
    return bool(layout.fill) if layout.dtype.kind == "b" else int(layout.fill)
