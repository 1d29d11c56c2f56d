"""Solves of a study on several processes: the verbs of this command line, under mpirun."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: keys of a section that are of other solves, or that are flags
_LEFT_OUT = ("blocks", "discretisation")

#: what solves on processes do anyway; anything else they refuse
_ANYWAY = {"geometry": "voxels", "resolution": "voxel"}

#: what starts processes, in the order in which it is looked for
_STARTERS = ("mpirun", "mpiexec")


@dataclass(frozen=True)
class Mpirun:
    """Starts the verbs of a solve on several processes, each with so many threads."""

    count: int
    threads: int | None = None

    def tortuosity(self, store: Path, direction: str, out: Path, options: dict[str, Any]) -> None:
        """Solve for a tortuosity factor."""
        words = _words(options)
        if not options["discretisation"]:
            words.append("--no-discretisation")
        self._run("tortuosity", store, direction, out, words)

    def current(self, store: Path, direction: str, out: Path, options: dict[str, Any]) -> None:
        """Solve for a current."""
        self._run("current", store, direction, out, _words(options))

    def _run(self, verb: str, store: Path, direction: str, out: Path, words: list[str]) -> None:
        program = starter()
        if program is None:
            raise ValueError(
                f"{self.count} processes need mpirun, which is not in PATH; install an MPI, or "
                "take one process"
            )
        line = [
            program, "-n", str(self.count), sys.executable, "-m", "poreflux", "solve", verb,
            str(store), "--direction", direction, "--solver", "petsc", "--overwrite",
            "--out", str(out), *words,
        ]  # fmt: skip
        if self.threads is not None:
            line += ["--threads", str(self.threads)]
        ran = subprocess.run(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if ran.returncode:
            said = [text for text in ran.stderr.splitlines() if text.startswith("poreflux: ")]
            what = said[-1].removeprefix("poreflux: ") if said else ran.stderr[-300:].strip()
            raise RuntimeError(f"{verb} on {self.count} processes: {what}")


def starter() -> str | None:
    """Return the program that starts processes: in PATH, or beside the Python that runs."""
    beside = str(Path(sys.executable).parent)
    found = (shutil.which(name, path=path) for path in (None, beside) for name in _STARTERS)
    return next(filter(None, found), None)


def _words(options: Mapping[str, Any]) -> list[str]:
    """Return options of Python as words of the command line; what is not given is left out.

    Examples
    --------
    >>> _words({"conductivity": {"a": 1.0, "b": 0.5}, "sides": "periodic", "film_resistance": None})
    ['--conductivity', 'a=1.0,b=0.5', '--sides', 'periodic']
    >>> _words({"wagner_lengths": [0.0, 8.0], "blocks": [4, 4, 4]})
    ['--wagner-lengths', '0.0,8.0']
    """
    words = []
    for name, value in options.items():
        if value is None or value == [] or name in _LEFT_OUT or _ANYWAY.get(name) == value:
            continue
        if isinstance(value, Mapping):
            value = ",".join(f"{key}={item}" for key, item in value.items())
        elif isinstance(value, (list, tuple)):
            value = ",".join(map(str, value))
        words += [f"--{name.replace('_', '-')}", str(value)]
    return words
