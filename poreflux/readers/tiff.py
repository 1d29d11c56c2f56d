"""TIFF: one file of many pages, or a folder of pages in the order of their numbers."""

import functools
import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import dask.array as da
import numpy as np
import tifffile

from poreflux.errors import ChooseOne, UnreadableImage
from poreflux.readers import ifd, pictures
from poreflux.readers.description import Choice, Description, Wanted, choose, named_axes
from poreflux.readers.image import Image, micrometers, plane_chunks, reading
from poreflux.readers.lazy import Box, from_chunks
from poreflux.readers.raw import fill, flat, read_flat
from poreflux.readers.series import PICTURES, find_series
from poreflux.readers.tiff_values import lossy, no_value, shown

# what it logs about broken files, our exceptions say
logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)

#: resolutions that programs write without having measured any, in pixels per inch
_DEFAULTS = (1, 72, 96, 100, 150, 200, 300, 400, 600, 1200)


#: pages that one thread unpacks at once: a slab of a store is then work for several
_TOGETHER = 32


def read(path: Path, wanted: Wanted, *, kind: str = "gray") -> Image:
    """Read a TIFF file: the series that is meant, by the axes that ImageJ, OME or others name."""
    with reading(path, "a TIFF stack"):
        found = ifd.pages(path, ifd.stamp(path))
        with tifffile.TiffFile(path) as file:
            stack = _stack(path, file, found, wanted.dataset)
            dtype = _dtype(file, path, stack.pages[0])
            source, spacings = _spacings(file, stack.number)
            nothing = no_value(file, stack.pages[0])
        notes, turned = shown(stack.pages[0].photometric, dtype, kind, path.name)
        notes += lossy(stack.pages[0], path.name)
        axes = named_axes(stack.shape, stack.axes, _lengths(stack, spacings))
        described = Description(
            f"{stack.kind} TIFF", axes, str(dtype.newbyteorder("=")), stack.name, stack.others,
            ifd.photometric_name(stack.pages[0].photometric),
            source if any(axis.spacing for axis in axes) else None, tuple(notes),
        )  # fmt: skip
        choice = choose(described, path, wanted)
        array = _array(path, stack, dtype, choice)
        return Image(turned(array), described, choice, [path], no_value=nothing)


@dataclass(frozen=True)
class _Stack:
    """One series of a file: its axes, and the pages that hold it."""

    kind: str
    name: str | None
    number: int
    axes: str
    shape: tuple[int, ...]
    pages: tuple[ifd.Page, ...]
    others: tuple[str, ...]


def _stack(
    path: Path, file: tifffile.TiffFile, found: tuple[ifd.Page, ...], wanted: str | None
) -> _Stack:
    """Return the series that is meant; refuse one that is not whole."""
    announced = _announced(file)
    if announced is not None and announced > len(found) > 1:
        raise UnreadableImage(
            f"{path} has {len(found)} pages, its metadata announce {announced}: pages are missing; "
            "fetch it again, or save it anew"
        )
    series = list(file.series)
    if not file.is_ome and wanted is None:
        ifd.require_alike(path, found)
    names = [_name(each, number) for number, each in enumerate(series)]
    volumes = [n for n, each in enumerate(series) if sum(length > 1 for length in each.shape) > 2]
    if wanted is not None:
        if wanted not in (*names, *map(str, range(len(series)))):
            raise ChooseOne(f"{path} has no series {wanted!r}; choose one of {_listed(series)}")
        number = names.index(wanted) if wanted in names else int(wanted)
    elif len(volumes) > 1:
        raise ChooseOne(
            f"{path} has {len(volumes)} series ({_listed(series)}); name one with dataset="
        )
    elif not volumes and len(series) > 1:
        ifd.require_alike(path, found)
        plane = (found[0].length, found[0].width)
        return _Stack("multi-page", None, 0, "IYX", (len(found), *plane), found, ())
    else:
        number = volumes[0] if volumes else 0
    one = series[number]
    _require_no_more(path, series, found, one.kind)
    pages = _pages_of(path, file, one, found)
    others = tuple(name for n, name in enumerate(names) if n != number)
    kind = {"imagej": "ImageJ", "ome": "OME", "shaped": "multi-page", "uniform": "multi-page"}
    return _Stack(
        kind.get(one.kind, one.kind), one.name if others else None, number,
        one.axes, tuple(one.shape), pages, others,
    )  # fmt: skip


