"""Currents whose answer is known: slabs, cosine modes, striped and square contacts."""

import numpy as np
import pytest
from scipy.special import ellipj, ellipk

from poreflux import contact_mask, interfacial_current
from poreflux.transport.electrode.cell import by_face
from poreflux.transport.electrode.kinetics import Kinetics
from poreflux.transport.electrode.linearised import Tolerances, descend
from poreflux.transport.electrode.newton import tangent
from tests.electrode.cells import KAPPA, electrolyte, plane_cell, reduced_resistance, stripe

PLANES = [1, 2, 5, 33]


@pytest.mark.parametrize("planes", PLANES)
@pytest.mark.parametrize("drive", ["flux", "equipotential"])
@pytest.mark.parametrize(
    "law",
    [
        {"kinetics": "primary"},
        {"kinetics": "linear"},
        {"exchange_current_density": 0.1},
        {"exchange_current_density": 0.1, "transfer_coefficient": 0.2, "film_resistance": 3.0},
    ],
)
def test_a_slab_of_any_number_of_planes_has_the_sum_of_its_resistances(planes, drive, law):
    options = {"contact": 1.0, "conductivity": KAPPA, "drive": drive, "rtol": 1e-9, **law}
    found = interfacial_current(electrolyte((planes, 6, 5), (0.7, 1.0, 1.3)), **options)
    resistance = 0.0 if law.get("kinetics") == "primary" else 0.8e-4
    if "exchange_current_density" in law:
        resistance = Kinetics("linear").thermal / 1.0
    name = law.get("kinetics", "butler-volmer")
    film = law.get("film_resistance", 0.0) * 1e-4
    interface = Kinetics(name, resistance, film, law.get("transfer_coefficient", 0.5))
    expected = planes * 0.7e-6 / KAPPA + float(interface.overpotential(10.0)) / 10.0
    # the tolerance of the solve; round-off is a decade below
    assert found.area_specific_resistance[0] * 1e-4 == pytest.approx(expected, rel=1e-11)
    assert np.ptp(found.current_density.values) < 1e-6
    assert found.current_density_mean[0] == pytest.approx(1.0, rel=1e-10)
    assert abs(float(found.area_specific_resistance_constriction[0])) < 1e-8


@pytest.mark.parametrize("planes", PLANES)
@pytest.mark.parametrize("i0", [0.1, 1.0, 32.0])
def test_the_voltage_of_a_slab_is_an_ohmic_drop_and_an_inverse_hyperbolic_sine(planes, i0):
    found = interfacial_current(
        electrolyte((planes, 4, 4)), contact=1.0, conductivity=KAPPA, exchange_current_density=i0,
        rtol=1e-9,
    )  # fmt: skip
    thermal = 8.314462618 * 298.15 / 96485.33212
    voltage = 10 * planes * 1e-6 / KAPPA + 2 * thermal * np.arcsinh(1.0 / (2 * i0))
    assert found.area_specific_resistance[0] * 1e-4 * 10 == pytest.approx(voltage, rel=1e-11)


@pytest.mark.parametrize("kinetics", ["primary", "linear", "butler-volmer"])
@pytest.mark.parametrize("drive", ["flux", "equipotential"])
def test_the_mean_over_the_contact_is_the_applied_current_over_its_share(kinetics, drive):
    volume = electrolyte((6, 72, 72))
    cells = contact_mask(volume, model="cells", off=10)  # 134 of 12 x 12
    found = interfacial_current(volume, contact=cells, kinetics=kinetics, drive=drive)
    assert found.contact_fraction[0] == 134 / 144
    assert round(float(found.current_density_mean[0]), 4) == 1.0746
    assert found.current_density_mean[0] == pytest.approx(144 / 134, rel=1e-8)
    assert float(found.current_mismatch[0]) < 1e-9


