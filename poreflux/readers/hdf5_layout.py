"""What an HDF5 file holds, and boxes of its values, as a process apart reads them.

Any dataset of three axes; Data Exchange's by default, but never its projections.
"""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from poreflux.errors import UnreadableImage
from poreflux.readers.arrays import named, others
from poreflux.readers.description import (
    Axis,
    Choice,
    Description,
    Wanted,
    choose,
    named_axes,
    sizes,
)
from poreflux.readers.hdf5_parts import Parts
from poreflux.readers.image import even_step, no_value, packed, reading
from poreflux.readers.missing import Span

if TYPE_CHECKING:
    from poreflux.readers.lazy import Box

with suppress(ImportError):
    import hdf5plugin  # noqa: F401  registers the filters of beamlines

#: where Data Exchange keeps its images
DATA_EXCHANGE = "exchange/data"
#: datasets beside an array of projections that hold their angles
_ANGLES = ("theta", "rotation_angle")


@dataclass(frozen=True)
class Layout:
    """One dataset of a file: what is read of it, and where its values lie.

    Attributes
    ----------
    name
        of the dataset.
    description
        what the file says of it.
    choice
        which axes are the volume's.
    index
        for each stored axis a number, or a slice where it is one of the volume's.
    shape, dtype
        of what is read, the type in the byte order of this machine.
    native
        chunks of the file, of the axes that are read; None where it is not in chunks.
    files
        that hold its values, the file itself first.
    lost, total
        chunks that the file lacks, and how many there are.
    no_value
        that stands for none, None where the file does not say.
    """

    name: str
    description: Description
    choice: Choice
    index: tuple[int | slice, ...]
    shape: tuple[int, ...]
    dtype: np.dtype
    native: tuple[int, ...] | None
    files: list[Path]
    lost: list[Span]
    total: int
    no_value: float | None


def layout(path: Path, wanted: Wanted, *, reverse: bool = False) -> Layout:
    """Return what a file holds: NeXus' default, ``exchange/data`` or the only volume.

    With ``reverse`` its axes are taken from the last to the first, as MATLAB stores them.
    """
    with reading(path, "an HDF5 file"), h5py.File(path, "r") as file:
        name = _dataset(path, file, wanted.dataset)
        stored = file[name]
        axes, source = _axes(file, stored)
        _refuse_projections(path, name, stored, axes)
        if stored.dtype.kind not in "biuf":
            raise UnreadableImage(f"{path} holds {stored.dtype} in {name}, not real numbers")
        _require_filters(path, stored)
        parts = Parts(path, stored, allowed=wanted.allow_external)
        kind = "MATLAB 7.3" if reverse else "HDF5"
        described = Description(
            kind, axes[::-1] if reverse else axes, str(stored.dtype), name,
            others(_shapes(file), name), spacing_from=source, notes=tuple(packed(stored.attrs)),
        )  # fmt: skip
        choice = choose(described, path, wanted)
        index = choice.index[::-1] if reverse else choice.index
        kept = [axis for axis, at in enumerate(index) if isinstance(at, slice)]
        parts.require_all(name, wanted.missing_as)
        return Layout(
            name, described, choice, index,
            tuple(stored.shape[axis] for axis in kept),
            stored.dtype.newbyteorder("="),
            tuple(stored.chunks[axis] for axis in kept) if stored.chunks else None,
            parts.files, parts.lost, parts.total, no_value(stored.attrs),
        )  # fmt: skip


def read_box(
    path: Path,
    name: str,
    index: tuple[int | slice, ...],
    start: "Box",
    stop: "Box",
    out: np.ndarray,
) -> None:
    """Read the box from ``start`` to ``stop`` of the axes that are slices into ``out``."""
    spans = iter(zip(start, stop))
    at = tuple(slice(*next(spans)) if isinstance(i, slice) else i for i in index)
    with reading(path, "an HDF5 file"), h5py.File(path, "r") as file:
        file[name].read_direct(out, at)


def _dataset(path: Path, file: h5py.File, wanted: str | None) -> str:
    """Return the name of the dataset that is meant."""
    if wanted is not None:
        given = file.get(wanted.strip("/"))
        name = _signal(given) if isinstance(given, h5py.Group) else None
        return name or named(path, _shapes(file), wanted)
    shapes = _shapes(file)
    group: Any = file
    for _ in range(8):  # NeXus: entry, then data
        group = group.get(_text(group.attrs.get("default")) or ".")
        if not isinstance(group, h5py.Group) or _signal(group):
            break
    if isinstance(group, h5py.Group) and (name := _signal(group)):
        return name
    if DATA_EXCHANGE in shapes:
        return DATA_EXCHANGE
    signals = []
    file.visititems(lambda _, item: signals.append(_signal(item)))
    volumes = {name for name in signals if name and len(file[name].shape) >= 3}
    return volumes.pop() if len(volumes) == 1 else named(path, shapes, None)


