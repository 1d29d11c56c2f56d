"""Where power is dissipated: closed forms, a slow twin, conservation, invariances."""

import itertools

import numpy as np
import pytest

import poreflux
from poreflux.phantoms import columns
from poreflux.transport.tortuosity import power_density
from poreflux.transport.tortuosity.power_maps import STATISTICS

SPACING = (1.0, 0.8, 1.3)
POOR = {"good": 1.0, "poor": 0.25}


def volume_of(labels, **options):
    phases = {0: "pore", 1: "good", 2: "poor"}
    return poreflux.from_array(labels.astype(np.uint8), phases=phases, **options)


def with_maps(volume, folder, **options):
    """Return the results and the two maps, of a solve that writes them."""
    store = poreflux.save(volume, folder / "vol.zarr")
    result = poreflux.dissipation(poreflux.open(store), field=store, rtol=1e-10, **options).squeeze(
        "direction"
    )
    fields = poreflux.open(store)
    return result, fields.dissipation.values, fields.voxel_tortuosity_factor.values


@pytest.fixture
def mixture(rng):
    """A porous mixture of a good and a poor conductor, with parts that no current reaches."""
    return rng.choice([0, 1, 2], (11, 12, 9), p=[0.3, 0.4, 0.3])


def test_in_straight_channels_half_of_the_voxels_dissipate_half_of_the_power(tmp_path):
    result, power, tau = with_maps(columns(9, width=2, period=3), tmp_path)
    assert float(result.dissipation_half_fraction) == pytest.approx(0.5, rel=1e-6)
    assert float(result.dissipation_top_share) == pytest.approx(0.01, rel=1e-6)
    assert float(result.voxel_tortuosity_factor_median) == pytest.approx(1, rel=1e-6)
    conducting = np.isfinite(power)
    assert conducting.mean() == pytest.approx(float(result.conducting_fraction))
    assert power[conducting] == pytest.approx(1, rel=1e-5)
    assert tau[conducting] == pytest.approx(1, rel=1e-5)


def test_layers_in_series_dissipate_in_proportion_to_their_resistance(tmp_path):
    labels = np.ones((12, 5, 4), int)
    labels[5:] = 2  # resistances 5 and 28 of 33
    result, power, _ = with_maps(volume_of(labels), tmp_path, conductivity=POOR)
    current = 12 / 33
    assert power[:5] == pytest.approx(current**2, rel=1e-6)
    assert power[5:] == pytest.approx(current**2 / 0.25, rel=1e-6)
    # all that counts is in the poor layer, evenly
    assert float(result.dissipation_half_fraction) == pytest.approx(
        0.5 / (28 / 33) * 7 / 12, rel=1e-6
    )


def test_layers_side_by_side_dissipate_in_proportion_to_their_conductivity(tmp_path):
    labels = np.ones((7, 6, 4), int)
    labels[:, 2:] = 2
    _, power, _ = with_maps(volume_of(labels), tmp_path, conductivity=POOR)
    assert power[:, :2] == pytest.approx(1, rel=1e-6)
    assert power[:, 2:] == pytest.approx(0.25, rel=1e-6)


@pytest.mark.parametrize("sides", ["insulated", "periodic"])
@pytest.mark.parametrize("direction", ["z", "y", "x"])
def test_what_all_voxels_dissipate_is_the_power_applied(mixture, tmp_path, direction, sides):
    volume = volume_of(mixture, voxel_size=SPACING)
    options = {"direction": direction, "conductivity": POOR, "sides": sides}
    result, power, tau = with_maps(volume, tmp_path, **options)
    kappa = float(result.effective_conductivity)
    assert float(result.dissipation_imbalance) < 1e-12
    # the map is stored in float32
    assert np.nansum(power) / power.size == pytest.approx(kappa, rel=1e-6)
    conducting = (mixture > 0).sum()
    assert np.nansum(tau) / conducting == pytest.approx(float(result.tortuosity_factor), rel=1e-6)


