"""A solve by the command line takes the box that a mask counts, and says so."""

import numpy as np
import pytest

import poreflux as pf
from poreflux import results
from poreflux.schema import DIMS
from tests.cli.command import inside, refused

VERBS = ("tortuosity", "current")


@pytest.fixture(scope="module")
def sample():
    """Return a porous cube under planes of air, which its mask leaves out."""
    whole = pf.phantoms.random_sites(16, 0.2).compute()
    whole["phase"][12:] = 0
    return whole.assign(mask=(DIMS, np.broadcast_to(np.arange(16)[:, None, None] < 12, (16,) * 3)))


@pytest.mark.parametrize("direction", ["z", "y"])
def test_a_solve_takes_what_the_mask_counts_and_joins_other_results(sample, direction, tmp_path):
    pf.save(sample, tmp_path / "v.zarr")
    assert inside("measure", "v.zarr", cwd=tmp_path).status == 0
    for verb in VERBS:
        ran = inside("solve", verb, "v.zarr", "--direction", direction, cwd=tmp_path)
        assert ran.status == 0, ran.err
        assert "z from 0 to 12 µm" in ran.out
    found = results.open(tmp_path / "results.zarr").sel(direction=[direction])
    box = sample.isel(z=slice(12))
    expected = pf.tortuosity_factor(box, direction=direction)
    np.testing.assert_allclose(found.tortuosity_factor, expected.tortuosity_factor)
    contact = pf.contact_mask(box, fraction=0.9306, direction=direction)
    current = pf.interfacial_current(box, contact=contact, direction=direction)
    name = "area_specific_resistance"
    np.testing.assert_allclose(found[name], current[name], rtol=1e-5)
    assert inside("report", "results.zarr", cwd=tmp_path).status == 0


def test_a_round_sample_is_solved_within_its_mask(tmp_path):
    y, x = np.indices((16, 16)) - 7.5
    rng = np.random.default_rng(2)
    labels = np.where(y**2 + x**2 < 64, 1 + (rng.random((12, 16, 16)) > 0.2), 0)
    np.save(tmp_path / "round.npy", labels.astype(np.uint8))
    words = ["--kind", "phase", "--voxel-size", "0.5", "--phases", "0=outside,1=pore,2=electrolyte"]
    assert inside("import", "round.npy", "v.zarr", *words, cwd=tmp_path).status == 0
    words = ["--blocks", "1,2,2"]
    ran = inside("solve", "tortuosity", "v.zarr", "--direction", "zx", *words, cwd=tmp_path)
    assert ran.status == 0, ran.err
    assert "the solve took what the mask counts, 8" in ran.out
    ran = inside("solve", "current", "v.zarr", "--contact", "1", cwd=tmp_path)
    assert ran.status == 0, ran.err
    found = results.open(tmp_path / "results.zarr")
    volume = pf.open(tmp_path / "v.zarr")
    expected = pf.tortuosity_factor(volume)
    assert float(found.effective_conductivity.sel(direction="z")) == pytest.approx(
        float(expected.effective_conductivity[0])
    )
    np.testing.assert_allclose(found.block_sample_fraction, 13 / 16, atol=0.02)
    current = pf.interfacial_current(volume, contact=1.0)
    name = "area_specific_resistance"
    assert float(found[name].sel(direction="z")) == pytest.approx(float(current[name][0]))
    assert inside("report", "results.zarr", cwd=tmp_path).status == 0


@pytest.mark.parametrize("verb", VERBS)
def test_a_mask_of_nothing_is_refused(verb, sample, tmp_path):
    empty = sample.assign(mask=sample["mask"] & False)
    pf.save(empty, tmp_path / "v.zarr")
    refused(inside("solve", verb, "v.zarr", cwd=tmp_path), 2, "the mask selects no voxel")


@pytest.mark.parametrize("words", ["--field", "--blocks 2,2,2"])
def test_what_needs_the_whole_volume_is_refused(words, sample, tmp_path):
    pf.save(sample, tmp_path / "v.zarr")
    line = ["solve", "tortuosity", "v.zarr", *words.split()]
    refused(inside(*line, cwd=tmp_path), 2, "mask leaves out planes")


def test_what_does_not_fit_the_results_there_is_kept_beside_them(tmp_path):
    pf.save(pf.phantoms.random_sites(16, 0.2), tmp_path / "v.zarr")
    line = ["solve", "tortuosity", "v.zarr", "--blocks"]
    assert inside(*line, "2,2,2", cwd=tmp_path).status == 0
    ran = inside(*line, "1,2,2", cwd=tmp_path)
    assert "blocks 1 × 2 × 2; kept beside them as variant 1" in ran.out
    path = tmp_path / "results.zarr"
    assert [results.open_results(path, variant=v).sizes["block_z"] for v in (None, 1)] == [2, 1]
    assert inside(*line, "1,2,2", "--replace", cwd=tmp_path).status == 0
    assert results.open_results(path).sizes["block_z"] == 1
