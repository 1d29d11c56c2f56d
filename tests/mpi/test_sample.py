"""Processes solve within the mask of a sample, of any shape, as one process does."""

import numpy as np
import pytest

import poreflux
from tests.mpi.launch import solve_all

pytestmark = pytest.mark.mpi

RTOL = 1e-10

NAMES = (
    "tortuosity_factor", "tortuosity_factor_percolating", "effective_conductivity",
    "macmullin_number", "percolating_fraction", "conducting_fraction",
)  # fmt: skip


def test_processes_find_the_tortuosity_within_a_mask(tmp_path):
    z, y, x = np.indices((33, 20, 22)) - np.reshape([0, 10.5, 9.5], (3, 1, 1, 1))
    inside = (y**2 + x**2 < 70) & (z > 3) & (z < 30)
    solid = np.random.default_rng(1).random(z.shape) < 0.8
    labels = np.where(inside, 1 + solid, 0).astype(np.uint8)
    phases = {0: "outside", 1: "pore", 2: "electrolyte"}
    volume = poreflux.from_array(labels, phases=phases, voxel_size=(0.8, 1.0, 1.3))
    store = poreflux.save(volume, tmp_path / "vol.zarr", chunk=8)
    cases = [{"path": str(store), "rtol": RTOL, "direction": along} for along in "zy"]
    for along, found in zip("zy", solve_all(2, cases)):
        alone = poreflux.tortuosity_factor(poreflux.open(store), direction=along, rtol=RTOL)
        for name in NAMES:
            assert found[name] == pytest.approx(alone[name].item(), rel=1e-8)