def _require_no_more(
    path: Path,
    series: Sequence[tifffile.TiffPageSeries],
    found: Sequence[ifd.Page],
    kind: str,
) -> None:
    """Refuse a file with pages that its metadata leave out: which of the two errs is not known."""
    told = {page.index for each in series for page in each.pages if page is not None}
    more = [page for page in found if page.index not in told]
    if more:
        raise UnreadableImage(
            f"{path} has {len(found)} pages, of which its {kind} metadata tell {len(told)}: one of "
            "the two is wrong; save it anew"
        )


def _name(series: tifffile.TiffPageSeries, number: int) -> str:
    return series.name or str(number)


def _listed(series: Sequence[tifffile.TiffPageSeries]) -> str:
    shapes = ["x".join(map(str, each.shape)) for each in series]
    return ", ".join(f"{_name(s, n)} {s.axes} {shapes[n]}" for n, s in enumerate(series))


def _pages_of(
    path: Path,
    file: tifffile.TiffFile,
    one: tifffile.TiffPageSeries,
    found: tuple[ifd.Page, ...],
) -> tuple[ifd.Page, ...]:
    """Return the pages of a series, checked against what the file says there should be."""
    if one.is_multifile:
        raise UnreadableImage(
            f"{path} is one of several files of an OME image; save the image as one file"
        )
    numbered = {page.index: page for page in found}
    listed = [None if page is None else page.index for page in one.pages]
    if any(number is None or number not in numbered for number in listed):
        raise UnreadableImage(
            f"{path} lacks pages that its {one.kind} metadata announce; fetch it again"
        )
    pages = tuple(numbered[number] for number in listed if number is not None)
    ifd.require_alike(path, pages)
    planes = math.prod(one.shape) // max(1, _in_page(pages[0]))
    if len(pages) not in (1, planes) or (len(pages) == 1 < planes and not _in_one(one, pages[0])):
        raise UnreadableImage(f"{path} has {len(pages)} pages for {planes}; fetch it again")
    return pages


def _in_page(page: ifd.Page) -> int:
    return page.width * page.length * page.depth * page.kind[3]


def _in_one(one: tifffile.TiffPageSeries, page: ifd.Page) -> bool:
    """Return whether all planes follow the first, as ImageJ writes stacks beyond 4 GB."""
    return one.dataoffset == int(page.offsets[0])


def _announced(file: tifffile.TiffFile) -> int | None:
    """Return the number of pages that ImageJ or tifffile wrote down."""
    if file.is_imagej:
        said = (file.imagej_metadata or {}).get("images")
        return int(said) if said else None
    with suppress(ValueError, TypeError, KeyError, AttributeError):
        first = file.pages.first
        shape = json.loads(first.description)["shape"]
        return math.prod(shape) // math.prod(first.shape)
    return None


def _lengths(stack: _Stack, spacings: Mapping[str, float]) -> list[float | None]:
    """Return the spacing of each axis; that along z of the only other axis, where none is z."""
    outer = [a for a, n in zip(stack.axes, stack.shape) if a not in "YX" and n > 1]
    if "Z" not in stack.axes and len(outer) == 1 and "Z" in spacings:
        spacings = {**spacings, outer[0]: spacings["Z"]}
    return [spacings.get(a) for a in stack.axes]


