"""What the voxels do to a number is printed and stored beside it, unless it is left out."""

import numpy as np
import pytest
import xarray as xr

import poreflux as pf
from poreflux import results
from poreflux.phantoms import random_spheres
from tests.cli.command import inside

SOLVE = "solve tortuosity v.zarr --rtol 1e-4"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("discretisation")
    pf.save(random_spheres(24, 6, [7]), folder / "v.zarr")
    return folder


def ran(folder, line):
    answer = inside(*line.split(), cwd=folder)
    assert answer.status == 0, answer.err
    return answer


def test_a_solve_stores_the_interval_of_its_voxels(folder):
    ran(folder, f"{SOLVE} --direction zx --out a.zarr")
    found, volume = results.open(folder / "a.zarr"), pf.open(folder / "v.zarr")
    for direction in "zx":
        solved = pf.tortuosity_factor(volume, direction=direction, rtol=1e-4)
        expected = pf.tortuosity_discretisation(volume, solved)
        for name, values in expected.data_vars.items():
            np.testing.assert_allclose(found[name].sel(direction=[direction]), values, rtol=1e-4)


def test_a_solve_without_it_has_none(folder):
    ran(folder, f"{SOLVE} --no-discretisation --out b.zarr")
    assert not [n for n in results.open(folder / "b.zarr") if "discretisation" in n]


def test_a_measurement_stores_the_intervals_of_surface_chords_and_thickness(folder):
    ran(folder, "measure v.zarr --only surface,chords,thickness --direction y --out c.zarr")
    found = results.open(folder / "c.zarr")
    for name in ("surface_area", "chord_length_mean", "local_thickness_mean"):
        low, high = (found[f"{name}_discretisation_{end}"] for end in ("low", "high"))
        assert (low < high).all()
        assert ((low < 1.2 * found[name]) & (found[name] < 1.2 * high)).all()


def test_a_measurement_without_them_has_none(folder):
    ran(folder, "measure v.zarr --only surface --no-discretisation --out d.zarr")
    assert not [n for n in results.open(folder / "d.zarr") if "discretisation" in n]


def test_the_interval_of_an_earlier_solve_does_not_stay_beside_a_new_one(folder):
    ran(folder, f"{SOLVE} --direction zx --out e.zarr")
    before = results.open(folder / "e.zarr")
    ran(folder, f"{SOLVE} --direction z --no-discretisation --out e.zarr")  # the same numbers
    xr.testing.assert_identical(results.open(folder / "e.zarr"), before)
    other = f"{SOLVE} --direction z --conductivity pore=1 --no-discretisation --out e.zarr"
    ran(folder, f"{other} --replace")
    assert not [n for n in results.open(folder / "e.zarr") if "discretisation" in n]
