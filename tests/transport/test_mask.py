"""A solve takes the box that a mask counts, and no other mask."""

import numpy as np
import pytest
import xarray as xr

import poreflux as pf
from poreflux.schema import DIMS
from poreflux.transport.tortuosity.tortuosity_profile import tortuosity_profile
from poreflux.volume import box_of_mask

BOX = {"z": slice(2, 12), "y": slice(0, 13), "x": slice(3, 15)}

SOLVES = {
    "factor": pf.tortuosity_factor,
    "blocks": lambda volume: pf.block_tortuosity(volume, blocks=(2, 1, 2), directions="zx"),
    "tensor": pf.effective_tensor,
    "profile": tortuosity_profile,
    "current": lambda volume: pf.interfacial_current(volume, contact=1.0, direction="y"),
}


@pytest.fixture(scope="module")
def masked():
    volume = pf.phantoms.random_sites((14, 13, 15), 0.2).compute()
    mask = xr.zeros_like(volume["phase"], bool)
    mask[BOX] = True
    return volume.assign(mask=(DIMS, mask.values))


@pytest.mark.parametrize("name", SOLVES)
def test_a_solve_within_a_mask_is_that_of_its_box(name, masked):
    box = masked.isel(BOX).drop_vars("mask")
    xr.testing.assert_equal(SOLVES[name](masked), SOLVES[name](box))


def test_a_lazy_mask_counts_the_same_box(masked):
    assert box_of_mask(masked.chunk(5)) == BOX


def test_a_mask_of_everything_changes_nothing(masked):
    assert box_of_mask(masked.assign(mask=masked["mask"] | True)) == {}


@pytest.mark.parametrize("counts", ["a corner too many", "nothing", "two parts"])
@pytest.mark.parametrize("name", SOLVES)
def test_a_mask_that_is_no_box_is_refused(name, counts, masked):
    mask = masked["mask"].values.copy()
    if counts == "a corner too many":
        mask[0, 0, 0] = True
    elif counts == "nothing":
        mask[:] = False
    else:
        mask[6] = False
    with pytest.raises(ValueError, match="needs a box, and the mask is no box"):
        SOLVES[name](masked.assign(mask=(DIMS, mask)))


def test_a_field_of_a_part_is_refused(masked, tmp_path):
    store = pf.save(masked, tmp_path / "v.zarr")
    with pytest.raises(ValueError, match="leave out field"):
        pf.tortuosity_factor(masked, field=store)
    assert np.all(box_of_mask(pf.open(store)) == BOX)
