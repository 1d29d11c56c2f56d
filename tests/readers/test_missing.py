"""A chunk that is not in the file is never a value by silence."""

import h5py
import numpy as np
import pytest
import zarr

from poreflux import read, store
from poreflux.errors import UnreadableImage
from poreflux.volume import from_array

SHAPE = (6, 8, 10)


@pytest.fixture
def values(rng):
    return rng.integers(1, 99, SHAPE).astype(np.uint8)


def hdf5(folder, values):
    """Make a file of eight chunks, one of which was never written."""
    with h5py.File(folder / "v.h5", "w") as file:
        data = file.create_dataset("data", SHAPE, np.uint8, chunks=(3, 4, 5))
        for z in (0, 3):
            for y in (0, 4):
                for x in (0, 5):
                    if (z, y, x) != (3, 0, 5):
                        part = np.s_[z : z + 3, y : y + 4, x : x + 5]
                        data[part] = values[part]
    return folder / "v.h5"


def zarr_of(version):
    def make(folder, values):
        path = folder / f"v{version}.zarr"
        array = zarr.create_array(
            path, shape=SHAPE, chunks=(3, 4, 5), dtype="u1", zarr_format=version, fill_value=0
        )
        array[...] = values
        key = array.metadata.encode_chunk_key((1, 0, 1))
        (path / key).unlink()
        return path

    return make


def our_store(folder, values):
    path = store.save(from_array(values, kind="gray"), folder / "own.zarr", chunk=5)
    (path / "gray/c/1/0/1").unlink()
    return path


MAKERS = [hdf5, zarr_of(2), zarr_of(3), our_store]


@pytest.mark.parametrize("make", MAKERS, ids=["hdf5", "zarr 2", "zarr 3", "our store"])
def test_a_lost_chunk_is_refused_and_named(tmp_path, values, make):
    path = make(tmp_path, values)
    with pytest.raises(UnreadableImage, match=r"lacks 1 of the 8 chunks .* voxels \[[35]:6, 0:"):
        read(path, voxel_size=1)


@pytest.mark.parametrize("make", MAKERS[:3], ids=["hdf5", "zarr 2", "zarr 3"])
@pytest.mark.parametrize("value", [0, 7])
def test_a_value_for_lost_chunks_is_taken_and_noted(tmp_path, values, make, value):
    volume = read(make(tmp_path, values), voxel_size=1, missing_as=value)
    expected = values.copy()
    expected[3:6, 0:4, 5:10] = value
    np.testing.assert_array_equal(volume.gray.values, expected)
    np.testing.assert_array_equal(volume.gray[2:5, 1:7, 4:7].values, expected[2:5, 1:7, 4:7])
    assert volume.attrs["history"][0]["parameters"]["missing_as"] == value


def test_a_dataset_that_was_never_written_is_refused(tmp_path):
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file.create_dataset("data", SHAPE, np.uint8)
    with pytest.raises(UnreadableImage, match="lacks 1 of the 1 chunks"):
        read(tmp_path / "v.h5", voxel_size=1)
