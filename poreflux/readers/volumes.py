"""What a reader found becomes a Volume with its provenance."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
import xarray as xr

from poreflux.annotations import VolumeKind
from poreflux.errors import UnreadableImage
from poreflux.readers.image import Image
from poreflux.readers.labels import labelled
from poreflux.schema import DIMS, attributes
from poreflux.volume import PORE_AND_ELECTROLYTE, from_array, three_lengths

#: bytes that may always be unpacked, and how many times its size a file may become: deflate packs
#: a constant 1032 times
HARMLESS, MOST_PACKED = 2**26, 1100


def to_volume(
    image: Image,
    path: Path,
    *,
    voxel_size: float | Sequence[float] | None,
    kind: VolumeKind,
    phases: Mapping[int, str] | None,
) -> xr.Dataset:
    """Make a Volume of an image: axes in order, voxel size known, labels named, history begun."""
    _refuse_bomb(image, path)
    array = image.array.transpose(image.choice.order)
    described = image.description.noting(*image.choice.notes)
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        raise UnreadableImage(f"{path} holds {array.dtype}; save it as float64")
    how = dict(image.how)
    if voxel_size is not None:
        size = three_lengths(voxel_size)
        how["voxel_size_from"] = "given"
        described = described.noting(*_contradiction(size, image, path))
    else:
        size = _spacings(image, path)
        how["voxel_size_from"] = described.spacing_from
    names = None
    if kind == "phase":
        if array.dtype.kind == "c":
            raise UnreadableImage(f"{path} holds complex numbers; phase labels are integers")
        array, names, stands = labelled(array, phases or image.phases, path)
        if stands:
            how["values"] = stands
        if phases is None and image.phases is None:
            described = described.noting(_which_is_pore(array, path))
    elif phases is not None:
        raise ValueError("phases are for kind='phase'; segment grey values to name them")
    elif array.dtype.kind == "b":
        described = described.noting(
            f"{path.name} holds True and False, taken as grey values 1 and 0: a segmentation takes "
            "the dark ones, False, as pore; read it with kind='phase' and phases={0: ..., 1: ...} "
            "to say which is which"
        )
        array = array.astype(np.uint8)
    volume = from_array(array, voxel_size=size, kind=kind, phases=names)
    if image.no_value is not None:
        how["no_value"] = image.no_value
        said = f"{path.name} says that {image.no_value:g} stands for no value"
        if kind == "gray":
            inside = da.map_blocks(_measured, array, no_value=image.no_value, dtype=bool)
            volume["mask"] = (DIMS, inside, attributes("mask"))
            described = described.noting(
                f"{said}: such voxels are no sample, a mask leaves them out"
            )
        else:
            described = described.noting(
                f"{said}; it is taken as a phase, call it 'outside' if not"
            )
    parameters = {"path": path.name, "kind": kind, "voxel_size": list(size), **how}
    parameters["axes"] = "".join(_in_file_order(image))
    if names is not None:
        parameters["phases"] = names
    if described.notes:
        parameters["notes"] = list(described.notes)
    volume.attrs["history"] = [{"operation": "read", "parameters": _plain(parameters)}]
    volume.encoding["source"] = str(path)
    volume.encoding["as_read"] = volume[kind].data.name
    volume.encoding["description"] = described
    if image.files:
        volume.encoding["files"] = [str(file) for file in image.files]
    return volume


def _refuse_bomb(image: Image, path: Path) -> None:
    """Refuse what would unpack to more than compression of an image can reach, before it does."""
    packed = sum(file.stat().st_size for file in map(Path, image.files) if file.is_file())
    if "missing_as" in image.how or not image.files:  # chunks that are not there, and Zarr folders
        return
    size = image.array.nbytes
    if size > max(HARMLESS, MOST_PACKED * packed):
        raise UnreadableImage(
            f"{path} has {packed / 2**10:.0f} KiB and says that it holds "
            f"{size / 2**30:.2f} GiB, {size // max(packed, 1)} times as "
            "much: it is damaged, or made to fill the memory; unpack it yourself if you trust it"
        )


def masked(volume: xr.Dataset, inside: da.Array, path: Path) -> xr.Dataset:
    """Return the Volume with a mask of what is not 0 in an array of its shape."""
    shape = tuple(volume.sizes[dim] for dim in DIMS)
    if inside.shape != shape:
        raise ValueError(
            f"the mask {path} has shape {inside.shape} (z, y, x), the volume {shape}; give one of "
            "the same shape"
        )
    inside = da.map_blocks(_counts, inside, dtype=bool)
    if "mask" in volume:
        inside = inside & volume["mask"].data
    made = volume.assign(mask=(DIMS, inside, attributes("mask")))
    (entry,) = volume.attrs["history"]
    parameters = {**entry["parameters"], "mask": path.name}
    made.encoding = volume.encoding
    return made.assign_attrs(history=[{**entry, "parameters": parameters}])


def _measured(values: np.ndarray, no_value: float) -> np.ndarray:
    return values != values.dtype.type(no_value)


def _counts(values: np.ndarray) -> np.ndarray:
    return (values != 0) & (values == values)  # NaN is outside, too


def _which_is_pore(array: da.Array, path: Path) -> str:
    low, high = PORE_AND_ELECTROLYTE.values()
    return (
        f"{path.name} does not say what its labels mean: 0 is taken as {low} and 1 as {high}; "
        f"where 1 is the pore, give phases={{0: {high!r}, 1: {low!r}}}"
    )


def _contradiction(size: Sequence[float], image: Image, path: Path) -> list[str]:
    """Return what to say where a voxel size that is given is not what the file says."""
    differs = [
        f"{dim} {said:g} µm"
        for dim, length, said in zip(DIMS, size, image.choice.spacing)
        if said and not 0.99 < length / said < 1.01
    ]
    if not differs:
        return []
    source = image.description.spacing_from
    return [
        f"{path.name} says that voxels are apart by {', '.join(differs)}"
        f"{f' ({source})' if source else ''}; {', '.join(f'{h:g}' for h in size)} µm (z, y, x) is "
        "given and taken"
    ]


def _spacings(image: Image, path: Path) -> tuple[float, float, float]:
    """Return the voxel size that a file says; ask for what it does not."""
    found = image.choice.spacing
    missing = [dim for dim, length in zip(DIMS, found) if length is None]
    if not missing:
        return three_lengths([float(length) for length in found if length])
    if len(missing) == 3:
        raise ValueError(
            f"{path} does not say how large a voxel is; give voxel_size, the edge in µm, or three "
            "for (z, y, x)"
        )
    said = [f"{dim} {length:g} µm" for dim, length in zip(DIMS, found) if length]
    typed = ", ".join(dim if length is None else f"{length:g}" for dim, length in zip(DIMS, found))
    raise ValueError(
        f"{path} says {' and '.join(said)} ({image.description.spacing_from}) but not how far "
        f"voxels are apart along {' and '.join(missing)}; give voxel_size=({typed}) with "
        f"{' and '.join(missing)} in µm, or one number where voxels are cubes"
    )


def _in_file_order(image: Image) -> list[str]:
    """Return z, y, x in the order in which they are stored."""
    return [DIMS[image.choice.order.index(place)] for place in range(3)]


def _plain(value: Any) -> Any:
    """Return a value with string keys and Python numbers, as JSON will give it back."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
