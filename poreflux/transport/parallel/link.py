"""Processes connected by MPI."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from mpi4py import MPI
from numpy.typing import ArrayLike

from poreflux.transport.parallel.failure import SharedFailure

#: seconds between two tests for a message that an idle process waits for
POLL_SECONDS = 0.005


class Link:
    """The link of :mod:`poreflux.transport.parallel.neighbours` over an MPI communicator.

    Counts what it sends: ``messages`` and ``message_bytes`` to neighbours, ``reductions``, and
    ``joined_bytes`` of arrays that go to all.
    """

    def __init__(self, comm: MPI.Comm):
        self.comm = comm
        self.rank = comm.rank
        self.size = comm.size
        self.messages = self.message_bytes = self.reductions = self.joined_bytes = 0

    def exchange(
        self, low: np.ndarray, high: np.ndarray, wrap: bool = False
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Send `low` to the process below, `high` to the one above; return what they sent."""
        below, above = self.rank - 1, self.rank + 1
        if wrap:
            below, above = below % self.size, above % self.size
        requests, received = [], {}
        for direction, (partner, tag) in enumerate(((below, 1), (above, 0))):
            if 0 <= partner < self.size:
                received[direction] = np.empty_like(high if direction == 0 else low)
                requests.append(self.comm.Irecv(received[direction], partner, tag))
        for array, partner, tag in ((low, below, 0), (high, above, 1)):
            if 0 <= partner < self.size:
                requests.append(self.comm.Isend(array, partner, tag))
                self.messages += 1
                self.message_bytes += array.nbytes
        MPI.Request.Waitall(requests)
        return received.get(0), received.get(1)

    def gather(self, value: ArrayLike) -> np.ndarray:
        """Return the number, or the few numbers, of each process, in the order of ranks."""
        value = np.asarray(value, float)
        out = np.empty((self.size, *value.shape))
        self.comm.Allgather(value, out)
        self.reductions += 1
        return out

    def join(self, array: np.ndarray, lengths: np.ndarray | None = None) -> list[np.ndarray]:
        """Return the arrays of all processes; they differ along axis 0, by `lengths` if known."""
        array = np.ascontiguousarray(array)
        lengths = self.gather(len(array)).astype(np.int64) if lengths is None else lengths
        row_bytes = int(np.prod(array.shape[1:], dtype=np.int64)) * array.itemsize
        row = MPI.BYTE.Create_contiguous(
            row_bytes
        ).Commit()  # counts of rows, not bytes, must stay below 2^31
        out = np.empty((int(lengths.sum()), *array.shape[1:]), array.dtype)
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        self.comm.Allgatherv([array, len(array), row], [out, lengths, starts, row])
        row.Free()
        self.joined_bytes += array.nbytes
        return np.split(out, starts[1:])

    def add(self, array: np.ndarray) -> np.ndarray:
        """Return the sum of the arrays of all processes, which have the same shape."""
        out = np.empty_like(array)
        self.comm.Allreduce(np.ascontiguousarray(array), out)
        return out

    def broadcast(self, array: np.ndarray, source: int) -> np.ndarray:
        """Return the array of one process."""
        out = array if self.rank == source else np.empty_like(array)
        self.comm.Bcast(out, source)
        return out

    def first_processes(self, members: int) -> "Link | None":
        """Return a link between the first `members` processes, None for the others."""
        comm = self.comm.Split(0 if self.rank < members else MPI.UNDEFINED, self.rank)
        return None if comm == MPI.COMM_NULL else Link(comm)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Raise on every process what any of them raises within, after all have left the block.

        What is raised is a :class:`poreflux.transport.parallel.failure.SharedFailure`.
        """
        failure = None
        try:
            yield
        except SharedFailure as shared:
            failure = shared.failure
        except Exception as error:
            failure = error
        self.raise_first(failure)

    def raise_first(self, failure: Exception | None) -> None:
        """Raise the first failure of those that all processes pass, if there is one."""
        first = next(
            (candidate for candidate in self.comm.allgather(failure) if candidate is not None), None
        )
        if first is not None:
            raise SharedFailure(first if failure is None else failure)

    def on_this_machine(self, value: float) -> tuple[float, int]:
        """Return the sum of `value` over the processes of this machine, and their number."""
        node = self.comm.Split_type(MPI.COMM_TYPE_SHARED)
        values = node.allgather(value)
        node.Free()
        return sum(values), len(values)

    def wait(self) -> None:
        """Wait for all processes without occupying a core."""
        request = self.comm.Ibarrier()
        while not request.Test():
            time.sleep(POLL_SECONDS)


def threads_for(comm: MPI.Comm, cores: int, task_cores: int = 0) -> int:
    """Return how many threads a process may take: its share of the cores of its machine.

    `task_cores` are those that a batch system grants each process, 0 where it does not say.
    """
    node = comm.Split_type(MPI.COMM_TYPE_SHARED)
    mask = tuple(sorted(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ()
    sharing = sum(other == mask for other in node.allgather(mask))
    node.Free()
    share = max(1, cores // sharing)
    return min(share, task_cores) if task_cores else share
