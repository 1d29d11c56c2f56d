"""The yardstick of the benchmarks does what its name says."""

import numpy as np
import pytest

from tests.bench.triad import triad


def test_the_triad_adds_a_multiple(rng):
    b, c = rng.random((2, 20))
    a = np.zeros(20)
    triad(a, b, c, 0.5, 3, 15)
    assert a[3:15] == pytest.approx((b + 0.5 * c)[3:15], rel=1e-15)
    assert not a[:3].any()
    assert not a[15:].any()
