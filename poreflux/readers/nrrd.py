"""NRRD: raw data read in place, packed data in a stream; what lies along x in space is x."""

import bz2
import gzip
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import dask.array as da
import nrrd
import numpy as np

from poreflux.errors import UnreadableImage
from poreflux.readers.description import (
    Axis,
    Description,
    Wanted,
    axis_name,
    choose,
    named_axes,
)
from poreflux.readers.external import require_near
from poreflux.readers.image import Image, micrometers, reading
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


#: cosine of the angle between two axes up to which they count as upright
_UPRIGHT = 1e-2

#: kinds of axes along which there are no places
_LISTS = ("list", "vector", "color", "matrix", "quaternion", "complex", "point", "normal", "stub")


def read(path: Path, wanted: Wanted) -> Image:
    """Read a .nrrd file, or the data file beside a .nhdr header."""
    with reading(path, "an NRRD file"), path.open("rb") as file:
        header = nrrd.read_header(file)
        data, offset = path, file.tell()
        detached = header.get("data file", header.get("datafile"))
        if detached is not None:
            data, offset = _beside(path, detached, wanted), 0
        dtype = _dtype(header, path)
        axes, source = _axes(path, header)
        described = Description("NRRD", axes, str(dtype), spacing_from=source)
        choice = choose(described, path, wanted)
        shape, index = described.shape, choice.index
        encoding = header["encoding"].lower()
        lines, skipped = _skips(header, path)
        if encoding == "raw":
            array = _raw(data, offset, lines, skipped, shape, dtype, index)
        elif encoding in _PACKED and lines == 0 and skipped >= 0:
            opener = _Packed(data, offset, encoding)
            array = sequential(opener, data, skipped, shape, dtype, index=index)
        else:
            raise UnreadableImage(
                f"{path} is encoded as {encoding} with {lines} lines and {skipped} bytes to skip; "
                "save it as raw or gzip"
            )
    return Image(array, described, choice, sorted({path, data}))


class _Packed:
    """Opens the packed data of a file behind its header."""

    def __init__(self, path: Path, offset: int, encoding: str):
        self.path = path
        self.offset = offset
        self.encoding = encoding

    def __call__(self) -> "_Stream":
        file = self.path.open("rb")
        file.seek(self.offset)
        return _Stream(file, _PACKED[self.encoding](file))


class _Stream:
    """A packed stream that closes the file below it with itself."""

    def __init__(self, file: BinaryIO, stream: BinaryIO):
        self.file = file
        self.read = stream.read
        self.stream = stream

    def close(self) -> None:
        self.stream.close()
        self.file.close()


def _raw(
    data: Path,
    offset: int,
    lines: int,
    skipped: int,
    shape: Sequence[int],
    dtype: np.dtype,
    index: Sequence[int | slice],
) -> da.Array:
    if skipped == -1:
        offset = data.stat().st_size - int(np.prod(shape)) * dtype.itemsize
        if offset < 0:
            raise UnreadableImage(f"{data} is shorter than its header announces; fetch it again")
        return flat(data, offset, shape, dtype, index=index)
    with data.open("rb") as file:
        file.seek(offset)
        for _ in range(lines):
            file.readline()
        offset = file.tell() + skipped
    return flat(data, offset, shape, dtype, index=index)


def _beside(path: Path, detached: object, wanted: Wanted) -> Path:
    if not isinstance(detached, str) or "%" in detached or detached.upper().startswith("LIST"):
        raise UnreadableImage(f"{path} spreads its data over several files; join them first")
    return require_near(path, path.parent / detached, allowed=wanted.allow_external)


def _skips(header: Mapping[str, Any], path: Path) -> tuple[int, int]:
    lines = int(header.get("line skip", header.get("lineskip", 0)))
    skipped = int(header.get("byte skip", header.get("byteskip", 0)))
    if lines < 0 or skipped < -1:
        raise UnreadableImage(f"{path} cannot skip {lines} lines and {skipped} bytes")
    return lines, skipped


