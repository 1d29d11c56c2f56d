"""The names of axes decide: what comes back is the volume that was meant, or a refusal."""

import itertools

import h5py
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poreflux.errors import ChooseOne, UnreadableImage
from poreflux.readers import read
from tests.readers.named import ANY_ORDER, PAGES, imagej, ome_tiff

QUICK = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SIZES = {"z": 5, "y": 6, "x": 7}
spacings = st.tuples(*[st.sampled_from((0.25, 0.5, 2.0, 8.0))] * 3).map(
    lambda lengths: dict(zip("zyx", lengths))
)


def volume_and_array(names, extra):
    """Return a volume (z, y, x), and an array with these axes that holds it at 1 of c and t."""
    volume = np.random.default_rng(3).integers(0, 200, tuple(SIZES.values())).astype(np.uint8)
    sizes = {**SIZES, **extra}
    array = 255 - np.broadcast_to(
        volume.transpose(["zyx".index(n) for n in names if n in "zyx"]).reshape(
            [sizes[n] if n in "zyx" else 1 for n in names]
        ),
        [sizes[n] for n in names],
    )
    at = tuple(slice(None) if n in "zyx" else min(1, extra[n] - 1) for n in names)
    array[at] = 255 - array[at]
    return volume, array


def check(path, volume, names, extra, spacing):
    """The file gives the volume with its spacings; where there are several, none but on request."""
    choices = {{"c": "channel", "t": "time"}[n]: min(1, k - 1) for n, k in extra.items()}
    if any(count > 1 for count in extra.values()):
        with pytest.raises(ChooseOne) as refused:
            read(path)
        for n, count in extra.items():
            assert count == 1 or f"{n} {count}" in str(refused.value)
        found = read(path, **choices)
    else:
        found = read(path)
    np.testing.assert_array_equal(found.gray.values, volume)
    assert found.attrs["voxel_size"] == pytest.approx([spacing[n] for n in "zyx"])


@pytest.mark.parametrize("name", ANY_ORDER)
@given(data=st.data(), spacing=spacings)
@QUICK
def test_axes_in_any_order_come_back_as_z_y_x(tmp_path_factory, name, data, spacing):
    extra = data.draw(st.dictionaries(st.sampled_from("ct"), st.integers(1, 3), max_size=2))
    names = "".join(data.draw(st.permutations("zyx" + "".join(extra))))
    volume, array = volume_and_array(names, extra)
    path = ANY_ORDER[name](tmp_path_factory.mktemp("axes"), array, names, spacing)
    check(path, volume, names, extra, spacing)


ORDERS = [order for n in (1, 2, 3) for order in itertools.permutations("zct", n) if "z" in order]


@pytest.mark.parametrize("outer", ORDERS, ids="".join)
@given(spacing=spacings, counts=st.tuples(st.integers(1, 3), st.integers(1, 3)))
@QUICK
def test_pages_of_ome_in_any_order_come_back_as_z_y_x(tmp_path_factory, outer, spacing, counts):
    extra = {n: count for n, count in zip("ct", counts) if n in outer}
    names = "".join(outer) + "yx"
    volume, array = volume_and_array(names, extra)
    path = ome_tiff(tmp_path_factory.mktemp("axes"), array, names, spacing)
    check(path, volume, names, extra, spacing)


@pytest.mark.parametrize("outer", ["z", "zc", "tz", "tzc"])
def test_hyperstacks_of_imagej_ask_for_channel_and_time(tmp_path, outer):
    extra = {n: 3 for n in outer if n != "z"}
    volume, array = volume_and_array(outer + "yx", extra)
    spacing = {"z": 2.0, "y": 0.5, "x": 0.25}
    check(imagej(tmp_path, array, outer + "yx", spacing), volume, outer + "yx", extra, spacing)


@pytest.mark.parametrize("name", PAGES)
def test_many_channels_in_the_place_of_slices_are_said(tmp_path, name):
    """As programs write a stack where nobody names its axes."""
    volume, _ = volume_and_array("zyx", {})
    path = PAGES[name](tmp_path, volume, "cyx", {"z": 1.0, "y": 1.0, "x": 1.0})
    with pytest.warns(UserWarning, match="5 channels are taken as slices"):
        found = read(path, voxel_size=1)
    np.testing.assert_array_equal(found.gray.values, volume)
    np.testing.assert_array_equal(read(path, voxel_size=1, axes="zyx").gray.values, volume)
    few = PAGES[name](tmp_path, volume[:3], "cyx", {"z": 1.0, "y": 1.0, "x": 1.0})
    with pytest.raises(ChooseOne, match="axes='zyx'"):
        read(few, voxel_size=1)


def test_axes_without_names_are_asked_for(tmp_path):
    volume, array = volume_and_array("zcyx", {"c": 2})
    np.save(tmp_path / "four.npy", array)
    with pytest.raises(ChooseOne, match=r"\? 5, \? 2, \? 6, \? 7.*axes="):
        read(tmp_path / "four.npy", voxel_size=1)
    found = read(tmp_path / "four.npy", voxel_size=1, axes="zcyx", channel=1)
    np.testing.assert_array_equal(found.gray.values, volume)


