"""The numbers of a map, on maps whose numbers are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poreflux import interfacial_current, phantoms, structure_factor
from poreflux.phantoms.fields import GaussianField
from poreflux.transport.electrode.column_porosity import column_porosity
from poreflux.transport.electrode.correlation_length import correlation_length, unreliable
from poreflux.transport.electrode.statistics import correlation, statistics

maps = st.integers(0, 10**6).map(lambda seed: np.random.default_rng(seed).gamma(2.0, 1.0, (9, 7)))


@given(maps, st.floats(0.1, 10))
def test_ratios_do_not_depend_on_the_current(j, factor):
    first, second = statistics(j, (1.0, 1.0)), statistics(factor * j, (1.0, 1.0))
    for name in ("current_density_cv", "current_density_gini", "hot_spot_fraction"):
        assert first[name] == pytest.approx(second[name], rel=1e-9)
    assert second["current_density_p99"] == pytest.approx(factor * first["current_density_p99"])


@given(maps)
def test_faces_off_contact_do_not_count(j):
    padded = np.full((12, 7), np.nan)
    padded[:9] = j
    first, second = statistics(j, (1.0, 1.0)), statistics(padded, (1.0, 1.0))
    for name in first:
        if name != "current_correlation_length":
            np.testing.assert_allclose(first[name], second[name])


@given(maps)
def test_a_face_of_half_the_contact_counts_half(j):
    whole = statistics(np.repeat(j, 2, axis=1), (1.0, 1.0))
    share = np.full(j.shape, 0.5)
    for name in ("current_density_mean", "current_density_cv", "current_density_gini"):
        assert statistics(j, (1.0, 1.0), share)[name] == pytest.approx(whole[name], rel=1e-9)


def test_an_exponential_distribution_has_a_gini_of_one_half_and_a_cv_of_one():
    numbers = statistics(np.random.default_rng(1).exponential(3.0, (600, 600)), (1.0, 1.0))
    # standard errors are 0.001
    assert numbers["current_density_gini"] == pytest.approx(0.5, abs=0.004)
    assert numbers["current_density_cv"] == pytest.approx(1.0, abs=0.01)
    assert numbers["current_density_p95"] == pytest.approx(3 * np.log(20), rel=0.01)
    assert numbers["hot_spot_fraction"] == pytest.approx(np.exp(-1.5), abs=0.004)
    assert numbers["high_current_fraction"] == pytest.approx(np.exp(-2 / 3), abs=0.004)


def test_hot_spots_are_counted_measured_and_spaced():
    j = np.ones((40, 40))
    j[5:8, 5:8] = j[5:8, 25:27] = j[30, 30] = j[31, 31] = 10.0
    numbers = statistics(j, (2.0, 1.0))
    assert numbers["hot_spot_count"] == 3
    assert numbers["hot_spot_area_largest"] == 18.0
    assert numbers["hot_spot_area"] == pytest.approx((9 + 6 + 2) * 2 / 3)
    first = 25.5 - 6.0
    third = np.hypot(2 * (30.5 - 6), 30.5 - 25.5)
    assert numbers["hot_spot_spacing"] == pytest.approx((2 * first + third) / 3)


def test_a_uniform_map_is_even_and_has_no_length():
    numbers = statistics(np.full((5, 6), 1.2), (1.0, 1.0))
    assert numbers["current_density_cv"] == pytest.approx(0, abs=1e-15)
    assert numbers["current_density_gini"] == pytest.approx(0, abs=1e-15)
    assert numbers["hot_spot_count"] == 0
    assert np.isnan(numbers["current_correlation_length"])
    assert np.isnan(correlation(np.full(5, 1.2), np.arange(5.0)))


@pytest.mark.parametrize("hidden", [0.0, 0.4])
@pytest.mark.parametrize("voxel", [0.5, 2.0])
def test_a_gaussian_field_has_its_correlation_length(hidden, voxel):
    # covariance exp(-r² / 2 l²): 1/e at sqrt(2) l
    line = np.arange(400) * voxel
    length = 8.0 * voxel
    j = GaussianField((np.inf, length, length), seed=3).on_grid((np.zeros(1), line, line))[0] + 5.0
    j = j.astype(float)
    j[np.random.default_rng(0).random(j.shape) < hidden] = np.nan
    assert correlation_length(j, (voxel, voxel)) == pytest.approx(2**0.5 * length, rel=0.08)


def test_slow_decays_over_a_quarter_of_the_face_are_flagged():
    """Those of exp(-r / l) come out at half of l in one of four maps, which must be told."""
    n, wide = 64, 192
    k = np.hypot(*np.meshgrid(np.fft.fftfreq(wide), np.fft.rfftfreq(wide), indexing="ij"))
    amplitude = (1 + (2 * np.pi * k * n / 4) ** 2) ** -0.75
    flagged = []
    for seed in range(24):
        white = np.random.default_rng(seed).standard_normal((wide, wide))
        field = np.fft.irfft2(np.fft.rfft2(white) * amplitude, (wide, wide))[:n, :n]
        length = correlation_length(5 + field / field.std(), (1.0, 1.0))
        flagged.append(unreliable(length, (n, n), (1.0, 1.0)))
    assert np.mean(flagged) > 0.95


@pytest.mark.parametrize("part", [1 / 16, 1 / 8, 1 / 4])
def test_a_correlation_length_is_unbiased_up_to_a_quarter_of_the_face(part):
    n = 48
    length = part * n
    assert unreliable(length, (n, 2 * n), (1.0, 1.0)) == (part > 1 / 12)
    line = np.arange(6 * n) * 1.0
    lengths = []
    for seed in range(6):
        field = GaussianField((np.inf, length / 2**0.5, length / 2**0.5), seed=seed)
        whole = field.on_grid((np.zeros(1), line, line))[0].astype(float) + 5.0
        for y, x in np.ndindex(3, 3):
            face = whole[2 * n * y : 2 * n * y + n, 2 * n * x : 2 * n * x + n]
            lengths.append(correlation_length(face, (1.0, 1.0)))
    # the mean of 54 faces, each within a quarter of the length
    assert np.mean(lengths) == pytest.approx(length, rel=0.08)


@pytest.mark.parametrize("part", [1 / 16, 1 / 8])
def test_a_field_that_decays_exponentially_has_its_correlation_length(part):
    """Each field is a quarter of a periodic one, whose spectrum is that of exp(-r / l)."""
    n, rng = 48, np.random.default_rng(1)
    line = np.minimum(np.arange(4 * n), 4 * n - np.arange(4 * n))
    spectrum = np.fft.fft2(np.exp(-np.hypot(line[:, None], line) / (part * n))).real.clip(0)
    lengths = []
    for _ in range(60):
        noise = np.fft.fft2(rng.standard_normal(spectrum.shape))
        face = np.fft.ifft2(noise * np.sqrt(spectrum)).real[:n, :n] + 10.0
        lengths.append(correlation_length(face, (1.0, 1.0)))
    # the mean of 60 faces, each within a quarter of the length
    assert np.mean(lengths) == pytest.approx(part * n, rel=0.08)


def test_columns_are_those_of_the_structure_factor():
    volume = phantoms.random_sites((12, 9, 10), 0.3, seed=2)
    expected = structure_factor(volume).structure_factor.values
    np.testing.assert_allclose(column_porosity(volume.phase.values), expected, atol=1e-7)


def test_current_avoids_columns_with_pores_near_the_electrode():
    plan = phantoms.OblatePores(porosity=0.12, diameter=8.0, aspect=0.7, seed=1)
    volume = phantoms.generate(plan, 48, voxel_size=0.92)
    found = interfacial_current(volume)
    # -0.4 to -0.7 near the electrode, half of that for whole columns
    assert -0.9 < float(found.current_porosity_correlation[0]) < -0.3
    assert float(found.current_porosity_correlation[0]) < float(
        found.current_structure_correlation[0]
    )
