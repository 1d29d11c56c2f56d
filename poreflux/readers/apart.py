"""A process apart reads files whose damage ends the library that reads them.

It is this interpreter again, with h5py and little else; values come back through shared memory.
Where it dies, the file is refused in a sentence, and the next request starts another.
"""

import atexit
import contextlib
import math
import mmap
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from poreflux.errors import UnreadableImage

if TYPE_CHECKING:
    from poreflux.readers.description import Wanted
    from poreflux.readers.hdf5_layout import Layout
    from poreflux.readers.lazy import Box


def layout(path: Path, wanted: "Wanted", *, reverse: bool) -> "Layout":
    """Return what an HDF5 file holds, see :func:`poreflux.readers.hdf5_layout.layout`."""
    return _reader().ask(path, ("layout", path, wanted, reverse))


def box(
    path: Path,
    name: str,
    index: tuple[int | slice, ...],
    dtype: np.dtype,
    start: "Box",
    stop: "Box",
) -> np.ndarray:
    """Return a box of the values of a dataset of an HDF5 file."""
    shape = tuple(b - a for a, b in zip(start, stop))
    return _reader().values(path, (path, name, index, start, stop), shape, dtype)


class _Memory:
    """A file without a name, in memory where the system has such, mapped by both processes.

    It stays mapped from one request to the next: to map it anew costs as much as to fill it.
    """

    def __init__(self, file: IO[bytes]):
        self.file = file
        self._mapped: mmap.mmap | None = None

    @classmethod
    def new(cls) -> "_Memory":
        if hasattr(os, "memfd_create"):
            return cls(os.fdopen(os.memfd_create("poreflux-hdf5"), "w+b"))
        return cls(tempfile.TemporaryFile())

    def hold(self, count: int) -> None:
        """Make room for so many bytes; where there is none, here, and not when it is written to."""
        if os.fstat(self.file.fileno()).st_size >= count:
            return
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(self.file.fileno(), 0, count)
        else:
            os.truncate(self.file.fileno(), count)

    def array(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """Return what is shared as an array, from its first byte on."""
        count = math.prod(shape)
        if not count:
            return np.empty(shape, dtype)
        if self._mapped is None or len(self._mapped) < count * dtype.itemsize:
            self._mapped = mmap.mmap(self.file.fileno(), 0)
        return np.frombuffer(self._mapped, dtype, count).reshape(shape)


class _Reader:
    """A process that reads for this one, and the memory that they share."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: subprocess.Popen | None = None
        self.owner = os.getpid()

    def ask(self, path: Path, request: tuple) -> Any:
        """Return the answer to a request about a file; raise what the other process raised."""
        with self.lock:
            return self._answer(path, request)

    def values(self, path: Path, request: tuple, shape: tuple, dtype: np.dtype) -> np.ndarray:
        """Return the values that the other process puts into the shared memory."""
        with self.lock:
            self._start()
            self.memory.hold(math.prod(shape) * dtype.itemsize)
            self._answer(path, ("box", *request, shape, dtype))
            return self.memory.array(shape, dtype).copy()

    def _answer(self, path: Path, request: tuple) -> Any:
        self._start()
        assert self.process is not None
        if self.process.poll() is not None:  # a word to it would be a SIGPIPE, which others handle
            raise UnreadableImage(f"{path} {self._ended()}")
        try:
            self.line.send(request)
            failed, answer = self.line.recv()
        except (EOFError, OSError) as error:
            raise UnreadableImage(f"{path} {self._ended()}") from error
        except BaseException:  # an interrupt: what comes next is no answer to the next request
            self.close()
            raise
        if failed:
            raise answer
        return answer

    def _ended(self) -> str:
        """Return what to say of a process that ended, and forget it."""
        assert self.process is not None
        status = self.process.wait()
        self.close()
        if status < 0:
            name = signal.Signals(-status).name
            return (
                f"cannot be read as an HDF5 file: its library ended by {name} while it read it, as "
                "it does of damaged chunks; fetch the file again"
            )
        return (
            f"cannot be read as an HDF5 file: the process that reads it ended with status {status}"
        )

    def _start(self) -> None:
        if self.process is not None:
            return
        ours, theirs = socket.socketpair()
        self.memory = _Memory.new()
        descriptors = theirs.fileno(), self.memory.file.fileno()
        served = f"from poreflux.readers import apart; apart.serve{descriptors}"
        line = [sys.executable, "-P", "-c", served]
        package = str(Path(__file__).parents[2])
        where = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
        self.process = subprocess.Popen(
            line,
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is of this process, which then ends the other
            env={**os.environ, "PYTHONPATH": where},
        )
        theirs.close()
        self.line = Connection(ours.detach())
        atexit.register(self.close)

    def close(self) -> None:
        """End the other process."""
        if self.process is None or self.owner != os.getpid():  # a fork's parent still reads
            return
        process, self.process = self.process, None
        atexit.unregister(self.close)
        self.line.close()
        self.memory.file.close()
        process.kill()
        process.wait()


_READERS: dict[int, _Reader] = {}


def _reader() -> _Reader:
    """Return the reader of this process: a fork does not share that of its parent."""
    return _READERS.setdefault(os.getpid(), _Reader())


def serve(descriptor: int, memory: int) -> None:
    """Answer requests that come through a connection until it is closed: the process apart."""
    from poreflux.readers import hdf5_layout

    line, shared = Connection(descriptor), _Memory(os.fdopen(memory, "r+b"))
    while True:
        try:
            kind, path, *request = line.recv()
        except (EOFError, OSError):
            return
        try:
            answer: Any = None
            if kind == "layout":
                wanted, reverse = request
                answer = hdf5_layout.layout(path, wanted, reverse=reverse)
            else:
                name, index, start, stop, shape, dtype = request
                out = shared.array(shape, dtype)
                hdf5_layout.read_box(path, name, index, start, stop, out)
            reply = False, answer
        except Exception as error:
            reply = True, error.with_traceback(None)
        with contextlib.suppress(BrokenPipeError):
            line.send(reply)
