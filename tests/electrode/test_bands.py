"""The current on synthetic samples is as uneven as an independent prototype found it.

Its values are of one face of one sample of 160³ voxels each; a face of a sample of the same kind
scatters about the mean of many.
"""

from dataclasses import replace

import numpy as np
import pytest

from poreflux import contact_mask, interfacial_current, phantoms
from poreflux.phantoms.presets import TWINS

pytestmark = pytest.mark.slow

LENGTHS = (0.0, 1.0, 8.0, 40.0, 260.0)

#: largest current density over that applied, and coefficient of variation, at each length
REGULAR = ([6.5, 4.0, 2.18, 1.61, 1.37], [0.33, 0.24, 0.135, 0.064, 0.016])
FINE_500 = ([3.4, 2.5, 1.60, 1.28, 1.17], [0.22, 0.15, 0.067, 0.026, 0.006])

ROUND = replace(TWINS["regular_100"].plan, aspect=1.0, porosity=0.17)


def faces(plan, seeds=(1, 11, 12)) -> np.ndarray:
    """Return (face, largest and CV, length) of both faces of several samples."""
    found = []
    for seed in seeds:
        volume = phantoms.generate(replace(plan, seed=seed), 160, voxel_size=0.92).compute()
        for k, face in enumerate(("last", "first")):
            mask = contact_mask(volume, fraction=0.9306, seed=2 * seed + k)
            solved = interfacial_current(
                volume, contact=mask, face=face, kinetics="linear", wagner_lengths=LENGTHS,
                rtol=1e-4,
            ).isel(direction=0)  # fmt: skip
            names = ("sweep_current_density_max", "sweep_current_density_cv")
            found.append([solved[name].values for name in names])
    return np.array(found)


@pytest.fixture(scope="module")
def round_pores():
    return faces(ROUND)


def test_round_pores_in_clusters_are_as_the_prototypes_regular_sample(round_pores):
    # one face against the mean of six; 3 of its standard deviations
    away = (np.array(REGULAR) - round_pores.mean(axis=0)) / round_pores.std(axis=0, ddof=1)
    assert np.abs(away).max() < 3


def test_the_fine_twin_at_500_mpa_is_as_the_prototypes_fine_sample():
    found = faces(TWINS["fine_500"].plan)
    away = (np.array(FINE_500) - found.mean(axis=0)) / found.std(axis=0, ddof=1)
    assert np.abs(away).max() < 4  # of a standard deviation that is known to a third


def test_flat_pores_are_more_uneven_than_round_ones(round_pores):
    """Why the regular twins exceed the prototype: at the same porosity their pores are flat."""
    flat = faces(replace(ROUND, aspect=0.46))
    cv, round_cv = flat[:, 1].mean(axis=0), round_pores[:, 1].mean(axis=0)
    assert (cv[:4] > 1.15 * round_cv[:4]).all()


def test_a_dense_electrolyte_under_the_same_mask_has_the_prototypes_spread():
    dense = phantoms.uniform((160, 160, 160), voxel_size=0.92)
    found = []
    for seed in range(3):
        mask = contact_mask(dense, fraction=0.9306, seed=seed)
        solved = interfacial_current(dense, contact=mask, rtol=1e-4)
        assert float(solved.current_density_mean[0]) == pytest.approx(1.0746, abs=1e-4)
        found.append(float(solved.current_density_cv[0]))
    assert np.mean(found) == pytest.approx(0.058, abs=0.01)


def test_the_tortuosity_factor_is_blind_to_the_arrangement_and_the_tail_is_not():
    from poreflux import tortuosity_factor

    tau, tail = {}, {}
    for arrangement in ("lattice", "random", "clustered"):
        values = []
        for seed in range(2):
            volume = phantoms.arranged_spheres(107, arrangement, per_edge=6, seed=seed)
            solved = interfacial_current(
                volume, contact=1.0, kinetics="linear", wagner_lengths=[1.0], rtol=1e-4
            )
            share = solved.sweep_current_density_p99 / solved.sweep_current_density_mean
            found = tortuosity_factor(volume, rtol=1e-4)
            values.append([float(found.tortuosity_factor[0]), float(share.values.item())])
        tau[arrangement], tail[arrangement] = np.mean(values, axis=0)
    assert max(tau.values()) / min(tau.values()) < 1.01
    assert min(tail["random"], tail["clustered"]) > 1.08 * tail["lattice"]
