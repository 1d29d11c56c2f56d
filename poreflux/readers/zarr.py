"""Zarr of version 2 and 3: OME-Zarr images at full size, our own stores, plain arrays."""

import functools
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import zarr

from poreflux.errors import ChooseOne, UnreadableImage
from poreflux.objects import zarr_place
from poreflux.readers.arrays import named, others
from poreflux.readers.chunks import lost_chunks, require_in_place
from poreflux.readers.description import Axis, Description, Wanted, choose, named_axes
from poreflux.readers.image import (
    Image,
    aligned_chunks,
    even_step,
    flags,
    micrometers,
    no_value,
    packed,
    reading,
)
from poreflux.readers.lazy import Box, from_chunks
from poreflux.readers.missing import filled, require_all

#: files that make a folder a Zarr array or group
MARKS = ("zarr.json", ".zarray", ".zgroup")

#: names and spacings of the axes of each array of an OME image
_Levels: TypeAlias = Mapping[str, tuple[list[str], list[float | None]]]


def read(path: Path, wanted: Wanted, *, kind: str = "gray") -> Image:
    """Read an array of a Zarr folder: the one named, a variable of this kind, or the OME image."""
    with reading(path, "a Zarr store"):
        node = zarr.open(zarr_place(path), mode="r")
        if isinstance(node, zarr.Array):
            return _image(path, "", node, wanted, {"": node}, {})
        arrays, groups = _members(node)
        images = {name: image for name, group in groups.items() if (image := _ome(name, group))}
        if wanted.dataset is None and kind not in arrays:
            _refuse_several(path, node)
        name = _dataset(path, arrays, images, wanted.dataset, kind)
        if name not in arrays:
            raise UnreadableImage(f"{path} lacks its array {name}; fetch it again")
        levels = {key: said for image in images.values() for key, said in image.items()}
        return _image(path, name, arrays[name], wanted, arrays, levels, node.attrs)


def _members(group: zarr.Group) -> tuple[dict[str, zarr.Array], dict[str, zarr.Group]]:
    """Return the arrays and the groups of a store, itself among them."""
    with warnings.catch_warnings():
        # other files in the folder are none of our business
        warnings.simplefilter("ignore")
        members = group.members(max_depth=None)
    arrays = {name: item for name, item in members if isinstance(item, zarr.Array)}
    return arrays, {"": group, **{n: item for n, item in members if isinstance(item, zarr.Group)}}


def _dataset(path: Path, arrays: Mapping, images: Mapping, wanted: str | None, kind: str) -> str:
    """Return the name of the array that is meant."""
    if wanted is not None:
        name = wanted.strip("/")
        if name in images:
            return _largest(images[name], arrays)
        return named(path, {key: array.shape for key, array in arrays.items()}, wanted)
    if kind in arrays:
        return kind
    if "" in images:
        return _largest(images[""], arrays)
    found = [n for n in images if not {"labels", "pyramid"} & set(n.split("/"))]
    if len(found) > 1:
        raise ChooseOne(
            f"{path} has {len(found)} images ({', '.join(found[:8])}"
            f"{', ...' if len(found) > 8 else ''}); name one with dataset="
        )
    if found:
        return _largest(images[found[0]], arrays)
    return named(path, {key: array.shape for key, array in arrays.items()}, None)


def _largest(levels: _Levels, arrays: Mapping[str, zarr.Array]) -> str:
    """Return the level of full size, whatever their order; or one that is not there."""
    missing = [name for name in levels if name not in arrays]
    return missing[0] if missing else max(levels, key=lambda name: arrays[name].size)


def _refuse_several(path: Path, group: zarr.Group) -> None:
    """Refuse a store of several OME images in one group, of which none is chosen."""
    attrs: dict[str, Any] = dict(group.attrs)
    images = attrs.get("ome", attrs).get("multiscales", [])
    if len(images) > 1:
        first = [str(image["datasets"][0]["path"]) for image in images]
        raise ChooseOne(
            f"{path} has {len(images)} images ({', '.join(first)}); name one with dataset="
        )


def _image(
    path: Path,
    name: str,
    array: zarr.Array,
    wanted: Wanted,
    arrays: Mapping[str, zarr.Array],
    levels: _Levels,
    saved: Mapping[str, Any] | None = None,
) -> Image:
    if array.dtype.kind not in "biuf":
        raise UnreadableImage(f"{path} holds {array.dtype}, not real numbers")
    axes, source = _axes(name, array, arrays, levels, dict(saved or {}))
    described = Description(
        f"{'OME-Zarr' if name in levels else 'Zarr'} (format {array.metadata.zarr_format})",
        axes,
        str(array.dtype),
        name or None,
        others({key: item.shape for key, item in arrays.items() if key not in levels}, name),
        spacing_from=source,
        notes=tuple(packed(array.attrs)),
    )
    choice = choose(described, path, wanted)
    shape = tuple(array.shape[axis] for axis in choice.kept)
    native = [(array.shards or array.chunks)[axis] for axis in choice.kept]
    lost, total = lost_chunks(path / name, array)
    require_all(path, name, lost, total, wanted.missing_as)
    require_in_place(path / name, array)
    box = functools.partial(_box, path, name, choice.index)
    lazy = from_chunks(
        filled(box, lost, choice.index, wanted.missing_as),
        shape,
        array.dtype.newbyteorder("="),
        aligned_chunks(shape, array.dtype.itemsize, native),
        token=(
            str(path),
            name,
            _stamp(path / name),
            str(choice.index),
            len(lost),
            str(wanted.missing_as),
        ),
    )
    how: dict[str, Any] = {"dataset": name} if name else {}
    if lost:
        how["missing_as"] = wanted.missing_as
    return Image(lazy, described, choice, [], how, flags(array.attrs), no_value(array.attrs))


