"""The `zarr.json` of groups: CF attributes, OME-Zarr 0.5, and a seal over all metadata."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np

from poreflux import __version__
from poreflux.schema import DIMS
from poreflux.store.checksums import NAME as TABLE
from poreflux.store.layout import IMAGES, dump

#: version of this layout of stores; raised when older programs could not read a newer store
FORMAT = 1


def root_document(
    attrs: Mapping,
    pyramids: Mapping[str, Sequence[str]],
    identities: Mapping[str, str],
    first: Sequence[float],
) -> dict:
    """Return the `zarr.json` of a store's root.

    Parameters
    ----------
    attrs
        of the Volume.
    pyramids
        for each image the paths of its levels, the finest first.
    identities
        for each variable what `provenance.identity` says of it.
    first
        coordinates z, y, x of the first voxel's centre in µm.
    """
    attributes = {
        "Conventions": "CF-1.11",
        **jsonable({key: value for key, value in attrs.items() if key not in ("ome", "poreflux")}),
        "program": f"poreflux {__version__}",
    }
    ordered = [name for name in IMAGES if name in pyramids]
    if ordered:
        size = attributes["voxel_size"]
        attributes["ome"] = {
            "version": "0.5",
            "multiscales": [_multiscale(name, pyramids[name], size, first) for name in ordered],
        }
    attributes["poreflux"] = {"format": FORMAT, "identity": dict(sorted(identities.items()))}
    return group_document(attributes)


def group_document(attributes: Mapping | None = None) -> dict:
    """Return the `zarr.json` of a group."""
    return {"zarr_format": 3, "node_type": "group", "attributes": dict(attributes or {})}


def documents(root: Path) -> dict[str, bytes]:
    """Return all metadata files below the root of a store, by their path in it.

    These are the `zarr.json` of groups and arrays, and the tables of checksums.
    """
    contents: dict[str, bytes] = {}
    folders = ("*", "pyramid/*", "pyramid/*/*")
    for pattern in (f"{folder}/{name}" for folder in folders for name in ("zarr.json", TABLE)):
        contents.update((str(p.relative_to(root)), p.read_bytes()) for p in root.glob(pattern))
    return contents


def seal(document: dict, others: Mapping[str, bytes]) -> dict:
    """Return the root's document with the checksums of all metadata files and of itself."""
    attributes = dict(document["attributes"])
    record = dict(attributes.get("poreflux", {}))
    record.pop("crc32c", None)
    record["metadata"] = {path: checksum(others[path]) for path in sorted(others)}
    attributes["poreflux"] = record
    unsigned = {**document, "attributes": attributes}
    signed = {**record, "crc32c": checksum(dump(unsigned))}
    return {**document, "attributes": {**attributes, "poreflux": signed}}


def broken_seals(root: Path, payload: bytes) -> list[str]:
    """Return the metadata files that are not as they were when the store was sealed.

    ``payload`` is the root's `zarr.json` as it is on the disk.
    """
    broken = []
    for path, expected in json.loads(payload)["attributes"]["poreflux"]["metadata"].items():
        try:
            actual = checksum((root / path).read_bytes())
        except OSError:
            actual = None
        if actual != expected:
            broken.append(path)
    return broken if root_seal_holds(payload) else [*broken, "zarr.json"]


def root_seal_holds(payload: bytes) -> bool:
    """Return whether the root's `zarr.json` holds what was sealed, in any order of its keys.

    Another program that adds an array may write the same content again.
    """
    document = json.loads(payload)
    record = document["attributes"]["poreflux"]
    unsigned = {key: value for key, value in record.items() if key != "crc32c"}
    expected = group_document({**document["attributes"], "poreflux": unsigned})
    document.pop("consolidated_metadata", None)
    same = document == {**expected, "attributes": document["attributes"]}
    return same and checksum(dump(expected)) == record.get("crc32c")


def checksum(payload: bytes) -> int:
    """Return the crc32c of the bytes of a file."""
    return google_crc32c.value(payload)


def jsonable(value: Any) -> Any:
    """Return a value as JSON can hold it: NumPy numbers and arrays as Python's."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    json.dumps(value)
    return value


def _multiscale(
    name: str, paths: Sequence[str], voxel_size: Sequence[float], first: Sequence[float]
) -> dict:
    datasets = []
    for level, path in enumerate(paths):
        scale = [length * 2**level for length in voxel_size]
        # the faces of all levels agree, and so their first centres differ
        shift = [a + (wide - h) / 2 for a, wide, h in zip(first, scale, voxel_size)]
        transformations = [
            {"type": "scale", "scale": scale},
            {"type": "translation", "translation": shift},
        ]
        datasets.append({"path": path, "coordinateTransformations": transformations})
    return {
        "name": name,
        "axes": [{"name": dim, "type": "space", "unit": "micrometer"} for dim in DIMS],
        "datasets": datasets,
        "type": "mode" if name == "phase" else "mean",
    }