def cosine_amplitude(n: int, wagner: float) -> float:
    """Return the part of a cosine fed at one face of a unit square that arrives at the other."""
    cell, k = plane_cell(n), 2 * np.pi
    x = cell.operator.vector()
    law = Kinetics("linear" if wagner else "primary", wagner)
    tangent(cell, law, np.zeros(n), 0.0)
    place = (np.arange(n) + 0.5) / n
    fed = (1 + np.cos(k * place) * np.sinc(1 / n)) / cell.unit
    source = by_face(cell, fed[None], np.zeros((1, n)))
    planes = descend(cell, x, source, Tolerances(1e-24, 1e-12), [])
    arrived = planes.outflow[1][0] * cell.unit
    return 2 * float(np.mean(arrived * np.cos(k * place))) / float(np.sinc(1 / n))


@pytest.mark.parametrize("wagner, exact", [(0.0, 3.73487244e-3), (0.5, 9.01800952e-4)])
def test_a_cosine_arrives_attenuated_to_second_order(wagner, exact):
    assert exact == pytest.approx(
        1 / (np.cosh(2 * np.pi) + 2 * np.pi * wagner * np.sinh(2 * np.pi)), rel=1e-8
    )
    errors = [cosine_amplitude(n, wagner) / exact - 1 for n in (16, 32, 64)]
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert orders == pytest.approx([2, 2], abs=0.1)
    assert abs(errors[-1]) < 0.02


def stripe_resistance(share: float) -> float:
    """Return kappa R of the half cell of a stripe as deep as wide, both faces at one potential: the
    conformal map of a rectangle."""
    k2 = 0.5  # K(1 - k2) / K(k2) = 1: a square
    sn = ellipj(ellipk(k2) * share, k2)[0]
    m = k2 * sn**2
    return ellipk(1 - m) / ellipk(m)


def test_a_stripe_without_charge_transfer_meets_the_conformal_map_to_first_order():
    assert stripe_resistance(0.5) == pytest.approx(1.22004159, rel=1e-8)
    found = [stripe(n, kinetics="primary") for n in (16, 32, 64, 128, 256)]
    errors = [reduced_resistance(each) / 1.22004159 - 1 for each in found]
    assert errors == pytest.approx([0.0185, 0.0091, 0.0045, 0.0023, 0.0011], abs=1e-4)
    assert np.log2(np.divide(errors[:-1], errors[1:])) == pytest.approx([1] * 4, abs=0.02)
    largest = [float(each.current_density_max[0]) for each in found]
    assert largest == pytest.approx([3.85, 5.29, 7.38, 10.35, 14.59], abs=0.01)
    assert np.log2(np.divide(largest[1:], largest[:-1])) == pytest.approx([0.5] * 4, abs=0.05)
    assert all(each.current_density_max.attrs["mesh_dependent"] for each in found)
    assert all("mesh-dependent" in each.current_density_max.attrs["long_name"] for each in found)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_a_deep_half_cell_exceeds_its_length_by_the_constriction_of_the_stripe(share):
    expected = 3 + 2 / np.pi * np.log(1 / np.sin(np.pi * share / 2))
    coarse, fine = (
        reduced_resistance(stripe(n, share, depth=3, kinetics="primary")) for n in (32, 64)
    )
    assert (coarse - expected) / (fine - expected) == pytest.approx(2, abs=0.05)
    # extrapolated; the other face is three widths away
    assert 2 * fine - coarse == pytest.approx(expected, abs=3e-4)


