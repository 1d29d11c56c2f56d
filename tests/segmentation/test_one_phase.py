"""Noise of one phase is not cut in halves, and few pores are found by what noise cannot do."""

from functools import cache

import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import gaussian_filter

from poreflux import collect, from_array, porosity, segment, segmentation_sensitivity
from poreflux.errors import OnePhase
from poreflux.phantoms import Tomograph, measure_gray, random_spheres
from poreflux.reporting.methods_segmentation import band, weighed
from poreflux.schema import DIMS
from poreflux.segmentation.faint_pores import faint_pores
from poreflux.segmentation.histogram import histograms
from poreflux.segmentation.segmentation_sensitivity import sensitivity
from poreflux.segmentation.solid_peak import solid_peak
from poreflux.segmentation.surroundings import ABSENT, surroundings
from tests.metrics.cases import value
from tests.segmentation.test_segment import record

EVEN = {"rings": 0.0, "cupping": 0.0, "drift": 0.0}
AUTOMATIC = (
    "otsu", "li", "minimum-error", "midpoint", "balance", "multi-otsu", "hysteresis", "watershed",
)  # fmt: skip
THREE = {0: "pore", 1: "binder", 2: "active"}


@cache
def pores(number: int = 12, diameter: float = 8.0, edge: int = 64) -> xr.Dataset:
    return random_spheres(edge, number, diameter, seed=3)


def scan(truth: xr.Dataset, ratio: float = 5.0, **device) -> xr.Dataset:
    device = {**EVEN, "contrast_to_noise": ratio, **device}
    return measure_gray(truth, Tomograph(**device)).drop_vars("phase")


def dense(edge: int = 48, **device) -> xr.Dataset:
    return scan(from_array(np.ones((edge,) * 3, np.uint8)), **device)


@pytest.mark.parametrize("method", AUTOMATIC)
def test_a_dense_sample_is_one_phase_whatever_the_method(method):
    phases = THREE if method == "multi-otsu" else None
    with pytest.raises(OnePhase, match="one phase only") as raised:
        segment(dense(), method=method, phases=phases)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("ratio", [3.0, 8.0])
@pytest.mark.parametrize("denoise", [None, "median"])
def test_rings_and_cupping_of_a_dense_sample_are_no_pores(ratio, denoise):
    uneven = {"rings": 0.08, "cupping": 0.1, "drift": 0.05}
    with pytest.raises(OnePhase):
        segment(dense(64, ratio=ratio, **uneven), denoise=denoise)


@pytest.mark.parametrize("kind", ["student", "poisson", "smooth"])
def test_noise_of_another_kind_is_no_pore_either(kind, rng):
    from scipy.ndimage import gaussian_filter

    shape = (40, 40, 40)
    noise = {
        "student": lambda: rng.standard_t(4, shape),
        "poisson": lambda: rng.poisson(30, shape) / 5.5,
        "smooth": lambda: 5 * gaussian_filter(rng.standard_normal(shape), 0.8),
    }[kind]()
    gray = (1000 + 40 * noise).astype(np.float32)
    with pytest.raises(OnePhase):
        segment(from_array(gray, kind="gray"))


def test_dead_voxels_of_a_dense_sample_are_no_pores(rng):
    gray = dense()
    gray.gray.values[rng.random(gray.gray.shape) < 3e-4] = 0
    with pytest.raises(OnePhase):
        segment(gray)


def test_bright_specks_are_not_taken_for_the_solid():
    specks = scan(pores(), pore=60_000.0, electrolyte=30_000.0)
    with pytest.raises(OnePhase, match="pore='bright'"):
        segment(specks)
    assert float(value(porosity(segment(specks, pore="bright", denoise="median")))["porosity"]) > 0


@pytest.mark.parametrize("denoise", [None, "median"])
@pytest.mark.parametrize("method", ["otsu", "balance", "watershed"])
def test_few_pores_are_found_with_a_band_that_has_them(method, denoise):
    truth = 1 - float(pores().phase.mean())
    assert 0.01 < truth < 0.015
    found = segment(scan(pores(), 8.0), method=method, denoise=denoise)
    said = segmentation_sensitivity(found)
    assert said.porosity_low <= truth <= said.porosity_high
    assert said.porosity_high < 1.6 * truth
    is_near = 0.5 if method == "watershed" else 0.15  # which makes small pores smaller
    assert float(value(porosity(found))["porosity"]) == pytest.approx(truth, rel=is_near)


def test_the_record_and_the_text_say_that_the_threshold_is_not_the_methods():
    found = segment(scan(pores(), 8.0))
    assert (record(found)["weighed"], record(found)["instead"]) == (True, True)
    entry = found.attrs["history"][-1]
    assert "cut through the noise" in " ".join(weighed(entry))
    results = collect(porosity(found), volume=found)
    assert "weight of the dark spots" in " ".join(band(results, entry))
    many = segment(scan(pores(90)), denoise="median")  # 9 %: nothing to say
    assert "weighed" not in record(many)
    assert not list(weighed(many.attrs["history"][-1]))


@pytest.mark.parametrize(
    "number, diameter, options, device, says",
    [
        (12, 8.0, {}, {"ratio": 3.0}, "choose denoise='median'"),
        (150, 3.0, {"denoise": "median"}, {"ratio": 8.0, "blur": 0.0}, "choose another denoise"),
        (300, 3.0, {}, {"ratio": 3.0, "blur": 0.6}, "lost in the noise|one phase"),
    ],
)
def test_a_scan_without_a_right_threshold_is_refused_with_what_to_do(
    number, diameter, options, device, says
):
    with pytest.raises(OnePhase, match=says) as raised:
        segment(scan(pores(number, diameter), **device), **options)
    assert "method='threshold'" in str(raised.value)