def _array(path: Path, stack: _Stack, dtype: np.dtype, choice: Choice) -> da.Array:
    """Return the volume that is chosen, lazily."""
    whole = [isinstance(at, slice) for at in choice.index]
    start = ifd.contiguous(stack.pages)
    planes = math.prod(stack.shape) // _in_page(stack.pages[0])
    if len(stack.pages) == 1 < planes:
        start = int(stack.pages[0].offsets[0])
    if start is not None and (all(whole) or len(stack.pages) == 1):
        return flat(path, start, stack.shape, dtype, index=choice.index)
    inner = 3 if stack.pages[0].depth > 1 else 2
    if not all(whole[-inner:]) or sum(whole) != 3:
        raise UnreadableImage(f"{path} has pages of one row or column; save it anew as z, y, x")
    outer = stack.shape[:-inner]
    numbers = np.ravel(np.arange(math.prod(outer)).reshape(outer)[choice.index[:-inner]])
    pages = [stack.pages[number].index for number in numbers]
    _try_first(path, stack.pages)
    if inner == 3:
        return _volumetric(path, pages[0], stack, dtype)
    return lazy_pages([path] * len(pages), pages, stack.shape[-2:], dtype)


def _volumetric(path: Path, number: int, stack: _Stack, dtype: np.dtype) -> da.Array:
    """Return the planes of one page that has depth, lazily."""
    shape = stack.shape[-3:]
    return from_chunks(
        functools.partial(_depths, path, number, dtype.newbyteorder("=")),
        shape,
        dtype.newbyteorder("="),
        plane_chunks(shape, dtype.itemsize),
        token=(str(path), *ifd.stamp(path), number),
    )


def _depths(path: Path, number: int, dtype: np.dtype, start: Box, stop: Box) -> np.ndarray:
    values = np.zeros(tuple(b - a for a, b in zip(start, stop)), dtype)
    with reading(path, f"a TIFF stack, at page {number + 1}"), path.open("rb") as file:
        page = next(p for p in ifd.pages(path, ifd.stamp(path)) if p.index == number)
        decode, tables = _decoder(path, ifd.stamp(path), page.kind)
        for segment in range(len(page.offsets)):
            _, place, shape = decode(None, segment, jpegtables=tables)
            spans = zip(start, stop, place[1:4], shape[:3])
            if all(max(a, c) < min(b, c + n) for a, b, c, n in spans):
                file.seek(int(page.offsets[segment]))
                payload = file.read(int(page.counts[segment])) or None
                data, place, shape = decode(payload, segment, jpegtables=tables)
                if data is None:
                    raise UnreadableImage("a part of the page is empty")
                _place(data.reshape(shape)[..., 0], place[1:4], start, stop, values)
    return values


def read_folder(folder: Path, wanted: Wanted, *, kind: str = "gray") -> Image:
    """Read a folder whose TIFF files are the pages of one series."""
    with reading(folder, "a folder of pages"):
        series, notes = find_series(folder, wanted.series)
        if series.files[0].suffix.lower() in PICTURES:
            return pictures.read(folder, series, notes, wanted)
        first = ifd.pages(series.files[0], ifd.stamp(series.files[0]))
        _require_alike(folder, series.files, first[0])
        with tifffile.TiffFile(series.files[0]) as file:
            source, spacings = _spacings(file, 0)
            dtype = _dtype(file, series.files[0], first[0])
            nothing = no_value(file, first[0])
        _try_first(series.files[0], first)
        said, turned = shown(first[0].photometric, dtype, kind, series.pattern)
        said += lossy(first[0], series.pattern)
        plane = (first[0].length, first[0].width)
        lengths = [None, spacings.get("Y"), spacings.get("X")]
        axes = named_axes((len(series.files), *plane), "zyx", lengths)
        described = Description(
            f"folder of TIFF pages {series.pattern}", axes, str(dtype.newbyteorder("=")),
            photometric=ifd.photometric_name(first[0].photometric),
            spacing_from=source if any(lengths) else None, notes=(*notes, *said),
        )  # fmt: skip
        if len(series.files) == 1:
            described = replace(described, axes=axes[1:])
        choice = choose(described, folder, wanted)
        array = lazy_pages(series.files, [0] * len(series.files), plane, dtype)
    how = {"series": series.pattern}
    return Image(turned(array), described, choice, list(series.files), how, no_value=nothing)


