"""The porosity of columns across an electrode, to compared with the current that they carry."""

from typing import NamedTuple

import numpy as np


def column_porosity(
    cells: np.ndarray, weights: np.ndarray | None = None, sample: np.ndarray | None = None
) -> np.ndarray:
    """Return the porosity of each column along axis 0 minus that of all cells, planes weighted.

    Parameters
    ----------
    cells
        conductivities (n0, n1, n2), 0 in pores.
    weights
        of the planes, by default equal.
    sample
        which cells count, by default all; a column without any is NaN.

    Examples
    --------
    >>> cells = np.array([[[1, 1]], [[0, 1]]])
    >>> column_porosity(cells)
    array([[ 0.25, -0.25]])
    >>> column_porosity(cells, np.array([1.0, 0.0]))
    array([[-0.25, -0.25]])
    """
    weights = np.ones(len(cells)) if weights is None else weights
    sums = column_sums(cells, weights / weights.sum(), sample)
    return relative_to_mean(sums, cells.size if sample is None else int(sample.sum()))


class ColumnSums(NamedTuple):
    """Over planes, the sums of weights times pore and of weights; the number of pores."""

    pore: np.ndarray
    weight: np.ndarray
    pores: int


def column_sums(
    cells: np.ndarray, weights: np.ndarray, sample: np.ndarray | None = None
) -> ColumnSums:
    """Return the sums over planes of the columns of a box; the weight is 1 where all count."""
    pore_sum, pores = np.zeros(cells.shape[1:]), 0
    weight_sum = np.ones(cells.shape[1:]) if sample is None else np.zeros(cells.shape[1:])
    for k, (plane, weight) in enumerate(zip(cells, weights)):
        pore = plane == 0
        if sample is not None:
            pore &= sample[k]
            weight_sum += weight * sample[k]
        pores += int(pore.sum())
        if weight > 1e-9:
            pore_sum += weight * pore
    return ColumnSums(pore_sum, weight_sum, pores)


def relative_to_mean(sums: ColumnSums, voxels: int) -> np.ndarray:
    """Return the porosity of columns minus that of so many voxels."""
    weight = np.where(sums.weight > 0, sums.weight, np.nan)
    return sums.pore / weight - sums.pores / voxels


def decay_weights(planes: int, spacing: float, depth: float, last: bool) -> np.ndarray:
    """Return weights of planes, ``exp(-z / depth)`` with z from the last or from the first.

    >>> decay_weights(2, 1.0, 1.0, last=True).round(3).tolist()
    [0.368, 1.0]
    """
    weights = np.exp(-np.arange(planes) * spacing / depth)
    return weights[::-1] if last else weights
