"""Stores and results in an object storage hold what those on a disk hold, and survive the same."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import dask
import numpy as np
import pytest
import xarray as xr

import poreflux
from poreflux import results, store
from poreflux.errors import DamagedStore, StoreExists, TooLarge, UnreadableImage
from poreflux.objects import at
from poreflux.store import disk
from poreflux.store.layout import dump, plan, to_json
from tests.faults.killing import tree as tree_here
from tests.objects.killing import SCENARIOS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def source(tmp_path, rng):
    np.save(tmp_path / "gray.npy", rng.integers(0, 99, (12, 8, 9)).astype(np.uint8))
    return tmp_path / "gray.npy"


@pytest.fixture
def volume(source):
    return poreflux.read(source, voxel_size=1)


def tree(place) -> dict[str, bytes]:
    return {str(p.relative_to(place)): p.read_bytes() for p in place.rglob("*")}


def test_the_bytes_are_those_of_a_disk(any_cloud, tmp_path, volume):
    for root in (any_cloud, tmp_path):
        path = store.save(volume, root / "v.zarr", chunk=8)
        store.add(poreflux.from_array(store.open(path).gray.data > 50), path)
    assert tree(any_cloud / "v.zarr") == tree_here(tmp_path / "v.zarr")
    assert sorted(p.name for p in any_cloud.iterdir()) == ["v.zarr"]
    assert store.verify(any_cloud / "v.zarr") == []
    np.testing.assert_array_equal(store.open(any_cloud / "v.zarr").gray, volume.gray)


def test_shards_are_read_in_parts(cloud, rng):
    values = rng.integers(0, 9, (1, 46, 46)).astype(np.uint8)
    layout = plan("mask", values.shape, values.dtype, chunk=2)
    assert layout.sharded
    disk.write_file(cloud / "mask" / "zarr.json", dump(to_json(layout)))
    for index in layout.files():
        inside = tuple(map(slice, *layout.span(index)))
        store.box.write_shard(cloud / "mask", layout, index, values[inside])
    box = store.read_box(cloud, "mask", (0, 5, 7), (1, 30, 41), threads=2)
    np.testing.assert_array_equal(box, values[:1, 5:30, 7:41])
    (cloud / "mask/c/0/0/1").unlink()
    with pytest.raises(DamagedStore, match="it is missing"):
        store.read_box(cloud, "mask")


def test_damage_is_named_and_mended(cloud, source, volume):
    path = store.save(volume, cloud / "v.zarr", chunk=8)
    (path / "gray/c/0/0/0").write_bytes((path / "gray/c/1/0/0").read_bytes())
    (path / "gray/c/0/0/1").unlink()
    assert [damage.chunk for damage in store.verify(path)] == [(0, 0, 0), (0, 0, 1)]
    with pytest.raises(DamagedStore, match="s3://"):
        store.open(path).gray.compute()
    assert store.repair(path, source) == []


def test_results_are_kept_and_merged(any_cloud):
    path = any_cloud / "r.zarr"
    results.save(xr.Dataset({"porosity": 0.25}), path)
    results.update(xr.Dataset({"voxels": 64}), path)
    assert sorted(results.open(path)) == ["porosity", "voxels"]
    assert store.verify(path) == []
    with pytest.raises(StoreExists, match="replace it"):
        results.save(xr.Dataset({"porosity": 0.3}), path)
    (path / "porosity" / "zarr.json").write_bytes(b"{}")
    with pytest.raises(DamagedStore, match=f"{path} cannot be trusted"):
        results.open(path)


def test_a_field_joins_its_volume(cloud):
    volume = poreflux.from_array(np.zeros((6, 5, 4), np.uint8), phases={0: "solid"})
    path = store.save(volume, cloud / "v.zarr")
    poreflux.tortuosity_factor(
        store.open(path), conductivity={"solid": 1.0}, direction="z", field=path
    )
    np.testing.assert_allclose(
        store.open(path).potential[:, 0, 0], (np.arange(6) + 0.5)[::-1] / 6, rtol=1e-5
    )


def test_files_in_a_bucket_are_imported(cloud, source, volume, tmp_path):
    (cloud / "scan" / "gray.npy").write_bytes(source.read_bytes())
    again = poreflux.read(str(cloud / "scan" / "gray.npy"), voxel_size=1)
    np.testing.assert_array_equal(again.gray, volume.gray)
    path = store.save(again, tmp_path / "v.zarr")
    assert store.open(path).attrs["source"] == "gray.npy"
    store.save(volume, cloud / "v.zarr", chunk=8)
    back = poreflux.read(cloud / "v.zarr")
    np.testing.assert_array_equal(back.gray, volume.gray)
    (cloud / "v.zarr/gray/c/0/0/0").unlink()
    with pytest.raises(UnreadableImage, match="lacks"):
        poreflux.read(cloud / "v.zarr")


READ = """
import sys, numpy as np, poreflux
print(int(poreflux.read(sys.argv[1], voxel_size=1).gray.values.sum()), flush=True)
sys.stdin.read()
"""


def test_what_is_fetched_stays_while_any_process_reads_it(cloud, source, monkeypatch, tmp_path):
    """One that ends, one that is killed, and what they left two days ago."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "spool"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    (tmp_path / "spool").mkdir()
    scan, other = cloud / "gray.npy", cloud / "other.npy"
    for place in (scan, other):
        place.write_bytes(source.read_bytes())
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    readers = [subprocess.Popen([sys.executable, "-c", READ, str(scan)], **pipes) for _ in "ab"]
    killed = subprocess.Popen([sys.executable, "-c", READ, str(other)], **pipes)
    total = str(int(np.load(source).sum()))
    assert [each.stdout.readline().decode().strip() for each in (*readers, killed)] == [total] * 3

    def fetched():
        return sorted(path.name for path in (tmp_path / "spool").rglob("*.npy"))

    assert fetched() == ["gray.npy", "other.npy"]
    readers[0].communicate()
    assert fetched() == ["gray.npy", "other.npy"]
    readers[1].communicate()
    killed.kill()
    killed.communicate()
    assert fetched() == ["other.npy"]
    poreflux.read(str(scan), voxel_size=1)
    assert fetched() == ["gray.npy", "other.npy"]
    left = next((tmp_path / "spool").rglob("other.npy")).parent
    os.utime(left, (0, 0))
    poreflux.read(str(scan), voxel_size=1)
    assert fetched() == ["gray.npy"]


