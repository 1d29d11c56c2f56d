"""A lock with one holder at a time, also on shared file systems; it recovers from a crash.

    <folder>/holder/<token>    who holds the lock; touched while that process lives
    <folder>/claim-<token>/    the same, of a process that requests it

A claim is renamed to `holder`. The system renames a folder onto another only where that is empty,
at once and for one process: the lock relies on this alone, which every file system provides. A
crashed holder is detected by its process id if it ran on this machine, and by an old time stamp if
it ran on another. Its token is removed by name, so that two processes that do this at once do not
remove the token of the next holder.
"""

import errno
import json
import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from poreflux.errors import StoreExists
from poreflux.objects import is_remote
from poreflux.store.disk import writing
from poreflux.store.object_lock import ObjectLock
from poreflux.store.process import BEAT, SILENCE, Process, parsed

#: seconds between two attempts of a process that waits
PAUSE = 0.2

_TAKEN = (errno.ENOTEMPTY, errno.EEXIST)


@dataclass
class Lock:
    """The lock in a folder, which is made for it and removed with it when nothing else is there."""

    folder: Path
    process: Process = field(default_factory=lambda: Process.this())
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    #: whether it was taken from a process whose time stamp is old, but which may still run
    taken_over: bool = False

    def __post_init__(self) -> None:
        self._done = threading.Event()

    @property
    def place(self) -> Path:
        return self.folder / "holder"

    def take(self) -> Process | None:
        """Take the lock, or return the living process that holds it."""
        while True:
            self.folder.mkdir(parents=True, exist_ok=True)  # where it can be made
            with suppress(FileNotFoundError):  # another removed the folder; make it again
                return self._take()

    def held(self) -> bool:
        """Return whether it is still held, and no other process took it over."""
        return (self.place / self.token).exists()

    def release(self) -> None:
        """Give the lock back, and remove what is empty then."""
        self._done.set()
        (self.place / self.token).unlink(missing_ok=True)
        _remove_empty(self.place)
        _remove_empty(self.folder)

    def _take(self) -> Process | None:
        claim = self.folder / f"claim-{self.token}"
        claim.mkdir(exist_ok=True)
        try:
            (claim / self.token).write_text(json.dumps(asdict(self.process)))
            claimed_at = (claim / self.token).stat().st_mtime
            while True:
                try:
                    os.rename(claim, self.place)
                except OSError as error:
                    if error.errno not in _TAKEN:
                        raise
                else:
                    if not self.held():  # another process removed it as crashed
                        continue
                    threading.Thread(target=self._beat, daemon=True).start()
                    for other in self.folder.glob("claim-*"):
                        self._living(other, claimed_at)
                        _remove_empty(other)
                    return None
                living = self._living(self.place, claimed_at)
                if living is not None:
                    return living
        finally:
            (claim / self.token).unlink(missing_ok=True)
            _remove_empty(claim)
            _remove_empty(self.folder)

    def _living(self, place: Path, now: float) -> Process | None:
        """Return who is in a place; remove those who have crashed.

        ``now`` is the time by the clock of the disk, which need not be that of this machine.
        """
        try:
            tokens = list(place.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return None
        for path in tokens:
            try:
                # to open it makes a shared file system look again
                with path.open("rb") as file:
                    silent = now - os.fstat(file.fileno()).st_mtime
                    content = file.read()
            except FileNotFoundError:
                continue
            process = parsed(content)
            if process is not None and process.seen_from(self.process):
                crashed = not process.runs()
            else:
                crashed = silent > SILENCE
                self.taken_over |= crashed
            if not crashed:
                return process or Process("a machine unknown", 0, "", "")
            path.unlink(missing_ok=True)
        return None

    def _beat(self) -> None:
        while not self._done.wait(BEAT):
            try:
                os.utime(self.place / self.token)
            except FileNotFoundError:
                return
            except OSError:
                # the disk may come back; until then the time stamp ages
                continue


@contextmanager
def holding(folder: Path, what: Path, *, wait: bool = False) -> Iterator[Lock | ObjectLock]:
    """Hold the lock of a folder, in which ``what`` is made.

    Raises
    ------
    StoreExists
        if a living process holds it and this one is not to ``wait``; nothing was touched.
    CannotWrite
        if the disk does not let it go.
    """
    lock = ObjectLock(folder) if is_remote(folder) else Lock(folder)
    while (holder := _taken(lock, what)) is not None:
        if not wait:
            raise StoreExists(
                f"{what} is being written by another process ({holder.pid} on {holder.host}); "
                "wait for it to end, by hand or with wait=True"
            )
        time.sleep(PAUSE)
    try:
        yield lock
    finally:
        with writing(what):
            lock.release()


def _taken(lock: Lock | ObjectLock, what: Path) -> Process | None:
    """Take a lock, or return who holds it."""
    with writing(what):
        return lock.take()


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
