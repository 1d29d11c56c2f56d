"""What goes wrong on one process ends all with one sentence; what is killed goes on from there."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import poreflux
from poreflux.errors import TooLarge
from poreflux.transport.parallel.petsc import check_indices
from tests.mpi.launch import ROOT, end, environment, finish, solve_all, start

pytestmark = pytest.mark.mpi

RTOL = 1e-11


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Return a store of a medium of long paths, which takes some twenty iterations."""
    rng = np.random.default_rng(11)
    labels = (rng.random((40, 26, 28)) < 0.4).astype(np.uint8)
    path = tmp_path_factory.mktemp("media") / "vol.zarr"
    return poreflux.save(poreflux.from_array(labels), path, chunk=8)


@pytest.fixture(scope="module")
def answer(store):
    """Return what the serial driver finds."""
    return poreflux.tortuosity_factor(poreflux.open(store), rtol=RTOL).tortuosity_factor.item()


def command(store, folder, *words):
    """Return the words of a solve by the command line, in `folder`."""
    solve = ["-m", "poreflux", "solve", "tortuosity", store, "--solver", "petsc", "--threads", 1]
    return [*solve, "--rtol", RTOL, "--out", folder / "r.zarr", *words]


def body(tmp_path, **case) -> list:
    """Return the words of a test's body that solves one case."""
    spec = tmp_path / "cases.json"
    spec.write_text(json.dumps([{"rtol": RTOL, "threads": 1, **case}]))
    return ["-m", "tests.mpi.body", spec]


def test_what_one_process_raises_ends_all_with_one_sentence(store, tmp_path):
    case = {"path": str(store), "raise": [1, 3]}
    done = finish(start(3, *body(tmp_path, **case)))
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["poreflux: process 1 of 3: a cosmic ray"]


def test_a_chunk_that_one_process_misses_is_named_once(store, tmp_path):
    copy = tmp_path / "vol.zarr"
    subprocess.run(["cp", "-r", store, copy], check=True)
    (copy / "phase" / "c" / "4" / "1" / "2").unlink()
    done = finish(start(2, *command(copy, tmp_path)))
    assert done.returncode == 1
    assert done.stderr.count("poreflux:") == 1
    assert "chunk 4/1/2" in done.stderr
    assert "missing" in done.stderr


@pytest.mark.parametrize(
    "words, status, sentence",
    [
        (["--conductivity", "binder=1"], 2, "phase 'binder' is not in the volume"),
        (["--blocks", "2,2,2"], 2, "--blocks is for --solver serial"),
        (["-ksp_max_it", 2], 1, "PETSc gave up after 2 iterations"),
    ],
)
def test_what_all_processes_find_wrong_is_said_by_one(store, tmp_path, words, status, sentence):
    done = finish(start(2, *command(store, tmp_path, *words)))
    assert done.returncode == status
    said = [line for line in done.stderr.splitlines() if line.startswith("poreflux:")]
    assert len(said) == 1
    assert sentence in said[0]


@pytest.mark.parametrize("verb", ["tortuosity", "current"])
def test_a_field_of_which_a_mask_leaves_out_planes_is_refused_by_one_sentence(
    store, tmp_path, verb
):
    volume = poreflux.open(store).compute()
    part = volume.assign(mask=(volume["z"] < 30) & (volume["phase"] < 9))
    masked = poreflux.save(part, tmp_path / "vol.zarr", chunk=8)
    words = ["-m", "poreflux", "solve", verb, masked, "--solver", "petsc", "--field"]
    done = finish(start(2, *words, "--out", "r.zarr"))
    assert done.returncode == 2
    said = [line for line in done.stderr.splitlines() if line.startswith("poreflux:")]
    assert len(said) == 1
    assert "the mask leaves out planes" in said[0]


def test_a_solve_that_memory_does_not_hold_is_refused_with_numbers(store, tmp_path):
    case = {"path": str(store), "memory": 300 * 2**20}
    done = finish(start(2, *body(tmp_path, **case)))
    assert done.returncode == 1
    pattern = r"40x26x28 voxels need 0.2\d? GiB on each of 2 processes, 0.29 GiB are free for 2"
    assert re.search(pattern, done.stderr)
    assert not (tmp_path / "found.json").exists()


def test_more_unknowns_than_small_indices_count_are_refused():
    check_indices(2**31, 64)
    check_indices(2**31 - 1, 32)
    with pytest.raises(TooLarge, match="--with-64-bit-indices=1"):
        check_indices(2**31, 32)


@pytest.mark.parametrize("package", ["petsc4py", "mpi4py"])
def test_a_missing_package_names_what_to_install(store, tmp_path, package):
    code = (
        f"import sys; sys.modules[{package!r}] = None; sys.argv = ['poreflux']; "
        "from poreflux.cli import main; main(sys.argv.__class__(sys.stdin.read().split()))"
    )
    words = " ".join(map(str, command(store, tmp_path)[2:]))
    done = subprocess.run(
        [sys.executable, "-c", code], input=words, capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 1
    assert "poreflux[mpi]" in done.stderr
    assert "make petsc" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_mpiexec_of_another_mpi_is_noticed(store, tmp_path):
    words = [sys.executable, *map(str, command(store, tmp_path))]
    other = environment() | {"OMPI_COMM_WORLD_SIZE": "4"}
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, env=other)
    assert done.returncode == 1
    assert "4 processes were started, but each is alone" in done.stderr


