"""What a step may use: threads or a scheduler, processes for solves, and how it shows progress."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from poreflux.study.watching import Watch, unwatched


class Processes(Protocol):
    """Who solves on several processes: each verb makes a folder of results at `out`."""

    def tortuosity(self, store: Path, direction: str, out: Path, options: dict[str, Any]) -> None:
        """Solve for a tortuosity factor, options as of the study's section."""

    def current(self, store: Path, direction: str, out: Path, options: dict[str, Any]) -> None:
        """Solve for a current, options as of the study's section."""


@dataclass(frozen=True)
class Work:
    """Means of a run.

    Attributes
    ----------
    threads
        of solves; by default all cores.
    scheduler
        of dask, for block computations; by default threads.
    processes
        who solves on several processes; by default this one does.
    chunk
        edge of a stored chunk in voxels.
    watch
        shows the progress of each part of a step.
    note
        is told what a step could not find out.
    """

    threads: int | None = None
    scheduler: str | None = None
    processes: Processes | None = None
    chunk: int = 128
    watch: Watch = unwatched
    note: Callable[[str], object] = len
