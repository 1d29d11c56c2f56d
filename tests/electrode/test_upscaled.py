"""The medium of blocks: exact where the volume is one, and what its cells may be."""

import numpy as np
import pytest

from poreflux import block_tortuosity, contact_mask, from_array, interfacial_current, phantoms
from poreflux.transport.electrode import upscaled
from poreflux.transport.electrode.conditions import conditions
from poreflux.transport.electrode.voxels import solve

ALIKE = (
    "current_density_cv",
    "current_density_p99",
    "current_density_gini",
    "area_specific_resistance",
    "area_specific_resistance_constriction",
)


@pytest.mark.parametrize("direction", ["z", "y", "x"])
def test_blocks_of_dense_electrolyte_are_coarse_voxels(direction):
    volumes = [phantoms.uniform((n, n, n), voxel_size=12 / n) for n in (24, 12)]
    fine, coarse = (
        interfacial_current(
            volume, direction=direction, resolution=resolution,
            contact=contact_mask(volume, model="cells", off=10, direction=direction),
        )
        for volume, resolution in zip(volumes, ("upscaled", "voxel"))
    )  # fmt: skip
    end = "" if direction == "z" else f"_{direction}"
    np.testing.assert_allclose(
        fine[f"upscaled_current_density{end}"], coarse[f"current_density{end}"], rtol=1e-6
    )
    for name in ALIKE:
        assert fine[f"upscaled_{name}"][0] == pytest.approx(float(coarse[name][0]), rel=1e-6)
    assert not any(name.startswith("current") for name in fine)
    # eight cells a Wagner length are not enough, and no finer blocks say by how much
    assert fine.upscaled_current_density_max.attrs["mesh_dependent"] == 1


def test_a_medium_that_conducts_better_along_an_axis_is_one_that_is_shorter_along_it():
    rng = np.random.default_rng(2)
    base = rng.uniform(0.2, 1.0, (6, 8, 10))
    share = (rng.random((8, 10)) > 0.3).astype(float)
    operating = conditions(kinetics="linear", rtol=1e-8)
    stretched = np.stack([base, base, 4 * base])
    states = []
    for kappa, spacing in ((np.stack([base] * 3), (3.0, 2.0, 2.0)), (stretched, (3.0, 2.0, 4.0))):
        model = upscaled.prepare_blocks(kappa.copy(), spacing, 0.1, share, operating)
        states.append(next(solve(model, [operating]))[1])
    np.testing.assert_allclose(states[0].density, states[1].density, rtol=1e-6)
    assert states[0].voltage == pytest.approx(states[1].voltage, rel=1e-8)


def test_the_contact_of_a_cell_may_be_a_part_of_it():
    volume = phantoms.uniform((12, 24, 24))
    contact = contact_mask(volume, fraction=0.6, length=3.0)
    found = interfacial_current(volume, contact=contact, resolution="both")
    mean = 1 / float(contact.mean())
    assert found.upscaled_current_density_mean[0] == pytest.approx(mean, rel=1e-8)
    assert found.current_density_mean[0] == pytest.approx(mean, rel=1e-8)
    # dense: only the lumping of the contact differs
    assert float(found.upscaled_correlation[0]) > 0.5
    assert found.upscaled_area_specific_resistance_bulk[0] == pytest.approx(
        float(found.area_specific_resistance_bulk[0]), rel=1e-6
    )


def test_blocks_see_clusters_that_are_larger_than_they_are():
    labels = phantoms.random_sites((24, 24, 24), 0.05, seed=1).phase.values.copy()
    rng = np.random.default_rng(1)
    labels[:, :12] &= rng.random((24, 12, 24)) > 0.25
    found = interfacial_current(
        from_array(labels), contact=1.0, resolution="both", blocks=(2, 2, 2)
    )
    j = found.upscaled_current_density.values
    assert j[:3].mean() < 0.9 * j[3:].mean()
    assert float(found.upscaled_correlation[0]) > 0.5


def test_blocks_that_were_solved_before_are_taken():
    volume = phantoms.random_sites((24, 24, 24), 0.2, seed=1)
    blocks = block_tortuosity(volume, blocks=(2, 2, 2), direction="all")
    given, own = (
        interfacial_current(volume, resolution="upscaled", blocks=each)
        for each in (blocks, (2, 2, 2))
    )
    assert given.identical(own)
    with pytest.raises(ValueError, match="the blocks have no direction 'y'"):
        interfacial_current(
            volume, resolution="upscaled", blocks=block_tortuosity(volume, direction="z")
        )


def test_blocks_that_do_not_join_the_faces_carry_nothing():
    labels = np.ones((12, 12, 12), np.uint8)
    labels[:6, :6] = labels[6:, 6:] = 0  # two half slabs that share an edge only
    found = interfacial_current(from_array(labels), resolution="upscaled", blocks=(2, 2, 2))
    assert found.upscaled_contact_fraction[0] == 0
    assert np.isinf(found.upscaled_area_specific_resistance[0])
    assert np.isnan(found.upscaled_current_density).all()


@pytest.mark.parametrize(
    "options, words",
    [
        ({"resolution": "coarse"}, "resolution='coarse' is not known; choose one of"),
        ({"resolution": "both", "blocks": (4, 4)}, "are not three numbers of blocks"),
        ({"resolution": "both", "blocks": (4, 4, 9)}, "12 voxels along x cannot be 9 blocks"),
        ({"resolution": "both", "blocks": (0, 4, 4)}, "12 voxels along z cannot be 0 blocks"),
    ],
)
def test_blocks_that_cannot_be_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        interfacial_current(phantoms.uniform((12, 12, 12)), **options)