def _axes(
    name: str,
    array: zarr.Array,
    arrays: Mapping[str, zarr.Array],
    levels: _Levels,
    saved: Mapping[str, Any],
) -> tuple[tuple[Axis, ...], str | None]:
    """Return the axes with what OME, xarray or our own store say of them."""
    own = np.ravel(np.asarray(array.attrs.get("voxel_size", saved.get("voxel_size", ())), float))
    if name in levels and len(levels[name][0]) == array.ndim:
        names, lengths = levels[name]
        axes = named_axes(array.shape, names, lengths)
        source = "OME-Zarr scale"
    else:
        names = _dimensions(array)
        axes = named_axes(array.shape, names, _coordinates(name, array, names, arrays))
        source = "coordinates"
    if own.shape == (3,) and array.ndim == 3:
        own_lengths = dict(zip("zyx", own.tolist()))
        known = [own_lengths.get(axis.name, h) for axis, h in zip(axes, own.tolist())]
        axes, source = named_axes(array.shape, [axis.name for axis in axes], known), "voxel_size"
    return axes, source if any(axis.spacing for axis in axes) else None


def _dimensions(array: zarr.Array) -> list[str]:
    """Return the names of the axes that Zarr 3, or xarray in Zarr 2, keeps; none where none."""
    names = getattr(array.metadata, "dimension_names", None)
    names = names or array.attrs.get("_ARRAY_DIMENSIONS") or []
    return [str(name or "") for name in names] if isinstance(names, (list, tuple)) else []


def _coordinates(
    name: str, array: zarr.Array, names: list[str], arrays: Mapping[str, zarr.Array]
) -> list[float | None]:
    """Return the steps of the arrays of positions beside an array, as xarray writes them."""
    beside = name.rpartition("/")[0]
    found: list[float | None] = []
    for dim, count in zip(names, array.shape):
        positions = arrays.get(f"{beside}/{dim}".strip("/"))
        if positions is None or positions.shape != (count,):
            found.append(None)
        else:
            units: Any = positions.attrs.get("units")
            found.append(even_step(positions[:], units))
    return found


def _box(
    path: Path, name: str, index: tuple[int | slice, ...], start: Box, stop: Box
) -> np.ndarray:
    spans = iter(zip(start, stop))
    at = tuple(slice(*next(spans)) if isinstance(i, slice) else i for i in index)
    with reading(path, "a Zarr store"):
        return np.asarray(_opened(path / name, _stamp(path / name))[at])


@functools.lru_cache(maxsize=8)
def _opened(path: Path, stamp: tuple) -> zarr.Array:
    return zarr.open_array(zarr_place(path), mode="r")


def _stamp(path: Path) -> tuple:
    return tuple(
        (mark, (path / mark).stat().st_size, (path / mark).stat().st_mtime_ns)
        for mark in MARKS
        if (path / mark).is_file()
    )


def _ome(place: str, group: zarr.Group) -> _Levels:
    """Return names and spacings of the axes of each level of an OME image, the full size first."""
    attrs: dict[str, Any] = dict(group.attrs)
    attrs = attrs.get("ome", attrs)
    levels = {}
    for image in attrs.get("multiscales", []):
        # before version 0.3 the axes were these, and had no scale
        axes = image.get("axes") or list("tczyx")
        units = [micrometers(axis.get("unit")) if isinstance(axis, dict) else None for axis in axes]
        for level in image["datasets"]:
            scale = np.ones(len(axes))
            for transformation in (
                *level.get("coordinateTransformations", []),
                *image.get("coordinateTransformations", []),
            ):
                if transformation.get("type") == "scale":
                    scale = scale * np.asarray(transformation["scale"], dtype=float)
            lengths = [None if u is None else float(h * u) for h, u in zip(scale, units)]
            levels[f"{place}/{level['path']}".strip("/")] = [_ome_name(a) for a in axes], lengths
    return levels


def _ome_name(axis: object) -> str:
    if not isinstance(axis, dict):
        return str(axis)
    return str({"channel": "c", "time": "t"}.get(axis.get("type", ""), axis.get("name", "")))
