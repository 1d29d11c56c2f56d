"""Scans of few pores, or of none: the band of the porosity holds the truth, or there is none."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr

import poreflux as pf
from poreflux.errors import OnePhase
from poreflux.phantoms import Tomograph, measure_gray
from tests.coverage.table import Row, at_least

#: realisations of each porosity in the ordinary tests, and in the whole
FEW, ALL = 1, 72

POROSITIES = (0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35)
RATIOS = (3.0, 4.0, 5.0, 6.0, 8.0)
DENOISE = (None, "median")
METHODS = ("otsu", "li", "minimum-error", "midpoint", "balance")

#: from which on a scan is to have an answer: voxels of a pore, contrast to noise
CLEAR_PORE, CLEAR_RATIO = 6, 5.0


class Scan(NamedTuple):
    """One scan: the porosity that is aimed at, pores of a diameter in voxels, and the device."""

    porosity: float
    diameter: int
    ratio: float
    blur: float
    uneven: bool
    denoise: str | None
    method: str
    seed: int

    @property
    def clear(self) -> bool:
        """Return whether a threshold is to be found."""
        return (
            self.diameter >= CLEAR_PORE and self.ratio >= CLEAR_RATIO and self.denoise is not None
        )


class Outcome(NamedTuple):
    """The true porosity, what the threshold gives, and its band; NaN for a refusal."""

    truth: float
    value: float
    low: float
    high: float

    @property
    def refused(self) -> bool:
        """Return whether there was no answer."""
        return not np.isfinite(self.value)

    @property
    def holds(self) -> bool:
        """Return whether the band has the truth; a refusal has it too."""
        return self.refused or self.low <= self.truth <= self.high


def trials(count: int | None = None, seed: int = 0) -> list[Row]:
    """Return the rows of each porosity, or of few scans those of all porosities together."""
    outcomes = {scan: outcome(scan, 64) for scan in scans(count or ALL, seed)}
    refused = [found.refused for scan, found in outcomes.items() if not scan.porosity]
    rows = [at_least("a dense sample is refused", "0 % pores", refused, 1.0)]
    if count is not None:
        return rows + _of_pores("few pores", {s: o for s, o in outcomes.items() if s.porosity})
    for porosity in POROSITIES[1:]:
        of = {scan: found for scan, found in outcomes.items() if scan.porosity == porosity}
        rows += _of_pores(f"{100 * porosity:g} % pores", of)
    return rows


def _of_pores(medium: str, outcomes: dict[Scan, Outcome]) -> list[Row]:
    """Return whether bands hold the truth, clear scans have an answer, and how near values are."""
    answers = [found for found in outcomes.values() if not found.refused]
    held = at_least("segmentation band", medium, [found.holds for found in answers], 0.95)
    refused = f"{held.observed}, {len(outcomes) - len(answers)} of {len(outcomes)} refused"
    clear = [not found.refused for scan, found in outcomes.items() if scan.clear]
    away = [abs(found.value / found.truth - 1) for found in answers]
    near = at_least("porosity within half of the truth", medium, [a < 0.5 for a in away], 0.9)
    worst = f"{near.observed}, worst {100 * max(away):.0f} % off"
    rows = [held._replace(observed=refused), near._replace(observed=worst)]
    return rows + ([at_least("answered where clear", medium, clear, 0.9)] if clear else [])


def scans(count: int, seed: int) -> Iterator[Scan]:
    """Yield so many scans of each porosity."""
    rng = np.random.default_rng(seed)
    for porosity in POROSITIES:
        for k in range(count):
            yield Scan(
                porosity, int(rng.integers(3, 13)), float(rng.choice(RATIOS)),
                float(rng.choice([0.0, 0.5, 0.7, 0.9])), bool(rng.integers(2)),
                DENOISE[k % 2], str(rng.choice(METHODS)), int(rng.integers(1 << 30)),
            )  # fmt: skip


def outcome(scan: Scan, edge: int) -> Outcome:
    """Return what a segmentation of one scan says, and the truth."""
    solid = boolean_spheres(edge, scan.porosity, scan.diameter, scan.seed)
    truth = 1 - float(solid.mean())
    gray = measured(solid, scan)
    try:
        segmented = pf.segment(gray, method=scan.method, denoise=scan.denoise)
    except OnePhase:
        return Outcome(truth, np.nan, np.nan, np.nan)
    band = pf.segmentation_sensitivity(segmented)
    value = float(band["porosity_at_threshold"].sel(threshold_step="as is"))
    return Outcome(truth, value, float(band["porosity_low"]), float(band["porosity_high"]))


def measured(solid: np.ndarray, scan: Scan) -> xr.Dataset:
    """Return the grey values of a scan, without the phases they are of."""
    even = {} if scan.uneven else {"rings": 0.0, "cupping": 0.0, "drift": 0.0}
    device = Tomograph(blur=scan.blur, contrast_to_noise=scan.ratio, seed=scan.seed % 9973, **even)
    return measure_gray(pf.from_array(solid), device).drop_vars("phase")


def boolean_spheres(edge: int, porosity: float, diameter: float, seed: int) -> np.ndarray:
    """Return a cube in which spherical pores, which may overlap, reach a porosity."""
    rng = np.random.default_rng(seed)
    solid = np.ones((edge,) * 3, bool)
    radius = diameter / 2
    while 1 - solid.mean() < porosity:
        centre = rng.uniform(0, edge, 3)
        box = tuple(slice(max(0, int(c - radius)), min(edge, int(c + radius) + 2)) for c in centre)
        places = np.ogrid[box]
        away = sum((p + 0.5 - c) ** 2 for p, c in zip(places, centre))
        solid[box] &= away >= radius**2
    return solid
