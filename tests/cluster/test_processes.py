"""Import, segmentation, measures and block solves on worker processes, some of them killed."""

import signal
import subprocess
import sys

import dask
import numpy as np
import pytest
import xarray as xr
from distributed import Client, SchedulerPlugin

import poreflux
from poreflux import blocks, results, store
from poreflux.errors import NoCluster
from poreflux.readers.lazy import from_chunks
from tests.cluster.processes import cluster, killing
from tests.cluster.slow import deadly
from tests.faults.killing import tree


class Count(SchedulerPlugin):
    """Count the tasks that workers have finished."""

    name = "count"

    def __init__(self):
        self.finished = 0

    def transition(self, key, start, finish, *args, **options):
        self.finished += (start, finish) == ("processing", "memory")


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cluster")
    with cluster(folder, 2) as made, Client(made.address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=120)
        client.register_plugin(Count())
        yield made, client


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    """Return the file of a scan, and what threads make of it."""
    folder = tmp_path_factory.mktemp("scan")
    rng = np.random.default_rng(7)
    pore = rng.random((8, 8, 8)) < 0.3
    gray = np.where(np.kron(pore, np.ones((5, 5, 5), bool)), 60, 140)
    np.save(folder / "gray.npy", (gray + rng.normal(0, 12, gray.shape)).astype(np.uint8))
    with dask.config.set(scheduler="threads", num_workers=2):
        for step in STEPS.values():
            step(folder / "gray.npy", folder, "threads")
    return folder


def import_(source, root, scheduler):
    with blocks.running_on(scheduler):
        store.save(poreflux.read(source, voxel_size=1), root / "v.zarr", chunk=8)


def segment(source, root, scheduler):
    volume = store.open(root / "v.zarr")
    labelled = poreflux.segment(volume, denoise="median", scheduler=scheduler)
    with blocks.running_on(scheduler):
        store.add(labelled, root / "v.zarr")


def measure(source, root, scheduler):
    volume = store.open(root / "v.zarr")
    metrics = [
        poreflux.porosity(volume),
        poreflux.porosity_profile(volume),
        poreflux.structure_factor(volume),
        poreflux.pore_size(volume, method="components"),
        poreflux.chord_length(volume),
    ]
    results.save(results.collect(*metrics, volume=volume, scheduler=scheduler), root / "r.zarr")


def solve(source, root, scheduler):
    volume = store.open(root / "v.zarr")
    solved = poreflux.block_tortuosity(volume, blocks=(3, 3, 2), scheduler=scheduler)
    results.update(solved, root / "r.zarr")


STEPS = {"import": import_, "segment": segment, "measure": measure, "solve": solve}


@pytest.mark.slow
def test_a_worker_killed_in_each_step_costs_no_digit(workers, scan, tmp_path):
    made, client = workers
    for name, step in STEPS.items():
        victim = made.workers[-1]
        with killing(victim, client, 3):
            step(scan / "gray.npy", tmp_path, made.address)
        assert victim.wait(60) == -signal.SIGKILL, name
        made.worker()
        client.wait_for_workers(2, timeout=120)
    assert tree(tmp_path / "v.zarr") == tree(scan / "v.zarr")
    one, two = (results.open(root / "r.zarr") for root in (tmp_path, scan))
    assert len(one) > 20
    xr.testing.assert_equal(one, two)


def test_progress_says_where_to_watch(workers, scan):
    made, _ = workers
    heard = []
    volume = store.open(scan / "v.zarr")
    (porosity,) = blocks.compute(
        poreflux.porosity(volume),
        scheduler=made.address,
        progress=lambda *said: heard.append(said),
    )
    assert porosity.porosity.item() == results.open(scan / "r.zarr").porosity.item()
    assert all(
        note.startswith("blocks on 2 workers, watch http://127.0.0.1:") for *_, note in heard
    )


def test_nothing_listens_beyond_the_loopback(workers):
    import psutil

    made, _ = workers
    for process in (made.scheduler, *made.workers):
        if process.poll() is None:
            listening = psutil.Process(process.pid).net_connections("tcp")
            places = {c.laddr.ip for c in listening if c.status == psutil.CONN_LISTEN}
            assert places <= {"127.0.0.1"}


