"""A faulty scan of a known sample, mended and segmented by the real command line."""

import numpy as np
import pytest
import tifffile

from poreflux import open as open_store
from poreflux.phantoms import Tomograph, measure_gray, synthetic_twin
from poreflux.schema import DIMS
from tests.cli.command import inside, refused
from tests.cli.test_way import done

MEND = "--roi auto --drift --cupping --rings --denoise median"


@pytest.fixture(scope="module")
def rod(tmp_path_factory):
    """Return the folder of a scan of a porous cylinder with a tilted end, and its truth."""
    folder = tmp_path_factory.mktemp("rod")
    twin = synthetic_twin("regular_300", (56, 104, 104)).compute()
    y, x = np.indices((104, 104)) - 51.5
    solid = twin.phase.values * (np.hypot(y, x) < 45)
    twin = twin.assign(phase=(DIMS, solid.astype(np.uint8), twin.phase.attrs))
    tifffile.imwrite(folder / "rod.tif", measure_gray(twin, Tomograph(tilt=(4.0, 0))).gray.values)
    done("import", "rod.tif", "vol.zarr", "--voxel-size", "0.92", cwd=folder)
    return folder, twin.phase.values


def operations(store) -> list[str]:
    return [entry["operation"] for entry in open_store(store).attrs["history"]]


def test_a_scan_is_mended_and_its_porosity_is_within_the_band(rod):
    folder, truth = rod
    words = f"segment vol.zarr {MEND} --tilt mask --solid-fraction --json"
    said = done(*words.split(), cwd=folder).document
    volume = open_store(folder / "vol.zarr")
    assert {"gray", "mask", "phase", "solid_fraction"} == set(volume.data_vars)
    mask = volume["mask"].values
    porosity = 1 - truth[mask].mean()
    band = said["sensitivity"]
    assert band["porosity_low"] < porosity < band["porosity_high"]
    assert [step["operation"] for step in said["before"]][::4] == [
        "region_of_interest", "correct_tilt"
    ]  # fmt: skip
    assert operations(folder / "vol.zarr") == ["read", "segment", "solid_fraction"]
    # the same again finds it done; its grey values are the store's own
    again = done(*words.split(), cwd=folder).document
    assert again == said
    np.testing.assert_array_equal(volume["gray"], tifffile.imread(folder / "rod.tif"))
    results = folder / "results.zarr"
    words = ("measure", "vol.zarr", "--blocks", "2,2,2", "--out", results, "--json")
    measured = done(*words, cwd=folder)
    assert measured.document["numbers"]["voxels"]["value"] == mask.sum()
    done("report", results, "--out", "page.html", cwd=folder)
    page = (folder / "page.html").read_text(encoding="utf-8")
    for words in ("Only voxels in a cylinder", "Rings were subtracted", "tilted by", "Sijbers",
                  "by other methods, the porosity lies between", "needs no threshold"):  # fmt: skip
        assert words in page


def test_a_plain_segmentation_after_it_forgets_mask_and_shares(rod, tmp_path):
    folder, _ = rod
    done("import", folder / "rod.tif", "v.zarr", "--voxel-size", "0.92", cwd=tmp_path)
    done(*f"segment v.zarr {MEND} --solid-fraction".split(), cwd=tmp_path)
    assert not open_store(tmp_path / "v.zarr")["mask"].values.all()
    refused(inside("segment", "v.zarr", cwd=tmp_path), 1, "--overwrite")
    done("segment", "v.zarr", "--overwrite", cwd=tmp_path)
    plain = open_store(tmp_path / "v.zarr")
    assert plain["mask"].values.all()
    pore = plain["phase"].values == 0
    assert (plain["solid_fraction"].values[pore] < 0.7).mean() > 0.99


def test_a_sheared_scan_has_a_store_of_its_own(rod, tmp_path):
    folder, _ = rod
    words = f"segment {folder / 'vol.zarr'} {MEND} --tilt shear --out up.zarr"
    assert "end face tilted by" in done(*words.split(), cwd=tmp_path).out
    upright = open_store(tmp_path / "up.zarr")
    assert (upright["gray"].values != tifffile.imread(folder / "rod.tif")).any()
    # what is segmented again keeps the mask that belongs to its grey values
    done("segment", "up.zarr", "--method", "watershed", "--overwrite", cwd=tmp_path)
    np.testing.assert_array_equal(open_store(tmp_path / "up.zarr")["mask"], upright["mask"])
    assert operations(tmp_path / "up.zarr")[:2] == ["read", "region_of_interest"]


def test_the_band_is_carried_to_the_tortuosity(scan, tmp_path):
    done("import", scan, "v.zarr", "--voxel-size", "0.92", cwd=tmp_path)
    said = done("segment", "v.zarr", "--denoise", "median", "--tau", "z", cwd=tmp_path).out
    assert "tortuosity factor along z, voxels twice as large" in said
    done("measure", "v.zarr", "--blocks", "2,2,2", cwd=tmp_path)
    from poreflux import results

    found = results.open(tmp_path / "results.zarr")["tortuosity_at_threshold"]
    assert (np.diff(found.sel(direction="z")) > 0).all()


@pytest.mark.parametrize(
    "words, says",
    [
        ("--tilt shear", "--out"),
        ("--roi 1,2", "y,x,radius"),
        ("--roi 1,2,3,4", "y,x,radius"),
        ("--rings --centre 5", "--centre"),
        ("--roi 40,40,-1", "make it larger"),
        ("--tilt sideways", "sideways"),
        ("--denoise blur", "blur"),
    ],
)
def test_misuse_is_refused_in_one_line(rod, words, says):
    refused(inside("segment", "vol.zarr", *words.split(), cwd=rod[0]), 2, says)


def test_a_dry_run_counts_the_corrections(rod):
    plain, more = (
        done("segment", "vol.zarr", *words.split(), "--dry-run", "--json", cwd=rod[0]).document
        for words in ("", f"{MEND} --tilt mask")
    )
    assert more["dry_run"]["memory_bytes"] > plain["dry_run"]["memory_bytes"]
    assert more["dry_run"]["disk_bytes"] > plain["dry_run"]["disk_bytes"]
