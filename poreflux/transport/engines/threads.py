"""A team of threads that share the planes of a box; kernels release the GIL."""

from concurrent.futures import ThreadPoolExecutor

from poreflux.kernels.redblack import slabs
from poreflux.machine import available_cores

#: boxes below this many cells are worked by one thread: starting more costs as much as the work
WORTH_SHARING = 60_000


class Team:
    """Run a kernel over slabs of planes, each by its own thread.

    A slab always belongs to the same thread number, so that memory is touched first by the thread
    that works on it.
    """

    def __init__(self, threads: int | None = None):
        self.threads = max(1, threads or available_cores())
        self._pool = ThreadPoolExecutor(self.threads - 1) if self.threads > 1 else None

    def slabs(self, shape: tuple[int, int, int]) -> list[tuple[int, int]]:
        """Return the ranges of planes, one a thread, of a box of `shape` cells."""
        cells = shape[0] * shape[1] * shape[2]
        return slabs(shape[0], self.threads if cells >= WORTH_SHARING else 1)

    def each(self, function, jobs) -> list:
        """Return ``[function(*job) for job in jobs]``, side by side, the first in this thread."""
        jobs = list(jobs)
        if self._pool is None or len(jobs) < 2:
            return [function(*job) for job in jobs]
        later = [self._pool.submit(function, *job) for job in jobs[1:]]
        return [function(*jobs[0]), *(future.result() for future in later)]

    def close(self) -> None:
        """Let the threads go."""
        if self._pool is not None:
            self._pool.shutdown()
