"""The porosity of columns across an electrode, to compared with the current that they carry."""

import numpy as np


def column_porosity(cells: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the porosity of each column along axis 0 minus that of all cells, planes weighted.

    Parameters
    ----------
    cells
        conductivities (n0, n1, n2), 0 in pores.
    weights
        of the planes, by default equal.

    Examples
    --------
    >>> cells = np.array([[[1, 1]], [[0, 1]]])
    >>> column_porosity(cells)
    array([[ 0.25, -0.25]])
    >>> column_porosity(cells, np.array([1.0, 0.0]))
    array([[-0.25, -0.25]])
    """
    weights = np.ones(len(cells)) if weights is None else weights
    columns, pores = column_sums(cells, weights / weights.sum())
    return columns - pores / cells.size


def column_sums(cells: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the sum over planes of weights times pore, and the number of pores."""
    columns, pores = np.zeros(cells.shape[1:]), 0
    for plane, weight in zip(cells, weights):
        pore = plane == 0
        pores += int(pore.sum())
        if weight > 1e-9:
            columns += weight * pore
    return columns, pores


def decay_weights(planes: int, spacing: float, depth: float, last: bool) -> np.ndarray:
    """Return weights of planes, ``exp(-z / depth)`` with z from the last or from the first.

    >>> decay_weights(2, 1.0, 1.0, last=True).round(3).tolist()
    [0.368, 1.0]
    """
    weights = np.exp(-np.arange(planes) * spacing / depth)
    return weights[::-1] if last else weights