@pytest.mark.slow
@pytest.mark.parametrize("step", ["import", "measure"])
def test_a_lost_scheduler_is_told_in_one_sentence(scan, tmp_path, step):
    with cluster(tmp_path / "a", 1) as made:
        address = made.address
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(1, timeout=120)
            client.register_plugin(Count())
            if step == "measure":
                for earlier in ("import", "segment"):
                    STEPS[earlier](scan / "gray.npy", tmp_path, "threads")
            lost = pytest.raises(NoCluster, match="was lost; start it")
            with lost as failure, killing(made.scheduler, client, 3):
                STEPS[step](scan / "gray.npy", tmp_path, address)
    assert address in str(failure.value)
    STEPS[step](scan / "gray.npy", tmp_path, "threads")  # goes on from what is written
    expected = tree(scan / "v.zarr")
    for name, content in tree(tmp_path / "v.zarr").items():
        assert name == "zarr.json" or content == expected[name]


@pytest.mark.slow
@pytest.mark.parametrize(
    "run",
    [
        lambda volume, path: store.save(volume, path, chunk=8),
        lambda volume, path: blocks.compute(poreflux.porosity(volume)),
    ],
    ids=["import", "measure"],
)
def test_a_block_that_kills_its_workers_is_told_in_one_sentence(tmp_path, run):
    lazy = from_chunks(deadly, (8, 8, 24), np.uint8, 8)
    volume = poreflux.from_array(lazy, kind="phase", phases={0: "pore", 1: "solid"})
    with cluster(tmp_path / "a", 3) as made:
        with Client(made.address, set_as_default=False) as client:
            client.wait_for_workers(3, timeout=120)
        with pytest.raises(NoCluster) as failure, blocks.running_on(made.address):
            run(volume, tmp_path / "v.zarr")
        ended = sorted(worker.poll() or 0 for worker in made.workers)
    assert ended == [-signal.SIGKILL, -signal.SIGKILL, 0]  # the third was spared
    said = str(failure.value)
    assert said.startswith(f"several workers of {made.address} died of one block, the last at tcp:")
    assert said.endswith("give each more, or store the volume in smaller chunks")
    assert not (tmp_path / "v.zarr").exists()


def test_half_a_million_chunks_are_planned_as_a_small_graph():
    edge = 80 * 4
    lazy = from_chunks(_plane, (edge, edge, edge), np.uint8, 4, token="planes")
    assert lazy.npartitions == 512_000
    volume = poreflux.from_array(lazy, kind="phase", phases={0: "pore", 1: "solid"})
    metrics = [poreflux.porosity(volume), poreflux.porosity_profile(volume)]
    graphs = [dict(metric.__dask_graph__()) for metric in metrics]
    assert max(map(len, graphs)) < 10_000


@pytest.mark.parametrize("direction", ["z", "x"])
def test_chunks_that_are_read_together_give_the_same_digits(monkeypatch, direction):
    lazy = from_chunks(_plane, (22, 9, 13), np.uint8, 2, token="digits")
    volume = poreflux.from_array(lazy, kind="phase", phases={0: "pore", 1: "solid"})

    def measured():
        metrics = [
            poreflux.porosity(volume),
            poreflux.porosity_profile(volume, direction=direction),
            poreflux.structure_factor(volume),
        ]
        return results.collect(*metrics, volume=volume, scheduler="threads"), len(
            dict(metrics[0].__dask_graph__())
        )

    apart, tasks = measured()
    monkeypatch.setattr("poreflux.blocks.tasks.MANY", 0)
    together, fewer = measured()
    assert fewer < tasks / 10
    xr.testing.assert_identical(apart.drop_attrs(), together.drop_attrs())


def _plane(start, stop):
    index = np.ogrid[tuple(map(slice, start, stop))]
    return ((index[0] * 7 + index[1] * 3 + index[2] * 5) % 11 < 4).astype(np.uint8)


def test_a_dead_address_is_refused_on_the_command_line(scan):

    command = [
        sys.executable,
        "-m",
        "poreflux",
        "import",
        str(scan / "gray.npy"),
        str(scan / "w.zarr"),
    ]
    words = ["--voxel-size", "1", "--scheduler", "tcp://127.0.0.1:9"]
    done = subprocess.run([*command, *words], capture_output=True, text=True)
    assert done.returncode == 1
    assert "there is no dask scheduler at tcp://127.0.0.1:9" in done.stderr
    assert not (scan / "w.zarr").exists()
    assert not (scan / "w.zarr.partial").exists()
