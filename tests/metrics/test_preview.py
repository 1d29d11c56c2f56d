"""The preview is the volume, only less of it."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import poreflux
from poreflux.blocks import compute
from poreflux.metrics.density.preview import preview


def volume_of(shape, seed=3, **options) -> xr.Dataset:
    rng = np.random.default_rng(seed)
    gray = rng.integers(0, 4000, shape).astype(np.uint16)
    volume = poreflux.from_array((gray > 1000).astype(np.uint8), voxel_size=0.5)
    return volume.assign(gray=poreflux.from_array(gray, voxel_size=0.5, kind="gray").gray)


@pytest.mark.parametrize("name", ["gray", "phase"])
@pytest.mark.parametrize("direction", "zyx")
def test_slices_are_those_of_the_middle(name, direction):
    volume = volume_of((7, 9, 10))
    (found,) = compute(preview(volume))
    middle = volume[name].isel({direction: volume.sizes[direction] // 2})
    xr.testing.assert_equal(found[f"{name}_slice_{direction}"], middle.drop_vars(direction))
    assert found[f"{name}_slice_{direction}"].attrs["position"] == float(middle[direction])


@settings(deadline=None, max_examples=25)
@given(
    shape=st.tuples(*[st.integers(1, 9)] * 3),
    chunks=st.tuples(*[st.integers(1, 9)] * 3),
    edge=st.integers(1, 9),
)
def test_preview_does_not_depend_on_the_chunks(shape, chunks, edge):
    volume = volume_of(shape)
    chunked = volume.chunk(dict(zip("zyx", chunks)))
    (whole,) = compute(preview(volume, edge=edge))
    (pieces,) = compute(preview(chunked, edge=edge))
    xr.testing.assert_identical(whole, pieces)


def test_coarse_voxels_hold_the_share_of_the_phase():
    volume = volume_of((8, 12, 16))
    (found,) = compute(preview(volume, edge=8))
    pore = (volume.phase.values == 0).reshape(4, 2, 6, 2, 8, 2).mean((1, 3, 5))
    np.testing.assert_array_equal(found["phase_percent"], np.rint(100 * pore))
    assert float(found["coarse_z"][0]) == 2 * 0.5 / 2


def test_nothing_is_computed_until_collected():
    lazy = preview(volume_of((6, 6, 6)).chunk(3))
    assert all(variable.chunks is not None for variable in lazy.data_vars.values())


def test_a_phase_that_is_not_there_is_named():
    with pytest.raises(KeyError, match="binder"):
        preview(volume_of((4, 4, 4)), phase="binder")
