"""Fields join a store when they are whole; until then, and if they never are, it is as it was."""

import subprocess
import sys

import numpy as np
import pytest

from poreflux import from_array, store
from poreflux.errors import DamagedStore, StoreExists
from tests.faults.killing import tree

SHAPE = (12, 9, 7)
ONE = {"potential": {"units": "V"}}


@pytest.fixture
def path(tmp_path):
    return store.save(from_array(np.ones(SHAPE, np.uint8)), tmp_path / "v.zarr", chunk=6)


def write(path, fields=ONE, value=1.0):
    with store.new_fields(path, fields, chunk=6) as folder:
        for name in fields:
            store.write_box(folder, name, (0, 0, 0), np.full(SHAPE, value, np.float32))


def test_fields_are_read_back_and_sealed(path):
    write(path, {"potential": {"units": "V"}, "current": {}})
    volume = store.open(path)
    assert float(volume.potential.mean()) == 1
    assert volume.potential.attrs["units"] == "V"
    assert store.verify(path) == []
    with pytest.raises(ValueError, match="sealed"):
        store.write_box(path, "potential", (0, 0, 0), np.zeros(SHAPE, np.float32))


def test_until_the_end_and_after_a_failure_the_store_is_as_it_was(path):
    before = tree(path)

    def fail():
        with store.new_fields(path, ONE) as folder:
            store.write_box(folder, "potential", (0, 0, 0), np.ones(SHAPE, np.float32))
            assert tree(path) == before
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert tree(path) == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    write(path)


def test_what_is_not_written_whole_does_not_join(path):
    before = tree(path)
    made = store.new_fields(path, ONE, chunk=6)
    with pytest.raises(ValueError, match="'potential' is not written whole"), made as folder:
        store.write_box(folder, "potential", (0, 0, 0), np.ones((6, 9, 7), np.float32))
    assert tree(path) == before


def test_others_find_the_folder_and_write_their_boxes(path):
    code = (
        "import sys, numpy as np; from poreflux import store\n"
        "folder = store.fields_folder(sys.argv[1])\n"
        "store.write_box(folder, 'potential', (6, 0, 0), np.full((6, 9, 7), 2, np.float32))"
    )
    with store.new_fields(path, ONE, chunk=6) as folder:
        store.write_box(folder, "potential", (0, 0, 0), np.ones((6, 9, 7), np.float32))
        subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    assert float(store.open(path).potential.mean()) == 1.5


def test_a_second_one_waits_or_is_refused(path):
    with store.new_fields(path, ONE) as folder:
        with pytest.raises(StoreExists, match="another process"):
            write(path)
        with pytest.raises(StoreExists, match="another process"):
            store.add(from_array(np.zeros(SHAPE, np.uint8)), path)
        store.write_box(folder, "potential", (0, 0, 0), np.ones(SHAPE, np.float32))
    assert float(store.open(path).potential.mean()) == 1


def test_the_same_is_written_again_and_another_is_refused(path):
    write(path)
    write(path, value=2.0)
    assert float(store.open(path).potential.mean()) == 2
    with pytest.raises(StoreExists, match=r"of another solve \(units differs\)"):
        write(path, {"potential": {"units": "mV"}})
    with pytest.raises(StoreExists, match="'phase' already"):
        write(path, {"phase": {}})
    assert store.verify(path) == []


def test_altered_metadata_are_never_sealed_anew(path):
    file = path / "phase" / "zarr.json"
    file.write_text(file.read_text().replace("electrolyte", "electrolyt3"))
    with pytest.raises(DamagedStore):
        write(path)
    with pytest.raises(DamagedStore):
        store.add(from_array(np.zeros(SHAPE, np.uint8), kind="gray"), path)


def test_a_field_has_a_pyramid_of_the_voxels_that_have_a_value(tmp_path, rng):
    shape = (20, 33, 17)
    path = store.save(from_array(np.ones(shape, np.uint8)), tmp_path / "v.zarr", chunk=8)
    values = rng.random(shape).astype(np.float32)
    values[:8, :8] = np.nan
    values[10, 10, 10] = np.nan
    with store.new_fields(path, ONE, chunk=16) as folder:
        store.write_box(folder, "potential", (0, 0, 0), values)
    half = store.read_box(path, "pyramid/potential/1")
    assert half.shape == (10, 17, 9)
    assert np.isnan(half[:4, :4]).all()
    known = values[10:12, 10:12, 10:12].ravel()[1:]
    assert half[5, 5, 5] == pytest.approx(known.mean(), rel=1e-6)
    assert half[9, 4, 3] == pytest.approx(values[18:20, 8:10, 6:8].mean(), rel=1e-6)
    assert store.shape_of(path, "pyramid/potential/2") == (5, 9, 5)
    assert store.verify(path) == []
    assert store.open(path).potential.shape == shape
