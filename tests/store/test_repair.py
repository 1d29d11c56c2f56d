"""What is damaged is written anew from the source, to the bit, and nothing else is touched."""

import random
import shutil

import numpy as np
import pytest

from poreflux import from_array, read, store
from poreflux.errors import DamagedStore
from tests.faults.killing import tree


@pytest.fixture(params=[10**6, 1], ids=["plain", "sharded"])
def made(request, tmp_path, monkeypatch, rng):
    """Return the folder of a source and of a store with grey values and labels."""
    monkeypatch.setattr("poreflux.store.layout.MANY_CHUNKS", request.param)
    np.save(tmp_path / "scan.npy", rng.integers(0, 99, (13, 17, 19)).astype(np.uint16))
    gray = read(tmp_path / "scan.npy", voxel_size=(1, 2, 3), axes="zyx")
    path = store.save(gray, tmp_path / "v.zarr", chunk=6)
    store.add(from_array(store.open(path).gray.data > 50, voxel_size=(1, 2, 3)), path)
    return tmp_path


def chunks(path, name):
    return sorted(file for file in (path / name / "c").rglob("*") if file.is_file())


@pytest.mark.parametrize("name", ["gray", "z", "pyramid/gray/1", "pyramid/phase/1"])
def test_lost_and_torn_chunks_come_back_to_the_bit(made, name):
    path = made / "v.zarr"
    before, files = tree(path), chunks(path, name)
    files[0].unlink()
    files[-1].write_bytes(b"torn")
    times = {file: file.stat().st_mtime_ns for file in path.rglob("c/**/*") if file.is_file()}
    assert store.verify(path)
    assert store.repair(path, made / "scan.npy") == []
    assert tree(path) == before
    again = {file for file, time in times.items() if file.stat().st_mtime_ns != time}
    assert again <= {files[0], files[-1]}
    assert sorted(each.name for each in made.iterdir()) == ["scan.npy", "v.zarr"]


def test_what_the_source_does_not_hold_stays_named(made):
    path = made / "v.zarr"
    chunks(path, "phase")[0].unlink()
    left = store.repair(path, made / "scan.npy")
    assert {damage.array for damage in left} == {"phase"}


def test_another_source_is_refused(made):
    path = made / "v.zarr"
    chunks(path, "gray")[0].unlink()
    damaged = tree(path)
    np.save(made / "other.npy", np.load(made / "scan.npy") + 1)
    with pytest.raises(ValueError, match="is not what"):
        store.repair(path, made / "other.npy")
    assert tree(path) == damaged


def test_any_file_but_the_root_comes_back_from_a_copy(made, tmp_path_factory):
    path = made / "v.zarr"
    copy = tmp_path_factory.mktemp("copy") / "copy.zarr"
    shutil.copytree(path, copy)
    before, rng = tree(path), random.Random(1)
    files = [path / name for name in before if name != "zarr.json" and name.count("/") > 0]
    files = [file for file in files if file.parent.name not in ("pyramid",)]
    for file in rng.sample(sorted(files), 12):
        content = bytearray(file.read_bytes())
        content[rng.randrange(len(content))] ^= 4
        file.write_bytes(content)
    assert store.verify(path)
    assert store.repair(path, copy) == []
    assert tree(path) == before


def test_from_a_damaged_copy_nothing_is_taken(made, tmp_path_factory):
    path = made / "v.zarr"
    copy = tmp_path_factory.mktemp("copy") / "copy.zarr"
    shutil.copytree(path, copy)
    first, second = chunks(copy, "gray")[:2] if len(chunks(copy, "gray")) > 1 else (None, None)
    first.write_bytes(second.read_bytes())
    chunks(path, "gray")[0].unlink()
    assert store.repair(path, copy) != []


def test_a_store_with_a_damaged_root_is_not_repaired(made):
    path = made / "v.zarr"
    root = path / "zarr.json"
    root.write_text(root.read_text().replace("voxel_size", "vowel_size"))
    with pytest.raises(DamagedStore, match="root"):
        store.repair(path, made / "scan.npy")
