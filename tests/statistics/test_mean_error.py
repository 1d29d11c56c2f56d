"""The error of a mean is that of the mean of other samples."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from poreflux.statistics.cosine_waves import cosine_waves
from poreflux.statistics.explanations import grouped
from poreflux.statistics.mean_error import mean_error


def grid(*lengths):
    return [np.arange(n + 1.0) for n in lengths]


def blurred(rng, n, length, margin):
    """Return a Gaussian field of variance 1, correlated over a length; no part of it repeats."""
    field = gaussian_filter(rng.normal(size=(n + 2 * margin,) * 3), length)
    inside = slice(margin, -margin or None)
    return field[inside, inside, inside] * (2 * np.sqrt(np.pi) * length) ** 1.5


def test_waves_of_white_noise_have_the_variance_of_a_cell(rng):
    values = 3 + 0.5 * rng.normal(size=(20, 30, 40))
    power = cosine_waves(2 * values, np.full_like(values, 2.0), grid(20, 30, 40)).power
    np.testing.assert_allclose(power.mean(), 0.25 * 2, rtol=5 * np.sqrt(2 / len(power)))


def test_a_constant_has_no_waves_and_no_error():
    weight = np.random.default_rng(0).random((8, 8, 8))
    error = mean_error(0.3 * weight, weight, grid(8, 8, 8))
    assert error.standard_error == 0
    assert error.variance_volume == 0


def test_one_cell_tells_nothing():
    one = np.ones((1, 1, 1))
    assert np.isnan(mean_error(one, one, grid(1, 1, 1)).standard_error)


def test_the_error_does_not_depend_on_units(rng):
    values = rng.normal(size=(12, 12, 12))
    plain = mean_error(values, np.ones_like(values), grid(12, 12, 12)).standard_error
    edges = [2.0 * edge for edge in grid(12, 12, 12)]
    scaled = mean_error(5 * 8 * values, np.full_like(values, 8.0), edges).standard_error
    np.testing.assert_allclose(scaled, 5 * plain, rtol=1e-9)


def test_layers_that_scatter_are_averaged_along_one_axis_only(rng):
    """Of 40 layers each of its own value the mean has the error of 40 numbers, not of 40³."""
    layer = rng.normal(size=(40, 1, 1))
    values = layer + 0.1 * rng.normal(size=(40, 40, 40))
    error = mean_error(values, np.ones_like(values), grid(40, 40, 40))
    np.testing.assert_allclose(error.standard_error, 1 / np.sqrt(40), rtol=0.5)
    # a cube of another edge holds more or fewer of them
    larger, smaller = error.variance_of_cube(80.0), error.variance_of_cube(20.0)
    np.testing.assert_allclose(smaller / larger, 4, rtol=0.1)


@pytest.mark.parametrize("seed", range(3))
def test_weak_layers_are_not_taken_for_strong_ones(seed):
    """Layers over a tenth of the edge, three times as strong as what else varies, make the
    variance of the mean four times as large; pressed pores have such layers."""
    values = np.random.default_rng(seed).normal(size=(24, 24, 24))
    values -= values.mean(axis=(1, 2), keepdims=True)
    number = np.arange(1, 24)
    power = 1 + 3 * np.exp(-((np.pi * number * 0.09) ** 2) / 2)
    cosines = np.cos(np.pi * np.outer(np.arange(24) + 0.5, number) / 24)
    values += (cosines @ np.sqrt(power / (12 * 24**2)))[:, None, None]
    error = mean_error(values, np.ones_like(values), grid(24, 24, 24))
    assert error.kinds[1] > 0.5
    of_few_waves = np.sqrt(2 / 12)
    np.testing.assert_allclose(np.log(error.variance_volume), np.log(4), atol=of_few_waves)


@pytest.mark.parametrize("axis", range(3))
def test_columns_are_averaged_across_their_axis(axis, rng):
    shape = [24, 24, 24]
    shape[axis] = 1
    values = np.broadcast_to(rng.normal(size=shape), (24, 24, 24))
    error = mean_error(values, np.ones_like(values), grid(24, 24, 24))
    np.testing.assert_allclose(error.standard_error, 1 / 24, rtol=0.4)


def test_the_edge_for_an_error_has_this_error(rng):
    values = rng.normal(size=(24, 24, 24))
    error = mean_error(values, np.ones_like(values), grid(24, 24, 24))
    edge, uncertainty = error.edge_for(0.01)
    np.testing.assert_allclose(edge, 0.01 ** (-2 / 3), rtol=4 * uncertainty / edge)
    np.testing.assert_allclose(error.variance_of_cube(edge), 0.01**2, rtol=1e-6)


def test_two_of_three_means_are_within_the_error_and_19_of_20_within_twice():
    """A field correlated over 1.7 of 24 cells: 8 integral lengths of 2 √π · 1.7 / 2."""
    rng, count = np.random.default_rng(3), 60
    ratios = []
    for _ in range(count):
        values = blurred(rng, 24, 1.2, 6)
        error = mean_error(values, np.ones_like(values), grid(24, 24, 24))
        ratios.append(abs(values.mean()) / error.standard_error)
    within = [np.mean(np.array(ratios) < sigmas) for sigmas in (1, 2)]
    spread = np.sqrt([0.68 * 0.32 / count, 0.95 * 0.05 / count])
    assert abs(within[0] - 0.68) < 0.08 + 2 * spread[0]
    assert 0.95 - 0.04 - 2 * spread[1] < within[1]


def test_layers_of_a_few_cells_are_as_likely_as_finer_ones_say(rng):
    few = rng.normal(size=(4, 4, 4))
    even = rng.normal(size=(24, 24, 24))
    layered = even + rng.normal(size=(24, 1, 1))
    found = {}
    for name, fine in (("even", even), ("layered", layered)):
        like = mean_error(fine, np.ones_like(fine), grid(24, 24, 24))
        found[name] = mean_error(few, np.ones_like(few), grid(4, 4, 4), like=like)
    alone = mean_error(few, np.ones_like(few), grid(4, 4, 4))
    chance = [error.kinds[1] for error in (found["even"], alone, found["layered"])]
    assert chance[0] < chance[1] < chance[2]
    assert found["even"].standard_error < alone.standard_error < found["layered"].standard_error


def test_waves_of_the_same_expected_power_are_weighed_as_one(rng):
    values = rng.normal(size=(12, 12, 12))
    waves = cosine_waves(values, np.ones_like(values), grid(12, 12, 12))
    ones, power, number = grouped(waves)
    assert len(ones.power) < len(waves.power) / 2
    np.testing.assert_allclose([power.sum(), number.sum()], [waves.power.sum(), len(waves.power)])
    np.testing.assert_allclose(number @ ones.squares, waves.squares.sum())
