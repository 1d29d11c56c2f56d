"""Fields in Zarr, the local profile, the periodic tensor, partial voxels, kept sub-volumes."""

import json

import numpy as np
import pytest
import xarray as xr

import poreflux
from poreflux.errors import StoreExists

SPACING = (1.0, 0.8, 1.3)


@pytest.fixture
def volume(rng):
    return poreflux.from_array(
        (rng.random((14, 17, 19)) > 0.3).astype(np.uint8), voxel_size=SPACING
    )


@pytest.fixture
def stored(volume, tmp_path):
    return poreflux.open(poreflux.save(volume, tmp_path / "vol.zarr"))


def with_field(stored, direction):
    path = stored.encoding["source"]
    result = poreflux.tortuosity_factor(stored, direction=direction, field=path, rtol=1e-12)
    return result, poreflux.open(path)


@pytest.mark.parametrize("direction", ["z", "y", "x"])
def test_the_written_potential_solves_the_equation_in_every_voxel(stored, direction):
    result, fields = with_field(stored, direction)
    axis = "zyx".index(direction)
    u = np.moveaxis(fields.potential.values.astype(float), axis, 0)
    spacing = np.roll(np.array(SPACING), 0)
    h = [spacing[axis], *np.delete(spacing, axis)]
    on = np.isfinite(u)
    net = np.zeros_like(u)
    for side in range(3):
        a, b = np.moveaxis(u, side, 0)[:-1], np.moveaxis(u, side, 0)[1:]
        both = np.isfinite(a) & np.isfinite(b)
        flux = np.where(both, a - b, 0) / h[side] ** 2
        target = np.moveaxis(net, side, 0)
        target[:-1] -= flux
        target[1:] += flux
    net[0] += np.where(on[0], 2 * (1 - u[0]) / h[0] ** 2, 0)
    net[-1] -= np.where(on[-1], 2 * u[-1] / h[0] ** 2, 0)
    # the field is stored in float32
    assert np.abs(net[on]).max() < 40 * np.finfo(np.float32).eps
    assert on.mean() == pytest.approx(
        float(result.conducting_fraction * result.percolating_fraction[0]), abs=1e-12
    )


@pytest.mark.parametrize("direction", ["z", "y", "x"])
def test_the_current_through_any_plane_is_the_effective_conductivity(stored, direction):
    result, fields = with_field(stored, direction)
    u = np.moveaxis(fields.potential.values.astype(float), "zyx".index(direction), 0)
    n = u.shape[0]
    a, b = u[:-1], u[1:]
    flux = np.nansum(a - b, axis=(1, 2)) * n / np.prod(u.shape[1:])
    assert flux == pytest.approx(float(result.effective_conductivity[0]), rel=1e-4)


def test_a_uniform_block_carries_a_current_density_of_one_everywhere(tmp_path):
    uniform = poreflux.from_array(np.ones((5, 6, 7), np.uint8), voxel_size=SPACING)
    stored = poreflux.open(poreflux.save(uniform, tmp_path / "vol.zarr"))
    for name, direction in (("a", "z"), ("b", "x")):
        store = poreflux.save(uniform, tmp_path / f"{name}.zarr")
        poreflux.tortuosity_factor(stored, direction=direction, field=store)
        current = poreflux.open(store).current_density_magnitude.values
        assert current == pytest.approx(np.ones((5, 6, 7)), rel=1e-5)


def test_a_field_of_another_solve_is_not_overwritten(stored):
    before = with_field(stored, "z")[1].potential.values
    again = with_field(stored, "z")[1].potential.values  # the same may be written again
    np.testing.assert_array_equal(again, before)
    with pytest.raises(StoreExists, match=r"'potential' already, of another solve \(direction"):
        with_field(stored, "x")
    path = stored.encoding["source"]
    with pytest.raises(StoreExists, match="sides"):
        poreflux.tortuosity_factor(stored, sides="periodic", field=path)
    np.testing.assert_array_equal(poreflux.open(path).potential.values, before)


def test_a_field_for_another_volume_is_refused(volume, stored):
    with pytest.raises(ValueError, match="give the store of this volume"):
        poreflux.tortuosity_factor(volume.isel(z=slice(0, 7)), field=stored.encoding["source"])


def test_the_profile_of_a_layered_volume_shows_each_layer():
    labels = np.ones((12, 4, 4), np.uint8)
    labels[6:] = 2
    volume = poreflux.from_array(labels, phases={0: "pore", 1: "good", 2: "poor"})
    profile = poreflux.tortuosity_profile(volume, conductivity={"good": 1.0, "poor": 0.5})
    local = profile.local_tortuosity_factor.values
    # current density 2 kappa_1 kappa_2 / (kappa_1 + kappa_2) = 2/3: gradients 2/3 and 4/3
    assert local[1:5] == pytest.approx(np.ones(4), rel=1e-6)
    assert local[7:11] == pytest.approx(2 * np.ones(4), rel=1e-6)
    assert np.all(np.diff(profile.plane_potential.values) < 0)


@pytest.mark.parametrize("shape", [(8, 10, 12), (7, 9, 11), (6, 5, 8)])
def test_the_tensor_is_symmetric_for_even_and_odd_periods(rng, shape):
    volume = poreflux.from_array((rng.random(shape) > 0.25).astype(np.uint8), voxel_size=SPACING)
    tensor = poreflux.effective_tensor(volume, rtol=1e-12).effective_conductivity_tensor.values
    assert np.abs(tensor - tensor.T).max() < 1e-6
    assert np.all(np.linalg.eigvalsh((tensor + tensor.T) / 2) > 0)


