"""The same pores in different arrangements are told apart, and random ones are not."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings

from poreflux import from_array
from poreflux.metrics.correlation.arrangement import arrangement
from poreflux.metrics.correlation.point_pattern import bragg_peak, clark_evans, moran
from poreflux.metrics.pores.pore_table import pore_table
from poreflux.phantoms import arranged_spheres, random_sites
from poreflux.schema import DIMS
from tests.metrics.cases import chunked_volumes, counting_volume, field, value

KINDS = ("lattice", "jittered", "random", "clustered", "columnar")


@pytest.fixture(scope="module")
def arranged():
    """Return what is found for 512 spheres of 10 voxels in each arrangement of a cube of 144."""
    return {
        kind: value(arrangement(arranged_spheres(144, kind, per_edge=8, seed=4), taper="none"))
        for kind in KINDS
    }


@given(chunked_volumes())
@settings(deadline=None, max_examples=15)
def test_nothing_depends_on_the_chunks(case):
    whole, pieces = case
    if not whole.get("mask", xr.DataArray(True)).any():
        return
    xr.testing.assert_identical(value(arrangement(whole)), value(arrangement(pieces)))


def test_order_is_told_from_chance_and_chance_from_clusters(arranged):
    ratio = {kind: float(found["clustering_ratio"]) for kind, found in arranged.items()}
    assert ratio["lattice"] < ratio["jittered"] < 0.15 < ratio["random"] < 0.8 < ratio["clustered"]
    index = {kind: float(found["hyperuniformity_index"]) for kind, found in arranged.items()}
    assert index["lattice"] < 0.1 * index["random"]
    assert index["random"] < index["clustered"]


def test_order_chance_and_clusters_differ_by_more_than_their_errors(arranged):
    for name in ("clustering_ratio", "hyperuniformity_index"):
        number = [float(arranged[kind][name]) for kind in KINDS[:4]]
        error = [float(arranged[kind][f"{name}_sampling_error"]) for kind in KINDS[:4]]
        differences, errors = np.diff(number), np.hypot(error[:-1], error[1:])
        # lattice and jittered lattice are both order
        assert differences[0] > 0
        assert (differences[1:] > 1.5 * errors[1:]).all(), name
        assert all(0 < e < 0.6 * x for e, x in zip(error[2:], number[2:])), name


def test_a_lattice_has_no_long_waves_and_no_columns(arranged):
    assert arranged["lattice"]["hyperuniformity_index"] == 0
    assert np.isnan(arranged["lattice"]["column_ratio"]).all()


def test_columns_stand_out_by_the_error_of_their_ratio(arranged):
    found = arranged["columnar"]
    above = (found["column_ratio"] - 1) / found["column_ratio_sampling_error"]
    assert above[0] > 2 > np.abs(above[1:]).max()


@pytest.mark.parametrize("length", [1.5, 3.0])
def test_numbers_scatter_between_realisations_by_their_errors(length):
    names = ("integral_range", "hyperuniformity_index", "column_ratio")
    found = [
        value(arrangement(from_array(field((48, 48, 48), length, 0.2, seed)))) for seed in range(12)
    ]
    for name in names:
        numbers = np.array([np.ravel(f[name]) for f in found])
        errors = np.array([np.ravel(f[f"{name}_sampling_error"]) for f in found])
        scatter = np.sqrt(numbers.var(axis=0, ddof=1).mean())
        # 12 realisations tell their scatter to a fifth
        assert 0.35 < scatter / np.sqrt((errors**2).mean()) < 1.4, name


def test_pores_of_a_network_are_its_parts_between_throats():
    network = from_array(field((64, 64, 64), 3.0, 0.35, 5))
    found = {m: value(arrangement(network, method=m)) for m in ("components", "watershed", "auto")}
    assert np.isnan(found["components"]["clustering_ratio"])
    assert np.isnan(found["components"]["clustering_ratio_sampling_error"])
    assert found["watershed"]["point_count"] > 50 > found["components"]["point_count"]
    assert 0.1 < found["watershed"]["clustering_ratio"] < 5
    xr.testing.assert_equal(found["auto"], found["watershed"])
    assert "split at their throats" in found["auto"]["clark_evans_ratio"].attrs["reason"]
    xr.testing.assert_equal(found["auto"]["integral_range"], found["components"]["integral_range"])


def test_pores_of_a_network_are_those_that_were_sized():
    """The typical volume is the mean, weighted by volume, of the table of pores."""
    network = from_array(field((48, 48, 48), 3.0, 0.35, 5), voxel_size=0.5)
    found = value(arrangement(network, method="watershed"))
    v = pore_table(network, method="watershed")["pore_volume"].values
    typical = found["integral_range"] / found["clustering_ratio"]
    np.testing.assert_allclose(typical, (v**2).sum() / v.sum())


def test_only_lattices_are_periodic(arranged):
    for kind, found in arranged.items():
        periodic = kind in ("lattice", "jittered")
        assert bool(found["bragg_significance"] > 3) is periodic, kind
    np.testing.assert_allclose(arranged["lattice"]["bragg_wavelength"], 144 / 8)


def test_only_columns_are_columns_and_only_along_z(arranged):
    for kind, found in arranged.items():
        z, y, x = found["column_ratio"].values
        assert bool(z > 4) is (kind == "columnar"), kind
        if kind == "columnar":
            assert max(y, x) < 2


def test_lattices_keep_their_distance(arranged):
    ratio = {kind: float(found["clark_evans_ratio"]) for kind, found in arranged.items()}
    assert ratio["lattice"] > ratio["jittered"] > ratio["random"] > 1  # spheres cannot overlap


def test_neighbouring_blocks_agree_where_the_porosity_has_a_slope(rng):
    slope = np.linspace(0.1, 0.3, 48)[:, None, None]
    found = {
        name: float(value(arrangement(from_array(rng.random((48, 48, 48)) > p)))["block_moran"])
        for name, p in (("slope", slope), ("even", 0.2))
    }
    assert found["slope"] > 0.5 > found["even"]


def test_the_dominant_wave_of_a_lattice_is_its_spacing(arranged):
    np.testing.assert_allclose(arranged["lattice"]["dominant_wavelength"], 144 / 8)


def test_the_integral_range_of_random_sites_is_a_voxel():
    found = value(arrangement(random_sites(96, 0.3, voxel_size=0.5)))
    np.testing.assert_allclose(found["integral_range"], 0.5**3, rtol=0.25)
    assert found["spectral_density_zero_modes"] > 100


def test_the_integral_range_predicts_the_scatter_of_blocks():
    """The variance of the porosity of blocks is p (1 - p) A / V, A the integral range."""
    solid = field((192, 192, 192), 2.0, 0.2, 9)
    found = value(arrangement(from_array(solid), grid=96))
    edge = 32
    porosities = 1 - solid.reshape(6, edge, 6, edge, 6, edge).mean(axis=(1, 3, 5))
    measured = porosities.var(ddof=1) * edge**3 / (0.2 * 0.8)
    np.testing.assert_allclose(found["integral_range"], measured, rtol=0.35)


def test_random_points_are_neither_ordered_nor_periodic():
    rng = np.random.default_rng(11)
    edges = np.array([50.0, 100.0, 70.0])
    places = [rng.random((1500, 3)) * edges for _ in range(10)]
    np.testing.assert_allclose(np.mean([clark_evans(p, edges) for p in places]), 1, atol=0.02)
    assert max(bragg_peak(p, edges)[2] for p in places) < 3


def test_clark_evans_is_free_of_the_bias_of_faces():
    rng = np.random.default_rng(12)
    few = [clark_evans(rng.random((60, 3)), np.ones(3)) for _ in range(300)]
    np.testing.assert_allclose(np.mean(few), 1, atol=0.02)


@pytest.mark.parametrize("independent", [True, False])
def test_moran_is_the_correlation_of_neighbours(independent):
    rng = np.random.default_rng(13)
    values = rng.standard_normal((20, 20, 20))
    if not independent:
        values = values + np.roll(values, 1, 0)  # neighbours along z share half their variance
    expected = 0.0 if independent else 0.5 / 3
    np.testing.assert_allclose(moran(values), expected, atol=0.02)


def test_all_numbers_take_one_pass(rng):
    source, volume = counting_volume((rng.random((9, 9, 9)) > 0.2).astype(np.uint8), 4)
    lazy = arrangement(volume, method="components")
    assert source.reads.max() == 0
    value(lazy)
    np.testing.assert_array_equal(source.reads, 1)


@pytest.mark.parametrize("edge", [30, 35, 40, 45, 48])
def test_the_errors_hold_the_zero_of_a_lattice_of_few_spacings(edge):
    """Its period lies among the longest waves, from which both numbers are: neither comes out 0."""
    away = [(np.arange(edge) + 2.5) % 10 - 5 for _ in DIMS]
    z, y, x = np.meshgrid(*away, indexing="ij", sparse=True)
    volume = from_array(z**2 + y**2 + x**2 > 3**2)
    result = value(arrangement(volume))
    for name in ("clustering_ratio", "hyperuniformity_index"):
        assert 0.1 < result[name] <= 1.01 * result[f"{name}_sampling_error"]


@pytest.mark.parametrize("seed", range(4))
def test_the_error_of_chance_is_below_its_number(seed):
    """As many pores as a lattice of four spacings has, at random: that is no order."""
    volume = arranged_spheres(64, "random", per_edge=4, seed=seed)
    result = value(arrangement(from_array(volume["phase"].values)))
    assert result["clustering_ratio_sampling_error"] < 0.5 * result["clustering_ratio"]