def test_the_current_below_a_stripe_far_from_the_other_face_follows_its_closed_form():
    n, a = 64, 0.5
    found = stripe(n, a, depth=3, kinetics="primary")
    x = (np.arange(n // 4) + 0.5) / n
    s = np.sin(np.pi * a / 2) ** 2 - np.sin(np.pi * x / 2) ** 2
    expected = np.cos(np.pi * x / 2) / np.sqrt(s)
    # half the stripe is away from the singular edge: error of the order of the mesh
    assert found.current_density.values[0, : n // 4] == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(
    "wagner, resistance, centre, edge",
    [
        (0.1, 1.448296, 1.6306, 3.82),
        (1.0, 3.266147, 1.9147, 2.254),
        (10.0, 21.269941, 1.9902, 2.0269),
    ],
)
def test_a_stripe_with_charge_transfer_meets_the_semi_analytic_answer(
    wagner, resistance, centre, edge
):
    coarse, fine = (
        stripe(n, charge_transfer_resistance=wagner * 1e-6 / KAPPA * 1e4) for n in (32, 64)
    )
    assert reduced_resistance(fine) == pytest.approx(resistance, rel=1e-3)
    error = [reduced_resistance(each) / resistance - 1 for each in (coarse, fine)]
    assert 1.2 < np.log2(error[0] / error[1]) < 2.2
    j = fine.current_density.values[0, :32]
    assert j[0] == pytest.approx(centre, rel=2e-3)
    # the last value is half a voxel from the edge
    assert j[-1] == pytest.approx(edge, rel=0.02 if wagner >= 1 else 0.2)
    assert fine.wagner_length[0] == pytest.approx(wagner, rel=1e-12)


@pytest.mark.parametrize(
    "wagner, finite_volumes, semi_analytic, rel",
    [
        (0.01, 1.248568, 1.248246, 3e-4),
        (0.1, 1.448380, 1.448296, 6e-5),
        (1.0, 3.266186, 3.266147, 1.3e-5),
        (10.0, 21.269975, 21.269941, 2e-6),
    ],
)
def test_a_stripe_on_a_fine_mesh_has_the_digits_of_an_independent_program(
    wagner, finite_volumes, semi_analytic, rel
):
    # the digits at 0.01 are our own
    found = stripe(256, charge_transfer_resistance=wagner * 1e-6 / KAPPA * 1e4, rtol=1e-8)
    assert reduced_resistance(found) == pytest.approx(finite_volumes, abs=1e-6)
    assert reduced_resistance(found) == pytest.approx(semi_analytic, rel=rel)


def test_a_stripe_that_reacts_slowly_takes_the_current_evenly():
    found = stripe(32, charge_transfer_resistance=1e4 * 1e-6 / KAPPA * 1e4)
    assert reduced_resistance(found) == pytest.approx(1 + 1e4 / 0.5, rel=1e-4)
    j = found.current_density.values[0, :16]
    assert j == pytest.approx(np.full(16, 2.0), rel=1e-4)  # b / a


def square_constriction(m: int, n: int) -> float:
    """Return kappa s R of the constriction below a square of side s = 2 m in a tube of side 2 n."""
    contact = np.zeros((n, n), bool)
    contact[:m, :m] = True
    found = interfacial_current(
        electrolyte((n, n, n)), contact=contact, conductivity=KAPPA, kinetics="primary",
        drive="equipotential", rtol=1e-5,
    )  # fmt: skip
    resistance = float(found.area_specific_resistance_constriction[0]) * 1e-4 / (2 * n * 1e-6) ** 2
    return KAPPA * 2 * m * 1e-6 * resistance


def test_a_square_contact_has_the_spreading_resistance_of_its_capacitance():
    coarse, fine = square_constriction(4, 32), square_constriction(8, 64)
    e = 1 / 8  # side over side; the tube's factor is that of a circle in a circular tube
    expected = 0.43391 * (1 - 1.4092 * e + 0.2959 * e**3 + 0.0525 * e**5)
    assert 2 * fine - coarse == pytest.approx(expected, rel=0.02)
    assert fine > coarse * 0.9
    assert abs(fine / expected - 1) < abs(coarse / expected - 1)
    # on a half space: what a tube as wide again changes, once more, to first order in e
    wide = square_constriction(4, 64)
    assert 2 * fine - coarse + 2 * (wide - coarse) == pytest.approx(0.43391, rel=0.01)
