"""The whole solve against an assembled matrix, small media of several phases in unlike voxels."""

import numpy as np
import pytest

from poreflux import from_array, interfacial_current
from poreflux.transport.electrode.kinetics import Kinetics
from tests.electrode.direct import solve
from tests.physics.direct import carriers, network

SPACING = (0.7, 1.0, 1.4)
PHASES = {0: "pore", 1: "electrolyte", 2: "binder"}


def medium(seed: int, phases: int):
    """Return labels that are one cluster from face to face, and a contact mask."""
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(4, 8, 3))
    labels = rng.choice(phases + 1, shape, p=[0.2, *[0.8 / phases] * phases]).astype(np.uint8)
    contact = rng.random(shape[1:]) > 0.2
    labels[-1][~contact] = 0  # nothing then ends where there is no contact
    labels[~carriers(network((labels > 0) * 1.0, SPACING)).reshape(shape)] = 0
    return labels, contact


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "i0, alpha, film, applied",
    [(32.0, 0.5, 0.0, 1.0), (0.1, 0.5, 0.0, -1.0), (0.1, 0.3, 2.0, 1.0), (0.1, 0.3, 0.0, -5.0)],
)
def test_every_face_carries_what_a_factorised_newton_method_finds(seed, i0, alpha, film, applied):
    labels, contact = medium(seed, 1 + seed % 2)
    kappa = np.array([0.0, 0.1, 0.02])[labels]
    volume = from_array(labels, voxel_size=SPACING, phases=PHASES)
    found = interfacial_current(
        volume, contact=contact, conductivity={"electrolyte": 0.1, "binder": 0.02},
        exchange_current_density=i0, transfer_coefficient=alpha, film_resistance=film,
        applied=applied, rtol=1e-8,
    )  # fmt: skip
    metres = tuple(h * 1e-6 for h in SPACING)
    density, voltage = solve(kappa, metres, contact, applied * 10, i0 * 10, alpha, film * 1e-4)
    np.testing.assert_allclose(found.current_density, density / 10, rtol=1e-6)
    resistance = float(found.area_specific_resistance[0]) * 1e-4
    assert resistance == pytest.approx(voltage / (applied * 10), rel=1e-7)


def test_parts_of_the_resistance_are_what_is_dissipated_where():
    labels, contact = medium(5, 1)
    volume = from_array(labels, voxel_size=SPACING)
    found = interfacial_current(volume, contact=contact, exchange_current_density=0.5)
    law = Kinetics("butler-volmer", Kinetics("linear").thermal / 5.0)
    j = found.current_density.values * 10.0
    power = np.nansum(j * law.overpotential(j)) / j.size
    kinetic = float(found.area_specific_resistance_kinetic[0])
    assert kinetic == pytest.approx(power / 100 * 1e4, rel=1e-5)
    assert float(found.area_specific_resistance_constriction[0]) > 0
