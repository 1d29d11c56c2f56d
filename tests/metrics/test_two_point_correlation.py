"""Two-point correlations are those of all pairs of voxels."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings

from poreflux import from_array
from poreflux.metrics.correlation.two_point_correlation import two_point_correlation
from poreflux.metrics.surface.surface_area import surface_area
from poreflux.phantoms import layers, random_sites, spheres
from tests.metrics.cases import blocks_of_pores, chunked_volumes, counting_volume, field, value

anything = settings(deadline=None, max_examples=20)


def by_pairs(volume, step, bins, longest):
    """Return sums over all pairs of voxels, one lag after another."""
    h = np.array(volume.attrs["voxel_size"])
    mask = volume["mask"].values if "mask" in volume else np.ones(volume.phase.shape, bool)
    pore = (volume["phase"].values == 0) & mask
    p = pore.sum() / mask.sum()
    deviation = np.where(mask, pore - p, 0.0)
    both, pairs, product = np.zeros((3, bins))
    for lag in np.ndindex(*(2 * n - 1 for n in pore.shape)):
        lag = np.array(lag) - np.array(pore.shape) + 1
        distance = np.sqrt(((lag * h) ** 2).sum())
        b = max(round(distance / step), int(distance > 0))
        if distance > longest * (1 + 1e-9) or b >= bins:
            continue
        one = tuple(slice(max(0, -k), n - max(0, k)) for k, n in zip(lag, pore.shape))
        other = tuple(slice(max(0, k), n - max(0, -k)) for k, n in zip(lag, pore.shape))
        both[b] += (pore[one] & pore[other]).sum()
        pairs[b] += (mask[one] & mask[other]).sum()
        product[b] += (deviation[one] * deviation[other]).sum()
    return both, pairs, product


@given(chunked_volumes(6))
@settings(deadline=None, max_examples=10)
def test_they_are_those_of_all_pairs(case):
    whole, pieces = case
    if not whole.get("mask", xr.DataArray(True)).any():
        return
    found = value(two_point_correlation(pieces))
    bins = found.sizes["separation"]
    longest = max(min(np.multiply(whole.phase.shape, whole.attrs["voxel_size"])) / 4, 2.0)
    both, pairs, product = by_pairs(whole, 1.0, bins, longest)
    there = pairs > 0
    s2 = both[there] / pairs[there]
    np.testing.assert_allclose(found["two_point_probability"][there], s2, atol=1e-12)
    expected = product[there] / pairs[there]
    np.testing.assert_allclose(found["two_point_covariance"][there], expected, atol=1e-12)
    assert found["two_point_probability"][~there].isnull().all()


@given(chunked_volumes())
@anything
def test_nothing_depends_on_the_chunks(case):
    whole, pieces = case
    expected = value(two_point_correlation(whole))
    xr.testing.assert_identical(value(two_point_correlation(pieces)), expected)


@pytest.mark.parametrize("p", [0.1, 0.4])
def test_random_sites_know_nothing_of_each_other(p):
    found = value(two_point_correlation(random_sites(64, p), longest=8))
    s2 = found["two_point_probability"].values
    np.testing.assert_allclose(s2[0], p, rtol=0.01)
    np.testing.assert_allclose(s2[1:], s2[0] ** 2, rtol=0.02)
    assert np.abs(found["two_point_covariance"][1:]).max() < 5e-4


def test_the_slope_at_the_origin_is_a_quarter_of_the_specific_surface():
    volume = from_array(field((96, 96, 96), 6.0, 0.2, 5), voxel_size=0.5)
    found = value(two_point_correlation(volume, longest=3.0))
    s2, r = found["two_point_probability"].values, found["separation"].values
    slope = np.polyfit(r[:4], s2[:4], 2)[1]
    surface = float(value(surface_area(volume))["specific_surface"])
    np.testing.assert_allclose(-4 * slope, surface, rtol=0.04)


def test_a_sphere_overlaps_itself_as_geometry_says():
    """Share of a sphere that it has in common with itself moved by r: 1 - 3r/4R + r^3/16R^3."""
    n, radius = 96, 20.0
    found = value(two_point_correlation(spheres(n, [(48, 48, 48)], 2 * radius), longest=12))
    r = found["separation"].values
    overlap = 1 - 0.75 * r / radius + (r / radius) ** 3 / 16
    loss = 1 - 1.5 * r / n  # pairs in the box: mean over directions of prod (1 - |r_i| / n)
    expected = found["two_point_probability"].values[0] * overlap
    np.testing.assert_allclose(found["two_point_probability"] * loss, expected, rtol=0.02)


def test_windows_agree_with_the_whole(monkeypatch):
    volume = from_array(field((96, 96, 96), 2.0, 0.15, 7))
    whole = value(two_point_correlation(volume, longest=7.0))
    monkeypatch.setattr("poreflux.metrics.correlation.two_point_correlation.WINDOW", 32)
    parts = value(two_point_correlation(volume, longest=7.0))
    error = parts["two_point_probability_error"]
    apart = parts["two_point_probability"] - whole["two_point_probability"]
    assert (np.abs(apart) < 2 * error).all()
    assert (error < 0.1 * parts["two_point_probability"]).all()
    np.testing.assert_allclose(error, whole["two_point_probability_error"], rtol=0.05)


def test_other_samples_scatter_as_the_error_says():
    found = [
        value(two_point_correlation(from_array(blocks_of_pores(seed, 32, 4)), longest=8.0))
        for seed in range(32)
    ]
    values, errors = (
        np.array([sample[f"two_point_probability{name}"].values for sample in found])
        for name in ("", "_error")
    )
    ratio = values.std(axis=0, ddof=1) / np.sqrt((errors**2).mean(axis=0))
    assert ratio.max() < 1 + 3 / np.sqrt(2 * 31)  # of 32 samples the deviation is within 13 %
    assert ratio.min() > 0.5


def test_layers_are_correlated_along_themselves():
    found = value(two_point_correlation(layers((64, 32, 32), thickness=4), longest=8))
    along = found["two_point_covariance_along"]
    assert along.sel(direction="z").values[4] < 0 < along.sel(direction="x").values[4]


def test_pairs_take_one_pass(rng):
    source, volume = counting_volume((rng.random((9, 9, 9)) > 0.2).astype(np.uint8), 4)
    lazy = two_point_correlation(volume)
    assert source.reads.max() == 0
    value(lazy)
    np.testing.assert_array_equal(source.reads, 1)


def test_a_distance_beyond_a_window_is_refused():
    with pytest.raises(ValueError, match="choose a shorter one"):
        two_point_correlation(from_array(np.ones((4, 4, 4), bool)), longest=9)
