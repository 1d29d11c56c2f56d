"""The microstructure by the real command line: what is asked for, and only that."""

import csv

import numpy as np
import pytest

import poreflux as pf
from poreflux import results
from tests.cli.command import inside, refused


def done(*words, cwd):
    """Run a verb that must succeed; return what it printed."""
    ran = inside(*words, cwd=cwd)
    assert ran.status == 0, ran.err
    return ran


@pytest.fixture(scope="module")
def folder(scan, tmp_path_factory):
    """Return a folder with a segmented store, all of its microstructure, and its report."""
    folder = tmp_path_factory.mktemp("structure")
    for words in (
        f"import {scan} vol.zarr --voxel-size 1",
        "segment vol.zarr --denoise median",
        "measure vol.zarr --also all --table pores.csv --labels",
        "solve tortuosity vol.zarr --rtol 1e-4",
        "solve current vol.zarr --wagner-lengths 0,8 --rtol 1e-4",
        "report results.zarr",
    ):
        done(*words.split(), cwd=folder)
    return folder


def test_all_is_measured_as_python_measures_it(folder):
    volume, found = pf.open(folder / "vol.zarr"), results.open(folder / "results.zarr")
    apart = [
        pf.pore_size(volume, method="auto"),
        pf.chord_length(volume),
        pf.connectivity(volume),
        pf.surface_area(volume),
        pf.arrangement(volume, method="auto"),
        pf.representative_volume(volume),
        pf.geodesic_tortuosity(volume),
        pf.constrictivity(volume),
    ]
    for name in ("pore_number", "chord_length_mean", "largest_cluster_fraction", "surface_area",
                 "clustering_ratio", "representative_std", "geodesic_tortuosity",
                 "bottleneck_radius"):  # fmt: skip
        (source,) = [each for each in apart if name in each]
        along = {dim: source[dim] for dim in source[name].dims if dim == "direction"}
        np.testing.assert_allclose(found[name].sel(along), source[name].values)
    assert {"local_thickness_share", "two_point_probability", "spectral_density"} <= set(found)


def test_metrics_and_solves_are_together_in_one_report(folder):
    page = (folder / "report.html").read_text(encoding="utf-8")
    for words in ("Pore sizes", "Local thickness", "Chords", "Two-point correlation", "Wagner",
                  "Spectral density", "Representative volume", "Connectivity", "Arrangement",
                  "Sub-volumes needed", "Current at the electrode"):  # fmt: skip
        assert words in page


def test_every_pore_has_a_row_and_every_pore_voxel_its_number(folder):
    text = (folder / "pores.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    found, volume = results.open(folder / "results.zarr"), pf.open(folder / "vol.zarr")
    assert len(rows) == int(found["pore_count"])
    labels = volume["pore_label"].values
    assert np.array_equal(labels > 0, volume["phase"].values == 0)
    voxels = [int(row["pore_voxel_count"]) for row in rows]
    assert np.bincount(labels.ravel())[1:].tolist() == voxels


def test_a_table_in_parquet_is_the_table_in_csv(folder):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    words = "measure vol.zarr --only pores --out t.zarr --table pores.parquet"
    done(*words.split(), cwd=folder)
    other = pandas.read_csv(folder / "pores.csv", index_col="pore")
    pandas.testing.assert_frame_equal(
        pandas.read_parquet(folder / "pores.parquet"), other, check_dtype=False
    )


def test_why_pores_were_split_or_not_is_said(folder):
    ran = done("measure", "vol.zarr", "--only", "pores", "--out", "p.zarr", cwd=folder)
    assert "the largest component holds" in ran.out
    words = "measure vol.zarr --only pores --pore-method components --out q.zarr"
    whole = done(*words.split(), cwd=folder)
    assert "the largest component holds" not in whole.out


def test_a_table_alone_is_split_where_pores_are_a_network(tmp_path):
    pf.save(pf.phantoms.random_sites(24, 0.5), tmp_path / "net.zarr")
    words = "measure net.zarr --only {} --out {}.zarr --table {}.csv"
    for name in ("porosity", "pores"):
        ran = done(*words.format(*[name] * 3).split(), cwd=tmp_path)
        assert "so pores are split" in ran.out
    alone, together = ((tmp_path / f"{n}.csv").read_text() for n in ("porosity", "pores"))
    assert alone == together
    assert "pore_coordination" in alone


def test_labels_of_another_phase_replace_those_there_when_told_to(tmp_path):
    pf.save(pf.phantoms.random_sites(12, 0.3), tmp_path / "v.zarr")
    words = ["measure", "v.zarr", "--only", "pores", "--pore-method", "components", "--labels"]
    done(*words, cwd=tmp_path)
    words += ["--phase", "electrolyte"]
    refused(inside(*words, "--out", "e.zarr", cwd=tmp_path), 1, "--overwrite")
    done(*words, "--out", "e.zarr", "--overwrite", cwd=tmp_path)
    volume = pf.open(tmp_path / "v.zarr")
    np.testing.assert_array_equal(volume["pore_label"].values > 0, volume["phase"].values == 1)


def test_a_table_in_a_folder_that_is_not_there_is_refused_before_any_work(folder):
    words = "measure vol.zarr --only pores --out never.zarr --table nowhere/pores.csv"
    refused(inside(*words.split(), cwd=folder), 2, "no folder nowhere")
    assert not (folder / "never.zarr").exists()


def test_only_what_is_asked_for_is_measured(folder):
    words = "measure vol.zarr --only chords,surface --out only.zarr --json"
    numbers = done(*words.split(), cwd=folder).document["numbers"]
    assert "chord_length_mean" in numbers
    assert "specific_surface" in numbers
    assert not {"porosity", "pore_count"} & set(numbers)


def test_bins_and_edges_are_those_given(folder):
    words = "measure vol.zarr --only pores,representative --bin-width 2 --edges 6,9 --out e.zarr"
    done(*words.split(), cwd=folder)
    found = results.open(folder / "e.zarr")
    assert set(found["diameter_width"].values) == {2.0}
    np.testing.assert_allclose(found["edge"], [6.0, 9.0])


def test_a_dry_run_of_all_says_what_it_takes_and_changes_nothing(folder):
    before = sorted(folder.iterdir())
    words = "measure vol.zarr --also all --out new.zarr --dry-run"
    ran = done(*words.split(), cwd=folder)
    assert "memory" in ran.out
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    "words, said",
    [
        ("--also pore", "choose of pores"),
        ("--also chords --only pores", "one of the two"),
        ("--only ,", "--only"),
        ("--edges few", "--edges few"),
        ("--edges 1,2,", "--edges 1,2,"),
        ("--table pores.xls", "pores.xls"),
        ("--pore-method snow", "pore-method"),
    ],
)
def test_misuse_is_named(folder, words, said):
    refused(inside("measure", "vol.zarr", *words.split(), cwd=folder), 2, said)


