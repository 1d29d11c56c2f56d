"""The long waves of a field on a grid of cells: what its mean has in common with other samples."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: half waves along the edge of a cube of the same volume: longer waves are used
HALF_WAVES = 8

#: those along one axis alone, which are few: by them layers are told from chance
ALONG_AXIS = 12

#: an axis shorter than this part of the longest has no long waves of its own
_THIN = 1 / 3


@dataclass(frozen=True)
class Waves:
    """Power of cosine waves, and where they are.

    Attributes
    ----------
    power
        of each wave, the unit of the field squared times that of the volume.
    index
        number of half waves along each axis, (wave, axis).
    squares
        k² of each wave.
    lengths
        edges of the grid along each axis.
    volume
        of what counts in the grid.
    """

    power: np.ndarray
    index: np.ndarray
    squares: np.ndarray
    lengths: tuple[float, ...]
    volume: float


def cosine_waves(total: np.ndarray, weight: np.ndarray, edges: Sequence[np.ndarray]) -> Waves:
    """Return the power of the long waves of a field, free of its mean.

    Parameters
    ----------
    total
        integral of the field over each cell, of which `weight` counts.
    weight
        volume of each cell that counts.
    edges
        of the cells along each axis, one more than cells.

    Notes
    -----
    A wave cos(π m z / L) ends at the faces with slope 0, as the mean does (m = 0): waves are
    orthogonal to it, so that to subtract the mean of the sample does not bias their power, and
    faces that do not match do not leak into them. Power is normed so that its mean is the spectral
    density; that of the mean itself is the variance of the mean times the volume.

    Examples
    --------
    >>> values = np.random.default_rng(0).normal(size=(24, 24, 24))
    >>> waves = cosine_waves(values, np.ones_like(values), [np.arange(25.0)] * 3)
    >>> round(float(waves.power.mean()), 1)
    1.0
    """
    volume = float(weight.sum(dtype=float))
    lengths = np.array([edge[-1] - edge[0] for edge in edges], float)
    wide = lengths >= _THIN * lengths.max()
    unit = math.pi / math.prod(lengths[wide]) ** (1 / wide.sum())
    numbers, cosines, squares = [], [], []
    for edge, length in zip(edges, lengths):
        most = min(len(edge) - 2, int(ALONG_AXIS * unit * length / math.pi + 1e-9))
        middle = ((edge[1:] + edge[:-1]) / 2 - edge[0]) / length
        phase = math.pi * np.outer(np.arange(most + 1), middle)
        numbers.append(np.arange(most + 1))
        cosines.append(np.cos(phase))
        squares.append(np.cos(phase) ** 2)
    mean = total.sum(dtype=float) / volume if volume else 0.0
    amplitude = _projected(total - mean * weight, cosines)
    offset = _projected(weight, cosines)
    norm = _projected(weight, squares) - offset**2 / (volume or 1.0)
    index = np.stack(np.meshgrid(*numbers, indexing="ij"), -1)
    k_squared = ((math.pi * index / lengths) ** 2).sum(-1)
    along = (index > 0).sum(-1) == 1
    shortest = unit * np.where(along, ALONG_AXIS, HALF_WAVES)
    chosen = (k_squared > 0) & (k_squared <= shortest**2 * (1 + 1e-9))
    chosen &= norm > 1e-9 * volume
    power = amplitude[chosen] ** 2 / norm[chosen]
    return Waves(power, index[chosen], k_squared[chosen], tuple(lengths.tolist()), volume)


def _projected(field: np.ndarray, lines: Sequence[np.ndarray]) -> np.ndarray:
    for line in lines:  # each takes the first axis and puts its waves last
        field = np.tensordot(field, line, axes=(0, 1))
    return field
