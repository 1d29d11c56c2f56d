"""What is saved is what is opened, whole or in part, by us and by others."""

import dask.array as da
import numpy as np
import pytest
import xarray as xr
import yaozarrs
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

import poreflux
from poreflux import store
from poreflux.errors import DamagedStore
from poreflux.volume import from_array

DTYPES = ["u1", "i1", "u2", ">u2", "i2", "u4", "i4", "f2", "f4", "f8", "i8"]


@st.composite
def arrays(draw):
    shape = draw(st.tuples(*[st.integers(1, 17)] * 3))
    seed = draw(st.integers(0, 2**31))
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    values = np.random.default_rng(seed).normal(0, 60, shape)
    return np.abs(values).astype(dtype) if dtype.kind == "u" else values.astype(dtype)


@given(
    array=arrays(),
    chunk=st.integers(1, 20),
    pieces=st.tuples(*[st.integers(1, 17)] * 3),
    many=st.sampled_from([1, 10, 10**6]),
)
@settings(max_examples=60, deadline=None)
def test_open_after_save_is_the_identity(tmp_path_factory, array, chunk, pieces, many):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("poreflux.store.layout.MANY_CHUNKS", many)
        volume = from_array(da.from_array(array, chunks=pieces), voxel_size=(1, 2, 3), kind="gray")
        path = store.save(volume, tmp_path_factory.mktemp("s") / "v.zarr", chunk=chunk)
    opened = store.open(path)
    assert opened.gray.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(opened.gray.values, array)
    np.testing.assert_array_equal(zarr.open_group(path, mode="r")["gray"][:], array)
    xr.testing.assert_equal(opened.coords.to_dataset(), volume.coords.to_dataset())


@given(data=st.data(), many=st.sampled_from([1, 10**6]), threads=st.sampled_from([1, 2]))
@settings(max_examples=40, deadline=None)
def test_read_box_equals_slicing(tmp_path_factory, data, many, threads):
    array = np.arange(11 * 13 * 17, dtype="u2").reshape(11, 13, 17)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("poreflux.store.layout.MANY_CHUNKS", many)
        path = store.save(
            from_array(array, kind="gray"), tmp_path_factory.mktemp("s") / "v.zarr", chunk=4
        )
    pairs = [sorted(data.draw(st.tuples(*[st.integers(0, n)] * 2))) for n in array.shape]
    start, stop = zip(*pairs)
    box = store.read_box(path, "gray", start, stop, threads=threads)
    np.testing.assert_array_equal(box, array[tuple(map(slice, start, stop))])


def test_all_variables_of_a_volume_are_kept_with_their_attributes(tmp_path, rng):
    volume = from_array(rng.random((9, 10, 11)) > 0.5, voxel_size=(1, 2, 3))
    solid = rng.random((9, 10, 11)).astype(np.float32)
    volume = volume.assign(
        solid_fraction=(("z", "y", "x"), solid, {"units": "1"}),
        mask=(("z", "y", "x"), solid > 0.2, {"long_name": "region"}),
    )
    volume.attrs["note"] = {"pressure": np.float32(250), "parts": (1, 2)}
    opened = store.open(store.save(volume, tmp_path / "v.zarr", chunk=4))
    xr.testing.assert_equal(opened, volume)
    assert opened["mask"].attrs == {"long_name": "region"}
    assert opened.attrs["note"] == {"pressure": 250.0, "parts": [1, 2]}
    np.testing.assert_array_equal(opened.phase.attrs["flag_values"], [0, 1])
    yaozarrs.validate_zarr_store(str(tmp_path / "v.zarr"))


@pytest.fixture
def both(tmp_path, rng):
    """Return a store with gray and phase, three pyramid levels each."""
    gray = from_array(rng.integers(0, 200, (33, 40, 37)), voxel_size=(1, 2, 3), kind="gray")
    path = store.save(gray, tmp_path / "both.zarr", chunk=8)
    phase = from_array(gray.gray.values > 50, voxel_size=(1, 2, 3))
    return store.add(phase, path)


def test_a_store_is_a_valid_ome_zarr_image(both):
    yaozarrs.validate_zarr_store(str(both))


def test_a_store_opens_in_plain_xarray_with_its_labels_and_units(both):
    plain = xr.open_zarr(both, consolidated=False)
    xr.testing.assert_equal(plain, store.open(both))
    assert plain.phase.dtype == np.uint8
    assert plain.phase.attrs["flag_meanings"] == "pore electrolyte"
    assert plain.z.attrs["units"] == "um"


def test_viewers_are_offered_gray_before_phase(both):
    scales = zarr.open_group(both, mode="r").attrs["ome"]["multiscales"]
    assert [scale["name"] for scale in scales] == ["gray", "phase"]


def test_every_chunk_of_a_constant_phase_is_on_the_disk(tmp_path):
    path = store.save(from_array(np.zeros((9, 9, 9), "u1")), tmp_path / "zero.zarr", chunk=4)
    array = zarr.open_group(path, mode="r")["phase"]
    assert array.fill_value == 255
    assert array.nchunks_initialized == array.nchunks == 27


def test_an_array_that_was_replaced_since_it_was_opened_is_refused(tmp_path, rng):
    """Its chunks are whole; its phases have other names than the volume that was opened says."""
    labels = (rng.random((9, 10, 11)) < 0.3).astype(np.uint8)
    names = {0: "pore", 1: "electrolyte"}
    path = store.save(from_array(labels, phases=names), tmp_path / "v.zarr", chunk=4)
    opened = store.open(path)
    lazy = poreflux.porosity(opened)
    store.save(from_array(labels, phases=names), path, chunk=4, overwrite=True)  # the same
    assert poreflux.collect(lazy, volume=opened).porosity == (labels == 0).mean()
    swapped = from_array(1 - labels, phases={1: "pore", 0: "electrolyte"})
    store.save(swapped, path, chunk=4, overwrite=True)
    with pytest.raises(DamagedStore, match="'phase' was replaced since it was opened; open it"):
        poreflux.collect(lazy, volume=opened)
    again = poreflux.porosity(store.open(path))
    assert poreflux.collect(again, volume=opened).porosity == (labels == 0).mean()
