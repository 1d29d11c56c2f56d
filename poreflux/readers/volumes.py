"""What a reader found becomes a Volume with its provenance."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from poreflux.annotations import VolumeKind
from poreflux.errors import UnreadableImage
from poreflux.readers.image import Image
from poreflux.readers.labels import labelled
from poreflux.volume import from_array, three_lengths


def to_volume(
    image: Image,
    path: Path,
    *,
    voxel_size: float | Sequence[float] | None,
    kind: VolumeKind,
    phases: Mapping[int, str] | None,
    axes: str,
) -> xr.Dataset:
    """Make a Volume of an image: axes in order, voxel size known, labels named, history begun."""
    order = [axes.index(dim) for dim in "zyx"]
    array = image.array.transpose(order)
    said = image.voxel_size and tuple(image.voxel_size[axis] for axis in order)
    how = dict(image.how)
    if voxel_size is not None:
        said = three_lengths(voxel_size)
        how["voxel_size_from"] = "given"
    if said is None:
        raise ValueError(
            f"{path} does not say how large a voxel is; give voxel_size, the edge in "
            "µm, or three for z, y and x"
        )
    names = None
    if kind == "phase":
        if array.dtype.kind == "c":
            raise UnreadableImage(f"{path} holds complex numbers; phase labels are integers")
        array, names, stands = labelled(array, phases, path)
        if stands:
            how["values"] = stands
    elif phases is not None:
        raise ValueError("phases are for kind='phase'; segment grey values to name them")
    elif array.dtype.kind == "b":
        array = array.astype(np.uint8)
    volume = from_array(array, voxel_size=said, kind=kind, phases=names)
    parameters = {"path": path.name, "kind": kind, "voxel_size": list(said), "axes": axes, **how}
    if names is not None:
        parameters["phases"] = names
    volume.attrs["history"] = [{"operation": "read", "parameters": _plain(parameters)}]
    volume.encoding["source"] = str(path)
    volume.encoding["as_read"] = volume[kind].data.name
    if image.files and path.is_dir():
        volume.encoding["files"] = [str(file) for file in image.files]
    return volume


def _plain(value):
    """Return a value with string keys and Python numbers, as JSON will give it back."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
