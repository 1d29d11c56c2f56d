"""What is NaN, or left out by a mask or a label, is no sample: every number counts the rest."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import poreflux as pf

SHAPE = (24, 80, 80)


@pytest.fixture(scope="module")
def rod():
    """Return grey values of a porous rod, where it is, and its porosity."""
    rng = np.random.default_rng(1)
    field = gaussian_filter(rng.standard_normal(SHAPE), 2.5)
    solid = field > np.quantile(field, 0.3)
    gray = (60 + 120 * solid + rng.normal(0, 8, SHAPE)).astype(np.float32)
    y, x = np.indices(SHAPE[1:]) - 39.5
    sample = np.broadcast_to(np.hypot(y, x) < 36, SHAPE)
    return gray, sample, float(1 - solid[sample].mean())


def porosity(volume):
    return float(pf.collect(pf.porosity(volume)).porosity)


@pytest.mark.parametrize("denoise", [None, "median", "nl-means"])
@pytest.mark.parametrize("method", ["otsu", "hysteresis", "watershed"])
def test_nan_is_outside_and_the_rest_is_counted(rod, denoise, method):
    if denoise == "nl-means" and method != "otsu":
        pytest.skip("one method is enough for the slowest")
    gray, sample, true = rod
    volume = pf.from_array(np.where(sample, gray, np.nan).astype("f4"), kind="gray")
    segmented = pf.segment(volume, method=method, denoise=denoise)
    np.testing.assert_array_equal(segmented["mask"].values, sample)
    assert porosity(segmented) == pytest.approx(true, abs=0.02 if method == "otsu" else 0.04)


@pytest.mark.parametrize("method", ["otsu", "hysteresis", "watershed"])
@pytest.mark.parametrize("filled", [0.0, 500.0])
def test_what_fills_the_outside_does_not_matter(rod, method, filled):
    """The same phases inside, whatever is stored outside: NaN, or any value with a mask."""
    gray, sample, _ = rod
    fixed = pf.from_array(np.where(sample, gray, np.nan).astype("f4"), kind="gray")
    other = pf.from_array(np.where(sample, gray, filled).astype("f4"), kind="gray")
    other = other.assign(mask=(("z", "y", "x"), sample))
    found = [pf.segment(v, method=method, denoise="median").phase.values for v in (fixed, other)]
    np.testing.assert_array_equal(found[0][sample], found[1][sample])


def test_denoising_does_not_depend_on_the_chunks(rod):
    gray, sample, _ = rod
    values = np.where(sample, gray, np.nan).astype("f4")
    whole = pf.segment(pf.from_array(values, kind="gray"), denoise="median").phase.values
    cut = pf.from_array(values, kind="gray").chunk(z=7, y=33, x=80)
    np.testing.assert_array_equal(pf.segment(cut, denoise="median").phase.values, whole)


@pytest.mark.parametrize("outside", [np.nan, 0.0])
def test_the_cylinder_is_found_whatever_is_outside(rod, outside):
    gray, sample, true = rod
    volume = pf.from_array(np.where(sample, gray, outside).astype("f4"), kind="gray")
    found = pf.region_of_interest(volume, erosion=2)
    assert found.attrs["history"][-1]["radius"] == pytest.approx(34, abs=1.5)
    assert porosity(pf.segment(found)) == pytest.approx(true, abs=0.02)


@pytest.mark.parametrize("correct", [pf.correct_drift, pf.correct_cupping, pf.correct_rings])
def test_corrections_pass_over_what_is_nan(rod, correct):
    gray, sample, true = rod
    volume = pf.from_array(np.where(sample, gray, np.nan).astype("f4"), kind="gray")
    corrected = correct(volume)
    np.testing.assert_array_equal(np.isnan(corrected.gray.values), ~sample)
    assert porosity(pf.segment(corrected)) == pytest.approx(true, abs=0.02)


def test_a_label_that_is_outside_is_no_phase(rod):
    gray, sample, _ = rod
    labels = np.where(sample, 1 + (gray > 120), 0).astype(np.uint8)
    volume = pf.from_array(labels, phases={0: "outside", 1: "pore", 2: "electrolyte"})
    assert volume.phase.attrs["flag_meanings"] == "pore electrolyte"
    np.testing.assert_array_equal(volume["mask"].values, sample)
    assert porosity(volume) == (labels == 1).sum() / sample.sum()
    with pytest.raises(ValueError, match="names no phase"):
        pf.from_array(labels, phases={0: "outside"})


@pytest.mark.parametrize("suffix", ["npy", "tif"])
def test_a_mask_file_leaves_out_what_is_zero(rod, tmp_path, suffix):
    import tifffile

    gray, sample, true = rod
    np.save(tmp_path / "gray.npy", gray)
    path = tmp_path / f"mask.{suffix}"
    if suffix == "npy":
        np.save(path, sample)
    else:
        tifffile.imwrite(path, sample.astype("u1") * 255)
    volume = pf.read(tmp_path / "gray.npy", voxel_size=1, mask=path)
    store = pf.save(volume, tmp_path / "v.zarr")
    segmented = pf.segment(pf.open(store), denoise="median")
    assert porosity(segmented) == pytest.approx(true, abs=0.02)
    np.save(tmp_path / "small.npy", sample[1:])
    with pytest.raises(ValueError, match="same shape"):
        pf.read(tmp_path / "gray.npy", voxel_size=1, mask=tmp_path / "small.npy")


def test_one_looks_at_a_scan_before_it_is_segmented(rod):
    """Histogram, middle slices and their picture need no phases; NaN is left out and left blank."""
    gray, sample, _ = rod
    volume = pf.from_array(np.where(sample, gray, np.nan).astype("f4"), kind="gray")
    counted = pf.gray_histogram(volume)
    assert int(counted.gray_histogram.sum()) == sample.sum()
    assert "threshold" not in counted
    results = pf.collect(pf.preview(volume), counted, volume=volume)
    np.testing.assert_array_equal(results.gray_slice_z.values, volume.gray.values[12])
    assert "phase_percent" not in results
    pf.plot.slices(results)
    pf.plot.histogram(results)


def test_what_is_outside_is_no_pore_in_a_preview(rod):
    gray, sample, _ = rod
    labels = np.where(sample, 1 + (gray > 120), 0).astype(np.uint8)
    volume = pf.from_array(labels, phases={0: "outside", 1: "pore", 2: "electrolyte"})
    results = pf.collect(pf.preview(volume), volume=volume)
    np.testing.assert_array_equal(results.phase_slice_z.values == 255, ~sample[12])
    np.testing.assert_array_equal(results.phase_percent.values, 100 * (labels == 1))
    pf.plot.slices(results)
