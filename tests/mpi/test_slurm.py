"""The job scripts in the queue of a real SLURM, on two nodes."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import poreflux
from poreflux import results
from tests.mpi.cluster import ask, missing, slurm, wait_for
from tests.mpi.launch import ROOT

pytestmark = [
    pytest.mark.mpi,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(bool(missing()), reason=missing() or "-"),
]

OWN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    with slurm(tmp_path_factory.mktemp("slurm")) as variables:
        yield {**variables, "PATH": f"{OWN}:{variables['PATH']}", "LAUNCH": "mpiexec"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    labels = (np.random.default_rng(5).random((40, 60, 50)) < 0.36).astype(np.uint8)
    path = tmp_path_factory.mktemp("media") / "vol.zarr"
    return poreflux.save(poreflux.from_array(labels), path, chunk=20)


def submit(queue, store, folder, script, *words, sizes=(), **variables) -> tuple[str, Path]:
    """Queue a script with this machine's sizes; return the job and its log."""
    folder.mkdir()
    log = folder / "log.txt"
    given = ["--nodes=2", "--ntasks-per-node=1", "--cpus-per-task=1", "--mem=1000", "--time=15"]
    command = ["sbatch", "--parsable", *given, *sizes, f"--output={log}"]
    script = ROOT / "deploy/slurm" / f"{script}.sbatch"
    job = ask({**queue, **variables}, *command, script, store, folder / "out", *words).strip()
    assert re.fullmatch(r"\d+", job)
    return job, log


def state(queue, job: str) -> str:
    """Return the state of the only task of an array."""
    found = re.search(r"JobState=(\w+)", ask(queue, "scontrol", "show", "job", job))
    return found[1] if found else "GONE"


def ended(queue, job: str, log: Path) -> str:
    """Wait for the end of a job; return its log."""
    ends = ("COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "GONE")
    wait_for(lambda: state(queue, job) in ends, 400)
    said = log.read_text()
    assert state(queue, job) == "COMPLETED", said
    return said


def tau(folder: Path, direction: str) -> float:
    found = results.open(folder / "out" / f"tortuosity-{direction}.zarr")
    return found.tortuosity_factor.sel(direction=direction).item()


def test_a_queued_job_solves_across_two_nodes(queue, store, tmp_path):
    words = ["--rtol", "1e-8", "-ksp_view"]
    job, log = submit(queue, store, tmp_path / "run", "tortuosity", *words, sizes=["--array=1"])
    said = ended(queue, job, log)
    assert "2 MPI processes" in said
    expected = poreflux.tortuosity_factor(poreflux.open(store), direction="y", rtol=1e-8)
    assert tau(tmp_path / "run", "y") == pytest.approx(expected.tortuosity_factor.item(), rel=1e-8)


def test_a_job_that_is_told_of_its_end_saves_is_queued_again_and_goes_on(queue, store, tmp_path):
    folder = tmp_path / "run"
    job, log = submit(
        queue, store, folder, "tortuosity", "--rtol", "1e-8", sizes=["--array=2"], MINUTES="1e-9"
    )
    kept = folder / "out" / "tortuosity-x.zarr.checkpoint" / "x" / "zarr.json"
    wait_for(kept.exists, 120)
    ask(queue, "scancel", "--batch", "--signal=TERM", f"{job}_2")
    wait_for(lambda: "stopped after iteration" in log.read_text(), 60)
    said = ended(queue, job, log)
    assert "going on from iteration" in said
    assert not kept.exists()
    expected = poreflux.tortuosity_factor(poreflux.open(store), direction="x", rtol=1e-8)
    assert tau(folder, "x") == pytest.approx(expected.tortuosity_factor.item(), rel=1e-8)


def test_a_job_of_the_current_saves_is_queued_again_and_goes_on(queue, store, tmp_path):
    folder, law = tmp_path / "run", ["--kinetics", "butler-volmer", "--rtol", "1e-6"]
    job, log = submit(queue, store, folder, "current", *law, MINUTES="1e-9")
    kept = folder / "out" / "current.zarr.checkpoint"
    wait_for(lambda: any(kept.glob("*/zarr.json")), 120)
    ask(queue, "scancel", "--batch", "--signal=TERM", job)
    wait_for(lambda: "stopped after" in log.read_text(), 60)
    said = ended(queue, job, log)
    assert "going on from" in said
    assert not kept.exists()
    found = results.open(folder / "out" / "current.zarr").area_specific_resistance
    alone = poreflux.interfacial_current(poreflux.open(store), kinetics="butler-volmer", rtol=1e-6)
    assert found.item() == pytest.approx(alone.area_specific_resistance.item(), rel=1e-5)


@pytest.mark.parametrize("kind", ["pmi2", "none"])
def test_srun_starts_processes_that_find_each_other_or_says_how(queue, store, tmp_path, kind):
    sizes = ["-N2", "-n2", "--mem=1500", "--time=2", f"--mpi={kind}"]
    solve = ["poreflux", "solve", "tortuosity", store, "--solver", "petsc", "--threads", "1"]
    words = [*solve, "--no-discretisation", "--out", tmp_path / "r.zarr"]
    command = list(map(str, ["srun", *sizes, *words]))
    for _ in range(3):  # SLURM seldom loses part of what processes tell it: deploy/README.md
        done = subprocess.run(command, env=queue, capture_output=True, text=True)
        if "mpi/pmi2: invalid client request" not in done.stderr:
            break
    if kind == "pmi2":
        assert done.returncode == 0, done.stderr
        assert results.open(tmp_path / "r.zarr").tortuosity_factor.item() > 1
    else:
        assert done.returncode != 0
        assert "each is alone" in done.stderr
        assert "start them with srun --mpi=pmi2" in done.stderr
