"""PNG, BMP and JPEG: one plane a file, through imageio."""

import functools
from collections.abc import Sequence
from pathlib import Path

import imageio.v3 as imageio
import numpy as np

from poreflux.errors import UnreadableImage
from poreflux.readers.description import Description, Wanted, choose, named_axes
from poreflux.readers.image import Image, plane_chunks, reading
from poreflux.readers.lazy import Box, from_chunks
from poreflux.readers.series import LOSSY, Series


def read(folder: Path, series: Series, notes: Sequence[str], wanted: Wanted) -> Image:
    """Read the pages of a folder, all of one size and type."""
    first = plane(series.files[0])
    for path in series.files[1:]:
        shape, dtype = _header(path)
        if (shape, dtype) != _header(series.files[0]):
            differs = "size" if shape != first.shape else "type"
            raise UnreadableImage(
                f"{folder} has pages that differ in {differs}: {series.files[0].name} is "
                f"{first.shape[1]}x{first.shape[0]} of {first.dtype}, {path.name} is "
                f"{shape[1]}x{shape[0]} of {dtype}; a volume's pages are all alike"
            )
    suffix = series.files[0].suffix.lower()
    if suffix in LOSSY:
        notes = [*notes, f"{suffix} pages are compressed with loss: grey values are not measured"]
    if _transparent(series.files[0]):
        notes = [*notes, "the pages are transparent in parts, which is passed over"]
    axes = named_axes((len(series.files), *first.shape), "zyx")
    described = Description(
        f"folder of {suffix} pages {series.pattern}",
        axes if len(series.files) > 1 else axes[1:],
        str(first.dtype),
        notes=tuple(notes),
    )
    choice = choose(described, folder, wanted)
    shape = (len(series.files), *first.shape)
    array = from_chunks(
        functools.partial(_planes, series.files, first.dtype),
        shape,
        first.dtype,
        plane_chunks(shape, first.dtype.itemsize),
        token=[(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in series.files],
    )
    return Image(array, described, choice, list(series.files), {"series": series.pattern})


def read_one(path: Path, wanted: Wanted) -> Image:
    """Refuse a single picture, which is no volume, in the words of all readers."""
    with reading(path, "a picture"):
        image = plane(path)
        described = Description(
            path.suffix.lower(), named_axes(image.shape, "yx"), str(image.dtype)
        )
        choose(described, path, wanted)
    raise UnreadableImage(f"{path} is one image; give the folder of its series")


def plane(path: Path) -> np.ndarray:
    """Return the grey values of a picture; colours that are all grey count as such."""
    with reading(path, "a picture"):
        values = np.asarray(imageio.imread(path, plugin="pillow"))
    if values.ndim == 3 and values.shape[2] in (3, 4):
        if np.any(np.ptp(values[..., :3], axis=2) > 0):
            raise UnreadableImage(f"{path} is in colour; convert it to grey values")
        values = values[..., 0]
    elif values.ndim == 3 and values.shape[2] == 2:  # grey and its opacity
        values = values[..., 0]
    if values.ndim != 2 or values.dtype.kind not in "biuf":
        raise UnreadableImage(f"{path} holds an array of shape {values.shape}, not one grey image")
    return values


def _transparent(path: Path) -> bool:
    """Return whether a picture has opacities, and they are not all the same."""
    values = np.asarray(imageio.imread(path, plugin="pillow"))
    return values.ndim == 3 and values.shape[2] in (2, 4) and bool(np.ptp(values[..., -1]))


@functools.lru_cache(maxsize=4096)
def _header(path: Path) -> tuple[tuple[int, ...], np.dtype]:
    with reading(path, "a picture"):
        said = imageio.improps(path, plugin="pillow")
    return tuple(said.shape[:2]), said.dtype


def _planes(files: tuple[Path, ...], dtype: np.dtype, start: Box, stop: Box) -> np.ndarray:
    values = np.empty(tuple(b - a for a, b in zip(start, stop)), dtype)
    for out, path in zip(values, files[start[0] : stop[0]]):
        out[:] = plane(path)[start[1] : stop[1], start[2] : stop[2]]
    return values
