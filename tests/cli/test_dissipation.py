"""`solve tortuosity --dissipation`: numbers, maps, refusals."""

import numpy as np
import pytest

import poreflux as pf
from poreflux import results
from poreflux.reporting.methods import citations, methods
from tests.cli.command import inside, refused


@pytest.fixture
def folder(tmp_path, rng):
    pf.save(pf.from_array((rng.random((9, 8, 7)) > 0.2).astype(np.uint8)), tmp_path / "v.zarr")
    return tmp_path


def test_dissipation_adds_its_numbers_and_its_maps(folder):
    words = "solve tortuosity v.zarr --dissipation --field --no-discretisation --out r.zarr"
    ran = inside(*words.split(), cwd=folder)
    assert ran.status == 0, ran.err
    found, volume = results.open(folder / "r.zarr"), pf.open(folder / "v.zarr")
    again = pf.dissipation(volume)
    for name in ("tortuosity_factor", "dissipation_half_fraction", "dissipation_top_share"):
        np.testing.assert_allclose(found[name], again[name])
    mean = float(volume.dissipation.fillna(0).mean())
    assert mean == pytest.approx(float(found.effective_conductivity[0]), rel=1e-5)
    assert "The power of the current was attributed to voxels" in methods(found)
    assert any("Hill" in work for work in citations(found))


@pytest.mark.parametrize("words", ["--solver petsc", "--geometry partial"])
def test_what_has_no_dissipation_is_refused(words, folder):
    line = f"solve tortuosity v.zarr --dissipation {words} --out n.zarr"
    refused(inside(*line.split(), cwd=folder), 2, words)
    assert not (folder / "n.zarr").exists()
