"""The law of the interface: an inverse, its derivative, its work, its limits, and a table."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poreflux.transport.electrode.kinetics import FARADAY, GAS, Kinetics

POTENTIALS = np.array([-2, -0.1, -1e-3, -1e-9, 0, 1e-9, 1e-3, 0.1, 2.0])

laws = st.builds(
    Kinetics,
    st.just("butler-volmer"),
    resistance=st.floats(1e-7, 1e4),
    film=st.floats(0, 1e-2),
    transfer=st.floats(0.05, 0.95),
    temperature=st.floats(200, 500),
)


def test_the_thermal_voltage_is_that_of_codata():
    assert Kinetics("linear").thermal * 1e3 == pytest.approx(25.6926, abs=1e-4)
    assert Kinetics("linear").thermal == GAS * 298.15 / FARADAY


@pytest.mark.parametrize(
    "exchange, nonlinear, linear",
    [
        (0.1, 122.5, 276),
        (1, 26.43, 27.61),
        (2, 13.64, 13.80),
        (5, 5.511, 5.522),
        (32, 0.8627, 0.8628),
    ],
)
def test_overpotentials_are_those_of_the_table(exchange, nonlinear, linear):
    # mV at 1.0746 mA/cm²
    resistance = Kinetics("linear").thermal / (10 * exchange)
    for law, expected in (("butler-volmer", nonlinear), ("linear", linear)):
        found = 1e3 * Kinetics(law, resistance).overpotential(10.746)
        assert found == pytest.approx(expected, rel=5e-4)


@given(laws, st.floats(1e-8, 1.0))
def test_the_current_through_a_resistance_is_the_one_whose_drops_add_up(law, series):
    j = law.current(POTENTIALS, series)[0]
    np.testing.assert_allclose(law.overpotential(j) + j * series, POTENTIALS, rtol=1e-9, atol=0)


@given(laws, st.floats(1e-8, 1.0))
def test_slope_and_work_are_derivative_and_integral_of_the_current(law, series):
    v = np.array([-0.3, -0.01, 0.02, 0.4])
    dv = 1e-6 * np.abs(v)
    low, high = law.current(v - dv, series)[0], law.current(v + dv, series)[0]
    now, own = law.current(v, series)
    np.testing.assert_allclose((high - low) / (2 * dv), 1 / (series + own), rtol=1e-4)
    dw = law.work(v + dv, series) - law.work(v - dv, series)
    scale = law.work(v, series) * 1e-9 / dv  # round-off of the difference
    assert (np.abs(dw / (2 * dv) - now) < 1e-4 * np.abs(now) + scale).all()


@given(laws)
def test_small_currents_meet_the_linear_law(law):
    j = 1e-6 * law.exchange_current
    linear = Kinetics("linear", law.resistance, law.film, law.transfer, law.temperature)
    assert law.overpotential(j) == pytest.approx(float(linear.overpotential(j)), rel=1e-5)


@given(laws)
def test_reversed_currents_swap_the_transfer_coefficients(law):
    other = Kinetics(law.law, law.resistance, law.film, 1 - law.transfer, law.temperature)
    j = np.array([0.01, 1.0, 300.0])
    np.testing.assert_allclose(law.overpotential(-j), -other.overpotential(j), rtol=1e-12)


def test_large_overpotentials_follow_tafel():
    law = Kinetics("butler-volmer", resistance=1.0, transfer=0.3)
    per_decade = float(law.overpotential(1e6) - law.overpotential(1e5))
    assert per_decade == pytest.approx(law.thermal * np.log(10) / 0.3, rel=1e-6)
