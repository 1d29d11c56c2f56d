"""Results are collected in one pass, say where they come from, and survive being stored."""

import numpy as np
import pytest
import xarray as xr
from distributed import LocalCluster

from poreflux import (
    __version__,
    block_porosity,
    collect,
    from_array,
    porosity,
    porosity_profile,
    results,
    save,
    segment,
    structure_factor,
)
from poreflux.cli.translate import translated
from poreflux.errors import DamagedStore, StoreExists
from poreflux.results.number_rows import rows
from poreflux.schema import DIMS, RENAMED, VARIABLES
from poreflux.schema.attribute_text import history
from poreflux.store import open as open_store
from poreflux.study.quantities import quantities_of
from poreflux.uncertainty.errors import errors_of, value_of
from tests.metrics.cases import counting_volume


@pytest.fixture
def volume(rng):
    made = from_array(rng.random((12, 10, 8)) > 0.3, voxel_size=(1, 2, 0.5))
    return made.assign_attrs(source="pellet.tif", source_sha256="abc")


@pytest.fixture
def measured(volume):
    return collect(
        porosity(volume),
        block_porosity(volume, blocks=(2, 2, 2)),
        *(porosity_profile(volume, direction=d) for d in DIMS),
        *(structure_factor(volume, direction=d) for d in DIMS),
        volume=volume,
    )


def test_everything_is_in_memory_and_reads_each_voxel_once(rng):
    source, lazy = counting_volume((rng.random((9, 8, 7)) > 0.3).astype(np.uint8), (4, 3, 7))
    found = collect(porosity(lazy), block_porosity(lazy, blocks=(2, 2, 2)), structure_factor(lazy))
    np.testing.assert_array_equal(source.reads, 1)
    assert all(isinstance(v.data, np.ndarray) for v in found.variables.values())


def test_directions_are_put_together_in_the_order_of_the_axes(measured):
    assert measured["direction"].values.tolist() == ["z", "y", "x"]
    assert measured["structure_factor_rms"].notnull().all()


def test_results_say_where_they_come_from(measured):
    assert measured.attrs["program"] == f"poreflux {__version__}"
    assert measured.attrs["source_sha256"] == "abc"
    assert measured.attrs["voxel_size"] == [1.0, 2.0, 0.5]
    assert measured.attrs["collected"].endswith("+00:00")


def test_a_segmented_volume_brings_its_histogram(rng):
    gray = from_array(rng.integers(0, 99, (6, 5, 4)).astype(np.uint8), kind="gray")
    volume = segment(gray, method="threshold", threshold=40)
    found = collect(porosity(volume), volume=volume)
    assert found["gray_histogram"].sum() == gray["gray"].size
    below = found["gray_histogram"].sel(gray_value=slice(None, 40)).sum() / gray["gray"].size
    np.testing.assert_allclose(below, found["porosity"])
    assert found["threshold"].values.tolist() == [40.0]
    assert history(found)[-1]["operation"] == "segment"


def test_two_values_of_one_variable_are_refused(volume, rng):
    other = from_array(rng.random((12, 10, 8)) > 0.5, voxel_size=(1, 2, 0.5))
    with pytest.raises(ValueError, match="collect them apart"):
        collect(porosity(volume), porosity(other))


def test_nothing_collected_is_an_empty_dataset():
    assert not collect().data_vars


def test_a_cluster_of_processes_finds_what_threads_find(rng, tmp_path):
    gray = from_array(rng.integers(0, 200, (40, 36, 30)).astype(np.uint8), kind="gray")
    stored = open_store(save(gray, tmp_path / "gray.zarr", chunk=16))

    def found(scheduler):
        volume = segment(stored, method="hysteresis", denoise="median", scheduler=scheduler)
        metrics = [porosity(volume), structure_factor(volume), block_porosity(volume)]
        return collect(*metrics, volume=volume, scheduler=scheduler)

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        by_processes = found(cluster.scheduler_address)
    by_threads = found("threads")
    xr.testing.assert_equal(by_processes, by_threads)


def test_results_come_back_as_they_were_stored(measured, tmp_path):
    path = results.save(measured, tmp_path / "results.zarr")
    xr.testing.assert_identical(results.open(path), measured)
    assert [p.name for p in tmp_path.iterdir()] == ["results.zarr"]


def test_plain_xarray_opens_the_folder(measured, tmp_path):
    path = results.save(measured, tmp_path / "results.zarr")
    with xr.open_zarr(path, consolidated=False) as stored:
        np.testing.assert_array_equal(stored["block_porosity"], measured["block_porosity"])


def test_what_is_there_is_not_replaced_unasked(measured, tmp_path):
    path = results.save(measured[["porosity"]], tmp_path / "results.zarr")
    with pytest.raises(StoreExists, match="overwrite"):
        results.save(measured, path)
    assert list(results.open(path).data_vars) == ["porosity"]
    results.save(measured, path, overwrite=True)
    xr.testing.assert_identical(results.open(path), measured)


def test_overwrite_replaces_results_only(measured, tmp_path):
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "chapter.txt").write_text("years of work")
    with pytest.raises(StoreExists):
        results.save(measured, other, overwrite=True)
    assert (other / "chapter.txt").read_text() == "years of work"