def test_the_map_is_that_of_a_loop_over_the_faces(mixture, tmp_path):
    _, power, _ = with_maps(volume_of(mixture, voxel_size=SPACING), tmp_path, conductivity=POOR)
    u = poreflux.open(tmp_path / "vol.zarr").potential.values.astype(float)
    kappa = np.array([0.0, 1.0, 0.25])[mixture] * np.isfinite(u)
    twin = np.zeros(u.shape)
    length = u.shape[0] * SPACING[0]
    for at in itertools.product(*map(range, u.shape)):
        for axis, step in itertools.product(range(3), (-1, 1)):
            there = list(at)
            there[axis] += step
            h, k = SPACING[axis], kappa[at]
            if not k:
                continue
            if 0 <= there[axis] < u.shape[axis]:
                k_there = kappa[tuple(there)]
                if not k_there:
                    continue
                # potential drop in the own half of the way
                drop = (u[tuple(there)] - u[at]) * k_there / (k + k_there)
            elif axis == 0:
                drop = (step < 0) - u[at]
            else:
                continue
            # power density: kappa (drop / (h/2))², in half of the voxel
            twin[at] += 0.5 * k * (drop / (h / 2)) ** 2 * length**2
    on = np.isfinite(power)
    assert on.any()
    # differences of a potential in float32
    assert power[on] == pytest.approx(twin[on], rel=1e-4, abs=1e-5)
    assert not twin[~on].any()


@pytest.fixture
def shares(mixture):
    """Shares of solid, some of them 0 and 1, and the volume that has them."""
    found = np.where(mixture == 0, 0.0, np.random.default_rng(3).random(mixture.shape))
    found[mixture == 2] = 1.0
    volume = poreflux.from_array((found > 0.5).astype(np.uint8), voxel_size=SPACING)
    volume["solid_fraction"] = (("z", "y", "x"), found.astype(np.float32))
    return volume.solid_fraction.values.astype(float), volume


@pytest.mark.parametrize("sides", ["insulated", "periodic"])
def test_partial_voxels_dissipate_the_power_applied(shares, tmp_path, sides):
    share, volume = shares
    result, power, tau = with_maps(volume, tmp_path, geometry="partial", sides=sides)
    kappa = float(result.effective_conductivity)
    assert float(result.dissipation_imbalance) < 1e-12
    assert np.nansum(power) / power.size == pytest.approx(kappa, rel=1e-6)
    mean = np.nansum(share * tau) / share.sum()
    assert mean == pytest.approx(float(result.tortuosity_factor), rel=1e-6)


def test_the_map_of_partial_voxels_is_that_of_a_loop_over_the_faces(shares, tmp_path):
    share, volume = shares
    result, power, _ = with_maps(volume, tmp_path, geometry="partial")
    u = poreflux.open(tmp_path / "vol.zarr").potential.values.astype(float)
    kappa = share * np.isfinite(u)
    twin, length = np.zeros(u.shape), u.shape[0] * SPACING[0]
    for at in itertools.product(*map(range, u.shape)):
        for axis, step in itertools.product(range(3), (-1, 1)):
            there = list(at)
            there[axis] += step
            gap, h = 1.0, SPACING[axis]
            if 0 <= there[axis] < u.shape[axis]:
                drop = u[tuple(there)] - u[at] if kappa[tuple(there)] and kappa[at] else 0.0
            elif axis == 0 and kappa[at]:
                drop, gap = (step < 0) - u[at], 0.5
            else:
                continue
            # in half of the voxel, under the gradient to that side
            twin[at] += 0.5 * kappa[at] * (drop / (gap * h)) ** 2 * length**2
    on = np.isfinite(power)
    assert power[on] == pytest.approx(twin[on], rel=1e-4, abs=1e-5)
    # half of the power, by the conductor that has it
    order = np.argsort(-(power[on] / share[on]))
    part = np.searchsorted(np.cumsum(power[on][order]), power[on].sum() / 2)
    half = share[on][order][:part].sum() / share.sum()
    assert float(result.dissipation_half_fraction) == pytest.approx(half, abs=2 / share.sum())


