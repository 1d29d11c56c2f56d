"""Porosities of the whole, of planes, and of blocks agree with plain NumPy, whatever the chunks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import poreflux
from poreflux import block_porosity, from_array, porosity, porosity_profile
from poreflux.blocks import edges
from poreflux.phantoms import random_sites
from poreflux.schema import DIMS
from tests.metrics.cases import chunked_volumes, counting_volume, value

anything = settings(deadline=None, max_examples=30)


def masked(volume) -> np.ma.MaskedArray:
    outside = ~volume["mask"].values if "mask" in volume else np.zeros(volume.phase.shape, bool)
    return np.ma.masked_array(volume["phase"].values == 0, outside, dtype=float)


@given(chunked_volumes())
@anything
def test_porosity_is_the_mean_over_the_mask(case):
    whole, pieces = case
    pore = masked(whole)
    result = value(porosity(pieces))
    assert result["voxels"] == pore.count()
    assert result["pore_voxels"] == np.ma.filled(pore.sum(), 0)
    expected = np.ma.filled(pore.mean(), np.nan)
    np.testing.assert_allclose(result["porosity"], expected, rtol=1e-14)


@given(chunked_volumes(), st.sampled_from(DIMS))
@anything
def test_profile_is_the_mean_of_each_plane(case, direction):
    whole, pieces = case
    axis = DIMS.index(direction)
    expected = masked(whole).mean(axis=tuple({0, 1, 2} - {axis})).filled(np.nan)
    profile = value(porosity_profile(pieces, direction=direction))
    name = "porosity_profile" if direction == "z" else f"porosity_profile_{direction}"
    np.testing.assert_allclose(profile[name], expected, rtol=1e-14)
    np.testing.assert_array_equal(profile[direction], whole[direction])


@given(chunked_volumes(), st.tuples(*[st.integers(1, 4)] * 3))
@anything
def test_block_porosity_is_the_mean_of_each_block(case, parts):
    whole, pieces = case
    parts = tuple(map(min, parts, whole.phase.shape))
    result = value(block_porosity(pieces, blocks=parts))
    pore = masked(whole)
    cuts = [edges(n, m) for n, m in zip(pore.shape, parts)]
    expected = np.empty(parts)
    for index in np.ndindex(parts):
        box = tuple(slice(c[i], c[i + 1]) for c, i in zip(cuts, index))
        expected[index] = np.ma.filled(pore[box].mean(), np.nan)
    np.testing.assert_allclose(result["block_porosity"], expected, rtol=1e-14)


def test_mean_and_deviation_of_blocks_are_those_of_the_array(rng):
    result = value(block_porosity(from_array(rng.random((8, 8, 12)) > 0.4)))
    each = result["block_porosity"].values
    np.testing.assert_allclose(result["block_porosity_mean"], each.mean(), rtol=1e-14)
    np.testing.assert_allclose(result["block_porosity_std"], each.std(ddof=1), rtol=1e-12)


def test_blocks_that_a_mask_cuts_count_by_their_voxels(rng):
    volume = from_array(rng.random((16, 17, 18)) > np.linspace(0, 0.6, 18))
    y, x = np.ogrid[:17, :18]
    inside = np.broadcast_to((y - 8) ** 2 + (x - 8.5) ** 2 < 64, (16, 17, 18))
    masked_volume = volume.assign(mask=(DIMS, inside))
    result = value(block_porosity(masked_volume))
    whole = value(porosity(masked_volume))["porosity"]
    np.testing.assert_allclose(result["block_porosity_mean"], whole, rtol=1e-14)
    assert abs(result["block_porosity"].mean() - whole) > 1e-4  # as counting blocks alike would do


def test_the_sampling_error_of_random_sites_is_binomial():
    p, n = 0.2, 48
    result = value(block_porosity(random_sites(n, p, seed=2, voxel_size=0.5)))
    binomial = np.sqrt(p * (1 - p) / n**3)
    np.testing.assert_allclose(result["porosity_sampling_error"], binomial, rtol=0.15)
    np.testing.assert_allclose(result["porosity_integral_length"], 0.5, rtol=0.1)
    np.testing.assert_allclose(result["porosity_relative_width"], n, rtol=0.1)
    np.testing.assert_allclose(result["porosity_effective_samples"], n**3, rtol=0.3)


def test_one_phase_has_no_sampling_error():
    result = value(block_porosity(from_array(np.ones((8, 8, 8), bool))))
    assert np.isnan(result["porosity_sampling_error"])


def test_a_mask_of_half_the_volume_has_the_error_of_half_the_voxels():
    volume = random_sites(48, 0.3, seed=5)
    half = np.broadcast_to(np.arange(48)[:, None, None] < 24, (48, 48, 48))
    result = value(block_porosity(volume.assign(mask=(DIMS, half))))
    binomial = np.sqrt(0.3 * 0.7 / 48**2 / 24)
    np.testing.assert_allclose(result["porosity_sampling_error"], binomial, rtol=0.35)  # 40 waves


@pytest.mark.parametrize("direction", DIMS)
def test_a_flip_turns_the_profile_round(direction, rng):
    volume = from_array(rng.random((5, 6, 7)) > 0.4)
    flipped = from_array(np.flip(volume.phase.values, DIMS.index(direction)))
    (name,) = porosity_profile(volume, direction=direction).data_vars
    there = value(porosity_profile(volume, direction=direction))[name].values
    back = value(porosity_profile(flipped, direction=direction))[name].values
    np.testing.assert_array_equal(there, back[::-1])


def test_transposing_image_and_direction_together_changes_nothing(rng):
    array = rng.random((5, 6, 7)) > 0.4
    along_z = value(porosity_profile(from_array(array)))["porosity_profile"].values
    turned = from_array(array.transpose(1, 2, 0))
    along_x = value(porosity_profile(turned, direction="x"))["porosity_profile_x"].values
    np.testing.assert_array_equal(along_z, along_x)


def test_mean_of_equal_blocks_is_the_porosity(rng):
    volume = from_array(rng.random((8, 12, 4)) > 0.4)
    mean = value(block_porosity(volume))["block_porosity_mean"]
    np.testing.assert_allclose(mean, value(porosity(volume))["porosity"], rtol=1e-14)


def test_an_empty_mask_has_no_porosity():
    volume = from_array(np.ones((2, 2, 2), bool))
    volume["mask"] = (DIMS, np.zeros((2, 2, 2), bool))
    assert np.isnan(value(porosity(volume))["porosity"])


def test_any_phase_can_be_measured():
    array = np.arange(8).reshape(2, 2, 2) % 4
    volume = from_array(array, phases={0: "pore", 1: "active", 2: "binder", 3: "carbon"})
    assert value(porosity(volume, phase="binder"))["porosity"] == 0.25


def test_all_porosities_read_each_voxel_once(rng):
    source, volume = counting_volume((rng.random((9, 8, 7)) > 0.3).astype(np.uint8), (4, 3, 7))
    lazy = [porosity(volume), block_porosity(volume), poreflux.structure_factor(volume)]
    lazy += [porosity_profile(volume, direction=direction) for direction in DIMS]
    assert source.reads.max() == 0
    poreflux.blocks.compute(*lazy)
    np.testing.assert_array_equal(source.reads, 1)


@pytest.mark.parametrize(
    "call, error, says",
    [
        (lambda v: porosity(v, phase="crack"), KeyError, "'pore', 'electrolyte'"),
        (lambda v: porosity(v.drop_vars("phase")), KeyError, "segment it first"),
        (lambda v: porosity_profile(v, direction="w"), ValueError, "'z', 'y', 'x'"),
        (lambda v: block_porosity(v, blocks=(4, 4)), ValueError, "three numbers"),
        (lambda v: block_porosity(v, blocks=(4, 4, 9)), ValueError, "along x .* blocks="),
    ],
)
def test_misuse_says_what_to_do(call, error, says):
    with pytest.raises(error, match=says):
        call(from_array(np.ones((4, 4, 4), bool)))


def test_berea_has_its_published_porosity(shared_data):
    from scipy.io import loadmat

    array = loadmat(shared_data / "berea_sub_256.mat")["A"]
    assert abs(float(value(porosity(from_array(array)))["porosity"]) - 0.2111) < 5e-5


@pytest.mark.parametrize(
    "phase, fraction", [("pore", 0.44992), ("active", 0.40047), ("binder", 0.14962)]
)
def test_electrode_has_its_published_fractions(shared_data, phase, fraction):
    import tifffile

    array = tifffile.imread(shared_data / "electrode.tiff")
    volume = from_array(array, phases={0: "pore", 85: "active", 170: "binder"})
    assert abs(float(value(porosity(volume, phase=phase))["porosity"]) - fraction) < 5e-6
