"""Files as people bring them: through Python and the command line they give the right value."""

import json
import re

import numpy as np
import pytest
import tifffile
import zarr
from scipy.ndimage import gaussian_filter

import poreflux as pf
from poreflux.errors import UnreadableImage
from tests.cli.command import inside

_FIELD = gaussian_filter(np.random.default_rng(0).standard_normal((20, 32, 40)), 2)
PHASE = (np.quantile(_FIELD, 0.3) < _FIELD).astype("u1")
GRAY = 60 + 120 * PHASE + np.random.default_rng(1).normal(0, 8, PHASE.shape)
GRAY = GRAY.clip(0, 255).astype("u1")
BOTH = np.stack([GRAY, 255 - GRAY], 1)
SPACING = {"spacing": 0.5, "unit": "um"}


def pages(folder, pattern, keep=range(20), volume=GRAY, **options):
    folder.mkdir(exist_ok=True)
    for k in keep:
        tifffile.imwrite(folder / (pattern % k), volume[k], **options)
    return folder


def channels_of_imagej(folder):
    path = folder / "zcyx.tif"
    meta = {"axes": "ZCYX", **SPACING}
    tifffile.imwrite(path, BOTH, imagej=True, resolution=(2, 2), metadata=meta)
    return path


def times_of_imagej(folder):
    path = folder / "tzyx.tif"
    meta = {"axes": "TZYX", **SPACING}
    tifffile.imwrite(path, np.stack([GRAY] * 3), imagej=True, resolution=(2, 2), metadata=meta)
    return path


def channels_of_ome(folder):
    path = folder / "czyx.ome.tif"
    meta = {"axes": "CZYX", **{f"PhysicalSize{a}": 0.5 for a in "XYZ"}}
    tifffile.imwrite(path, BOTH.swapaxes(0, 1), ome=True, metadata=meta)
    return path


def two_scans(folder):
    pages(folder / "two", "first_%03d.tif")
    return pages(folder / "two", "second_%03d.tif", volume=255 - GRAY)


def copies(folder):
    made = pages(folder / "copies", "slice%03d.tif")
    tifffile.imwrite(made / "slice007 (1).tif", GRAY[7])
    tifffile.imwrite(made / "slice011 - Copy.tif", GRAY[11])
    return made


def half_white(folder):
    pages(folder / "half", "s%02d.tif", keep=range(10))
    white = {"volume": 255 - GRAY, "photometric": "miniswhite"}
    return pages(folder / "half", "s%02d.tif", keep=range(10, 20), **white)


def odd_page(folder):
    rest = [k for k in range(20) if k != 5]
    made = pages(folder / "odd", "s%02d.tif", keep=rest, volume=GRAY.astype("u4"))
    tifffile.imwrite(made / "s05.tif", GRAY[5].astype("f4"))
    return made


def pixels_only(folder):
    path = folder / "fib.tif"
    tifffile.imwrite(path, GRAY, resolution=(1e6, 1e6), resolutionunit="CENTIMETER")
    return path


@pytest.mark.parametrize(
    "make, python, typed, size",
    [
        (channels_of_imagej, "z 20, c 2, y 32, x 40.*channel=", "--channel", 0.5),
        (times_of_imagej, "t 3, z 20, y 32, x 40.*time=", "--time", 0.5),
        (channels_of_ome, "c 2, z 20, y 32, x 40.*channel=", "--channel", 0.5),
        (two_scans, "first_#.tif .20., second_#.tif .20..*series=", "--series 'first_#.tif'", None),
        (copies, r"slice007 \(1\).tif, slice011 - Copy.tif", "--series 'slice#.tif'", None),
        (half_white, "photometric.*WhiteIsZero", "s10.tif", None),
        (odd_page, "unsigned integers.*s05.tif.*floating-point", "type", None),
        (pixels_only, r"voxel_size=\(z, 0.01, 0.01\)", "--voxel-size z,0.01,0.01", 0.01),
    ],
)
def test_what_leaves_a_choice_is_refused_with_the_option_that_chooses(
    tmp_path, make, python, typed, size
):
    path = make(tmp_path)
    given = {} if size else {"voxel_size": 1}
    with pytest.raises((ValueError, UnreadableImage), match=python):
        pf.read(path, **given)
    words = [] if size else ["--voxel-size", "1"]
    ran = inside("import", str(path), "v.zarr", *words, cwd=tmp_path)
    assert ran.status in (1, 2)
    assert typed in ran.err
    assert not (tmp_path / "v.zarr").exists()


