"""Files written whole or not at all."""

import errno
import os
import shutil
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from poreflux.errors import CannotWrite
from poreflux.objects import ObjectPath, copy_tree, is_remote

#: start of the name of a file that is being written
TEMPORARY = ".writing-"

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_file(path: Path, payload: bytes, *, sync: bool = False) -> None:
    """Write a file so that it is there whole or not at all; make its folder where there is none."""
    if is_remote(path):
        path.write_bytes(payload)
        return
    temporary = path.with_name(f"{TEMPORARY}{os.getpid()}-{threading.get_ident()}-{path.name}")
    try:
        _write(temporary, payload, sync)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _write(path: Path, payload: bytes, sync: bool) -> None:
    try:
        file = path.open("wb")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("wb")
    with file:
        file.write(payload)
        if sync:
            file.flush()
            os.fsync(file.fileno())


def sync_tree(root: Path) -> None:
    """Force a folder and all in it to the disk, so that it survives a loss of power."""
    if is_remote(root):  # what was put is on its disks
        return
    paths = [
        path
        for folder, _, files in os.walk(root, topdown=False)
        for path in (*(os.path.join(folder, name) for name in files), folder)
    ]
    # many at once, because the disk joins what waits for it
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(_sync, paths))


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to the disk: a rename is safe only after this."""
    if not is_remote(folder):
        _sync(folder)


def _sync(path: str | Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(root: Path) -> None:
    """Remove what a killed process left half-written."""
    if is_remote(root):
        return
    for path in root.rglob(f"{TEMPORARY}*"):
        path.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove a file or a folder with all in it, if it is there."""
    if isinstance(path, ObjectPath):
        path.remove_tree()
    elif path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def move(folder: Path, place: Path) -> None:
    """Give a folder another name, under which there is nothing."""
    if isinstance(folder, ObjectPath):
        copy_tree(folder, place, "", lambda: None)
        folder.remove_tree()
    else:
        folder.rename(place)


def refuse_inside(path: Path) -> None:
    """Raise where a path lies inside a Zarr store: what is written there is no part of it."""
    for folder in path.absolute().parents:
        if (folder / "zarr.json").is_file():
            raise ValueError(f"{path} lies inside the store {folder}; choose a place outside of it")


def free_bytes(path: Path) -> int:
    """Return the bytes free on the disk that holds ``path`` or would hold it."""
    if is_remote(path):
        return sys.maxsize
    path = path.absolute()
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


def require_writable(path: Path) -> None:
    """Raise ``CannotWrite`` where nothing could be made at ``path``; leave no trace.

    Examples
    --------
    >>> require_writable(Path("results.zarr"))
    """
    if isinstance(path, ObjectPath):
        # a bucket that is not there, or does not let this user write, is found before the work
        probe = path.with_name(f"{TEMPORARY}{uuid.uuid4().hex}")
        probe.write_bytes(b"")
        probe.unlink()
        return
    path = path.absolute()
    parent = next(folder for folder in path.parents if folder.exists())
    # what is made goes beside it first, and is then moved into it
    for folder in (parent, path) if path.is_dir() else (parent,):
        with writing(path), tempfile.TemporaryFile(dir=folder):
            continue


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` while ``path`` is written into ``CannotWrite`` with one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise CannotWrite(
                f"{path} cannot be written: the disk is full; free some space and run the same "
                "command again, it goes on from the chunks already written"
            ) from error
        raise CannotWrite(
            f"{path} cannot be written: {error.strerror or error}; run the same command again when "
            "this is mended, it goes on from the chunks already written"
        ) from error
