"""Inequalities that hold for every medium: Wiener, Hashin-Shtrikman, cutting, Rayleigh."""

from itertools import pairwise

import numpy as np
import pytest

from poreflux import block_tortuosity, from_array, phantoms
from poreflux.schema import DIMS
from tests.physics import media
from tests.physics.answers import ask, kappa, tau

SHAPE = (16, 18, 20)
NAMES = {0: "a", 1: "b", 2: "c"}

#: room for the error of the solver, which stops at 1e-10
JUST = 1 + 1e-9


@pytest.mark.parametrize("medium", media.BINARY)
@pytest.mark.parametrize("direction", DIMS)
def test_no_tortuosity_factor_is_below_one(medium, direction):
    answer = ask(media.BINARY[medium](SHAPE), direction=direction)
    assert answer.tau * JUST >= 1


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("contrast", [2.0, 30.0, 1e4])
def test_several_conductors_lie_between_series_and_parallel(seed, contrast):
    labels = media.phases(SHAPE, [0.3, 0.4, 0.3], seed=seed)
    conductivity = {"a": 1.0, "b": contrast**-0.5, "c": 1 / contrast}
    each = np.array(list(conductivity.values()))[labels]
    answer = ask(from_array(labels, phases=NAMES), conductivity=conductivity)
    assert 1 / np.mean(1 / each) <= answer.kappa * JUST
    assert answer.kappa <= each.mean() * JUST


@pytest.mark.parametrize("fraction", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("lattice", ["sc", "bcc", "fcc"])
def test_cubic_lattices_respect_hashin_and_shtrikman(lattice, fraction):
    volume = phantoms.sphere_lattice(lattice, 24, fraction=fraction)
    phi = float((volume.phase == 1).mean())
    assert tau(volume) >= (3 - phi) / 2


def test_overlapping_spheres_respect_weissberg(rng):
    n, diameter = 60, 12
    volume = phantoms.spheres(n, rng.random((60, 3)) * n, diameter, periodic=True)
    phi = float((volume.phase == 1).mean())
    assert 0.6 < phi < 0.9
    assert tau(volume) >= 1 - np.log(phi) / 2


@pytest.mark.parametrize("medium", ["dense noise", "clustered pores", "curved sheets"])
@pytest.mark.parametrize("direction", DIMS)
def test_columns_conduct_no_more_and_layers_no_less_than_the_whole(medium, direction):
    volume = from_array(media.BINARY[medium]((24, 24, 24)))
    cut = {dim: 4 if dim == direction else 1 for dim in DIMS}
    layers = block_tortuosity(
        volume, blocks=[cut[dim] for dim in DIMS], direction=direction, rtol=1e-9
    )
    columns = block_tortuosity(
        volume, blocks=[5 - cut[dim] for dim in DIMS], direction=direction, rtol=1e-9
    )
    # equipotential planes across the transport, insulating walls along it
    upper = 1 / (1 / layers.block_effective_conductivity.values).mean()
    lower = columns.block_effective_conductivity.values.mean()
    whole = kappa(volume, direction=direction)
    assert lower < whole < upper


@pytest.mark.parametrize("medium", media.BINARY)
def test_periodic_sides_conduct_no_less_than_insulated_ones(medium):
    labels = media.BINARY[medium](SHAPE)
    assert kappa(labels, sides="insulated") <= kappa(labels, sides="periodic") * JUST


@pytest.mark.parametrize("sides", ["insulated", "periodic"])
def test_removing_conducting_voxels_never_raises_the_conductivity(sides):
    # Rayleigh: one order of removal, from whole to below percolation
    order = np.random.default_rng(8).random((12, 11, 10))
    values = [
        kappa((order < left).astype(np.uint8), sides=sides) for left in np.linspace(1, 0.25, 16)
    ]
    assert values[0] == pytest.approx(1, abs=1e-9)
    assert values[-1] == 0
    assert all(after <= before * JUST for before, after in pairwise(values))


def test_raising_the_conductivity_of_a_phase_never_lowers_the_whole():
    volume = from_array(media.phases(SHAPE, [0.3, 0.4, 0.3]), phases=NAMES)
    values = [
        kappa(volume, conductivity={"a": 1.0, "b": b, "c": 0.01}) for b in np.geomspace(1e-6, 1, 13)
    ]
    assert all(before <= after * JUST for before, after in pairwise(values))


@pytest.mark.parametrize("contrast", [1e-3, 1e-5, 1e-6])
def test_a_poor_conductor_tends_to_an_insulator(contrast):
    labels = media.blobs(SHAPE, 0.75, 2.0, 3)
    insulating = kappa(labels)
    poor = kappa(labels, conductivity={"electrolyte": 1.0, "pore": contrast})
    # kappa is concave in the conductivity of a phase: its rise is at most its slope at zero
    assert insulating < poor < insulating + 3 * contrast


def test_phases_of_equal_conductivity_are_one():
    volume = from_array(media.phases(SHAPE, [0.3, 0.4, 0.3]), phases=NAMES)
    assert tau(volume, conductivity={"a": 3.0, "b": 3.0, "c": 3.0}) == pytest.approx(1, abs=1e-10)


@pytest.mark.parametrize("difference", [1e-3, 1e-6, 1e-9])
def test_phases_of_nearly_equal_conductivity_are_nearly_one(difference):
    volume = from_array(media.phases(SHAPE, [0.3, 0.4, 0.3]), phases=NAMES)
    conductivity = {"a": 1.0, "b": 1.0 - difference, "c": 1.0}
    # tau - 1 is of the second order in the contrast
    excess = tau(volume, conductivity=conductivity) - 1
    assert -1e-10 <= excess <= difference**2 + 1e-10


def test_two_conducting_phases_conduct_more_than_each_alone():
    volume = from_array(media.phases(SHAPE, [0.4, 0.2, 0.4]), phases=NAMES)
    both = kappa(volume, conductivity={"a": 1.0, "b": 1.0})
    assert both > kappa(volume, conductivity={"a": 1.0}) + kappa(volume, conductivity={"b": 1.0})