@pytest.mark.parametrize(
    "make, options",
    [
        (channels_of_imagej, ["--channel", "0"]),
        (times_of_imagej, ["--time", "2"]),
        (channels_of_ome, ["--channel", "0"]),
        (two_scans, ["--series", "first_#.tif", "--voxel-size", "0.5"]),
        (copies, ["--series", "slice#.tif", "--voxel-size", "0.5"]),
        (pixels_only, ["--voxel-size", "0.5"]),
    ],
)
def test_the_option_chooses_the_volume(tmp_path, make, options):
    path = make(tmp_path)
    ran = inside("import", str(path), "v.zarr", *options, "--json", cwd=tmp_path)
    assert ran.status == 0, ran
    volume = pf.open(tmp_path / "v.zarr")
    np.testing.assert_array_equal(volume.gray.values, GRAY)
    assert volume.attrs["voxel_size"] == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    "pattern",
    ["rec_%04d.tif", "rec_%04d_16bit.tif", "z%03d_ch00.tif", "stack%04d.labels8.tif"],
)
def test_missing_pages_are_named_by_every_verb(tmp_path, pattern):
    folder = pages(tmp_path / "p", pattern, keep=[k for k in range(20) if k not in (7, 8, 9)])
    ran = inside("import", str(folder), "v.zarr", "--voxel-size", "1", cwd=tmp_path)
    assert (ran.status, "7 to 9 missing" in ran.err) == (0, True)
    for words in (("segment", "v.zarr"), ("measure", "v.zarr", "--only", "porosity")):
        said = inside(*words, "--json", cwd=tmp_path).document
        assert any("7 to 9 missing" in warning for warning in said["warnings"])
    inside("report", "results.zarr", "--out", "r.html", cwd=tmp_path)
    assert "7 to 9 missing" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_what_was_understood_and_the_next_command_end_an_import(tmp_path):
    np.save(tmp_path / "g.npy", GRAY)
    ran = inside("import", "g.npy", "v.zarr", "--voxel-size", "0.5", cwd=tmp_path)
    assert "the sample is 10 x 16 x 20 µm" in ran.out
    assert f"grey values from {GRAY.min()} to {GRAY.max()}" in ran.out
    assert ran.out.splitlines()[-1].startswith("next: poreflux segment ")


def test_a_dry_run_says_what_the_file_says_of_itself(tmp_path):
    path = channels_of_imagej(tmp_path)
    words = ("import", str(path), "v.zarr", "--channel", "1", "--dry-run")
    ran = inside(*words, cwd=tmp_path)
    assert "ImageJ TIFF of uint8" in ran.out
    assert "axes as stored: z 20, c 2, y 32, x 40" in ran.out
    said = json.loads(inside(*words, "--json", cwd=tmp_path).out)["source"]
    assert said["axes"][0] == {"name": "z", "size": 20, "spacing_um": 0.5}


