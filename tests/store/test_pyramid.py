"""Levels of a pyramid keep means and labels, whatever the shape."""

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from poreflux import from_array, store
from poreflux.store.pyramid import mean, mode

small = st.tuples(*[st.integers(1, 7)] * 3)


def groups(values):
    """Yield (index, the up to eight voxels) of every voxel one level above."""
    for index in np.ndindex(*(-(-n // 2) for n in values.shape)):
        yield index, values[tuple(slice(2 * i, 2 * i + 2) for i in index)]


@given(arrays(np.uint8, small))
def test_mean_is_the_rounded_mean_of_the_voxels_there_are(values):
    joined = mean(values)
    for index, group in groups(values):
        assert abs(joined[index] - group.mean()) <= 0.5


@given(arrays(np.float32, small, elements=st.floats(-1e3, 1e3, width=32)))
def test_mean_of_floats_is_their_mean(values):
    joined = mean(values)
    for index, group in groups(values):
        assert joined[index] == pytest.approx(group.astype(float).mean(), abs=1e-3)


@given(arrays(np.uint8, small, elements=st.integers(0, 4)))
def test_mode_is_a_commonest_label_of_the_voxels_there_are(values):
    joined = mode(values)
    for index, group in groups(values):
        counts = np.bincount(group.ravel(), minlength=5)
        assert counts[joined[index]] == counts.max()
        if counts[group[0, 0, 0]] == counts.max():
            assert joined[index] == group[0, 0, 0]


def test_all_levels_of_a_store_follow_from_the_one_below(tmp_path, rng):
    phase = rng.integers(0, 3, (37, 20, 41)).astype(np.uint8)
    volume = from_array(phase, phases={0: "a", 1: "b", 2: "c"})
    root = zarr.open_group(store.save(volume, tmp_path / "v.zarr", chunk=8), mode="r")
    datasets = root.attrs["ome"]["multiscales"][0]["datasets"]
    assert [entry["path"] for entry in datasets] == [
        "phase",
        "pyramid/phase/1",
        "pyramid/phase/2",
        "pyramid/phase/3",
    ]
    below = phase
    for entry in datasets[1:]:
        below = mode(below)
        np.testing.assert_array_equal(root[entry["path"]][:], below)
    assert max(below.shape) <= 8


def test_a_part_of_a_volume_lies_where_it_was_cut(tmp_path):
    whole = from_array(np.zeros((40, 40, 40), np.uint8), voxel_size=(3, 2, 1))
    part = whole.isel(z=slice(10, 30), y=slice(4, 40))
    path = store.save(part, tmp_path / "v.zarr", chunk=10)
    assert store.open(path).z[0] == 10.5 * 3
    levels = zarr.open_group(path).attrs["ome"]["multiscales"][0]["datasets"]
    for level, entry in enumerate(levels):
        scale, translation = (t[t["type"]] for t in entry["coordinateTransformations"])
        low = np.subtract(translation, np.divide(scale, 2))
        np.testing.assert_allclose(low, (30, 8, 0))
        np.testing.assert_allclose(scale, np.multiply((3, 2, 1), 2**level))


def test_each_level_lies_where_the_one_below_does(tmp_path):
    volume = from_array(np.zeros((40, 40, 40), np.uint8), voxel_size=(3, 2, 1))
    path = store.save(volume, tmp_path / "v.zarr", chunk=10)
    for entry in zarr.open_group(path).attrs["ome"]["multiscales"][0]["datasets"]:
        scale, translation = entry["coordinateTransformations"]
        # voxel centres: the first lies half a voxel from the face of the volume
        np.testing.assert_allclose(translation["translation"], np.divide(scale["scale"], 2))
