"""Two-dimensional media: what conducts along one axis resists along the other (Keller, Dykhne)."""

from functools import cache

import numpy as np
import pytest

from poreflux import phantoms
from tests.physics.answers import kappa, tau

#: conductivity across insulating cylinders of area fraction f on a square array
CYLINDERS = {0.1: 0.81817676, 0.3: 0.53757998, 0.5: 0.32465447}


@cache
def checkerboard_error(n: int, contrast: float) -> float:
    """Return the relative error of a board of squares of 2 n voxels, cut in half by its mirrors."""
    labels = np.ones((2 * n, 2 * n, 1), np.uint8)
    labels[:n, n:] = labels[n:, :n] = 0
    phases = {"electrolyte": 1.0, "pore": 1 / contrast}
    return kappa(labels, conductivity=phases, rtol=1e-9) * np.sqrt(contrast) - 1


@pytest.mark.parametrize("n, expected", [(4, -0.45), (16, -0.054), (64, -0.006)])
def test_a_checkerboard_of_contrast_2_errs_as_measured(n, expected):
    assert 100 * checkerboard_error(n, 2.0) == pytest.approx(expected, rel=0.09)


@pytest.mark.parametrize("contrast, tolerance", [(2.0, 0.05), (10.0, 0.05)])
def test_a_checkerboard_converges_with_the_power_of_its_corners(contrast, tolerance):
    # the field at a corner goes with r to the power s - 1; the energy errs by h to the power 2 s
    theory = 8 / np.pi * np.arctan(np.sqrt(1 / contrast))
    order = np.log2(checkerboard_error(16, contrast) / checkerboard_error(64, contrast)) / 2
    assert order == pytest.approx(theory, abs=tolerance)


@pytest.mark.parametrize("sides", ["insulated", "periodic"])
def test_a_whole_board_conducts_like_the_part_between_its_mirrors(sides):
    labels = np.roll(phantoms.checkerboard((32, 32, 2), square=8).phase.values, 4, axis=0)
    if sides == "insulated":
        labels = np.roll(labels, 4, axis=1)
    phases = {"electrolyte": 1.0, "pore": 0.5}
    whole = kappa(labels, conductivity=phases, sides=sides)
    assert whole * np.sqrt(2) - 1 == pytest.approx(checkerboard_error(4, 2.0), rel=1e-6)


def quarter(fraction: float, n: int, conducting: bool = False) -> np.ndarray:
    """Return one quarter of the cell of a square array of cylinders, between its mirrors."""
    labels = phantoms.cylinders(n, fraction, conducting=conducting).phase.values
    return np.ascontiguousarray(labels[: n // 2, : n // 2])


@pytest.mark.parametrize("fraction", CYLINDERS)
def test_cylinders_across_extrapolate_to_the_exact_value(fraction):
    exact = (1 - fraction) / CYLINDERS[fraction]
    coarse, fine = (tau(quarter(fraction, n), rtol=1e-8) for n in (128, 256))
    assert coarse > exact
    assert exact < fine < 1.007 * exact
    assert 2 * fine - coarse == pytest.approx(exact, rel=2e-3)


@pytest.mark.parametrize("fraction", CYLINDERS)
def test_cylinders_have_tortuosity_factor_one_along_their_axis(fraction):
    volume = phantoms.cylinders(24, fraction, length=4)
    assert tau(volume, direction="x") == pytest.approx(1, abs=1e-10)


@pytest.mark.parametrize("fraction", CYLINDERS)
def test_insulating_and_highly_conducting_cylinders_are_reciprocal(fraction):
    # contrasts c and 1 / c multiply to one in the continuum; voxels err by 1.2 h at f = 0.5
    labels, contrast = quarter(fraction, 256), 100.0
    poor = kappa(labels, conductivity={"electrolyte": 1.0, "pore": 1 / contrast})
    good = kappa(labels, conductivity={"electrolyte": 1 / contrast, "pore": 1.0}) * contrast
    assert poor * good == pytest.approx(1, abs=6e-3)


@pytest.mark.parametrize("seed", range(3))
def test_a_plane_medium_resists_across_as_its_reciprocal_conducts_along(seed):
    # any two-dimensional medium between a driven and an insulated pair of edges
    rng = np.random.default_rng(seed)
    board = rng.integers(0, 2, (5, 6, 1), np.uint8)
    phases = {"electrolyte": 1.0, "pore": 0.5}
    swapped = {"electrolyte": 0.5, "pore": 1.0}
    errors = []
    for times in (2, 4, 8, 16):
        fine = board.repeat(times, 0).repeat(times, 1)
        along = kappa(fine, conductivity=phases, direction="z")
        across = kappa(fine, conductivity=swapped, direction="y")
        errors.append(2 * along * across - 1)
    errors = np.abs(errors)
    # corners of contrast 2 converge with order 1.57
    assert (errors[1:] < errors[:-1] / 2.2).all()
    assert errors[-1] < 2e-3
