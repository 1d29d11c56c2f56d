"""Chords counted chunk by chunk are those of the whole rows."""

import itertools

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from poreflux import from_array
from poreflux.metrics.pores.chord_length import chord_length
from poreflux.metrics.pores.pore_size import pore_size
from poreflux.phantoms import layers, random_sites, spheres
from poreflux.schema import DIMS
from tests.metrics.cases import chunked_volumes, counting_volume, value

anything = settings(deadline=None, max_examples=25)


def whole_chords(volume, axis):
    """Yield (length, number of ends that are cut) of each chord, by plain Python."""
    pore = volume["phase"].values == 0
    mask = volume["mask"].values if "mask" in volume else np.ones(pore.shape, bool)
    states = np.where(mask, pore, 2)
    for row in np.moveaxis(states, axis, -1).reshape(-1, states.shape[axis]):
        runs = [(2, 1), *((key, len(list(run))) for key, run in itertools.groupby(row)), (2, 1)]
        for before, (key, n), after in zip(runs, runs[1:], runs[2:]):
            if key == 1:
                yield n, int(before[0] == 2) + int(after[0] == 2)


@given(chunked_volumes())
@anything
def test_nothing_depends_on_the_chunks(case):
    whole, pieces = case
    xr.testing.assert_identical(value(chord_length(whole)), value(chord_length(pieces)))


@given(chunked_volumes(), st.sampled_from(DIMS))
@anything
def test_chords_are_those_of_the_rows(case, direction):
    whole, pieces = case
    axis = DIMS.index(direction)
    h = whole.attrs["voxel_size"][axis]
    each = np.array(list(whole_chords(whole, axis)), int).reshape(-1, 2)
    closed = each[each[:, 1] == 0, 0] * h
    found = value(chord_length(pieces, direction=[direction], bin_width=h)).isel(direction=0)
    assert found["chord_count"] == len(closed)
    assert found["chord_count_cut"] == (each[:, 1] > 0).sum()
    assert found["chord_length_longest"] == h * each[:, 0].max(initial=0)
    ends = (2 - each[:, 1]).sum()
    if ends:
        mask = whole["mask"].values if "mask" in whole else np.ones(whole.phase.shape, bool)
        rows = np.moveaxis(mask, axis, 0)
        pairs = (rows[1:] & rows[:-1]).sum() / mask.sum()
        expected = 2 * h * each[:, 0].sum() * pairs / ends
        np.testing.assert_allclose(found["chord_length_mean"], expected)
    if len(closed):
        np.testing.assert_allclose(found["chord_length_std"], closed.std(), atol=1e-9)
        by_length = (closed**2).sum() / closed.sum()
        np.testing.assert_allclose(found["chord_length_by_length_mean"], by_length)
        np.testing.assert_allclose(found["chord_length_share"].sum(), 1)
    lengths = np.rint(found["diameter"].values / h - 0.5)
    expected = [np.count_nonzero(np.rint(closed / h) == n) for n in lengths]
    np.testing.assert_array_equal(found["chord_number"], expected)


def test_layers_have_chords_of_their_thickness_across_and_endless_ones_along():
    found = value(chord_length(layers((27, 6, 6), thickness=3, voxel_size=0.5)))
    across, *along = found["chord_length_mean"].values
    np.testing.assert_allclose(across, 1.5 * 26 / 27)  # 27 planes have 26 pairs of neighbours
    assert np.isnan(along).all()
    assert (found["chord_count"][1:] == 0).all()


@pytest.mark.parametrize("direction", DIMS)
def test_the_mean_chord_of_a_sphere_is_two_thirds_of_its_diameter(direction):
    volume = spheres(100, [(50.2, 49.7, 50.4)], 30)
    mean = float(value(chord_length(volume, direction=direction))["chord_length_mean"][0])
    np.testing.assert_allclose(mean, 20 * 99 / 100, rtol=0.01)  # 99 pairs of 100 voxels


def test_chords_of_random_sites_are_geometric():
    """A pore goes on with probability p: lengths n have probability (1 - p) p^(n - 1)."""
    p = 0.4
    found = value(chord_length(random_sites(96, p), direction="x", bin_width=1.0))
    number = found["chord_number_unbiased"].values[0, 1:7]
    expected = (1 - p) * p ** np.arange(6)
    np.testing.assert_allclose(number / number.sum(), expected / expected.sum(), atol=0.005)
    np.testing.assert_allclose(found["chord_length_mean"], 1 / (1 - p), rtol=0.01)


def test_the_mean_is_free_of_the_bias_of_cut_chords():
    """Rows shorter than the chords cut most of them; the mean of whole chords is far too small."""
    p, n = 0.8, 12
    array = random_sites((n, 96, 96), p).phase.values
    found = value(chord_length(from_array(array), direction="z"))
    whole = float((found["chord_number"] * found["diameter"]).sum() / found["chord_count"].sum())
    assert whole < 0.75 / (1 - p)
    np.testing.assert_allclose(found["chord_length_mean"], 1 / (1 - p), rtol=0.03)


def test_pore_size_by_chords_is_the_same(rng):
    volume = from_array(rng.random((9, 9, 9)) > 0.3)
    xr.testing.assert_identical(
        value(pore_size(volume, method="chords")), value(chord_length(volume))
    )


def test_chords_take_one_pass(rng):
    source, volume = counting_volume((rng.random((9, 9, 9)) > 0.2).astype(np.uint8), 4)
    lazy = chord_length(volume)
    assert source.reads.max() == 0
    value(lazy)
    np.testing.assert_array_equal(source.reads, 1)


def test_a_direction_that_is_no_dim_is_named():
    with pytest.raises(ValueError, match="not a dimension"):
        chord_length(from_array(np.ones((3, 3, 3), bool)), direction="w")