def test_a_threshold_that_is_given_has_no_band_of_halves():
    given = segment(dense(), method="threshold", threshold=21_000.0)
    said = segmentation_sensitivity(given)
    assert said.porosity_low <= said.porosity_at_threshold[1] <= said.porosity_high < 0.05
    few = segment(scan(pores(), 8.0), method="threshold", threshold=21_000.0)
    assert segmentation_sensitivity(few).porosity_high < 0.03


def test_bright_pores_are_weighed_like_dark_ones():
    dark = scan(pores(), 8.0)
    bright = dark.assign(gray=65_535 - dark.gray)
    one, other = (
        segmentation_sensitivity(segment(v, pore=p))
        for v, p in ((dark, "dark"), (bright, "bright"))
    )
    for name in ("porosity_low", "porosity_high", "gray_balance_porosity"):
        assert float(one[name]) == pytest.approx(float(other[name]), rel=1e-3)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_what_is_weighed_depends_on_neither_chunks_nor_type(dtype):
    gray = scan(pores(), 8.0)
    whole = segment(gray)
    pieces = segment(gray.assign(gray=gray.gray.astype(dtype).chunk(z=23, y=64, x=17)))
    expected, found = (segmentation_sensitivity(v) for v in (whole, pieces))
    tolerance = 1e-6 if dtype is np.uint16 else 0.03  # in bins instead of grey values
    for name in ("porosity_low", "porosity_high", "gray_balance_porosity"):
        assert float(found[name]) == pytest.approx(float(expected[name]), rel=tolerance)


@pytest.mark.parametrize(("width", "ratio", "number"), [(0.6, 5.0, 80), (0.8, 5.0, 30)])
def test_pores_are_found_in_noise_that_neighbours_share(width, ratio, number):
    """Reconstructions and filters make noise alike: dark spots must not be read as too dark."""
    truth = pores(number)["phase"].values == 1
    noise = gaussian_filter(np.random.default_rng(3).standard_normal(truth.shape), width)
    gray = gaussian_filter(truth.astype(float), 0.7) + noise / noise.std() / ratio
    segmented = segment(from_array((20000 + 15000 * gray).astype(np.uint16), kind="gray"))
    sensitivity = segmentation_sensitivity(segmented)
    assert segmented["phase"].attrs["segmentation"]["weighed"]
    assert sensitivity["porosity_low"] < 1 - truth.mean() < sensitivity["porosity_high"]
    assert abs(value(porosity(segmented))["porosity"] / (1 - truth.mean()) - 1) < 0.25


def test_what_is_outside_is_neither_pore_nor_background():
    gray = scan(pores(), 8.0)
    mask = np.zeros(gray.gray.shape, bool)
    mask[3:, :60] = True
    spoiled = gray.assign(gray=gray.gray.where(mask, 0), mask=(DIMS, mask))
    truth = 1 - pores().phase.values[mask].mean()
    said = segmentation_sensitivity(segment(spoiled))
    assert said.porosity_low <= truth <= said.porosity_high
    assert float(said.gray_balance_porosity) == pytest.approx(truth, rel=0.1)
    hollow = dense().assign(mask=(DIMS, mask[:48, :48, :48]))
    hollow["gray"] = hollow.gray.where(hollow["mask"], 0)
    with pytest.raises(OnePhase):
        segment(hollow)


def test_surroundings_are_the_middle_five_of_seven(rng):
    array = rng.integers(0, 255, (5, 6, 7)).astype(np.uint8)
    padded = np.pad(array, 1, mode="symmetric").astype(int)
    seven = [padded[1:-1, 1:-1, 1:-1]]
    for axis in range(3):
        for offset in (-1, 1):
            seven.append(np.roll(padded, offset, axis)[1:-1, 1:-1, 1:-1])
    expected = np.sort(seven, axis=0)[1:-1].sum(axis=0)
    np.testing.assert_array_equal(surroundings(array).compute(), expected)
    np.testing.assert_allclose(surroundings(array.astype(float)).compute(), expected / 5)
    known = np.ones(array.shape, bool)
    known[2, 3, 4] = False
    absent = surroundings(array, known).compute() == ABSENT
    assert absent.sum() == 7
    assert absent[2, 3, 3:6].all()


def test_the_grey_that_dark_spots_lack_is_that_of_the_pores_however_blurred():
    truth = 1 - float(pores().phase.mean())
    for blur in (0.0, 0.7, 1.2):
        gray = scan(pores(), 8.0, blur=blur, rings=0.05, cupping=0.1).gray.data
        raw, near = histograms({"gray": gray, "near": surroundings(gray)}, ["gray", "near"])
        found = faint_pores(gray, None, solid_peak(raw, near), "dark")
        lacking = found.porosity * found.contrast / Tomograph().contrast
        assert lacking == pytest.approx(truth, rel=0.05)


def test_a_balance_without_a_check_does_not_stretch_the_band():
    from dataclasses import replace

    from poreflux.segmentation.levels import Levels
    from poreflux.segmentation.segmentation_sensitivity import analyse

    rng = np.random.default_rng(5)
    solid = rng.random((24, 24, 24)) < 0.7
    gray = (np.where(solid, 200.0, 100.0) + 8 * rng.standard_normal(solid.shape)).astype(np.float32)
    (counted,) = histograms({"gray": gray}, ["gray"])
    found = analyse(counted, counted, "dark")
    # levels that are wrong balance to 0.44, by a threshold that is near their middle
    wrong = Levels(100.0, 220.0, 8.0, 0.3)
    off, on = (
        sensitivity(replace(found, levels=replace(wrong, misfit=misfit)), [150.0])
        for misfit in (0.3, 0.05)
    )
    assert on["porosity_high"] > 0.4
    assert off["porosity_high"] < 0.31
