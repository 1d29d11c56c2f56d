"""Where a volume came from: the checksum of its source, and what makes two saves the same."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

import xarray as xr
from dask.base import tokenize

from poreflux.objects import at
from poreflux.store.layout import Layout, dump
from poreflux.store.metadata import jsonable


def identity(volume: xr.Dataset, name: str, layout: Layout, sha256: str | None = None) -> str:
    """Return a name for what a save of one variable would write: equal names, equal bytes.

    It is made of the attributes, the layout and dask's own name of the values, which for a file
    holds its path, size and time of change, and for what is computed from it every operation. Where
    the values are as they were read and the checksum of the source is given, that takes the place
    of dask's name.
    """
    values = volume[name].data
    token = getattr(values, "name", None) or tokenize(values)
    if sha256 is not None and token == volume.encoding.get("as_read"):
        token = sha256
    stored = {"shape": layout.shape, "chunk": layout.chunk, "shard": layout.shard}
    document = {
        "name": name,
        "values": token,
        "layout": {**stored, "dtype": layout.dtype.str, "attrs": layout.attrs},
        "voxel_size": jsonable(volume.attrs["voxel_size"]),
    }
    return hashlib.sha256(dump(document)).hexdigest()


def source_attrs(volume: xr.Dataset) -> dict[str, str]:
    """Return name and sha256 of the file or folder a volume was read from; empty for none."""
    source = volume.encoding.get("source")
    if "source_sha256" in volume.attrs or source is None or not at(source).exists():
        return {}
    files = volume.encoding.get("files") or files_of(at(source))
    return {"source": at(source).name, "source_sha256": sha256(map(at, files))}


def files_of(path: Path) -> list[Path]:
    """Return a file, or all files in a folder in natural order."""
    if path.is_file():
        return [path]
    return sorted((p for p in path.rglob("*") if p.is_file()), key=natural)


def natural(path: Path) -> list:
    """Return a key that sorts page_2 before page_10.

    Examples
    --------
    >>> sorted([Path("b10.tif"), Path("b9.tif")], key=natural)[0].name
    'b9.tif'
    """
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", str(path))]


def sha256(files: Iterable[Path]) -> str:
    """Return the sha256 of one file, or of the list of names and sha256 of several, streamed."""
    files = list(files)
    digests = []
    for path in files:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    if len(files) == 1:
        return digests[0]
    lines = "".join(f"{digest}  {path.name}\n" for digest, path in zip(digests, files))
    return hashlib.sha256(lines.encode()).hexdigest()
