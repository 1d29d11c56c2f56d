"""The tensor of a period equals that of the assembled matrix."""

import numpy as np
import pytest

from poreflux import effective_tensor, from_array, tortuosity_factor
from poreflux.schema import DIMS
from tests.coverage.solver_error import of_tensor, realisations
from tests.physics import direct, media

NAMES = {0: "pore", 1: "one", 2: "two"}


def tensor(labels, spacing=1.0, conductivity=None, **options):
    volume = from_array(labels, voxel_size=spacing, phases=NAMES)
    options = {"rtol": 1e-12, **options}
    result = effective_tensor(volume, conductivity=conductivity or {"one": 1.0}, **options)
    return result.effective_conductivity_tensor.transpose("component", "direction").values


@pytest.mark.parametrize("seed", range(6))
def test_the_tensor_equals_that_of_a_direct_solve(seed):
    rng = np.random.default_rng(seed)
    shape = rng.integers(2, 8, 3)
    spacing = rng.uniform(0.5, 2, 3)
    labels = rng.choice(3, shape, p=[0.2, 0.4, 0.4]).astype(np.uint8)
    found = tensor(labels, spacing, {"one": 1.0, "two": 0.05})
    expected = direct.tensor(np.array([0, 1, 0.05])[labels], spacing)
    assert np.diagonal(found) == pytest.approx(np.diagonal(expected), rel=1e-10)
    # off the diagonal the error is not of second order: the square root of rtol
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("axes", [(1, 0, 2), (2, 1, 0), (1, 2, 0)])
def test_turning_the_medium_turns_the_tensor(axes):
    labels = media.blobs((10, 8, 12), 0.7, (1, 1, 2), 3)
    here, there = tensor(labels), tensor(labels.transpose(axes))
    assert there == pytest.approx(here[np.ix_(axes, axes)], abs=1e-7)


@pytest.mark.parametrize("axis", range(3))
def test_a_mirror_turns_the_sign_of_one_row_and_column(axis):
    labels = media.blobs((10, 8, 12), 0.7, (1, 1, 2), 3)
    sign = np.where(np.arange(3) == axis, -1, 1)
    flipped = tensor(np.flip(labels, axis))
    assert flipped == pytest.approx(tensor(labels) * sign * sign[:, None], abs=1e-7)


def test_between_mirrors_a_period_conducts_like_a_driven_block():
    octant = media.blobs((6, 7, 8), 0.75, 1.0, 5)
    for axis in range(3):
        octant = np.concatenate([octant, np.flip(octant, axis)], axis)
    found = tensor(octant)
    assert found - np.diag(np.diagonal(found)) == pytest.approx(np.zeros((3, 3)), abs=1e-7)
    volume = from_array(octant, phases=NAMES)
    for row, direction in enumerate(DIMS):
        driven = tortuosity_factor(
            volume, direction=direction, conductivity={"one": 1.0}, rtol=1e-12
        )
        kappa = float(driven.effective_conductivity[0])
        assert found[row, row] == pytest.approx(kappa, rel=1e-9)


def test_plates_lead_along_and_not_across():
    labels = np.zeros((6, 4, 4), np.uint8)
    labels[::2] = 1
    assert tensor(labels) == pytest.approx(np.diag([0, 0.5, 0.5]), abs=1e-10)


def test_a_path_that_closes_around_the_period_only_after_two_leads():
    # one step sideways on the way up: the path meets itself in the second image
    labels = np.zeros((4, 4, 2), np.uint8)
    labels[:2, 0] = labels[2:, 2] = 1
    labels[1, :3] = labels[3, 2:] = 1
    labels[3, 0] = 1
    found = tensor(labels)
    expected = direct.tensor((labels > 0) * 1.0)
    assert found == pytest.approx(expected, abs=1e-8)
    assert found[0, 0] > 0


@pytest.mark.parametrize("rods", [False, True])
def test_grains_that_a_period_cuts_conduct_nothing(rods):
    """They join its faces, and nothing else; a rod beside them conducts by its cross section."""
    array = np.zeros((8, 8, 8), np.uint8)
    array[[0, -1], 3:5, 3:5] = 1
    if rods:
        array[:, 6, 6] = 1
    tensor = effective_tensor(from_array(array)).effective_conductivity_tensor
    expected = np.zeros((3, 3))
    expected[0, 0] = rods / 64
    np.testing.assert_allclose(tensor, expected, atol=1e-9)


@pytest.mark.parametrize("n", [5, 6, 7, 9, 11, 13])
def test_the_jump_around_a_period_rounds_and_the_error_says_so(n):
    labels = np.zeros((n, 6, 6), np.uint8)
    labels[:, 3, 3] = 1
    found = effective_tensor(from_array(labels), rtol=1e-4, precision="float32")
    element = found.effective_conductivity_tensor.sel(component="z", direction="z").item()
    assert abs(36 * element - 1) <= found.relative_error.sel(direction="z").item()


def test_islands_in_long_voxels_do_not_defeat_the_multigrid():
    """Conductances of coarse faces that were summed in float32 did, at a contrast of 4e7."""
    islands = [medium for medium in realisations(3, 0) if medium.kind == "islands"]
    found = of_tensor(islands[-1])
    assert len(found) == 3
    assert all(trial.true <= trial.printed <= 1e-4 for trial in found)
