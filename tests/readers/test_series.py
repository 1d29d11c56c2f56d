"""A folder is a series of pages: what is missing, double or of another kind is said or refused."""

from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poreflux.errors import ChooseOne, UnreadableImage
from poreflux.readers import read
from poreflux.readers.series import find_series

STACK = np.arange(20 * 4 * 5).reshape(20, 4, 5).astype(np.uint8)
PATTERNS = (
    "rec_%04d.tif",
    "rec_%d.tif",
    "rec_%04d_16bit.tif",
    "z%03d_ch00.tif",
    "stack%04d.labels8.tif",
    "2024-05-07_sample3_%03d_recon.tif",
    "%05d.tif",
    "Scan 12 (%d of 20).tif",
    "a%03db2c.TIFF",
)


def write(folder, pattern, numbers, first=0):
    for number in numbers:
        tifffile.imwrite(folder / (pattern % (first + number)), STACK[number])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"rowsperstrip": 3},
        {"extratags": [(266, "H", 1, 2, True)]},  # bits of each byte the other way round
        {"tile": (16, 16)},
        {"compression": "zlib", "predictor": True},
    ],
    ids=["plain", "strips", "bits", "tiles", "packed"],
)
@pytest.mark.parametrize("order", "<>")
def test_pages_come_in_as_another_program_reads_them(tmp_path, rng, order, options):
    pages = rng.integers(0, 60_000, (3, 20, 33)).astype(np.uint16)
    for number, page in enumerate(pages):
        tifffile.imwrite(tmp_path / f"{number}.tif", page, byteorder=order, **options)
    expected = [tifffile.imread(tmp_path / f"{number}.tif") for number in range(3)]
    gray = read(tmp_path, voxel_size=1).gray.data
    np.testing.assert_array_equal(gray, expected)
    np.testing.assert_array_equal(gray[1:, 4:9], np.array(expected)[1:, 4:9])
    np.testing.assert_array_equal(gray[:, 4:9, 7:8], np.array(expected)[:, 4:9, 7:8])


def test_a_page_that_shrinks_after_it_was_read_is_an_error(tmp_path):
    write(tmp_path, "%d.tif", range(3))
    gray = read(tmp_path, voxel_size=1).gray.data
    page = tmp_path / "1.tif"
    page.write_bytes(page.read_bytes()[:-1])
    with pytest.raises(UnreadableImage, match="cut short"):
        gray.compute()


@given(
    pattern=st.sampled_from(PATTERNS),
    lost=st.sets(st.integers(1, 18), max_size=4),
    first=st.sampled_from((0, 1, 95, 998)),
)
@settings(max_examples=40, deadline=None)
def test_the_number_that_counts_is_found_and_gaps_are_said(tmp_path_factory, pattern, lost, first):
    folder = tmp_path_factory.mktemp("pages")
    kept = [number for number in range(20) if number not in lost]
    write(folder, pattern, kept, first)
    series, notes = find_series(folder)
    assert [path.name for path in series.files] == [pattern % (first + n) for n in kept]
    assert bool(notes) == bool(lost)
    for number in lost:
        if {number - 1, number + 1} <= set(kept):
            assert f"is {first + number} missing" in " ".join(notes)


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_two_series_are_refused_and_each_can_be_chosen(tmp_path_factory, data):
    one, two = data.draw(
        st.sampled_from(
            [
                ("first_%03d.tif", "second_%03d.tif"),
                ("z%03d_ch00.tif", "z%03d_ch01.tif"),
                ("a1_%03d.tif", "a2_%03d.tif"),
                ("s%03d.tif", "s%03d_mask.tif"),
            ]
        )
    )
    folder = tmp_path_factory.mktemp("pages")
    write(folder, one, range(20))
    write(folder, two, range(data.draw(st.integers(2, 20))))
    with pytest.raises(ChooseOne) as refused:
        read(folder, voxel_size=1)
    for pattern in (one, two):
        wanted = pattern.replace("%03d", "#")
        assert wanted in str(refused.value)
    found = read(folder, voxel_size=1, series=one.replace("%03d", "#"))
    np.testing.assert_array_equal(found.gray.values, STACK)


@pytest.mark.parametrize(
    "copy",
    ["slice007 (1).tif", "slice007 - Copy.tif", "slice007 - Copy (2).tif", "slice007 copy.tif",
     "slice007 - Kopie.tif", "Copy of slice007.tif"],
)  # fmt: skip
def test_a_copy_of_a_page_is_refused_by_name(tmp_path, copy):
    write(tmp_path, "slice%03d.tif", range(20))
    tifffile.imwrite(tmp_path / copy, STACK[7])
    with pytest.raises(ChooseOne) as refused:
        read(tmp_path, voxel_size=1)
    assert copy in str(refused.value)
    found = read(tmp_path, voxel_size=1, series="slice#.tif")
    np.testing.assert_array_equal(found.gray.values, STACK)


