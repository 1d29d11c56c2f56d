"""A number is printed with two digits of its total error, not one more."""

import math

import numpy as np
import pytest

from poreflux.uncertainty.errors import Error
from poreflux.uncertainty.rounding import printed, rounded, significant


@pytest.mark.parametrize(
    "value, error, text",
    [
        (0.123456, 0.012, "0.123"),
        (0.123456, 0.0912, "0.123"),
        (0.123456, 0.0996, "0.12"),
        (1.23456, 0.5, "1.23"),
        (1234.56, 40.0, "1235"),
        (123456.0, 3200.0, "123500"),
        (0.1, 1e-12, "0.1000000"),
        (2.0, np.nan, "2.000"),
        (-np.inf, 1.0, "−∞"),
        (np.nan, 1.0, "–"),
        (0.0, 0.01, "0.000"),
        (0.0002, 0.03, "0.000"),
        (-0.0002, 0.03, "0.000"),
        (4.21e-9, 1e-10, "4.21e-9"),
    ],
)
def test_digits_follow_the_error(value, error, text):
    assert rounded(value, error) == text


@pytest.mark.parametrize("value", [0.0123, 0.17, 1.2345, 87.6, 4321.0])
@pytest.mark.parametrize("share", [0.3, 0.02, 0.001])
def test_what_is_printed_is_the_number_within_a_twentieth_of_its_error(value, share):
    """Two digits of the error leave the last of the number a tenth of it, or less."""
    shown = printed(value, [Error("sampling", share * value, share * value)])
    assert abs(float(shown.value) - value) <= 0.051 * share * value
    error = float(shown.total.removeprefix("± "))
    assert error == pytest.approx(share * value, rel=0.051)


def test_a_total_and_its_parts_have_the_same_decimals():
    errors = [
        Error("sampling", 0.0141, 0.0141),
        Error("discretisation", 0.0049, 0.0049),
        Error("solver", 1e-6, 1e-6),
    ]
    shown = printed(1.23412345, errors)
    assert shown.with_unit("") == "1.234 ± 0.015"
    assert shown.kinds == "sampling 0.014, discretisation 0.005, solver 1e-6"


def test_one_kind_is_named_and_not_repeated():
    shown = printed(12.34, [Error("sampling", 0.41, 0.41)])
    assert shown.error == "± 0.41 (sampling)"
    assert shown.with_unit("µm") == "12.34 ± 0.41 µm"


def test_a_long_side_is_told_by_the_ends():
    errors = [Error("sampling", 0.005, 0.005), Error("segmentation", 0.016, 0.043)]
    shown = printed(0.171, errors)
    assert shown.value == "0.171"
    assert shown.total == "0.154 to 0.214"
    assert shown.kinds == "sampling ± 0.005, segmentation 0.155 to 0.214"


def test_an_open_end_is_infinite():
    shown = printed(1.3, [Error("segmentation", 0.05, math.inf)])
    assert (shown.value, shown.total) == ("1.300", "1.250 to ∞")


@pytest.mark.parametrize(
    "solver, text", [(6.2e-8, "1.057"), (2e-3, "1.057"), (0.02, "1.057"), (0.2, "1.06")]
)
def test_the_solver_alone_is_no_total(solver, text):
    shown = printed(1.056635, [Error("solver", solver, solver)])
    assert shown.value == text
    assert shown.total == ""
    assert shown.error.startswith("error not known (solver ")


def test_whole_numbers_are_exact():
    assert printed(1234567).value == "1234567"
    assert significant(12, 4) == "12"