@pytest.mark.parametrize("suffix", ["npy", "npz", "mat", "raw"])
@pytest.mark.parametrize("fortran", [False, True])
def test_axes_that_are_given_choose_in_files_without_names(tmp_path, suffix, fortran):
    import scipy.io

    volume, array = volume_and_array("yctxz", {"c": 3, "t": 2})
    array = np.asarray(array, order="F" if fortran else "C")
    path, options = tmp_path / f"scan.{suffix}", {}
    if suffix == "npy":
        np.save(path, array)
    elif suffix == "npz":
        np.savez_compressed(path, a=array)
    elif suffix == "mat":
        scipy.io.savemat(path, {"a": array}, do_compression=fortran)
    else:
        path.write_bytes(array.tobytes("C"))
        options = {"shape": array.shape, "dtype": "u1"}
    found = read(path, voxel_size=1, axes="yctxz", channel=1, time=1, **options)
    np.testing.assert_array_equal(found.gray.values, volume)


def test_several_series_of_ome_are_named_and_chosen(tmp_path):
    path = tmp_path / "two.ome.tif"
    first, second = np.zeros((5, 8, 9), "u1"), np.ones((4, 6, 7), "u2")
    with tifffile.TiffWriter(path, ome=True) as file:
        file.write(first, metadata={"axes": "ZYX", "Name": "raw"})
        file.write(second, metadata={"axes": "ZYX", "Name": "labels"})
    with pytest.raises(ChooseOne, match=r"raw ZYX 5x8x9, labels ZYX 4x6x7.*dataset="):
        read(path, voxel_size=1)
    np.testing.assert_array_equal(read(path, voxel_size=1, dataset="labels").gray, second)
    np.testing.assert_array_equal(read(path, voxel_size=1, dataset="0").gray, first)


def test_pages_of_a_stack_that_are_missing_are_noticed(tmp_path):
    """A file whose description announces more pages than there are."""
    stack = np.zeros((9, 8, 7), np.uint8)
    whole = tmp_path / "whole.tif"
    for options in ({"imagej": True, "metadata": {"axes": "ZYX"}}, {"metadata": {"axes": "ZYX"}}):
        tifffile.imwrite(whole, stack, **options)
        with tifffile.TiffFile(whole) as file:
            said = file.pages.first.description
        short = tmp_path / "short.tif"
        with tifffile.TiffWriter(short) as file:
            for number, plane in enumerate(stack[:6]):
                text = said if number == 0 else None
                file.write(plane, description=text, metadata=None, contiguous=False)
        with pytest.raises(UnreadableImage, match="has 6 pages, its metadata announce 9"):
            read(short, voxel_size=1)


def test_a_page_of_many_planes_is_read_in_depth(tmp_path):
    volume, _ = volume_and_array("zyx", {})
    for compression in (None, "zlib"):
        path = tmp_path / "deep.tif"
        tifffile.imwrite(path, volume, volumetric=True, tile=(16, 16, 16), compression=compression)
        np.testing.assert_array_equal(read(path, voxel_size=1).gray.values, volume)


def test_values_whose_lowest_is_white_are_turned_over_and_labels_are_not(tmp_path):
    volume, _ = volume_and_array("zyx", {})
    path = tmp_path / "white.tif"
    tifffile.imwrite(path, 255 - volume, photometric="miniswhite", metadata=None)
    with pytest.warns(UserWarning, match="WhiteIsZero: grey values are turned over"):
        np.testing.assert_array_equal(read(path, voxel_size=1).gray.values, volume)
    tifffile.imwrite(path, volume % 2, photometric="miniswhite", metadata=None)
    phases = {0: "pore", 1: "electrolyte"}
    with pytest.warns(UserWarning, match="kept as stored"):
        labels = read(path, voxel_size=1, kind="phase", phases=phases)
    np.testing.assert_array_equal(labels.phase.values, volume % 2)


def test_values_of_a_virtual_dataset_whose_file_is_missing_are_refused(tmp_path):
    layout = h5py.VirtualLayout((4, 5, 6), "u1")
    layout[:] = h5py.VirtualSource("elsewhere.h5", "data", (4, 5, 6))
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        file.create_virtual_dataset("data", layout)
    with pytest.raises(UnreadableImage, match=r"elsewhere\.h5, which is missing"):
        read(tmp_path / "virtual.h5", voxel_size=1)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u2", "i4"])
def test_raw_numbers_in_the_wrong_byte_order_are_doubted(tmp_path, order, dtype):
    z, y, x = np.indices((6, 30, 40))
    smooth = (3000 + 900 * np.sin(x / 6) * np.cos(y / 7) + 50 * z).astype(order + dtype)
    path = tmp_path / "scan.raw"
    path.write_bytes(smooth.tobytes())
    given = {"shape": smooth.shape, "voxel_size": 1}
    right = read(path, dtype=order + dtype, **given)
    assert right.encoding["description"].notes == ()
    wrong = "<>"[order == "<"] + dtype
    with pytest.warns(UserWarning, match=f"byte order dtype='{order}{dtype}'"):
        read(path, dtype=wrong, **given)


def test_raw_rows_that_do_not_fit_are_doubted(tmp_path):
    z, y, x = np.indices((6, 30, 40))
    smooth = (3000 + 900 * np.sin(x / 4) * np.cos(y / 9) + 50 * z).astype("<u2")
    path = tmp_path / "scan.raw"
    path.write_bytes(smooth.tobytes())
    with pytest.warns(UserWarning, match="in the order z, y, x"):
        read(path, shape=(6, 48, 25), dtype="<u2", voxel_size=1)
