"""The current at an electrode by the command line."""

import numpy as np
import pytest
import tifffile

from poreflux import contact_mask, interfacial_current, open, results
from tests.cli.command import inside, refused


@pytest.fixture(scope="module")
def made(scan, tmp_path_factory):
    """Return a folder with a segmented store."""
    folder = tmp_path_factory.mktemp("current")
    for words in (f"import {scan} vol.zarr --voxel-size 0.92", "segment vol.zarr"):
        assert inside(*words.split(), cwd=folder).status == 0
    return folder


def solve(*words, cwd):
    ran = inside("solve", "current", "vol.zarr", *words, cwd=cwd)
    assert ran.status == 0, ran.err
    return ran


def test_the_verb_finds_what_the_function_finds(made):
    words = "--wagner-lengths 0,8 --contact 0.8 --contact-model voids --contact-size 9"
    ran = solve(*words.split(), "--contact-seed", "3", cwd=made)
    volume = open(made / "vol.zarr")
    mask = contact_mask(volume, fraction=0.8, model="voids", diameter=9, seed=3)
    expected = interfacial_current(volume, contact=mask, wagner_lengths=[0, 8])
    found = results.open(made / "results.zarr")
    np.testing.assert_array_equal(found.current_density, expected.current_density)
    np.testing.assert_array_equal(found.sweep_current_density_cv, expected.sweep_current_density_cv)
    assert "coefficient of variation of the current density along z" in ran.out
    assert "Ω cm²" in ran.out
    assert "results are in" in ran.out


def test_numbers_for_machines_carry_their_units(made):
    document = solve("--json", "--direction", "y", "--out", "json.zarr", cwd=made).document
    numbers = document["numbers"]["current_density_p99"]
    assert numbers["units"] == "mA/cm**2"
    assert numbers["direction"]["y"]["value"] > 1


def test_a_mask_may_be_an_image(made):
    mask = np.zeros((44, 47), np.uint8)
    mask[:, :20] = 255
    tifffile.imwrite(made / "mask.tif", mask)
    solve("--contact", "mask.tif", "--out", "image.zarr", cwd=made)
    found = results.open(made / "image.zarr").current_density.values
    assert np.isnan(found[:, 20:]).all()
    assert np.isfinite(found[:, :20]).any()


def test_a_mask_of_another_shape_is_refused_with_both_shapes(made):
    tifffile.imwrite(made / "small.tif", np.ones((9, 8), np.uint8))
    ran = inside("solve", "current", "vol.zarr", "--contact", "small.tif", cwd=made)
    refused(ran, 2, "has shape (9, 8); the face across z has (44, 47) voxels")


def test_a_dry_run_says_what_it_takes_and_does_nothing(made):
    ran = solve("--dry-run", "--out", "dry.zarr", cwd=made)
    assert "solve current would take about" in ran.out
    assert not (made / "dry.zarr").exists()


def test_fields_go_to_the_store(made):
    solve("--field", "--out", "field.zarr", cwd=made)
    solve("--field", "--out", "field.zarr", cwd=made)  # the same again
    again = inside("solve", "current", "vol.zarr", "--field", "--direction", "x", cwd=made)
    refused(again, 1, "cell_current_density", "already", "direction")


@pytest.mark.parametrize(
    "words, said",
    [
        ("--contact 1.5", "contact fraction"),
        ("--contact no-mask.tif", "is not there"),
        ("--kinetics tafel", "tafel"),
        ("--charge-transfer-resistance -1", "--charge-transfer-resistance -1.0"),
        ("--charge-transfer-resistance 1 --exchange-current-density 1", "same thing twice"),
        ("--film-resistance -1", "--film-resistance -1.0 is not a number of"),
        ("--temperature -5", "--temperature -5.0 is not above 0 K"),
        ("--contact 0", "contact fraction 0.0 is not above 0 and at most 1"),
        ("--wagner-lengths one", "--wagner-lengths one is not understood"),
        ("--conductivity electrolyte", "--conductivity electrolyte is not understood"),
        ("--resolution both --blocks 99", "cannot be 99 blocks"),
        ("--checkpoint kept", "--checkpoint is for --solver petsc"),
        ("--minutes 1", "--minutes is for --solver petsc"),
        ("--solver petsc --check", "--check is for solve tortuosity"),
        ("--solver petsc --resolution both", "--resolution both is for --solver serial"),
        ("-ksp_monitor", "-ksp_monitor is for --solver petsc"),
        ("--solver petsc -log_view --out r", "--out stands behind words of PETSc"),
        ("--field --direction zx", "--field is of one direction, not of z, x; give one"),
    ],
)
def test_misuse_is_one_sentence(made, words, said):
    ran = inside("solve", "current", "vol.zarr", *words.split(), cwd=made)
    refused(ran, 1 if "mask" in words else 2, said)
