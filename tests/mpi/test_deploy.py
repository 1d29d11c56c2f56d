"""The job scripts run as they are, without a queue."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import poreflux
from poreflux import results
from tests.mpi.launch import ROOT, TIMEOUT, environment

pytestmark = pytest.mark.mpi

SCRIPTS = sorted((ROOT / "deploy" / "slurm").glob("*.sbatch"))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    labels = (np.random.default_rng(5).random((40, 60, 50)) < 0.36).astype(np.uint8)
    path = tmp_path_factory.mktemp("media") / "vol.zarr"
    return poreflux.save(poreflux.from_array(labels), path, chunk=8)


def job(store, folder, *words, **variables):
    """Start the script of a job as SLURM would, on two processes."""
    own = Path(sys.executable).parent
    variables |= environment() | {
        "PATH": f"{own}:{os.environ['PATH']}",
        "LAUNCH": f"{own / 'mpiexec'} -n 2",
        "SLURM_ARRAY_TASK_ID": "1",
    }
    command = ["bash", ROOT / "deploy/slurm/tortuosity.sbatch", store, folder, *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(list(map(str, command)), env=variables, **pipes)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_job_scripts_are_sound_shell(script):
    done = subprocess.run(["bash", "-n", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_job_of_the_array_solves_along_its_direction(store, tmp_path):
    with job(store, tmp_path / "out", "--rtol", "1e-8") as run:
        _, errors = run.communicate(timeout=TIMEOUT)
    assert run.returncode == 0, errors
    found = results.open(tmp_path / "out" / "tortuosity-y.zarr")
    expected = poreflux.tortuosity_factor(poreflux.open(store), direction="y", rtol=1e-8)
    tau = expected.tortuosity_factor.item()
    assert found.tortuosity_factor.sel(direction="y").item() == pytest.approx(tau, rel=1e-8)


def test_a_job_that_runs_out_of_time_saves_and_goes_on_when_it_is_queued_again(store, tmp_path):
    kept = tmp_path / "out" / "tortuosity-y.zarr.checkpoint" / "y" / "zarr.json"
    until = time.monotonic() + TIMEOUT
    with job(store, tmp_path / "out", "--rtol", "1e-13", MINUTES="1e-9") as run:
        while not kept.exists() and time.monotonic() < until:
            time.sleep(0.002)
        run.send_signal(signal.SIGTERM)
        _, errors = run.communicate(timeout=TIMEOUT)
    assert run.returncode == 0, errors
    assert "stopped after iteration" in errors
    assert kept.exists(), errors
    with job(store, tmp_path / "out", "--rtol", "1e-8") as run:
        _, errors = run.communicate(timeout=TIMEOUT)
    assert "going on from iteration" in errors
    assert not kept.exists()
