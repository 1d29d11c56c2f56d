"""TIFF: one file of many pages, or a folder of pages in natural order."""

import functools
import logging
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import tifffile

from poreflux.errors import UnreadableImage
from poreflux.readers import ifd
from poreflux.readers.image import Image, micrometers, plane_chunks, reading, three_axes
from poreflux.readers.lazy import from_chunks
from poreflux.readers.raw import flat

# what it logs about broken files, our exceptions say
logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)

SUFFIXES = (".tif", ".tiff", ".btf", ".tf8")
#: resolutions that programs write without having measured any, in pixels per inch
_DEFAULTS = (1, 72, 96, 100, 150, 200, 300, 400, 600, 1200)


def read(path: Path) -> Image:
    """Read a TIFF file, or a folder of TIFF pages."""
    if path.is_dir():
        return _read_folder(path)
    with reading(path, "a TIFF stack"):
        found = ifd.pages(path, ifd.stamp(path))
        with tifffile.TiffFile(path) as file:
            size, how = _voxel_size(file)
            dtype = _dtype(file, path)
            stack = _one_page_stack(file, found)
        if stack is not None:
            shape = three_axes(stack, path)
            return Image(flat(path, int(found[0].offsets[0]), shape, dtype), size, [path], how)
        plane = (found[0].length, found[0].width)
        shape = three_axes((len(found), *plane) if len(found) > 1 else plane, path)
        start = ifd.contiguous(found)
        if start is not None:
            return Image(flat(path, start, shape, dtype), size, [path], how)
        _try_first(path, found)
        return Image(_lazy([path], shape, dtype), size, [path], how)


def _read_folder(folder: Path) -> Image:
    files = page_files(folder)
    if not files:
        others = sorted({path.suffix or path.name for path in folder.iterdir()})
        raise UnreadableImage(
            f"{folder} has no TIFF pages ({', '.join(others[:5]) or 'it is empty'}); give a folder "
            "of .tif files, or a file"
        )
    with reading(folder, "a folder of TIFF pages"):
        first = ifd.pages(files[0], ifd.stamp(files[0]))
        _require_alike(folder, files, first[0])
        with tifffile.TiffFile(files[0]) as file:
            size, how = _voxel_size(file)
            dtype = _dtype(file, files[0])
        _try_first(files[0], first)
    _warn_of_gaps(folder, files)
    plane = (first[0].length, first[0].width)
    shape = three_axes((len(files), *plane) if len(files) > 1 else plane, folder)
    return Image(_lazy(files, shape, dtype), size, files, how)


def _require_alike(folder: Path, files: Sequence[Path], first: ifd.Page) -> None:
    """Refuse a folder whose files are not single pages of one size and kind of number."""
    for path in files:
        # past the cache, which is for the pages of large files
        found = ifd.pages.__wrapped__(path, ifd.stamp(path))
        if len(found) != 1:
            raise UnreadableImage(f"{path} has {len(found)} pages; give it alone, not its folder")
        if found[0].number != first.number:
            raise UnreadableImage(
                f"{folder} has pages of different size or kind: {files[0].name} is "
                f"{ifd.describe(first)}, {path.name} is {ifd.describe(found[0])}; a volume's "
                "pages are all alike"
            )


def page_files(folder: Path) -> list[Path]:
    """Return the TIFF files of a folder in natural order, page_2 before page_10."""
    files = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    ]
    return sorted(files, key=lambda path: _natural(path.name))


def _natural(name: str) -> list:
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _warn_of_gaps(folder: Path, files: Sequence[Path]) -> None:
    numbers = [re.findall(r"\d+", path.stem) for path in files]
    if not all(numbers):
        return
    steps = np.diff([int(number[-1]) for number in numbers])
    if len(steps) and steps.min() > 0 and steps.max() > steps.min():
        at = int(np.argmax(steps > steps.min()))
        warnings.warn(
            f"{folder} goes from {files[at].name} to {files[at + 1].name}: is a page missing?",
            stacklevel=4,
        )


def _dtype(file: tifffile.TiffFile, path: Path) -> np.dtype:
    page = file.pages.first
    if page.samplesperpixel != 1:
        raise UnreadableImage(
            f"{path} has {page.samplesperpixel} colours in a pixel; convert it to grey values"
        )
    if page.dtype is None or page.dtype.kind not in "biuf":
        raise UnreadableImage(f"{path} has {page.bitspersample} bits of an unknown kind in a pixel")
    return page.dtype.newbyteorder(file.byteorder)


def _one_page_stack(file: tifffile.TiffFile, found) -> tuple[int, ...] | None:
    """Return the shape of a stack that ImageJ or tifffile announces in its only page."""
    if len(found) != 1:
        return None
    series = file.series[0]
    whole = series.dataoffset == int(found[0].offsets[0])
    return series.shape if whole and sum(n > 1 for n in series.shape) > 2 else None


def _lazy(files: Sequence[Path], shape, dtype):
    return from_chunks(
        functools.partial(_planes, tuple(files), shape, dtype.newbyteorder("=")),
        shape,
        dtype.newbyteorder("="),
        plane_chunks(shape, dtype.itemsize),
        token=[(str(path), *ifd.stamp(path)) for path in files],
    )


