"""The iterate on disk, from time to time: all processes write, any number reads it again.

A checkpoint is a Zarr group with two arrays, of which one is good and the other is being written;
its `zarr.json`, replaced at once, says which is good, and what it belongs to.
"""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from poreflux.errors import CannotWrite, PorefluxError
from poreflux.kernels.redblack import GHOST
from poreflux.store import box, disk
from poreflux.store.layout import dump, plan, to_json
from poreflux.transport.laplace.operator import Operator

#: bytes of a chunk, about
CHUNK = 16 * 2**20

SAVE, STOP = 1, 2


class Interrupted(PorefluxError):
    """A solve that was asked to stop, by SIGTERM, and has saved what it had."""


class Keeper:
    """Saves iterates to `folder` every so many `seconds`, and when a signal asks for it.

    SIGUSR1 asks to save, SIGTERM to save and stop. ``theta`` and ``iterations`` are those of an
    iterate that was found. Without a folder nothing is saved.
    """

    def __init__(self, operator: Operator, folder: Path | None, identity: str, seconds, notice):
        self.operator = operator
        self.notice = notice
        self.keeps = folder is not None
        self.folder = folder or Path()
        self.identity = identity
        self.seconds = seconds
        self.theta = np.inf
        self.iterations = 0
        self.asked = 0
        self.saved = 0  # iterations that are safe
        self._last = time.monotonic()
        self._slot = 0

    @property
    def link(self):
        """Return what connects the processes."""
        return self.operator.neighbours.link

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Heed signals for a while."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        words = {signal.SIGUSR1: SAVE, signal.SIGTERM: STOP}

        def heed(number, _):
            self.asked = max(self.asked, words[number])

        before = {number: signal.signal(number, heed) for number in words}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def wish(self) -> int:
        """Return what this process wants: nothing, to save, or to stop."""
        due = self.link.rank == 0 and time.monotonic() - self._last >= self.seconds
        return max(self.asked, SAVE if due and self.keeps else 0)

    def save(self, vector, stop) -> None:
        """Save an iterate; where that fails say so, and go on."""
        self.asked = 0
        if not self.keeps:
            return
        name, done = f"x{self._slot}", self.iterations + len(stop.history)
        state = {"theta": float(stop.theta), "iterations": done}
        trouble = (
            self._first_trouble(self._create, name, root=True)
            or self._first_trouble(self._write, name, vector)
            or self._first_trouble(self._publish, name, state, root=True)
        )
        if trouble:
            self.notice(f"no checkpoint at iteration {done}: {trouble}")
        else:
            self._slot, self.saved = 1 - self._slot, done
        self._last = time.monotonic()

    def interrupted(self, stop) -> Interrupted:
        """Return what to raise where the iteration was asked to stop."""
        done = self.iterations + len(stop.history)
        if self.keeps and self.saved == done:
            do = f"it is saved in {self.folder}; the same command goes on from there"
        else:
            do = "nothing is saved; give a checkpoint to be able to go on"
        return Interrupted(f"stopped after iteration {done}, as asked; {do}")

    def find(self, vector: np.ndarray) -> bool:
        """Fill own planes (n, Y, H) from a checkpoint of this problem, if there is one."""
        state = self._state() if self._root else None
        told = self.link.gather((-1, 0, 0) if state is None else state)[0]
        if told[0] < 0:
            return False
        slot, self.theta, self.iterations = int(told[0]), told[1], int(told[2])
        self._slot = 1 - slot
        start = self.operator.neighbours.span(0)[0]
        n, rows, pairs = vector[:, GHOST:-GHOST, 1:-1].shape
        values = box.read_box(
            self.folder, f"x{slot}", (start, 0, 0), (start + n, rows, pairs),
            threads=self.operator.team.threads,
        )  # fmt: skip
        vector[:, GHOST:-GHOST, 1:-1] = values
        return True

    def remove(self) -> None:
        """Remove the checkpoint of this problem: it is solved."""
        if self._root and self._state() is not None:
            disk.remove(self.folder)

    @property
    def _root(self) -> bool:
        return self.link.rank == 0

    def _first_trouble(self, work, *args, root: bool = False) -> str | None:
        """Return why `work` (of all processes, or of the first) failed, None where it did not."""
        words = ""
        try:
            if self._root or not root:
                work(*args)
        except (CannotWrite, OSError) as error:
            words = str(error)
        failed = self.link.gather(float(bool(words)))
        if not failed.any():
            return None
        text = np.zeros(512, np.uint8)
        data = words.encode()[:512]
        text[: len(data)] = np.frombuffer(data, np.uint8)
        text = self.link.spread(text, int(np.argmax(failed)))
        return bytes(text).rstrip(b"\0").decode(errors="replace")

    def _state(self) -> tuple[int, float, int] | None:
        if not self.keeps:
            return None
        try:
            attributes = box.read_document(self.folder / "zarr.json")["attributes"]
            if attributes["identity"] != self.identity:
                return None
            return int(attributes["slot"]), float(attributes["theta"]), attributes["iterations"]
        except (OSError, ValueError, KeyError):
            return None

    def _create(self, name: str) -> None:
        neighbours = self.operator.neighbours
        _, ny, nx = self.operator.shape
        shape = (neighbours.span(0)[1], ny, (nx + 1) // 2)
        depth = chunk_depth(neighbours.edges, 4 * shape[1] * shape[2])
        layout = plan(name, shape, np.float32, chunk=(depth, *shape[1:]), shards=False)
        with disk.writing(self.folder):
            disk.remove(self.folder / name)
            disk.write_file(self.folder / name / "zarr.json", dump(to_json(layout)), sync=True)

    def _write(self, name: str, vector) -> None:
        operator = self.operator
        planes = vector.array_r.reshape(operator.shape[0], *operator.source.shape[2:])
        depth = box.array_chunks(self.folder, name)[0]
        start = operator.neighbours.span(0)[0]

        def write(first: int) -> None:
            part = planes[first : first + depth, GHOST:-GHOST, 1:-1].astype(np.float32)
            box.write_box(self.folder, name, (start + first, 0, 0), part)

        operator.team.each(write, [(a,) for a in range(0, operator.shape[0], depth)])

    def _publish(self, name: str, state: dict) -> None:
        attributes = {"identity": self.identity, "slot": int(name[1:]), **state}
        document = {"zarr_format": 3, "node_type": "group", "attributes": attributes}
        with disk.writing(self.folder):
            disk.sync_tree(self.folder / name)
            disk.write_file(self.folder / "zarr.json", dump(document), sync=True)
            disk.sync_folder(self.folder)


def chunk_depth(edges: tuple[int, ...], plane: int) -> int:
    """Return how many planes of so many bytes make a chunk, such that no chunk is of two boxes.

    >>> chunk_depth((0, 24, 40), 4 * 2**20)
    4
    """
    depth = 1
    while 2 * depth * plane <= CHUNK and all(edge % (2 * depth) == 0 for edge in edges[:-1]):
        depth *= 2
        if depth >= edges[-1]:
            break
    return depth
