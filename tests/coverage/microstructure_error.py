"""What chance gives of columns, and the errors of arrangement and pore sizes, on seeded media.

The truth of a number is its mean over all realisations of a medium; of sizes, what was put in. The
errors of the arrangement are the larger of two, so that they may hold more than two of three; they
are tried where the volume is eight integral lengths wide.
"""

from collections.abc import Iterator

import numpy as np
import xarray as xr
from scipy.ndimage import gaussian_filter

import poreflux as pf
from poreflux.phantoms import random_spheres
from poreflux.schema import DIMS
from tests.coverage.table import Row, at_least, covered

#: realisations of each medium in the ordinary tests
FEW = 5

#: edge of the volumes in voxels; of those of the ordinary tests
N, SMALL = 64, 40

POROSITY = 0.15

#: of which the volume is less than eight integral lengths wide
NARROW = ("Gaussian field of 8 voxels", "overlapping spheres of 16 voxels")

#: standard deviation of a share of 0.68 of 40 trials
BY_CHANCE = 0.074

TRIED_BY_FEW = ("independent voxels", "overlapping spheres of 8 voxels")


def trials(count: int | None = None, seed: int = 0) -> list[Row]:
    """Return the rows of all claims, on 40 realisations of each medium, or `count` of few."""
    few, count, n = count is not None, count or 40, N if count is None else SMALL
    rows = []
    for medium, volumes in homogeneous(count, seed, n):
        if few and medium not in TRIED_BY_FEW:
            continue
        made = list(volumes)
        z = [_columns(volume, direction) for volume in made for direction in DIMS]
        rows += [
            covered(f"z of columns within {k}", medium, [abs(one) < k for one in z], share, 0.1)
            for k, share in ((1, 0.68), (2, 0.95))
        ]
        if medium not in NARROW:
            rows += list(_arrangement(medium, made, 0.3 if few else 0.68 - 2 * BY_CHANCE))
    rows.append(_columns_found(count, seed, n))
    rows += list(_sizes(count, seed, n))
    return rows


def homogeneous(count: int, seed: int, n: int) -> Iterator[tuple[str, Iterator[xr.Dataset]]]:
    """Yield media without columns or clusters, by the length of their pores."""
    makers = {
        "independent voxels": lambda rng: rng.random((n, n, n)) < POROSITY,
        "Gaussian field of 4 voxels": lambda rng: _field(rng, n, 1.5),
        "Gaussian field of 8 voxels": lambda rng: _field(rng, n, 3.0),
        "overlapping spheres of 8 voxels": lambda rng: _boolean(rng, n, 8),
        "overlapping spheres of 16 voxels": lambda rng: _boolean(rng, n, 16),
    }
    for place, (name, make) in enumerate(makers.items()):
        rngs = (np.random.default_rng([seed, place, k]) for k in range(count))
        yield name, (pf.from_array(~make(rng)) for rng in rngs)


def _field(rng: np.random.Generator, n: int, length: float) -> np.ndarray:
    room = n + 2 * int(4 * length)  # so that the crop is not periodic
    smooth = gaussian_filter(rng.standard_normal((room,) * 3), length, mode="wrap")
    # the threshold is of the medium, not of the crop
    return smooth[:n, :n, :n] < np.quantile(smooth, POROSITY)


def _boolean(rng: np.random.Generator, n: int, diameter: int) -> np.ndarray:
    """Return spheres whose centres are independent, inside the volume and around it."""
    room = n + 2 * diameter
    volume = np.pi * diameter**3 / 6
    centres = rng.random((room,) * 3) < -np.log(1 - POROSITY) / volume
    k = np.arange(room) - room // 2
    ball = k[:, None, None] ** 2 + k[:, None] ** 2 + k**2 < diameter**2 / 4
    waves = np.fft.rfftn(centres.astype(float))
    waves *= np.fft.rfftn(np.fft.ifftshift(ball).astype(float))
    inside = slice(diameter, diameter + n)
    return (np.fft.irfftn(waves) > 0.5)[inside, inside, inside]


def _columns(volume: xr.Dataset, direction: str) -> float:
    """Return the z of the columns along a direction."""
    result = pf.collect(pf.structure_factor(volume, direction=direction))
    return float(result["structure_factor_ratio_z"][0])


def _arrangement(medium: str, volumes: list[xr.Dataset], wanted: float) -> Iterator[Row]:
    """Yield whether errors hold the mean over all realisations, within one of them."""
    found = [pf.collect(pf.arrangement(volume)) for volume in volumes]
    for name in ("integral_range", "hyperuniformity_index", "column_ratio"):
        values = np.array([np.ravel(one[name]) for one in found])
        errors = np.array([np.ravel(one[f"{name}_sampling_error"]) for one in found])
        inside = np.abs(values - values.mean(axis=0)) < errors
        yield at_least(f"1 σ of the {name.replace('_', ' ')}", medium, inside.ravel(), wanted)


def _columns_found(count: int, seed: int, n: int) -> Row:
    """Return whether columns are found where half of the voxels' porosity varies by column."""
    seen = []
    for k in range(count):
        rng = np.random.default_rng([seed, 99, k])
        slope = POROSITY * (1 + 0.5 * rng.standard_normal((1, n // 8, n // 8)).clip(-1.5, 1.5))
        chance = np.kron(slope, np.ones((1, 8, 8)))
        solid = rng.random((n, n, n)) > chance
        result = pf.collect(pf.structure_factor(pf.from_array(solid)))
        seen.append(float(result["structure_factor_ratio_p"][0]) < 0.01)
    return at_least("p < .01 where columns differ", "voxels in columns", seen, 0.95)


def _sizes(count: int, seed: int, n: int) -> Iterator[Row]:
    """Yield whether the mean diameter of spheres that faces cut has its error."""
    diameters, margin = [6, 10, 14], 14
    by_volume = sum(d**4 for d in diameters) / sum(d**3 for d in diameters)
    inside: dict[str, list[bool]] = {"pore_diameter_mean": [], "pore_diameter_by_volume_mean": []}
    truth = {"pore_diameter_mean": 10.0, "pore_diameter_by_volume_mean": by_volume}
    for k in range(count):
        whole = random_spheres(
            n + 2 * margin, round(150 * (n / N) ** 2), diameters, seed=1000 * seed + k
        )
        cut = whole["phase"].values[(slice(margin, margin + n),) * 3]
        found = pf.collect(pf.pore_size(pf.from_array(cut)))
        for name, trial in inside.items():
            error = float(found[f"{name}_sampling_error"])
            trial.append(abs(float(found[name]) - truth[name]) < error)
    for name, trial in inside.items():
        claim = f"1 σ of the {name.replace('_', ' ')}"
        yield covered(claim, "spheres of 6, 10 and 14 voxels", trial, 0.68, 0.08)
