"""A number is printed with the digits it deserves and the kind of its uncertainty."""

import numpy as np
import pytest
import xarray as xr

from poreflux.reporting.number_rows import rounded, rows, uncertainties
from tests.plot.sample import sample_results


@pytest.fixture
def results():
    results = sample_results()
    results["relative_error"] = ("direction", [2e-4, 1e-6, 0.0])
    results["iterations"] = ("direction", [9, 10, 11])
    return results


@pytest.mark.parametrize(
    "value, uncertainty, text",
    [
        (0.123456, 0.012, "0.123"),
        (0.123456, 0.0912, "0.123"),
        (1.23456, 0.5, "1.23"),
        (1234.56, 40.0, "1235"),
        (0.1, 1e-12, "0.1000000"),
        (2.0, np.nan, "2.000"),
        (-np.inf, 1.0, "−∞"),
    ],
)
def test_digits_follow_the_uncertainty(value, uncertainty, text):
    assert rounded(value, uncertainty) == text


def test_every_scalar_is_a_row_and_no_map_is(results):
    names = {row.name for row in rows(results)}
    assert names == {"porosity", "tortuosity_factor", "relative_error", "iterations"}


def test_each_direction_has_its_row(results):
    assert [r.direction for r in rows(results) if r.name == "tortuosity_factor"] == list("zyx")


def test_diagnostics_come_last(results):
    assert rows(results)[-1].name == "iterations"
    assert rows(results)[0].name == "porosity"


def test_sampling_is_the_standard_error_over_blocks(results):
    (spread, kind), *_ = uncertainties(results, "porosity")
    blocks = results["block_porosity"].values
    assert kind == "sampling"
    assert spread == pytest.approx(np.std(blocks, ddof=1) / 8)


def test_segmentation_is_the_slope_of_the_cumulative_histogram():
    values = np.arange(101)
    counts = xr.DataArray(np.ones(101), dims="gray_value", coords={"gray_value": values})
    flat = xr.Dataset({"porosity": 0.5, "gray_histogram": counts, "threshold": ("cut", [50.0])})
    ((spread, kind),) = uncertainties(flat, "porosity")
    # class means 25 and 75.5: 5 % of their distance is 2.525 values of 1/101 each
    assert kind == "segmentation"
    assert spread == pytest.approx(2.525 / 101)


def test_solver_error_is_relative_to_the_value(results):
    kinds = dict((kind, u) for u, kind in uncertainties(results, "tortuosity_factor", "z"))
    assert kinds["solver"] == pytest.approx(2e-4 * 1.21)


def test_infinite_numbers_have_no_uncertainty(results):
    results["tortuosity_factor"] = ("direction", [np.inf, 1.2, 1.1])
    row = next(r for r in rows(results) if r.name == "tortuosity_factor")
    assert (row.text, row.spread) == ("∞", "")
