"""Corrections undo what a tomograph did, do nothing else, and do not depend on the chunks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poreflux import (
    blocks,
    correct_cupping,
    correct_drift,
    correct_rings,
    from_array,
    porosity,
    region_of_interest,
    structure_factor,
)
from poreflux.phantoms import Tomograph, measure_gray, synthetic_twin, uniform
from poreflux.schema import DIMS
from poreflux.segmentation.coarse import box_means
from tests.metrics.cases import chunks_of, counting_volume, value
from tests.segmentation.test_segment import gray_volume, tomogram

CALM = {"rings": 0.0, "cupping": 0.0, "drift": 0.0}
FAULTS = {"drift": 0.15, "cupping": 0.2, "rings": 0.12}
CORRECTIONS = {"drift": correct_drift, "cupping": correct_cupping, "rings": correct_rings}


@pytest.fixture(scope="module")
def twin():
    return synthetic_twin("regular_300", (48, 96, 96)).compute()


def difference(volume, other) -> float:
    """Return the standard deviation of what two measurements differ by, in parts of contrast."""
    apart = (np.asarray(volume.gray, float) - np.asarray(other.gray, float)) / 18_000
    return float((apart - apart.mean()).std())


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_undone_to_a_third(twin, fault):
    clean = measure_gray(twin, Tomograph(**CALM))
    faulty = measure_gray(twin, Tomograph(**{**CALM, fault: FAULTS[fault]}))
    mended = CORRECTIONS[fault](faulty)
    assert difference(mended, clean) < 0.33 * difference(faulty, clean)
    assert mended.gray.dtype == faulty.gray.dtype
    assert mended.attrs["history"][-1]["operation"] == f"correct_{fault}"


@pytest.mark.parametrize("fault", FAULTS)
def test_what_has_no_fault_stays_as_it_is(twin, fault):
    clean = measure_gray(twin, Tomograph(**CALM))
    # the noise of a plane, or of a ring, is all that a correction may take for a fault
    assert difference(CORRECTIONS[fault](clean), clean) < 0.012


@pytest.mark.parametrize("fault", ["cupping", "rings"])
def test_the_negative_of_an_image_is_corrected_alike(twin, fault):
    faulty = measure_gray(twin, Tomograph(**{**CALM, fault: FAULTS[fault]}), dtype="float32")
    negative = faulty.assign(gray=(DIMS, 50_000 - faulty.gray.values))
    mended, other = CORRECTIONS[fault](faulty), CORRECTIONS[fault](negative, pore="bright")
    apart = 50_000 - np.asarray(other.gray) - np.asarray(mended.gray)
    assert np.abs(apart).max() < 0.005 * 18_000


def test_an_offset_that_drifts_is_an_offset():
    rng = np.random.default_rng(3)
    gray = 1000 + 20 * rng.standard_normal((40, 24, 24)) + np.linspace(-90, 90, 40)[:, None, None]
    gray[:, :4, :4] -= 300
    mended = np.asarray(correct_drift(gray_volume(gray), how="offset").gray)
    planes = mended[:, 4:, 4:].mean(axis=(1, 2))
    assert planes.std() < 5
    assert abs(planes.mean() - 1000) < 10
    np.testing.assert_allclose(mended[:, :4, :4].mean(), 700, atol=15)


def test_planes_of_air_keep_the_gain_of_their_neighbours():
    sample = uniform((40, 24, 24)).phase.values.copy()
    sample[30:] = 0
    gray = measure_gray(from_array(sample), Tomograph(**{**CALM, "drift": 0.1}), dtype="float32")
    mended = np.asarray(correct_drift(gray).gray)
    before = gray.gray.values
    np.testing.assert_allclose(mended[31:] / before[31:], mended[29, 0, 0] / before[29, 0, 0], 5e-3)


@pytest.mark.parametrize("correction", [*CORRECTIONS.values(), region_of_interest])
def test_eight_bits_are_kept_whole(correction):
    y, x = np.indices((40, 40)) - 19.5
    array = tomogram((8, 40, 40), np.uint8) // 2 + 20
    array[:, np.hypot(y, x) > 17] = 0
    changed = correction(gray_volume(array, 16))
    low, high = np.asarray(changed.gray).min(), np.asarray(changed.gray).max()
    assert changed.gray.dtype in (np.uint8, np.int16)
    assert low > -60
    assert high > array.max() - 60


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
@pytest.mark.parametrize("name", ["drift", "cupping", "rings", "region"])
@given(data=st.data())
@settings(deadline=None, max_examples=4)
def test_no_correction_depends_on_the_chunks(name, dtype, data):
    chunks = data.draw(chunks_of(WHOLE.gray.shape))
    array = WHOLE.gray.values.astype(dtype)
    correct = {**CORRECTIONS, "region": region_of_interest}[name]
    whole, pieces = correct(gray_volume(array)), correct(gray_volume(array, chunks))
    assert pieces.attrs["history"] == whole.attrs["history"]
    for variable in whole.data_vars:
        np.testing.assert_array_equal(np.asarray(pieces[variable]), np.asarray(whole[variable]))


def _rod(shape=(20, 44, 40), centre=(21.0, 19.0), lean=(0.1, -0.1), radius=15.0) -> np.ndarray:
    z, y, x = np.indices(shape) + 0.5
    away = np.hypot(y - centre[0] - lean[0] * z, x - centre[1] - lean[1] * z)
    return away < radius


WHOLE = measure_gray(from_array(_rod()), Tomograph(drift=0.1, tilt=(0.0, 0.0)))


@pytest.mark.parametrize("correction", CORRECTIONS.values())
def test_only_the_mask_is_measured(twin, correction):
    faulty = measure_gray(twin, Tomograph(**FAULTS))
    mask = np.ones(faulty.gray.shape, bool)
    mask[:, :, 80:] = False
    spoiled = faulty.assign(gray=(DIMS, np.where(mask, faulty.gray, 65_000).astype(np.uint16)))
    spoiled["mask"] = faulty["mask"] = (DIMS, mask)
    inside = np.asarray(correction(faulty).gray)[mask]
    np.testing.assert_array_equal(np.asarray(correction(spoiled).gray)[mask], inside)


@pytest.mark.parametrize(
    "correction, reads",
    [(correct_drift, 2), (correct_cupping, 2), (correct_rings, 2), (region_of_interest, 1)],
)
def test_passes_are_as_many_as_said(correction, reads):
    source, volume = counting_volume(WHOLE.gray.values, (7, 16, 11), kind="gray")
    corrected = correction(volume)
    np.testing.assert_array_equal(source.reads, reads)
    blocks.compute(corrected[["gray"]])
    np.testing.assert_array_equal(source.reads, reads + 1)


@pytest.mark.parametrize("correction", CORRECTIONS.values())
def test_the_same_correction_has_the_same_name_in_another_process(correction):
    """A stopped segmentation goes on only where names agree; addresses in memory do not."""
    volume = gray_volume(WHOLE.gray.values, 16)
    first, again = (correction(volume).gray.data.name for _ in range(2))
    assert first == again
    assert "0x" not in first


def test_a_cylinder_that_leans_is_found():
    mask = np.asarray(region_of_interest(WHOLE, erosion=0)["mask"])
    both, any_of_them = (mask & _rod()).sum(), (mask | _rod()).sum()
    assert both > 0.95 * any_of_them


@pytest.mark.parametrize("name", ["regular_100", "fine_500"])
def test_a_porous_cylinder_in_air_is_found_to_a_voxel(name):
    shape, radius = (24, 128, 128), 50.0
    twin = synthetic_twin(name, shape, voxel_size=1.0).compute()
    rod = _rod(shape, (66.0, 62.0), (0.0, 0.0), radius)
    sample = twin.assign(phase=(DIMS, twin.phase.values * rod.astype(np.uint8), twin.phase.attrs))
    found = region_of_interest(measure_gray(sample, Tomograph()), erosion=4)
    entry = found.attrs["history"][-1]
    assert entry["radius"] == pytest.approx(radius - 4, abs=1.5)
    assert entry["centre"] == pytest.approx([66.0, 62.0], abs=1.0)
    assert not (np.asarray(found["mask"]) & ~rod).any()


def test_a_given_cylinder_and_a_given_mask_are_taken():
    volume = from_array(np.zeros((4, 30, 40), np.uint8), kind="gray", voxel_size=(1.0, 2.0, 0.5))
    rod = region_of_interest(volume, cylinder=(30.0, 10.0, 8.0))
    assert float(rod["mask"].mean()) == pytest.approx(np.pi * 64 / (60 * 20), rel=0.03)
    given = np.zeros((4, 30, 40), np.uint8)
    given[:, 5:15] = 255
    both = region_of_interest(rod, mask=given)
    np.testing.assert_array_equal(np.asarray(both["mask"]), np.asarray(rod["mask"]) & (given > 0))


def test_metrics_count_the_mask_only():
    volume = from_array(_rod())
    volume["gray"] = WHOLE.gray
    masked = region_of_interest(volume, cylinder=(21.0, 19.0, 10.0))
    assert float(value(porosity(masked))["porosity"]) == 0
    assert np.isnan(value(structure_factor(masked))["structure_factor"][0, 0])


@pytest.mark.parametrize(
    "function, options, says",
    [
        (region_of_interest, {"cylinder": (1, 2)}, "not .y, x, radius."),
        (region_of_interest, {"mask": np.ones((2, 2, 2))}, "the mask has shape"),
        (region_of_interest, {"mask": np.ones((2, 2, 2)), "cylinder": (1, 2, 3)}, "not both"),
        (region_of_interest, {"cylinder": (10, 10, -2)}, "radius of -2"),
        (region_of_interest, {"erosion": 40}, "make it larger"),
        (correct_drift, {"how": "both"}, "'gain' or 'offset'"),
        (correct_cupping, {"order": 0}, "1 to 8"),
        (correct_cupping, {"centre": (3,)}, "not a place"),
        (correct_cupping, {"centre": (999, 999)}, "another centre"),
        (correct_rings, {"width": 2}, "3 or more"),
        (correct_rings, {"pore": "gray"}, "'dark' or 'bright'"),
    ],
)
def test_misuse_is_refused(function, options, says):
    with pytest.raises(ValueError, match=says):
        function(WHOLE, **options)


def test_a_sample_that_fills_the_field_has_no_cylinder(twin):
    with pytest.raises(ValueError, match="fills the field"):
        region_of_interest(measure_gray(twin))


def test_grey_values_that_are_all_the_same_are_not_corrected():
    with pytest.raises(ValueError, match="nothing to correct"):
        correct_drift(gray_volume(np.full((3, 3, 3), 5, np.uint8)))


@given(data=st.data())
@settings(deadline=None, max_examples=10)
def test_means_of_boxes_are_those_of_the_whole_array(data):
    shape = data.draw(st.tuples(*[st.integers(1, 13)] * 3))
    factors = data.draw(st.tuples(*[st.integers(1, 5)] * 3))
    array = np.random.default_rng(1).integers(0, 9999, shape)
    volume = gray_volume(array, data.draw(chunks_of(shape)))
    means = box_means({"gray": volume.gray.data}, factors)
    for index in np.ndindex(means.shape):
        box = tuple(slice(i * f, (i + 1) * f) for i, f in zip(index, factors))
        assert means[index] == pytest.approx(array[box].mean(), rel=1e-12)
