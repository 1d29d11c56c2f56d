"""Results go to other programs: what is read back is what was measured."""

import pandas as pd
import pytest
import xarray as xr

import poreflux as pf
from poreflux import results
from tests.cli.command import inside, refused


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    volume = pf.phantoms.random_spheres(24, 4, [6, 8])
    parts = pf.porosity(volume), pf.connectivity(volume), pf.preview(volume)
    results.save(pf.collect(*parts, volume=volume), folder / "r.zarr")
    return folder


@pytest.fixture(scope="module")
def table(folder):
    return pf.results_table(pf.open_results(folder / "r.zarr"))


def read_csv(path):
    words = {"unit": str, "case": str, "kinds": str, "direction": str}
    table = pd.read_csv(path, dtype=words, float_precision="round_trip")
    return table.fillna(dict.fromkeys(words, ""))


@pytest.mark.parametrize("ending, read", [(".csv", read_csv), (".parquet", pd.read_parquet)])
def test_tables_come_back_with_all_digits(folder, table, ending, read):
    ran = inside("export", "r.zarr", f"numbers{ending}", cwd=folder)
    assert ran.status == 0, ran.err
    assert ran.out.startswith("the table of numbers is in")
    found = read(folder / f"numbers{ending}")
    assert list(found) == list(table)
    for column in ("name", "direction", "case", "value", "unit", "kinds"):
        assert found[column].tolist() == table[column].tolist()


def test_netcdf_has_every_variable(folder):
    ran = inside("export", "r.zarr", "all.nc", "--json", cwd=folder)
    assert ran.document["bytes"] == (folder / "all.nc").stat().st_size
    xr.testing.assert_equal(xr.load_dataset(folder / "all.nc"), pf.open_results(folder / "r.zarr"))


def test_a_file_that_is_there_is_kept_unless_asked(folder):
    path = folder / "mine.csv"
    path.write_text("years of work")
    refused(inside("export", "r.zarr", "mine.csv", cwd=folder), 1, "--overwrite")
    assert path.read_text() == "years of work"
    assert inside("export", "r.zarr", "mine.csv", "--overwrite", cwd=folder).status == 0
    assert path.read_text().startswith("name,quantity")


@pytest.mark.parametrize("name", ["numbers.xlsx", "numbers", "nowhere/numbers.csv"])
def test_what_cannot_be_written_is_refused_before_the_work(folder, name):
    ran = inside("export", "r.zarr", name, cwd=folder)
    assert ran.status in (1, 2)
    assert not (folder / name).exists()


def test_a_dry_run_writes_nothing(folder):
    assert inside("export", "r.zarr", "later.nc", "--dry-run", cwd=folder).status == 0
    assert not (folder / "later.nc").exists()
