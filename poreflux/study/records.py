"""What a step was done with, beside what it made: it is done again only where that differs.

    <folder>/<sample>/.steps/<step>.json    key: what the step was done with; made: a fingerprint

The key is the sha256 of the step's parameters, of the keys of the steps that it needs (of an
import, of the content of its source), and of the version of what it computes. A record is written
whole, after what the step makes is whole: killed between the two, the step is done again.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from poreflux import __version__
from poreflux.store import disk
from poreflux.store.box import identities
from poreflux.store.layout import dump
from poreflux.store.metadata import jsonable
from poreflux.store.provenance import files_of, sha256
from poreflux.store.sealing import attributes_of, is_results

#: raised by one where a step computes other numbers than before, within a minor version
REVISIONS = {
    "import": 1,
    "segment": 1,
    "measure": 1,
    "tortuosity": 1,
    "blocks": 1,
    "current": 1,
    "results": 1,
    "report": 1,
    "comparison": 1,
}


def key_of(kind: str, parameters: Any, needs: Sequence[str]) -> str:
    """Return the name of all that decides what a step makes.

    Examples
    --------
    >>> one, other = (key_of("measure", {"blocks": [n, 4, 4]}, []) for n in (4, 5))
    >>> len(one), one == other
    (64, False)
    """
    version = ".".join(__version__.split(".")[:2])
    document = {
        "kind": kind,
        "version": f"{version}, {REVISIONS[kind]}",
        "parameters": jsonable(parameters),
        "needs": list(needs),
    }
    return hashlib.sha256(dump(document)).hexdigest()


def fingerprint(target: Path, variables: Sequence[str] = ()) -> str | None:
    """Return what tells a target from another content of it, None where it is not there.

    Parameters
    ----------
    target
        store of a volume, folder of results, or file.
    variables
        those of a volume that count.
    """
    if target.is_file():
        return sha256([target])
    try:
        if is_results(target):
            return str(attributes_of(target)["poreflux"]["crc32c"])
        written = identities(target)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not all(name in written for name in variables):
        return None
    return hashlib.sha256(dump({name: written[name] for name in variables})).hexdigest()


def content_of(source: Path, known: Path) -> str:
    """Return the sha256 of a source, read again only where a size or a time of change differs.

    Parameters
    ----------
    source
        file or folder.
    known
        file that keeps what was found.
    """
    if (source / "zarr.json").is_file() and (written := identities(source)):
        return hashlib.sha256(dump(written)).hexdigest()
    files = files_of(source)
    if not files:
        raise FileNotFoundError(f"{source} is not there, or an empty folder; mend its path")
    stamps = [[str(file), file.stat().st_size, file.stat().st_mtime_ns] for file in files]
    found = _read(known)
    if found.get("stamps") == stamps:
        return str(found["sha256"])
    content = sha256(files)
    disk.write_file(known, dump({"stamps": stamps, "sha256": content}))
    return content


def recorded(record: Path) -> dict[str, Any]:
    """Return what a record holds, nothing where it is missing or torn."""
    return _read(record)


def write_record(record: Path, content: dict[str, Any]) -> None:
    """Write a record, whole or not at all."""
    with disk.writing(record):
        disk.write_file(record, dump(jsonable(content)))


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
