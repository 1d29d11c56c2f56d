"""The structure factor: identities, chunks, and 1 for the null model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from poreflux import from_array, porosity, structure_factor
from poreflux.metrics.correlation.structure_factor import VARIANTS
from poreflux.phantoms import arranged_spheres
from poreflux.schema import DIMS
from tests.metrics.cases import chunked_volumes, counting_volume, field, value


def slow_autocovariance(pore: np.ndarray, valid: np.ndarray, lags: int) -> np.ndarray:
    """Return C(k) along z by its definition."""
    f = np.where(valid, pore - pore[valid].mean(), 0.0)
    n = len(f)
    return np.array([
        (f[: n - k] * f[k:]).sum() / max(1, (valid[: n - k] & valid[k:]).sum())
        for k in range(lags + 1)
    ])  # fmt: skip


@given(chunked_volumes(), st.sampled_from(DIMS), st.sampled_from(VARIANTS))
@settings(deadline=None, max_examples=40)
def test_no_bit_of_it_depends_on_the_chunks(case, direction, variant):
    whole, pieces = case
    options = {"direction": direction, "variant": variant, "decay_length": 3.0, "smoothing": 1.0}
    one = value(structure_factor(whole, **options))
    other = value(structure_factor(pieces, **options))
    assert one.identical(other)


@given(chunked_volumes())
@settings(deadline=None, max_examples=40)
def test_the_map_is_column_porosity_minus_porosity(case):
    whole, pieces = case
    valid = whole["mask"].values if "mask" in whole else np.ones(whole.phase.shape, bool)
    pore = (whole["phase"].values == 0) & valid
    if not valid.any():
        return
    columns = np.where(valid.any(0), pore.sum(0) / np.maximum(1, valid.sum(0)), np.nan)
    got = value(structure_factor(pieces))["structure_factor"].values
    np.testing.assert_allclose(got, columns - pore.sum() / valid.sum(), atol=1e-15)
    # the mean over all voxels of the deviation of their column is zero
    assert abs(np.nansum(got * valid.sum(0))) < 1e-12 * valid.size


@given(chunked_volumes(), st.sampled_from(DIMS))
@settings(deadline=None, max_examples=40)
def test_autocorrelation_is_that_of_the_definition(case, direction):
    whole, pieces = case
    axis, n = DIMS.index(direction), whole.sizes[direction]
    valid = whole["mask"].values if "mask" in whole else np.ones(whole.phase.shape, bool)
    pore = (whole["phase"].values == 0) & valid
    if not valid.any() or pore.sum() in (0, valid.sum()):
        return
    h = whole.attrs["voxel_size"][axis]
    result = value(structure_factor(pieces, direction=direction, longest_lag=(n - 1) * h))
    expected = slow_autocovariance(np.moveaxis(pore, axis, 0), np.moveaxis(valid, axis, 0), n - 1)
    np.testing.assert_allclose(
        result["autocorrelation"][0], expected / expected[0], rtol=1e-9, atol=1e-9
    )


def test_mean_square_of_the_map_is_the_sum_of_the_autocovariance(rng):
    """<S²> = [N C(0) + 2 Σ (N - k) C(k)] / N², exactly: Parseval along the columns."""
    volume = from_array(rng.random((11, 7, 5)) > 0.3)
    result = value(structure_factor(volume, longest_lag=10))
    p, n = float(value(porosity(volume))["porosity"]), 11
    covariance = p * (1 - p) * result["autocorrelation"].values[0]
    total = n * covariance[0] + 2 * np.sum((n - np.arange(1, n)) * covariance[1:])
    np.testing.assert_allclose(result["structure_factor_rms"][0] ** 2, total / n**2, rtol=1e-12)


@pytest.mark.parametrize("length", [2.0, 4.0])
@pytest.mark.parametrize("fraction", [0.06, 0.18])
def test_ratio_of_a_homogeneous_medium_is_one(length, fraction):
    """Of ~600 independent columns each; three seeds scatter by 3 % about the mean."""
    ratios = [
        float(value(structure_factor(volume))["structure_factor_ratio"][0])
        for volume in (from_array(field((96, 96, 96), length, fraction, seed)) for seed in range(3))
    ]
    assert abs(np.mean(ratios) - 1) < 0.08


def test_the_ratio_does_not_know_the_porosity_though_the_map_does():
    medium = [from_array(field((64, 96, 96), 2.0, p, 1)) for p in (0.06, 0.18)]
    thin, dense = (value(structure_factor(volume)) for volume in medium)
    assert dense["structure_factor_rms"] > 1.5 * thin["structure_factor_rms"]
    assert abs(dense["structure_factor_ratio"] / thin["structure_factor_ratio"] - 1) < 0.1


def test_pores_through_the_whole_thickness_score_the_root_of_its_planes(rng):
    columns = np.broadcast_to(rng.random((1, 40, 40)) > 0.2, (100, 40, 40))
    score = value(structure_factor(from_array(columns)))["structure_factor_ratio"]
    np.testing.assert_allclose(score, 10.0, rtol=1e-6)


@pytest.mark.parametrize(("edge", "spheres"), [(1, 0), (6, 600), (12, 75)])
def test_z_of_homogeneous_media_is_a_standard_normal_variable(edge, spheres):
    """Independent voxels, and spheres of edge / 48 of the length that may overlap, six of each."""
    z = []
    for seed in range(6):
        rng = np.random.default_rng([seed, edge])
        solid = (
            rng.random((48, 48, 48)) > 0.15 if edge == 1 else overlapping(48, edge, spheres, rng)
        )
        for direction in DIMS:
            result = value(structure_factor(from_array(solid), direction=direction))
            z.append(float(result["structure_factor_ratio_z"][0]))
    # of 18 values the mean scatters by 0.24, the standard deviation by 0.17
    assert abs(np.mean(z)) < 0.8
    assert 0.55 < np.std(z) < 1.5
    assert np.mean(np.abs(z) > 2) < 0.2


def overlapping(n: int, diameter: int, number: int, rng) -> np.ndarray:
    """Return the solid around spheres at independent places of a periodic volume."""
    centres = np.zeros((n,) * 3)
    np.add.at(centres, tuple(rng.integers(0, n, (3, number))), 1)
    k = np.minimum(np.arange(n), n - np.arange(n))
    ball = (k[:, None, None] ** 2 + k[:, None] ** 2 + k**2 < (diameter / 2) ** 2).astype(float)
    spectrum = np.fft.rfftn(centres) * np.fft.rfftn(ball)
    return np.fft.irfftn(spectrum) < 0.5


def test_the_scatter_is_that_of_independent_columns(rng):
    result = value(structure_factor(from_array(rng.random((20, 96, 96)) > 0.2)))
    expected = (1 - 1 / 20) / np.sqrt(2 * 96**2)
    np.testing.assert_allclose(result["structure_factor_ratio_scatter"], expected, rtol=0.05)


def test_the_scatter_of_part_of_the_columns_is_larger(rng):
    """A disc, and the middle of the map: as many columns as there are count."""
    volume = from_array(rng.random((20, 60, 60)) > 0.2)
    y, x = np.indices((60, 60)) - 29.5
    disc = np.broadcast_to(y**2 + x**2 < 20**2, (20, 60, 60))
    for options, part in (({"field_of_view": 30.0}, 900), ({}, disc[0].sum())):
        one = volume if options else volume.assign(mask=(DIMS, disc))
        found = value(structure_factor(one, **options))["structure_factor_ratio_scatter"]
        np.testing.assert_allclose(found, 0.95 / np.sqrt(2 * part), rtol=0.1)


def test_p_is_small_for_a_lattice_and_columns_but_not_for_clusters():
    """A lattice has the largest ratio of all; clusters that all columns share are not seen."""
    found = {
        kind: value(structure_factor(arranged_spheres(120, kind, per_edge=7)))
        for kind in ("lattice", "random", "clustered", "columnar")
    }
    ratio = {kind: float(f["structure_factor_ratio"][0]) for kind, f in found.items()}
    p = {kind: float(f["structure_factor_ratio_p"][0]) for kind, f in found.items()}
    assert ratio["lattice"] > 3 > ratio["columnar"] > 1.1
    assert p["lattice"] < 1e-6
    assert p["columnar"] < 0.01
    assert p["random"] > 0.05
    assert p["clustered"] > 0.05


def test_short_pores_in_columns_score_more_than_at_random():
    random, columnar = (
        value(structure_factor(arranged_spheres(120, kind, per_edge=7)))
        for kind in ("random", "columnar")
    )
    assert columnar["structure_factor_ratio"] > 1.1 > random["structure_factor_ratio"]
    assert columnar["structure_factor_ratio_z"] > 3 > 1 > abs(random["structure_factor_ratio_z"])


def test_long_pores_without_columns_have_no_small_p_more_often_than_said():
    """Where pores are a seventh of the volume, chance correlation over half of it is common."""
    fields = (_field(np.random.default_rng([7, k]), 40, 2.5) for k in range(20))
    found = [value(structure_factor(from_array(field > 1), direction="all")) for field in fields]
    p = np.array([one["structure_factor_ratio_p"] for one in found])
    # .01 of 60 are expected; .03 of them is what the docstring says of such short volumes
    assert np.count_nonzero(p < 0.01) <= 3
    assert np.count_nonzero(p < 0.05) > 0


def test_the_error_of_the_rms_is_that_between_samples_of_few_pores():
    """Few pores make a map of few peaks: its rms varies with their number."""
    rng, found = np.random.default_rng(5), []
    for _ in range(24):
        pore = np.zeros((48, 48, 48), bool)
        for corner in rng.integers(-5, 48, (rng.poisson(10), 3)):
            pore[tuple(slice(max(c, 0), c + 6) for c in corner)] = True
        found.append(value(structure_factor(from_array(~pore))))
    rms, error = (
        np.array([one[f"structure_factor_rms{end}"][0] for one in found])
        for end in ("", "_sampling_error")
    )
    assert 0.6 < rms.std(ddof=1) / np.sqrt((error**2).mean()) < 1.5


def _field(rng, n, length):
    """Return a Gaussian field of standard deviation 1, cut out of a larger one."""
    room = n + 2 * int(4 * length)
    smooth = gaussian_filter(rng.standard_normal((room,) * 3), length, mode="wrap")
    return smooth[:n, :n, :n] / smooth.std()


def test_layers_do_not_show_in_the_map(rng):
    layers = np.broadcast_to(rng.random((50, 1, 1)) > 0.3, (50, 20, 20))
    result = value(structure_factor(from_array(layers)))
    np.testing.assert_allclose(result["structure_factor"], 0, atol=1e-15)
    np.testing.assert_allclose(result["structure_factor_ratio"], 0, atol=1e-12)


def test_transposing_image_and_direction_together_changes_nothing(rng):
    array = rng.random((9, 8, 7)) > 0.4
    along_z = value(structure_factor(from_array(array)))
    along_x = value(structure_factor(from_array(array.transpose(1, 2, 0)), direction="x"))
    np.testing.assert_array_equal(
        along_z["structure_factor"].values, along_x["structure_factor_x"].values
    )
    for name in along_z.data_vars:
        if name != "structure_factor":
            np.testing.assert_array_equal(along_z[name].values, along_x[name].values)


@pytest.mark.parametrize("axis", range(3))
def test_a_flip_flips_the_map_and_leaves_its_scalars(axis, rng):
    array = rng.random((9, 8, 7)) > 0.4
    one = value(structure_factor(from_array(array)))
    other = value(structure_factor(from_array(np.flip(array, axis))))
    expected = one["structure_factor"].values
    expected = expected if axis == 0 else np.flip(expected, axis - 1)
    np.testing.assert_array_equal(other["structure_factor"].values, expected)
    for name in ("integral_length", "structure_factor_ratio"):
        np.testing.assert_allclose(other[name], one[name], rtol=1e-13)


def test_variants_are_the_same_map_in_other_units(rng):
    volume = from_array(rng.random((30, 8, 7)) > 0.3)
    p = float(value(porosity(volume))["porosity"])
    maps = {v: value(structure_factor(volume, variant=v)) for v in VARIANTS}
    signed = maps["signed"]["structure_factor"].values
    null = float(maps["signed"]["structure_factor_null"][0])
    expected = {
        "absolute": np.abs(signed),
        "relative": signed / p,
        "ratio": 1 + signed / p,
        "z_score": signed / null,
    }
    for variant, array in expected.items():
        np.testing.assert_allclose(maps[variant]["structure_factor"], array, rtol=1e-12, atol=1e-14)
        assert maps[variant]["structure_factor_rms"] == maps["signed"]["structure_factor_rms"]


def test_scalars_are_those_of_the_map(rng):
    result = value(structure_factor(from_array(rng.random((30, 8, 7)) > 0.3)))
    size = np.abs(result["structure_factor"].values)
    np.testing.assert_allclose(result["structure_factor_mean_abs"], size.mean())
    np.testing.assert_allclose(result["structure_factor_rms"], np.sqrt((size**2).mean()))
    np.testing.assert_allclose(result["structure_factor_p95"], np.percentile(size, 95))


def test_field_of_view_is_the_middle_of_the_map_against_the_whole_porosity(rng):
    volume = from_array(rng.random((20, 12, 10)) > 0.3, voxel_size=(1, 0.5, 2))
    whole = value(structure_factor(volume))["structure_factor"]
    part = value(structure_factor(volume, field_of_view=(2.0, 8.0)))["structure_factor"]
    assert part.identical(whole[4:8, 3:7])


def test_smoothing_keeps_the_mean_and_the_ratio(rng):
    volume = from_array(rng.random((20, 12, 10)) > 0.3)
    plain, smooth = (value(structure_factor(volume, smoothing=s)) for s in (0.0, 2.0))
    assert smooth["structure_factor_rms"] < 0.5 * plain["structure_factor_rms"]
    assert smooth["structure_factor_ratio"] == plain["structure_factor_ratio"]
    assert abs(float(smooth["structure_factor"].mean())) < 1e-15


def test_smoothing_goes_round_masked_columns(rng):
    volume = from_array(rng.random((20, 12, 10)) > 0.3)
    mask = np.ones((20, 12, 10), bool)
    mask[:, :3] = False
    volume["mask"] = (DIMS, mask)
    masked = value(structure_factor(volume, smoothing=0.3))["structure_factor"].values
    assert np.isnan(masked[:3]).all()
    assert np.isfinite(masked[3:]).all()


def test_weights_that_decay_slowly_are_no_weights(rng):
    volume = from_array(rng.random((20, 12, 10)) > 0.3)
    plain, weighted = (value(structure_factor(volume, decay_length=d)) for d in (None, 1e9))
    np.testing.assert_allclose(weighted["structure_factor"], plain["structure_factor"], atol=1e-6)


def test_weights_that_decay_fast_see_the_last_plane_only(rng):
    array = rng.random((20, 12, 10)) > 0.3
    volume = from_array(array)
    weighted = value(structure_factor(volume, decay_length=0.05))["structure_factor"]
    p = float(value(porosity(volume))["porosity"])
    np.testing.assert_allclose(weighted, ~array[-1] - p, atol=1e-6)


def test_ratio_of_a_homogeneous_medium_is_one_with_weights_too():
    volume = from_array(field((64, 96, 96), 2.0, 0.15, 3))
    score = value(structure_factor(volume, decay_length=10.0))["structure_factor_ratio"]
    assert abs(float(score[0]) - 1) < 0.1


@pytest.mark.parametrize("solid", [True, False])
def test_one_phase_alone_has_no_structure(solid):
    result = value(structure_factor(from_array(np.full((6, 5, 4), solid))))
    assert (result["structure_factor"] == 0).all()
    assert np.isnan(result["structure_factor_ratio"]).all()


def test_one_plane_is_its_own_map(rng):
    array = rng.random((1, 9, 8)) > 0.3
    result = value(structure_factor(from_array(array)))
    np.testing.assert_allclose(result["structure_factor"], ~array[0] - (~array).mean())
    np.testing.assert_allclose(result["structure_factor_ratio"], 1)


def test_pages_thinner_than_the_longest_lag_are_read_once(rng):
    source, volume = counting_volume((rng.random((40, 6, 5)) > 0.3).astype(np.uint8), (1, 6, 5))
    whole = value(structure_factor(from_array(source.values)))
    assert value(structure_factor(volume)).identical(whole)
    np.testing.assert_array_equal(source.reads, 1)


@pytest.mark.parametrize(
    "options, says",
    [
        ({"variant": "square"}, "'signed', 'absolute'"),
        ({"direction": "w"}, "'z', 'y', 'x'"),
        ({"field_of_view": 99.0}, "choose at most 5"),
        ({"smoothing": -1.0}, "not a length"),
        ({"decay_length": 0.0}, "not a length"),
        ({"longest_lag": 6.0}, "choose less than 6"),
    ],
)
def test_misuse_says_what_to_do(options, says):
    with pytest.raises(ValueError, match=says):
        structure_factor(from_array(np.ones((6, 5, 4), bool)), **options)
