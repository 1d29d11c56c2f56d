"""dask-jobqueue asks a real queue of two nodes for workers; poreflux uses them as any others."""

import os
import subprocess
import sys

import numpy as np
import pytest

import poreflux
from poreflux import results
from tests.mpi.cluster import ask, missing, slurm, wait_for
from tests.mpi.launch import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason=missing() or "-"),
]

#: what deploy/README.md shows, with this machine's sizes
CLUSTER = """
import sys
from dask.distributed import Client
from dask_jobqueue import SLURMCluster
import poreflux as pf
from poreflux import results

def main(store, out):
    sizes = {"queue": "main", "cores": 1, "processes": 1, "memory": "1500MiB"}
    asked = {"walltime": "00:05:00", "interface": "lo", "python": sys.executable}
    local = {"scheduler_options": {"dashboard_address": "127.0.0.1:0"}}
    local |= {"local_directory": out, "log_directory": out}
    with SLURMCluster(**sizes, **asked, **local) as cluster, Client(cluster) as client:
        cluster.scale(jobs=2)
        client.wait_for_workers(2, timeout=200)
        volume = pf.open(store)
        found = pf.porosity(volume), pf.structure_factor(volume), pf.chord_length(volume)
        results.save(pf.collect(*found, volume=volume), f"{out}/r.zarr")

if __name__ == "__main__":
    main(*sys.argv[1:])
"""

RUNNER = """
import sys
from dask.distributed import Client
from dask_jobqueue.slurm import SLURMRunner
import poreflux as pf
from poreflux import results

store, out = sys.argv[1:]
options = {"dashboard": False, "host": "127.0.0.1", "port": 0}
with SLURMRunner(scheduler_file=f"{out}/scheduler.json", scheduler_options=options) as runner:
    with Client(runner) as client:
        client.wait_for_workers(runner.n_workers, timeout=200)
        volume = pf.open(store)
        found = pf.porosity(volume), pf.structure_factor(volume), pf.chord_length(volume)
        results.save(pf.collect(*found, volume=volume), f"{out}/r.zarr")
"""


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    with slurm(tmp_path_factory.mktemp("slurm")) as variables:
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        yield {**variables, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}


@pytest.fixture
def store(tmp_path, rng):
    labels = (rng.random((40, 44, 48)) < 0.3).astype(np.uint8)
    return poreflux.save(poreflux.from_array(labels), tmp_path / "v.zarr", chunk=16)


def require_numbers_of_threads(store, folder, said):
    assert (folder / "r.zarr").exists(), said
    found = results.open(folder / "r.zarr")
    volume = poreflux.open(store)
    expected = [poreflux.porosity(volume), poreflux.structure_factor(volume)]
    expected = results.collect(*expected, poreflux.chord_length(volume), volume=volume)
    for name in expected.data_vars:
        np.testing.assert_array_equal(found[name].values, expected[name].values)


def test_workers_that_a_script_asks_for_find_the_numbers_of_threads(queue, store, tmp_path):
    (tmp_path / "cluster.py").write_text(CLUSTER)
    command = [sys.executable, tmp_path / "cluster.py", store, tmp_path]
    ran = subprocess.run(command, env=queue, capture_output=True, text=True)
    require_numbers_of_threads(store, tmp_path, ran.stderr)
    assert ran.returncode == 0, ran.stderr
    wait_for(lambda: ask(queue, "squeue", "-h").strip() == "", 60)  # its jobs are ended with it


def test_one_job_that_is_scheduler_client_and_workers_does_so_too(queue, store, tmp_path):
    (tmp_path / "runner.py").write_text(RUNNER)
    sizes = ["-N2", "-n4", "--mem-per-cpu=1000", "--overcommit", "--time=5", "--mpi=none"]
    command = ["srun", *sizes, sys.executable, tmp_path / "runner.py", store, tmp_path]
    ran = subprocess.run(list(map(str, command)), env=queue, capture_output=True, text=True)
    require_numbers_of_threads(store, tmp_path, ran.stderr)