def test_whole_partial_voxels_dissipate_as_voxels_do(mixture):
    inside = (mixture > 0).astype(np.uint8)
    volume = poreflux.from_array(inside, voxel_size=SPACING)
    volume["solid_fraction"] = (("z", "y", "x"), inside.astype(np.float32))
    voxels, partial = (
        poreflux.dissipation(volume, rtol=1e-10, geometry=geometry).squeeze("direction")
        for geometry in ("voxels", "partial")
    )
    for name in STATISTICS[:-1]:
        assert float(partial[name]) == pytest.approx(float(voxels[name]), rel=1e-6)


def test_a_neck_dissipates_more_than_its_share(tmp_path):
    labels = np.ones((15, 9, 9), int)
    labels[7] = 0
    labels[7, 4, 4] = 1
    result, power, tau = with_maps(volume_of(labels), tmp_path, conductivity={"good": 1.0})
    assert np.unravel_index(np.nanargmax(power), power.shape) == (7, 4, 4)
    assert float(result.dissipation_half_fraction) < 0.01
    assert float(result.dissipation_top_share) > 0.5
    assert tau[7, 4, 4] > 30 * float(result.voxel_tortuosity_factor_median)


def test_statistics_are_those_of_the_sorted_map(mixture, tmp_path):
    result, power, tau = with_maps(volume_of(mixture), tmp_path, conductivity=POOR)
    conducting = (mixture > 0).sum()
    falling = np.sort(power[np.isfinite(power)])[::-1].astype(float)
    half = np.searchsorted(np.cumsum(falling), falling.sum() / 2) / conducting
    # classes are 1.1 % wide: some voxels of one class are interchanged
    assert float(result.dissipation_half_fraction) == pytest.approx(half, abs=2 / conducting)
    values = np.concatenate([tau[np.isfinite(tau)], np.zeros(conducting - len(falling))])
    assert float(result.voxel_tortuosity_factor_median) == pytest.approx(
        np.median(values), rel=0.02
    )


def test_thin_slabs_and_turned_volumes_give_the_same(mixture, monkeypatch):
    options = {"conductivity": POOR, "rtol": 1e-10}
    whole = poreflux.dissipation(volume_of(mixture), **options).squeeze("direction")
    turned = poreflux.dissipation(
        volume_of(mixture.transpose(1, 2, 0)[::-1, :, ::-1]), direction="x", **options
    ).squeeze("direction")
    monkeypatch.setattr(power_density, "SLAB", 1)
    thin = poreflux.dissipation(volume_of(mixture), **options).squeeze("direction")
    for name in STATISTICS[:-1]:
        assert float(thin[name]) == pytest.approx(float(whole[name]), rel=1e-12)
        assert float(turned[name]) == pytest.approx(float(whole[name]), rel=0.02)


def test_outside_of_a_mask_nothing_is_dissipated(tmp_path):
    volume = volume_of(np.ones((6, 8, 8), int))
    inside = np.ones((6, 8, 8), bool)
    inside[:, 3:, 5:] = False
    volume["mask"] = (("z", "y", "x"), inside)
    result, power, tau = with_maps(volume, tmp_path, conductivity={"good": 1.0})
    np.testing.assert_array_equal(np.isfinite(power), inside)
    assert power[inside] == pytest.approx(1, rel=1e-6)
    assert tau[inside] == pytest.approx(1, rel=1e-6)
    assert float(result.dissipation_half_fraction) == pytest.approx(0.5)


def test_nothing_that_percolates_dissipates_nothing(tmp_path):
    labels = np.ones((6, 4, 4), int)
    labels[3] = 0
    store = poreflux.save(volume_of(labels), tmp_path / "vol.zarr")
    result = poreflux.dissipation(poreflux.open(store), conductivity={"good": 1.0}, field=store)
    assert np.isnan(result.dissipation_half_fraction.values).all()
    assert np.isinf(result.tortuosity_factor.values).all()
    assert "dissipation" not in poreflux.open(store)
