"""What percolates, what is closed off, and how it hangs together."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from scipy import ndimage
from skimage.measure import euler_number as whole_euler_number

from poreflux import from_array
from poreflux.metrics.pores.connectivity import connectivity
from poreflux.metrics.pores.pore_size import pore_size
from poreflux.metrics.surface.euler_number import euler_number
from poreflux.phantoms import columns, layers, random_sites, random_spheres
from tests.metrics.cases import chunked_volumes, counting_volume, value

anything = settings(deadline=None, max_examples=20)


@given(chunked_volumes())
@anything
def test_nothing_depends_on_the_chunks(case):
    whole, pieces = case
    for measure in (connectivity, euler_number):
        xr.testing.assert_identical(value(measure(whole)), value(measure(pieces)))


@given(chunked_volumes())
@anything
def test_the_euler_number_is_that_of_the_whole_array(case):
    whole, pieces = case
    pore = whole["phase"].values == 0
    if "mask" in whole:
        pore &= whole["mask"].values
    found = value(euler_number(pieces))["euler_number"]
    assert found.sel(neighbours=6) == whole_euler_number(pore, connectivity=1)
    assert found.sel(neighbours=26) == whole_euler_number(pore, connectivity=3)


@given(chunked_volumes())
@anything
def test_euler_numbers_of_the_two_phases_are_dual(case):
    """With the solid all around, pores by 26 neighbours and the solid by 6 belong together."""
    whole, _ = case
    padded = from_array(np.pad(whole["phase"].values, 1, constant_values=1))
    pore = value(euler_number(padded, phase="pore"))["euler_number"].sel(neighbours=26)
    solid = value(euler_number(padded, phase="electrolyte"))["euler_number"].sel(neighbours=6)
    assert solid == pore + 1


@given(chunked_volumes())
@anything
def test_fractions_are_those_of_the_whole_array(case):
    whole, pieces = case
    whole, pieces = (
        whole.drop_vars("mask", errors="ignore"),
        pieces.drop_vars("mask", errors="ignore"),
    )
    pore = whole["phase"].values == 0
    if not pore.any():
        return
    found = value(connectivity(pieces))
    for n, structure in ((6, None), (26, np.ones((3, 3, 3)))):
        labels, count = ndimage.label(pore, structure)
        sizes = np.bincount(labels.ravel(), minlength=count + 1)
        sizes[0] = 0
        one = found.sel(neighbours=n)
        assert one["cluster_count"] == count
        assert one["largest_cluster_fraction"] == sizes.max() / pore.sum()
        faces = [(set(labels.take(0, a).flat), set(labels.take(-1, a).flat)) for a in range(3)]
        for axis, (first, last) in enumerate(faces):
            expected = sizes[list(first & last)].sum() / pore.sum()
            np.testing.assert_allclose(one["percolating_phase_fraction"][axis], expected)
        touched = set().union(*(face for pair in faces for face in pair)) - {0}
        isolated = 1 - sizes[list(touched)].sum() / pore.sum()
        np.testing.assert_allclose(one["isolated_fraction"], isolated, atol=1e-12)


def test_columns_percolate_along_themselves_only():
    found = value(connectivity(columns(12, width=2, period=4), phase="electrolyte"))
    np.testing.assert_array_equal(found["percolating_phase_fraction"], [[1, 0, 0]] * 2)
    assert (found["isolated_fraction"] == 0).all()
    assert (found["cluster_count"] == 9).all()


def test_layers_percolate_in_their_plane():
    found = value(connectivity(layers((6, 5, 4)), phase="pore"))
    np.testing.assert_array_equal(found["percolating_phase_fraction"], [[0, 1, 1]] * 2)


def test_separate_spheres_are_isolated_and_have_one_euler_number_each():
    volume = random_spheres(50, 9, [5, 9])
    found = value(connectivity(volume))
    assert (found["isolated_fraction"] == 1).all()
    assert (found["percolating_phase_fraction"] == 0).all()
    assert (value(euler_number(volume))["euler_number"] == 9).all()


@pytest.mark.parametrize("neighbours, below, above", [(6, 0.27, 0.36), (26, 0.08, 0.13)])
def test_random_sites_percolate_above_their_threshold(neighbours, below, above):
    """The thresholds of site percolation are 0.3116 and 0.0976."""
    for porosity, percolates in ((below, False), (above, True)):
        found = value(connectivity(random_sites(64, porosity, seed=1), neighbours=[neighbours]))
        share = found["percolating_phase_fraction"].sel(neighbours=neighbours)
        assert bool((share > 0.5).all()) is percolates
        assert bool((share == 0).all()) is not percolates


def test_a_mask_moves_the_faces_inward():
    array = np.ones((8, 8, 8), np.uint8)
    array[2:6, 4, 4] = 0
    mask = np.zeros((8, 8, 8), bool)
    mask[2:6, 2:6, 2:6] = True
    volume = from_array(array)
    volume["mask"] = ("z", "y", "x"), mask
    found = value(connectivity(volume))
    np.testing.assert_array_equal(found["percolating_phase_fraction"], [[1, 0, 0]] * 2)


def test_with_sizes_the_volume_is_read_and_labelled_once(rng):
    source, volume = counting_volume((rng.random((9, 9, 9)) > 0.2).astype(np.uint8), 4)
    value(connectivity(volume).merge(pore_size(volume, method="components")))
    np.testing.assert_array_equal(source.reads, 1)
