"""Progress on stderr: a bar in a terminal, a plain line now and then in a log."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from poreflux.progress import bar

Progress = Callable[..., None]

#: in a log: the least time between two lines, in seconds
_PAUSE = 10.0


class _Notes(logging.Handler):
    """Print what the library notes as lines on stderr, whatever stderr is at that time."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a note."""
        print(f"poreflux: {record.getMessage()}", file=sys.stderr, flush=True)


def show_notes() -> None:
    """Let the library say what takes time, as that kernels are compiled, from now on."""
    logger = logging.getLogger("poreflux")
    if not any(isinstance(handler, _Notes) for handler in logger.handlers):
        logger.addHandler(_Notes())
        logger.setLevel(logging.INFO)
        logger.propagate = False


@contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Yield ``progress(done, total, note="")``, which shows how far a verb has come."""
    if sys.stderr.isatty():
        with bar(title) as on_progress:
            yield on_progress
    else:
        yield _Log(title)


class _Log:
    """Print a line when a tenth more is done or some seconds have passed, not more often."""

    def __init__(self, title: str):
        self.title, self.tenth, self.last = title, 0, time.monotonic()

    def __call__(self, done: float, total: float, note: str = "") -> None:
        tenth, now = int(10 * done / max(total, 1)), time.monotonic()
        if now - self.last < _PAUSE and (tenth <= self.tenth or now - self.last < 1.0):
            return
        self.tenth, self.last = tenth, now
        line = f"{self.title}: {100 * done / max(total, 1):.0f} % {note}".rstrip()
        print(line, file=sys.stderr, flush=True)
