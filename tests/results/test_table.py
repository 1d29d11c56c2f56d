"""The table of Results has each number once, with its unit and its errors."""

import math

import numpy as np
import pytest
import xarray as xr

import poreflux as pf
from poreflux.schema import DIMS
from poreflux.uncertainty.errors import errors_of, total


@pytest.fixture(scope="module")
def measured():
    volume = pf.phantoms.random_spheres(24, 4, [6, 8])
    solved = pf.block_tortuosity(volume, blocks=(2, 2, 2), direction="all", rtol=1e-3)
    parts = [pf.structure_factor(volume, direction=d) for d in DIMS]
    whole = [pf.tortuosity_factor(volume, direction=d, rtol=1e-3) for d in "zy"]
    of_pores = pf.porosity(volume), pf.connectivity(volume)
    return pf.collect(*of_pores, *parts, *whole, solved, volume=volume)


@pytest.fixture(scope="module")
def table(measured):
    return pf.results_table(measured)


def test_each_number_has_one_row(table):
    assert not table.duplicated(["name", "direction", "case"]).any()
    assert not table["name"].str.endswith("_error").any() or set(
        table["name"][table["name"].str.endswith("_error")]
    ) <= {"relative_error"}


def test_numbers_keep_all_digits_and_their_units(measured, table):
    numbers = table.set_index(["name", "direction", "case"])
    for direction in DIMS:
        row = numbers.loc["integral_length", direction, ""]
        expected = float(measured["integral_length"].sel(direction=direction))
        assert (row["value"], row["unit"]) == (expected, "um")
    six = numbers.loc["isolated_fraction", "", "6 neighbours"]
    assert six["value"] == float(measured["isolated_fraction"].sel(neighbours=6))


def test_directions_that_were_not_solved_have_no_row(table):
    found = table[table["name"] == "tortuosity_factor"]
    assert found["direction"].tolist() == ["z", "y"]


def test_errors_are_the_totals_that_are_printed(measured, table):
    row = table[(table["name"] == "tortuosity_factor") & (table["direction"] == "y")].iloc[0]
    errors = errors_of(measured, "tortuosity_factor", "y")
    assert row["kinds"] == "sampling, solver"
    assert row["error"] == total(errors).largest
    assert row["sampling_error"] == errors[0].largest
    assert math.isnan(row["segmentation_error"])


def test_the_solver_alone_is_no_total():
    results = xr.Dataset(
        {"tortuosity_factor": ("direction", [1.2]), "relative_error": ("direction", [1e-6])},
        {"direction": ["z"]},
    )
    row = pf.results_table(results).iloc[0]
    assert np.isnan(row["error"])
    assert row["solver_error"] == pytest.approx(1.2e-6)
    assert row["kinds"] == "solver"


def test_no_results_are_an_empty_table():
    assert pf.results_table(xr.Dataset()).empty
    assert "value" in pf.results_table(xr.Dataset())


def test_numbers_of_a_narrow_sample_say_so():
    narrow = {"relative_width": 5.0, "integral_length": 20.0, "effective_samples": 125.0}
    numbers = {f"porosity_{name}": value for name, value in narrow.items()}
    results = xr.Dataset({"porosity": 0.2, "porosity_sampling_error": 0.01, **numbers})
    table = pf.results_table(results.assign(connected_fraction=0.9)).set_index("name")
    assert table["note"]["porosity"].startswith("the sample is not representative")
    assert table["note"]["connected_fraction"] == ""
    wide = pf.results_table(results.assign(porosity_relative_width=9.0)).set_index("name")
    assert wide["note"]["porosity"] == ""


def test_a_column_has_the_numbers_as_they_are_to_be_printed():
    """All digits of the other columns are false precision beside their errors."""
    results = xr.Dataset(
        {
            "pore_diameter_mean": 5.6882604,
            "pore_diameter_mean_sampling_error": 0.18513,
            "porosity": 0.147760,
            "porosity_low": 0.0998,
            "porosity_high": 0.16435,
        }
    )
    printed = pf.results_table(results).set_index("name")["printed"]
    assert printed["pore_diameter_mean"] == "5.69 ± 0.19 µm"
    assert printed["porosity"] == "0.148, 0.100 to 0.164"
