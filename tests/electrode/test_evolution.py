"""The evolution of contact keeps its books, loses what it must, and does not claim more."""

import inspect

import numpy as np
import pytest

from poreflux import contact_evolution, from_array, phantoms
from poreflux.transport.electrode.contact_evolution import THICKNESS, plate, strip
from tests.electrode.cells import electrolyte

POROUS = phantoms.random_sites((6, 16, 14), 0.2, seed=4)


def test_a_milliampere_hour_is_almost_five_micrometres():
    assert pytest.approx(4.85, abs=0.005) == THICKNESS


def test_the_metal_that_is_missing_is_the_charge_that_was_passed():
    found = contact_evolution(
        POROUS, capacities=[-0.1, -0.2], supply=0.0, critical_gap=100.0, contact=0.8
    )
    at_first = 100.0 * (1 - found.evolution_contact.values[0])
    missing = found.evolution_gap.values.astype(float) - at_first
    assert missing.mean() == pytest.approx(0.3 * THICKNESS, rel=1e-5)
    np.testing.assert_allclose(found.evolution_capacity, [0.0, -0.1, -0.3])
    # nothing was lost: the same current each time
    assert np.ptp(found.evolution_contact_fraction.values) == 0


def test_contact_is_lost_first_where_the_current_is_largest():
    found = contact_evolution(POROUS, capacities=[-0.2] * 3, supply=0.5, critical_gap=0.8)
    contact = found.evolution_contact.values.astype(bool)
    assert (contact[1:] <= contact[:-1]).all()
    assert contact[-1].sum() < contact[0].sum()
    assert (np.diff(found.evolution_area_specific_resistance) >= 0).all()


def test_enough_supply_keeps_all_contact():
    found = contact_evolution(POROUS, capacities=[-5.0], supply=1e3, critical_gap=0.01)
    assert float(found.evolution_gap.where(found.evolution_contact[0] == 1).max()) == 0
    assert found.evolution_contact.values[0].sum() == found.evolution_contact.values[-1].sum()


def test_stripping_and_plating_are_not_symmetric():
    contact = np.ones((9, 9), bool)
    contact[3:6, 3:6] = False
    gap = np.where(contact, 0.0, 1.0)
    j = np.where(contact, 1.0, np.nan)
    filled, now = plate(gap, contact, j, 1.0 / THICKNESS, 0.0, 1.0)
    # one step fills the rim of the hole only
    assert now.sum() == 80
    assert not now[4, 4]
    assert filled[4, 4] == 1.0
    gone = strip(np.zeros((9, 9)), np.ones((9, 9), bool), np.ones((9, 9)), 1.1 / THICKNESS, 0, 1.0)
    assert not gone[1].any()


def test_it_ends_where_no_contact_is_left():
    found = contact_evolution(
        electrolyte((4, 6, 6)), capacities=[-1.0] * 4, supply=0, critical_gap=1
    )
    assert found.sizes["evolution_step"] == 1
    assert float(found.evolution_gap.min()) >= 1


def test_it_ends_at_once_where_no_current_is_possible():
    labels = np.ones((6, 5, 5), np.uint8)
    labels[2] = 0
    found = contact_evolution(from_array(labels), capacities=[-0.1], supply=0, critical_gap=1)
    assert found.sizes["evolution_step"] == 0


def test_its_parameters_have_no_default_and_it_says_that_it_is_not_calibrated():
    parameters = inspect.signature(contact_evolution).parameters
    for name in ("supply", "critical_gap", "capacities"):
        assert parameters[name].default is inspect.Parameter.empty
    found = contact_evolution(POROUS, capacities=[0.01], supply=0, critical_gap=1)
    assert found.attrs["calibrated"] == 0
    assert "not calibrated" in found.evolution_contact.attrs["note"]


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"capacities": []}, "are no steps"),
        ({"capacities": [0.0]}, "are no steps"),
        ({"supply": -1.0}, "supply=-1.0 is not"),
        ({"critical_gap": 0.0}, "critical_gap=0.0 is not"),
        ({"applied": -1.0}, "applied=-1.0 is not positive"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, words):
    options = {"capacities": [-0.1], "supply": 0.0, "critical_gap": 1.0, **wrong}
    with pytest.raises(ValueError, match=words):
        contact_evolution(POROUS, **options)
