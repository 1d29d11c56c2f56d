"""A bar with the time left, in a terminal and in a notebook, for whoever calls a function.

``progress=True`` shows it, a callable is told instead, ``progress=False`` shows nothing; where it
is left out, a notebook shows a bar and a program does not. One bar at a time: functions that are
called within another tell that one.
"""

import html
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from poreflux.annotations import Progress

P = ParamSpec("P")
R = TypeVar("R")

#: seconds between two changes of a bar in a notebook
_PAUSE = 0.2

#: work that is under way, in any thread
_running = 0
_lock = threading.Lock()


def shows_progress(title: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function take ``progress=True``: inside, `progress` is a callable or None.

    Examples
    --------
    >>> @shows_progress("count")
    ... def count(n, *, progress=None):
    ...     if progress:
    ...         progress(n, n, "numbers")
    ...     return progress is not None
    >>> count(3), count(3, progress=print)
    3 3 numbers
    (False, True)
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            with showing(title, kwargs.get("progress")) as told:
                kwargs["progress"] = told
                return function(*args, **kwargs)

        return call

    return decorate


@contextmanager
def showing(title: str, wanted: Any) -> Iterator[Progress | None]:
    """Yield what is to be told of the progress, for what was given as `progress`."""
    global _running
    with _lock:
        outermost = _running == 0
        _running += 1
    try:
        if callable(wanted):
            yield wanted
        elif not outermost or not (wanted or (wanted is None and in_notebook())):
            yield None
        else:
            with notebook_bar(title) if in_notebook() else bar(title) as told:
                yield told
    finally:
        with _lock:
            _running -= 1


@contextmanager
def bar(title: str) -> Iterator[Progress]:
    """Show a bar on stderr, which is cleared at the end."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(title, total=None, note="")

        def on_progress(done: float, total: float, note: str = "") -> None:
            bars.update(task, completed=done, total=total, note=note)

        yield on_progress


@contextmanager
def notebook_bar(title: str) -> Iterator[Progress]:
    """Show a bar below the cell; at the end it says how long it took."""
    from IPython.display import HTML, display

    shown = display(HTML(_line(title, 0.0, "")), display_id=True)
    begun = last = time.monotonic()

    def on_progress(done: float, total: float, note: str = "") -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _PAUSE:
            return
        last = now
        share = done / max(total, 1)
        left = f"{duration((now - begun) * (1 - share) / share)} left" if share > 0 else ""
        shown.update(HTML(_line(title, share, ", ".join(filter(None, (left, note))))))

    failed = True
    try:
        yield on_progress
        failed = False
    finally:
        how = "stopped after" if failed else "done in"
        shown.update(HTML(_line(title, None, f"{how} {duration(time.monotonic() - begun)}")))


def _line(title: str, share: float | None, words: str) -> str:
    """Return a bar with its words as HTML; without a share the words alone."""
    name = html.escape(title)
    drawn = (
        ""
        if share is None
        else (
            f'<progress max="1" value="{share:.4f}" style="width: 18em; vertical-align: middle">'
            f"</progress> {100 * share:.0f} % "
        )
    )
    return (
        f'<div style="font-size: 0.9em" aria-label="{name}">{name} {drawn}'
        f'<span style="opacity: 0.75">{html.escape(words)}</span></div>'
    )


def duration(seconds: float) -> str:
    """Return a time as people say it.

    Examples
    --------
    >>> duration(0.42), duration(75), duration(9000)
    ('0.4 s', '1:15 min', '2:30 h')
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d} h"


def in_notebook() -> bool:
    """Return whether this is a kernel of a notebook, which shows HTML.

    Examples
    --------
    >>> in_notebook()
    False
    """
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"
