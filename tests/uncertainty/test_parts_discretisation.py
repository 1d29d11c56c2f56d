"""Intervals of the mean of sub-volumes and of the tensor hold what is exact."""

import numpy as np
import pytest

import poreflux as pf
from poreflux.phantoms import dead_end, layers, sphere_lattice, uniform
from tests.physics.test_spheres import EXACT

TENSOR = "effective_conductivity_tensor"


def ends(errors, name):
    return (errors[f"{name}_discretisation_{end}"].values for end in ("low", "high"))


def in_blocks(volume, **options):
    solved = pf.block_tortuosity(volume, blocks=(2, 2, 2), **options)
    return solved, pf.block_discretisation(volume, solved)


def test_blocks_of_a_lattice_of_spheres_hold_the_exact_value():
    """They are cut at planes of symmetry: each has the tortuosity factor of the lattice."""
    solved, errors = in_blocks(sphere_lattice("sc", 32, fraction=0.2), direction="all")
    low, high = ends(errors, "block_tortuosity_factor_mean")
    assert (low < EXACT[0.2]).all()
    assert (high > EXACT[0.2]).all()
    assert (high < solved.block_tortuosity_factor_mean).all()
    low, high = ends(errors, "block_effective_conductivity_mean")
    assert (low < 0.8 / EXACT[0.2]).all()
    assert (high > 0.8 / EXACT[0.2]).all()


def test_layers_of_two_conductors_are_exact_in_blocks_and_tensor():
    """Layers of four voxels across z: in series along z, side by side along y and x."""
    volume = layers((16, 16, 16), thickness=4)
    conductivity = {"electrolyte": 1.0, "pore": 0.5}
    exact = np.array([2 / 3, 3 / 4, 3 / 4])
    solved, errors = in_blocks(volume, conductivity=conductivity, direction="all")
    low, high = ends(errors, "block_effective_conductivity_mean")
    np.testing.assert_allclose([low, high], [exact, exact], rtol=1e-3)
    solved = pf.effective_tensor(volume, conductivity=conductivity)
    low, high = ends(pf.tensor_discretisation(volume, solved), TENSOR)
    np.testing.assert_allclose(low, np.diag(exact), atol=2e-3)
    np.testing.assert_allclose(high, np.diag(exact), atol=2e-3)


def test_the_tensor_of_a_lattice_of_spheres_holds_the_exact_value():
    volume = sphere_lattice("sc", 24, fraction=0.2)
    low, high = ends(pf.tensor_discretisation(volume, pf.effective_tensor(volume)), TENSOR)
    exact = 0.8 / EXACT[0.2] * np.eye(3)
    assert (low <= exact).all()
    assert (exact <= high).all()
    assert (np.diag(high - low) < 0.1).all()


@pytest.mark.parametrize("volume", [dead_end((8, 4, 4)), uniform((8, 4, 4), label=0)])
def test_nothing_is_said_of_blocks_where_nothing_conducts(volume):
    solved = pf.block_tortuosity(volume, blocks=(1, 1, 1), conductivity={"electrolyte": 1.0})
    errors = pf.block_discretisation(volume, solved)
    along_z = errors.sel(direction="z")
    assert all(np.isnan(value) for value in along_z.data_vars.values())


def test_blocks_of_single_voxels_have_no_upper_bound():
    volume = pf.from_array(np.random.default_rng(0).random((4, 4, 4)) < 0.9)
    solved = pf.block_tortuosity(volume, blocks=(4, 4, 4), direction="z")
    _, high = ends(pf.block_discretisation(volume, solved), "block_tortuosity_factor_mean")
    assert np.isinf(high).all()


def test_what_others_returned_is_refused():
    volume = uniform((4, 4, 4))
    solved = pf.block_tortuosity(volume, blocks=(1, 1, 1))
    solved["block_tortuosity_factor"].attrs.pop("sides")
    with pytest.raises(KeyError, match="no attribute 'sides'"):
        pf.block_discretisation(volume, solved)
    tensor = pf.effective_tensor(volume)
    tensor[TENSOR].attrs.pop("conductivity")
    with pytest.raises(KeyError, match="no attribute 'conductivity'"):
        pf.tensor_discretisation(volume, tensor)
