"""The largest ball at each voxel is the largest of all balls, whatever the blocks."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from poreflux import from_array
from poreflux.metrics.pores.local_thickness import (
    largest_ball,
    local_thickness,
    squared_radii,
    thickness_sizes,
)
from poreflux.metrics.pores.pore_size import pore_size
from poreflux.phantoms import layers, random_spheres, spheres
from tests.metrics.cases import chunked_volumes, field, value

anything = settings(deadline=None, max_examples=20)


def by_all_balls(volume, whole=False) -> np.ndarray:
    """Return the local thickness by trying every ball."""
    h = np.array(volume.attrs["voxel_size"])
    mask = volume["mask"].values if "mask" in volume else np.ones(volume.phase.shape, bool)
    pore = volume["phase"].values == 0
    if (pore | ~mask).all():
        return np.where(pore & mask, np.inf, 0)
    radius = ndimage.distance_transform_edt(pore | ~mask, sampling=h)
    if whole:
        radius = np.floor(radius / h[0] + 1e-9) * h[0]
    places = np.indices(pore.shape).transpose(1, 2, 3, 0) * h
    found = np.zeros(pore.shape)
    for centre in np.argwhere(pore & mask):
        r = radius[tuple(centre)]
        near = ((places - centre * h) ** 2).sum(axis=-1) < r**2 * (1 - 1e-6)
        found[near] = np.maximum(found[near], 2 * r)
    return np.where(pore & mask, np.maximum(found, 2 * radius), 0)


def cubic(volume) -> xr.Dataset:
    return volume.assign_attrs(voxel_size=[0.5, 0.5, 0.5])


@given(chunked_volumes(9))
@anything
def test_distances_are_those_of_scipy(case):
    whole, _ = case
    pore = whole["phase"].values == 0
    if pore.all():
        return
    size = whole.attrs["voxel_size"]
    r2, _ = squared_radii(pore.view(np.uint8), size)
    expected = ndimage.distance_transform_edt(pore, sampling=size)
    np.testing.assert_allclose(np.sqrt(r2) * min(size), expected, rtol=1e-6)


@given(chunked_volumes(9))
@anything
def test_the_thickness_is_that_of_all_balls(case):
    _, pieces = case
    for volume in (pieces, cubic(pieces)):
        found = local_thickness(volume)["local_thickness"]
        np.testing.assert_allclose(found, by_all_balls(volume), rtol=1e-5)


@given(chunked_volumes(9))
@anything
def test_whole_radii_are_those_of_all_balls(case):
    volume = cubic(case[1])
    found = local_thickness(volume, whole=True)["local_thickness"]
    np.testing.assert_allclose(found, by_all_balls(volume, whole=True), rtol=1e-5)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
def test_wide_pores_are_those_of_all_balls(whole, seed):
    volume = from_array(field((20, 22, 24), 3.0, 0.6, seed))
    found = local_thickness(volume, whole=whole)["local_thickness"]
    np.testing.assert_allclose(found, by_all_balls(volume, whole), rtol=1e-6)


@given(st.integers(5, 30), st.booleans())
@settings(deadline=None, max_examples=8)
def test_nothing_depends_on_the_blocks(edge, whole):
    volume = from_array(field((40, 35, 45), 2.5, 0.4, 3), voxel_size=0.92)
    expected = local_thickness(volume, whole=whole)["local_thickness"].values
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("poreflux.metrics.pores.local_thickness._EDGE", edge)
        patch.setattr("poreflux.metrics.pores.local_thickness._SEARCH", edge)
        patch.setattr("poreflux.metrics.pores.local_thickness._FIRST_REACH", 2)
        found = local_thickness(volume.chunk(17), whole=whole)["local_thickness"]
        np.testing.assert_array_equal(found, expected)


def test_a_sphere_is_as_thick_as_its_diameter():
    volume = spheres(60, [(30.5, 30.5, 30.5)], 39.0, voxel_size=0.5)
    found = local_thickness(volume)["local_thickness"].values
    inside = found[found > 0]
    assert (inside > 0.9 * 39 * 0.5).mean() > 0.95
    assert inside.max() <= 40 * 0.5


@pytest.mark.parametrize("voxels", range(1, 9))
def test_a_slab_is_as_thick_as_the_next_even_number_of_voxels(voxels):
    array = np.ones((voxels + 6, 5, 6), bool)
    array[3 : 3 + voxels] = False
    found = value(thickness_sizes(from_array(array, voxel_size=0.5)))
    even = 2 * -(-voxels // 2)
    np.testing.assert_allclose(found["local_thickness_mean"], 0.5 * even)
    np.testing.assert_allclose(found["local_thickness_largest"], 0.5 * even)


@pytest.mark.parametrize(("diameter", "below"), [(8, 0.14), (16, 0.06), (32, 0.03)])
def test_a_sphere_comes_out_too_small_by_what_is_said(diameter, below, rng):
    n, means = diameter + 4, []
    for _ in range(6):
        ball = spheres(n, [n / 2 + rng.random(3) - 0.5], diameter)
        means.append(float(value(thickness_sizes(ball))["local_thickness_mean"]))
    np.testing.assert_allclose(1 - np.mean(means) / diameter, below, atol=0.015)


def test_layers_are_as_thick_as_they_are():
    found = value(thickness_sizes(layers((45, 20, 20), thickness=5, voxel_size=0.5)))
    np.testing.assert_allclose(found["local_thickness_largest"], 6 * 0.5)  # centre to centre
    np.testing.assert_allclose(found["local_thickness_mean"], 6 * 0.5)
    np.testing.assert_allclose(found["local_thickness_share"].sum(), 1)


def test_two_sizes_of_spheres_are_two_peaks_by_volume():
    volume = random_spheres(96, 24, [8, 20])
    share = value(pore_size(volume, method="thickness"))["local_thickness_share"]
    small = float(share.sel(diameter=slice(6, 11)).sum())
    large = float(share.sel(diameter=slice(17, 22)).sum())
    np.testing.assert_allclose(small, 8**3 / (8**3 + 20**3), rtol=0.1)
    assert large > 0.9 - small


def test_a_volume_without_walls_is_endlessly_thick():
    volume = from_array(np.zeros((4, 5, 6), np.uint8))
    assert largest_ball(volume) == np.inf
    assert np.isinf(local_thickness(volume)["local_thickness"]).all()


@pytest.mark.parametrize("edge", [5, 256])
def test_one_wall_in_a_corner_is_seen_from_everywhere(edge, monkeypatch):
    monkeypatch.setattr("poreflux.metrics.pores.local_thickness._EDGE", edge)
    monkeypatch.setattr("poreflux.metrics.pores.local_thickness._SEARCH", edge)
    monkeypatch.setattr("poreflux.metrics.pores.local_thickness._FIRST_REACH", 2)
    array = np.zeros((12, 12, 12), np.uint8)
    assert np.isinf(local_thickness(from_array(array))["local_thickness"]).all()
    array[0, 0, 0] = 1
    np.testing.assert_allclose(largest_ball(from_array(array)), 2 * 11 * np.sqrt(3), rtol=1e-6)


def test_a_known_largest_ball_needs_no_pass_of_its_own():
    volume = from_array(field((40, 35, 45), 2.5, 0.4, 3))
    known = largest_ball(volume)
    expected = local_thickness(volume)["local_thickness"]
    found = local_thickness(volume, largest=known)["local_thickness"]
    np.testing.assert_array_equal(found, expected)


def test_misuse_is_named():
    volume = from_array(np.zeros((4, 5, 6), np.uint8), voxel_size=(1, 1, 2))
    with pytest.raises(ValueError, match="cubes"):
        local_thickness(volume, whole=True)
    with pytest.raises(ValueError, match="positive"):
        local_thickness(volume, largest=0)
