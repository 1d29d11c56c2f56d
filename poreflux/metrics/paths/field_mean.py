"""Error of the mean of a field on a face or in a volume, from its long waves."""

import math
from collections.abc import Sequence

import numpy as np

from poreflux.metrics.density.coarse import cell_edges, coarsening
from poreflux.statistics.mean_error import mean_error

#: cells along the longest edge: several for each wave that is used
CELLS = 48


def error_of_mean(field: np.ndarray, weight: np.ndarray, spacing: Sequence[float]) -> float:
    """Return one standard deviation of the mean of a field over the voxels that weigh.

    Parameters
    ----------
    field, weight
        of a face or a volume: the value of each voxel, 0 where it does not count, and whether it
        does.
    spacing
        edges of a voxel along its axes.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=(64, 64))
    >>> error = error_of_mean(noise, np.ones((64, 64), bool), (1.0, 1.0))
    >>> 0.8 < 64 * error < 1.4
    True
    """
    factor = coarsening(field.shape, CELLS)
    cuts = [cell_edges((n,), factor)[0] for n in field.shape]
    edges = [cut * h for cut, h in zip(cuts, spacing)]
    total, counted = (math.prod(spacing) * _in_cells(array, cuts) for array in (field, weight))
    if field.ndim == 2:  # one layer of cells, as thick as the face is wide
        wide = math.sqrt(math.prod(edge[-1] for edge in edges))
        edges = [np.array([0.0, wide]), *edges]
        total, counted = wide * total[None], wide * counted[None]
    return mean_error(total, counted, edges).standard_error


def _in_cells(field: np.ndarray, cuts: Sequence[np.ndarray]) -> np.ndarray:
    kind = np.int64 if field.dtype.kind == "b" else float
    for axis, cut in enumerate(cuts):
        field = np.add.reduceat(field, cut[:-1], axis, dtype=kind)
    return field
