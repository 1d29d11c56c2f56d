"""Compiled loops on plain arrays, kept on disk in the first folder that can be written."""

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numba
from numba.core import event

config: Any = numba.config  # made when it is imported, by what the environment says


def cache_folders(environment: Mapping[str, str], home: Path | None) -> Iterator[Path]:
    """Yield where compiled code may be kept, in the order of preference.

    Examples
    --------
    >>> [str(path) for path in cache_folders({"XDG_CACHE_HOME": "/c", "TMPDIR": "/t"}, None)][0]
    '/c/poreflux'
    """
    if environment.get("XDG_CACHE_HOME"):
        yield Path(environment["XDG_CACHE_HOME"]) / "poreflux"
    if home is not None:
        yield home / ".cache" / "poreflux"
    user = os.getuid() if hasattr(os, "getuid") else environment.get("USERNAME", "user")
    yield Path(environment.get("TMPDIR") or "/tmp") / f"poreflux-{user}"


def can_write(folder: Path) -> bool:
    """Return whether a file can be made in a folder, which is made if need be; it must be ours."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
            return False  # code is run from there
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _kept() -> bool:
    """Choose where compiled code is kept; return False where it is nowhere."""
    if config.CACHE_DIR and can_write(Path(config.CACHE_DIR)):
        return True
    config.CACHE_DIR = ""
    if can_write(Path(__file__).parent / "__pycache__"):
        return True
    home = os.path.expanduser("~")
    known = Path(home) if os.path.isabs(home) else None
    for folder in cache_folders(os.environ, known):
        if can_write(folder):
            config.CACHE_DIR = str(folder)
            return True
    warnings.warn(
        "compiled code can be kept nowhere, so that each process compiles anew (up to a "
        "minute); set NUMBA_CACHE_DIR to a folder that can be written",
        stacklevel=2,
    )
    return False


#: whether kernels are kept on disk
KEPT = _kept()


class _Compiling(event.Listener):
    """Say once in a process that kernels are compiled: what comes from disk says nothing."""

    def __init__(self) -> None:
        self.said = False

    def on_start(self, event: Any) -> None:
        """Say it at the first compilation."""
        if not self.said:
            self.said = True
            again = "once on this machine" if KEPT else "in each process"
            logging.getLogger("poreflux").info("compiling kernels, %s, up to a minute", again)

    def on_end(self, event: Any) -> None:
        """Say nothing."""


event.register("numba:compile", _Compiling())
