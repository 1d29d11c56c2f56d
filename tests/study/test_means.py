"""A study on several processes, and on a dask cluster, has the numbers of one process."""

import importlib.util
import shutil

import numpy as np
import pytest
import xarray as xr

from poreflux.cli.launching import Mpirun
from poreflux.study.study import Study
from poreflux.study.work import Work
from tests.cluster.processes import cluster
from tests.study.conftest import QUICK, samples

TEXT = QUICK.replace("discretisation = false", "discretisation = true") + samples(a="regular_100")


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Return the file of a study that one process ran, without its solves and measurements."""
    path = tmp_path_factory.mktemp("study") / "study.toml"
    path.write_text(TEXT)
    study = Study(path)
    assert study.run().failed == {}
    return path, study.by_sample["a"]


def again(alone, folder, work):
    """Run the study of `alone` again but for the import; return what was done, and the results."""
    path, _ = alone
    shutil.copytree(path.parent, folder, dirs_exist_ok=True)
    made = folder / "study-results" / "a"
    for result in made.glob("*.zarr"):
        if result.name != "volume.zarr":
            shutil.rmtree(result)
    study = Study(folder / "study.toml")
    outcome = study.run(work=work)
    assert outcome.failed == {}
    return [step.name for step in outcome.done], study.by_sample["a"]


@pytest.mark.mpi
@pytest.mark.slow
def test_mpirun_solves_as_one_process_does(alone, tmp_path):
    if importlib.util.find_spec("petsc4py") is None:
        pytest.skip("petsc4py is missing: make petsc")
    steps, results = again(alone, tmp_path, Work(processes=Mpirun(2, 1)))
    assert steps == ["measure", "tortuosity z", "blocks", "current z", "results"]
    wanted = alone[1]
    for name in ("tortuosity_factor", "tortuosity_factor_discretisation_low"):
        np.testing.assert_allclose(results[name], wanted[name], rtol=1e-5)
    np.testing.assert_allclose(results.current_density, wanted.current_density, rtol=1e-4)
    assert results.sizes == wanted.sizes
    with pytest.raises(RuntimeError, match="resolution"):
        Mpirun(2, 1).current(tmp_path, "z", tmp_path / "r.zarr", {"resolution": "both"})


@pytest.mark.slow
def test_a_dask_cluster_measures_as_threads_do(alone, tmp_path):
    from distributed import Client

    with cluster(tmp_path / "cluster", workers=2) as made, Client(made.address) as client:
        client.wait_for_workers(2)
        _, results = again(alone, tmp_path, Work(scheduler=made.address))
        done = client.run(lambda dask_worker: dask_worker.state.executed_count)
    assert any(done.values())  # workers did it; which of them is the scheduler's choice
    xr.testing.assert_allclose(results, alone[1], rtol=1e-6)
