"""Comparisons are tried on samples whose truth is known: false alarms, findings, orders."""

import math

import numpy as np
import pytest
import xarray as xr

from poreflux.results import join_results
from poreflux.study.answer import answer
from poreflux.study.compare import compare

ERROR = 0.01


def results(porosity, error=ERROR, **more):
    return xr.Dataset({"porosity": porosity, "porosity_sampling_error": error, **more})


def measured(truth, rng, **more):
    """Return Results whose values are off their truth by their errors."""
    return {
        f"s{k}": results(value + ERROR * rng.standard_normal(), **more)
        for k, value in enumerate(truth)
    }


def study(truth, rng, **more):
    return compare(measured(truth, rng, **more), quantities=["porosity"], draws=100)


def test_equal_samples_are_told_apart_in_no_more_than_one_of_twenty_studies(rng):
    wrong = [any(d.differs for d in study([0.2] * 6, rng).differences) for _ in range(300)]
    assert np.mean(wrong) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 300)


def test_samples_six_errors_apart_are_told_apart(rng):
    found = [d.differs for _ in range(40) for d in study([0.1, 0.1 + 6 * ERROR], rng).differences]
    assert np.mean(found) > 0.97  # |z| > 1.96 where its mean is 6 / sqrt(2)


def test_intervals_hold_the_true_difference_as_often_as_they_say(rng):
    rows = [d for _ in range(200) for d in study([0.1, 0.13, 0.13], rng).differences]
    truth = {("s0", "s1"): -0.03, ("s0", "s2"): -0.03, ("s1", "s2"): 0.0}
    held = [d.low <= truth[d.one, d.other] <= d.high for d in rows]
    assert abs(np.mean(held) - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 200)


def test_every_kind_of_error_widens_an_interval():
    one, other = results(0.1), results(0.2)
    narrow = compare({"a": one, "b": other}).differences[0]
    wide = compare({"a": one.assign(porosity_low=0.08, porosity_high=0.14), "b": other})
    assert narrow.high - narrow.difference == pytest.approx(1.96 * ERROR * 2**0.5, rel=1e-3)
    upper = math.hypot(math.hypot(ERROR, 0.04), ERROR)
    assert wide.differences[0].high - narrow.difference == pytest.approx(1.96 * upper, rel=1e-3)


def test_a_value_without_an_error_is_in_no_difference_and_no_order():
    comparison = compare({"a": xr.Dataset({"porosity": 0.1}), "b": results(0.2), "c": results(0.3)})
    assert [(d.one, d.other) for d in comparison.differences] == [("b", "c")]
    assert comparison.orders["porosity"].samples == ("c", "b")


def test_the_probability_of_an_order_is_that_of_normal_numbers():
    order = compare({"a": results(0.20), "b": results(0.21)}, draws=20_000).orders["porosity"]
    expected = 0.5 * (1 + math.erf(0.01 / (ERROR * 2**0.5) / 2**0.5))
    assert order.samples == ("b", "a")
    assert order.probability == pytest.approx(expected, abs=0.015)
    assert order.first["b"] == order.probability


def with_target(values, targets):
    return {
        f"s{k}": results(v).assign_attrs(measured={"limit": {"value": t, "scatter": 0.0}})
        for k, (v, t) in enumerate(zip(values, targets))
    }


def test_a_perfect_order_of_six_has_the_least_chance_there_is():
    samples = with_target(np.arange(6) / 10, np.arange(6.0) ** 2)
    row = compare(samples).correlation("porosity", "limit")
    assert (row.count, row.correlation) == (6, 1.0)
    assert row.p == pytest.approx(2 / 720)


def test_a_quantity_measured_of_some_samples_counts_these():
    samples = with_target([0.1, 0.2, 0.3, 0.4], [1.0, 2.0, 3.0, math.nan])
    assert compare(samples).correlation("porosity", "limit").count == 3


def test_correlations_of_some_samples_say_of_how_many():
    samples = with_target([0.1, 0.2, 0.3, 0.4, 0.5], [1.0, 2.0, 3.0, 4.0, 5.0])
    for name in ("s0", "s1", "s2", "s3"):
        samples[name] = samples[name].assign(clustering_ratio=float(name[1]))
    _, second, third = answer(compare(samples))
    assert "the clustering ratio is not shown to order it (rank correlation of n = 4 +1" in second
    assert "a sample has does order the measured limit (rank correlation +1" in second
    assert third.startswith("With n = 4 to 5 (what follows is for 5) and 2 quantities only a")


