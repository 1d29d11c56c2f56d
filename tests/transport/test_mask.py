"""A solve takes what a mask counts: a box, or any other shape."""

import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import gaussian_filter

import poreflux as pf
from poreflux.blocks import edges as block_edges
from poreflux.schema import DIMS
from poreflux.transport.tortuosity.tortuosity_profile import tortuosity_profile
from poreflux.volume import box_of_mask

BOX = {"z": slice(2, 12), "y": slice(0, 13), "x": slice(3, 15)}

SOLVES = {
    "factor": pf.tortuosity_factor,
    "blocks": lambda volume: pf.block_tortuosity(volume, blocks=(2, 1, 2), direction="zx"),
    "tensor": pf.effective_tensor,
    "profile": tortuosity_profile,
    "dissipation": pf.dissipation,
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


@pytest.mark.parametrize("name", SOLVES)
def test_a_mask_of_nothing_is_refused(name, masked):
    with pytest.raises(ValueError, match="selects no voxel"):
        SOLVES[name](masked.assign(mask=masked["mask"] & False))


def test_a_field_of_a_part_is_refused(masked, tmp_path):
    store = pf.save(masked, tmp_path / "v.zarr")
    with pytest.raises(ValueError, match="leave out field"):
        pf.tortuosity_factor(masked, field=store)
    assert np.all(box_of_mask(pf.open(store)) == BOX)


def rod(shape=(12, 20, 24), radius=8.3, seed=4):
    """Return a porous rod along z: labels 0 outside, 1 pore, 2 solid; and where it is."""
    rng = np.random.default_rng(seed)
    y, x = np.indices(shape[1:])
    inside = (y - 9.5) ** 2 + (x - 11.5) ** 2 < radius**2
    labels = np.where(inside, 1 + (rng.random(shape) > 0.25), 0).astype(np.uint8)
    return labels, np.broadcast_to(inside, shape)


PHASES = {0: "outside", 1: "pore", 2: "electrolyte"}


@pytest.fixture(scope="module")
def round_sample():
    return pf.from_array(rod()[0], phases=PHASES, voxel_size=(1.0, 0.8, 1.2))


def test_the_right_values_of_a_round_sample_whose_outside_has_a_label():
    rng = np.random.default_rng(0)
    field = gaussian_filter(rng.standard_normal((20, 32, 40)), 2)
    phase = (field > np.quantile(field, 0.3)).astype(np.uint8)
    y, x = np.mgrid[:32, :40]
    outside = (y - 15.5) ** 2 + (x - 19.5) ** 2 > 15.5**2
    labels = np.where(outside, 0, phase + 1).astype(np.uint8)
    volume = pf.from_array(labels, phases=PHASES)
    found = pf.tortuosity_factor(volume)
    assert float(pf.collect(pf.porosity(volume)).porosity) == pytest.approx(0.298, abs=5e-4)
    assert float(found.effective_conductivity[0]) == pytest.approx(0.5092, abs=5e-5)
    assert 1 - float(found.conducting_fraction) == pytest.approx(0.298, abs=5e-4)
    assert "its own section" in found.tortuosity_factor.attrs["sample"]


def test_outside_is_pore_that_counts_in_neither_section_nor_volume(round_sample):
    labels, inside = rod()
    air = pf.from_array(np.where(labels == 2, 1, 0), voxel_size=(1.0, 0.8, 1.2))
    alone, in_air = (pf.tortuosity_factor(volume, rtol=1e-9) for volume in (round_sample, air))
    # the bounding box of the rod, by the voxels that it has
    box = np.ix_(*(np.flatnonzero(inside.any(axes)) for axes in ((1, 2), (0, 2), (0, 1))))
    filled = inside[box].mean() * inside[box].size / inside.size
    ratio = alone.effective_conductivity / in_air.effective_conductivity
    assert float(ratio[0]) == pytest.approx(1 / filled, rel=1e-8)
    # volume and section shrink alike
    assert float(alone.tortuosity_factor[0]) == pytest.approx(
        float(in_air.tortuosity_factor[0]), rel=1e-8
    )
    percolating = float(in_air.percolating_fraction[0])
    assert float(alone.percolating_fraction[0]) == pytest.approx(percolating, rel=1e-12)


@pytest.mark.parametrize("direction", DIMS)
@pytest.mark.parametrize("shape", ["rod", "ball", "wedge"])
def test_a_dense_sample_of_any_shape_has_no_tortuosity(shape, direction):
    z, y, x = np.indices((13, 14, 15)) - 6.5
    inside = {"rod": y**2 + x**2 < 40, "ball": z**2 + y**2 + x**2 < 40, "wedge": z + y < x + 3}
    labels = np.where(inside[shape], 2, 0).astype(np.uint8)
    volume = pf.from_array(labels, phases=PHASES, voxel_size=(1.0, 2.0, 0.5))
    found = pf.tortuosity_factor(volume, direction=direction)
    assert float(found.tortuosity_factor[0]) == pytest.approx(1.0, rel=1e-5)
    assert float(found.conducting_fraction) == 1
    whole = "section" if shape == "rod" and direction == "z" else "shape"
    assert f"its own {whole}" in found.tortuosity_factor.attrs["sample"]


def test_layers_in_series_of_a_shape_that_varies_are_those_of_the_shape():
    # a homogeneous medium of half the conductivity, whatever the shape
    z, y, x = np.indices((9, 12, 12)) - 5.5
    labels = np.where(y**2 + x**2 < 30 - 2 * z, 1, 0).astype(np.uint8)
    volume = pf.from_array(labels, phases={0: "outside", 1: "poor", 2: "good"})
    found = pf.tortuosity_factor(volume, conductivity={"poor": 0.5, "good": 1.0})
    assert float(found.effective_conductivity[0]) == pytest.approx(0.5, rel=1e-5)


def test_partial_voxels_are_those_of_the_sample(round_sample):
    fraction = (round_sample["phase"] == 2).astype("float32")
    both = round_sample.assign(solid_fraction=fraction.where(round_sample["mask"]))
    partial, voxels = (pf.tortuosity_factor(both, geometry=g) for g in ("partial", "voxels"))
    # all of a voxel or nothing: both geometries are the same
    for name in ("conducting_fraction", "percolating_fraction", "effective_conductivity"):
        np.testing.assert_allclose(partial[name], voxels[name], rtol=1e-5)


def test_blocks_of_a_round_sample_are_weighed_by_what_they_have_of_it(round_sample):
    found = pf.block_tortuosity(round_sample, blocks=(1, 3, 3), rtol=1e-8)
    _, inside = rod()
    rows, columns = (np.flatnonzero(inside.any(axes)) for axes in ((0, 2), (0, 1)))
    inside = inside[:, rows][:, :, columns]
    edges = [block_edges(n, 3) for n in inside.shape[1:]]
    share = [
        inside[:, a:b, c:d].mean()
        for a, b in zip(edges[0], edges[0][1:]) for c, d in zip(edges[1], edges[1][1:])
    ]  # fmt: skip
    np.testing.assert_allclose(found.block_sample_fraction.values.ravel(), share)
    middle = round_sample.isel(
        y=slice(rows[0] + edges[0][1], rows[0] + edges[0][2]),
        x=slice(columns[0] + edges[1][1], columns[0] + edges[1][2]),
    ).drop_vars("mask")
    alone = pf.block_tortuosity(middle, blocks=(1, 1, 1), rtol=1e-8)
    np.testing.assert_allclose(
        found.block_tortuosity_factor[:, 0, 1, 1], alone.block_tortuosity_factor[:, 0, 0, 0],
        rtol=1e-7,
    )  # fmt: skip


def test_blocks_outside_of_the_sample_are_nothing():
    labels, _ = rod((8, 24, 24), radius=9.0)
    shifted = np.zeros((8, 24, 24), np.uint8)
    shifted[:, :20, :16] = labels[:, :20, 4:20]
    shifted[:, 22:, 22:] = 2
    volume = pf.from_array(shifted, phases=PHASES)
    found = pf.block_tortuosity(volume, blocks=(1, 3, 3), direction="z")
    outside = found.block_sample_fraction.values == 0
    assert outside.any()
    assert (np.isnan(found.block_tortuosity_factor.values[0]) == outside).all()


def test_a_profile_along_a_rod_has_its_section(round_sample):
    local = tortuosity_profile(round_sample, rtol=1e-10).local_tortuosity_factor
    whole = pf.tortuosity_factor(round_sample, rtol=1e-10)
    air = pf.from_array((rod()[0] == 2).astype(np.uint8), voxel_size=(1.0, 0.8, 1.2))
    np.testing.assert_allclose(
        local, tortuosity_profile(air, rtol=1e-10).local_tortuosity_factor, rtol=1e-6
    )
    assert float(local.mean()) == pytest.approx(float(whole.tortuosity_factor[0]), rel=0.1)


@pytest.mark.parametrize("direction", DIMS)
def test_a_current_refers_to_the_face_of_the_sample(direction, round_sample):
    labels, inside = rod()
    labels = np.moveaxis(labels, 0, DIMS.index(direction))
    volume = pf.from_array(labels, phases=PHASES, voxel_size=0.8)
    law = {"kinetics": "linear", "charge_transfer_resistance": 2.0, "contact": 1.0}
    found = pf.interfacial_current(volume, direction=direction, drive="equipotential", **law)
    kappa = pf.tortuosity_factor(volume, direction=direction).effective_conductivity
    bulk = 12 * 0.8e-6 / (0.1 * float(kappa[0])) * 1e4
    assert float(found.area_specific_resistance_bulk[0]) == pytest.approx(bulk, rel=1e-5)
    assert float(found.contact_mask_fraction[0]) == 1
    solid = (np.moveaxis(labels, DIMS.index(direction), 0)[-1] == 2).sum() / inside[0].sum()
    assert float(found.contact_fraction[0]) == pytest.approx(solid, rel=0.05)
    mean = float(found.current_density_mean[0])
    assert mean == pytest.approx(1 / float(found.contact_fraction[0]), rel=1e-6)
    name = "interface_state" if direction == "z" else f"interface_state_{direction}"
    assert (found[name].values == 4).sum() == found[name].size - inside[0].sum()
    maximum = float(found.current_structure_correlation[0])
    assert -1 <= maximum < 0


def test_a_dense_rod_carries_an_even_current():
    labels, _ = rod()
    volume = pf.from_array(np.where(labels, 2, 0).astype(np.uint8), phases=PHASES)
    found = pf.interfacial_current(volume, contact=1.0, kinetics="linear")
    assert float(found.area_specific_resistance[0]) == pytest.approx(12e-6 / 0.1 * 1e4 + 0.8)
    assert float(found.current_density_cv[0]) < 1e-6
    assert float(found.contact_fraction[0]) == 1


@pytest.mark.parametrize("model", ["cells", "patches", "voids"])
def test_a_share_in_contact_is_that_of_the_face_of_the_sample(model, round_sample):
    contact = pf.contact_mask(round_sample, fraction=0.8, model=model)
    face = round_sample["mask"][0].values
    assert contact.values[face].mean() == pytest.approx(0.8, abs=0.5 / face.sum() + 1e-9)
    assert contact.values[~face].all()


def test_what_needs_a_box_says_so(round_sample):
    with pytest.raises(
        ValueError, match=r"a tensor needs a box, .* the period of a lattice has no outside"
    ):
        pf.effective_tensor(round_sample)
    for solve in (pf.tortuosity_factor, tortuosity_profile, pf.block_tortuosity):
        with pytest.raises(
            ValueError, match=r"periodic sides need a box, .* what repeats has no outside"
        ):
            solve(round_sample, sides="periodic")
    with pytest.raises(
        ValueError, match=r"upscaled blocks need a box, .* has no conductivity across its faces"
    ):
        pf.interfacial_current(round_sample, resolution="upscaled", blocks=(1, 2, 2))


@pytest.mark.parametrize("chunks", [None, 7])
def test_a_stored_mask_is_read_as_one_in_memory(chunks, round_sample, tmp_path):
    volume = round_sample if chunks is None else round_sample.chunk(chunks)
    stored = pf.open(pf.save(volume, tmp_path / "v.zarr", chunk=8))
    for direction in "zx":
        xr.testing.assert_allclose(
            pf.tortuosity_factor(stored, direction=direction),
            pf.tortuosity_factor(round_sample, direction=direction),
            rtol=1e-9,
        )


def test_fields_of_a_sample_are_empty_outside(tmp_path):
    labels, inside = rod()
    rows, columns = (np.flatnonzero(inside.any(axes)) for axes in ((0, 2), (0, 1)))
    fitting = np.ix_(range(12), rows, columns)
    store = pf.save(pf.from_array(labels[fitting], phases=PHASES), tmp_path / "v.zarr")
    pf.tortuosity_factor(pf.open(store), field=store)
    potential = pf.open(store)["potential"].values
    assert np.isnan(potential[~inside[fitting]]).all()
    assert np.isfinite(potential).any()
