"""The methods text says what uncertainties are, how they add, and which are missing."""

import pytest
import xarray as xr

from poreflux.reporting.methods import methods
from poreflux.reporting.methods_errors import error_sentences


@pytest.fixture
def results():
    results = xr.Dataset({"porosity": 0.2, "porosity_sampling_error": 0.01})
    results["tortuosity_factor"] = ("direction", [1.2, 1.3])
    results["relative_error"] = ("direction", [1e-6, 1e-6])
    return results.assign_coords(direction=["z", "x"])


def test_kinds_are_explained_where_they_are_known(results):
    first, adding, missing = error_sentences(results)
    assert "sampling is one standard deviation" in first
    assert "segmentation" not in first
    assert adding.endswith("add as squares, the solver's is added.")
    assert "of the porosity by segmentation" in missing
    assert "of the tortuosity factor by sampling, discretisation and segmentation" in missing


def test_a_kind_that_is_known_along_one_direction_is_missing_along_the_other(results):
    for end, values in {"low": [1.1, float("nan")], "high": [1.25, float("nan")]}.items():
        results[f"tortuosity_factor_segmentation_{end}"] = ("direction", values)
    *_, missing = error_sentences(results)
    assert "of the tortuosity factor along z by sampling and discretisation" in missing
    assert "along x by sampling, discretisation and segmentation" in missing


def test_nothing_is_missing_where_all_kinds_are_known(results):
    results = results.drop_vars(["tortuosity_factor", "relative_error"])
    (sentence, adding) = error_sentences(results.assign(porosity_low=0.19, porosity_high=0.22))
    assert "segmentation reaches to what other thresholds and methods give" in sentence
    assert adding.endswith("squares.")


def test_the_band_of_the_tortuosity_factor_is_in_the_methods_text(results):
    band = {"porosity_low": 0.19, "porosity_high": 0.23, "gray_balance_porosity": 0.2}
    results = results.assign(threshold_shift=3.0, **band)
    results["tortuosity_factor_segmentation_low"] = ("direction", [1.15, float("nan")])
    results["tortuosity_factor_segmentation_high"] = ("direction", [1.27, float("nan")])
    text = methods(results)
    assert "the porosity lies between 19.0 and 23.0 %" in text
    assert "The tortuosity factor lies between 1.15 and 1.27 along z then." in text