def _planes(files: tuple[Path, ...], shape, dtype, start, stop) -> np.ndarray:
    """Decode the segments of each page that the box touches."""
    values = np.empty(tuple(b - a for a, b in zip(start, stop)), dtype)
    for out, k in zip(values, range(start[0], stop[0])):
        path, number = (files[0], k) if len(files) == 1 else (files[k], 0)
        with reading(path, f"a TIFF stack, at page {number + 1}"):
            page = ifd.pages(path, ifd.stamp(path))[number]
            _decode(path, page, start[1:], stop[1:], out)
    return values


def _decode(path: Path, page: ifd.Page, start, stop, out: np.ndarray) -> None:
    decode, tables = _decoder(path, ifd.stamp(path))
    first, last = start[0] // page.rows, -(-stop[0] // page.rows)
    with path.open("rb", buffering=0) as file:
        for segment in range(first * page.across, last * page.across):
            file.seek(int(page.offsets[segment]))
            payload = file.read(int(page.counts[segment])) or None
            data, place, shape = decode(payload, segment, jpegtables=tables)
            if data is None:
                raise UnreadableImage("a part of the page is empty")
            _place(data.reshape(shape)[0, :, :, 0], place[2:4], start, stop, out)


def _place(data: np.ndarray, corner, start, stop, out: np.ndarray) -> None:
    """Copy the part of a decoded segment that lies in the box."""
    spans = [(max(a, c), min(b, c + n)) for a, b, c, n in zip(start, stop, corner, data.shape)]
    if all(low < high for low, high in spans):
        target = tuple(slice(low - a, high - a) for (low, high), a in zip(spans, start))
        source = tuple(slice(low - c, high - c) for (low, high), c in zip(spans, corner))
        out[target] = data[source]


@functools.lru_cache(maxsize=64)
def _decoder(path: Path, stamp: tuple):
    """Return the function that unpacks a segment of any page of this file."""
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        return page.decode, page.jpegtables


def _try_first(path: Path, found) -> None:
    """Unpack one row of the first page, so that a missing codec is told before the work."""
    row = np.empty((1, found[0].width), float)
    try:
        _decode(path, found[0], (0, 0), (1, found[0].width), row)
    except (ImportError, ValueError) as error:
        if "imagecodecs" in str(error) or isinstance(error, ImportError):
            raise UnreadableImage(
                f"{path} is compressed in a way (TIFF compression {found[0].kind[4]}) that needs "
                "the package imagecodecs; pip install 'poreflux[tiff]'"
            ) from error
        raise


def _voxel_size(file: tifffile.TiffFile) -> tuple[tuple[float, ...] | None, dict]:
    """Return the voxel size in µm and where the file says it, or None."""
    for source, find in (("OME", _ome_size), ("ImageJ", _imagej_size), ("resolution", _tag_size)):
        size = find(file)
        if size is not None and all(np.isfinite(size)) and min(size) > 0:
            return size, {"voxel_size_from": _SAID[source]}
    return None, {}


_SAID = {
    "OME": "OME metadata",
    "ImageJ": "ImageJ metadata",
    "resolution": "TIFF resolution tags, equal along z",
}


def _ome_size(file: tifffile.TiffFile):
    if not file.is_ome:
        return None
    pixels = ElementTree.fromstring(file.ome_metadata or "").find(".//{*}Pixels")
    if pixels is None:
        return None
    sizes = []
    for axis in "ZYX":
        unit = micrometers(pixels.get(f"PhysicalSize{axis}Unit", "µm"))
        length = pixels.get(f"PhysicalSize{axis}")
        if unit is None or length is None:
            return None
        sizes.append(float(length) * unit)
    return tuple(sizes)


def _imagej_size(file: tifffile.TiffFile):
    meta = file.imagej_metadata or {}
    unit = micrometers(str(meta.get("unit", "")).replace("\\u00B5", "µ"))
    across = _resolution(file)
    if unit is None or across is None or "spacing" not in meta:
        return None
    return (abs(float(meta["spacing"])) * unit, unit / across[0], unit / across[1])


def _tag_size(file: tifffile.TiffFile):
    across = _resolution(file)
    unit = {2: 25400.0, 3: 10000.0}.get(file.pages.first.resolutionunit)
    if file.is_imagej or across is None or unit is None or across[0] != across[1]:
        return None
    per_inch = across[0] * 25400.0 / unit
    if any(abs(per_inch - default) < 0.05 for default in _DEFAULTS):
        return None
    return (unit / across[0],) * 3


def _resolution(file: tifffile.TiffFile) -> tuple[float, float] | None:
    """Return the pixels per unit along y and x."""
    tags = file.pages.first.tags
    values = [tags.valueof(code) for code in (283, 282)]
    if any(not isinstance(value, tuple) or min(value) <= 0 for value in values):
        return None
    return tuple(numerator / denominator for numerator, denominator in values)
