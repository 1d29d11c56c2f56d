"""Random fields agree with their theory, and with themselves in any window."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poreflux.phantoms import GaussianField, Modulation
from poreflux.phantoms.fields import _taps
from poreflux.phantoms.noise import cell_generator, white_noise

small = st.integers(-40, 40)
sizes = st.integers(1, 40)


@given(st.tuples(small, small, small), st.tuples(sizes, sizes, sizes))
@settings(max_examples=30, deadline=None)
def test_white_noise_of_a_window_is_that_of_the_whole(corner, extent):
    whole = white_noise(3, 1, (-40, -40, -40), (80, 80, 80))
    stop = [a + n for a, n in zip(corner, extent)]
    part = white_noise(3, 1, corner, stop)
    assert np.array_equal(part, whole[tuple(slice(a + 40, b + 40) for a, b in zip(corner, stop))])


def test_cells_streams_and_seeds_are_independent():
    keys = [(0, 0, (0, 0, 0)), (1, 0, (0, 0, 0)), (0, 1, (0, 0, 0)), (0, 0, (0, 0, 1))]
    draws = np.array([cell_generator(*key).standard_normal(10_000) for key in keys])
    correlation = np.corrcoef(draws) - np.eye(4)
    assert np.abs(correlation).max() < 4 / np.sqrt(10_000)  # four standard errors


def test_white_noise_is_standard_normal():
    w = white_noise(5, 2, (0, 0, 0), (60, 60, 60)).astype(float)
    n = w.size
    assert abs(w.mean()) < 4 / np.sqrt(n)
    assert abs(w.var() - 1) < 4 * np.sqrt(2 / n)
    assert abs((w**4).mean() - 3) < 4 * np.sqrt(96 / n)
    # neighbours, also across the edges of cells
    assert abs((w[1:] * w[:-1]).mean()) < 4 / np.sqrt(n)


@pytest.mark.parametrize("length", [0.6, 1.0, 3.7, 40.0])
def test_weights_give_variance_one_and_the_gaussian_covariance(length):
    x = np.linspace(-3 * length, 5 * length, 301)
    first, weights = _taps(x, length)
    assert np.allclose((weights.astype(float) ** 2).sum(axis=1), 1, atol=1e-6)
    # exact covariance of the field between any two positions, from the weights alone
    sites = np.arange(first.min(), first.max() + 8)
    dense = np.zeros((len(x), len(sites)))
    for t in range(8):
        dense[np.arange(len(x)), first + t - sites[0]] = weights[:, t]
    theory = np.exp(-((x[:, None] - x) ** 2) / (2 * length**2))
    assert np.abs(dense @ dense.T - theory).max() < 1e-3


@given(
    st.tuples(small, small, small),
    st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)),
    st.sampled_from([1.3, (2.0, 5.0, 3.0), (4.0, np.inf, np.inf)]),
)
@settings(max_examples=30, deadline=None)
def test_field_of_a_window_is_that_of_the_whole_to_the_last_bit(corner, extent, length):
    field = GaussianField(length, seed=11)
    whole = field.on_grid([np.arange(-40, 50) * 0.92] * 3)
    lines = [np.arange(a, a + n) * 0.92 for a, n in zip(corner, extent)]
    window = tuple(slice(a + 40, a + 40 + n) for a, n in zip(corner, extent))
    assert np.array_equal(field.on_grid(lines), whole[window])


def test_field_at_points_is_that_of_the_grid():
    field = GaussianField(4.0, seed=2)
    lines = [np.arange(5) + 0.5, np.arange(6) * 2.0, np.arange(7) - 30.0]
    points = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1).reshape(-1, 3)
    assert np.allclose(field.at(points), field.on_grid(lines).ravel(), atol=1e-5)


@pytest.mark.parametrize("length", [1.5, 3.0])
def test_field_has_its_covariance_within_the_sampling_error(length):
    n = 96
    g = GaussianField(length, seed=4).on_grid([np.arange(float(n))] * 3).astype(float)
    # number of independent samples: volume over the integral of the squared covariance
    independent = n**3 / (np.sqrt(np.pi) * length) ** 3
    assert abs(g.mean()) < 4 * np.sqrt((np.sqrt(2 * np.pi) * length) ** 3 / n**3)
    for lag in range(5):
        moved = (g[lag:] * g[: n - lag]).mean()
        theory = np.exp(-(lag**2) / (2 * length**2))
        assert abs(moved - theory) < 4 * np.sqrt((1 + theory**2) / independent)


def test_constant_axes_stay_constant():
    g = GaussianField((5.0, np.inf, np.inf), seed=1).on_grid([np.arange(20.0)] * 3)
    assert np.ptp(g, axis=(1, 2)).max() == 0
    assert g.std() > 0.1


def test_modulation_adds_its_fields_and_cuts_the_tails():
    both = Modulation(clusters=0.6, cluster_length=5.0, layers=0.8, layer_length=7.0)
    lines = [np.arange(40.0)] * 3
    values = both.on_grid(lines, seed=1, stream=5)
    parts = [
        0.6 * GaussianField(5.0, 1, 5).on_grid(lines),
        0.8 * GaussianField((7.0, np.inf, np.inf), 1, 6).on_grid(lines),
    ]
    assert np.allclose(values, np.clip(sum(parts), -3, 3), atol=1e-6)
    assert np.abs(values).max() <= 3


@pytest.mark.parametrize("amplitude", [0.0, 0.3, 1.0])
def test_mean_over_the_modulation_is_the_gaussian_integral(amplitude):
    modulation = Modulation(clusters=amplitude)
    # what is cut at three deviations has the mean excess below 0.3 % of the second moment
    assert modulation.mean(lambda m: m**2) == pytest.approx(amplitude**2, rel=0.005)
    assert modulation.mean(lambda m: m) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("length", [0.0, -1.0, (1.0, 2.0)])
def test_a_length_that_is_none_is_refused(length):
    with pytest.raises(ValueError, match="positive length"):
        GaussianField(length).on_grid([np.arange(3.0)] * 3)
