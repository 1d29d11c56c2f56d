"""Results of several samples become one along `sample`, and come back as they were."""

import numpy as np
import pytest
import xarray as xr

import poreflux as pf
from poreflux import results, schema

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have a Zarr V3 specification")


def of_sample(shape=(12, 10, 8), porosity=0.3, directions="z", voxel_size=1.0, seed=0):
    volume = pf.phantoms.random_sites(shape, porosity, voxel_size=voxel_size, seed=seed)
    profiles = [pf.porosity_profile(volume, direction=d) for d in directions]
    solved = [pf.tortuosity_factor(volume, direction=d, rtol=1e-3) for d in directions]
    parts = pf.porosity(volume), pf.connectivity(volume), pf.preview(volume), *profiles, *solved
    return pf.collect(*parts, volume=volume)


@pytest.fixture(scope="module")
def samples():
    return {
        "b": of_sample(directions="yz"),
        "a": of_sample((9, 10, 14), 0.1, directions="x", voxel_size=0.92),
        "c": of_sample(porosity=0.2, seed=1).drop_vars(["porosity", "phase_percent"]),
    }


@pytest.fixture(scope="module")
def joined(samples):
    return pf.join_results(samples)


def test_every_variable_is_of_every_sample_in_the_order_given(samples, joined):
    assert joined["sample"].values.tolist() == ["b", "a", "c"]
    assert all(array.dims[0] == "sample" for array in joined.data_vars.values())
    np.testing.assert_array_equal(
        joined["porosity"], [samples["b"].porosity, samples["a"].porosity, np.nan]
    )
    schema.check(joined)


def test_directions_are_those_of_any_sample(samples, joined):
    assert joined["direction"].values.tolist() == ["z", "y", "x"]
    factor = joined["tortuosity_factor"]
    assert factor.sel(sample="a").notnull().values.tolist() == [False, False, True]
    assert factor.sel(sample="b", direction="y") == samples["b"].tortuosity_factor.sel(
        direction="y"
    )


def test_positions_that_differ_stay_those_of_their_sample(samples, joined):
    assert joined["z"].dims == ("sample", "z")
    np.testing.assert_array_equal(joined["z"].sel(sample="a")[:9], samples["a"]["z"])
    assert joined["z"].sel(sample="a")[9:].isnull().all()


def test_equal_positions_are_shared():
    both = pf.join_results({name: of_sample(seed=k) for k, name in enumerate("ab")})
    assert both["z"].dims == ("z",)
    assert both["pore_voxels"].dtype.kind == "i"


def test_each_sample_comes_back_as_it_was(samples, joined):
    back = pf.split_results(joined)
    assert list(back) == list(samples)
    for name, sample in samples.items():
        xr.testing.assert_identical(back[name], sample)


@pytest.mark.parametrize("chosen", ["a", ["c", "a"]])
def test_some_samples_come_back_too(samples, joined, chosen):
    back = pf.split_results(joined.sel(sample=chosen))
    assert list(back) == list(chosen)
    for name in chosen:
        xr.testing.assert_identical(back[name], samples[name])


def test_one_sample_is_returned_as_it_is(samples):
    assert pf.split_results(samples["a"]) == {"": samples["a"]}


@pytest.mark.parametrize("way", ["zarr", "netcdf"])
def test_joined_results_survive_being_stored(samples, joined, tmp_path, way):
    if way == "zarr":
        found = pf.open_results(results.save(joined, tmp_path / "r.zarr"))
    else:
        joined.to_netcdf(tmp_path / "r.nc")
        found = xr.load_dataset(tmp_path / "r.nc")
    for name, sample in pf.split_results(found).items():
        xr.testing.assert_equal(sample, samples[name])


def test_folders_are_joined_too(samples, tmp_path):
    paths = {name: results.save(sample, tmp_path / name) for name, sample in samples.items()}
    xr.testing.assert_identical(pf.join_results(paths), pf.join_results(samples))


def test_the_table_of_several_samples_has_the_rows_of_each(samples, joined):
    table = pf.results_table(joined)
    assert table.columns[0] == "sample"
    for name, sample in samples.items():
        own = table[table["sample"] == name].drop(columns="sample").reset_index(drop=True)
        xr.testing.assert_equal(own.to_xarray(), pf.results_table(sample).to_xarray())


@pytest.mark.parametrize(
    "given, said",
    [
        ({}, "there are no results to join"),
        ({"a": xr.Dataset({"porosity": ("sample", [0.1])})}, "split them first"),
        ({"a": xr.Dataset({"q": 1.0}), "b": xr.Dataset({"q": ("z", [1.0])})}, "unlike dims"),
    ],
)
def test_what_cannot_be_joined_is_refused(given, said):
    with pytest.raises(ValueError, match=said):
        pf.join_results(given)
