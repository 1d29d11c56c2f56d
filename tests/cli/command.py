"""Run the real command line: in a process of its own, or, for many small cases, in this one."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass

from poreflux.cli import run as command


@dataclass(frozen=True)
class Ran:
    """What one command left: exit status, stdout, stderr."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict:
        """Return the JSON document on stdout."""
        return json.loads(self.out)


def poreflux(*words, cwd=None, prefix=(), timeout=240, **environment) -> Ran:
    """Run ``poreflux WORDS``; `prefix` runs it inside another command."""
    line = [*map(str, prefix), sys.executable, "-m", "poreflux", *map(str, words)]
    run = subprocess.run(
        line, cwd=cwd, capture_output=True, text=True, timeout=timeout,
        env={**os.environ, "COLUMNS": "200", **environment},
    )  # fmt: skip
    return Ran(run.returncode, run.stdout, run.stderr)


def inside(*words, cwd) -> Ran:
    """Run ``poreflux WORDS`` in this process: the same code but for the start."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = command([str(word) for word in words])
    return Ran(status, out.getvalue(), err.getvalue())


def refused(ran: Ran, status: int, *words: str) -> None:
    """Check that a command ended with one sentence on stderr that has these words.

    Before it there may be lines of progress, where a machine is slow, and that kernels compile.
    """
    assert (ran.status, ran.out) == (status, ""), ran
    *before, line = ran.err.splitlines()
    assert all(re.match(r"[a-z ]+: (\d+ %|compiling)", each) for each in before), ran
    assert line.startswith("poreflux: ")
    for word in words:
        assert word in line
