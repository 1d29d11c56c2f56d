"""A variable added to a store, and what a second save of the same does."""

import os

import numpy as np
import pytest
import xarray as xr
import yaozarrs

from poreflux import from_array, read, store
from poreflux.errors import DamagedStore, StoreExists


@pytest.fixture
def source(tmp_path, rng):
    path = tmp_path / "gray.npy"
    np.save(path, rng.integers(0, 99, (13, 14, 15)).astype(np.uint8))
    return path


@pytest.fixture
def saved(tmp_path, source):
    return store.save(read(source, voxel_size=(3, 2, 1)), tmp_path / "v.zarr", chunk=8)


def segmented(path, threshold):
    """Make labels of a store's grey values, as the command line does."""
    volume = store.open(path)
    labels = from_array(volume.gray.data > threshold, voxel_size=(3, 2, 1))
    operation = {"operation": "segment", "parameters": {"threshold": threshold}}
    labels.attrs["history"] = [*volume.attrs["history"], operation]
    return labels


def notes(call, *args, **options) -> list[str]:
    """Return the distinct notes that a call makes of its progress."""
    told = []
    call(*args, progress=lambda done, total, note="": told.append((done, total, note)), **options)
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert told[-1][0] == told[-1][1]
    return list(dict.fromkeys(note for _, _, note in told))


def test_an_added_variable_stands_beside_the_first_with_one_history(saved):
    store.add(segmented(saved, 50), saved)
    volume = store.open(saved)
    np.testing.assert_array_equal(volume.phase.values, volume.gray.values > 50)
    assert [entry["operation"] for entry in volume.attrs["history"]] == ["read", "segment"]
    assert volume.phase.attrs["flag_meanings"] == "pore electrolyte"
    yaozarrs.validate_zarr_store(str(saved))
    assert store.verify(saved) == []
    xr.testing.assert_identical(
        xr.open_zarr(saved, consolidated=False).drop_attrs(), volume.drop_attrs()
    )


def test_a_whole_volume_with_a_new_variable_adds_only_that(saved):
    volume = store.open(saved)
    both = volume.assign(phase=segmented(saved, 50).phase)
    before = (saved / "gray/zarr.json").stat()
    store.add(both, saved)
    assert os.stat(saved / "gray/zarr.json").st_ino == before.st_ino
    assert sorted(store.open(saved).data_vars) == ["gray", "phase"]


def test_a_second_run_of_anything_finished_does_nothing_and_says_so(saved, source):
    before = {p: p.stat().st_mtime_ns for p in saved.rglob("*")}
    again = read(source, voxel_size=(3, 2, 1))
    assert notes(store.save, again, saved, chunk=8) == ["v.zarr holds this already; nothing to do"]
    assert {p: p.stat().st_mtime_ns for p in saved.rglob("*")} == before
    assert notes(store.add, segmented(saved, 50), saved)[0] == "phase"
    assert "nothing to do" in notes(store.add, segmented(saved, 50), saved)[0]


def test_a_copy_of_the_source_is_the_same_source(saved, source, tmp_path):
    content = source.read_bytes()
    source.unlink()
    source.write_bytes(content)
    assert (
        "nothing to do" in notes(store.save, read(source, voxel_size=(3, 2, 1)), saved, chunk=8)[0]
    )


@pytest.mark.parametrize("change", ["source", "voxel size", "chunk"])
def test_a_save_of_something_else_is_refused(saved, source, change):
    if change == "source":
        np.save(source, np.load(source) + 1)
    size = (3, 2, 2) if change == "voxel size" else (3, 2, 1)
    with pytest.raises(StoreExists, match="something else"):
        store.save(read(source, voxel_size=size), saved, chunk=7 if change == "chunk" else 8)


def test_other_labels_replace_the_first_only_where_that_is_asked_for(saved):
    store.add(segmented(saved, 50), saved)
    with pytest.raises(StoreExists, match="'phase' already"):
        store.add(segmented(saved, 20), saved)
    store.add(segmented(saved, 20), saved, overwrite=True)
    volume = store.open(saved)
    np.testing.assert_array_equal(volume.phase.values, volume.gray.values > 20)
    assert store.verify(saved) == []
    assert sorted(p.name for p in saved.parent.iterdir()) == ["gray.npy", "v.zarr"]


def test_what_was_done_last_stands_last_in_the_history(saved):
    for threshold in (50, 20, 50):
        labels = segmented(saved, threshold)
        labels.attrs["history"] = [labels.attrs["history"][0], labels.attrs["history"][-1]]
        store.add(labels, saved, overwrite=True)
    history = store.open(saved).attrs["history"]
    assert [entry["operation"] for entry in history] == ["read", "segment", "segment"]
    assert history[-1]["parameters"] == {"threshold": 50}


def test_labels_that_need_themselves_can_replace_themselves(saved):
    store.add(segmented(saved, 50), saved)
    volume = store.open(saved)
    before = volume.phase.values
    store.add(from_array(1 - volume.phase.data, voxel_size=(3, 2, 1)), saved, overwrite=True)
    np.testing.assert_array_equal(store.open(saved).phase.values, 1 - before)


def test_a_variable_of_another_shape_or_voxel_size_is_refused(saved):
    with pytest.raises(ValueError, match=r"\(13, 14, 15\)"):
        store.add(from_array(np.ones((3, 3, 3), bool), voxel_size=(3, 2, 1)), saved)
    with pytest.raises(ValueError, match="voxel_size"):
        store.add(from_array(np.ones((13, 14, 15), bool)), saved)


def test_nothing_is_added_to_what_is_no_store(tmp_path):
    labels = from_array(np.ones((3, 3, 3), bool))
    with pytest.raises(FileNotFoundError, match="is not a store"):
        store.add(labels, tmp_path / "nothing.zarr")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_store_is_called_so(tmp_path):
    (tmp_path / "v.zarr.partial").mkdir()
    with pytest.raises(FileNotFoundError, match="interrupted"):
        store.open(tmp_path / "v.zarr")


def test_a_store_with_broken_metadata_is_called_damaged(saved):
    (saved / "zarr.json").write_text('{"zarr')
    with pytest.raises(DamagedStore, match="cannot be read"):
        store.open(saved)


def test_a_variable_that_another_program_added_is_read(saved):
    mask = np.random.default_rng(0).random((13, 14, 15)) > 0.5
    attrs = xr.open_zarr(saved, consolidated=False).attrs
    other = xr.Dataset({"mask": (("z", "y", "x"), mask)}, attrs=attrs)
    other.to_zarr(saved, mode="a", consolidated=False)
    volume = store.open(saved)
    np.testing.assert_array_equal(volume["mask"].values, mask)
    np.testing.assert_array_equal(
        store.read_box(saved, "mask", (1, 2, 3), (4, 5, 6)), mask[1:4, 2:5, 3:6]
    )


def test_a_label_of_255_is_refused_and_leaves_nothing(tmp_path):
    import dask.array as da

    labels = np.zeros((9, 9, 9), np.uint8)
    labels[4, 5, 6] = 255
    volume = from_array(da.from_array(labels, chunks=4))
    with pytest.raises(ValueError, match=r"255 at voxel \(4, 5, 6\)"):
        store.save(volume, tmp_path / "v.zarr", chunk=4)
    assert list(tmp_path.iterdir()) == []
