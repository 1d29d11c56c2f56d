"""Whole trees of objects: copied within a storage, fetched from it, sent to it."""

import atexit
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from poreflux.errors import TooLarge, UnreadableImage
from poreflux.objects.path import ObjectPath, is_remote

#: requests at once
_AT_ONCE = 16

#: seconds for which what was fetched by a process that was killed is kept for the next one
_KEPT = 2 * 86400


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

    Without ``folder`` it lies among the temporary files until the last process ends that reads it,
    in a place that the next process finds where one is killed: what is fetched already is not
    fetched again. What nobody came back for in two days is removed by the next fetch.
    """
    if not is_remote(source):
        return Path(source)
    single = source.is_file()
    files = [(source, source.stat())] if single else [(p, p.stat()) for p in source.rglob("*")]
    if not files:
        raise UnreadableImage(f"{source} is not there; check the name")
    root = folder if folder is not None else _spool(source)
    above = source.parent if single else source
    files = [(p, status) for p, status in files if not _here(status, root / p.relative_to(above))]
    _require_room(source, sum(status.st_size for _, status in files), root)

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
    above = Path(tempfile.gettempdir()) / f"poreflux-{os.getuid()}"
    root = above / name
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    for folder in (above, root):
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            raise UnreadableImage(
                f"{folder} belongs to another user; set TMPDIR to a folder of your own"
            )
    for other in above.iterdir():
        with suppress(OSError):
            if (
                other != root
                and time.time() - other.stat().st_mtime > _KEPT
                and not _read_by(other)
            ):
                shutil.rmtree(other, ignore_errors=True)
    mark = root / f".read-by-{os.getpid()}-on-{os.uname().nodename}"
    mark.touch()
    os.utime(root)
    atexit.register(_leave, root, mark, os.getpid())
    # a folder of pages keeps its name, from which results are named
    place = root / (source.name or source.bucket_name)
    return root if source.is_file() else place


def _read_by(root: Path) -> list[Path]:
    """Return the marks of processes that read what was fetched; those that ended are removed."""
    alive = []
    for mark in root.glob(".read-by-*"):
        pid, _, node = mark.name.removeprefix(".read-by-").partition("-on-")
        if node == os.uname().nodename and _ended(int(pid)):
            mark.unlink(missing_ok=True)
        elif node == os.uname().nodename or time.time() - mark.stat().st_mtime < _KEPT:
            alive.append(mark)
    return alive


def _ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # of another user
        pass
    return False


def _leave(root: Path, mark: Path, pid: int) -> None:
    """Remove what was fetched where no other process reads it; a fork leaves it to its parent."""
    if pid != os.getpid():
        return
    with suppress(OSError):
        mark.unlink(missing_ok=True)
        if not _read_by(root):
            shutil.rmtree(root, ignore_errors=True)


def _require_room(source: Any, needed: int, root: Path) -> None:
    root.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(root).free
    if needed > free:
        raise TooLarge(
            f"{source} is fetched before it is read: {needed / 1e9:.3g} GB, and {root} has "
            f"{free / 1e9:.3g} GB free; set TMPDIR to a larger disk"
        )


def _stamp(status: Any) -> int:
    return status.st_mtime_ns // 1000 * 1000


def _here(status: Any, target: Path) -> bool:
    """Return whether an object was fetched already, as it is now."""
    with suppress(FileNotFoundError):
        there = target.stat()
        return (there.st_size, there.st_mtime_ns) == (status.st_size, _stamp(status))
    return False


def _get(path: Any, status: Any, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".fetching-{os.getpid()}-{target.name}")
    with path.open("rb") as source, partial.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 23)
    os.utime(partial, ns=(_stamp(status), _stamp(status)))
    partial.replace(target)