def test_what_does_not_fit_is_refused_before_it_is_fetched(cloud, source, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (cloud / "gray.npy").write_bytes(source.read_bytes())
    full = SimpleNamespace(free=10)
    with monkeypatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda path: full)
        with pytest.raises(TooLarge, match="set TMPDIR to a larger disk"):
            poreflux.read(str(cloud / "gray.npy"), voxel_size=1)
        assert not list(tmp_path.rglob("*gray.npy*/*.npy"))
    poreflux.read(str(cloud / "gray.npy"), voxel_size=1)
    monkeypatch.setattr("shutil.disk_usage", lambda path: full)
    poreflux.read(str(cloud / "gray.npy"), voxel_size=1)  # it is there


def test_a_storage_within_the_process_serves_too(volume):
    path = store.save(volume, "memory://tomo/v.zarr", chunk=8)
    np.testing.assert_array_equal(store.open("memory://tomo/v.zarr").gray, volume.gray)
    assert store.verify(path) == []


def test_a_store_without_its_root_is_no_store(cloud, volume):
    path = store.save(volume, cloud / "v.zarr")
    (path / "zarr.json").unlink()
    with pytest.raises(FileNotFoundError, match="is not a store"):
        store.open(path)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_kill_at_each_write_leaves_nothing_half_made(cloud, source, scenario):
    kills(cloud, source, scenario, 19)


