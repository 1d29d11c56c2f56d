"""The solver equals an assembled matrix, factorised, on any small volume."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poreflux import from_array, tortuosity_factor
from poreflux.schema import DIMS
from poreflux.transport.engines import threads
from tests.physics.direct import carriers, effective_conductivity, network

NAMES = {0: "pore", 1: "one", 2: "two", 3: "three"}


class Case(NamedTuple):
    """A small volume of up to three conducting phases and how it is driven."""

    labels: np.ndarray
    table: np.ndarray
    spacing: tuple[float, float, float]
    direction: str
    sides: str
    threads: int

    @property
    def kappa(self) -> np.ndarray:
        """Return the conductivity of each voxel."""
        return self.table[self.labels]

    @property
    def axis(self) -> int:
        """Return the axis of transport."""
        return DIMS.index(self.direction)

    def solve(self, **options):
        """Return what the package says."""
        conductivity = {NAMES[label]: self.table[label] for label in range(1, len(self.table))}
        return tortuosity_factor(
            from_array(self.labels, voxel_size=self.spacing, phases=NAMES),
            conductivity=conductivity,
            direction=self.direction,
            sides=self.sides,
            threads=self.threads,
            **options,
        )


@st.composite
def cases(draw, least_contrast: float = -6.0) -> Case:
    """Draw odd, even and one-voxel-thin shapes, any direction and sides, contrast to a million."""
    shape = draw(st.tuples(*[st.integers(1, 11)] * 3))
    phases = draw(st.integers(1, 3))
    exponents = st.floats(least_contrast, 0)
    table = [0.0, 1.0, *(10 ** draw(exponents) for _ in range(phases - 1))]
    porosity = draw(st.sampled_from([0.0, 0.1, 0.3, 0.5]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = np.array([porosity] + [(1 - porosity) / phases] * phases)
    labels = rng.choice(phases + 1, shape, p=weights).astype(np.uint8)
    spacing = draw(st.tuples(*[st.floats(0.5, 2)] * 3))
    return Case(
        labels,
        np.array(table),
        spacing,
        draw(st.sampled_from(DIMS)),
        draw(st.sampled_from(["insulated", "periodic"])),
        draw(st.sampled_from([1, 2])),
    )


@pytest.fixture(scope="module", autouse=True)
def _share_however_small():
    """Let two threads share boxes that are usually too small for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threads, "WORTH_SHARING", 0)
        yield


@given(cases())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_float64_equals_a_direct_solve_to_1e10(case):
    expected = effective_conductivity(case.kappa, case.spacing, case.axis, case.sides)
    result = case.solve(rtol=1e-11)
    assert float(result.effective_conductivity[0]) == pytest.approx(expected, rel=1e-10, abs=0)


@given(cases(least_contrast=-2.0))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_float32_equals_a_direct_solve_to_1e5(case):
    expected = effective_conductivity(case.kappa, case.spacing, case.axis, case.sides)
    result = case.solve(rtol=1e-5)
    assert float(result.effective_conductivity[0]) == pytest.approx(expected, rel=1e-5, abs=0)


@given(cases())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_the_rest_of_the_table_follows_from_its_definitions(case):
    conducts = case.kappa > 0
    through = carriers(network(case.kappa, case.spacing, case.axis, case.sides))
    result = case.solve(rtol=1e-6)
    kappa = float(result.effective_conductivity[0])
    tau = float(result.tortuosity_factor[0])
    assert float(result.conducting_fraction) == pytest.approx(conducts.mean(), rel=1e-14)
    assert float(result.percolating_fraction[0]) * conducts.sum() == pytest.approx(through.sum())
    assert (kappa > 0) == through.any()
    if kappa:
        assert tau * kappa == pytest.approx(case.kappa.mean(), rel=1e-13)
        assert float(result.macmullin_number[0]) * kappa == pytest.approx(1, rel=1e-13)
        share = float(result.percolating_fraction[0])
        assert float(result.tortuosity_factor_percolating[0]) == pytest.approx(tau * share)
    else:
        assert tau == np.inf
        assert float(result.tortuosity_factor_percolating[0]) == np.inf
        assert float(result.macmullin_number[0]) == np.inf
        assert int(result.iterations[0]) == 0
