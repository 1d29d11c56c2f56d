"""The lock of a store in an object storage: one object, written only where nothing is there.

    <folder>/holder   who holds the lock; written anew while that process lives

It is taken by a put that succeeds only where there is no such object, and taken over from a crashed
holder by one that succeeds only where the object is still that holder's last. Of two processes that
do so at once, the storage serves one.
"""

import json
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from poreflux.errors import CannotWrite, Unreachable
from poreflux.store.process import BEAT, SILENCE, Process, parsed


@dataclass
class ObjectLock:
    """The lock below a prefix; the same verbs as those of a lock in a folder."""

    folder: Path
    process: Process = field(default_factory=lambda: Process.this())
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    #: whether it was taken from a process that is silent, but which may still run
    taken_over: bool = False

    def __post_init__(self) -> None:
        self._done = threading.Event()
        self._place: Any = self.folder / "holder"
        self._beats = 0
        self._last_beat = 0.0

    def take(self) -> Process | None:
        """Take the lock, or return the living process that holds it."""
        while True:
            if self._place.bucket.create(self._place.key, self._content()):
                self._taken()
                return None
            head = self._place.bucket.head(self._place.key)
            if head is None:
                continue
            try:
                holder = parsed(self._place.read_bytes())
            except FileNotFoundError:
                continue
            if holder is not None and holder.seen_from(self.process):
                crashed, silent = not holder.runs(), False
            else:
                crashed = silent = self._age(head.modified) > SILENCE
            if not crashed:
                return holder or Process("a machine unknown", 0, "", "")
            if self._place.bucket.replace(self._place.key, self._content(), head):
                self.taken_over |= silent
                self._taken()
                return None

    def held(self) -> bool:
        """Return whether it is still held, and no other process took it over."""
        try:
            return json.loads(self._place.read_bytes()).get("token") == self.token
        except (FileNotFoundError, ValueError, AttributeError):
            return False

    def require_fresh(self) -> None:
        """Raise where this process was silent for so long that another may have taken over."""
        if time.monotonic() - self._last_beat > SILENCE / 2 and not self.held():
            raise CannotWrite(
                f"{self.folder} was taken over by another process, because this one gave no sign "
                "of life for minutes; run it again"
            )

    def release(self) -> None:
        """Give the lock back."""
        self._done.set()
        if self.held():
            self._place.unlink()

    def _taken(self) -> None:
        self._last_beat = time.monotonic()
        threading.Thread(target=self._beat, daemon=True).start()

    def _content(self) -> bytes:
        """Return what says who holds the lock; never the same bytes twice, nor the same tag."""
        self._beats += 1
        document = {**asdict(self.process), "token": self.token, "beats": self._beats}
        return json.dumps(document).encode()

    def _age(self, modified: Any) -> float:
        """Return the seconds since a time, by the clock of the storage."""
        probe = self.folder / f"claim-{self.token}"
        probe.write_bytes(b"")
        try:
            return (probe.stat().st_mtime) - modified.timestamp()
        finally:
            probe.unlink()

    def _beat(self) -> None:
        while not self._done.wait(BEAT):
            with suppress(Unreachable):  # the storage may come back; until then the time stamp ages
                head = self._place.bucket.head(self._place.key)
                if head is None or not self.held() or self._done.is_set():
                    return
                if self._place.bucket.replace(self._place.key, self._content(), head):
                    self._last_beat = time.monotonic()
