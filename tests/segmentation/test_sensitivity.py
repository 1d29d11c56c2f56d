"""The band of porosities holds the truth, and each number in it is what a threshold gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poreflux import (
    collect,
    from_array,
    porosity,
    segment,
    segmentation_sensitivity,
    solid_fraction,
    tortuosity_band,
    tortuosity_bracket,
    tortuosity_factor,
)
from poreflux.phantoms import Tomograph, measure_gray, synthetic_twin
from poreflux.phantoms.presets import TWINS
from poreflux.schema import DIMS
from tests.metrics.cases import chunks_of, counting_volume, value
from tests.segmentation.test_segment import gray_volume, labels_of, record, tomogram

CALM = {"rings": 0.0, "cupping": 0.0, "drift": 0.0}
METHODS = ("otsu", "li", "minimum-error", "midpoint", "balance")


@pytest.mark.parametrize("ratio", [4.0, 8.0])
@pytest.mark.parametrize("name", TWINS)
def test_the_truth_is_in_the_band_of_every_twin(name, ratio):
    volume = synthetic_twin(name, 96).compute()
    gray = measure_gray(volume, Tomograph(**CALM, contrast_to_noise=ratio))
    band = segmentation_sensitivity(segment(gray, denoise="median"))
    truth = float(1 - volume.phase.mean())
    assert band.porosity_low <= truth <= band.porosity_high
    assert band.porosity_high - band.porosity_low < 0.35 * truth + 0.01
    assert abs(float(band.gray_balance_porosity) - truth) < 0.008


@pytest.mark.parametrize("pore", ["dark", "bright"])
@pytest.mark.parametrize("method", METHODS)
def test_each_method_gives_the_porosity_that_the_others_say_it_gives(method, pore):
    volume = gray_volume(tomogram((14, 13, 12), np.uint8, 3), 5)
    band = segmentation_sensitivity(segment(volume, pore=pore))
    own = segment(volume, method=method, pore=pore)
    (threshold,) = record(own)["thresholds"]
    one = band.sel(threshold_method=method)
    assert threshold == float(one.method_threshold)
    assert float(value(porosity(own))["porosity"]) == float(one.method_porosity)


@pytest.mark.parametrize("pore", ["dark", "bright"])
@pytest.mark.parametrize("method", ["otsu", "hysteresis"])
def test_a_moved_threshold_gives_the_porosity_that_the_band_says(method, pore):
    volume = gray_volume(tomogram((14, 13, 12), np.uint8, 2), 5)
    segmented = segment(volume, method=method, pore=pore)
    band, cuts = segmentation_sensitivity(segmented), record(segmented)["thresholds"]
    plain = "threshold" if method == "otsu" else method
    for step, expected in zip((-1, 0, 1), band.porosity_at_threshold.values):
        moved = [cut + step * float(band.threshold_shift) for cut in cuts]
        other = segment(volume, method=plain, threshold=moved, pore=pore)
        assert float(value(porosity(other))["porosity"]) == expected
    steps = np.diff(band.porosity_at_threshold) * (1 if pore == "dark" else -1)
    assert (steps >= 0).all()
    # towards the level of the solid there is more pore, on whichever side that is
    assert band.porosity_slope >= 0


@given(st.sampled_from([np.uint8, np.float32]), st.data())
@settings(deadline=None, max_examples=5)
def test_the_band_does_not_depend_on_the_chunks(dtype, data):
    array = tomogram((11, 10, 12), dtype, 5)
    options = {
        "denoise": data.draw(st.sampled_from([None, "median"])),
        "method": data.draw(st.sampled_from(["li", "balance", "hysteresis"])),
    }
    whole = segmentation_sensitivity(segment(gray_volume(array), **options))
    chunks = data.draw(chunks_of(array.shape))
    assert segmentation_sensitivity(segment(gray_volume(array, chunks), **options)).equals(whole)


def test_the_band_costs_no_reading_of_its_own():
    source, volume = counting_volume(tomogram((9, 8, 7), np.uint8), (4, 8, 3), kind="gray")
    segment(volume, denoise="median")
    np.testing.assert_array_equal(source.reads, 1)


def test_voxels_outside_the_mask_are_in_no_number():
    array = tomogram((12, 12, 12), np.uint8)
    mask = np.zeros(array.shape, bool)
    mask[2:, :9] = True
    volume = gray_volume(np.where(mask, array, 255).astype(np.uint8), 5)
    volume["mask"] = (DIMS, mask)
    inside = segmentation_sensitivity(segment(gray_volume(array[2:, :9])))
    assert inside.equals(segmentation_sensitivity(segment(volume)))
    grown = segment(volume, method="hysteresis")
    at = segmentation_sensitivity(grown).porosity_at_threshold.values
    assert at[1] == float(value(porosity(grown))["porosity"])


def test_the_band_is_among_the_results_and_in_the_report():
    from poreflux.results.number_rows import rows

    segmented = segment(gray_volume(tomogram((14, 13, 12), np.uint8)))
    results = collect(porosity(segmented), volume=segmented)
    (row,) = (row for row in rows(results) if row.name == "porosity")
    (band,) = (error for error in row.errors if error.kind == "segmentation")
    assert band.below == float(results.porosity - results.porosity_low)
    assert band.above == float(results.porosity_high - results.porosity)
    assert {"gray_balance_porosity", "porosity_low"} <= {row.name for row in rows(results)}


@pytest.mark.parametrize("method", ["otsu", "watershed"])
def test_the_band_is_carried_to_the_tortuosity(method):
    gray = measure_gray(synthetic_twin("regular_500", (44, 40, 40)).compute(), Tomograph(**CALM))
    segmented = tortuosity_band(segment(gray, method=method, denoise="median"), direction="y")
    segmented = tortuosity_band(segmented, direction="z")
    band = segmentation_sensitivity(segmented)
    assert band["direction"].values.tolist() == ["y", "z"]
    assert (band["tortuosity_at_threshold"] > 1).all()
    if method == "otsu":  # the watershed hardly moves with its markers
        assert (band["tortuosity_at_threshold"].diff("threshold_step") > 0).all()
    coarse = np.asarray(segmented.phase).reshape(22, 2, 20, 2, 20, 2).mean((1, 3, 5)) >= 0.5
    expected = tortuosity_factor(from_array(coarse, voxel_size=1.84), direction="z")
    found = band["tortuosity_at_threshold"].sel(direction="z", threshold_step="as is")
    assert float(found) == pytest.approx(float(expected["tortuosity_factor"][0]), rel=1e-3)
    without = collect(porosity(segmented), volume=segmented)
    assert "tortuosity_at_threshold" in without
    assert "tortuosity_factor_segmentation_low" not in without
    solved = collect(tortuosity_factor(segmented, direction="y", rtol=1e-4), volume=segmented)
    low, high = (solved[f"tortuosity_factor_segmentation_{end}"] for end in ("low", "high"))
    coarse = band["tortuosity_at_threshold"].sel(direction="y")
    fine = solved["tortuosity_factor"].sel(direction="y")
    assert low.sel(direction="y") <= fine <= high.sel(direction="y")
    # the share of the coarse solves' tortuosity less 1 that the thresholds move is carried over
    np.testing.assert_allclose(
        (high - low).sel(direction="y") / (fine - 1),
        np.ptp(coarse.values) / (coarse.sel(threshold_step="as is") - 1),
    )
    assert low.sel(direction="z").isnull()  # which was not solved for


def test_a_band_takes_a_mask_of_any_shape():
    gray = measure_gray(synthetic_twin("regular_500", 24).compute(), Tomograph(**CALM))
    gray["mask"] = (DIMS, np.ones(gray.gray.shape, bool))
    gray["mask"][:3] = gray["mask"][20:] = False
    assert tortuosity_band(segment(gray))
    gray["mask"][:, 0, 0] = False
    band = segmentation_sensitivity(tortuosity_band(segment(gray)))
    factors = band["tortuosity_at_threshold"].sel(direction="z")
    assert 1 < factors.min() < factors.max() < 2


def test_a_band_is_that_of_what_a_mask_counts():
    gray = measure_gray(synthetic_twin("regular_500", 24).compute(), Tomograph(**CALM))
    y, x = np.indices((24, 24)) - 11.5
    inside = np.broadcast_to(y**2 + x**2 < 100, (24, 24, 24)).copy()
    inside[:4] = inside[20:] = False
    gray["mask"] = (DIMS, inside)
    segmented = segment(gray)
    band = segmentation_sensitivity(tortuosity_band(segmented))["tortuosity_at_threshold"]
    # a coarse voxel is sample, or solid, where most of its eight, or of those that are sample, are
    mask, solid = (
        np.asarray(array)[4:20, 2:22, 2:22].reshape(8, 2, 10, 2, 10, 2).mean((1, 3, 5))
        for array in (inside, inside & (segmented.phase == 1))
    )
    labels = np.where(mask >= 0.5, 1 + (solid >= mask / 2), 0)
    coarse = from_array(labels, phases={0: "outside", 1: "pore", 2: "electrolyte"}, voxel_size=2.0)
    expected = tortuosity_factor(coarse, rtol=1e-6)
    found = float(band.sel(direction="z", threshold_step="as is"))
    assert found == pytest.approx(float(expected["tortuosity_factor"][0]), rel=1e-3)


def test_three_phases_have_no_band():
    three = segment(
        gray_volume(tomogram((9, 8, 7), np.uint8, 1, 3)),
        method="multi-otsu", phases={0: "pore", 1: "binder", 2: "active"},
    )  # fmt: skip
    with pytest.raises(KeyError, match="are not two"):
        segmentation_sensitivity(three)
    with pytest.raises(KeyError, match="give the levels"):
        solid_fraction(three)
    assert "porosity_low" not in collect(porosity(three), volume=three)


def test_grey_values_become_the_share_of_solid_that_they_were_made_of():
    truth = synthetic_twin("regular_300", 48, supersample=4).compute()
    gray = measure_gray(truth, Tomograph(**CALM, blur=0.0, contrast_to_noise=np.inf))
    segmented, made_of = segment(gray), truth.solid_fraction.values
    all_of_it = solid_fraction(segmented, everywhere=True)["solid_fraction"].values
    assert np.abs(all_of_it - made_of).max() < 0.005
    assert all_of_it.dtype == np.float32
    surfaces = solid_fraction(segmented)["solid_fraction"].values
    # but for pores of parts of a voxel, which no phase shows
    assert np.mean(np.abs(surfaces - made_of) > 0.005) < 0.02


def test_noise_makes_no_pores_of_the_solid():
    truth = synthetic_twin("regular_300", 96).compute()
    gray = measure_gray(truth, Tomograph(**CALM, contrast_to_noise=5.0))
    segmented = segment(gray, denoise="median")
    balance = float(segmentation_sensitivity(segmented).gray_balance_porosity)
    near = 1 - float(solid_fraction(segmented)["solid_fraction"].mean())
    far = 1 - float(solid_fraction(segmented, everywhere=True)["solid_fraction"].mean())
    assert abs(near - balance) < 0.01
    assert far - balance > 0.03  # which is why it is not the default


@given(st.data())
@settings(deadline=None, max_examples=5)
def test_the_share_of_solid_does_not_depend_on_the_chunks(data):
    array = tomogram((9, 11, 10), np.uint16, 2)
    whole = solid_fraction(segment(gray_volume(array)))
    pieces = solid_fraction(segment(gray_volume(array, data.draw(chunks_of(array.shape)))))
    np.testing.assert_array_equal(
        np.asarray(pieces["solid_fraction"]), np.asarray(whole["solid_fraction"])
    )
    assert pieces.attrs["history"][-1]["operation"] == "solid_fraction"


def test_the_share_of_solid_conducts():
    truth = synthetic_twin("regular_500", 48).compute()
    gray = measure_gray(truth, Tomograph(**CALM))
    volume = solid_fraction(segment(gray, denoise="median"))
    bracket = tortuosity_bracket(volume)
    partial, voxels = bracket["tortuosity_factor"].values.ravel()
    assert 1 < partial < voxels < 1.5


def test_levels_of_one_grey_value_are_refused():
    volume = from_array(np.ones((2, 2, 2), bool)).assign(gray=(DIMS, np.ones((2, 2, 2))))
    with pytest.raises(ValueError, match="one grey value"):
        solid_fraction(volume, levels=(3, 3))
    assert set(labels_of(volume).ravel()) == {1}


@pytest.mark.parametrize("side", ["dark", "bright"])
@pytest.mark.parametrize("labels", [{1: "pore", 0: "electrolyte"}, {0: "pore", 5: "electrolyte"}])
def test_the_tortuosity_moves_alike_whatever_the_labels(labels, side):
    gray = measure_gray(synthetic_twin("regular_500", 32).compute(), Tomograph(**CALM))
    expected = segmentation_sensitivity(tortuosity_band(segment(gray)))
    if side == "bright":
        gray = gray.assign(gray=np.iinfo(gray.gray.dtype).max - gray.gray)
    band = segmentation_sensitivity(tortuosity_band(segment(gray, phases=labels, pore=side)))
    found = band["tortuosity_at_threshold"].values[0]
    assert np.isfinite(found).all()
    order = 1 if side == "dark" else -1  # a higher threshold on bright pores leaves fewer
    np.testing.assert_allclose(found[::order], expected["tortuosity_at_threshold"][0], rtol=0.01)


def test_a_band_of_phases_without_a_pore_is_refused_in_words():
    gray = measure_gray(synthetic_twin("regular_500", 24).compute(), Tomograph(**CALM))
    with pytest.raises(KeyError, match="phase 'pore' is not in the volume"):
        tortuosity_band(segment(gray, phases={0: "void", 1: "electrolyte"}))


@pytest.mark.parametrize("values", [(0, 1), (10, 200)])
def test_an_image_of_two_grey_values_has_no_band(values):
    """A threshold is on the darker value; moved down from there it would lose all pores."""
    truth = synthetic_twin("regular_500", 24).compute()
    gray = np.asarray(values, np.uint8)[truth.phase.values]
    segmented = tortuosity_band(segment(from_array(gray, kind="gray")))
    band = segmentation_sensitivity(segmented)
    share = float(1 - truth.phase.mean())
    np.testing.assert_allclose([band.porosity_low, band.porosity_high], share)
    assert np.ptp(band.tortuosity_at_threshold.values) == 0
