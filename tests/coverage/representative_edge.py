"""The interval of the mean of sub-volumes, and the edge of a representative one with its error,
hold what many samples of the material tell.

The mean of the material is that of all samples; the edge is that of cubes in the corners of them,
whose porosity is twice their standard deviation from it by 10 %.
"""

import itertools

import numpy as np
import xarray as xr

from poreflux import representative_volume
from poreflux.metrics.representative.variance_decay import RELATIVE_ERRORS
from poreflux.volume import voxel_size
from tests.coverage.sampling_error import FEW, HELD_OUT, POROSITY, Medium
from tests.coverage.table import Row, at_least, covered

#: of the porosity, relative
ACCURACY = 0.10

MEDIA = (
    "spheres of 6 voxels in 64³",
    "blobs of a Gaussian field in 64³",
    "clusters over 4 voxels in 64³",
    "random sites in 24³",
    "regular_100, 460 µm",
)


def trials(count: int | None = None, seed: int = 0) -> list[Row]:
    """Return the rows of the table."""
    few = count is not None and count <= FEW
    rows = []
    for name in MEDIA[:1] if few else MEDIA:
        medium = POROSITY[name]
        rows += rows_of(name, medium, count or medium.count, seed + HELD_OUT)
    return rows


def rows_of(name: str, medium: Medium, count: int, seed: int) -> list[Row]:
    """Return how often the interval of the mean holds, and the error of the edge."""
    found, porosities, corners = [], [], []
    for i in range(count):
        volume = medium.make(seed + i)
        pores = (volume["phase"] == 0).values
        found.append(representative_volume(volume).compute())
        porosities.append(pores.mean())
        corners.append([in_corners(pores, edge) for edge in cubes(len(pores))])
    mean = np.mean(porosities)
    rows = []
    for place, words in ((0, "smallest"), (-1, "largest")):
        sized = [sample.isel(edge=place) for sample in found]
        inside = [
            bool(abs(one["representative_mean"] - mean) < one["representative_ci95"])
            for one in sized
        ]
        claim = "95 % interval of the mean of sub-volumes"
        rows.append(covered(claim, f"{name}, the {words} of them", inside, 0.95, 0.04))
    exact = exact_edge(np.array(corners), mean, cubes(len(pores))) * voxel_size(volume)[0]
    if count > FEW and np.isfinite(exact):
        rows.append(edge_row(name, found, exact))
    return rows


def cubes(n: int) -> list[int]:
    """Return edges of cubes in voxels, up to that of the volume."""
    return list(range(n // 4, n + 1, n // 12))


def in_corners(pores: np.ndarray, edge: int) -> list[float]:
    """Return the porosity of the cubes in the eight corners."""
    ends = (slice(None, edge), slice(-edge, None))
    return [float(pores[corner].mean()) for corner in itertools.product(ends, repeat=3)]


def exact_edge(corners: np.ndarray, mean: float, edges: list[int]) -> float:
    """Return the edge in voxels of which the porosities (sample, edge, corner) scatter so much;
    infinite where that of the samples themselves scatters more."""
    scatter = np.sqrt(np.square(corners - mean).mean(axis=(0, 2)))
    relative = np.minimum.accumulate(2 * scatter / mean)
    if not relative[-1] < ACCURACY < relative[0]:
        return np.inf
    ends = -np.log(relative), np.log(edges)
    return float(np.exp(np.interp(-np.log(ACCURACY), *ends)))


def edge_row(name: str, found: list[xr.Dataset], exact: float) -> Row:
    """Return how often the error of the representative edge holds the exact one."""
    place = RELATIVE_ERRORS.index(ACCURACY)
    edges, errors = (
        np.array([float(sample[f"representative_edge{end}"][place]) for sample in found])
        for end in ("", "_sampling_error")
    )
    own = exact / 3 * np.sqrt(2 / (len(found) - 1))  # of the scatter of the cubes
    inside = np.abs(edges - exact) < np.hypot(errors, own)
    told = edges[np.isfinite(edges)]
    medium = f"{name}, median {np.median(told):.0f} µm, exact {exact:.0f} µm"
    return at_least("representative edge ± 1 sampling error", medium, inside.tolist(), 0.6)