def test_without_amount_and_arrangement_the_strongest_of_what_there_is_answers():
    samples = {
        name: one.drop_vars("porosity").assign(pore_diameter_by_volume_mean=float(k))
        for k, (name, one) in enumerate(with_target([0.1] * 4, [1.0, 2.0, 3.0, 4.0]).items())
    }
    second = answer(compare(samples))[1]
    assert second.startswith("The mean pore diameter by volume is not shown to order the measured")


def descriptors(rng, count):
    """Return samples of many descriptors that have nothing to do with what was measured."""
    names = ("porosity", "integral_range", "clustering_ratio", "hyperuniformity_index",
             "pore_diameter_by_volume_mean")  # fmt: skip
    return {
        f"s{k}": xr.Dataset({name: rng.random() for name in names}).assign_attrs(
            measured={"limit": {"value": rng.random(), "scatter": 0.0}}
        )
        for k in range(count)
    }


def test_of_many_descriptors_none_is_found_by_chance_too_often(rng):
    alarms = []
    for _ in range(200):
        rows = compare(descriptors(rng, 6), draws=100).correlations
        assert len(rows) == 5
        alarms.append(any(row.p_corrected < 0.05 for row in rows))
    assert np.mean(alarms) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 200)


def blocks(rng, cv, correlated):
    """Return blocks on a grid whose neighbours are alike, or not."""
    values = rng.standard_normal((8, 8, 8))
    if correlated:
        values = sum(np.roll(values, shift, axis) for axis in range(3) for shift in (0, 1)) / 6**0.5
    dims = ("block_z", "block_y", "block_x")
    field = 0.2 * (1 + cv * values)
    return xr.Dataset({"block_porosity": (dims, field), "block_porosity_std": field.std(ddof=1)})


@pytest.mark.parametrize("correlated", [False, True])
def test_the_error_of_the_spread_of_blocks_is_its_scatter(correlated, rng):
    values, errors = [], []
    for _ in range(60):
        samples = {name: blocks(rng, 0.1, correlated) for name in "ab"}
        found = compare(samples, quantities=["block_porosity_std"], draws=200)
        for value in found.found["block_porosity_std"].values():
            values.append(value.value)
            errors.append(value.below)
    # 120 values: their scatter is known to 6.5 %; groups of 2 x 2 x 2 hold most of the dependence
    assert 0.7 < np.mean(errors) / np.std(values) < 1.3


def current(rng, cv):
    """Return a map of the current with a correlation length of 8 pixels."""
    values = rng.standard_normal((96, 96))
    k = np.fft.fftfreq(96)
    damp = np.exp(-((2 * np.pi * 5.6) ** 2) * (k[:, None] ** 2 + k**2) / 2)
    image = np.fft.ifft2(np.fft.fft2(values) * damp).real
    image = 1 + cv * image / np.sqrt(np.mean(damp**2))
    at = {"direction": ["z"], "x": np.arange(96.0), "y": np.arange(96.0)}
    return xr.Dataset(
        {
            "current_density": (("y", "x"), image),
            "current_density_cv": ("direction", [image.std() / image.mean()]),
            "current_correlation_length": ("direction", [8.0]),
        },
        at,
    )


def test_the_error_of_the_unevenness_of_the_current_is_its_scatter(rng):
    values, errors = [], []
    for _ in range(30):
        samples = {name: current(rng, 0.1) for name in "ab"}
        found = compare(samples, quantities=["current_density_cv"], draws=200)
        for value in found.found["current_density_cv z"].values():
            values.append(value.value)
            errors.append(value.below)
    assert 0.6 < np.mean(errors) / np.std(values) < 1.4


def test_joined_results_are_compared_as_their_samples(rng):
    samples = measured([0.1, 0.2, 0.3], rng)
    assert compare(join_results(samples)).differences == compare(samples).differences


def test_the_answer_is_three_sentences_of_numbers(rng):
    samples = with_target(np.arange(6) / 10, [3.0, 1.0, 2.0, 6.0, 5.0, 4.0])
    sentences = answer(compare(samples))
    assert "rank correlation +0.60" in sentences[1]
    assert "is not shown to order the measured limit" in sentences[1]
    assert "n = 6 and 1 quantity only a rank correlation of 0.89" in sentences[2]


def test_one_sample_is_compared_with_nothing():
    with pytest.raises(ValueError, match="1 sample is compared with nothing; give at least two"):
        compare({"a": results(0.1)})
    with pytest.raises(ValueError, match="quantities='poros' is not known; choose of porosity"):
        compare({"a": results(0.1), "b": results(0.2)}, quantities=["poros"])
    with pytest.raises(ValueError, match="no two samples have a quantity in common"):
        compare({"a": xr.Dataset(), "b": results(0.2)})
