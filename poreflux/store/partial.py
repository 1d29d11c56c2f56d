"""A store in the making: everything goes to `<store>.partial` and is moved in place when whole.

    <store>.partial/holder/        the one process that writes (see `lock`)
    <store>.partial/journal.json   what is being made, where, and whether it is whole
    <store>.partial/data/          what will be moved
    <store>.partial/old/           what it replaces, until it is in place

A killed process leaves this folder and nothing else. The same command finds its journal and goes
on; another one starts over. Once the journal says `whole`, any later command, one that only reads
among them, completes the move.

In an object storage nothing can be moved: what is whole is copied in place within the storage, the
root's `zarr.json` at the end, without which no reader takes the rest for a store.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from poreflux.errors import CannotWrite, DamagedStore
from poreflux.objects import copy_tree
from poreflux.store import disk
from poreflux.store.lock import Lock, holding
from poreflux.store.object_lock import ObjectLock


class Partial:
    """The folder in which one process makes a store, or a part of one."""

    def __init__(self, store: Path, lock: Lock | ObjectLock):
        self.store = store
        self.lock = lock
        self.folder = folder_of(store)
        self.journal = self.folder / "journal.json"
        self.data = data_of(store)

    def begin(self, identity: str) -> bool:
        """Make the folder ready for what ``identity`` names; return whether some is there."""
        resumed = self._read().get("identity") == identity and self.data.is_dir()
        if self.lock.taken_over:
            # if the silent process resumes, it writes into a folder that this one does not use
            left, self.data = self.data, self.folder / f"data-{self.lock.token}"
            if resumed:
                disk.move(left, self.data)
        for other in self.folder.glob("data*"):
            if other != self.data or not resumed:
                disk.remove(other)
        self.data.mkdir(parents=True, exist_ok=True)
        self._write({"identity": identity, "data": self.data.name})
        disk.sweep(self.data)
        return resumed

    def finish(self, moves: list[str]) -> None:
        """Make ``data`` durable, then move it in place, replacing what is there.

        ``moves`` are the paths in the store that are replaced, in this order; the last one is what
        makes the rest visible. ``["."]`` replaces the whole store.
        """
        disk.sync_tree(self.data)
        disk.sync_folder(self.folder)
        if not self.lock.held():
            raise CannotWrite(
                f"{self.store} was taken over by another process, because this one gave no sign of "
                "life for minutes; nothing of it is published, run it again"
            )
        self._write({**self._read(), "whole": moves})
        self.recover()

    def recover(self) -> None:
        """Complete a move that was begun; remove what is left of one that is complete."""
        moves = self._read().get("whole")
        if moves is None:
            return
        for path in moves:
            self._move(self.data / path, self.store / path, self.folder / "old" / path)
        disk.sync_folder(self.store.parent)
        disk.sync_folder(self.store)
        self.journal.unlink()
        self.discard()

    def discard(self) -> None:
        """Remove all but the lock, if it is still this process's."""
        if not self.lock.held():
            return
        self.journal.unlink(missing_ok=True)
        for pattern in ("data*", "old", "lock", f"{disk.TEMPORARY}*"):
            for path in self.folder.glob(pattern):
                disk.remove(path)

    def abandon(self) -> None:
        """Remove all, unless it is whole already: then it is completed by whoever comes next."""
        if self._read().get("whole") is None:
            self.discard()

    def _move(self, new: Path, place: Path, old: Path) -> None:
        if not new.exists():
            return
        if isinstance(self.lock, ObjectLock):
            # no rename there: copied within the storage, what makes the whole visible at the end
            copy_tree(new, place, "zarr.json", self.lock.require_fresh)
            return
        if place.is_dir():
            disk.remove(old)
            old.parent.mkdir(parents=True, exist_ok=True)
            place.rename(old)
        place.parent.mkdir(parents=True, exist_ok=True)
        new.replace(place)

    def _read(self) -> dict:
        return _entries(self.journal)

    def _write(self, entries: dict) -> None:
        disk.write_file(self.journal, json.dumps(entries).encode(), sync=True)
        disk.sync_folder(self.folder)


def folder_of(store: Path) -> Path:
    """Return the folder in which a store is made."""
    return store.with_name(store.name + ".partial")


#: whether a write waits for another to end where it is not said
_WAITS: ContextVar[bool] = ContextVar("_WAITS", default=False)


@contextmanager
def waiting(wait: bool) -> Iterator[None]:
    """Let the writes within the block wait for another process, those too that take no ``wait``."""
    token = _WAITS.set(wait)
    try:
        yield
    finally:
        _WAITS.reset(token)


@contextmanager
def making(store: Path, *, wait: bool = False) -> Iterator[Partial]:
    """Hold `<store>.partial` for this process alone; complete first what another left whole.

    Raises
    ------
    StoreExists
        if another process holds it and this one is not to ``wait``.
    """
    with ExitStack() as stack:
        with disk.writing(store):
            lock = stack.enter_context(holding(folder_of(store), store, wait=wait or _WAITS.get()))
            partial = Partial(store, lock)
            partial.recover()
        try:
            yield partial
        finally:
            if not partial.journal.exists():
                with suppress(OSError):
                    partial.discard()


def data_of(store: Path) -> Path:
    """Return the folder in which a store, or a part of it, is being made now."""
    folder = folder_of(store)
    return folder / _entries(folder / "journal.json").get("data", "data")


def settle(store: Path) -> None:
    """Complete for a reader what another command left whole, but not all moved in place.

    Raises
    ------
    DamagedStore
        if that is so and this process may not write.
    """
    if "whole" not in _entries(folder_of(store) / "journal.json"):
        return
    try:
        with making(store, wait=True):
            pass
    except CannotWrite as error:
        raise DamagedStore(
            f"{store} is between two states: its last change was interrupted and cannot be "
            f"completed from here ({error}); open it once where it can be written"
        ) from error


def _entries(journal: Path) -> dict:
    try:
        entries = json.loads(journal.read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return entries if isinstance(entries, dict) else {}
