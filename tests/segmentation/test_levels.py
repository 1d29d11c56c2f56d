"""Levels, noise and criteria of a histogram are those the image was made with."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import filters

from poreflux.phantoms import Tomograph, fine_500, measure_gray, regular_100
from poreflux.segmentation.criteria import balance, li, midpoint, minimum_error
from poreflux.segmentation.histogram import Histogram, histogram
from poreflux.segmentation.levels import Levels, levels, negative, solid_level

CALM = {"rings": 0.0, "cupping": 0.0, "drift": 0.0}


@pytest.fixture(scope="module", params=[regular_100, fine_500])
def twin(request):
    return request.param(96).compute()


def counted(array) -> Histogram:
    return histogram({"gray": np.asarray(array)})


def two_gaussians(rng, shape=(40, 40, 40), share=0.3):
    pore = rng.random(shape) < share
    return np.where(pore, 100.0, 180.0) + 12 * rng.standard_normal(shape)


@pytest.mark.parametrize("ratio", [4.0, 6.0, 10.0])
def test_levels_are_found_though_pores_are_too_small_to_show_theirs(twin, ratio):
    tomograph = Tomograph(**CALM, contrast_to_noise=ratio)
    gray = measure_gray(twin, tomograph).gray.values
    found = levels(counted(gray))
    contrast = tomograph.contrast
    # surfaces that are curved or near each other are not quite as the model has them
    assert abs(found.solid - tomograph.electrolyte) < 0.01 * contrast
    assert abs(found.pore - tomograph.pore) < 0.05 * contrast
    assert found.noise == pytest.approx(tomograph.noise, rel=0.03)
    assert found.misfit < 0.02
    porosity = 1 - twin.phase.values.mean()
    balanced = (found.solid - gray.mean()) / found.contrast
    assert abs(balanced - porosity) < 0.007


def test_noise_free_levels_are_exact(twin):
    gray = measure_gray(twin, Tomograph(**CALM, contrast_to_noise=np.inf)).gray.values
    found = levels(counted(gray))
    assert (found.pore, found.solid) == pytest.approx((12_000, 30_000), abs=20)


def test_bright_pores_have_the_levels_of_the_negative(twin):
    gray = measure_gray(twin, Tomograph(**CALM), dtype="int32").gray.values
    dark = levels(counted(gray))
    bright = levels(counted(65_535 - gray), "bright")
    assert bright.pore == pytest.approx(65_535 - dark.pore, abs=5)
    assert bright.solid == pytest.approx(65_535 - dark.solid, abs=5)


def test_levels_turn_and_scale_with_the_grey_values(rng):
    gray = two_gaussians(rng)
    found, moved = levels(counted(gray)), levels(counted(3 * gray - 500))
    assert moved.pore == pytest.approx(3 * found.pore - 500, rel=1e-4)
    assert moved.noise == pytest.approx(3 * found.noise, rel=1e-3)


def test_grey_values_that_a_detector_leaves_out_do_not_matter(rng):
    gray = np.rint(two_gaussians(rng)).astype(np.int32)
    found, spread = levels(counted(gray)), levels(counted(16 * gray))
    assert spread.solid == pytest.approx(16 * found.solid, rel=2e-3)
    assert spread.noise == pytest.approx(16 * found.noise, rel=2e-2)


@pytest.mark.parametrize("values", [[3, 9], [1, 2, 3], list(range(8))])
def test_a_handful_of_grey_values_have_levels_among_them(values):
    found = levels(counted(np.repeat(values, 9).astype(np.uint8).reshape(3, 3, -1)))
    assert found.pore in values
    assert found.solid in values
    assert found.pore < found.solid


@pytest.mark.parametrize("share", [0.05, 0.5, 0.74])
def test_the_solid_of_a_slice_is_found_beside_much_air(rng, share):
    gray = np.where(rng.random((300, 300)) < share, 20.0, 90.0) + 6 * rng.standard_normal(
        (300, 300)
    )
    counts, edges = np.histogram(gray, 200)
    assert abs(solid_level((edges[1:] + edges[:-1]) / 2, counts) - 90) < 0.5


def test_a_slice_without_voxels_has_no_solid():
    assert np.isnan(solid_level(np.arange(9.0), np.zeros(9, int)))


def test_the_negative_of_the_negative_is_the_histogram(rng):
    first = counted(rng.integers(0, 60, (9, 9, 9)).astype(np.uint8))
    again = negative(negative(first))
    np.testing.assert_array_equal(again.values, first.values)
    np.testing.assert_array_equal(again.counts, first.counts)
    assert (again.lowest, again.highest) == (first.lowest, first.highest)


@pytest.mark.parametrize("seed", range(4))
def test_li_is_that_of_scikit_image(seed):
    gray = np.clip(two_gaussians(np.random.default_rng(seed)), 0, 255).astype(np.uint8)
    assert abs(li(counted(gray)) - filters.threshold_li(gray)) <= 1


def test_li_has_the_least_cross_entropy_nearby(rng):
    gray = np.clip(two_gaussians(rng), 0, 255).astype(np.uint8)
    values = gray.ravel() - float(gray.min())

    def entropy(cut):
        dark = values <= cut - gray.min()
        return -sum(values[s].sum() * np.log(values[s].mean()) for s in (dark, ~dark))

    found = li(counted(gray))
    assert entropy(found) <= min(entropy(found - 3), entropy(found + 3))


def test_minimum_error_is_the_best_of_all_thresholds(rng):
    gray = ndimage.gaussian_filter(two_gaussians(rng, (20, 20, 20)), 0.5).astype(np.uint8)

    def cost(cut):
        sides = [gray[gray <= cut].astype(float), gray[gray > cut].astype(float)]
        shares = [side.size / gray.size for side in sides]
        widths = [max(side.var(), 1 / 9) for side in sides]
        return sum(w * np.log(v) - 2 * w * np.log(w) for w, v in zip(shares, widths))

    cuts = range(int(gray.min()) + 2, int(gray.max()) - 2)
    assert minimum_error(counted(gray)) == min(cuts, key=cost)


def test_minimum_error_is_where_two_gaussians_cross(rng):
    gray = np.where(rng.random(400_000) < 0.2, 60.0, 140.0) + 10 * rng.standard_normal(400_000)
    # w1 N1 = w2 N2 at (60 + 140) / 2 - 10² ln(0.8 / 0.2) / (140 - 60)
    crossing = 100 - 100 * np.log(4) / 80
    assert abs(minimum_error(counted(gray.reshape(100, 100, 40))) - crossing) < 2


def test_the_balance_is_as_near_to_its_porosity_as_grey_values_allow(rng):
    gray = rng.integers(0, 1000, (20, 20, 20)).astype(np.uint16)
    assert abs((gray <= balance(counted(gray), 0.234)).mean() - 0.234) < 2e-3
    assert abs((gray > balance(counted(gray), 0.234, "bright")).mean() - 0.234) < 2e-3


def test_the_midpoint_is_between_the_levels():
    plain = Histogram(np.arange(100), np.ones(100, int), 0, 99)
    assert midpoint(plain, Levels(20.0, 61.0, 1.0, 0.0)) == 40
