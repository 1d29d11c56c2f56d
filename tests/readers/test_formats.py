"""Every format gives the array that was written, in order z, y, x, lazily."""

import subprocess
import sys

import dask
import h5py
import numpy as np
import pytest
import scipy.io
import tifffile

from poreflux import from_array, store
from poreflux.readers import read
from tests.readers.files import FORMATS, write_nrrd


@pytest.fixture
def array(rng):
    return rng.integers(0, 60000, (11, 37, 23)).astype(np.uint16)


@pytest.mark.parametrize("name", FORMATS)
def test_a_volume_is_read_as_it_was_written(tmp_path, array, name):
    path, options = FORMATS[name](tmp_path, array)
    volume = read(path, voxel_size=(3, 2, 1), **options)
    assert isinstance(volume.gray.data, dask.array.Array)
    assert volume.gray.dtype == np.uint16
    np.testing.assert_array_equal(volume.gray.values, array)
    np.testing.assert_array_equal(volume.gray[3:5, 30:, 2:9].values, array[3:5, 30:, 2:9])


@pytest.mark.parametrize("name", FORMATS)
def test_an_import_is_read_as_it_was_written(tmp_path, array, name):
    path, options = FORMATS[name](tmp_path, array)
    size = None if name.startswith("ome") else 1  # which says its own
    target = store.save(read(path, voxel_size=size, **options), tmp_path / "v.store", chunk=8)
    opened = store.open(target)
    np.testing.assert_array_equal(opened.gray.values, array)
    assert opened.attrs["source"] == path.name
    assert len(opened.attrs["source_sha256"]) == 64
    assert opened.attrs["history"][0]["operation"] == "read"


#: NRRD and MATLAB have no half precision
KINDS = [
    (name, dtype)
    for name in ("tiff", "tiff deflate", "nrrd raw", "mat 5", "raw", "npy")
    for dtype in ("u1", "i1", "u2", "i2", "u4", "i4", "f2", "f4", "f8")
    if dtype != "f2" or not name.startswith(("nrrd", "mat"))
]


@pytest.mark.parametrize("name, dtype", KINDS)
def test_every_kind_of_number_is_read_as_it_was_written(tmp_path, rng, name, dtype):
    array = np.abs(rng.normal(0, 50, (3, 17, 9))).astype(dtype)
    path, options = FORMATS[name](tmp_path, array)
    volume = read(path, voxel_size=1, **options)
    assert volume.gray.dtype == array.dtype
    np.testing.assert_array_equal(volume.gray.values, array)


@pytest.mark.parametrize("compression", [None, "zlib", "packbits"])
def test_one_bit_tiff_pages_become_labels(tmp_path, rng, compression):
    array = rng.random((5, 13, 21)) > 0.5
    path = tmp_path / "bits.tif"
    tifffile.imwrite(path, array, photometric="minisblack", compression=compression)
    phases = {0: "pore", 1: "electrolyte"}
    labels = read(path, voxel_size=1, kind="phase", phases=phases).phase
    np.testing.assert_array_equal(labels.values, array)
    with pytest.warns(UserWarning, match="takes the dark ones, False, as pore"):
        gray = read(path, voxel_size=1).gray
    assert gray.dtype == np.uint8
    np.testing.assert_array_equal(gray.values, array)