def _dtype(header: Mapping[str, Any], path: Path) -> np.dtype:
    kind = str(header["type"]).lower()
    if kind not in _TYPES:
        raise UnreadableImage(f"{path} holds values of type {kind!r}, not real numbers")
    code = _TYPES[kind]
    if code.endswith("1"):
        return np.dtype(code)
    return np.dtype({"little": "<", "big": ">"}[header["endian"].lower()] + code)


def _axes(path: Path, header: Mapping[str, Any]) -> tuple[tuple[Axis, ...], str | None]:
    """Return the axes, the slowest first, by their labels, kinds and directions in space."""
    count = len(header["sizes"])
    kinds = [str(kind).lower() for kind in header.get("kinds", [""] * count)]
    labels = [str(label).strip('"') for label in header.get("labels", [""] * count)]
    names = [axis_name(label) if axis_name(label) in "zyxct" else "" for label in labels]
    directions = _directions(header, count)
    if directions is not None and not _upright(directions):
        raise UnreadableImage(
            f"{path} has axes that are not at right angles (space directions), so that its voxels "
            "are no boxes; resample it"
        )
    for axis, (kind, along) in enumerate(zip(kinds, _along(directions))):
        if not names[axis]:
            names[axis] = "t" if kind == "time" else along
            if any(word in kind for word in _LISTS):
                names[axis] = "c"
    if not any(names) and count == 3:
        names = list("xyz")
    lengths = _lengths(header, directions, count)
    axes = named_axes(header["sizes"][::-1], names[::-1], lengths[::-1])
    source = "space directions" if directions is not None else "spacings"
    return axes, f"NRRD {source}" if any(axis.spacing for axis in axes) else None


def _directions(header: Mapping[str, Any], count: int) -> np.ndarray | None:
    """Return the step in space along each axis, NaN along those that lie in none."""
    said = header.get("space directions")
    if said is None:
        return None
    width = max((len(row) for row in said if row is not None), default=0)
    rows = [np.full(width, np.nan) if row is None else np.asarray(row, float) for row in said]
    table = np.array(rows)
    if table.ndim != 2 or len(table) != count:
        return None
    return table


def _upright(steps: np.ndarray) -> bool:
    """Return whether the axes in space are at right angles."""
    known = steps[np.isfinite(steps).all(axis=1)]
    units = known / np.maximum(np.linalg.norm(known, axis=1, keepdims=True), 1e-300)
    angles = units @ units.T
    return bool(np.all(np.abs(angles - np.diag(np.diag(angles))) < _UPRIGHT))


def _along(directions: np.ndarray | None) -> list[str]:
    """Return x, y or z where an axis lies along one direction in space, and no other axis does."""
    if directions is None:
        return [""] * 64
    names = []
    for row in directions:
        known = row.size >= 3 and bool(np.all(np.isfinite(row)))
        names.append("xyz "[min(int(np.argmax(np.abs(row))), 3)].strip() if known else "")
    return [name if names.count(name) == 1 else "" for name in names]


def _lengths(
    header: Mapping[str, Any], directions: np.ndarray | None, count: int
) -> list[float | None]:
    """Return the spacing of each axis in µm, where the header has lengths with a unit."""
    if directions is None:
        units = list(header.get("units", []))
        scales = [micrometers(unit) for unit in units] + [None] * (count - len(units))
        raw = np.ravel(np.asarray(header.get("spacings", [np.nan] * count), dtype=float))
    else:
        scales = [micrometers(unit) for unit in header.get("space units", [])]
        if not scales and header.get("space", "").count("-") >= 2:
            # an anatomical space without a unit is in mm by the custom of its programs
            scales = [1000.0]
        one = scales[0] if scales and len(set(scales)) == 1 else None
        if one is None and any(scales):
            scale = np.array([s or np.nan for s in scales])[: directions.shape[1]]
            directions, one = directions[:, : len(scale)] * scale, 1.0
        scales, raw = [one] * count, np.linalg.norm(directions, axis=1)
    return [
        float(length * scale) if scale and np.isfinite(length) and length > 0 else None
        for length, scale in zip(raw, scales)
    ]