class Watched:
    """A run whose iterations can be waited for."""

    def __init__(self, run: subprocess.Popen):
        self.run = run
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.run.stderr:
            self.lines.append(line)

    @property
    def iteration(self) -> int:
        """Return the last iteration that was told."""
        told = [int(n) for line in self.lines for n in re.findall(r"^iteration (\d+)", line)]
        return max(told, default=0)

    def wait_for(self, iteration: int) -> None:
        """Wait until so many iterations are done."""
        until = time.monotonic() + 120
        while self.iteration < iteration:
            assert self.run.poll() is None, "".join(self.lines)
            assert time.monotonic() < until, "".join(self.lines)
            time.sleep(0.02)

    def wait_for_note(self, note: str) -> None:
        """Wait until a line of the progress begins so."""
        self.wait_until(lambda: any(line.startswith(note) for line in self.lines))

    def wait_until(self, truth: Callable[[], bool]) -> None:
        """Wait until something is true, while the run lasts."""
        until = time.monotonic() + 120
        while not truth():
            assert self.run.poll() is None, "".join(self.lines)
            assert time.monotonic() < until, "".join(self.lines)
            time.sleep(0.02)

    def leave(self, timeout: float = 60) -> int:
        """Wait for the end; return the status."""
        try:
            return self.run.wait(timeout)
        except subprocess.TimeoutExpired:
            end(self.run)
            raise
        finally:
            self._reader.join(10)
            self.run.stdout.close()
            self.run.stderr.close()


def children(pid: int) -> list[int]:
    """Return the Pythons that a process started, directly or not."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            name = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")[0]
            found += [child] if b"python" in name else children(child)
    return sorted(found)


def kill_one(run):
    os.kill(children(run.pid)[1], signal.SIGKILL)


def terminate(run):
    os.kill(run.pid, signal.SIGTERM)


@pytest.mark.parametrize("how, processes", [(kill_one, 3), (terminate, 1), (end, 2)])
def test_what_is_killed_goes_on_from_its_last_checkpoint(store, answer, tmp_path, how, processes):
    case = {"path": str(store), "checkpoint": str(tmp_path / "kept"), "minutes": 0.0}
    watched = Watched(start(2, *body(tmp_path, **case, pause=0.15)))
    watched.wait_for(6)
    how(watched.run)
    assert watched.leave() != 0
    told = watched.iteration
    if how is terminate:
        said = [line for line in watched.lines if "Interrupted" in line]
        assert said
        assert "the same command goes on from there" in said[0]
    found = solve_all(processes, [{**case, "rtol": RTOL, "threads": 1}])[0]
    went_on = re.match(r"going on from iteration (\d+)", found["notices"][0])
    # a checkpoint each iteration: no more than the one that was being written is lost
    assert int(went_on[1]) >= told - 1
    assert found["tortuosity_factor"] == pytest.approx(answer, rel=1e-8)
    assert found["iterations"] > told
    assert not (tmp_path / "kept").exists()


def test_a_run_that_is_asked_to_save_saves_and_goes_on(store, answer, tmp_path):
    case = {"path": str(store), "checkpoint": str(tmp_path / "kept"), "minutes": 60.0}
    watched = Watched(start(2, *body(tmp_path, **case, pause=0.1)))
    watched.wait_for(3)
    assert not (tmp_path / "kept").exists()
    os.kill(watched.run.pid, signal.SIGUSR1)
    until = time.monotonic() + 60
    while not (tmp_path / "kept" / "zarr.json").exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    assert watched.leave() == 0
    found = json.loads((tmp_path / "found.json").read_text())[0]
    assert found["tortuosity_factor"] == pytest.approx(answer, rel=1e-9)
    assert not (tmp_path / "kept").exists()


def test_a_checkpoint_of_another_problem_is_left_alone(store, answer, tmp_path):
    case = {"path": str(store), "checkpoint": str(tmp_path / "kept"), "minutes": 0.0}
    watched = Watched(start(1, *body(tmp_path, **case, pause=0.1, direction="x")))
    watched.wait_for(3)
    end(watched.run)
    watched.leave()
    assert (tmp_path / "kept" / "zarr.json").exists()
    found = solve_all(1, [{**case, "rtol": RTOL, "threads": 1, "minutes": 5.0}])[0]
    assert found["notices"] == []
    assert found["tortuosity_factor"] == pytest.approx(answer, rel=1e-8)
    assert (tmp_path / "kept" / "zarr.json").exists()


def test_a_checkpoint_that_cannot_be_written_does_not_end_the_run(store, answer, tmp_path):
    (tmp_path / "file").write_text("in the way")
    case = {"path": str(store), "checkpoint": str(tmp_path / "file" / "kept"), "minutes": 0.0}
    found = solve_all(2, [{**case, "rtol": RTOL, "threads": 1}])[0]
    assert found["tortuosity_factor"] == pytest.approx(answer, rel=1e-9)
    assert found["notices"][0].startswith("no checkpoint at iteration 1: ")


def test_a_hang_is_a_failure():
    code = "from mpi4py import MPI; c = MPI.COMM_WORLD; c.rank or c.recv(source=1)"
    with pytest.raises(AssertionError, match="hangs"):
        finish(start(2, "-c", code), timeout=5)
