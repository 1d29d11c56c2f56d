"""Pores found chunk by chunk are those of the whole array, each with its size, place and shape."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.measure import regionprops_table

from poreflux import collect, from_array, store
from poreflux.metrics.pores.pore_labels import pore_labels
from poreflux.metrics.pores.pore_size import pore_size
from poreflux.metrics.pores.pore_table import pore_table, save_table
from poreflux.metrics.pores.size_errors import (
    mean_by_volume_error,
    spread_errors,
    weighted_mean_error,
)
from poreflux.metrics.pores.size_histogram import (
    edge_weights,
    median,
    modes,
    size_bins,
)
from poreflux.phantoms import random_spheres, spheres
from poreflux.schema import DIMS
from tests.metrics.cases import chunked_volumes, counting_volume, value

anything = settings(deadline=None, max_examples=20)
either = st.sampled_from([6, 26])

STRUCTURE = {6: ndimage.generate_binary_structure(3, 1), 26: np.ones((3, 3, 3))}


def whole_labels(volume, neighbours) -> tuple[np.ndarray, int]:
    pore = volume["phase"].values == 0
    if "mask" in volume:
        pore &= volume["mask"].values
    return ndimage.label(pore, STRUCTURE[neighbours])


@given(chunked_volumes(), either)
@anything
def test_labels_are_those_of_the_whole_array(case, neighbours):
    whole, pieces = case
    expected, _ = whole_labels(whole, neighbours)
    found = pore_labels(pieces, method="components", neighbours=neighbours)
    np.testing.assert_array_equal(found["pore_label"], expected)


@given(chunked_volumes(), either)
@anything
def test_the_table_does_not_depend_on_the_chunks(case, neighbours):
    whole, pieces = case
    xr.testing.assert_identical(
        pore_table(whole, method="components", neighbours=neighbours),
        pore_table(pieces, method="components", neighbours=neighbours),
    )


@given(chunked_volumes(), either)
@anything
def test_the_table_is_that_of_region_properties(case, neighbours):
    whole, pieces = case
    labels, n = whole_labels(whole, neighbours)
    h = np.array(whole.attrs["voxel_size"])
    table = pore_table(pieces, method="components", neighbours=neighbours)
    assert table.sizes["pore"] == n
    if n == 0:
        return
    wanted = ("area", "centroid", "bbox")
    expected = regionprops_table(labels, properties=wanted)
    np.testing.assert_array_equal(table["pore_voxel_count"], expected["area"])
    np.testing.assert_allclose(table["pore_volume"], expected["area"] * h.prod())
    for axis, dim in enumerate(DIMS):
        centre = (expected[f"centroid-{axis}"] + 0.5) * h[axis]
        np.testing.assert_allclose(table[f"pore_centroid_{dim}"], centre)
        extent = (expected[f"bbox-{axis + 3}"] - expected[f"bbox-{axis}"]) * h[axis]
        np.testing.assert_allclose(table[f"pore_extent_{dim}"], extent)


@given(chunked_volumes(), either)
@anything
def test_a_pore_is_on_the_edge_where_something_unknown_is_next_to_it(case, neighbours):
    whole, pieces = case
    labels, n = whole_labels(whole, neighbours)
    mask = whole["mask"].values if "mask" in whole else np.ones(labels.shape, bool)
    unknown = np.pad(~mask, 1, constant_values=True)
    near = ndimage.binary_dilation(unknown, STRUCTURE[26])[1:-1, 1:-1, 1:-1]
    expected = ndimage.maximum(near, labels, np.arange(1, n + 1)).astype(bool) if n else []
    edge = pore_table(pieces, method="components", neighbours=neighbours)["pore_on_edge"]
    np.testing.assert_array_equal(edge, expected)


@given(chunked_volumes(), either)
@anything
def test_sizes_do_not_depend_on_the_chunks(case, neighbours):
    whole, pieces = case
    xr.testing.assert_identical(
        value(pore_size(whole, method="components", neighbours=neighbours)),
        value(pore_size(pieces, method="components", neighbours=neighbours)),
    )


@given(chunked_volumes())
@anything
def test_histograms_account_for_every_pore(case):
    whole, pieces = case
    _, n = whole_labels(whole, 26)
    sizes = value(pore_size(pieces, method="components", spacing="log"))
    assert sizes["pore_count"] == sizes["pore_number"].sum() == n
    assert sizes["pore_count_resolved"] == sizes["pore_number_resolved"].sum()
    np.testing.assert_allclose(sizes["pore_number_unbiased"].sum(), sizes["pore_count_unbiased"])
    if n:
        np.testing.assert_allclose(sizes["pore_volume_share"].sum(), 1)


def test_separate_spheres_are_each_found_once():
    volume = random_spheres(64, 12, [5, 9, 14], voxel_size=0.5)
    table = pore_table(volume.chunk(23))
    assert table.sizes["pore"] == 12
    assert not table["pore_on_edge"].any()
    found = np.sort(table["pore_diameter"])
    np.testing.assert_allclose(found, np.repeat([2.5, 4.5, 7], 4), rtol=0.05)


@pytest.mark.parametrize("diameter", [8, 12, 20, 31])
def test_the_surface_of_a_sphere_is_within_two_per_cent(diameter, rng):
    n = diameter + 6
    errors = []
    for _ in range(8):
        centre = n / 2 + rng.random(3) - 0.5
        table = pore_table(spheres(n, [centre], diameter).chunk(7))
        errors.append(float(table["pore_surface"][0]) / (np.pi * diameter**2) - 1)
        assert abs(float(table["pore_sphericity"][0]) - 1) < 0.05
    assert abs(np.mean(errors)) < 0.02


@pytest.mark.parametrize(("diameter", "mean", "single"), [(6, -0.02, 0.07), (24, 0, 0.012)])
def test_the_surface_of_a_sphere_is_as_near_as_is_said(diameter, mean, single, rng):
    errors = []
    for _ in range(20):
        table = pore_table(spheres(diameter + 6, [diameter / 2 + 3 + rng.random(3)], diameter))
        errors.append(float(table["pore_surface"][0]) / (np.pi * diameter**2) - 1)
    np.testing.assert_allclose(np.mean(errors), mean, atol=0.008 if diameter < 12 else 0.002)
    assert np.max(np.abs(errors)) < single


def test_the_surface_of_a_sphere_does_not_depend_on_the_shape_of_voxels():
    n, r = (30, 20, 60), 8.0
    h = np.array([1.0, 1.5, 0.5])
    place = (np.indices(n).transpose(1, 2, 3, 0) + 0.5) * h - np.array(n) * h / 2
    ball = (place**2).sum(-1) > r**2
    table = pore_table(from_array(ball, voxel_size=tuple(h)))
    np.testing.assert_allclose(table["pore_surface"], 4 * np.pi * r**2, rtol=0.02)


def test_two_sizes_are_the_modes_of_a_bimodal_distribution():
    volume = random_spheres(120, 40, [4, 16], voxel_size=0.92)
    sizes = value(pore_size(volume, method="components"))
    np.testing.assert_allclose(sizes["pore_diameter_modes"], [4 * 0.92, 16 * 0.92], rtol=0.05)
    large = sizes["pore_diameter_by_volume_modes"].values
    np.testing.assert_allclose(large, [16 * 0.92, np.nan], rtol=0.05)


def cut_spheres(n: int, diameters, per_size: int, seed: int) -> xr.Dataset:
    """Return spheres that touch no other, of which the faces of the volume cut some."""
    room = n + 2 * max(diameters)
    whole = random_spheres(room, per_size * len(diameters), diameters, seed=seed)
    return from_array(whole["phase"].values[(slice(max(diameters), max(diameters) + n),) * 3])


@pytest.mark.parametrize("method", ["components", "watershed"])
def test_spheres_that_faces_cut_keep_their_diameter(method):
    sizes = value(pore_size(cut_spheres(72, [12], 70, seed=2), method=method))
    assert sizes["pore_count_on_edge"] > 0.3 * sizes["pore_count"]
    for name in ("mean", "median"):
        for by in ("", "_by_volume"):
            np.testing.assert_allclose(sizes[f"pore_diameter{by}_{name}"], 12, rtol=0.01)
    np.testing.assert_allclose(sizes["pore_diameter_modes"], [12, np.nan], rtol=0.01)
    assert sizes["pore_diameter_std"] < 0.1


def test_large_and_small_pores_have_the_mean_of_their_numbers_though_more_large_ones_are_cut():
    """As many of 6 as of 16 voxels: 11 by number, 15.5 by volume; the seen ones of 8 volumes."""
    found = [value(pore_size(cut_spheres(64, [6, 16], 24, seed))) for seed in range(8)]
    by_number = sum(float(s["pore_diameter_mean"] * s["pore_count_unbiased"]) for s in found)
    by_number /= sum(float(s["pore_count_unbiased"]) for s in found)
    np.testing.assert_allclose(by_number, 11, rtol=0.07)
    by_volume = np.mean([float(s["pore_diameter_by_volume_mean"]) for s in found])
    np.testing.assert_allclose(by_volume, (6**4 + 16**4) / (6**3 + 16**3), rtol=0.01)
    means = np.array([float(s["pore_diameter_mean"]) for s in found])
    errors = np.array([float(s["pore_diameter_mean_sampling_error"]) for s in found])
    # eight tell their scatter to a quarter
    assert 0.5 < means.std(ddof=1) / np.sqrt((errors**2).mean()) < 1.5


def test_one_size_has_one_mode():
    np.testing.assert_allclose(modes(np.full(50, 3.0)), [3, np.nan], rtol=0.01)


@given(st.tuples(*[st.integers(1, 3)] * 3), st.tuples(*[st.integers(5, 9)] * 3))
@anything
def test_counts_without_edges_are_free_of_bias(extents, shape):
    """A pore at each place in turn, as likely as any: seen whole or not, it counts 1 on average."""
    seen = 0.0
    for place in np.ndindex(shape):
        inside = all(a > 0 and a + b < n for a, b, n in zip(place, extents, shape))
        seen += inside * edge_weights(np.array([extents]), shape)[0]
    np.testing.assert_allclose(seen, np.prod(shape))


def test_a_network_shows_as_one_large_share():
    array = np.ones((20, 20, 20), np.uint8)
    array[::4] = 0
    array[:, 10, 10] = 0
    array[2, 2, 2] = 0
    sizes = value(pore_size(from_array(array), method="components"))
    assert sizes["pore_count"] == 2
    assert sizes["pore_largest_share"] > 0.99


@pytest.mark.parametrize("h", [0.92, 0.05, 7.0, 1300.0])
def test_a_bin_is_a_round_width_of_at_least_a_voxel(h):
    edges = size_bins(from_array(np.ones((9, 3, 3), bool), voxel_size=h))
    width = edges[1] - edges[0]
    assert width / h <= 2.5
    assert width / h >= 1 - 1e-9
    assert edges[-1] >= 9 * h


def test_no_pore_is_no_error():
    sizes = value(pore_size(from_array(np.ones((3, 3, 3), bool))))
    assert sizes["pore_count"] == 0
    assert np.isnan(sizes["pore_diameter_mean"])
    assert pore_table(from_array(np.ones((3, 3, 3), bool))).sizes["pore"] == 0


def test_sizes_take_one_pass(rng):
    source, volume = counting_volume((rng.random((9, 9, 9)) > 0.2).astype(np.uint8), 4)
    lazy = pore_size(volume, method="components")
    assert source.reads.max() == 0
    value(lazy)
    np.testing.assert_array_equal(source.reads, 1)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_table_survives_its_file(tmp_path, ending):
    if ending == "parquet":
        pytest.importorskip("pyarrow", reason="the extra 'parquet' is not installed")
    table = pore_table(random_spheres(40, 5, [4, 8]))
    path = save_table(table, tmp_path / f"pores.{ending}")
    frame = pd.read_csv(path) if ending == "csv" else pd.read_parquet(path)
    np.testing.assert_allclose(frame["pore_volume [um^3]"], table["pore_volume"])
    assert len(frame) == 5


def test_a_table_of_another_ending_is_refused(tmp_path):
    table = pore_table(random_spheres(20, 1, [4]))
    with pytest.raises(ValueError, match="let it end in"):
        save_table(table, tmp_path / "pores.xlsx")


def test_labels_are_stored_beside_their_volume(tmp_path):
    volume = random_spheres(40, 5, [4, 8])
    path = store.save(volume, tmp_path / "volume.zarr", chunk=16)
    stored = store.open(path)
    store.add(pore_labels(stored), path)
    labels, _ = ndimage.label(volume["phase"].values == 0, STRUCTURE[26])
    np.testing.assert_array_equal(store.open(path)["pore_label"], labels)


def test_misuse_is_named():
    volume = from_array(np.ones((3, 3, 3), bool))
    with pytest.raises(ValueError, match="choose one of"):
        pore_size(volume, method="guess")
    with pytest.raises(ValueError, match="choose one of"):
        pore_table(volume, neighbours=18)
    with pytest.raises(ValueError, match="not a length"):
        pore_size(volume, bin_width=-1)


def test_the_error_of_a_mean_by_volume_holds_where_few_large_pores_decide_it():
    """Of six pores two hold most of the volume."""
    sizes, rng = np.array([6.0, 10.0, 14.0]), np.random.default_rng(2)
    truth = (sizes**4).sum() / (sizes**3).sum()
    held = []
    for _ in range(400):
        d = rng.choice(sizes, 6)
        mean = np.average(d, weights=d**3)
        held.append(abs(mean - truth) <= 2 * weighted_mean_error(d, d**3))
    assert 0.86 < np.mean(held) < 0.99


@pytest.mark.parametrize(("spread", "least"), [(0.0, 0.9), (0.3, 0.9), (0.5, 0.8)])
def test_the_mean_by_volume_has_an_error_for_the_large_pores_that_were_not_met(spread, least):
    """Of lognormal sizes most of the volume may lie in pores that a sample of 80 has none of."""
    held = []
    for seed in range(300):
        rng = np.random.default_rng([seed, 1])
        d = rng.choice([6.0, 10.0, 14.0], 80) if not spread else np.exp(rng.normal(2, spread, 80))
        truth = 49_712 / 3_960 if not spread else np.exp(2 + 3.5 * spread**2)
        mean = np.average(d, weights=d**3)
        held.append(abs(mean - truth) <= 2 * mean_by_volume_error(d, np.ones(80)))
    assert least < np.mean(held) < 0.995


@pytest.mark.parametrize("by_volume", [False, True])
def test_the_errors_of_spread_median_and_modes_hold_what_was_put_in(by_volume):
    """Of lognormal sizes, which have these in closed form; by volume their logs move by 3 s²."""
    spread, place = 0.3, 2 + 3 * 0.3**2 * by_volume
    middle = np.exp(place)
    std = middle * np.exp(spread**2 / 2) * np.sqrt(np.expm1(spread**2))
    held = []
    for seed in range(60):
        d = np.exp(np.random.default_rng([seed, 7]).normal(2, spread, 100))
        weights = d**3 if by_volume else np.ones(100)
        errors = spread_errors(d, np.ones(100), by_volume=by_volume)
        mean = np.average(d, weights=weights)
        deviation = np.sqrt(np.average((d - mean) ** 2, weights=weights))
        nearest = np.nanargmin(np.abs(modes(d, weights) - middle))
        held.append(
            [
                abs(deviation - std) <= 2 * errors["std"],
                abs(median(d, weights) - middle) <= 2 * errors["median"],
                abs(modes(d, weights)[nearest] - middle) <= 2 * errors["modes"][nearest],
            ]
        )
    shares = np.mean(held, axis=0)
    assert (shares > 0.85).all(), shares


def test_two_pores_or_more_have_an_error_of_every_moment():
    """Those of one are not known, and say so."""
    sizes = collect(pore_size(random_spheres(40, 4, [6, 12])))
    moments = ("mean", "std", "median", "modes")
    names = [f"pore_diameter{by}_{m}" for by in ("", "_by_volume") for m in moments]
    for name in names:
        error = sizes[f"{name}_sampling_error"]
        assert (np.isfinite(error) == np.isfinite(sizes[name])).all(), name
        assert error.dims == sizes[name].dims
    alone = collect(pore_size(random_spheres(40, 1, [12])))
    assert all(np.isnan(alone[f"{name}_sampling_error"]).all() for name in names)