def test_a_failed_write_leaves_nothing_and_keeps_what_was(measured, tmp_path):
    path = results.save(measured, tmp_path / "results.zarr")
    broken = measured.assign(bad=((), np.array(object(), dtype=object)))
    with pytest.raises((TypeError, ValueError)):
        results.save(broken, path, overwrite=True)
    xr.testing.assert_identical(results.open(path), measured)
    assert [p.name for p in tmp_path.iterdir()] == ["results.zarr"]


def test_an_update_keeps_what_other_verbs_found(measured, tmp_path):
    tortuosity = xr.Dataset(
        {"tortuosity_factor": ("direction", [1.2]), "iterations": ("direction", [7])},
        coords={"direction": ["y"]},
    )
    path = results.save(measured, tmp_path / "results.zarr")
    results.update(tortuosity, path)
    found = results.update(tortuosity.assign_coords(direction=["z"]) * 2, path)
    found = results.open(found)
    assert found["tortuosity_factor"].values.tolist()[:2] == [2.4, 1.2]
    assert np.isnan(found["tortuosity_factor"].values[2])
    for name in measured.data_vars:
        xr.testing.assert_identical(found[name], measured[name])
    assert found.attrs["source_sha256"] == "abc"


def test_whole_numbers_stay_whole_when_all_directions_are_there(tmp_path):
    path = tmp_path / "results.zarr"
    for direction in "xyz":
        one = xr.Dataset({"iterations": ("direction", [9])}, coords={"direction": [direction]})
        results.update(one, path)
    assert results.open(path)["iterations"].dtype == int
    assert results.open(path)["direction"].values.tolist() == ["z", "y", "x"]


@pytest.mark.parametrize("attrs", [{"source_sha256": "def"}, {"voxel_size": [2.0, 2.0, 2.0]}])
def test_results_of_another_volume_are_not_mixed_in(measured, tmp_path, attrs):
    path = results.save(measured, tmp_path / "results.zarr")
    with pytest.raises(StoreExists, match="another volume"):
        results.update(measured.assign_attrs(attrs), path)


@pytest.mark.parametrize("broken", ["zarr.json", "porosity/zarr.json"])
def test_damaged_results_say_so(measured, tmp_path, broken):
    path = results.save(measured, tmp_path / "results.zarr")
    (path / broken).write_text("{")
    with pytest.raises(DamagedStore, match="collect again"):
        results.open(path)


def test_the_opener_of_volumes_names_the_one_of_results(measured, tmp_path):
    path = results.save(measured, tmp_path / "results.zarr")
    with pytest.raises(ValueError, match=r"open_results\(path\) opens them") as caught:
        open_store(path)
    assert translated(str(caught.value)).endswith("give the store that they were measured of")


def test_a_missing_folder_and_another_folder_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="none"):
        results.open(tmp_path / "none")
    xr.Dataset({"a": 1}).to_zarr(tmp_path / "other.zarr", zarr_format=3, consolidated=False)
    with pytest.raises(ValueError, match="holds no results"):
        results.open(tmp_path / "other.zarr")


def test_no_variable_has_the_name_of_a_dimension():
    """Else results of one verb would take the place of another's coordinate."""
    dims = {dim for variable in VARIABLES.values() for dim in variable.dims}
    assert not dims & set(VARIABLES)


def test_results_of_an_old_name_have_the_new_one_beside_and_lose_it_when_measured_again(
    volume, tmp_path
):
    new = collect(structure_factor(volume))
    names = [name for name in new if str(name).startswith("structure_factor_ratio")]
    old = new.drop_vars(names).assign(structure_factor_z_score=("direction", [7.0]))
    path = results.save(old, tmp_path / "results.zarr")
    with pytest.warns(FutureWarning, match="'structure_factor_ratio' now"):
        opened = results.open(path)
    assert float(opened["structure_factor_ratio"][0]) == 7.0
    assert float(opened["structure_factor_z_score"][0]) == 7.0
    assert "structure_factor_z_score" not in [row.name for row in rows(opened)]
    again = results.open(results.update(new, path))
    assert "structure_factor_z_score" not in again
    xr.testing.assert_equal(again["structure_factor_ratio"], new["structure_factor_ratio"])


@pytest.mark.parametrize("old", RENAMED)
def test_results_that_have_only_the_new_name_answer_to_the_old_one_with_it(old, volume):
    """Results are plain Datasets of xarray, whose error has to name the variable of now."""
    new = collect(structure_factor(volume))
    with pytest.raises(KeyError, match=f"No variable named '{old}'.*'{RENAMED[old]}'"):
        new[old]
    with pytest.warns(FutureWarning, match=f"'{RENAMED[old]}' now"):
        (quantity, *_) = quantities_of([new, new], [old])
    assert quantity.name == RENAMED[old]


def test_a_number_asked_for_by_its_old_name_is_the_same_and_the_new_name_is_told(volume):
    new = collect(structure_factor(volume))
    wanted = (
        value_of(new, "structure_factor_ratio", "z"),
        errors_of(new, "structure_factor_ratio", "z"),
    )
    with pytest.warns(FutureWarning, match="'structure_factor_ratio' now"):
        found = value_of(new, "structure_factor_z_score", "z")
    with pytest.warns(FutureWarning, match="'structure_factor_ratio' now"):
        errors = errors_of(new, "structure_factor_z_score", "z")
    assert (found, errors) == wanted
    assert np.isfinite(found)
