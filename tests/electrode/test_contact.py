"""Contact masks lose exactly what is asked, where the seed says."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from poreflux import contact_mask, interfacial_current, phantoms
from poreflux.transport.electrode.contact_mask import MODELS

RANDOM = [model for model in MODELS if model != "full"]


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(RANDOM),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.floats(1e-6, 1.0),
    st.integers(0, 99),
)
def test_the_share_in_contact_is_exact_to_one_face(model, shape, fraction, seed):
    mask = contact_mask(phantoms.uniform((2, *shape)), fraction=fraction, model=model, seed=seed)
    assert mask.values.any()
    lost = int((~mask.values).sum())
    assert lost == min(round((1 - fraction) * mask.size), mask.size - 1)


@pytest.mark.parametrize("model", RANDOM)
def test_a_seed_gives_the_same_mask_and_another_seed_another(model):
    volume = phantoms.uniform((2, 60, 50))
    first, again, other = (contact_mask(volume, model=model, seed=seed) for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)
    assert first.attrs["model"] == model
    assert first.attrs["seed"] == 1


@pytest.mark.parametrize("model", RANDOM)
def test_what_is_lost_first_stays_lost(model):
    volume = phantoms.uniform((2, 60, 60))
    if model == "voids":
        pytest.skip("the number of voids follows from what they have to cover")
    more, less = (contact_mask(volume, model=model, fraction=f).values for f in (0.9, 0.6))
    assert not (less & ~more).any()


def test_ten_cells_off_of_144_leave_the_contact_of_the_paper():
    mask = contact_mask(phantoms.uniform((2, 48, 48)), model="cells", off=10)
    assert float(mask.mean()) == 134 / 144
    assert round(1 / float(mask.mean()), 4) == 1.0746
    cells = mask.values.reshape(12, 4, 12, 4)
    assert (cells.all((1, 3)) | ~cells.any((1, 3))).all()


def test_full_contact_is_everywhere():
    assert contact_mask(phantoms.uniform((2, 5, 6)), model="full").values.all()


def test_patches_have_the_size_asked_for():
    volume = phantoms.uniform((2, 200, 200))
    edges = []
    for length in (5.0, 10.0):
        mask = contact_mask(volume, fraction=0.5, length=length, seed=3).values
        edges.append((mask[1:] != mask[:-1]).mean())
    # the rate of crossings of a Gaussian field is 1 / (pi length) (Rice)
    assert edges == pytest.approx([1 / (np.pi * 5), 1 / (np.pi * 10)], rel=0.15)


@pytest.mark.parametrize(
    "direction, dims", [("z", ("y", "x")), ("y", ("z", "x")), ("x", ("z", "y"))]
)
def test_a_mask_lies_across_its_direction(direction, dims):
    volume = phantoms.uniform((4, 5, 6), voxel_size=2.0)
    mask = contact_mask(volume, direction=direction)
    assert mask.dims == dims
    assert mask.shape == tuple(volume.sizes[dim] for dim in dims)
    assert float(mask[dims[0]][0]) == 1.0


@pytest.mark.parametrize("kind", ["array", "integers", "transposed", "tiff", "npy"])
def test_a_mask_may_come_as_array_or_image(tmp_path, kind):
    volume = phantoms.uniform((4, 6, 8))
    mask = contact_mask(volume, fraction=0.7)
    given_as = {
        "array": mask.values,
        "integers": mask.values.astype(int),
        "transposed": mask.transpose("x", "y"),
    }
    if kind == "tiff":
        tifffile = pytest.importorskip("tifffile")
        contact = tmp_path / "mask.tif"
        tifffile.imwrite(contact, mask.values.astype(np.uint8) * 255)
    elif kind == "npy":
        contact = tmp_path / "mask.npy"
        np.save(contact, mask.values)
    else:
        contact = given_as[kind]
    found = interfacial_current(volume, contact=contact)
    xr.testing.assert_equal(np.isfinite(found.current_density).drop_attrs(), mask.drop_attrs())
    assert found.contact_fraction[0] == pytest.approx(float(mask.mean()))


def test_a_mask_that_was_altered_is_not_called_what_it_was():
    volume = phantoms.uniform((4, 6, 8))
    mask = contact_mask(volume, fraction=0.7, seed=3)
    notes = []
    for contact in (mask, mask.values, mask.copy(data=~mask.values)):
        found = interfacial_current(volume, contact=contact, resolution="both", blocks=(1, 1, 1))
        notes.append(found.current_density.attrs)
        upscaled = found.upscaled_current_density.attrs
        assert upscaled["contact_sha256"] == notes[-1]["contact_sha256"]
    assert [note["contact_model"] for note in notes] == ["patches", "given", "given"]
    assert notes[0]["contact_sha256"] == notes[1]["contact_sha256"] != notes[2]["contact_sha256"]
    assert "contact_seed" not in notes[2]