def test_a_number_that_is_there_twice_is_refused(tmp_path):
    write(tmp_path, "slice%03d.tif", range(20))
    tifffile.imwrite(tmp_path / "slice7.tif", STACK[7])
    with pytest.raises(ChooseOne, match="page 7 twice"):
        read(tmp_path, voxel_size=1)


def test_time_stamps_beside_the_counter_do_not_part_a_series(tmp_path):
    for number in range(20):
        name = f"img_{number:04d}_{101500 + 37 * number}.tif"
        tifffile.imwrite(tmp_path / name, STACK[number])
    with pytest.warns(UserWarning, match="several numbers vary"):
        found = read(tmp_path, voxel_size=1)
    np.testing.assert_array_equal(found.gray.values, STACK)


def test_a_picture_beside_the_pages_is_passed_over_and_said(tmp_path):
    write(tmp_path, "slice%03d.tif", range(20))
    imageio.imwrite(tmp_path / "overview.png", STACK[0])
    with pytest.warns(UserWarning, match=r"passed over: overview\.png"):
        found = read(tmp_path, voxel_size=1)
    assert found.gray.shape == STACK.shape


@pytest.mark.parametrize(
    "options, says",
    [
        ({"data": STACK[5].astype("f4")}, "differ in type"),
        ({"data": STACK[5].astype("i1")}, "differ in type"),
        ({"data": STACK[5, :3]}, "differ in size"),
        ({"data": STACK[5], "photometric": "miniswhite"}, "differ in photometric.*WhiteIsZero"),
    ],
)
def test_pages_that_differ_are_refused_and_the_difference_is_named(tmp_path, options, says):
    write(tmp_path, "s%02d.tif", [n for n in range(20) if n != 5])
    tifffile.imwrite(tmp_path / "s05.tif", **options)
    with pytest.raises(UnreadableImage, match=rf"{says}") as refused:
        read(tmp_path, voxel_size=1)
    assert "s05.tif" in str(refused.value)


@pytest.mark.parametrize("suffix, dtype", [("png", "u1"), ("png", "u2"), ("bmp", "u1")])
def test_pictures_without_loss_come_back_as_they_were(tmp_path, suffix, dtype):
    stack = STACK.astype(dtype) * (200 if dtype == "u2" else 1)
    for number, page in enumerate(stack):
        imageio.imwrite(tmp_path / f"p{number}.{suffix}", page)
    found = read(tmp_path, voxel_size=1)
    assert found.gray.dtype == dtype
    np.testing.assert_array_equal(found.gray.values, stack)


def test_grey_pictures_that_are_saved_in_colour_are_grey(tmp_path):
    for number, page in enumerate(STACK):
        imageio.imwrite(tmp_path / f"p{number}.png", np.repeat(page[..., None], 3, axis=2))
    np.testing.assert_array_equal(read(tmp_path, voxel_size=1).gray.values, STACK)
    colour = np.zeros((4, 5, 3), np.uint8)
    colour[..., 1] = 9
    for number in range(20):
        imageio.imwrite(tmp_path / f"p{number}.png", colour)
    with pytest.raises(UnreadableImage, match="in colour"):
        read(tmp_path, voxel_size=1)


def test_jpeg_pages_are_read_with_a_warning(tmp_path):
    smooth = np.broadcast_to(np.arange(64, dtype=np.uint8) * 3, (5, 64, 64))
    for number, page in enumerate(smooth):
        imageio.imwrite(tmp_path / f"p{number}.jpg", page, quality=95)
    with pytest.warns(UserWarning, match="compressed with loss"):
        found = read(tmp_path, voxel_size=1)
    assert abs(found.gray.values.astype(int) - smooth).max() < 9


def test_pictures_that_differ_are_refused(tmp_path):
    for number, page in enumerate(STACK):
        imageio.imwrite(tmp_path / f"p{number}.png", page if number != 4 else page[:3])
    with pytest.raises(UnreadableImage, match=r"differ in size.*p4\.png"):
        read(tmp_path, voxel_size=1)


def test_one_picture_is_no_volume(tmp_path):
    path = Path(tmp_path / "one.png")
    imageio.imwrite(path, STACK[0])
    with pytest.raises(UnreadableImage, match="one image of shape 4x5"):
        read(path, voxel_size=1)
