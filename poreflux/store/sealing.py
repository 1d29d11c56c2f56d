"""Seal a folder that is written at once: its root holds the checksum of every file.

Results are such a folder. The root's `zarr.json` has under `poreflux` the crc32c of each file by
its path, and that of itself without it.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from poreflux.errors import DamagedStore
from poreflux.objects import fetch
from poreflux.store import disk
from poreflux.store.layout import dump
from poreflux.store.metadata import checksum
from poreflux.store.partial import settle

#: attribute of the root of Results; its value is the version of their layout
RESULTS = "poreflux_results"
#: from this version on they are sealed
SEALED = 2

_ALTERED = "is not as it was written (damaged, or altered by another program)"


def seal_folder(folder: Path) -> None:
    """Write the checksums of all files of a folder into its root, and of that itself."""
    root = folder / "zarr.json"
    document = json.loads(root.read_bytes())
    files = {path: checksum((folder / path).read_bytes()) for path in _files(folder)}
    document["attributes"]["poreflux"] = {"files": files}
    document["attributes"]["poreflux"]["crc32c"] = checksum(dump(document))
    disk.write_file(root, dump(document))


def attributes_of(folder: Path) -> dict:
    """Return the attributes of the root of a folder; raise ``ValueError`` where it has none."""
    attributes = json.loads((folder / "zarr.json").read_bytes())["attributes"]
    if not isinstance(attributes, dict):
        raise ValueError("its attributes are none")
    return attributes


def is_results(folder: Path) -> bool:
    """Return whether a folder holds Results, and not a Volume or something else."""
    try:
        attributes = attributes_of(folder)
        return RESULTS in attributes or "files" in attributes.get("poreflux", {})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


@contextmanager
def fetched_results(path: Path) -> Iterator[Path]:
    """Yield a copy on this machine of Results in an object storage, for as long as the block."""
    settle(path)
    if not (path / "zarr.json").is_file():
        what = "is not complete: its making was interrupted; repeat it"
        missing = "is not there; collect and save results first"
        raise FileNotFoundError(f"{path} {what if path.is_dir() else missing}")
    if not is_results(path):
        raise ValueError(f"{path} holds no results; measure a volume first")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        try:
            yield fetch(path, copy)
        except DamagedStore as error:
            raise DamagedStore(str(error).replace(str(copy), str(path))) from error


def broken_files(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield (path, what is wrong) of the files of Results that are not as they were sealed.

    Those that were written before there were seals are read, which is all that can be done.
    """
    attributes = attributes_of(folder)
    if attributes.get(RESULTS) == 1:
        yield from _unreadable(folder)
        return
    try:
        payload = (folder / "zarr.json").read_bytes()
        document = json.loads(payload)
        seal = document["attributes"]["poreflux"]
        files, signed = seal["files"], seal.pop("crc32c")
        if checksum(dump(document)) != signed:
            raise ValueError("another checksum")
        seal["crc32c"] = signed
        if dump(document) != payload:
            raise ValueError("other bytes")
    except (ValueError, KeyError, TypeError, AttributeError):
        yield "zarr.json", f"zarr.json {_ALTERED}"
        return
    for path, expected in files.items():
        try:
            if checksum((folder / path).read_bytes()) != expected:
                yield path, f"{Path(path).name} {_ALTERED}"
        except OSError as error:
            yield path, f"{Path(path).name} cannot be read ({error.strerror})"
    for path in sorted(set(_files(folder)) - set(files)):
        yield path, f"{path} was not there when it was written"


def _files(folder: Path) -> list[str]:
    """Return the files below a folder but its root and hidden ones, which no reader looks at."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    names = (path for path in paths if not any(part.startswith(".") for part in path.parts))
    return sorted(str(path) for path in names if str(path) != "zarr.json")


def _unreadable(folder: Path) -> Iterator[tuple[str, str]]:
    import zarr

    for file in sorted(folder.glob("*/zarr.json")):
        try:
            zarr.open_array(file.parent, mode="r")[...]
        except Exception as error:
            name = str(file.relative_to(folder))
            yield name, f"it cannot be read ({type(error).__name__}: {error})"
