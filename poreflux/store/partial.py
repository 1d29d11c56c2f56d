"""A store in the making: everything goes to `<store>.partial` and is moved in place when whole.

    <store>.partial/lock           held by the one process that writes
    <store>.partial/journal.json   what is being made, and whether it is whole
    <store>.partial/data/          what will be moved
    <store>.partial/old/           what it replaces, until it is in place

A killed process leaves this folder and nothing else. The same command finds its journal and goes
on; another one starts over. Once the journal says `whole`, any later command completes the move.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from poreflux.errors import StoreExists
from poreflux.store import disk


class Partial:
    """The folder in which one process makes a store, or a part of one."""

    def __init__(self, store: Path):
        self.store = store
        self.folder = store.with_name(store.name + ".partial")
        self.data = self.folder / "data"
        self.journal = self.folder / "journal.json"

    def begin(self, identity: str) -> bool:
        """Make the folder ready for what ``identity`` names; return whether some is there."""
        if self._read().get("identity") == identity:
            disk.sweep(self.folder)
            return True
        disk.remove(self.data)
        self.data.mkdir(parents=True)
        self._write({"identity": identity})
        return False

    def finish(self, moves: list[str]) -> None:
        """Make ``data`` durable, then move it in place, replacing what is there.

        ``moves`` are the paths in the store that are replaced, in this order; the last one is what
        makes the rest visible. ``["."]`` replaces the whole store.
        """
        disk.sync_tree(self.data)
        disk.sync_folder(self.folder)
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
        """Remove all but the lock."""
        for name in ("journal.json", "data", "old"):
            disk.remove(self.folder / name)

    def _move(self, new: Path, place: Path, old: Path) -> None:
        if not new.exists():
            return
        if place.is_dir():
            disk.remove(old)
            old.parent.mkdir(parents=True, exist_ok=True)
            place.rename(old)
        place.parent.mkdir(parents=True, exist_ok=True)
        new.replace(place)

    def _read(self) -> dict:
        try:
            return json.loads(self.journal.read_bytes())
        except (FileNotFoundError, ValueError):
            return {}

    def _write(self, entries: dict) -> None:
        disk.write_file(self.journal, json.dumps(entries).encode(), sync=True)
        disk.sync_folder(self.folder)


@contextmanager
def making(store: Path) -> Iterator[Partial]:
    """Hold `<store>.partial` for this process alone; complete first what another left whole."""
    partial = Partial(store)
    with disk.writing(store):
        partial.folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(partial.folder / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreExists(
                f"{store} is being written by another process; wait for it to end"
            ) from None
        except OSError:
            # a file system without locks: nothing can be said about others
            pass
        with disk.writing(store):
            partial.recover()
        yield partial
    finally:
        if not partial.journal.exists():
            with suppress(OSError):
                disk.remove(partial.folder)
        os.close(lock)
