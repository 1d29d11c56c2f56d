"""One length rules how uneven the current is; a sweep over it is as good as separate solves."""

import numpy as np
import pytest

from poreflux import interfacial_current, phantoms

LENGTHS = [0.0, 1.0, 8.0, 40.0, 260.0, 1e6]


@pytest.fixture(scope="module")
def sample():
    plan = phantoms.OblatePores(porosity=0.15, diameter=11.0, aspect=0.6, seed=5)
    return phantoms.generate(plan, 40, voxel_size=0.92)


@pytest.fixture(scope="module")
def swept(sample):
    return interfacial_current(sample, kinetics="linear", wagner_lengths=LENGTHS)


def test_the_current_is_the_more_even_the_longer_the_wagner_length(swept):
    cv = swept.sweep_current_density_cv[0].values
    assert (np.diff(cv) < 0).all()
    assert cv[-1] < 1e-3
    assert (np.diff(swept.sweep_current_density_max[0]) < 0).all()


def test_the_mean_does_not_depend_on_the_wagner_length(swept):
    expected = 1 / float(swept.contact_fraction[0])
    np.testing.assert_allclose(swept.sweep_current_density_mean[0], expected, rtol=1e-8)


def test_at_a_long_wagner_length_the_resistance_is_that_of_the_interface(swept):
    expected = LENGTHS[-1] * 1e-6 / 0.1 * 1e4 / float(swept.contact_fraction[0])
    kinetic = float(swept.sweep_area_specific_resistance_kinetic[0, -1])
    assert kinetic == pytest.approx(expected, rel=1e-5)
    parts = ("bulk", "constriction", "kinetic", "feed")
    total = sum(swept[f"sweep_area_specific_resistance_{part}"] for part in parts)
    np.testing.assert_allclose(total, swept.sweep_area_specific_resistance, rtol=1e-12)


def test_far_from_equilibrium_an_interface_evens_the_current_no_more_than_its_slope(sample):
    # R T / (alpha F) over 1 mA/cm² at the mean: 51 ohm cm² whatever the charge transfer at rest
    found = interfacial_current(sample, wagner_lengths=[1e5, 1e6])
    cv = found.sweep_current_density_cv[0].values
    assert cv[0] == pytest.approx(cv[1], rel=1e-3)
    assert cv[0] > 1e-3


@pytest.mark.parametrize("index, length", [(0, 0.0), (2, 8.0), (4, 260.0)])
def test_a_sweep_finds_what_separate_solves_find(sample, swept, index, length):
    law = {"kinetics": "linear", "charge_transfer_resistance": length / 10}
    alone = interfacial_current(sample, **law)
    np.testing.assert_allclose(swept.sweep_current_density[index], alone.current_density, rtol=2e-5)
    for name in ("current_density_cv", "current_density_gini", "area_specific_resistance"):
        assert swept[f"sweep_{name}"][0, index] == pytest.approx(float(alone[name][0]), rel=1e-5)


def test_a_thick_electrolyte_forgets_how_it_is_fed(sample):
    maps = [
        interfacial_current(sample, drive=drive).current_density.values
        for drive in ("flux", "equipotential")
    ]
    on = np.isfinite(maps[0])
    assert np.corrcoef(maps[0][on], maps[1][on])[0, 1] > 0.99


def test_constriction_of_an_even_current_exceeds_that_of_an_even_potential():
    # circle on a half space: 8 / (3 pi²) against 1 / 4 (Holm); a tube as wide leaves less of both
    n, r = 48, 10
    y, x = np.indices((n, n)) + 0.5
    disc = x**2 + y**2 < r**2
    volume = phantoms.uniform((n, n, n))
    options = {"contact": disc, "drive": "equipotential", "rtol": 1e-5}
    primary = interfacial_current(volume, kinetics="primary", **options)
    even = interfacial_current(volume, kinetics="linear", charge_transfer_resistance=1e4, **options)
    name = "area_specific_resistance_constriction"
    ratio = float(even[name][0]) / float(primary[name][0])
    assert 1.04 < ratio < 1.12
    radius = np.sqrt(4 * disc.sum() / np.pi)
    e = radius / np.sqrt(4 * n**2 / np.pi)
    psi = 1 - 1.4092 * e + 0.2959 * e**3 + 0.0525 * e**5
    expected = (2 * n) ** 2 / (4 * 0.1 * radius) * psi * 1e-6 * 1e4
    assert float(primary[name][0]) == pytest.approx(expected, rel=0.06)  # a disc of 10 voxels