@pytest.mark.parametrize(
    "name", ["tiff deflate", "tiff packbits", "tiff deflate with predictor", "tiff folder"]
)
def test_common_tiff_needs_no_codec_package(tmp_path, array, name):
    path, _ = FORMATS[name](tmp_path, array)
    code = (
        "import sys; sys.modules['imagecodecs'] = None\n"
        "from poreflux import read\n"
        f"print(int(read({str(path)!r}, voxel_size=1).gray.sum()))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(out.stdout) == int(array.sum())


def test_lzw_without_its_codec_names_the_extra_to_install(tmp_path, array):
    path, _ = FORMATS["tiff lzw"](tmp_path, array)
    code = (
        "import sys; sys.modules['imagecodecs'] = None\n"
        "from poreflux import read\n"
        f"read({str(path)!r}, voxel_size=1)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "poreflux[tiff]" in out.stderr
    assert "UnreadableImage" in out.stderr


def test_pages_are_ordered_by_their_numbers_not_their_letters(tmp_path):
    for number in range(1, 13):
        tifffile.imwrite(tmp_path / f"p{number}.tif", np.full((4, 5), number, np.uint8))
    np.testing.assert_array_equal(read(tmp_path, voxel_size=1).gray[:, 0, 0], np.arange(1, 13))


def test_a_gap_in_the_numbers_of_pages_is_told(tmp_path):
    for number in (1, 2, 4, 5):
        tifffile.imwrite(tmp_path / f"p{number}.tif", np.zeros((4, 5), np.uint8))
    with pytest.warns(UserWarning, match=r"p2\.tif to p4\.tif"):
        read(tmp_path, voxel_size=1)


def test_both_matlab_versions_give_the_first_index_as_z(tmp_path):
    array = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4)
    five, _ = FORMATS["mat 5"](tmp_path, array)
    assert scipy.io.loadmat(five)["A"][1, 2, 3] == array[1, 2, 3]
    first = read(five, voxel_size=1, axes="zyx").gray.values
    seven, _ = FORMATS["mat 7.3"](tmp_path, array)
    np.testing.assert_array_equal(read(seven, voxel_size=1, axes="zyx").gray.values, first)
    np.testing.assert_array_equal(first, array)


def test_axes_are_reordered_as_they_are_named(tmp_path):
    array = np.arange(2 * 3 * 4, dtype=np.int16).reshape(2, 3, 4)
    path, _ = FORMATS["npy"](tmp_path, array)
    volume = read(path, voxel_size=1, axes="yxz")
    assert dict(volume.sizes) == {"y": 2, "x": 3, "z": 4}
    assert volume.gray.isel(y=1, x=2, z=3) == array[1, 2, 3]


@pytest.mark.parametrize(
    "meta, expected",
    [
        ({"spacing": 2.0, "unit": "um"}, (2.0, 0.5, 0.5)),
        ({"spacing": 2.0, "unit": "micron"}, (2.0, 0.5, 0.5)),
        ({"spacing": 2.0, "unit": "\\u00B5m"}, (2.0, 0.5, 0.5)),
        ({"spacing": 0.002, "unit": "mm"}, (2.0, 500.0, 500.0)),
    ],
)
def test_imagej_metadata_gives_the_voxel_size(tmp_path, meta, expected):
    path = tmp_path / "ij.tif"
    stack = np.zeros((2, 4, 5), np.uint8)
    meta = {"axes": "ZYX", **meta}
    tifffile.imwrite(path, stack, imagej=True, resolution=(2, 2), metadata=meta)
    assert read(path).attrs["voxel_size"] == pytest.approx(expected)


def test_ome_metadata_gives_the_voxel_size(tmp_path):
    path = tmp_path / "x.ome.tif"
    meta = {
        "axes": "ZYX",
        **{f"PhysicalSize{axis}": size for axis, size in zip("ZYX", (3, 2, 1))},
        **{f"PhysicalSize{axis}Unit": "nm" for axis in "ZYX"},
    }
    tifffile.imwrite(path, np.zeros((2, 4, 5), np.uint8), ome=True, metadata=meta)
    assert read(path).attrs["voxel_size"] == pytest.approx((3e-3, 2e-3, 1e-3))


def test_resolution_tags_give_pixels_and_the_slice_distance_is_asked_for(tmp_path):
    path = tmp_path / "r.tif"
    resolution = (1e4 / 0.92, 1e4 / 0.46)
    stack = np.zeros((2, 4, 5), np.uint8)
    tifffile.imwrite(path, stack, resolution=resolution, resolutionunit="CENTIMETER")
    with pytest.raises(
        ValueError, match=r"y 0\.46 µm and x 0\.92 µm .*voxel_size=\(z, 0\.46, 0\.92\)"
    ):
        read(path)
    assert read(path, voxel_size=(2, 0.46, 0.92)).attrs["voxel_size"] == [2, 0.46, 0.92]
    with pytest.warns(UserWarning, match=r"apart by y 0\.46 µm, x 0\.92 µm .*2, 1, 1 µm"):
        other = read(path, voxel_size=(2, 1, 1))
    assert other.attrs["voxel_size"] == [2, 1, 1]
    assert "0.46" in other.attrs["history"][0]["parameters"]["notes"][0]


@pytest.mark.parametrize("dpi", [1, 72, 96, 300])
def test_a_resolution_that_nobody_measured_is_no_voxel_size(tmp_path, dpi):
    path = tmp_path / "r.tif"
    stack = np.zeros((2, 4, 5), np.uint8)
    tifffile.imwrite(path, stack, resolution=(dpi, dpi), resolutionunit="INCH")
    with pytest.raises(ValueError, match="voxel_size"):
        read(path)


@pytest.mark.parametrize(
    "header, expected",
    [
        ({"spacings": [1, 2, 3], "units": ["um", "um", "um"]}, (3, 2, 1)),
        (
            {
                "space dimension": 3,
                "space directions": [[1e-3, 0, 0], [0, -2e-3, 0], [0, 0, 3e-3]],
                "space units": ["mm", "mm", "mm"],
            },
            (3, 2, 1),
        ),
        (
            {
                "space": "left-posterior-superior",
                "space directions": [[1e-3, 0, 0], [0, 2e-3, 0], [0, 0, 3e-3]],
            },
            (3, 2, 1),
        ),
    ],
)
def test_nrrd_gives_the_voxel_size_in_order_z_y_x(tmp_path, header, expected):
    path = tmp_path / "s.nrrd"
    write_nrrd(path, np.zeros((4, 5, 6), np.uint8), header)
    volume = read(path)
    assert dict(volume.sizes) == {"x": 4, "y": 5, "z": 6}
    assert volume.attrs["voxel_size"] == pytest.approx(expected)


def test_nrrd_spacings_without_a_unit_are_no_voxel_size(tmp_path):
    path = tmp_path / "s.nrrd"
    write_nrrd(path, np.zeros((4, 5, 6), np.uint8), {"spacings": [1, 2, 3]})
    with pytest.raises(ValueError, match="voxel_size"):
        read(path)


def test_ome_zarr_gives_the_voxel_size_in_micrometers(tmp_path, array):
    path, _ = FORMATS["ome-zarr 0.4"](tmp_path, array)
    assert read(path).attrs["voxel_size"] == pytest.approx((3, 2, 1))


def test_hdf5_gives_the_element_size(tmp_path, array):
    path, _ = FORMATS["hdf5 exchange"](tmp_path, array)
    with h5py.File(path, "r+") as file:
        file["exchange/data"].attrs["element_size_um"] = [3.0, 2.0, 1.0]
    assert read(path).attrs["voxel_size"] == [3, 2, 1]


@pytest.mark.parametrize("kind", ["gray", "phase"])
def test_our_own_store_reads_back_with_its_voxel_size(tmp_path, array, kind):
    gray = from_array(array, voxel_size=(3, 2, 1), kind="gray")
    path = store.save(gray, tmp_path / "a.zarr", chunk=8)
    store.add(from_array(array > 30000, voxel_size=(3, 2, 1)), path)
    volume = read(path, kind=kind)
    expected = array if kind == "gray" else array > 30000
    np.testing.assert_array_equal(volume[kind].values, expected)
    assert volume.attrs["voxel_size"] == [3, 2, 1]


def test_masks_of_0_and_255_become_labels_0_and_1(tmp_path):
    array = np.zeros((3, 4, 5), np.uint8)
    array[1] = 255
    path, _ = FORMATS["tiff"](tmp_path, array)
    volume = read(path, voxel_size=1, kind="phase", phases={0: "pore", 255: "electrolyte"})
    np.testing.assert_array_equal(volume.phase.values, array == 255)
    assert volume.phase.attrs["flag_meanings"] == "pore electrolyte"
    assert volume.attrs["history"][0]["parameters"]["values"] == {"0": 0, "1": 255}


@pytest.mark.parametrize("dtype", ["u1", "i2", "f8"])
def test_labels_below_255_are_kept(tmp_path, dtype):
    array = np.array([0, 85, 170, 85], dtype).reshape(1, 2, 2)
    path, _ = FORMATS["npy"](tmp_path, array)
    phases = {0: "pore", 85: "active", 170: "binder"}
    volume = read(path, voxel_size=1, kind="phase", phases=phases)
    np.testing.assert_array_equal(volume.phase.values, array)
    assert list(volume.phase.attrs["flag_values"]) == [0, 85, 170]


@pytest.mark.parametrize("dtype, value", [("u1", 255), ("u1", 7), ("i2", -1), ("f4", 0.5)])
def test_a_value_without_a_name_is_refused_and_named(tmp_path, dtype, value):
    array = np.zeros((2, 3, 4), dtype)
    array[1, 2, 3] = value
    path, _ = FORMATS["npy"](tmp_path, array)
    phases = {0: "pore", 1: "electrolyte"}
    volume = read(path, voxel_size=1, kind="phase", phases=phases)
    with pytest.raises(ValueError, match=str(value)):
        store.save(volume, tmp_path / "v.zarr")
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name]


@pytest.mark.parametrize(
    "name, options, shape, fraction",
    [
        ("cement.tif", {"voxel_size": 1}, (128, 128, 128), None),
        ("blobs_1bit.tif", {"voxel_size": 1}, (100, 100, 100), 0.601691),
        ("electrode.tiff", {"voxel_size": 1}, (256, 256, 256), 0.449917),
        ("berea_sub_256.mat", {"voxel_size": 4.8, "axes": "zyx"}, (256, 256, 256), 0.211145),
    ],
)
@pytest.mark.filterwarnings("ignore:blobs_1bit.tif holds True and False")
def test_real_files_have_their_published_fractions(shared_data, name, options, shape, fraction):
    volume = read(shared_data / name, **options)
    assert volume.gray.shape == shape
    if fraction is not None:
        assert float((volume.gray == 0).mean()) == pytest.approx(fraction, abs=1e-6)
