"""Volumes whose tortuosity factor is known in closed form, or to many digits."""

import itertools

import numpy as np
import pytest

from poreflux import from_array, phantoms
from poreflux.schema import DIMS
from tests.physics.answers import ask, kappa, polarisability, tau

SHAPES = [(1, 1, 1), (2, 1, 5), (7, 4, 3), (12, 11, 10)]
SPACINGS = [1.0, (0.5, 2.0, 1.3), (3.0, 0.92, 0.92)]


@pytest.mark.parametrize("direction", DIMS)
@pytest.mark.parametrize("sides", ["insulated", "periodic"])
@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_uniform_volume_has_tortuosity_factor_one(shape, spacing, sides, direction):
    volume = from_array(np.ones(shape, np.uint8), voxel_size=spacing)
    answer = ask(volume, direction=direction, sides=sides)
    assert answer.tau == pytest.approx(1, abs=1e-10)
    assert answer.kappa == pytest.approx(1, abs=1e-10)
    assert answer.flux_imbalance < 1e-10


@pytest.mark.parametrize("direction", DIMS)
@pytest.mark.parametrize("thickness, periods", [(1, 4), (2, 3), (3, 1)])
def test_conductors_in_series_have_the_harmonic_mean(direction, thickness, periods):
    shape = [3, 3, 3]
    shape[DIMS.index(direction)] = 2 * thickness * periods
    volume = phantoms.layers(shape, direction=direction, thickness=thickness)
    phases = {"electrolyte": 1.0, "pore": 0.5}
    assert kappa(volume, direction=direction, conductivity=phases) == pytest.approx(2 / 3, rel=1e-9)


@pytest.mark.parametrize("direction, across", list(itertools.permutations(DIMS, 2)))
def test_conductors_in_parallel_have_the_arithmetic_mean(direction, across):
    volume = phantoms.layers(6, direction=across)
    phases = {"electrolyte": 1.0, "pore": 0.5}
    answer = ask(volume, direction=direction, conductivity=phases)
    assert answer.kappa == pytest.approx(3 / 4, rel=1e-9)
    assert answer.tau == pytest.approx(1, rel=1e-9)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_layers_of_three_phases_are_resistances_in_series(spacing):
    labels = np.repeat(np.array([0, 1, 2, 1, 2, 2], np.uint8), 4).reshape(6, 2, 2)
    volume = from_array(labels, voxel_size=spacing, phases={0: "a", 1: "b", 2: "c"})
    conductivity = {"a": 0.2, "b": 3.0, "c": 7.0}
    expected = 6 / (1 / 0.2 + 2 / 3.0 + 3 / 7.0) / 7.0
    assert kappa(volume, conductivity=conductivity) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("direction", DIMS)
def test_straight_columns_have_tortuosity_factor_one_and_lead_nothing_across(direction):
    volume = phantoms.columns((6, 6, 6), direction=direction)
    answer = ask(volume, direction=direction)
    assert answer.tau == pytest.approx(1, abs=1e-10)
    assert answer.kappa == pytest.approx(1 / 4, abs=1e-10)
    others = [dim for dim in DIMS if dim != direction]
    assert [tau(volume, direction=dim) for dim in others] == [np.inf, np.inf]


def test_the_slanted_strip_has_tortuosity_factor_451_over_60():
    assert tau(phantoms.slanted_strip(20)) == pytest.approx(451 / 60, rel=1e-9)


@pytest.mark.parametrize(
    "n, fraction, expected", [(32, 0.21679688, 3.30709543), (64, 0.20776367, 2.34815046)]
)
def test_interstices_of_overlapping_fcc_spheres_have_the_published_values(n, fraction, expected):
    volume = phantoms.sphere_lattice("fcc", n, overlap=0.05)
    assert float((volume.phase == 1).mean()) == pytest.approx(fraction, abs=5e-9)
    assert tau(volume) == pytest.approx(expected, abs=5e-9)


@pytest.mark.parametrize("direction", DIMS)
@pytest.mark.parametrize("sides", ["insulated", "periodic"])
def test_a_dead_end_leads_nothing_and_takes_no_iteration(direction, sides):
    answer = ask(
        phantoms.dead_end((7, 6, 5), direction=direction), direction=direction, sides=sides
    )
    assert answer.tau == np.inf
    assert answer.kappa == 0
    assert answer.iterations == 0
    assert answer.percolating == 0
    assert answer.relative_error == 0


def test_a_path_that_only_meets_edges_leads_nothing():
    board = phantoms.checkerboard(6, dims=("z", "y", "x"))
    assert tau(board) == np.inf


def test_a_volume_without_electrolyte_leads_nothing():
    assert tau(np.zeros((4, 4, 4), np.uint8)) == np.inf


def test_a_staircase_is_a_chain_of_resistances():
    n = 8
    labels = np.zeros((n, n, 1), np.uint8)
    for i in range(n):
        labels[i, max(0, i - 1) : i + 1] = 1
    # half a link in, one down and one along at each step, and out of both voxels of the last step
    out = 1 / (1 / 0.5 + 1 / 1.5)
    resistance = 0.5 + (n - 2) * 2 + 1 + out
    assert kappa(labels) == pytest.approx(1 / resistance, rel=1e-9)


@pytest.mark.parametrize("n, tolerance", [(15, 2e-5), (25, 2e-6)])
def test_one_missing_voxel_costs_2_53114(n, tolerance):
    cost = polarisability(phantoms.one_missing_voxel(n).phase.values)
    assert cost == pytest.approx(2.531138, abs=tolerance)


@pytest.mark.parametrize(
    "edge, expected", [(2, 2.021), (4, 1.796), (8, 1.702), (16, 1.664)], ids=lambda v: str(v)
)
def test_a_cubic_pore_costs_what_its_voxels_make_of_it(edge, expected):
    # five edges apart the images act as dipoles to three digits
    n = min(5 * edge, 64)
    assert polarisability(phantoms.cubes(n, edge).phase.values) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("sides", ["insulated", "periodic"])
def test_several_cells_of_a_lattice_conduct_like_one(sides):
    one = kappa(phantoms.sphere_lattice("sc", 12, fraction=0.3), sides=sides)
    many = kappa(phantoms.sphere_lattice("sc", 12, fraction=0.3, cells=(2, 1, 3)), sides=sides)
    assert many == pytest.approx(one, rel=1e-9)
