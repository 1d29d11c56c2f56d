"""Three phases of which one is missing, or has few voxels, are not made of the noise of others."""

import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import gaussian_filter

from poreflux import from_array, segment
from poreflux.errors import OnePhase

THREE = {0: "pore", 1: "binder", 2: "active"}
LEVELS = np.array([10_000.0, 19_000.0, 28_000.0])


def phases(pores: float, edge: int = 48) -> np.ndarray:
    """Return pores in two solids, 40 % and 60 % of the rest."""
    rng = np.random.default_rng(1)
    solids, voids = (gaussian_filter(rng.standard_normal((edge,) * 3), w, mode="wrap")
                     for w in (3.0, 4.0))  # fmt: skip
    found = np.where(solids < np.quantile(solids, 0.4), 1, 2)
    found[voids < np.quantile(voids, pores)] = 0
    return found


def scan(truth: np.ndarray, ratio: float) -> xr.Dataset:
    rng = np.random.default_rng(2)
    gray = gaussian_filter(LEVELS[truth], 0.6)
    gray += rng.normal(0, (LEVELS[1] - LEVELS[0]) / ratio, truth.shape)
    return from_array(gray.astype(np.uint16), kind="gray")


@pytest.mark.parametrize("denoise", [None, "median"])
def test_two_solids_without_pores_are_not_three_phases(denoise):
    """The criterion of Otsu makes 35 % of them pores."""
    with pytest.raises(OnePhase, match=r"3 phases were asked for, but .* 2 peaks"):
        segment(scan(phases(0.0), 5.0), method="multi-otsu", phases=THREE, denoise=denoise)


def test_a_phase_that_the_thresholds_miss_is_named_with_thresholds_that_find_it():
    truth = phases(0.015)
    with pytest.raises(OnePhase, match=r"3 peaks .*method='threshold' with thresholds such") as e:
        segment(scan(truth, 6.0), method="multi-otsu", phases=THREE)
    such = [float(word) for word in str(e.value).split("such as ")[1].split(", ")]
    given = segment(scan(truth, 6.0), method="threshold", threshold=such, phases=THREE)
    found = [np.mean(given["phase"].values == label) for label in THREE]
    np.testing.assert_allclose(found, [np.mean(truth == label) for label in THREE], rtol=0.3)


@pytest.mark.parametrize("ratio", [4.0, 8.0])
def test_phases_that_are_there_are_found(ratio):
    truth = phases(0.1)
    found = segment(scan(truth, ratio), method="multi-otsu", phases=THREE, denoise="median")
    shares = [np.mean(found["phase"].values == label) for label in THREE]
    np.testing.assert_allclose(shares, [np.mean(truth == label) for label in THREE], rtol=0.2)


def test_a_phase_of_more_noise_than_voxels_is_refused_with_what_helps():
    with pytest.raises(OnePhase, match="noise of its neighbours; choose denoise='median'"):
        segment(scan(phases(0.1), 2.8), method="multi-otsu", phases=THREE)


@pytest.mark.parametrize("shares", [(0.33, 0.66), (0.15, 0.5), (0.1, 0.8)])
@pytest.mark.parametrize("noise", [5, 10])
def test_three_clear_phases_are_not_segmented_as_two_in_silence(shares, noise):
    """One of the two then holds two phases: the porosity is .5 instead of .15."""
    rng = np.random.default_rng([noise, 3])
    field = gaussian_filter(rng.standard_normal((40, 40, 40)), 3, mode="wrap")
    grey = np.array([0, 50, 100])[np.searchsorted(np.quantile(field, shares), field)]
    scan = from_array(rng.normal(grey, noise).astype(np.float32), kind="gray")
    with pytest.warns(UserWarning, match="have 3 clear peaks"):
        segment(scan)


@pytest.mark.parametrize("blur", [0, 0.8, 1.5])
@pytest.mark.parametrize("noise", [3, 10, 20])
def test_two_phases_are_not_taken_for_three(blur, noise):
    """Walls have all grey values between those of two phases, but no peak of their own."""
    rng = np.random.default_rng([noise, 4])
    field = gaussian_filter(rng.standard_normal((40, 40, 40)), 3, mode="wrap")
    grey = gaussian_filter(100.0 * (field > np.quantile(field, 0.3)), blur)
    scan = from_array(rng.normal(grey, noise).astype(np.float32), kind="gray")
    porosity = float((segment(scan)["phase"] == 0).mean())
    assert 0.25 < porosity < 0.35
