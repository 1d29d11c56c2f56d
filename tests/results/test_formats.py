"""Results are written by xarray itself, whatever their attributes are."""

import json

import numpy as np
import pytest
import xarray as xr

import poreflux as pf
from poreflux import results
from poreflux.schema.attribute_text import flat, parsed
from poreflux.volume import from_array


@pytest.fixture(scope="module")
def measured():
    """Of a segmented scan, solved, with a current: all that has nested attributes."""
    made = pf.phantoms.random_spheres(20, 4, [6, 8])
    gray = from_array(np.where(made["phase"], 150, 40).astype(np.uint8), kind="gray")
    volume = pf.segment(gray, method="threshold", threshold=100)
    solved = pf.tortuosity_factor(volume, rtol=1e-3)
    current = pf.interfacial_current(volume, kinetics="primary", rtol=1e-3)
    parts = pf.porosity(volume), pf.preview(volume), solved, current
    return pf.collect(*parts, volume=volume)


@pytest.mark.parametrize("engine", [None, "h5netcdf"])
def test_netcdf_holds_all_of_it(measured, tmp_path, engine):
    measured.to_netcdf(tmp_path / "r.nc", engine=engine)
    found = xr.load_dataset(tmp_path / "r.nc", engine=engine)
    xr.testing.assert_equal(found, measured)
    assert parsed(found.attrs["history"])[0]["operation"] == "segment"
    assert parsed(found["tortuosity_factor"].attrs["conductivity"]) == {"electrolyte": 1.0}


def test_opened_results_are_written_as_collected_ones_are(measured, tmp_path):
    opened = pf.open_results(results.save(measured, tmp_path / "r.zarr"))
    opened.to_netcdf(tmp_path / "r.nc")
    xr.testing.assert_equal(xr.load_dataset(tmp_path / "r.nc"), measured)


@pytest.mark.parametrize(
    "value",
    [{"a": {"b": [1, 2]}}, [{"a": 1}, {"b": None}], [[1, 2], [3]], None, [], [True, "a"]],
)
def test_nested_attributes_are_text_and_come_back(value):
    assert isinstance(flat({"key": value})["key"], str)
    assert parsed(flat({"key": value})["key"]) == value


@pytest.mark.parametrize("value", ["text", "{no json", 1.5, 3, [1.0, 2], ["a", "b"]])
def test_simple_attributes_stay_as_they_are(value):
    assert flat({"key": value})["key"] == value
    assert parsed(value) == value


def test_numbers_of_numpy_are_texts_of_numbers():
    nested = {"n": np.int64(3), "v": np.array([0.5, 1.0])}
    assert json.loads(flat({"key": nested})["key"]) == {"n": 3, "v": [0.5, 1.0]}
    assert flat({"key": np.float32(0.5), "yes": np.True_}) == {"key": 0.5, "yes": 1}
