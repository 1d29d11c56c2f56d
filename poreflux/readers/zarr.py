"""Zarr of version 2 and 3: OME-Zarr images at full size, our own stores, plain arrays."""

import functools
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from poreflux.errors import UnreadableImage
from poreflux.readers.image import (
    Image,
    aligned_chunks,
    kept_axes,
    micrometers,
    reading,
    three_axes,
)
from poreflux.readers.lazy import from_chunks
from poreflux.readers.numpy import choose

#: files that make a folder a Zarr array or group
MARKS = ("zarr.json", ".zarray", ".zgroup")


def read(path: Path, dataset: str | None = None, *, kind: str = "gray") -> Image:
    """Read an array of a Zarr folder: the one named, a variable of this kind, or the OME image."""
    with reading(path, "a Zarr store"):
        node = zarr.open(path, mode="r")
        if isinstance(node, zarr.Array):
            return _image(path, "", node, {})
        arrays = _arrays(node)
        images = _ome_images(node)
        if dataset is None and kind in arrays:
            name = kind
        elif dataset is None and images:
            name = next(iter(images))
        else:
            name = choose(path, {key: array.shape for key, array in arrays.items()}, dataset)
        if name not in arrays:
            raise UnreadableImage(f"{path} lacks its array {name}; fetch it again")
        return _image(path, name, arrays[name], images, node.attrs.get("voxel_size"))


def _arrays(group: zarr.Group) -> dict[str, zarr.Array]:
    with warnings.catch_warnings():
        # other files in the folder are none of our business
        warnings.simplefilter("ignore")
        members = group.members(max_depth=None)
    return {name: item for name, item in members if isinstance(item, zarr.Array)}


def _image(path: Path, name: str, array: zarr.Array, images: Mapping, saved=None) -> Image:
    if array.dtype.kind not in "biuf":
        raise UnreadableImage(f"{path} holds {array.dtype}, not real numbers")
    shape = three_axes(array.shape, path / name)
    keep = kept_axes(array.shape, shape)
    native = [(array.shards or array.chunks)[axis] for axis in keep]
    lazy = from_chunks(
        functools.partial(_box, path, name, array.ndim, keep),
        shape,
        array.dtype.newbyteorder("="),
        aligned_chunks(shape, array.dtype.itemsize, native),
        token=(str(path), name, _stamp(path / name)),
    )
    size, said = _lengths(array.attrs.get("voxel_size", saved)), "voxel_size"
    if size is None and name in images:
        size, said = _lengths([images[name][axis] for axis in keep]), "OME-Zarr scale"
    how = {"dataset": name} if name else {}
    return Image(lazy, size, [], {**how, "voxel_size_from": said} if size else how)


def _box(path: Path, name: str, ndim: int, keep: tuple[int, ...], start, stop) -> np.ndarray:
    index: list = [0] * ndim
    for axis, a, b in zip(keep, start, stop):
        index[axis] = slice(a, b)
    with reading(path, "a Zarr store"):
        return np.asarray(_opened(path / name, _stamp(path / name))[tuple(index)])


@functools.lru_cache(maxsize=8)
def _opened(path: Path, stamp: tuple) -> zarr.Array:
    return zarr.open_array(path, mode="r")


def _stamp(path: Path) -> tuple:
    return tuple(
        (mark, (path / mark).stat().st_size, (path / mark).stat().st_mtime_ns)
        for mark in MARKS
        if (path / mark).is_file()
    )


def _ome_images(group: zarr.Group) -> dict[str, list]:
    """Return the full-size array of each OME image with its voxel edges in µm, None if unknown."""
    attrs: dict[str, Any] = dict(group.attrs)
    attrs = attrs.get("ome", attrs)
    images: dict[str, list] = {}
    for scale in attrs.get("multiscales", []):
        first = scale["datasets"][0]
        lengths = np.ones(len(scale["axes"])) if "axes" in scale else None
        for transformation in [
            *first.get("coordinateTransformations", []),
            *scale.get("coordinateTransformations", []),
        ]:
            if transformation.get("type") == "scale" and lengths is not None:
                lengths = lengths * np.asarray(transformation["scale"], dtype=float)
        units = [micrometers(_unit(axis)) for axis in scale.get("axes", [])]
        images[first["path"]] = [
            None if lengths is None or unit is None else float(lengths[axis] * unit)
            for axis, unit in enumerate(units)
        ] or [None] * 5
    return images


def _unit(axis) -> str | None:
    return axis.get("unit") if isinstance(axis, Mapping) else None


def _lengths(values) -> tuple[float, ...] | None:
    """Return three edges in µm, None where they are not all known."""
    if values is None or any(value is None for value in np.ravel(np.asarray(values, dtype=object))):
        return None
    lengths = np.ravel(np.asarray(values, dtype=float))
    if lengths.shape != (3,) or not np.all(np.isfinite(lengths)) or min(lengths) <= 0:
        return None
    return tuple(float(length) for length in lengths)
