"""Errors are found beside their numbers, inherited by what is made of them, and add up."""

import math

import numpy as np
import pytest
import xarray as xr

from poreflux.uncertainty.errors import Error, errors_of, is_error, is_known, total
from poreflux.uncertainty.sampling import too_narrow


def by_kind(results, name, direction="", **at):
    return {error.kind: error for error in errors_of(results, name, direction, at=at)}


@pytest.fixture
def results():
    """Return τ, κ and the MacMullin number of a solid of .8 along z and y."""
    tau = np.array([1.25, 2.0])
    along = {
        "tortuosity_factor": tau,
        "effective_conductivity": 0.8 / tau,
        "macmullin_number": tau / 0.8,
        "relative_error": [1e-3, 0.0],
    }
    results = xr.Dataset({name: ("direction", values) for name, values in along.items()})
    scalars = {"conducting_fraction": 0.8, "porosity": 0.2}
    return results.assign_coords(direction=["z", "y"]).assign(scalars)


def test_a_number_without_errors_has_none(results):
    assert errors_of(results, "porosity") == ()
    assert errors_of(results, "no_such_number") == ()
    assert errors_of(results, "tortuosity_factor", "x") == ()


def test_a_stored_error_is_a_distance_on_both_sides(results):
    results["tortuosity_factor_sampling_error"] = ("direction", [0.03, np.nan])
    found = by_kind(results, "tortuosity_factor", "z")
    assert found["sampling"] == Error("sampling", 0.03, 0.03)
    assert "sampling" not in by_kind(results, "tortuosity_factor", "y")


def test_an_interval_is_two_distances_and_holds_the_number(results):
    results["tortuosity_factor_discretisation_low"] = ("direction", [1.15, 1.8])
    results["tortuosity_factor_discretisation_high"] = ("direction", [1.22, 2.1])
    left_out = by_kind(results, "tortuosity_factor", "z")["discretisation"]
    assert (left_out.below, left_out.above) == (pytest.approx(0.1), 0.0)
    inside = by_kind(results, "tortuosity_factor", "y")["discretisation"]
    assert (inside.below, inside.above) == (pytest.approx(0.2), pytest.approx(0.1))


def test_the_band_of_the_porosity_is_its_segmentation_error(results):
    results = results.assign(porosity_low=0.17, porosity_high=0.21)
    band = by_kind(results, "porosity")["segmentation"]
    assert (band.below, band.above) == (pytest.approx(0.03), pytest.approx(0.01))


def test_other_dims_than_the_direction_are_found_by_their_label():
    edges = xr.DataArray([10.0, 20.0], dims="accuracy", coords={"accuracy": [0.1, 0.01]})
    results = xr.Dataset(
        {"representative_edge": edges, "representative_edge_sampling_error": 0.1 * edges}
    )
    found = by_kind(results, "representative_edge", accuracy=0.01)
    assert found["sampling"].above == pytest.approx(2.0)


def test_the_rest_of_the_pores_has_their_errors_the_other_way_round(results):
    results = results.assign(porosity_low=0.17, porosity_high=0.21, porosity_sampling_error=0.005)
    band = by_kind(results, "conducting_fraction")["segmentation"]
    assert (band.below, band.above) == (pytest.approx(0.01), pytest.approx(0.03))
    pores_conduct = results.assign(conducting_fraction=0.2)
    band = by_kind(pores_conduct, "conducting_fraction")["segmentation"]
    assert (band.below, band.above) == (pytest.approx(0.03), pytest.approx(0.01))
    assert by_kind(results.assign(conducting_fraction=0.5), "conducting_fraction") == {}
    of_blocks = by_kind(results.assign(block_porosity_mean=0.2), "block_porosity_mean")
    assert of_blocks["sampling"].above == 0.005


@pytest.mark.parametrize("name", ["effective_conductivity", "macmullin_number"])
def test_derived_numbers_reach_to_what_the_ends_of_their_parts_give(results, name):
    """The ends of κ = φ / τ and 1 / κ are those of the worst φ with the worst τ."""
    results = results.assign(
        porosity_low=0.17,
        porosity_high=0.21,
        tortuosity_factor_segmentation_low=("direction", [1.2, 1.9]),
        tortuosity_factor_segmentation_high=("direction", [1.4, 2.5]),
    )
    found = by_kind(results, name, "z")["segmentation"]
    value = float(results[name].sel(direction="z"))
    worst, best = 0.79 / 1.4, 0.83 / 1.2
    low, high = (worst, best) if name == "effective_conductivity" else (1 / best, 1 / worst)
    assert value - found.below == pytest.approx(low)
    assert value + found.above == pytest.approx(high)


def test_the_macmullin_number_is_as_uncertain_as_the_tortuosity_factor(results):
    """Where only τ has an error, the relative errors of both are the same."""
    results["tortuosity_factor_sampling_error"] = ("direction", [0.05, 0.05])
    of_tau = by_kind(results, "tortuosity_factor", "z")
    found = by_kind(results, "macmullin_number", "z")
    for kind in ("sampling", "solver"):
        assert found[kind].above / (1.25 / 0.8) == pytest.approx(of_tau[kind].above / 1.25, rel=0.1)
    tau_percolating = results.assign(tortuosity_factor_percolating=("direction", [1.2, 1.9]))
    found = by_kind(tau_percolating, "tortuosity_factor_percolating", "z")
    assert found["sampling"].above == pytest.approx(0.05 * 1.2 / 1.25)


def test_a_stored_error_goes_before_an_inherited_one(results):
    results["tortuosity_factor_sampling_error"] = ("direction", [0.05, 0.05])
    results["effective_conductivity_sampling_error"] = ("direction", [0.004, 0.004])
    assert by_kind(results, "effective_conductivity", "z")["sampling"].above == 0.004


