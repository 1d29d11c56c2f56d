"""NRRD: raw data read in place, packed data in a stream; axes x, y, z become z, y, x."""

import bz2
import gzip
from collections.abc import Callable
from pathlib import Path

import nrrd
import numpy as np

from poreflux.errors import UnreadableImage
from poreflux.readers.image import Image, micrometers, reading, three_axes
from poreflux.readers.raw import flat
from poreflux.readers.stream import sequential

_TYPES = {
    **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
    **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
    **dict.fromkeys(
        ("short", "short int", "signed short", "signed short int", "int16", "int16_t"), "i2"
    ),
    **dict.fromkeys(("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"), "u2"),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
    **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
    **dict.fromkeys(("longlong", "long long", "int64", "int64_t"), "i8"),
    **dict.fromkeys(("ulonglong", "unsigned long long", "uint64", "uint64_t"), "u8"),
    **{"float": "f4", "double": "f8"},
}
_PACKED: dict[str, Callable] = {
    "gzip": gzip.open,
    "gz": gzip.open,
    "bzip2": bz2.open,
    "bz2": bz2.open,
}


def read(path: Path) -> Image:
    """Read a .nrrd file, or the data file beside a .nhdr header."""
    with reading(path, "an NRRD file"), path.open("rb") as file:
        header = nrrd.read_header(file)
        data, offset = path, file.tell()
        detached = header.get("data file", header.get("datafile"))
        if detached is not None:
            data, offset = _beside(path, detached), 0
        shape = three_axes([int(n) for n in header["sizes"]][::-1], path)
        dtype = _dtype(header, path)
        size, how = _voxel_size(header)
        encoding = header["encoding"].lower()
        lines, skipped = _skips(header, path)
        if encoding == "raw":
            array = _raw(data, offset, lines, skipped, shape, dtype)
        elif encoding in _PACKED and lines == 0 and skipped >= 0:
            array = sequential(_Packed(data, offset, encoding), data, skipped, shape, dtype)
        else:
            raise UnreadableImage(
                f"{path} is encoded as {encoding} with {lines} lines and {skipped} bytes to skip; "
                "save it as raw or gzip"
            )
    return Image(array, size, sorted({path, data}), how)


class _Packed:
    """Opens the packed data of a file behind its header."""

    def __init__(self, path: Path, offset: int, encoding: str):
        self.path = path
        self.offset = offset
        self.encoding = encoding

    def __call__(self):
        file = self.path.open("rb")
        file.seek(self.offset)
        return _Stream(file, _PACKED[self.encoding](file))


class _Stream:
    """A packed stream that closes the file below it with itself."""

    def __init__(self, file, stream):
        self.file = file
        self.read = stream.read
        self.stream = stream

    def close(self) -> None:
        self.stream.close()
        self.file.close()


def _raw(data: Path, offset: int, lines: int, skipped: int, shape, dtype: np.dtype):
    if skipped == -1:
        offset = data.stat().st_size - int(np.prod(shape)) * dtype.itemsize
        if offset < 0:
            raise UnreadableImage(f"{data} is shorter than its header announces; fetch it again")
        return flat(data, offset, shape, dtype)
    with data.open("rb") as file:
        file.seek(offset)
        for _ in range(lines):
            file.readline()
        offset = file.tell() + skipped
    return flat(data, offset, shape, dtype)


def _beside(path: Path, detached) -> Path:
    if not isinstance(detached, str) or "%" in detached or detached.upper().startswith("LIST"):
        raise UnreadableImage(f"{path} spreads its data over several files; join them first")
    data = path.parent / detached
    if not data.is_file():
        raise UnreadableImage(f"{path} has its data in {data}, which is missing")
    return data


def _skips(header, path: Path) -> tuple[int, int]:
    lines = int(header.get("line skip", header.get("lineskip", 0)))
    skipped = int(header.get("byte skip", header.get("byteskip", 0)))
    if lines < 0 or skipped < -1:
        raise UnreadableImage(f"{path} cannot skip {lines} lines and {skipped} bytes")
    return lines, skipped


def _dtype(header, path: Path) -> np.dtype:
    kind = str(header["type"]).lower()
    if kind not in _TYPES:
        raise UnreadableImage(f"{path} holds values of type {kind!r}, not real numbers")
    code = _TYPES[kind]
    if code.endswith("1"):
        return np.dtype(code)
    return np.dtype({"little": "<", "big": ">"}[header["endian"].lower()] + code)


def _voxel_size(header) -> tuple[tuple[float, ...] | None, dict]:
    """Return the voxel size in µm, in (z, y, x), where the header has lengths with a unit."""
    directions = header.get("space directions")
    if directions is not None:
        rows = np.atleast_2d(np.asarray(directions, dtype=float))
        lengths = np.linalg.norm(rows[~np.isnan(rows).any(axis=1)], axis=1)
        units = header.get("space units", [])
        said = "NRRD space directions"
    else:
        lengths = np.asarray(header.get("spacings", ()), dtype=float)
        lengths, units, said = lengths[~np.isnan(lengths)], header.get("units", []), "NRRD spacings"
    scales = [micrometers(unit) for unit in units]
    if not scales and directions is not None and header.get("space", "").count("-") >= 2:
        # an anatomical space without a unit is in mm by the custom of its programs
        scales = [1000.0] * 3
    if len(lengths) != 3 or len(scales) < 3 or any(scale is None for scale in scales[:3]):
        return None, {}
    size = [length * scale for length, scale in zip(lengths, scales)]
    if not np.all(np.isfinite(size)) or min(size) <= 0:
        return None, {}
    return tuple(float(length) for length in size[::-1]), {"voxel_size_from": said}
