"""How a step of several parts tells its progress: a title opens a bar, or nothing is shown."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeAlias

from poreflux.annotations import Progress

#: of a title, what shows the progress of one part while it is entered
Watch: TypeAlias = Callable[[str], AbstractContextManager[Progress | None]]


def unwatched(title: str) -> AbstractContextManager[Progress | None]:
    """Show nothing.

    Examples
    --------
    >>> with unwatched("solve") as progress:
    ...     progress is None
    True
    """
    return nullcontext()
