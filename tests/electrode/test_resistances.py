"""The parts of the resistance, each of its own face; the Wagner length at the operating point."""

import numpy as np
import pytest

from poreflux import interfacial_current, phantoms
from poreflux.transport.electrode.conditions import conditions
from poreflux.transport.electrode.kinetics import Kinetics

PARTS = ("bulk", "constriction", "kinetic", "feed")


@pytest.fixture(scope="module")
def sample():
    plan = phantoms.OblatePores(porosity=0.15, diameter=9.0, aspect=0.6, seed=5)
    return phantoms.generate(plan, 40, voxel_size=0.92)


def part(found, name):
    return float(found[f"area_specific_resistance_{name}"][0])


@pytest.mark.parametrize("face", ["first", "last"])
def test_constriction_at_the_electrode_does_not_know_how_the_far_face_is_fed(sample, face):
    even, one = (
        interfacial_current(sample, drive=drive, face=face) for drive in ("flux", "equipotential")
    )
    # today's difference of totals is the feed's: it was several times the constriction
    difference = float(even.area_specific_resistance[0] - one.area_specific_resistance[0])
    assert part(one, "feed") == 0
    assert part(even, "feed") == pytest.approx(difference, rel=0.03)
    assert part(even, "constriction") == pytest.approx(part(one, "constriction"), rel=0.03)
    for found in (even, one):
        total = sum(part(found, name) for name in PARTS)
        assert total == pytest.approx(float(found.area_specific_resistance[0]), rel=1e-12)


def test_a_whole_equipotential_electrode_has_no_constriction(sample):
    found = interfacial_current(sample, contact=1.0, kinetics="primary")
    assert abs(part(found, "constriction")) < 1e-3 * part(found, "feed")
    assert part(found, "feed") > 0


def test_turned_around_what_was_the_feed_of_a_face_is_its_constriction_when_even():
    # the far face, fed evenly, is an electrode whose charge transfer makes its current even
    rng = np.random.default_rng(3)
    labels = (rng.random((24, 10, 10)) > 0.15).astype(np.uint8)
    labels[-1] = 1
    from poreflux import from_array

    volume = from_array(labels)
    law = {"contact": 1.0, "rtol": 1e-7}
    fed = interfacial_current(volume, kinetics="primary", drive="flux", face="last", **law)
    even = interfacial_current(
        volume, kinetics="linear", charge_transfer_resistance=1e3, drive="equipotential",
        face="first", **law,
    )  # fmt: skip
    assert part(fed, "feed") == pytest.approx(part(even, "constriction"), rel=2e-3)


def test_a_film_and_a_charge_transfer_of_the_same_resistance_give_one_wagner_length():
    volume = phantoms.uniform((24, 16, 16), voxel_size=0.92)
    lengths = [
        float(interfacial_current(
            volume, contact=0.9, charge_transfer_resistance=charge_transfer, film_resistance=film,
            kinetics="linear", rtol=1e-4,
        ).wagner_length[0])
        for charge_transfer, film in ((5.8, 0.0), (0.8, 5.0))
    ]  # fmt: skip
    assert lengths == pytest.approx([58.0, 58.0], rel=1e-9)


def test_the_wagner_length_is_that_of_the_operating_point():
    volume = phantoms.uniform((8, 12, 12))
    found = interfacial_current(volume, applied=10.0, exchange_current_density=0.1, contact=0.75)
    j, i0 = 100 / 0.75, 1.0
    expected = 0.1 * 2 * Kinetics("linear").thermal / np.hypot(j, 2 * i0) / 1e-6
    assert float(found.wagner_length[0]) == pytest.approx(expected, rel=1e-9)
    assert conditions(applied=10.0, exchange_current_density=0.1).wagner_length(
        0.1, 0.9306
    ) == pytest.approx(47.8, abs=0.1)


@pytest.mark.parametrize("law", ["primary", "linear", "butler-volmer"])
@pytest.mark.parametrize("transfer", [0.3, 0.5])
@pytest.mark.parametrize("film", [0.0, 3e-4])
@pytest.mark.parametrize("j", [-300.0, -0.1, 0.1, 40.0, 2000.0])
def test_the_differential_resistance_is_the_slope_of_the_overpotential(law, transfer, film, j):
    resistance = 0.0 if law == "primary" else 8e-3
    kinetics = Kinetics(law, resistance, film, transfer)
    step = 1e-4 * abs(j)
    slope = np.diff(kinetics.overpotential([j - step, j + step]))[0] / (2 * step)
    found = float(kinetics.differential_resistance(j))
    assert found == pytest.approx(slope, rel=1e-6, abs=1e-12)
