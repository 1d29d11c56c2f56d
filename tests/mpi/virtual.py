"""Boxes in one process: each is a thread, its links are queues; the bodies are those of MPI."""

import queue
import threading
from contextlib import contextmanager

import numpy as np

TIMEOUT = 60


class Board:
    """What all links of one run share."""

    def __init__(self, size):
        self.size = size
        self.posts = {
            (a, b, tag): queue.Queue() for a in range(size) for b in range(size) for tag in (0, 1)
        }
        self.barrier = threading.Barrier(size, timeout=TIMEOUT)
        self.values = [None] * size


class ThreadLink:
    """The link of one box: see :mod:`poreflux.transport.parallel.neighbours`."""

    def __init__(self, board, rank):
        self.board, self.rank, self.size = board, rank, board.size

    def exchange(self, low, high, wrap=False):
        below, above = self.rank - 1, self.rank + 1
        if wrap:
            below, above = below % self.size, above % self.size
        for array, partner, tag in ((low, below, 0), (high, above, 1)):
            if 0 <= partner < self.size:
                self.board.posts[self.rank, partner, tag].put(array.copy())
        found = [None, None]
        for at, (partner, tag) in enumerate(((below, 1), (above, 0))):
            if 0 <= partner < self.size:
                found[at] = self.board.posts[partner, self.rank, tag].get(timeout=TIMEOUT)
        return tuple(found)

    def gather(self, value):
        return np.array(self._all(np.asarray(value, float)))

    def join(self, array, lengths=None):
        parts = self._all(array.copy())
        assert lengths is None or [len(part) for part in parts] == list(lengths)
        return parts

    def add(self, array):
        return sum(self._all(array.copy()))

    def broadcast(self, array, source):
        return self._all(array.copy())[source]

    @contextmanager
    def together(self):
        failure = None
        try:
            yield
        except Exception as error:
            failure = error
        found = next((each for each in self._all(failure) if each is not None), None)
        if found is not None:
            raise found

    def on_this_machine(self, value):
        return sum(self._all(value)), self.size

    def _all(self, value):
        self.board.values[self.rank] = value
        self.board.barrier.wait()
        values = list(self.board.values)
        self.board.barrier.wait()
        return values


def on_boxes(size, body):
    """Return what `body` returns for each of `size` links, side by side; raise what one raised."""
    board = Board(size)
    results, failures = [None] * size, []

    def run(rank):
        try:
            results[rank] = body(ThreadLink(board, rank))
        except BaseException as failure:
            failures.append(failure)
            board.barrier.abort()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise next(
            (f for f in failures if not isinstance(f, threading.BrokenBarrierError)), failures[0]
        )
    return results
