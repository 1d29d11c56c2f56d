"""End faces are found at their angle; cut off or set upright, they spoil no porosity."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poreflux import blocks, correct_tilt, porosity_profile, region_of_interest, segment
from poreflux.blocks import map_with_ghosts_at
from poreflux.phantoms import Tomograph, fine_300, measure_gray, synthetic_twin, uniform
from poreflux.phantoms.presets import TWINS
from poreflux.schema import DIMS
from tests.metrics.cases import chunks_of, counting_volume, value
from tests.segmentation.test_segment import gray_volume

CALM = {"rings": 0.0, "cupping": 0.0, "drift": 0.0}
TILT = (4.0, -3.0)


def tilted(name="fine_300", tilt=TILT, shape=(64, 72, 64), **but):
    return measure_gray(synthetic_twin(name, shape).compute(), Tomograph(**CALM, tilt=tilt, **but))


def said(volume) -> dict:
    return volume.attrs["history"][-1]


def highest_porosity(volume) -> float:
    """Return the porosity of the most porous plane."""
    profile = porosity_profile(segment(volume, denoise="median"))
    return float(value(profile)["porosity_profile"].max())


@pytest.mark.parametrize("name", TWINS)
def test_the_ramp_at_the_end_face_disappears(name):
    gray = tilted(name)
    level = highest_porosity(measure_gray(gray.drop_vars("gray"), Tomograph(**CALM)))
    assert highest_porosity(gray) > 0.9
    for how in ("mask", "shear"):
        # but for what a plane of 72 x 64 voxels may have by chance
        assert highest_porosity(correct_tilt(gray, how=how)) < level + 0.06


@pytest.mark.parametrize("tilt", [(5.0, 0.0), (-2.0, 6.0), (1.5, 1.5)])
@pytest.mark.parametrize("name", ["regular_100", "fine_500"])
def test_the_plane_is_the_one_it_was_cut_by(name, tilt):
    gray = tilted(name, tilt)
    found = said(correct_tilt(gray))["last"]
    a, b, c = gray.attrs["truth"]["top_plane"]
    y, x = gray["y"].values[:, None], gray["x"].values
    apart = (found["plane"][0] - a) + (found["plane"][1] - b) * y + (found["plane"][2] - c) * x
    assert np.sqrt(np.mean(apart**2)) < 0.4  # of voxels of 0.92 µm
    true = np.degrees(np.arctan(np.hypot(*np.tan(np.radians(tilt)))))
    assert found["angle"] == pytest.approx(true, abs=0.35)


@pytest.mark.parametrize("name", TWINS)
def test_pores_at_the_last_face_are_no_tilt(name):
    volume = correct_tilt(tilted(name, (0.0, 0.0)))
    assert not {"first", "last"} & set(said(volume))
    assert np.asarray(volume["mask"]).all()


def test_the_first_face_is_found_as_the_last_one_is():
    gray = tilted()
    turned = gray_volume(gray.gray.values[::-1].copy()).assign_attrs(voxel_size=[0.92] * 3)
    turned = turned.assign_coords({dim: gray[dim] for dim in DIMS})
    last, first = said(correct_tilt(gray))["last"], said(correct_tilt(turned))["first"]
    height = gray.sizes["z"] * 0.92
    assert first["plane"] == pytest.approx(
        [height - last["plane"][0], -last["plane"][1], -last["plane"][2]], abs=1e-6
    )
    masks = (np.asarray(correct_tilt(each)["mask"]) for each in (gray, turned))
    np.testing.assert_array_equal(next(masks), next(masks)[::-1])


def test_a_sheared_sample_ends_at_one_plane():
    solid = measure_gray(uniform((60, 48, 40)), Tomograph(**CALM, tilt=TILT))
    gray = np.asarray(correct_tilt(solid, how="shear")["gray"])
    ends = (gray > 21_000).sum(axis=0)
    inside = ends < 60  # elsewhere the end is outside now
    assert np.ptp(ends[inside]) <= 4  # a voxel of rounding, and the noise
    assert inside.mean() > 0.4
    assert np.ptp((solid.gray.values > 21_000).sum(axis=0)) >= 6


def test_voxels_that_came_from_outside_are_masked():
    """A slanted tail of another grey value at the far end must not be seen inside the mask."""
    gray = tilted(tilt=(6.0, 0.0))
    both = correct_tilt(gray, how="shear", erosion=0.0)
    low, high = (round(v / 0.92) for v in said(both)["valid_range"])
    marked = gray.assign(gray=(DIMS, gray.gray.values.copy()))
    marked.gray[:1] = 65_000  # what `nearest` repeats outside
    repeated = np.asarray(correct_tilt(marked, how="shear", erosion=0.0)["gray"]) == 65_000
    inside = np.asarray(both["mask"])
    assert low > 0
    assert inside.any(axis=(1, 2)).sum() == high - low
    # the marked plane itself may come in, in the columns that moved farthest up, once
    assert (repeated & inside).sum(axis=0).max() <= 1


@pytest.mark.parametrize("how", ["mask", "shear"])
@pytest.mark.parametrize("dtype", ["uint16", "float32"])
@given(data=st.data())
@settings(deadline=None, max_examples=4)
def test_no_face_depends_on_the_chunks(how, dtype, data):
    array = WHOLE.gray.values.astype(dtype)
    chunks = data.draw(chunks_of(array.shape))
    whole = correct_tilt(gray_volume(array), how=how)
    pieces = correct_tilt(gray_volume(array, chunks), how=how)
    assert said(pieces) == said(whole)
    for variable in ("gray", "mask"):
        np.testing.assert_array_equal(np.asarray(pieces[variable]), np.asarray(whole[variable]))


WHOLE = tilted(shape=(36, 34, 32))


def test_a_tilted_cylinder_is_found_and_cut_off():
    shape = (60, 90, 90)
    twin = synthetic_twin("fine_300", shape, voxel_size=1.0).compute()
    z, y, x = np.indices(shape) + 0.5
    rod = np.hypot(y - 45, x - 45) < 36
    rod &= (z < 52 - 0.06 * (y - 45)) & (z > 8 - 0.06 * (y - 45))
    sample = twin.assign(phase=(DIMS, twin.phase.values * rod.astype(np.uint8), twin.phase.attrs))
    gray = measure_gray(sample, Tomograph(**CALM))
    upright = correct_tilt(region_of_interest(gray, erosion=3))
    for name, height in (("first", 8), ("last", 52)):
        a, b, c = said(upright)[name]["plane"]
        assert (b, c) == (pytest.approx(-0.06, abs=0.01), pytest.approx(0, abs=0.01))
        assert a + 45 * (b + c) == pytest.approx(height, abs=0.7)
    assert not (np.asarray(upright["mask"]) & ~rod).any()
    assert np.asarray(upright["mask"]).sum() > 0.5 * rod.sum()


def test_passes_are_as_many_as_said():
    source, volume = counting_volume(WHOLE.gray.values, (7, 16, 11), kind="gray")
    upright = correct_tilt(volume)
    np.testing.assert_array_equal(source.reads, 2)
    blocks.compute(upright[["gray"]])
    np.testing.assert_array_equal(source.reads, 3)


def test_misuse_is_refused():
    with pytest.raises(ValueError, match="'mask' or 'shear'"):
        correct_tilt(WHOLE, how="rotate")
    with pytest.raises(ValueError, match="no plane across z"):
        correct_tilt(WHOLE, erosion=90)


@given(data=st.data())
@settings(deadline=None, max_examples=10)
def test_blocks_with_ghosts_are_told_where_they_lie(data):
    shape = data.draw(st.tuples(*[st.integers(3, 9)] * 3))
    depth = data.draw(st.tuples(*[st.integers(0, 2)] * 3))
    array = np.arange(np.prod(shape)).reshape(shape)

    def checked(start, block):
        """Return where the values of a block are what the start of the block says they are."""
        places = [np.clip(np.arange(n) + a, 0, m - 1) for a, n, m in zip(start, block.shape, shape)]
        return block == array[np.ix_(*places)]

    volume = gray_volume(array, data.draw(chunks_of(shape)))
    right = map_with_ghosts_at(checked, volume.gray.data, depth, boundary="nearest", dtype=bool)
    assert np.asarray(right).all()


@pytest.mark.parametrize("how", ["mask", "shear"])
def test_nan_around_the_sample_and_beyond_its_face_is_as_a_mask(how):
    """Columns of NaN are no columns; NaN beyond the face is air."""
    tilted = Tomograph(rings=0, cupping=0, drift=0, tilt=(4, 0))
    scan = measure_gray(fine_300(64), tilted)
    gray = scan.gray.values.astype(np.float32)
    edge = np.arange(64) - 31.5
    outside = np.hypot(edge[:, None], edge) > 30
    inside = np.broadcast_to(~outside, gray.shape).copy()
    masked = scan.assign(gray=(scan.gray.dims, gray), mask=(scan.gray.dims, inside))
    wanted = correct_tilt(masked, how=how).attrs["history"][-1]
    gray[:, outside] = np.nan
    found = correct_tilt(scan.assign(gray=(scan.gray.dims, gray)), how=how).attrs["history"][-1]
    assert found["last"] == wanted["last"]
    assert found["valid_range"] == wanted["valid_range"]
    a, b, c = wanted["last"]["plane"]
    z, y, x = (scan[dim].values for dim in "zyx")
    gray[z[:, None, None] > a + b * y[:, None] + c * x] = np.nan
    beyond = correct_tilt(scan.assign(gray=(scan.gray.dims, gray)), how=how).attrs["history"][-1]
    assert beyond["last"]["angle"] == pytest.approx(wanted["last"]["angle"], abs=0.3)
    assert "first" not in found | beyond
