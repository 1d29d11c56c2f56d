"""Start real processes with mpiexec, and end them: a hang is a failure."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: seconds until a run counts as hanging, first compilation of kernels on a busy machine included
TIMEOUT = 120


def environment() -> dict[str, str]:
    """Return an environment with one thread a process, whatever the caller's has."""
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("PMI", "MPI", "HYDRA"))}
    return keep | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


def start(processes: int, *words) -> subprocess.Popen:
    """Start `processes` Pythons with these words; the caller waits for them."""
    mpiexec = Path(sys.executable).with_name("mpiexec")
    command = [mpiexec, "-n", processes, sys.executable, "-W", "error::DeprecationWarning", *words]
    return subprocess.Popen(
        list(map(str, command)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment(),
        start_new_session=True,
    )


def finish(run: subprocess.Popen, timeout: float = TIMEOUT) -> subprocess.CompletedProcess:
    """Wait for a run; end all of it and fail where it hangs."""
    try:
        out, err = run.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        end(run)
        out, err = run.communicate()
        raise AssertionError(f"hangs after {timeout} s\n{out}\n{err}") from None
    return subprocess.CompletedProcess(run.args, run.returncode, out, err)


def end(run: subprocess.Popen) -> None:
    """Kill mpiexec and all it started."""
    os.killpg(run.pid, signal.SIGKILL)


def solve_all(processes: int, cases: list[dict]) -> list[dict]:
    """Solve the cases, one after the other, in one run of so many processes."""
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "cases.json"
        spec.write_text(json.dumps(cases))
        done = finish(start(processes, "-m", "tests.mpi.body", spec))
        assert done.returncode == 0, done.stderr
        return json.loads((Path(folder) / "found.json").read_text())
