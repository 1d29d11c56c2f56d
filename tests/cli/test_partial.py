"""A solve by partial volumes, from grey values to the report, by the command line alone."""

import numpy as np
import pytest

import poreflux as pf
from poreflux import results
from poreflux.phantoms import Tomograph, fine_500, measure_gray
from poreflux.reporting.methods import methods
from tests.cli.command import inside, refused


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("partial")
    scan = measure_gray(fine_500(24), Tomograph(rings=0, cupping=0, drift=0))
    pf.save(scan.drop_vars("phase"), folder / "v.zarr")
    ran = inside("segment", "v.zarr", "--solid-fraction", cwd=folder)
    assert ran.status == 0, ran.err
    return folder


def test_the_shares_of_solid_are_solved_by_the_command_line(folder):
    words = "solve tortuosity v.zarr --geometry partial --out p.zarr"
    ran = inside(*words.split(), cwd=folder)
    assert ran.status == 0, ran.err
    volume, found = pf.open(folder / "v.zarr"), results.open(folder / "p.zarr")
    partial = pf.tortuosity_factor(volume, geometry="partial")
    np.testing.assert_allclose(found.tortuosity_factor, partial.tortuosity_factor)
    assert float(partial.tortuosity_factor[0]) != float(
        pf.tortuosity_factor(volume).tortuosity_factor[0]
    )
    assert "conduct by their share of solid" in methods(found)


@pytest.mark.parametrize("words", ["--blocks 2", "--edges 8", "--solver petsc"])
def test_what_takes_whole_voxels_refuses_shares(words, folder):
    line = f"solve tortuosity v.zarr --geometry partial {words} --out n.zarr"
    refused(inside(*line.split(), cwd=folder), 2, f"{words.rsplit(' ', 1)[0]}")
    assert not (folder / "n.zarr").exists()
