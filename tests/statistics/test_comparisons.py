"""Tests of several samples: chances are exact, corrections hold, few samples show little."""

import itertools

import numpy as np
import pytest
from scipy.stats import spearmanr

from poreflux.statistics.block_bootstrap import bootstrap
from poreflux.statistics.rank_correlation import (
    chance_of,
    least_correlation,
    power,
    rank_correlation,
)
from poreflux.statistics.several_tests import holm


def test_rank_correlation_is_that_of_scipy_with_equal_values_too(rng):
    one, other = rng.integers(0, 5, (2, 9))
    assert rank_correlation(one, other) == pytest.approx(spearmanr(one, other).statistic)


def test_the_chance_is_the_share_of_all_orders(rng):
    one, other = rng.random((2, 6))
    found = abs(spearmanr(one, other).statistic)
    others = [abs(spearmanr(one, list(p)).statistic) for p in itertools.permutations(other)]
    assert chance_of(one, other) == pytest.approx(np.mean(np.array(others) >= found - 1e-9))


def test_the_chance_of_many_samples_is_near_that_of_scipy(rng):
    one = rng.random(30)
    other = one + 0.6 * rng.random(30)
    assert chance_of(one, other) == pytest.approx(spearmanr(one, other).pvalue, abs=2e-3)


@pytest.mark.parametrize("count, least", [(5, 1.0), (6, 0.886), (7, 0.786), (8, 0.738)])
def test_the_least_correlation_at_one_in_twenty_is_that_of_tables(count, least):
    assert least_correlation(count, 0.05) == pytest.approx(least, abs=1e-3)


def test_power_without_a_correlation_is_the_level():
    assert power(7, 0.0, 0.05) < 0.06
    assert power(20, 0.8, 0.05) > 0.9
    assert power(4, 0.99, 0.05) == 0.0


def test_holm_keeps_the_order_and_lies_between_none_and_bonferroni(rng):
    p = rng.random(12) ** 3
    corrected = holm(p)
    assert np.all(corrected >= p)
    assert np.all(corrected <= np.minimum(12 * p, 1))
    assert np.all(np.diff(corrected[np.argsort(p)]) >= 0)
    assert np.isnan(holm(np.array([np.nan, 0.1]))).tolist() == [True, False]


def test_the_bootstrap_of_a_mean_honours_the_dependence_of_neighbours(rng):
    alone, together, means = [], [], []
    for _ in range(60):
        noise = rng.standard_normal((12, 12))
        field = (
            noise + np.roll(noise, 1, 0) + np.roll(noise, 1, 1) + np.roll(noise, (1, 1), (0, 1))
        ) / 2
        means.append(field.mean())
        for edge, found in ((1, alone), (4, together)):
            drawn = bootstrap(field, lambda b: b.mean(axis=1), draws=200, rng=rng, together=edge)
            found.append(drawn.std())
    assert np.mean(alone) / np.std(means) < 0.65  # half, as if blocks were independent
    assert 0.75 < np.mean(together) / np.std(means) < 1.25
