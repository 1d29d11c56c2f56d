"""A chunk that is not in the file is never a value by silence."""

import json

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


@pytest.mark.parametrize("location", ["start", "end"])
def test_a_chunk_that_a_shard_lacks_is_refused_and_named(tmp_path, values, location):
    codec = zarr.codecs.ShardingCodec(chunk_shape=(3, 4, 5), index_location=location)
    path = tmp_path / "s.zarr"
    values[3:6, 4:8, 0:5] = 0  # the fill value, of which zarr writes no chunk
    array = zarr.create_array(
        path, shape=SHAPE, dtype="u1", zarr_format=3, fill_value=0, chunks=(6, 8, 10),
        serializer=codec, compressors=None,
    )  # fmt: skip
    array[...] = values
    with pytest.raises(UnreadableImage, match=r"1 of the 8 chunks .* voxels \[3:6, 4:8, 0:5\]"):
        read(path, voxel_size=1)
    volume = read(path, voxel_size=1, missing_as=0)
    np.testing.assert_array_equal(volume.gray.values, values)


def test_shards_that_reach_beyond_the_array_lack_nothing(tmp_path, rng):
    values = rng.integers(1, 99, (7, 9, 11)).astype(np.uint8)
    path = tmp_path / "s.zarr"
    made = zarr.create_array(
        path, shape=values.shape, dtype="u1", chunks=(3, 4, 5), shards=(6, 8, 10), zarr_format=3
    )
    made[...] = values
    np.testing.assert_array_equal(read(path, voxel_size=1).gray.values, values)


@pytest.mark.parametrize("many", [10**6, 1], ids=["plain", "sharded"])
@pytest.mark.parametrize("inside", [False, True], ids=["the store", "its array"])
def test_chunks_that_were_exchanged_are_no_image(tmp_path, rng, many, inside, monkeypatch):
    monkeypatch.setattr("poreflux.store.layout.MANY_CHUNKS", many)
    values = rng.integers(1, 99, (12, 30, 30)).astype(np.uint8)
    path = store.save(from_array(values, kind="gray"), tmp_path / "own.zarr", chunk=6)
    source = path / "gray" if inside else path
    np.testing.assert_array_equal(read(source, voxel_size=1).gray.values, values)
    one, other = path / "gray/c/0/0/0", path / "gray/c/1/0/0"
    bytes_of_one = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(bytes_of_one)
    with pytest.raises(UnreadableImage, match=r"\[0:6, 0:6, 0:6\] is not the one .* written there"):
        read(source, voxel_size=1)


@pytest.mark.parametrize("what", ["voxel_size", "attributes of the array", "table"])
def test_altered_metadata_of_our_store_are_no_image(tmp_path, values, what):
    path = store.save(from_array(values, kind="gray"), tmp_path / "own.zarr", chunk=5)
    file = path / {"voxel_size": "zarr.json", "table": "gray/checksums"}.get(what, "gray/zarr.json")
    if what == "table":
        file.write_bytes(file.read_bytes()[:-4] + b"1234")
    else:
        document = json.loads(file.read_bytes())
        document["attributes"]["voxel_size"] = [3.0, 3.0, 3.0]
        file.write_text(json.dumps(document, indent=2))
    with pytest.raises(UnreadableImage, match="altered by another program"):
        read(path)


def test_a_dataset_that_was_never_written_is_refused(tmp_path):
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file.create_dataset("data", SHAPE, np.uint8)
    with pytest.raises(UnreadableImage, match="lacks 1 of the 1 chunks"):
        read(tmp_path / "v.h5", voxel_size=1)


def pages(folder, values, lacking=()):
    """Write a file for each plane, in two chunks of which some were never written."""
    for z, plane in enumerate(values):
        with h5py.File(folder / f"p{z}.h5", "w") as file:
            data = file.create_dataset("plane", plane.shape, np.uint8, chunks=(4, 10))
            for y in (0, 4):
                if (z, y) not in lacking:
                    data[y : y + 4] = plane[y : y + 4]


def virtual(folder, values, *, skip=(), name="plane"):
    """Make a virtual dataset of the files of planes, but for some of them."""
    layout = h5py.VirtualLayout(values.shape, np.uint8)
    for z, plane in enumerate(values):
        if z not in skip:
            layout[z] = h5py.VirtualSource(f"p{z}.h5", name, shape=plane.shape)
    with h5py.File(folder / "v.h5", "w", libver="latest") as file:
        file.create_virtual_dataset("data", layout)
    return folder / "v.h5"


def test_a_virtual_dataset_of_whole_sources_is_read(tmp_path, values):
    pages(tmp_path, values)
    np.testing.assert_array_equal(read(virtual(tmp_path, values), voxel_size=1).gray, values)


@pytest.mark.parametrize("value", [None, 0, 7])
def test_a_chunk_that_a_virtual_source_lacks_is_refused_or_named_by_a_value(
    tmp_path, values, value
):
    pages(tmp_path, values, lacking=[(2, 4)])
    path = virtual(tmp_path, values)
    if value is None:
        with pytest.raises(UnreadableImage, match=r"lacks 1 .* voxels \[2:3, 4:8, 0:10\]"):
            read(path, voxel_size=1)
        return
    expected = values.copy()
    expected[2, 4:8] = value
    np.testing.assert_array_equal(read(path, voxel_size=1, missing_as=value).gray, expected)


def test_planes_that_no_source_gives_are_refused(tmp_path, values):
    pages(tmp_path, values)
    with pytest.raises(UnreadableImage, match=r"lacks 2 of .* voxels \[1:2, 0:8, 0:10\]"):
        read(virtual(tmp_path, values, skip=(1, 4)), voxel_size=1)


def test_sources_without_the_dataset_or_too_small_are_refused(tmp_path, values):
    pages(tmp_path, values)
    with pytest.raises(UnreadableImage, match=r"lacks 6 of the 6 chunks"):
        read(virtual(tmp_path, values, name="image"), voxel_size=1)
    with h5py.File(tmp_path / "p3.h5", "w") as file:
        file["plane"] = values[3, :4]
    with pytest.raises(UnreadableImage, match=r"lacks 1 .* voxels \[3:4, 0:8, 0:10\]"):
        read(virtual(tmp_path, values), voxel_size=1)


def test_a_virtual_dataset_of_virtual_datasets_is_followed(tmp_path, values):
    pages(tmp_path, values, lacking=[(5, 0)])
    virtual(tmp_path, values)
    layout = h5py.VirtualLayout(values.shape, np.uint8)
    layout[:] = h5py.VirtualSource("v.h5", "data", shape=values.shape)
    with h5py.File(tmp_path / "w.h5", "w", libver="latest") as file:
        file.create_virtual_dataset("data", layout)
    with pytest.raises(UnreadableImage, match=r"lacks 1 .* voxels \[5:6, 0:4, 0:10\]"):
        read(tmp_path / "w.h5", voxel_size=1)


def test_where_lost_voxels_of_a_source_lie_must_be_known_to_give_them_a_value(tmp_path, values):
    pages(tmp_path, values, lacking=[(0, 0)])
    layout = h5py.VirtualLayout((3, 8, 5), np.uint8)
    source = h5py.VirtualSource("p0.h5", "plane", shape=(8, 10))
    layout[0], layout[1], layout[2] = source[:, ::2], source[:, ::2], source[:, :5]
    with h5py.File(tmp_path / "v.h5", "w", libver="latest") as file:
        file.create_virtual_dataset("data", layout)
    with pytest.raises(UnreadableImage, match="fetch these files again"):
        read(tmp_path / "v.h5", voxel_size=1, missing_as=0)
