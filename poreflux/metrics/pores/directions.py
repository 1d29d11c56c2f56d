"""The 26 neighbours of a voxel as directions: how much of a surface each one stands for."""

import functools
import itertools
import math

import numpy as np
from scipy.spatial import SphericalVoronoi

from poreflux.schema import DIMS

#: unit of area as integers, so that sums do not depend on their order
AREA_UNIT = 2.0**-24

#: one of each pair of opposite neighbours, as steps (dz, dy, dx), nearest first
STEPS = tuple(
    sorted(
        (d for d in itertools.product((-1, 0, 1), repeat=3) if d > (0, 0, 0)),
        key=lambda d: (sum(map(abs, d)), [-s for s in d]),
    )
)


@functools.lru_cache(maxsize=64)
def direction_weights(voxel_size: tuple[float, float, float]) -> np.ndarray:
    """Return the share of all directions of space that each of :data:`STEPS` stands for.

    Notes
    -----
    The area of the cells of the 26 directions' Voronoi diagram on the unit sphere [1]_, so that
    averages over lattice lines become averages over space, also for voxels that are not cubes.

    References
    ----------
    .. [1] J. Ohser and F. Mücklich, Statistical Analysis of Microstructures in Materials Science,
       Wiley (2000).

    Examples
    --------
    >>> direction_weights((1.0, 1.0, 1.0)).sum().round(12)
    np.float64(1.0)
    """
    steps = np.array(STEPS, float) * voxel_size
    points = np.concatenate((steps, -steps))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    areas = SphericalVoronoi(points).calculate_areas()
    return (areas[: len(steps)] + areas[len(steps) :]) / (4 * math.pi)


def lengths(voxel_size: tuple[float, float, float]) -> np.ndarray:
    """Return the length in µm of each of :data:`STEPS`."""
    return np.linalg.norm(np.array(STEPS, float) * voxel_size, axis=1)


def area_weights(voxel_size: tuple[float, float, float]) -> np.ndarray:
    """Return the surface that a step from a voxel to each neighbour crosses, on average.

    Returns
    -------
    integers (dz + 1, dy + 1, dx + 1), in units of :func:`area_unit`.

    Notes
    -----
    S = 2 V P_L, with P_L the number of crossings in a unit of length of isotropic lines
    (Cauchy-Crofton): each step along d from inside to outside stands for 2 v c_d / |d|, with v the
    volume of a voxel and c_d the share of the direction.

    Examples
    --------
    >>> weights = area_weights((1.0, 1.0, 1.0))
    >>> bool(weights[0, 1, 1] > weights[0, 0, 1] > weights[0, 0, 0] > 0)
    True
    """
    values = 2 * math.prod(voxel_size) * direction_weights(voxel_size) / lengths(voxel_size)
    weights = np.zeros((3, 3, 3), np.int64)
    for step, value in zip(STEPS, np.rint(values / area_unit(voxel_size))):
        weights[tuple(1 + s for s in step)] = weights[tuple(1 - s for s in step)] = value
    return weights


def area_unit(voxel_size: tuple[float, float, float]) -> float:
    """Return the unit of :func:`area_weights` in µm²."""
    return AREA_UNIT * math.prod(voxel_size) ** (2 / len(DIMS))
