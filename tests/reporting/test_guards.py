"""Each guard speaks on the mistake it is there for, and is silent on sound results."""

import numpy as np
import pytest
import xarray as xr

from poreflux.reporting.guards import guards
from tests.plot.sample import sample_results


def sound():
    results = sample_results()
    tau = results["block_tortuosity_factor"]
    results["block_tortuosity_factor"] = tau.where(np.isfinite(tau), 1.1)
    return results


def changed(**variables):
    results = sound()
    for name, value in variables.items():
        results[name] = value
    return results


def test_sound_results_have_no_warning():
    assert guards(sound()) == []


@pytest.mark.parametrize("length", [0.92e-3, 920.0])
def test_a_voxel_size_off_by_a_thousand_is_noticed(length):
    results = sound()
    results.attrs["voxel_size"] = [length] * 3
    (warning,) = guards(results)
    assert "voxel edge" in warning


@pytest.mark.parametrize("porosity, words", [(0.0, "no voxel"), (1.0, "every"), (0.83, "swapped")])
def test_an_odd_porosity_is_noticed(porosity, words):
    (warning,) = guards(changed(porosity=porosity))
    assert words in warning


def test_a_band_as_wide_as_the_porosity_is_noticed():
    (warning,) = guards(changed(porosity_low=0.05, porosity_high=0.14))
    assert "between 5.0 and 14.0 %" in warning
    assert guards(changed(porosity_low=0.10, porosity_high=0.14)) == []


def test_the_band_of_few_pores_has_the_digits_that_its_width_leaves():
    (warning,) = guards(changed(porosity=3e-4, porosity_low=1.23e-4, porosity_high=5.78e-4))
    assert "between 0.012 and 0.058 %" in warning


def test_grey_values_of_three_phases_are_noticed():
    (warning,) = guards(changed(gray_misfit=0.23))
    assert "23 %" in warning
    (warning,) = guards(changed(gray_misfit=np.nan, separability=0.7))
    assert "no model of two phases" in warning
    weighed = changed(gray_misfit=np.nan, separability=0.7)
    weighed.attrs["history"] = [{"operation": "segment", "weighed": True}]
    assert guards(weighed) == []
    assert guards(changed(gray_misfit=np.nan, separability=0.95)) == []


def test_bright_pores_are_noticed():
    results = sound()
    results["gray_slice_z"] = 200 - results["gray_slice_z"]
    (warning,) = guards(results)
    assert "swapped" in warning


def test_a_tortuosity_below_one_is_noticed():
    (warning,) = guards(changed(tortuosity_factor=("direction", [1.2, 0.97, 1.2])))
    assert "along y is 0.97" in warning


def test_a_phase_that_does_not_percolate_is_said():
    (warning,) = guards(changed(tortuosity_factor=("direction", [1.2, 1.2, np.inf])))
    assert "along x" in warning
    assert "conductivity is 0" in warning


def test_a_contact_that_no_electrolyte_reaches_is_said():
    shares = xr.DataArray([0.9, 0.0], {"direction": ["z", "x"]}, "direction")
    (warning,) = guards(xr.Dataset({"contact_fraction": shares}))
    assert warning.startswith("no current is possible along x: no electrolyte joins")


def test_blocks_that_do_not_percolate_are_counted():
    (warning,) = guards(sample_results())
    assert warning.startswith("1 of 192")


def test_flux_that_is_lost_between_planes_is_noticed():
    (warning,) = guards(changed(flux_imbalance=("direction", [1e-9, 0.2, 1e-9])))
    assert "along y differs by 20 %" in warning


def test_a_threshold_that_separates_little_is_noticed():
    (warning,) = guards(changed(separability=0.41))
    assert "only 41 %" in warning
    assert guards(changed(separability=0.8)) == []


def test_a_tortuosity_factor_that_voxels_do_not_resolve_is_noticed():
    high = ("direction", [1.3, np.inf], {"not_resolved": "paths are as thin as a voxel"})
    results = xr.Dataset(
        {"tortuosity_factor_discretisation_high": high}, coords={"direction": ["z", "x"]}
    )
    (warning,) = guards(results)
    assert "along x has no upper bound: paths are as thin as a voxel" in warning


def test_a_total_without_the_error_of_the_voxels_is_noticed():
    along = {"direction": ["z", "y"]}
    results = xr.Dataset(
        {
            "tortuosity_factor": ("direction", [1.2, 1.1]),
            "tortuosity_factor_sampling_error": ("direction", [0.02, 0.02]),
            "tortuosity_factor_discretisation_low": ("direction", [1.15, np.nan]),
            "tortuosity_factor_discretisation_high": ("direction", [1.2, np.nan]),
        },
        coords=along,
    )
    (warning,) = guards(results)
    assert "along y is not known" in warning
