"""Variables of Results stand in groups, errors behind their quantity, and describe themselves."""

import itertools

import numpy as np
import pytest
import xarray as xr

import poreflux as pf
from poreflux import results
from poreflux.results.order import sorted_results
from poreflux.schema import VARIABLES
from poreflux.schema.groups import GROUPS, group_of, in_order, quantity_of


@pytest.fixture(scope="module")
def measured():
    volume = pf.phantoms.random_spheres(24, 4, [6, 8])
    solved = pf.block_tortuosity(volume, blocks=(2, 2, 2), direction="all", rtol=1e-3)
    parts = pf.porosity(volume), pf.structure_factor(volume), pf.chord_length(volume)
    return pf.collect(*parts, solved, pf.representative_tortuosity({12.0: solved}), volume=volume)


def test_every_variable_of_the_registry_has_a_group():
    assert [name for name in VARIABLES if group_of(name) == "other"] == []


def test_every_group_but_the_last_has_variables():
    assert {group_of(name) for name in VARIABLES} == set(GROUPS) - {"other"}


def test_groups_are_not_interrupted_and_stand_in_their_order(measured):
    found = [group for group, _ in itertools.groupby(map(str, measured.data_vars), key=group_of)]
    assert found == [group for group in GROUPS if group in found]
    assert found[0] == "porosity"


def test_errors_stand_behind_their_quantity(measured):
    names = list(map(str, measured.data_vars))
    errors = [name for name in names if quantity_of(name) != name and quantity_of(name) in names]
    assert "structure_factor_rms_sampling_error" in errors
    for name in errors:
        between = names[names.index(quantity_of(name)) + 1 : names.index(name)]
        assert all(quantity_of(other) == quantity_of(name) for other in between)


def test_the_order_depends_on_the_names_alone(rng):
    names = in_order(VARIABLES)
    assert in_order(rng.permutation(names)) == names


def test_opened_results_are_in_order(measured, tmp_path):
    opened = pf.open_results(results.save(measured, tmp_path / "r.zarr"))
    assert list(opened) == list(measured)
    assert list(opened.coords) == list(measured.coords)


def test_what_describes_a_variable_does_not_describe_the_results(measured):
    own = {"units", "long_name", "conductivity", "sides", "rtol"}
    assert not own & set(measured.attrs)
    assert measured["block_tortuosity_factor"].attrs["sides"] == "insulated"
    assert measured["representative_tortuosity_mean"].attrs["sides"] == "insulated"


def test_unknown_variables_stand_last_and_keep_everything():
    one = xr.Dataset({"mine": ("z", np.arange(3)), "porosity": 0.1}, {"z": [1, 2, 3]}, {"a": 1})
    found = sorted_results(one)
    assert list(found) == ["porosity", "mine"]
    xr.testing.assert_identical(found, one[["porosity", "mine"]].assign_coords(z=one.z))


def test_the_tree_has_every_variable_once_in_its_group(measured):
    tree = pf.results_tree(measured)
    assert list(tree.children) == [group for group in GROUPS if group in tree.children]
    found = [str(name) for node in tree.children.values() for name in node.data_vars]
    assert found == list(map(str, measured.data_vars))
    assert tree.attrs == measured.attrs
    for group, node in tree.children.items():
        for name in node.data_vars:
            assert group_of(str(name)) == group
            xr.testing.assert_identical(node.to_dataset()[name], measured[name])