def _require_alike(folder: Path, files: Sequence[Path], first: ifd.Page) -> None:
    """Refuse a folder whose files are not single pages of one size and kind of number."""
    for path in files:
        found = ifd.pages_of_small(path, ifd.stamp(path))
        if len(found) != 1 or found[0].depth > 1:
            raise UnreadableImage(
                f"{path} has {max(len(found), found[0].depth)} pages; give it alone, not its folder"
            )
        if found[0].number != first.number:
            raise UnreadableImage(
                f"{folder} has pages that differ in {ifd.differences(first, found[0])}: "
                f"{files[0].name} is {ifd.describe(first)}, {path.name} is "
                f"{ifd.describe(found[0])}; a volume's pages are all alike"
            )


def _dtype(file: tifffile.TiffFile, path: Path, first: ifd.Page) -> np.dtype:
    page: Any = file.pages[first.index]
    page = getattr(page, "keyframe", page)
    if page.samplesperpixel != 1:
        raise UnreadableImage(
            f"{path} has {page.samplesperpixel} colours in a pixel; convert it to grey values"
        )
    if page.dtype is None or page.dtype.kind not in "biuf":
        raise UnreadableImage(f"{path} has {page.bitspersample} bits of an unknown kind in a pixel")
    return page.dtype.newbyteorder(file.byteorder)


def lazy_pages(
    files: Sequence[Path], numbers: Sequence[int], plane: Sequence[int], dtype: np.dtype
) -> da.Array:
    """Return planes of files, by the numbers of their pages, lazily."""
    shape = (len(files), *plane)
    stamps = {path: (str(path), *ifd.stamp(path)) for path in files}
    return from_chunks(
        functools.partial(_planes, tuple(files), tuple(numbers), dtype.newbyteorder("=")),
        shape,
        dtype.newbyteorder("="),
        (min(_TOGETHER, plane_chunks(shape, dtype.itemsize)[0]), *plane),
        token=[list(stamps.values()), list(numbers)],
    )


def _planes(
    files: tuple[Path, ...], numbers: tuple[int, ...], dtype: np.dtype, start: Box, stop: Box
) -> np.ndarray:
    """Read the rows of each page that the box touches, or decode its segments."""
    values = np.empty(tuple(b - a for a, b in zip(start, stop)), dtype)
    pages = ifd.pages if files[0] == files[-1] else ifd.pages_of_small
    for out, k in zip(values, range(start[0], stop[0])):
        path, number = files[k], numbers[k]
        with reading(path, f"a TIFF stack, at page {number + 1}"):
            found = pages(path, ifd.stamp(path))
            # reduced images are left out, so a page stands at its number or before
            page = next(page for page in found[number::-1] if page.index == number)
            first = ifd.contiguous((page,))
            if first is None:
                _decode(path, page, start[1:], stop[1:], out)
            else:
                _read_rows(path, page, first, start[1:], stop[1:], out)
    return values


def _read_rows(
    path: Path, page: ifd.Page, first: int, start: Box, stop: Box, out: np.ndarray
) -> None:
    """Read a box of a page whose numbers lie one after the other from byte `first` on."""
    dtype = out.dtype.newbyteorder(page.byte_order)
    if stop[1] - start[1] == page.width and dtype.isnative:
        with path.open("rb", buffering=0) as file:
            fill(file, first + start[0] * page.width * dtype.itemsize, out, path)
    else:
        shape, whole = (1, page.length, page.width), [slice(None)] * 3
        out[:] = read_flat(path, first, shape, whole, dtype, (0, *start), (1, *stop))[0]


