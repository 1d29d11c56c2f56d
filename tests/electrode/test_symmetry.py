"""What does not change when the sample is turned, the current reversed, or the same asked twice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poreflux import from_array, interfacial_current, open, phantoms, save

SHAPE = (18, 22, 26)


@pytest.fixture(scope="module")
def sample():
    labels = phantoms.random_sites(SHAPE, 0.2, seed=3).phase.values
    contact = np.random.default_rng(3).random(SHAPE[1:]) > 0.1
    return labels, contact


@pytest.fixture(scope="module")
def current(sample):
    labels, contact = sample
    return interfacial_current(from_array(labels), contact=contact, rtol=1e-8)


def test_reversing_the_current_reverses_the_map(sample, current):
    labels, contact = sample
    stripped = interfacial_current(from_array(labels), contact=contact, rtol=1e-8, applied=-1.0)
    np.testing.assert_allclose(-stripped.current_density, current.current_density, rtol=1e-6)
    for name in ("current_density_mean", "current_density_cv", "area_specific_resistance"):
        assert stripped[name][0] == pytest.approx(float(current[name][0]), rel=1e-7)


def test_reversing_the_current_reverses_the_potential_between_its_bounds(sample, tmp_path):
    labels, contact = sample
    potentials = []
    for applied in (1.0, -1.0):
        target = save(from_array(labels), tmp_path / f"{applied}.zarr")
        found = interfacial_current(
            open(target), contact=contact, rtol=1e-8, applied=applied, field=target,
            drive="equipotential",
        )  # fmt: skip
        potentials.append(open(target).cell_potential.values)
    plated, stripped = potentials
    np.testing.assert_allclose(stripped, -plated, rtol=1e-6)
    volts = float(found.area_specific_resistance[0]) * 1e-4 * 10
    assert 0 < np.nanmin(plated) < np.nanmax(plated) < volts


def test_plating_and_stripping_differ_where_the_transfer_coefficient_is_not_one_half(sample):
    labels, contact = sample
    options = {"contact": contact, "exchange_current_density": 0.3, "transfer_coefficient": 0.25}
    both = [interfacial_current(from_array(labels), applied=a, **options) for a in (1.0, -1.0)]
    resistances = [float(each.area_specific_resistance_kinetic[0]) for each in both]
    assert resistances[0] > 1.2 * resistances[1]
    mirrored = interfacial_current(
        from_array(labels), applied=1.0, **{**options, "transfer_coefficient": 0.75}
    )
    np.testing.assert_allclose(mirrored.current_density, -both[1].current_density, rtol=1e-5)


@pytest.mark.parametrize("axis", [1, 2])
def test_a_mirrored_sample_has_the_mirrored_map(sample, current, axis):
    labels, contact = (np.flip(each, at) for each, at in zip(sample, (axis, axis - 1)))
    found = interfacial_current(from_array(labels), contact=contact, rtol=1e-8)
    expected = np.flip(current.current_density.values, axis - 1)
    np.testing.assert_allclose(found.current_density, expected, rtol=1e-6)


@pytest.mark.parametrize(
    "direction, axes, end, dims",
    [("y", (1, 0, 2), "_y", ("z", "x")), ("x", (1, 2, 0), "_x", ("z", "y"))],
)
def test_a_turned_sample_has_the_same_map_across_the_turned_direction(
    sample, current, direction, axes, end, dims
):
    labels, contact = sample
    turned = from_array(labels.transpose(axes))
    found = interfacial_current(turned, contact=contact, direction=direction, rtol=1e-8)
    values = found[f"current_density{end}"]
    assert values.dims == dims
    np.testing.assert_allclose(values, current.current_density, rtol=1e-6)
    assert found.area_specific_resistance.sel(direction=direction) == pytest.approx(
        float(current.area_specific_resistance[0]), rel=1e-8
    )


def test_the_first_face_of_the_flipped_sample_is_the_last_face(sample, current):
    labels, contact = sample
    found = interfacial_current(from_array(labels[::-1]), contact=contact, face="first", rtol=1e-8)
    np.testing.assert_allclose(found.current_density, current.current_density, rtol=1e-6)
    assert found.area_specific_resistance[0] == pytest.approx(
        float(current.area_specific_resistance[0]), rel=1e-8
    )


def test_any_unit_of_length_gives_the_same_map_at_the_same_ratio_to_the_wagner_length(sample):
    labels, contact = sample
    small = interfacial_current(from_array(labels), contact=contact, charge_transfer_resistance=0.8)
    large = interfacial_current(
        from_array(labels, voxel_size=10.0), contact=contact, charge_transfer_resistance=8.0,
        kinetics="linear", applied=0.1,
    )  # fmt: skip
    np.testing.assert_allclose(small.current_density, 10 * large.current_density, rtol=2e-4)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    share=st.floats(0.2, 1.0),
    resistance=st.floats(1e-4, 1e4),
    applied=st.floats(0.01, 20.0),
)
def test_the_mean_of_any_map_is_the_applied_current_over_the_share_that_reacts(
    seed, share, resistance, applied
):
    shape = tuple(np.random.default_rng(seed).integers(3, 12, 3))
    volume = phantoms.random_sites(shape, 0.25, seed=seed)
    found = interfacial_current(
        volume, contact=share, charge_transfer_resistance=resistance, applied=applied
    )
    reacting = float(found.contact_fraction[0])
    if reacting == 0:
        assert np.isinf(found.area_specific_resistance[0])
    else:
        assert found.current_density_mean[0] == pytest.approx(applied / reacting, rel=1e-8)
        assert float(found.current_density.min()) > 0
