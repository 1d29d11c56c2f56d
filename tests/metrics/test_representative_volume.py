"""The scatter of cubes is that of the cubes, and falls with their size as it must."""

import itertools
import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from poreflux import from_array
from poreflux.metrics.representative.representative_tortuosity import representative_tortuosity
from poreflux.metrics.representative.representative_volume import representative_volume
from poreflux.metrics.representative.variance_decay import size_statistics
from poreflux.phantoms import layers, random_sites, spheres
from tests.metrics.cases import chunked_volumes, counting_volume, field, value

anything = settings(deadline=None, max_examples=20)


@given(chunked_volumes(20))
@anything
def test_nothing_depends_on_the_chunks(case):
    whole, pieces = case
    expected = value(representative_volume(whole))
    xr.testing.assert_identical(value(representative_volume(pieces)), expected)


@given(chunked_volumes(20), st.integers(1, 4), st.sampled_from(["tiled", "overlapping"]))
@anything
def test_cubes_are_those_of_the_whole_array(case, edge, placement):
    whole, pieces = case
    size = np.array(whole.attrs["voxel_size"])
    voxels = np.maximum(np.rint(2 * edge / size), 1).astype(int)
    if any(v > n for v, n in zip(voxels, whole.phase.shape)):
        return
    mask = whole["mask"].values if "mask" in whole else np.ones(whole.phase.shape, bool)
    pore = (whole["phase"].values == 0) & mask
    lines = []
    for n, v in zip(pore.shape, voxels):
        step = v if placement == "tiled" else max(1, v // 2)
        count = len(range(0, n - v + 1, step))
        lines.append((n - ((count - 1) * step + v)) // 2 + step * np.arange(count))
    values = []
    for corner in itertools.product(*lines):
        box = tuple(slice(a, a + v) for a, v in zip(corner, voxels))
        if 2 * mask[box].sum() >= voxels.prod():
            values.append(pore[box].sum() / mask[box].sum())
    found = value(representative_volume(pieces, edges=[2 * edge], placement=placement)).isel(edge=0)
    assert found["representative_count"] == len(values)
    if values:
        np.testing.assert_allclose(found["representative_mean"], np.mean(values), atol=1e-12)
    if len(values) > 1:
        std = np.std(values, ddof=1)
        np.testing.assert_allclose(found["representative_std"], std, atol=1e-12)


@pytest.mark.parametrize("placement", ["tiled", "overlapping"])
def test_random_sites_scatter_as_binomial_numbers(placement):
    p, n = 0.2, 120
    edges = [5, 6, 8, 10, 12, 15]
    volume = random_sites(n, p, seed=3)
    found = value(representative_volume(volume, edges=edges, placement=placement))
    expected = np.sqrt(p * (1 - p) / np.array(edges, float) ** 3)
    np.testing.assert_allclose(found["representative_std"], expected, rtol=0.08)
    assert abs(found["variance_exponent"] - 1) < 4 * found["variance_exponent_error"]
    np.testing.assert_allclose(found["variance_integral_range"], 1, rtol=0.4)


def test_the_interval_holds_the_porosity_in_19_of_20_cases(rng):
    p, held = 0.3, 0
    for _ in range(200):
        values = rng.random((27, 64)) < p
        found = size_statistics(values.mean(axis=1))
        held += abs(found["mean"] - p) < found["ci95"]
    assert 180 <= held <= 198


def test_the_numbers_needed_do_what_they_promise(rng):
    volume = random_sites(96, 0.2, seed=4)
    found = value(representative_volume(volume, edges=[6, 8, 12, 16]))
    one = found.sel(accuracy=0.05).isel(edge=0)
    values = rng.normal(0.2, one["representative_std"], (2000, int(one["representative_number"])))
    within = np.abs(values.mean(axis=1) / 0.2 - 1) < 0.05
    assert within.mean() > 0.94
    # one cube as large as the fit says has the same variance as that many small ones
    edge = float(found["representative_edge"].sel(accuracy=0.05))
    cubes = float(one["representative_number"]) * float(found["edge"][0]) ** 3
    np.testing.assert_allclose(edge**3, cubes, rtol=0.3)


def test_layers_scatter_more_slowly_than_random_media():
    """Cubes over layers vary with one dimension only: α = 1/3, not 1."""
    rng = np.random.default_rng(8)
    solid = np.broadcast_to(rng.random((600, 1, 1)) > 0.3, (600, 20, 20)).copy()
    found = value(representative_volume(from_array(solid), edges=[4, 5, 6, 8, 10, 15, 20]))
    np.testing.assert_allclose(found["variance_exponent"], 1 / 3, atol=0.08)


def test_every_edge_of_the_paper_is_whole():
    volume = from_array(np.ones((500, 4, 4), bool), voxel_size=0.92)
    with pytest.raises(ValueError, match="choose edges from"):
        representative_volume(volume, edges=[92.0])
    cube = from_array(np.ones((125, 125, 125), bool), voxel_size=0.92)
    found = value(representative_volume(cube, edges=[23.0, 57.5]))
    np.testing.assert_allclose(found["edge"], [25 * 0.92, 62 * 0.92])
    np.testing.assert_array_equal(found["representative_count"], [125, 8])


def test_concentric_fields_end_with_the_whole(rng):
    solid = rng.random((30, 40, 50)) > 0.3
    found = value(representative_volume(from_array(solid), edges=[10]))
    np.testing.assert_allclose(found["field_porosity"][-1], 1 - solid.mean())
    half = solid[8:22, 10:30, 12:38]
    np.testing.assert_allclose(found["field_porosity"][4], 1 - half.mean())
    assert found["field_edge"][4] == 0.5


def test_larger_voxels_are_what_most_of_their_voxels_are():
    solid = field((24, 32, 16), 2.0, 0.3, 6)
    found = value(representative_volume(from_array(solid), edges=[8]))
    for i, factor in enumerate([1, 2, 4, 8]):
        cells = [m for n in solid.shape for m in (n // factor, factor)]
        share = 1 - solid.reshape(cells).mean(axis=(1, 3, 5))
        expected = ((share > 0.5) + 0.5 * (share == 0.5)).mean()
        np.testing.assert_allclose(found["coarse_porosity"][i], expected)


def test_the_porosity_of_a_sphere_is_extrapolated_to_that_of_the_ball():
    volume = spheres(80, [(40.3, 39.6, 40.1)], 40)
    found = value(representative_volume(volume, edges=[40]))
    ball = math.pi / 6 * 40**3 / 80**3
    np.testing.assert_allclose(found["extrapolated_porosity"], ball, rtol=0.01)


def test_layers_thinner_than_a_larger_voxel_are_lost_or_doubled():
    volume = layers((16, 16, 16), thickness=1)
    found = value(representative_volume(volume, edges=[8]))
    np.testing.assert_array_equal(found["coarse_porosity"], [0.5, 0.5, 0.5, 0.5])


def test_tortuosities_of_blocks_scatter(rng):
    dims = ("direction", "block_z", "block_y", "block_x")
    each, std = {}, 0.2
    for parts in (2, 4, 8):
        values = rng.normal(1.3, std * (parts / 8) ** 1.5, (2, parts, parts, parts))
        values[0, 0, 0, 0] = np.inf
        data = {"block_tortuosity_factor": (dims, values)}
        each[460 / parts] = xr.Dataset(data, {"direction": ["z", "x"]})
    found = representative_tortuosity(each)
    np.testing.assert_allclose(found["cube_edge"], [57.5, 115, 230])
    np.testing.assert_array_equal(found["representative_tortuosity_closed"], [[1] * 3, [0] * 3])
    mean = found["representative_tortuosity_mean"]
    number = found["representative_tortuosity_count"].sel(direction="z").values
    np.testing.assert_allclose(mean.sel(direction="x"), 1.3, rtol=0.05)
    # one without a path takes its share of the conductivity
    np.testing.assert_allclose(mean.sel(direction="z"), 1.3 * number / (number - 1), rtol=0.05)
    exponent = found["representative_tortuosity_exponent"].sel(direction="x")
    np.testing.assert_allclose(exponent, 1, atol=0.25)
    measured = found["representative_tortuosity_std"].sel(direction="x").values[0]
    np.testing.assert_allclose(measured, std, rtol=0.1)


def test_cubes_take_one_pass(rng):
    source, volume = counting_volume((rng.random((16, 16, 16)) > 0.2).astype(np.uint8), 8)
    lazy = representative_volume(volume)
    assert source.reads.max() == 0
    value(lazy)
    np.testing.assert_array_equal(source.reads, 1)


def test_misuse_is_named():
    volume = from_array(np.ones((8, 8, 8), bool))
    with pytest.raises(ValueError, match="choose one of"):
        representative_volume(volume, placement="anywhere")
    with pytest.raises(ValueError, match="choose edges from"):
        representative_volume(volume, edges=[0.0])
    with pytest.raises(ValueError, match="blocks_of is empty"):
        representative_tortuosity({})


def test_cubes_as_small_as_the_pores_do_not_spoil_the_fit(rng):
    """Of blocks of 4³ alike, cubes scatter as V^-1 only where they hold many."""
    solid = np.kron(rng.random((32, 32, 32)) > 0.2, np.ones((4, 4, 4), bool))
    edges = [2, 4, 8, 16, 32]
    found = value(representative_volume(from_array(solid), edges=edges))
    assert abs(found["variance_exponent"] - 1) < 4 * found["variance_exponent_error"]
    exact = 4 * (4 * 0.8 / 0.2 / 0.05**2) ** (1 / 3)
    edge = found.sel(accuracy=0.05)
    assert abs(edge["representative_edge"] - exact) < 3 * edge["representative_edge_sampling_error"]


def test_an_edge_beyond_the_sample_is_not_extrapolated():
    """Pores of 16 voxels in 64: 1 % takes 16 (4 · 4 / 0.01²)^(1/3) = 870 voxels."""
    solid = np.kron(np.random.default_rng(4).random((4, 4, 4)) > 0.2, np.ones((16, 16, 16), bool))
    found = value(representative_volume(from_array(solid))).sel(accuracy=0.01)
    assert np.isinf(found["representative_edge"])
    assert np.isnan(found["representative_edge_sampling_error"])


def test_the_interval_of_cubes_holds_the_true_mean():
    """Pores of 6 voxels in 48: their blocks agree with their neighbours, the interval knows."""
    held, count = np.zeros(3), 30
    for seed in range(count):
        rng = np.random.default_rng(seed)
        shifted = np.kron(rng.random((9, 9, 9)) > 0.2, np.ones((6, 6, 6), bool))
        box = tuple(slice(a, a + 48) for a in rng.integers(0, 6, 3))
        volume = from_array(shifted[box])
        found = value(representative_volume(volume, edges=[6, 12, 24]))
        held += abs(found["representative_mean"] - 0.2) < found["representative_ci95"]
    assert (held >= 25).all()  # 28.5 wanted, 25 has a chance of 2 %


def test_the_integral_range_of_equal_blocks_is_their_volume():
    solid = np.kron(np.random.default_rng(1).random((24, 24, 24)) > 0.2, np.ones((4, 4, 4), bool))
    found = value(representative_volume(from_array(solid, voxel_size=0.5)))
    error = found["variance_integral_range_sampling_error"]
    assert abs(found["variance_integral_range"] - 8.0) < 3 * error
    assert error < 6.0  # layers, which would be averaged along one axis only, are not excluded
