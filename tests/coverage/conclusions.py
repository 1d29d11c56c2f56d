"""The conclusions of Lin et al., ACS Energy Lett. 2024, 9, 2387, put to the test on synthetic
samples: is it how much pore space there is, or how it is arranged?

A ratio is of the means of so many samples of two kinds, with its standard error over the samples;
"above 1" is so from two standard errors on. The CV is the coefficient of variation of the current
density, the mean of both faces of a sample, at a Wagner length. Synthetic twins are cubes of 230 µm
in 93.06 % contact, in voxels of 4.6 µm.
"""

import math
from dataclasses import replace

import numpy as np
import xarray as xr

import poreflux as pf
from poreflux.phantoms import Modulation, arranged_spheres, generate, synthetic_twin
from poreflux.phantoms.presets import TWINS
from tests.coverage.table import Row

#: samples of each kind; those of the ordinary tests, of small volumes
COUNT, FEW = 8, 2

#: Wagner lengths in µm
LENGTHS = (8.0, 25.0)

#: edge of the twins and of their voxels in µm
EDGE, VOXEL = 230.0, 4.6

#: twins that are compared, and the pores of one of them without its clusters
POWDERS, EVEN = ("regular_100", "regular_500", "fine_100", "fine_500"), "the same without clusters"

#: claims: at these lengths the first kind is less even than the second
PRESSED = (
    ("more pores of one powder, less even", "regular_100", "regular_500", LENGTHS),
    ("more pores of one powder, less even", "fine_100", "fine_500", LENGTHS),
    ("fewer pores of the other powder, less even", "fine_100", "regular_500", LENGTHS),
    ("half the pores, less even", "fine_100", "regular_100", LENGTHS),
    ("clusters at equal porosity, less even", "fine_100", EVEN, LENGTHS),
)
KINDS = ("lattice", "jittered", "random", "clustered")


def trials(count: int | None = None, seed: int = 0) -> list[Row]:
    """Return the rows of all conclusions; with few samples, of small spheres alone."""
    if count is not None and count <= FEW:
        return [same_tortuosity(32, 2, range(seed, seed + count))]
    seeds = range(seed, seed + (count or COUNT))
    return [*of_twins(seeds), same_tortuosity(64, 4, seeds)]


def of_twins(seeds: range) -> list[Row]:
    """Return which powder is uneven, what pore space and what clusters have to do with it."""
    names = (*POWDERS, EVEN)
    found = {name: np.array([uneven(twin(name, seed), 0.9306) for seed in seeds]) for name in names}
    return compared(found)


def compared(found: dict[str, np.ndarray]) -> list[Row]:
    """Return the rows of all claims from the CVs of each kind, (sample, length)."""
    return [
        larger(
            claim,
            f"CV at {length:.0f} µm, {one} over {other}",
            found[one][:, k],
            found[other][:, k],
        )
        for claim, one, other, lengths in PRESSED
        for k, length in enumerate(LENGTHS)
        if length in lengths
    ]


def same_tortuosity(edge: int, per_edge: int, seeds: range) -> Row:
    """Return by how much the arrangement of equal spheres moves the tortuosity factor."""
    taus = {
        kind: np.mean([tortuosity(spheres_of(kind, edge, per_edge, seed)) for seed in seeds])
        for kind in KINDS
    }
    most = max(abs(tau / taus["random"] - 1) for tau in taus.values())
    claim = "arrangement at equal porosity moves the tortuosity factor little"
    medium, observed = "equal spheres, over random ones", f"by {100 * most:.1f} % at most"
    return Row(claim, medium, len(seeds), observed, "at most 1 %", bool(most <= 0.01))


def spheres_of(kind: str, edge: int, per_edge: int, seed: int) -> xr.Dataset:
    """Return spheres of 10 voxels, equally many, in one of the arrangements."""
    return arranged_spheres(edge, kind, per_edge=per_edge, seed=seed)


def twin(name: str, seed: int) -> xr.Dataset:
    """Return a synthetic twin, or the pores of fine_100, as many, but nowhere denser."""
    n, options = round(EDGE / VOXEL), {"voxel_size": VOXEL}
    if name != EVEN:
        return synthetic_twin(name, n, seed=100 + seed, fit_porosity=True, **options).compute()
    porosity = TWINS["fine_100"].target.porosity
    even = {"modulation": Modulation(), "porosity": porosity, "seed": 100 + seed}
    return generate(replace(TWINS["fine_100"].plan, **even), n, **options).compute()


def uneven(volume: xr.Dataset, contact: float) -> list[float]:
    """Return the coefficient of variation of the current at each length, the mean of both faces."""
    options = {"contact": contact, "kinetics": "linear", "rtol": 1e-3}
    of_faces = [
        pf.interfacial_current(volume, face=face, wagner_lengths=list(LENGTHS), **options)
        for face in ("first", "last")
    ]
    cvs = [found["sweep_current_density_cv"].isel(direction=0).values for found in of_faces]
    return np.mean(cvs, axis=0).tolist()


def tortuosity(volume: xr.Dataset) -> float:
    """Return the tortuosity factor along z of a volume that repeats."""
    return float(pf.tortuosity_factor(volume, sides="periodic", rtol=1e-4)["tortuosity_factor"][0])


def larger(claim: str, medium: str, one: np.ndarray, other: np.ndarray) -> Row:
    """Return whether one kind of samples has larger numbers than another, beyond chance.

    Examples
    --------
    >>> larger("", "", np.array([2.0, 2.2, 1.8]), np.array([1.0, 1.1, 0.9]))[3:]
    ('2.00 ± 0.16', 'above 1', True)
    """
    count = len(one)
    means, errors = zip(*((v.mean(), v.std(ddof=1) / math.sqrt(count)) for v in (one, other)))
    ratio = means[0] / means[1]
    error = ratio * math.hypot(*(e / m for e, m in zip(errors, means)))
    told = bool(ratio > 1 + 2 * error)
    return Row(claim, medium, count, f"{ratio:.2f} ± {error:.2f}", "above 1", told)
