"""The current through a layer that conducts badly: exact in series, within the printed errors."""

import numpy as np
import pytest

from poreflux import from_array, interfacial_current

CONDUCTIVITY = 0.1


def layered(contrast: float, **options):
    """Return the current through 29 layers of 1 µm and one in the middle `contrast` times worse."""
    labels = np.ones((30, 12, 12), np.uint8)
    labels[15] = 2
    volume = from_array(labels, phases={0: "pore", 1: "electrolyte", 2: "layer"})
    phases = {"electrolyte": CONDUCTIVITY, "layer": CONDUCTIVITY / contrast}
    options = {"contact": 1.0, "kinetics": "linear", **options}
    return interfacial_current(volume, conductivity=phases, **options)


def off(found, name, exact):
    """Return how far a number is off, and how far it may be by the printed error."""
    return abs(found[name].item() - exact), found[f"{name}_solver_error"].item()


@pytest.mark.parametrize("contrast", [1e4, 1e6, 1e8])
@pytest.mark.parametrize("drive", ["flux", "equipotential"])
def test_a_layer_adds_its_resistance(drive, contrast):
    found = layered(contrast, drive=drive)
    bulk = (29 + contrast) * 1e-6 / CONDUCTIVITY * 1e4
    for name, exact in (
        ("area_specific_resistance", bulk + 0.8),
        ("area_specific_resistance_bulk", bulk),
        ("current_density_max", 1.0),
    ):
        error, printed = off(found, name, exact)
        assert error <= printed + 4e-16 * exact  # round-off of the sum
    # rounding of potentials that are this much larger than those of a cell
    digits = max(1e-6, 1e-13 * contrast)
    assert found.area_specific_resistance_solver_error < digits * bulk


@pytest.mark.parametrize("drive", ["flux", "equipotential"])
def test_part_of_the_contact_behind_a_layer_is_within_the_error_of_more_digits(drive):
    mask = np.ones((12, 12), bool)
    mask[3:7, 2:9] = False
    rough, fine = (
        layered(1e4, drive=drive, contact=mask, rtol=rtol, kinetics="butler-volmer")
        for rtol in (1e-3, 1e-7)
    )
    name = "area_specific_resistance"
    error, printed = off(rough, name, fine[name].item())
    assert error <= printed + fine[f"{name}_solver_error"].item()
    error = np.nanmax(np.abs(rough.current_density.values - fine.current_density.values))
    # maps are stored as float32
    assert error <= rough.current_density_max_solver_error.item() + 1e-6


def test_more_digits_than_there_are_leave_a_larger_error_that_is_printed():
    error, printed = off(layered(1e9), "current_density_max", 1.0)
    assert 1e-6 < printed < 10
    assert error <= printed