def kills(cloud, source, scenario, stride):
    words = [scenario, str(cloud), str(source), str(stride)]
    command = [sys.executable, "-m", "tests.objects.killing", *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    verdict = json.loads(done.stdout)
    assert verdict["kills"] > 1
    assert (verdict["read"], verdict["unlike"], verdict["left"]) == ([], [], [])


def importing(source, target) -> list[str]:
    words = [str(source), str(target), "--voxel-size", "1", "--chunk", "16"]
    return [sys.executable, "-m", "poreflux", "import", *words]


def test_a_killed_import_goes_on_from_what_is_in_the_bucket(cloud, tmp_path, rng):
    np.save(tmp_path / "gray.npy", rng.integers(0, 99, (48, 48, 48)).astype(np.uint8))
    words = [
        str(tmp_path / "gray.npy"),
        str(cloud / "v.zarr"),
        "--voxel-size",
        "1",
        "--chunk",
        "16",
    ]
    command = [sys.executable, "-m", "poreflux", "import", *words]
    data = cloud / "v.zarr.partial" / "data" / "gray" / "c"
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        limit = time.monotonic() + 60
        while sum(1 for _ in data.rglob("*")) < 10:
            assert process.poll() is None
            assert time.monotonic() < limit
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    with pytest.raises(FileNotFoundError, match="interrupted"):
        store.open(cloud / "v.zarr")
    # those of the clock's second in which the kill fell are left out
    written = {p: p.stat().st_mtime for p in data.rglob("*")}
    time.sleep(1.1)
    options = {"chunk": 16}
    volume = poreflux.read(tmp_path / "gray.npy", voxel_size=1)
    from poreflux.store import slabs

    again = []
    whole = slabs.box.write_shard

    def noted(folder, layout, index, values):
        again.append(str(layout.file(folder, index)))
        whole(folder, layout, index, values)

    slabs.box.write_shard = noted
    try:
        store.save(volume, cloud / "v.zarr", **options)
    finally:
        slabs.box.write_shard = whole
    assert not {str(path) for path in written} & set(again)
    assert tree(cloud / "v.zarr") == tree_here(store.save(volume, tmp_path / "v.zarr", **options))


@pytest.mark.slow
def test_of_two_writers_one_is_refused_and_touches_nothing(cloud, tmp_path, rng):
    np.save(tmp_path / "gray.npy", rng.integers(0, 99, (48, 48, 48)).astype(np.uint8))
    words = [
        str(tmp_path / "gray.npy"),
        str(cloud / "v.zarr"),
        "--voxel-size",
        "1",
        "--chunk",
        "16",
    ]
    command = [sys.executable, "-m", "poreflux", "import", *words]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    writers = [subprocess.Popen(command, **pipes) for _ in range(3)]
    said = [writer.communicate(timeout=120)[1] for writer in writers]
    for writer, line in zip(writers, said):
        # who came when all was done finds that
        assert writer.returncode == 0 or "is being written by another process" in line, line
    assert 0 in [writer.returncode for writer in writers]
    assert store.verify(cloud / "v.zarr") == []
    assert sorted(p.name for p in cloud.iterdir()) == ["v.zarr"]


def test_a_cluster_of_processes_reads_and_writes_it(cloud, tmp_path, rng):
    from distributed import Client, LocalCluster

    np.save(tmp_path / "gray.npy", rng.integers(0, 99, (30, 31, 32)).astype(np.uint8))

    def way(root):
        path = store.save(
            poreflux.read(tmp_path / "gray.npy", voxel_size=1), root / "v.zarr", chunk=16
        )
        opened = store.open(path)
        store.add(poreflux.from_array(opened.gray.data > 50), path)
        labels = store.open(path)
        metrics = poreflux.porosity(labels), poreflux.porosity_profile(labels)
        return results.save(results.collect(*metrics, volume=labels), root / "r.zarr")

    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**options) as cluster, Client(cluster):
        way(cloud)
    with dask.config.set(scheduler="threads"):
        way(tmp_path)
    assert tree(cloud / "v.zarr") == tree_here(tmp_path / "v.zarr")
    one, two = (results.open(at(root) / "r.zarr") for root in (cloud, tmp_path))
    xr.testing.assert_equal(one, two)
