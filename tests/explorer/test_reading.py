"""Which chunks are read for a view, how many bytes are kept, and what the histogram counts."""

import numpy as np
import pytest

import poreflux as pf
from poreflux.explorer.cache import Cache
from poreflux.explorer.counting import Counting, pieces_of
from poreflux.explorer.images import in_memory, stored
from poreflux.explorer.planes import PLANES, View, cut, level_of, picture


@pytest.fixture
def images(tmp_path, rng):
    gray = rng.integers(0, 255, (60, 70, 80), np.uint8)
    return stored(pf.save(pf.from_array(gray, kind="gray"), tmp_path / "v.zarr", chunk=16))


def view(images, point, span, pixels):
    ranges = tuple((p - span / 2, p + span / 2) for p in point)
    return View(tuple(point), ranges, pixels)


def test_a_window_reads_the_chunks_it_touches_and_no_others(images):
    whole = view(images, (30, 35, 40), 80, 40)
    part = cut(images, "gray", PLANES[0], whole)
    assert part.level == 1
    picture(images, part)
    assert images.cache.made == 3 * 3  # 35 x 40 voxels of the level in chunks of 16
    corner = view(images, (3, 5, 5), 8, 400)
    part = cut(images, "gray", PLANES[0], corner)
    assert part.level == 0
    picture(images, part)
    assert images.cache.made == 9 + 2 * 2
    picture(images, cut(images, "gray", PLANES[0], view(images, (9, 5, 5), 8, 400)))
    assert images.cache.made == 9 + 2 * 2  # another plane of the same chunks


@pytest.mark.parametrize("plane", PLANES, ids=lambda plane: plane.name)
@pytest.mark.parametrize("pixels", [20, 40, 80])
def test_a_picture_is_the_plane_of_its_level_in_its_place(images, plane, pixels):
    seen = view(images, (30.2, 35.7, 40.1), 80, pixels)
    level = level_of(images, "gray", seen)
    assert level == {20: 2, 40: 1, 80: 0}[pixels]
    shown = picture(images, cut(images, "gray", plane, seen))
    name = f"pyramid/gray/{level}" if level else "gray"
    all_of_it = pf.store.read_box(images.store, name)
    index = int(seen.point[plane.across]) >> level
    expected = np.take(all_of_it, index, plane.across)
    expected = expected.T if plane.down > plane.right else expected
    np.testing.assert_array_equal(shown["image"][0], expected)
    assert (shown["x"], shown["y"]) == ([0.0], [0.0])
    assert shown["dw"] == [expected.shape[1] * 2**level]


def test_what_is_kept_stays_under_its_bound(images):
    images.cache = Cache(most=5 * 16**3)
    for z in range(0, 60, 4):
        picture(images, cut(images, "gray", PLANES[0], view(images, (z, 35, 40), 80, 80)))
        assert images.cache.nbytes <= 5 * 16**3
        assert images.cache.nbytes == sum(a.nbytes for a in images.cache.arrays.values())


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_the_histogram_counts_every_voxel_of_the_mask_once(rng, dtype):
    gray = (rng.normal(100, 20, (40, 50, 60))).astype(dtype)
    volume = pf.from_array(gray, kind="gray")
    mask = rng.random(gray.shape) < 0.7
    counting = Counting(in_memory(volume.assign(mask=(("z", "y", "x"), mask))))
    counting.run()
    values = gray[mask]
    assert counting.counts.sum() == values.size
    cut = float(counting.scale.values[np.searchsorted(counting.scale.values, 95)])
    up_to = counting.counts[counting.scale.values <= cut].sum()
    # a float is counted in the bin whose centre is nearest
    assert up_to == np.count_nonzero(
        values <= cut + (dtype == np.float32) * counting.scale.step / 2
    )


def test_pieces_of_a_box_cover_it_once():
    seen = np.zeros((10, 9, 8), int)
    for lower, upper in pieces_of(((1, 2, 3), (10, 9, 7)), (4, 4, 4)):
        seen[tuple(map(slice, lower, upper))] += 1
    inside = np.zeros_like(seen)
    inside[1:10, 2:9, 3:7] = 1
    np.testing.assert_array_equal(seen, inside)
