"""The maps of how power is dissipated, and what is said of them; on one box or part by part."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from poreflux.schema import attributes, variable
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.solvers.solution import Solution
from poreflux.transport.tortuosity import fields
from poreflux.transport.tortuosity.power_density import Part, Spread, power_density

#: the maps, and what is said of them
MAPS = ("dissipation", "voxel_tortuosity_factor")
STATISTICS = (
    "dissipation_half_fraction",
    "dissipation_top_share",
    "voxel_tortuosity_factor_median",
    "voxel_tortuosity_factor_p99",
    "dissipation_imbalance",
)


def described_maps(
    direction: str, conductivity: Mapping[str, float], sides: str, geometry: str = "voxels"
) -> dict[str, dict]:
    """Return the fields with their attributes: what they are, and of which solve."""
    described = fields.described(direction, conductivity, sides, geometry)
    of_solve = {**described[fields.POTENTIAL]}
    for name in attributes(fields.POTENTIAL):
        del of_solve[name]
    for name in MAPS:
        described[name] = {**attributes(name), **of_solve}
    return described


def slabs_of_maps(
    solution: Solution,
    problem: Problem,
    shape: Sequence[int],
    planes: int,
    spread: Spread,
    factor: float,
    part: Part | None = None,
) -> Iterator[tuple]:
    """Yield the first of so many planes and their four fields, and count their power densities."""
    for start, potential, current in fields.slabs(solution, problem, shape, planes):
        density = np.empty_like(potential)
        scaled = np.empty_like(potential)
        stop = start + len(density)
        for first, thin, share in power_density(solution, problem, start, stop, part):
            spread.add(thin, share)
            rows = slice(first - start, first - start + len(thin))
            inside = slice(None), slice(shape[1]), slice(shape[2])
            density[rows] = thin[inside]
            in_conductor = thin if share is None else thin / np.where(share > 0, share, 1.0)
            scaled[rows] = factor * in_conductor[inside]
        yield start, potential, current, density, scaled


def statistics(spread: Spread, voxels: float, factor: float, applied: float) -> dict[str, tuple]:
    """Return how power that sums to `applied` is spread over so many conducting voxels."""
    values = dict.fromkeys(STATISTICS, math.nan)
    if spread.total:
        values = {
            "dissipation_half_fraction": spread.share_of_voxels(0.5, voxels),
            "dissipation_top_share": spread.share_of_power(0.01, voxels),
            "voxel_tortuosity_factor_median": factor * spread.quantile(0.5, voxels),
            "voxel_tortuosity_factor_p99": factor * spread.quantile(0.99, voxels),
            "dissipation_imbalance": abs(spread.total / applied - 1),
        }
    return {name: variable(name, [value]) for name, value in values.items()}


def without_current() -> dict[str, tuple]:
    """Return the statistics where nothing percolates: NaN."""
    return statistics(Spread(), math.nan, math.nan, math.nan)
