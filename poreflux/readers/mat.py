"""MATLAB files: version 5 by a walk of our own, version 7.3 as the HDF5 it is.

The axes are as SciPy gives them and as MATLAB writes them: `A(i, j, k)` becomes the voxel z=i, y=j,
x=k, in both versions. For image stacks `A(row, column, slice)`, say ``axes="yxz"``. The walk is our
own because SciPy reads an array as a whole, and crashes on some damaged files.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from poreflux.errors import UnreadableImage
from poreflux.readers import hdf5
from poreflux.readers.arrays import named, others
from poreflux.readers.description import Description, Wanted, choose, named_axes
from poreflux.readers.image import Image, reading
from poreflux.readers.raw import flat
from poreflux.readers.stream import sequential

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
#: how numbers are stored
_STORED = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
#: what they are for MATLAB
_CLASSES = {
    **{6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4"},
    **{14: "i8", 15: "u8"},
}
_LOGICAL, _COMPLEX = 0x02, 0x08
#: a name and three lengths fit in this
_HEAD_BYTES = 4096


@dataclass(frozen=True)
class _Variable:
    """One array of a file: shape, numbers, and where they begin (within its packed stream)."""

    shape: tuple[int, ...]
    stored: np.dtype | None
    dtype: np.dtype | None
    offset: int
    packed_at: int | None


def read(path: Path, wanted: Wanted) -> Image:
    """Read one variable of a MATLAB file, by default the only one of three axes."""
    with reading(path, "a MATLAB file"):
        with path.open("rb") as file:
            if b"MATLAB 7.3" in file.read(_HEADER):
                image = hdf5.read(path, wanted, reverse=True)
                image.description = image.description.noting(*said_of_order(path, wanted))
                return image
        variables = dict(_variables(path))
        shapes = {key: item.shape for key, item in variables.items()}
        name = named(path, shapes, wanted.dataset)
        found = variables[name]
        if found.dtype is None or found.stored is None:
            raise UnreadableImage(f"{path} holds something else than real numbers in {name}")
        described = Description(
            "MATLAB 5", named_axes(found.shape), str(found.dtype), name, others(shapes, name)
        )
        choice = choose(described, path, wanted)
        described = described.noting(*said_of_order(path, wanted))
        how: Any = {"index": choice.index, "fortran": True}
        if found.packed_at is None:
            array = flat(path, found.offset, found.shape, found.stored, **how)
        else:
            opener = _Inflate(path, found.packed_at)
            array = sequential(opener, path, found.offset, found.shape, found.stored, **how)
        return Image(array.astype(found.dtype), described, choice, [path], {"dataset": name})


def said_of_order(path: Path, wanted: Wanted) -> list[str]:
    """Return what to say of the order of axes, for which MATLAB has no names."""
    if wanted.axes is not None:
        return []
    return [
        f"{path.name} does not name its axes: they are taken as z, y, x; give axes='yxz' for "
        "stacks of MATLAB's images, whose slices are last"
    ]


class _Inflate:
    """Opens a zlib stream that begins somewhere in a file."""

    def __init__(self, path: Path, position: int):
        self.path = path
        self.position = position

    def __call__(self) -> "_Inflating":
        return _Inflating(self.path, self.position)


class _Inflating:
    """A zlib stream that is being unpacked."""

    def __init__(self, path: Path, position: int):
        self.file = path.open("rb")
        self.file.seek(position)
        self.unpacker = zlib.decompressobj()
        self.waiting = b""

    def read(self, count: int) -> bytes:
        pieces, got = [], 0
        while got < count and not self.unpacker.eof:
            packed = self.waiting or self.file.read(2**20)
            if not packed:
                break
            pieces.append(self.unpacker.decompress(packed, count - got))
            self.waiting = self.unpacker.unconsumed_tail
            got += len(pieces[-1])
        return b"".join(pieces)

    def close(self) -> None:
        self.file.close()


def _variables(path: Path) -> Iterator[tuple[str, _Variable]]:
    """Yield the name and place of each variable of a file of version 5."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEADER)
        order = {b"IM": "<", b"MI": ">"}.get(head[126:128])
        if order is None:
            raise UnreadableImage(f"{path} is not a MATLAB file of version 5 or 7.3; save it anew")
        position = _HEADER
        while position + 8 <= size:
            file.seek(position)
            kind, count = struct.unpack(order + "II", file.read(8))
            if position + 8 + count > size:
                raise UnreadableImage(
                    f"{path} is cut short: a variable reaches to byte {position + 8 + count}, the "
                    f"file ends at {size}; fetch it again"
                )
            if kind == _MATRIX:
                yield _parse(file.read(min(count, _HEAD_BYTES)), order, path, position + 8, None)
            elif kind == _COMPRESSED:
                stream = zlib.decompressobj()
                start = stream.decompress(file.read(min(count, _HEAD_BYTES)), _HEAD_BYTES)
                if struct.unpack(order + "I", start[:4])[0] == _MATRIX:
                    yield _parse(start[8:], order, path, 8, position + 8)
            position += 8 + count


def _parse(
    head: bytes, order: str, path: Path, start: int, packed_at: int | None
) -> tuple[str, _Variable]:
    """Return the name and place of a variable from the first bytes of its matrix element."""
    at = 0
    parts = []
    for _ in range(3):
        _, count, body, after = _element(head, at, order)
        parts.append(head[body : body + count])
        at = after
    (flags,) = struct.unpack(order + "I", parts[0][:4])
    shape = tuple(int(n) for n in np.frombuffer(parts[1], order + "i4"))
    name = parts[2].decode("ascii", "replace")
    dtype = _CLASSES.get(flags & 0xFF)
    if dtype is None or (flags >> 8) & _COMPLEX or not shape or min(shape) < 1:
        return name, _Variable(shape, None, None, 0, packed_at)
    kind, count, body, _ = _element(head, at, order)
    stored = np.dtype(order + _STORED[kind])
    if count != math.prod(shape) * stored.itemsize:
        raise UnreadableImage(
            f"{path} has {count} bytes for {name} of shape {'x'.join(map(str, shape))}; "
            "save it anew"
        )
    made = np.dtype(bool if (flags >> 8) & _LOGICAL else dtype)
    return name, _Variable(shape, stored, made, start + body, packed_at)


def _element(head: bytes, at: int, order: str) -> tuple[int, int, int, int]:
    """Return kind, number of bytes, where they begin and where the next element does."""
    (word,) = struct.unpack_from(order + "I", head, at)
    if word >> 16:
        # up to four bytes are kept in the tag itself
        return word & 0xFFFF, word >> 16, at + 4, at + 8
    (count,) = struct.unpack_from(order + "I", head, at + 4)
    return word, count, at + 8, at + 8 + -(-count // 8) * 8
