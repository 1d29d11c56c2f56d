"""A number is printed with the digits it deserves and the kind of its uncertainty."""

import numpy as np
import pytest
import xarray as xr

from poreflux.cli.numbers import document
from poreflux.results.number_rows import rows
from tests.plot.sample import sample_results


@pytest.fixture
def results():
    results = sample_results()
    results["relative_error"] = ("direction", [2e-4, 1e-6, 0.0])
    results["iterations"] = ("direction", [9, 10, 11])
    return results


def test_every_scalar_is_a_row_and_no_map_is(results):
    names = {row.name for row in rows(results)}
    assert names == {"porosity", "tortuosity_factor", "relative_error", "iterations"}


def test_each_direction_has_its_row(results):
    assert [r.direction for r in rows(results) if r.name == "tortuosity_factor"] == list("zyx")


def test_diagnostics_come_last(results):
    assert rows(results)[-1].name == "iterations"
    assert rows(results)[0].name == "porosity"


def test_the_total_comes_first_and_its_kinds_behind(results):
    results = results.assign(porosity_sampling_error=0.0123, porosity_solver_error=1e-6)
    row = next(row for row in rows(results) if row.name == "porosity")
    assert row.spread == "± 0.012 (sampling 0.012, solver 1e-6)"
    assert row.text == f"{float(results.porosity):.3f}"


def test_the_solver_alone_leaves_four_digits(results):
    """1.056635 ± 6e-8 would say that the geometry is known to 6e-8."""
    results["tortuosity_factor"] = ("direction", [1.056635, 1.0, 1.0])
    row = next(row for row in rows(results) if row.name == "tortuosity_factor")
    assert (row.text, row.spread) == ("1.057", "error not known (solver 0.0002)")
    results["relative_error"] = ("direction", [6.2e-8, 1e-6, 0.0])
    row = next(row for row in rows(results) if row.name == "tortuosity_factor")
    assert (row.text, row.spread) == ("1.057", "error not known (solver 7e-8)")


def test_derived_numbers_have_no_more_digits_than_what_they_are_made_of(results):
    """A MacMullin number beside a τ of ± 0.015 has no seven digits."""
    results["tortuosity_factor"] = ("direction", [1.2345678, 1.2, 1.1])
    results["macmullin_number"] = ("direction", [1.3266731, 1.3, 1.2])
    results["tortuosity_factor_sampling_error"] = ("direction", [0.015, 0.015, 0.015])
    shown = {row.name: row for row in rows(results) if row.direction == "z"}
    assert shown["tortuosity_factor"].text == "1.235"
    assert shown["macmullin_number"].text == "1.327"
    assert shown["macmullin_number"].spread.startswith("± 0.016 (sampling 0.016, solver")


def test_a_lopsided_band_is_told_by_its_ends(results):
    low, high = float(results.porosity) - 0.011, float(results.porosity) + 0.043
    results = results.assign(porosity_low=low, porosity_high=high)
    row = next(row for row in rows(results) if row.name == "porosity")
    assert row.spread == f"{low:.3f} to {high:.3f} (segmentation)"


def test_errors_are_no_rows_of_their_own(results):
    results = results.assign(porosity_sampling_error=0.0123)
    assert "porosity_sampling_error" not in {row.name for row in rows(results)}


def test_errors_are_taken_from_all_that_is_known(results):
    """A later verb prints what an earlier one knows of the sample."""
    alone = results[["tortuosity_factor"]]
    known = results.copy()
    known["tortuosity_factor_sampling_error"] = ("direction", [0.02] * 3)
    found = rows(alone, known=known)
    assert {row.name for row in found} == {"tortuosity_factor"}
    assert [row.total.above for row in found] == [pytest.approx(0.02, rel=0.02)] * 3


def test_a_number_that_matters_says_that_its_error_is_not_known(results):
    (row,) = rows(results[["porosity"]])
    assert row.spread == "error not known"
    (row,) = rows(xr.Dataset({"voxels": 8}))
    assert row.spread == ""


def test_infinite_numbers_have_no_uncertainty(results):
    results["tortuosity_factor"] = ("direction", [np.inf, 1.2, 1.1])
    row = next(r for r in rows(results) if r.name == "tortuosity_factor")
    assert (row.text, row.spread) == ("∞", "")


def test_json_keeps_all_digits_and_the_kinds():
    number = {"porosity": 0.123456789, "porosity_sampling_error": 0.0123456789}
    found = document(xr.Dataset({**number, "porosity_low": 0.1, "porosity_high": 0.2}))["porosity"]
    assert found["value"] == 0.123456789
    assert [u["kind"] for u in found["uncertainties"]] == ["sampling", "segmentation"]
    sampling, band = found["uncertainties"]
    assert sampling["value"] == sampling["below"] == 0.0123456789
    assert (band["below"], band["above"]) == (
        pytest.approx(0.023456789),
        pytest.approx(0.076543211),
    )
    both = np.hypot(0.0123456789, 0.076543211)
    assert found["uncertainty"]["above"] == pytest.approx(both)
