"""HDF5: any dataset of three axes; Data Exchange's by default, but never its projections."""

import functools
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np

from poreflux.errors import UnreadableImage
from poreflux.readers.image import (
    Image,
    aligned_chunks,
    kept_axes,
    plane_chunks,
    reading,
    three_axes,
)
from poreflux.readers.lazy import from_chunks
from poreflux.readers.numpy import choose

with suppress(ImportError):
    import hdf5plugin  # noqa: F401  registers the filters of beamlines

#: where Data Exchange keeps its images
DATA_EXCHANGE = "exchange/data"
#: datasets beside an array of projections that hold their angles
_ANGLES = ("theta", "rotation_angle")


def read(path: Path, dataset: str | None = None, *, reverse: bool = False) -> Image:
    """Read one dataset of an HDF5 file, by default ``exchange/data`` or the only volume in it.

    With ``reverse`` its axes are taken from the last to the first, as MATLAB stores them.
    """
    with reading(path, "an HDF5 file"), h5py.File(path, "r") as file:
        shapes = _shapes(file)
        default = DATA_EXCHANGE if DATA_EXCHANGE in shapes else None
        name = choose(path, shapes, dataset or default)
        stored = file[name]
        _refuse_projections(path, name, stored)
        if stored.dtype.kind not in "biuf":
            raise UnreadableImage(f"{path} holds {stored.dtype} in {name}, not real numbers")
        _require_filters(path, stored)
        shape = three_axes(stored.shape, f"{path}:{name}")
        keep = kept_axes(stored.shape, shape)
        itemsize = stored.dtype.itemsize
        chunks = plane_chunks(shape, itemsize)
        if stored.chunks:
            chunks = aligned_chunks(shape, itemsize, [stored.chunks[axis] for axis in keep])
        status = path.stat()
        lazy = from_chunks(
            functools.partial(_box, path, name, len(stored.shape), keep),
            shape,
            stored.dtype.newbyteorder("="),
            chunks,
            token=(str(path), status.st_size, status.st_mtime_ns, name),
        )
        size = _element_size(stored)
    how = {"dataset": name, **({"voxel_size_from": "element_size_um"} if size else {})}
    return Image(lazy.T if reverse else lazy, size, [path], how)


def _box(path: Path, name: str, ndim: int, keep: tuple[int, ...], start, stop) -> np.ndarray:
    # h5py serialises what threads ask of it, so each call may open the file for itself
    index: list = [0] * ndim
    for axis, a, b in zip(keep, start, stop):
        index[axis] = slice(a, b)
    with reading(path, "an HDF5 file"), h5py.File(path, "r") as file:
        return file[name][tuple(index)]


def _require_filters(path: Path, stored: h5py.Dataset) -> None:
    """Refuse a compression that cannot be undone, before the work."""
    created = stored.id.get_create_plist()
    for number in range(created.get_nfilters()):
        code, _, _, name = created.get_filter(number)
        if not h5py.h5z.filter_avail(code):
            raise UnreadableImage(
                f"{path} is compressed with the HDF5 filter {code} ({name.decode() or 'no name'}), "
                "which is not installed; pip install 'poreflux[hdf5]'"
            )


def _shapes(file: h5py.File) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}

    def visit(name: str, item) -> None:
        if isinstance(item, h5py.Dataset) and item.shape and not name.startswith("#"):
            shapes[name] = item.shape

    file.visititems(visit)
    return shapes


def _refuse_projections(path: Path, name: str, stored: h5py.Dataset) -> None:
    angles = [
        key
        for key in _ANGLES
        if key in stored.parent
        and isinstance(stored.parent[key], h5py.Dataset)
        and stored.parent[key].shape == stored.shape[:1]
    ]
    axes = stored.attrs.get("axes", "")
    axes = axes.decode() if isinstance(axes, bytes) else str(axes)
    if angles or axes.startswith("theta"):
        seen = f"angles in {angles[0]}" if angles else f"axes {axes}"
        raise UnreadableImage(
            f"{path} holds {stored.shape[0]} projections in {name} ({seen}), not a volume; "
            "reconstruct them first, for instance with tomopy, and import the result"
        )


def _element_size(stored: h5py.Dataset) -> tuple[float, float, float] | None:
    """Return the voxel size that ilastik and Fiji write, in (z, y, x)."""
    size = np.ravel(np.asarray(stored.attrs.get("element_size_um", ()), dtype=float))
    good = size.shape == (3,) and np.all(np.isfinite(size)) and np.all(size > 0)
    return (float(size[0]), float(size[1]), float(size[2])) if good else None