def test_the_tensor_of_slanted_plates_has_the_off_diagonal_of_a_rotation():
    n = 24
    z, x = np.indices((n, n))
    plates = np.repeat((((z + x) % 6) < 3).astype(np.uint8)[:, None, :], 2, axis=1)
    volume = poreflux.from_array(plates, phases={0: "poor", 1: "good"})
    tensor = poreflux.effective_tensor(
        volume, conductivity={"good": 1.0, "poor": 0.5}, rtol=1e-12
    ).effective_conductivity_tensor.sel(component=["z", "x"], direction=["z", "x"])
    values = tensor.values
    assert values[0, 0] == pytest.approx(values[1, 1], rel=1e-8)
    assert values[0, 1] < -0.02  # the current turns along the plates, downwards in x
    across, along = 2 / 3, 3 / 4
    eigenvalues = np.linalg.eigvalsh(values)
    # a staircase of voxels is not a plane: between the bounds, near the laminate
    assert across - 1e-9 <= eigenvalues[0] <= eigenvalues[1] <= along + 1e-9
    assert values.trace() == pytest.approx(across + along, rel=0.02)


def test_rolling_a_period_does_not_change_the_tensor(rng):
    cells = (rng.random((8, 6, 10)) > 0.25).astype(np.uint8)
    first, second = (
        poreflux.effective_tensor(poreflux.from_array(each), rtol=1e-12)
        for each in (cells, np.roll(cells, (3, 1, 4), (0, 1, 2)))
    )
    difference = first - second
    assert np.abs(difference.effective_conductivity_tensor.values).max() < 1e-6


def sphere(n: int, d: float, fine: int = 8):
    """Return the solid fraction of each voxel around a sphere of pore in the middle."""
    c = (np.arange(n * fine) + 0.5) / fine - n / 2
    r = c[:, None, None] ** 2 + c[:, None] ** 2 + c**2
    return (r > (d / 2) ** 2).reshape(n, fine, n, fine, n, fine).mean((1, 3, 5))


@pytest.mark.parametrize("d, coefficient", [(4, 1.381), (12, 1.497)])
def test_partial_voxels_give_the_resistance_of_a_sphere_that_others_computed(d, coefficient):
    fraction = sphere(3 * d, d)
    volume = poreflux.from_array((fraction > 0.5).astype(np.uint8))
    volume["solid_fraction"] = (("z", "y", "x"), fraction.astype(np.float32))
    result = poreflux.tortuosity_bracket(volume, sides="periodic", rtol=1e-9).squeeze("direction")
    p = 1 - fraction.mean()
    partial, voxels = 1 + (result.tortuosity_factor.values - 1) / p
    # neighbouring images raise the coefficient of a lone sphere by about p
    assert partial == pytest.approx(coefficient, abs=0.1 * p + 0.03)
    assert partial < 1.5 < voxels


def test_the_conducting_fraction_of_partial_voxels_is_the_one_of_their_tortuosity_factor():
    """Of .88 of the voxels some part conducts, of .80 of the volume; a closed end is left out."""
    share = np.random.default_rng(5).choice([0.0, 0.6, 1.0], (12, 9, 8), p=[0.1, 0.25, 0.65])
    share[:, :, 5] = 0  # parts the last two planes of x from the rest
    share[-1, :, 6:] = 0  # and closes them
    volume = poreflux.from_array((share > 0.5).astype(np.uint8))
    volume["solid_fraction"] = (("z", "y", "x"), share.astype(np.float32))
    result = poreflux.tortuosity_factor(volume, geometry="partial").squeeze("direction")
    fraction = float(result.conducting_fraction)
    assert fraction == pytest.approx(share.mean(), rel=1e-6)
    assert float(result.effective_conductivity) == pytest.approx(
        fraction / float(result.tortuosity_factor), rel=1e-12
    )
    percolating = share.copy()
    percolating[:, :, 6:] = 0
    through = float(result.percolating_fraction)
    # single voxels may be cut off as well, by chance
    assert percolating.sum() - 3 <= through * share.sum() <= percolating.sum() + 1e-3
    assert result.conducting_fraction.attrs["long_name"].endswith("of partial voxels")


def test_partial_voxels_outside_zero_to_one_are_refused():
    volume = poreflux.from_array(np.ones((4, 4, 4), np.uint8))
    volume["solid_fraction"] = 2.0 * volume.phase.astype("float32")
    with pytest.raises(ValueError, match="must lie in 0 to 1"):
        poreflux.tortuosity_factor(volume, geometry="partial")


def test_an_interrupted_block_run_goes_on_from_what_is_kept(volume, tmp_path):
    folder = tmp_path / "kept"
    whole = poreflux.block_tortuosity(volume, blocks=(2, 2, 1), direction="all", checkpoint=folder)
    files = sorted(folder.glob("*.json"))
    assert len(files) == 4
    marked = json.loads(files[0].read_text())
    marked["block_tortuosity_factor"] = [7.0, 7.0, 7.0]
    files[0].write_text(json.dumps(marked))
    files[1].unlink()
    again = poreflux.block_tortuosity(volume, blocks=(2, 2, 1), direction="all", checkpoint=folder)
    assert len(list(folder.glob("*.json"))) == 4
    same = (again.block_tortuosity_factor == whole.block_tortuosity_factor).all("direction")
    assert int(same.sum()) == 3
    assert (again.block_tortuosity_factor.where(~same, drop=True) == 7).all()


def test_what_is_kept_is_not_taken_for_another_question(volume, tmp_path):
    first = poreflux.block_tortuosity(volume, blocks=(1, 1, 2), checkpoint=tmp_path)
    other = poreflux.block_tortuosity(
        volume, blocks=(1, 1, 2), checkpoint=tmp_path, sides="periodic"
    )
    xr.testing.assert_allclose(
        other, poreflux.block_tortuosity(volume, blocks=(1, 1, 2), sides="periodic")
    )
    assert not first.equals(other)
