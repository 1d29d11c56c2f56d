"""The files of deploy/ hold what they name; the dask job runs in a real queue of two nodes."""

import os
import re
import subprocess

import numpy as np
import pytest
import yaml

import poreflux
from poreflux import results
from poreflux.cli.app import app
from tests.mpi.cluster import ask, missing, slurm, wait_for
from tests.mpi.launch import ROOT
from tests.mpi.test_slurm import OWN, ended

DEPLOY = ROOT / "deploy"


#: what stands before the words of poreflux
BEFORE = r"dask\.sbatch|poreflux\.sif|^ {4}poreflux|[^/]poreflux"
VERBS = "import|measure|segment|solve tortuosity|solve current"


@pytest.mark.parametrize("name", ["README.md", "Dockerfile", "apptainer.def", "slurm/dask.sbatch"])
def test_command_lines_parse(name):
    text = (DEPLOY / name).read_text()
    lines = re.findall(rf"(?:{BEFORE}) ((?:{VERBS}) [^#\n`\"]*)", text, re.MULTILINE)
    assert lines
    for line in lines:
        words = line.replace("$HOSTNAME", "host").split()
        _, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
        assert bound.arguments is not None


def test_the_objects_of_kubernetes_belong_together():
    objects = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
    by_kind = {(o["kind"], o["metadata"]["name"]): o for o in objects}
    service = by_kind["Service", "poreflux-scheduler"]["spec"]
    deployed = [o for o in objects if o["kind"] == "Deployment"]
    labels = [o["spec"]["template"]["metadata"]["labels"] for o in deployed]
    assert service["selector"] in labels
    for each in deployed:
        template = each["spec"]["template"]
        assert each["spec"]["selector"]["matchLabels"] == template["metadata"]["labels"]
    job = by_kind["Job", "poreflux"]["spec"]["template"]["spec"]["containers"][0]
    _, bound, _ = app.parse_args(job["args"], exit_on_error=False, print_error=False)
    port = service["ports"][0]["port"]
    assert bound.arguments["place"].scheduler == f"tcp://poreflux-scheduler:{port}"


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    with slurm(tmp_path_factory.mktemp("slurm")) as variables:
        yield {**variables, "PATH": f"{OWN}:{variables['PATH']}", "HOST": "127.0.0.1"}


@pytest.fixture
def scan(tmp_path, rng):
    np.save(tmp_path / "gray.npy", rng.integers(0, 99, (64, 64, 64)).astype(np.uint8))
    return tmp_path / "gray.npy"


def submit(queue, folder, *words, time=("--time=10",)):
    """Queue the dask job with this machine's sizes; return the job and its log."""
    log = folder / "log.txt"
    sizes = ["--nodes=2", "--ntasks-per-node=1", "--cpus-per-task=1", "--mem=1500", *time]
    where = [f"--output={log}", f"--chdir={folder}"]
    command = ["sbatch", "--parsable", *sizes, *where, DEPLOY / "slurm/dask.sbatch", *words]
    job = ask(queue, *command).strip()
    assert re.fullmatch(r"\d+", job)
    return job, log


needs_slurm = pytest.mark.skipif(bool(missing()), reason=missing() or "-")


@needs_slurm
@pytest.mark.slow
def test_a_queued_job_imports_and_measures_on_the_workers_of_two_nodes(queue, scan, tmp_path):
    store = tmp_path / "v.zarr"
    words = ["--voxel-size", "1", "--kind", "phase", "--phases", "0=pore,1=solid", "--chunk", "16"]
    np.save(scan, (np.load(scan) > 30).astype(np.uint8))
    job, log = submit(queue, tmp_path, "import", scan, store, *words)
    ended(queue, job, log)
    job, log = submit(
        queue, tmp_path, "measure", store, "--only", "porosity", "--out", tmp_path / "r.zarr"
    )
    said = ended(queue, job, log)
    assert "blocks on 2 workers" in said
    porosity = results.open(tmp_path / "r.zarr").porosity.item()
    assert porosity == poreflux.porosity(poreflux.open(store)).porosity.compute().item()
    assert not list(tmp_path.glob(".poreflux-scheduler*"))


@needs_slurm
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("end, pause", [("told", "0.02"), ("time is up", "0.4")])
def test_a_job_at_its_end_is_queued_again_and_goes_on(queue, scan, tmp_path, end, pause):
    """By the clock of SLURM, which looks every half minute, or by a signal in the middle."""
    store = tmp_path / "v.zarr"
    time = ["--time=1", "--signal=B:TERM@40"] if end == "time is up" else ["--time=10"]
    words = ["import", scan, store, "--voxel-size", "1", "--chunk", "16"]
    slowly = {"DASK_DISTRIBUTED__WORKER__PRELOAD": "tests.cluster.slow", "SLOWLY": pause}
    slowly["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    job, log = submit({**queue, **slowly}, tmp_path, *words, time=time)
    if end == "told":
        chunks = tmp_path / "v.zarr.partial" / "data" / "gray" / "c"
        wait_for(lambda: len(list(chunks.rglob("*"))) > 5, 120)
        ask(queue, "scancel", "--batch", "--signal=TERM", job)
    wait_for(lambda: "Restarts=1" in ask(queue, "scontrol", "show", "job", job), 120)
    ask(queue, "scontrol", "update", f"JobId={job}", "TimeLimit=10")
    said = ended(queue, job, log)
    if end == "told":  # it did not run to its end all the same
        assert "poreflux: interrupted" in said
    np.testing.assert_array_equal(poreflux.open(store).gray, np.load(scan))
    assert poreflux.verify(store) == []


def test_the_job_says_what_it_lacks():
    done = subprocess.run(["bash", DEPLOY / "slurm/dask.sbatch"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "which verb?" in done.stderr
