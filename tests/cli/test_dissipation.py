"""`solve tortuosity --dissipation`: numbers, maps, refusals."""

import importlib.util

import numpy as np
import pytest

import poreflux as pf
from poreflux import results
from poreflux.reporting.methods import citations, methods
from poreflux.transport.tortuosity.power_maps import MAPS, STATISTICS
from tests.cli.command import inside
from tests.mpi.launch import solve_all


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


def test_partial_voxels_dissipate_too(folder):
    volume = pf.open(folder / "v.zarr")
    share = volume.phase.compute() * 0.75
    gray = volume.assign(solid_fraction=share.astype(np.float32).assign_attrs({}))
    pf.save(gray, folder / "p.zarr")
    words = "solve tortuosity p.zarr --dissipation --geometry partial --no-discretisation --out r"
    ran = inside(*words.split(), cwd=folder)
    assert ran.status == 0, ran.err
    found = results.open(folder / "r")
    whole = pf.dissipation(volume)
    # the same share in all voxels that conduct: the same current
    np.testing.assert_allclose(found.tortuosity_factor, whole.tortuosity_factor, rtol=1e-5)
    np.testing.assert_allclose(
        found.dissipation_half_fraction, whole.dissipation_half_fraction, rtol=1e-3
    )


@pytest.mark.mpi
@pytest.mark.slow
@pytest.mark.parametrize("sides", ["insulated", "periodic"])
def test_processes_map_what_one_process_maps(sides, tmp_path, rng):
    if importlib.util.find_spec("petsc4py") is None:
        pytest.skip("petsc4py is missing: make petsc")
    labels = rng.choice([0, 1, 2], (24, 9, 10), p=[0.25, 0.5, 0.25]).astype(np.uint8)
    volume = pf.from_array(labels, phases={0: "pore", 1: "a", 2: "b"}, voxel_size=(1.0, 0.8, 1.3))
    serial, shared = (pf.save(volume, tmp_path / f"{n}.zarr", chunk=8) for n in ("s", "m"))
    options = {"conductivity": {"a": 1.0, "b": 0.3}, "sides": sides, "rtol": 1e-10}
    wanted = pf.dissipation(pf.open(serial), field=serial, **options).isel(direction=0)
    case = {**options, "path": str(shared), "field": str(shared), "dissipation": True}
    unmapped = {**options, "path": str(serial), "dissipation": True}
    found, alone = solve_all(3, [case, unmapped])
    for name in STATISTICS[:-1]:
        assert found[name] == pytest.approx(float(wanted[name]), rel=1e-5)
        assert alone[name] == pytest.approx(found[name], rel=1e-9)
    assert found["dissipation_imbalance"] < 1e-12
    maps, others = pf.open(serial), pf.open(shared)
    for name in (*MAPS, "potential"):
        np.testing.assert_allclose(others[name], maps[name], rtol=1e-4, atol=1e-5)
