"""What the paper says of pores and of their spread, beside samples of which it is known."""

import numpy as np
import pytest
import xarray as xr

from poreflux.reporting.published_structure import structure_beside
from poreflux.study.compare import compare


def sample(powder, pressure, modes, small, rms, spread):
    """Return Results in which `small` of 100 pores are small."""
    return xr.Dataset(
        {
            "porosity": 0.1,
            "pore_number": ("diameter", [small, 100 - small]),
            "pore_diameter_modes": ("mode", [*modes, np.nan][:2]),
            "structure_factor_rms": ("direction", [rms]),
            "representative_std": ("edge", [2 * spread, spread]),
        },
        {"diameter": [1.5, 11.0], "direction": ["z"], "edge": [57.5, 115.0]},
        {"labels": {"powder": powder, "pressure": pressure}},
    )


def rows(**samples):
    return {row.what: row for row in structure_beside(samples, compare(samples, draws=20))}


def test_samples_like_those_of_the_paper_deviate_in_nothing_but_their_cubes():
    found = rows(
        late=sample("regular", 500, [1.6, 11], 80, 0.05, 0.02),
        early=sample("regular", 100, [1.5, 11], 70, 0.06, 0.04),
        fine=sample("fine", 100, [6.0], 20, 0.04, 0.01),
    )
    cubes = found.pop("standard deviation of the porosity of cubes of 460 µm")
    assert {row.deviation for row in found.values()} == {"none"}
    assert len(found) == 5
    # a 64th of the volume: an eighth of the spread
    assert [float(text) for text in cubes.ours.split(" per")[0].split(", ")] == pytest.approx(
        [0.25, 0.5, 0.125], rel=0.05
    )
    assert "cubes of 115 µm" in cubes.reason


def test_what_differs_from_the_paper_is_said():
    found = rows(
        early=sample("regular", 100, [1.5, 14], 80, 0.05, 0.02),
        late=sample("regular", 500, [1.6], 70, 0.06, 0.02),
        fine=sample("fine", 100, [6.0], 20, 0.055, 0.02),
    )
    deviations = {what: row.deviation for what, row in found.items()}
    assert deviations["pore diameters by number, regular powder"].endswith("modes: late")
    assert deviations["share of small pores with pressure, regular powder"] == "does not rise"
    assert deviations["structure factor of the two powders"] == "they overlap"
    assert deviations["structure factor with pressure, regular powder"] == "does not fall"
