"""Error of the mean of a field on a face or in a volume, from its long waves."""

import math
from collections.abc import Sequence

import numpy as np

from poreflux.metrics.density.coarse import cell_edges, coarsening
from poreflux.statistics.mean_error import mean_error

#: cells along the longest edge: several for each wave that is used
CELLS = 48


class FieldInCells:
    """A field summed into cells, some planes at a time, for the error of its mean.

    Parameters
    ----------
    shape, spacing
        of the voxels: of a face or a volume.
    """

    def __init__(self, shape: Sequence[int], spacing: Sequence[float]):
        self.factor = coarsening(tuple(shape), CELLS)
        self.cuts = [cell_edges((n,), self.factor)[0] for n in shape]
        self.spacing = spacing
        cells = [len(cut) - 1 for cut in self.cuts]
        self.total, self.weight = np.zeros(cells), np.zeros(cells)

    def add(self, start: int, field: np.ndarray, weight: np.ndarray) -> None:
        """Add planes from `start` on: values, 0 where they do not count, and where they count."""
        cell = (start + np.arange(len(field))) // self.factor
        for sums, array in ((self.total, field), (self.weight, weight)):
            kind = np.int64 if array.dtype.kind == "b" else float
            for axis, cut in enumerate(self.cuts[1:], 1):
                array = np.add.reduceat(array, cut[:-1], axis, dtype=kind)
            np.add.at(sums, cell, array)

    def error(self) -> float:
        """Return one standard deviation of the mean."""
        volume = math.prod(self.spacing)
        total, weight = volume * self.total, volume * self.weight
        edges = [cut * h for cut, h in zip(self.cuts, self.spacing)]
        if total.ndim == 2:  # one layer of cells, as thick as the face is wide
            wide = math.sqrt(math.prod(edge[-1] for edge in edges))
            edges = [np.array([0.0, wide]), *edges]
            total, weight = wide * total[None], wide * weight[None]
        return mean_error(total, weight, edges).standard_error


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
    cells = FieldInCells(field.shape, spacing)
    cells.add(0, field, weight)
    return cells.error()