def test_a_threshold_that_closes_the_way_leaves_the_upper_end_open(results):
    results["tortuosity_factor_segmentation_low"] = ("direction", [1.2, 1.9])
    results["tortuosity_factor_segmentation_high"] = ("direction", [np.inf, 2.1])
    assert by_kind(results, "tortuosity_factor", "z")["segmentation"].above == math.inf
    assert total(errors_of(results, "tortuosity_factor", "z")).above == math.inf
    conductivity = by_kind(results, "effective_conductivity", "z")["segmentation"]
    assert conductivity.below == pytest.approx(0.8 / 1.25)  # down to no conductivity at all


def test_the_bulk_resistance_is_as_uncertain_as_the_conductivity(results):
    results["effective_conductivity_sampling_error"] = ("direction", [0.0064, 0.004])
    results["area_specific_resistance_bulk"] = ("direction", [3.0, 4.0])
    found = by_kind(results, "area_specific_resistance_bulk", "z")
    assert set(found) == {"sampling"}  # not the solver's of another solve
    assert found["sampling"].above == pytest.approx(3.0 * 0.01, rel=0.02)


def test_a_resistance_is_as_uncertain_as_its_parts(results):
    results["effective_conductivity_sampling_error"] = ("direction", [0.0064, 0.004])
    for part, value in {"": 4.0, "_bulk": 3.0, "_constriction": 0.9, "_kinetic": 0.1}.items():
        results[f"area_specific_resistance{part}"] = ("direction", [value, np.nan])
    rest_alike = by_kind(results, "area_specific_resistance", "z")["sampling"]
    assert rest_alike.above == pytest.approx(4.0 * 0.01, rel=0.02)
    results["area_specific_resistance_constriction_sampling_error"] = ("direction", [0.2, np.nan])
    added = by_kind(results, "area_specific_resistance", "z")["sampling"]
    assert added.above == pytest.approx((0.2 + 3.0 * 0.01) * 4.0 / 3.9, rel=0.02)


def test_a_resistance_of_which_little_is_known_has_no_error(results):
    results["effective_conductivity_sampling_error"] = ("direction", [0.0064, 0.004])
    for part, value in {"": 40.0, "_bulk": 3.0, "_kinetic": 37.0}.items():
        results[f"area_specific_resistance{part}"] = ("direction", [value, np.nan])
    assert by_kind(results, "area_specific_resistance", "z") == {}


def test_an_extrapolated_number_has_the_same_interval_of_finer_voxels(results):
    results["tortuosity_factor_discretisation_low"] = ("direction", [1.15, 1.8])
    results["tortuosity_factor_discretisation_high"] = ("direction", [1.26, 2.1])
    results["tortuosity_factor_sampling_error"] = ("direction", [0.05, 0.05])
    results["tortuosity_factor_extrapolated"] = ("direction", [1.2, np.nan])
    found = by_kind(results, "tortuosity_factor_extrapolated", "z")
    interval, sampling = found["discretisation"], found["sampling"]
    assert 1.2 - interval.below == pytest.approx(1.15)
    assert 1.2 + interval.above == pytest.approx(1.26)
    assert sampling.above == pytest.approx(0.05 * 1.2 / 1.25)
    assert by_kind(results, "tortuosity_factor_extrapolated", "y") == {}


def test_an_infinite_number_has_no_error(results):
    results["tortuosity_factor"] = ("direction", [np.inf, 2.0])
    results["effective_conductivity"] = ("direction", [0.0, 0.4])
    results["macmullin_number"] = ("direction", [np.inf, 2.5])
    assert errors_of(results, "tortuosity_factor", "z") == ()
    assert errors_of(results, "macmullin_number", "z") == ()


def test_independent_kinds_add_as_squares_on_each_side():
    both = total([Error("sampling", 3.0, 6.0), Error("discretisation", 4.0, 8.0)])
    assert (both.below, both.above) == (5.0, 10.0)


def test_the_bound_of_the_solver_is_added():
    assert total([Error("sampling", 3.0, 3.0), Error("solver", 0.5, 0.5)]).above == 3.5


def test_the_total_is_never_below_one_of_its_kinds():
    rng = np.random.default_rng(3)
    kinds = ("sampling", "discretisation", "segmentation", "solver")
    for distances in rng.lognormal(0, 3, (50, 4, 2)):
        errors = [Error(kind, *pair) for kind, pair in zip(kinds, distances)]
        combined = total(errors)
        assert combined.below >= max(error.below for error in errors)
        assert combined.above >= max(error.above for error in errors)


def test_no_error_is_not_an_error_of_zero():
    assert math.isnan(total([]).below)
    assert not is_known([])


@pytest.mark.parametrize(
    "name, is_one",
    [
        ("porosity_sampling_error", True),
        ("tortuosity_factor_discretisation_low", True),
        ("relative_error", False),
        ("porosity_low", False),
        ("representative_edge_sampling_error", False),
    ],
)
def test_errors_of_numbers_that_are_there_are_told_from_numbers(results, name, is_one):
    assert is_error(results, name) is is_one


@pytest.mark.parametrize("name", [None, "integral_range"])
def test_a_narrow_sample_says_that_its_integral_range_is_too_small(name):
    results = xr.Dataset({"porosity_relative_width": 5.0, "porosity_integral_length": 20.0})
    if name:
        results[name] = 100.0
    said = too_narrow(results)
    assert said.startswith("the sample is not representative: it is 5.0 integral lengths")
    assert ("integral range, clustering ratio" in said) == bool(name)
    assert too_narrow(results.assign(porosity_relative_width=8.5)) == ""