def _decode(path: Path, page: ifd.Page, start: Box, stop: Box, out: np.ndarray) -> None:
    decode, tables = _decoder(path, ifd.stamp(path), page.kind)
    first, last = start[0] // page.rows, -(-stop[0] // page.rows)
    with path.open("rb", buffering=0) as file:
        for segment in range(first * page.across, last * page.across):
            file.seek(int(page.offsets[segment]))
            payload = file.read(int(page.counts[segment])) or None
            data, place, shape = decode(payload, segment, jpegtables=tables)
            if data is None:
                raise UnreadableImage("a part of the page is empty")
            _place(data.reshape(shape)[0, :, :, 0], place[2:4], start, stop, out)


def _place(data: np.ndarray, corner: Sequence[int], start: Box, stop: Box, out: np.ndarray) -> None:
    """Copy the part of a decoded segment that lies in the box."""
    spans = [(max(a, c), min(b, c + n)) for a, b, c, n in zip(start, stop, corner, data.shape)]
    if all(low < high for low, high in spans):
        target = tuple(slice(low - a, high - a) for (low, high), a in zip(spans, start))
        source = tuple(slice(low - c, high - c) for (low, high), c in zip(spans, corner))
        out[target] = data[source]


@functools.lru_cache(maxsize=64)
def _decoder(path: Path, stamp: tuple, kind: tuple) -> tuple[Callable[..., Any], Any]:
    """Return the function that unpacks a segment of any page of this kind."""
    index = next(page.index for page in ifd.pages(path, stamp) if page.kind == kind)
    with tifffile.TiffFile(path) as file:
        page = file.pages[index]
        page = getattr(page, "keyframe", page)
        return page.decode, page.jpegtables


def _try_first(path: Path, found: Sequence[ifd.Page]) -> None:
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


def _spacings(file: tifffile.TiffFile, number: int) -> tuple[str | None, dict[str, float]]:
    """Return where the file says its spacings, and those it says, in µm by the letter of the axis.

    Programs write resolutions of screens and printers without having measured any.
    """
    if file.is_ome and (found := _ome_spacings(file, number)):
        return "OME metadata", found
    across = _resolution(file)
    if file.is_imagej:
        meta = file.imagej_metadata or {}
        unit = micrometers(str(meta.get("unit", "")))
        found = dict(zip("YX", (unit / n for n in across))) if unit and across else {}
        if unit == 25400.0 and across and _is_default(across[0]):
            return None, {}
        own = micrometers(str(meta.get("zunit", meta.get("unit", ""))))
        if own and float(meta.get("spacing") or 0):
            found["Z"] = abs(float(meta["spacing"])) * own
        return ("ImageJ metadata" if found else None), found
    unit = {2: 25400.0, 3: 10000.0}.get(file.pages.first.resolutionunit)
    if across is None or unit is None or any(_is_default(n * 25400.0 / unit) for n in across):
        return None, {}
    return "TIFF resolution tags", dict(zip("YX", (unit / n for n in across)))


def _is_default(per_inch: float) -> bool:
    return any(abs(per_inch - default) < 0.05 for default in _DEFAULTS)


def _ome_spacings(file: tifffile.TiffFile, number: int) -> dict[str, float]:
    images = ElementTree.fromstring(file.ome_metadata or "").findall(".//{*}Pixels")
    found = {}
    for axis in "ZYX" if number < len(images) else "":
        unit = micrometers(images[number].get(f"PhysicalSize{axis}Unit", "µm"))
        length = images[number].get(f"PhysicalSize{axis}")
        if unit is not None and length is not None:
            found[axis] = float(length) * unit
    return found


def _resolution(file: tifffile.TiffFile) -> tuple[float, float] | None:
    """Return the pixels per unit along y and x."""
    tags = file.pages.first.tags
    values = [tags.valueof(code) for code in (283, 282)]
    if any(not isinstance(value, tuple) or min(value) <= 0 for value in values):
        return None
    return tuple(numerator / denominator for numerator, denominator in values)