def test_zarr_in_x_y_z_comes_in_as_z_y_x(tmp_path):
    group = zarr.open_group(tmp_path / "xyz.zarr", mode="w", zarr_format=2)
    group.create_array("s0", data=GRAY.T)
    axes = [{"name": n, "type": "space", "unit": "micrometer"} for n in "xyz"]
    scale = [{"type": "scale", "scale": [0.25, 0.25, 0.5]}]
    level = {"path": "s0", "coordinateTransformations": scale}
    group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": [level]}]
    ran = inside("import", "xyz.zarr", "v.zarr", cwd=tmp_path)
    assert ran.status == 0
    volume = pf.open(tmp_path / "v.zarr")
    np.testing.assert_array_equal(volume.gray.values, GRAY)
    assert volume.attrs["voxel_size"] == [0.5, 0.25, 0.25]


def test_which_label_is_pore_is_said(tmp_path):
    np.save(tmp_path / "p.npy", PHASE == 0)
    with pytest.warns(UserWarning, match="1 is the pore, give phases="):
        pf.read(tmp_path / "p.npy", voxel_size=1, kind="phase")
    words = ("import", "p.npy", "v.zarr", "--voxel-size", "1")
    ran = inside(*words, "--kind", "phase", cwd=tmp_path)
    assert "--phases 0=electrolyte,1=pore" in ran.err
    ran = inside(*words, "--overwrite", cwd=tmp_path)
    assert "False, as pore" in ran.err
    named = ("--kind", "phase", "--phases", "0=electrolyte,1=pore", "--overwrite")
    assert inside(*words, *named, cwd=tmp_path).err == ""


def test_labels_without_a_name_are_listed_with_what_to_type(tmp_path):
    np.save(tmp_path / "l.npy", (PHASE * 85 + (PHASE & (GRAY > 185)) * 85).astype("u1"))
    words = ("import", "l.npy", "v.zarr", "--voxel-size", "1", "--kind", "phase")
    ran = inside(*words, cwd=tmp_path)
    assert "the values 85, 170" in ran.err
    assert "--phases 0=pore,85=electrolyte,170=phase2" in ran.err
    ran = inside(*words, "--phases", "0=pore,0=solid", cwd=tmp_path)
    assert (ran.status, "says one thing twice" in ran.err) == (2, True)


def test_a_label_outside_leaves_its_voxels_out(tmp_path):
    y, x = np.mgrid[:32, :40]
    sample = np.broadcast_to((y - 15.5) ** 2 + (x - 19.5) ** 2 <= 15.5**2, PHASE.shape)
    np.save(tmp_path / "o.npy", np.where(sample, PHASE + 1, 0).astype("u1"))
    words = ("import", "o.npy", "v.zarr", "--voxel-size", "1", "--kind", "phase")
    inside(*words, "--phases", "0=outside,1=pore,2=electrolyte", cwd=tmp_path)
    found = inside("measure", "v.zarr", "--only", "porosity", "--json", cwd=tmp_path).document
    expected = 1 - PHASE[sample].mean()
    assert found["numbers"]["porosity"]["value"] == pytest.approx(expected, rel=1e-12)


def test_a_thin_volume_is_measured_and_its_blocks_are_named(tmp_path):
    np.save(tmp_path / "t.npy", GRAY[:2])
    inside("import", "t.npy", "v.zarr", "--voxel-size", "1", cwd=tmp_path)
    inside("segment", "v.zarr", cwd=tmp_path)
    assert inside("measure", "v.zarr", cwd=tmp_path).status == 0
    ran = inside("measure", "v.zarr", "--blocks", "4,4,4", cwd=tmp_path)
    assert ran.status == 2
    assert "2 voxels along z" in ran.err
    assert "--blocks 2,4,4" in ran.err


def test_pores_on_the_wrong_side_are_doubted_at_once(tmp_path):
    np.save(tmp_path / "g.npy", GRAY)
    inside("import", "g.npy", "v.zarr", "--voxel-size", "1", cwd=tmp_path)
    ran = inside("segment", "v.zarr", "--pore", "bright", cwd=tmp_path)
    assert re.search(r"at least (6[5-9]|70) % of the sample would be pore", ran.err)
    assert "would be pore" not in inside("segment", "v.zarr", "--overwrite", cwd=tmp_path).err