def test_cubes_of_several_edges_stand_beside_the_cubes_of_the_porosity(folder):
    words = "solve tortuosity vol.zarr --rtol 1e-3 --edges 20,10 --out cubes.zarr"
    done(*words.split(), cwd=folder)
    words = "measure vol.zarr --only representative --out cubes.zarr"
    done(*words.split(), cwd=folder)
    found = results.open(folder / "cubes.zarr")
    # 40 x 44 x 47 voxels of 1 µm, as near to cubes of 10 and 20 µm as whole numbers of them are
    edges = [(40 * 44 * 47 / n) ** (1 / 3) for n in (4 * 4 * 5, 2 * 2 * 2)]
    np.testing.assert_allclose(found["cube_edge"], edges)
    mean, std = (found[f"representative_tortuosity_{name}"].values[0] for name in ("mean", "std"))
    assert (mean > 1).all()
    assert std[0] > std[1]
    assert found["representative_std"].dims == ("edge",)
    done("report", "cubes.zarr", "--out", "cubes.html", cwd=folder)
    assert "Representative volume of transport" in (folder / "cubes.html").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    "file, words, conducting, split, porosity",
    [
        ("cement.tif", "--voxel-size 1", "electrolyte", False, 0.148),
        (
            "berea_sub_256.mat",
            "--voxel-size 4.8 --kind phase --phases 0=pore,1=solid",
            "pore",
            True,
            0.2111,
        ),
    ],
)
def test_real_volumes_go_through_everything(
    shared_data, tmp_path, file, words, conducting, split, porosity
):
    done("import", shared_data / file, "v.zarr", *words.split(), cwd=tmp_path)
    if "--kind" not in words:
        done("segment", "v.zarr", "--denoise", "median", cwd=tmp_path)
    ran = done("measure", "v.zarr", "--also", "all", "--json", cwd=tmp_path)
    numbers = ran.document["numbers"]
    assert numbers["porosity"]["value"] == pytest.approx(porosity, abs=5e-4)
    largest = numbers["largest_cluster_fraction"]["case"]["26 neighbours"]["value"]
    assert (largest > 0.2) is split
    assert numbers["specific_surface_faces"]["value"] > numbers["specific_surface"]["value"] > 0
    found = results.open(tmp_path / "results.zarr")
    assert found["pore_count"].attrs["method"] == ("watershed" if split else "components")
    # the slope at 0 of the two-point probability, between two voxels, is that of the surface
    s2, r = found["two_point_probability"].values, found["separation"].values
    slope = 4 * (s2[0] - s2[1]) / (r[1] - r[0])
    assert slope == pytest.approx(float(found["specific_surface"]), rel=0.15)
    options = ("--conductivity", f"{conducting}=1", "--rtol", "1e-4")
    done("solve", "tortuosity", "v.zarr", *options, "--blocks", "4,4,4", cwd=tmp_path)
    done("solve", "current", "v.zarr", "--conductivity", f"{conducting}=0.1", "--rtol", "1e-4",
         "--wagner-lengths", "1,40", cwd=tmp_path)  # fmt: skip
    done("report", "results.zarr", cwd=tmp_path)
    assert "Wagner length" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_paths_are_of_the_phase_that_is_named(tmp_path, rng):
    labels = rng.choice(3, (8, 7, 6), p=[0.1, 0.45, 0.45])
    phases = {0: "pore", 1: "good", 2: "poor"}
    pf.save(pf.from_array(labels.astype(np.uint8), phases=phases), tmp_path / "v.zarr")
    words = "measure v.zarr --only geodesic_tortuosity,constrictivity"
    refused(inside(*words.split(), cwd=tmp_path), 2, "give --conducting")
    done(*words.split(), "--conducting", "poor", "--direction", "zx", cwd=tmp_path)
    found, volume = results.open(tmp_path / "results.zarr"), pf.open(tmp_path / "v.zarr")
    for direction in "zx":
        for measure in (pf.geodesic_tortuosity, pf.constrictivity):
            again = measure(volume, direction=direction, phase="poor").squeeze("direction")
            for name, value in again.data_vars.items():
                np.testing.assert_allclose(found[name].sel(direction=direction), value)
    ran = done("measure", "v.zarr", "--only", "all", "--out", "r.zarr", cwd=tmp_path)
    assert "left out geodesic_tortuosity and constrictivity" in ran.out
    assert "constrictivity" not in results.open(tmp_path / "r.zarr")
