"""Checkpoints: the iterate on disk, written by all processes, read by any number of them.

A checkpoint is a Zarr group with two arrays, of which one is complete and the other being written;
its `zarr.json`, replaced atomically, says which is complete and which problem it belongs to.
"""

import io
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np

from poreflux.errors import CannotWrite, PorefluxError
from poreflux.kernels.redblack import GHOST
from poreflux.store import box, disk
from poreflux.store.layout import dump, plan, to_json
from poreflux.transport.laplace.operator import Operator
from poreflux.transport.parallel.neighbours import Ranks

if TYPE_CHECKING:
    from petsc4py import PETSc

#: bytes of a chunk, about
CHUNK_BYTES = 16 * 2**20

SAVE, STOP = 1, 2


class Interrupted(PorefluxError):
    """A solve that was stopped by SIGTERM, after its iterate was saved."""


class Checkpoint:
    """Saves iterates to `folder` every so many `seconds`, and when a signal asks for it.

    SIGUSR1 asks to save, SIGTERM to save and stop. ``theta`` and ``iterations`` are those of an
    iterate that was found. Without a folder nothing is saved.
    """

    def __init__(
        self,
        operator: Operator,
        ranks: Ranks,
        folder: Path | None,
        identity: str,
        *,
        seconds: float,
        notice: Callable[[str], None],
    ):
        self.operator = operator
        self.ranks = ranks
        self.notice = notice
        self.saves = folder is not None
        self.folder = folder or Path()
        self.identity = identity
        self.seconds = seconds
        self.theta = np.inf
        self.iterations = 0
        self.requested = 0
        self.saved = 0  # iterations that are on disk
        #: small arrays that every process has, saved with the iterate, and found with it
        self.arrays: dict[str, np.ndarray] = {}
        self._last = time.monotonic()
        self._slot = 0

    @contextmanager
    def handling_signals(self) -> Iterator[None]:
        """Handle signals during a solve."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        meaning: dict[int, int] = {signal.SIGUSR1: SAVE, signal.SIGTERM: STOP}

        def handle(number: int, _: FrameType | None) -> None:
            self.requested = max(self.requested, meaning[number])

        before = {number: signal.signal(number, handle) for number in meaning}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def requested_action(self) -> int:
        """Return what this process requests: nothing (0), SAVE or STOP."""
        due = self.ranks.link.rank == 0 and time.monotonic() - self._last >= self.seconds
        return max(self.requested, SAVE if due and self.saves else 0)

    def save(self, vector: "PETSc.Vec", iterations: int, theta: float) -> None:
        """Save an iterate; where that fails give notice and continue."""
        self.requested = 0
        if not self.saves:
            return
        name, iterations_done = f"x{self._slot}", self.iterations + iterations
        state = {"theta": float(theta), "iterations": iterations_done}
        failure = (
            self._first_failure(self._create, name, first_only=True)
            or self._first_failure(self._write, name, vector)
            or self._first_failure(self._publish, name, state, first_only=True)
        )
        if failure:
            self.notice(f"no checkpoint at iteration {iterations_done}: {failure}")
        else:
            self._slot, self.saved = 1 - self._slot, iterations_done
        self._last = time.monotonic()

    def interrupted(self, iterations: int) -> Interrupted:
        """Return the exception of a solve that was stopped."""
        iterations_done = self.iterations + iterations
        if self.saves and self.saved == iterations_done:
            advice = f"it is saved in {self.folder}; the same command goes on from there"
        else:
            advice = "nothing is saved; give a checkpoint to be able to go on"
        return Interrupted(f"stopped after iteration {iterations_done}, as asked; {advice}")

    def find(self, vector: np.ndarray) -> bool:
        """Fill the planes of this box (n, Y, H) from a checkpoint of this problem, if any."""
        state = self._state() if self._root else None
        gathered = self.ranks.link.gather((-1, 0, 0) if state is None else state)[0]
        if gathered[0] < 0:
            return False
        slot, self.theta, self.iterations = int(gathered[0]), gathered[1], int(gathered[2])
        self._slot = 1 - slot
        start = self.ranks.first
        n, rows, pairs = vector[:, GHOST:-GHOST, 1:-1].shape
        values = box.read_box(
            self.folder, f"x{slot}", (start, 0, 0), (start + n, rows, pairs),
            threads=self.operator.engine.threads,
        )  # fmt: skip
        vector[:, GHOST:-GHOST, 1:-1] = values
        self.arrays = _unpacked(self.folder / f"x{slot}.npz")
        self.notice(f"going on from iteration {self.iterations} in {self.folder}")
        return True

    def remove(self) -> None:
        """Remove the checkpoint of this problem after it is solved."""
        if self._root and self._state() is not None:
            disk.remove(self.folder)

    @property
    def _root(self) -> bool:
        return self.ranks.link.rank == 0

    def _first_failure(
        self, work: Callable[..., None], *args: Any, first_only: bool = False
    ) -> str | None:
        """Return the first failure of `work` (on all processes, or the first only), else None."""
        failure = ""
        try:
            if self._root or not first_only:
                work(*args)
        except (CannotWrite, OSError) as error:
            failure = str(error)
        failed = self.ranks.link.gather(float(bool(failure)))
        if not failed.any():
            return None
        text = np.zeros(512, np.uint8)
        data = failure.encode()[:512]
        text[: len(data)] = np.frombuffer(data, np.uint8)
        text = self.ranks.link.broadcast(text, int(np.argmax(failed)))
        return bytes(text).rstrip(b"\0").decode(errors="replace")

    def _state(self) -> tuple[int, float, int] | None:
        if not self.saves:
            return None
        try:
            attributes = box.read_document(self.folder / "zarr.json")["attributes"]
            if attributes["identity"] != self.identity:
                return None
            return int(attributes["slot"]), float(attributes["theta"]), attributes["iterations"]
        except (OSError, ValueError, KeyError):
            return None

    def _create(self, name: str) -> None:
        _, ny, nx = self.operator.shape
        shape = (self.ranks.planes, ny, (nx + 1) // 2)
        depth = chunk_depth(self.ranks.edges, 4 * shape[1] * shape[2])
        layout = plan(name, shape, np.float32, chunk=(depth, *shape[1:]), shards=False)
        with disk.writing(self.folder):
            disk.remove(self.folder / name)
            disk.write_file(self.folder / name / "zarr.json", dump(to_json(layout)), sync=True)

    def _write(self, name: str, vector: "PETSc.Vec") -> None:
        operator = self.operator
        planes = vector.array_r.reshape(operator.shape[0], *operator.source.shape[2:])
        depth = box.array_chunks(self.folder, name)[0]
        start = self.ranks.first

        def write(first: int) -> None:
            values = planes[first : first + depth, GHOST:-GHOST, 1:-1].astype(np.float32)
            box.write_box(self.folder, name, (start + first, 0, 0), values)

        operator.engine.map(write, [(a,) for a in range(0, operator.shape[0], depth)])

    def _publish(self, name: str, state: dict) -> None:
        attributes = {"identity": self.identity, "slot": int(name[1:]), **state}
        document = {"zarr_format": 3, "node_type": "group", "attributes": attributes}
        with disk.writing(self.folder):
            if self.arrays:
                disk.write_file(self.folder / f"{name}.npz", _packed(self.arrays), sync=True)
            disk.sync_tree(self.folder / name)
            disk.write_file(self.folder / "zarr.json", dump(document), sync=True)
            disk.sync_folder(self.folder)


def _packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _unpacked(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a file; none where there is none."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            return dict(arrays)
    except FileNotFoundError:
        return {}


def chunk_depth(edges: tuple[int, ...], plane: int) -> int:
    """Return how many planes of `plane` bytes make a chunk, such that each chunk is in one box.

    >>> chunk_depth((0, 24, 40), 4 * 2**20)
    4
    """
    depth = 1
    while 2 * depth * plane <= CHUNK_BYTES and all(edge % (2 * depth) == 0 for edge in edges[:-1]):
        depth *= 2
        if depth >= edges[-1]:
            break
    return depth