def _signal(group: object) -> str | None:
    """Return the path of the dataset that an NXdata group shows."""
    if not isinstance(group, h5py.Group) or _text(group.attrs.get("NX_class")) != "NXdata":
        return None
    names = [_text(group.attrs.get("signal"))]
    names += [
        key for key, item in group.items() if hasattr(item, "shape") and "signal" in item.attrs
    ]
    for name in names:
        if name and isinstance(group.get(name), h5py.Dataset):
            return f"{group.name}/{name}".strip("/")
    return None


def _axes(file: h5py.File, stored: h5py.Dataset) -> tuple[tuple[Axis, ...], str | None]:
    """Return the axes with what NeXus, ilastik, dimension scales or labels say of them."""
    names: list[str] = []
    spacings: list[float | None] = [None] * stored.ndim
    source = None
    tags, parent = _axistags(stored), stored.parent
    nexus = _texts(parent.attrs.get("axes")) or _texts(stored.attrs.get("axes"))
    scales = [_scale(stored, axis) for axis in range(stored.ndim)]
    if len(tags) == stored.ndim:
        names = tags
    elif len(nexus) == stored.ndim:
        names = nexus
        positions = [parent.get(name) if name.strip(".") else None for name in names]
        spacings = [_step(item, n) for item, n in zip(positions, stored.shape)]
        source = "NXdata axes"
    else:
        names = [stored.dims[axis].label or scale[0] for axis, scale in enumerate(scales)]
    axes = named_axes(stored.shape, names, spacings)
    if not any(axis.spacing for axis in axes):
        axes = named_axes(stored.shape, names, [scale[1] for scale in scales])
        source = "HDF5 dimension scales"
    if not any(axis.spacing for axis in axes):
        axes, source = _with_element_size(axes, stored), "element_size_um"
    return axes, source if any(axis.spacing for axis in axes) else None


def _axistags(stored: h5py.Dataset) -> list[str]:
    """Return the names that ilastik and vigra write."""
    with suppress(ValueError, KeyError, TypeError):
        return [str(axis["key"]) for axis in json.loads(_text(stored.attrs["axistags"]))["axes"]]
    return []


def _scale(stored: h5py.Dataset, axis: int) -> tuple[str, float | None]:
    """Return name and spacing of a dimension scale."""
    with suppress(Exception):  # a scale may point to what is not there
        for name, scale in stored.dims[axis].items():
            said = _text(scale.attrs.get("NAME")) or name or str(scale.name)
            own = "This is a netCDF dimension" in said
            return (str(scale.name) if own else said).split("/")[-1], _step(
                scale, stored.shape[axis]
            )
    return "", None


def _step(positions: object, count: int) -> float | None:
    if not isinstance(positions, h5py.Dataset) or positions.shape != (count,):
        return None
    unit = _text(positions.attrs.get("units")) or _text(positions.attrs.get("unit"))
    return even_step(positions[()], unit)


def _texts(value: object) -> list[str]:
    """Return the words of an attribute: a list, or one text parted by colons or commas."""
    if value is None:
        return []
    words = [_text(word) for word in np.ravel(np.asarray(value, dtype=object))]
    return re.split(r"[:,]", words[0].strip("[]")) if len(words) == 1 else words


def _text(value: object) -> str:
    value = np.ravel(np.asarray(value, dtype=object))[0] if value is not None else ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


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

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and item.shape and not name.startswith("#"):
            shapes[name] = item.shape

    file.visititems(visit)
    return shapes


def _refuse_projections(path: Path, name: str, stored: h5py.Dataset, axes: Sequence[Axis]) -> None:
    angles = [
        key
        for key in _ANGLES
        if key in stored.parent
        and isinstance(stored.parent[key], h5py.Dataset)
        and stored.parent[key].shape == stored.shape[:1]
    ]
    said = _texts(stored.attrs.get("axes"))
    turned = any(axis.name in _ANGLES for axis in axes)
    if angles or turned or said[:1] == ["theta"]:
        seen = f"angles in {angles[0]}" if angles else f"axes {':'.join(said) or sizes(axes)}"
        raise UnreadableImage(
            f"{path} holds {stored.shape[0]} projections in {name} ({seen}), not a volume; "
            "reconstruct them first, for instance with tomopy, and import the result"
        )


def _with_element_size(axes: tuple[Axis, ...], stored: h5py.Dataset) -> tuple[Axis, ...]:
    """Return the axes with the voxel size that ilastik and Fiji write, in (z, y, x)."""
    size = np.ravel(np.asarray(stored.attrs.get("element_size_um", ()), dtype=float))
    if size.shape != (3,) or not np.all(np.isfinite(size)) or not np.all(size > 0):
        return axes
    lengths = dict(zip("zyx", size.tolist()))
    if {axis.name for axis in axes} >= set("zyx"):
        return tuple(replace(axis, spacing=lengths.get(axis.name)) for axis in axes)
    return (
        axes
        if len(axes) != 3
        else tuple(replace(axis, spacing=length) for axis, length in zip(axes, size.tolist()))
    )
