"""Whole trees of objects: copied within a storage, fetched from it, sent to it."""

import atexit
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from poreflux.errors import TooLarge, UnreadableImage
from poreflux.objects.path import ObjectPath, is_remote

#: requests at once
_AT_ONCE = 16


def copy_tree(source: Any, target: Any, last: str, check: Callable[[], None]) -> None:
    """Make ``target``, and what lies below, the same as ``source``; the object ``last`` at the end.

    ``last`` is removed from the target first, and so a tree without it is not whole. ``check`` is
    called before each object, and raises where this process is no longer to write.
    """
    storage = source.bucket
    target.forget()
    if source.is_file():
        check()
        storage.copy(source.key, target.key)
        target.forget()
        return
    names = [key[len(source.key) + 1 :] for key, _ in storage.keys(source.key)]
    if last in names:
        check()
        (target / last).unlink()
    stale = {key[len(target.key) + 1 :] for key, _ in storage.keys(target.key)} - set(names)

    def copy(name: str) -> None:
        check()
        storage.copy(f"{source.key}/{name}", f"{target.key}/{name}")

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(copy, (name for name in names if name != last)))
    check()
    storage.delete([f"{target.key}/{name}" for name in sorted(stale)])
    if last in names:
        copy(last)
    target.forget()


@contextmanager
def on_this_machine(place: Path) -> Iterator[Path]:
    """Yield the folder to write; what is for an object storage is sent there at the end."""
    if not is_remote(place):
        yield place
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
        _send(Path(folder), place)


def _send(folder: Path, target: Any) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]

    def write(path: Path) -> None:
        (target / path.relative_to(folder).as_posix()).write_bytes(path.read_bytes())

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(write, files))


def fetch(source: Any, folder: Path | None = None) -> Path:
    """Return a copy on this machine of an object, or of all below it.

    Without ``folder`` it lies among the temporary files until this process ends, in a place that
    the next process finds where this one is killed: what is fetched already is not fetched again.
    """
    if not is_remote(source):
        return Path(source)
    single = source.is_file()
    files = [(source, source.stat())] if single else [(p, p.stat()) for p in source.rglob("*")]
    if not files:
        raise UnreadableImage(f"{source} is not there; check the name")
    root = folder if folder is not None else _spool(source)
    _require_room(source, sum(status.st_size for _, status in files), root)
    above = source.parent if single else source

    def get(item: tuple[ObjectPath, Any]) -> None:
        path, status = item
        _get(path, status, root / path.relative_to(above))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(get, files))
    return root / source.name if single else root


def zarr_place(path: Any) -> Any:
    """Return what zarr opens for a place: a path, or its own kind of object store."""
    if not is_remote(path):
        return path
    from zarr.storage import ObjectStore, StorePath

    return StorePath(ObjectStore(path.bucket.client, read_only=True), path.key)


def _spool(source: Any) -> Path:
    name = hashlib.sha256(str(source).encode()).hexdigest()[:16]
    root = Path(tempfile.gettempdir()) / f"poreflux-{os.getuid()}" / name
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    if root.stat().st_uid != os.getuid():
        raise UnreadableImage(f"{root} belongs to another user; set TMPDIR to a folder of your own")
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    # a folder of pages keeps its name, from which results are named
    place = root / (source.name or source.bucket_name)
    return root if source.is_file() else place


def _require_room(source: Any, needed: int, root: Path) -> None:
    root.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(root).free
    if needed > free:
        raise TooLarge(
            f"{source} is fetched before it is read: {needed / 1e9:.3g} GB, and {root} has "
            f"{free / 1e9:.3g} GB free; set TMPDIR to a larger disk"
        )


def _get(path: Any, status: Any, target: Path) -> None:
    stamp = status.st_mtime_ns // 1000 * 1000
    try:
        there = target.stat()
        if (there.st_size, there.st_mtime_ns) == (status.st_size, stamp):
            return
    except FileNotFoundError:
        target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".fetching-{os.getpid()}-{target.name}")
    with path.open("rb") as source, partial.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 23)
    os.utime(partial, ns=(stamp, stamp))
    partial.replace(target)
