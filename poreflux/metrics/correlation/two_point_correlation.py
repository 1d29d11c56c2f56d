"""Two-point correlation: how likely two points at a distance are both in the phase."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from scipy import fft

from poreflux import blocks
from poreflux.annotations import AnyArray
from poreflux.machine import available_cores
from poreflux.metrics.density.counting import (
    dataset,
    fraction,
    inputs,
    into_blocks,
    select,
    volume_of,
)
from poreflux.schema import DIMS
from poreflux.statistics.mean_error import mean_error
from poreflux.volume import label_of, require, voxel_size

#: edge in voxels of the windows in which pairs are counted
WINDOW = 128

#: cells along an edge of the volume in which long waves are seen
_CELLS = 24

#: cosine of the angle to an axis within which a pair counts as along it
_CONE = math.cos(math.pi / 6)


def two_point_correlation(
    volume: xr.Dataset, *, longest: float | None = None, phase: str = "pore"
) -> xr.Dataset:
    """Measure how likely two points are both in a phase, by their distance.

    Parameters
    ----------
    volume
        with `phase`, dims (z, y, x); voxels outside a `mask` do not count.
    longest
        longest distance in µm; by default a quarter of a window.
    phase
        name of the phase.

    Returns
    -------
    lazy Dataset over (separation,) in µm: `two_point_probability` S2, its standard error
    `two_point_probability_error` (NaN where there is only one phase), and `two_point_covariance`,
    S2 - p²; over (direction, separation) `two_point_covariance_along`, of pairs within 30 degrees
    of the direction. NaN where there is no pair.

    Notes
    -----
    S2(r) = <I(x) I(x + r)>, over all pairs of valid voxels within windows of about 128 voxels, by
    FFT with zero padding, so that nothing wraps around. S2(0) = p; the slope at 0 of an isotropic
    medium is -s / 4, s its specific surface. The error is that of the porosity of the sample, see
    :func:`poreflux.statistics.mean_error.mean_error`, times d S2 / d p, which falls from 1 at
    distance 0 to 2 p where points are independent, as the covariance does. Covariances take p of
    the whole volume: <(I(x) - p) (I(x + r) - p)>.

    References
    ----------
    S. Torquato, Random Heterogeneous Materials, Springer (2002).

    Examples
    --------
    >>> from poreflux.phantoms import random_sites
    >>> correlation = two_point_correlation(random_sites(32, 0.3))
    >>> correlation["two_point_probability"][:3].values.round(2)
    array([0.3 , 0.09, 0.09])
    """
    shape, size = require(volume, "phase").shape, voxel_size(volume)
    windows = Windows(shape, size, _longest(shape, size, longest))
    bins = windows.bins
    outputs: dict = {name: ((bins,), float) for name in _RADIAL}
    outputs["two_point_covariance_along"] = ((3, bins), float)
    measure = MeasurePairs(label_of(volume, phase), windows)
    plan = blocks.Plan(measure, _add, FinishPairs(windows), outputs)
    arrays = {name: windows.cut(array) for name, array in inputs(volume).items()}
    lazy = blocks.reduce(arrays, plan)
    dims = ("direction", "separation")
    variables = {name: (dims[-array.ndim :], array) for name, array in lazy.items()}
    attrs = {"units": "um", "long_name": "distance"}
    separation = ("separation", windows.separation, attrs)
    coords = {"direction": list(DIMS), "separation": separation}
    return dataset(volume, variables, coords=coords, note={"phase": phase})


_RADIAL = ("two_point_probability", "two_point_probability_error", "two_point_covariance")


@dataclass(frozen=True)
class Windows:
    """Windows of the volume, and the pairs that count: those up to `longest` µm apart."""

    shape: tuple[int, ...]
    size: tuple[float, float, float]
    longest: float

    @property
    def edges(self) -> tuple[tuple[int, ...], ...]:
        """Edges of the windows along each axis in voxels."""
        return _edges(self.shape)

    @property
    def reach(self) -> tuple[int, ...]:
        """Longest lag along each axis in voxels."""
        return tuple(
            min(int(self.longest / h + 1e-9), n - 1) for n, h in zip(self.shape, self.size)
        )

    @property
    def cells(self) -> list[np.ndarray]:
        """Edges of the cells in which the phase is counted for its error."""
        return blocks.cuts(self.shape, [min(_CELLS, n) for n in self.shape])

    @property
    def step(self) -> float:
        """Width of a bin of distances in µm: that of a voxel."""
        return math.prod(self.size) ** (1 / 3)

    @property
    def bins(self) -> int:
        """Number of bins, the one of distance 0 included."""
        return int(self.longest / self.step + 1e-9) + 1

    @cached_property
    def lags(self) -> tuple[np.ndarray, np.ndarray]:
        """Distance of each lag, and the bin it falls in under each of four sets of directions.

        The sets are all directions, and those near each axis; a lag outside a set has the bin after
        the last.
        """
        lines = [np.arange(-r, r + 1) * h for r, h in zip(self.reach, self.size)]
        components = np.ix_(*lines)
        distance = np.sqrt(sum(component**2 for component in components))
        index = np.rint(distance / self.step).astype(np.intp)
        index[(index == 0) & (distance > 0)] = 1
        index[distance > self.longest * (1 + 1e-9)] = self.bins
        index = np.minimum(index, self.bins)
        along_axis = [np.abs(component) >= _CONE * distance - 1e-9 for component in components]
        sets = [index, *(np.where(cone, index, self.bins) for cone in along_axis)]
        return distance, np.stack(sets)

    @property
    def separation(self) -> np.ndarray:
        """Mean distance of the lags of each bin; of a bin without lags, its middle."""
        distance, (index, *_) = self.lags
        number = np.bincount(index.ravel(), minlength=self.bins + 1)[: self.bins]
        total = np.bincount(index.ravel(), distance.ravel(), self.bins + 1)[: self.bins]
        middle = np.arange(self.bins) * self.step
        return np.divide(total, number, out=middle, where=number > 0)

    def cut(self, array: AnyArray) -> AnyArray:
        """Return the array in windows."""
        return blocks.chunked(array).rechunk(self.edges)


@dataclass(frozen=True)
class MeasurePairs:
    """Count the pairs of one window in each bin of distances."""

    label: int
    windows: Windows

    def __call__(self, arrays: Mapping[str, np.ndarray], start: tuple[int, ...]) -> dict[str, Any]:
        chosen, mask = select(arrays, self.label)
        reach = [min(r, n - 1) for r, n in zip(self.windows.reach, chosen.shape)]
        room = [fft.next_fast_len(n + r, real=True) for n, r in zip(chosen.shape, reach)]
        phase = fft.rfftn(chosen.astype(float), room)
        if mask is None:
            valid = _transformed_box(chosen.shape, room)
        else:
            valid = fft.rfftn(mask.astype(float), room)
        pairs = {
            "both": _lagged(phase * phase.conj(), room, reach),
            "one": _lagged(phase.conj() * valid, room, reach),
            "any": _lagged(valid * valid.conj(), room, reach)
            if mask is not None
            else _overlaps(chosen.shape, reach),
        }
        counts = {key: self._binned(values, reach) for key, values in pairs.items()}
        cells = {"phase": into_blocks(chosen, start, cuts=self.windows.cells)}
        if mask is not None:
            cells["valid"] = into_blocks(mask, start, cuts=self.windows.cells)
        return {**counts, "cells": cells}

    def _binned(self, values: np.ndarray, reach: Sequence[int]) -> np.ndarray:
        """Return the sums over the lags of each bin, for each set of directions."""
        inner = tuple(slice(r - m, r + m + 1) for r, m in zip(self.windows.reach, reach))
        bins, flat = self.windows.bins, values.ravel()
        sets = (bin_index[inner].ravel() for bin_index in self.windows.lags[1])
        return np.stack([np.bincount(bin_index, flat, bins + 1)[:bins] for bin_index in sets])


@dataclass(frozen=True)
class FinishPairs:
    """Compute probabilities from the pairs, and their error from the counts in cells."""

    windows: Windows

    def __call__(self, total: Mapping[str, Any]) -> dict[str, np.ndarray]:
        both_in_phase, one_in_phase, pairs = total["both"], total["one"], total["any"]
        p = float(fraction(both_in_phase[0, 0], pairs[0, 0]))
        covariance = fraction(both_in_phase - 2 * p * one_in_phase + p**2 * pairs, pairs)
        return {
            "two_point_probability": fraction(both_in_phase, pairs)[0],
            "two_point_probability_error": self._error(p, covariance[0], total["cells"]),
            "two_point_covariance": covariance[0],
            "two_point_covariance_along": covariance[1:],
        }

    def _error(
        self, p: float, covariance: np.ndarray, cells: Mapping[str, blocks.Patch]
    ) -> np.ndarray:
        if not 0 < p < 1:
            return np.full(len(covariance), np.nan)
        cuts = self.windows.cells
        valid = cells["valid"].values if "valid" in cells else volume_of(cuts)
        edges = [cut * h for cut, h in zip(cuts, self.windows.size)]
        error = mean_error(cells["phase"].values.astype(float), valid.astype(float), edges)
        alike = np.clip(covariance / covariance[0], 0, 1)
        return (alike + 2 * p * (1 - alike)) * error.standard_error


def _longest(shape: tuple[int, ...], size: Sequence[float], longest: float | None) -> float:
    windows = [min(lengths) * h for lengths, h in zip(_edges(shape), size)]
    if longest is None:
        return max(min(windows) / 4, max(size))
    if not 0 < longest < max(windows):
        raise ValueError(
            f"longest={longest} is not a distance within a window of {max(windows):g} µm; "
            "choose a shorter one, in µm"
        )
    return float(longest)


def memory_of_pairs(shape: tuple[int, ...]) -> float:
    """Return the bytes of the transforms of all windows that are worked on at once.

    Of each window five arrays of its padded size: transforms of phase and box, their product, its
    transform back and a copy.

    Examples
    --------
    >>> memory_of_pairs((500, 500, 500)) > memory_of_pairs((64, 64, 64))
    True
    """
    edges = _edges(shape)
    room = math.prod(1.25 * max(lengths) for lengths in edges)
    at_once = min(available_cores(), math.prod(map(len, edges)))
    return 5 * 8 * room * at_once


def _edges(shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    counts = (max(1, round(n / WINDOW)) for n in shape)
    return tuple(tuple(np.diff(blocks.edges(n, m)).tolist()) for n, m in zip(shape, counts))


def _lagged(product: np.ndarray, room: Sequence[int], reach: Sequence[int]) -> np.ndarray:
    """Return the counts of pairs at lags -reach to reach along each axis, as whole numbers."""
    counts = np.rint(fft.irfftn(product, room))
    for axis, r in enumerate(reach):
        counts = np.take(counts, np.arange(-r, r + 1), axis)
    return counts


def _transformed_box(shape: tuple[int, ...], room: Sequence[int]) -> np.ndarray:
    """Return the transform of a box of ones, a product of three lines."""
    lines = [fft.fft(np.ones(n), m) for n, m in zip(shape, room)]
    lines[2] = fft.rfft(np.ones(shape[2]), room[2])
    return lines[0][:, None, None] * lines[1][:, None] * lines[2]


def _overlaps(shape: tuple[int, ...], reach: Sequence[int]) -> np.ndarray:
    """Return how many pairs a box of voxels has at each lag."""
    lines = [n - np.abs(np.arange(-r, r + 1)) for n, r in zip(shape, reach)]
    z, y, x = np.ix_(*lines)
    return (z * y * x).astype(float)


def _add(windows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    counts = {key: sum(window[key] for window in windows) for key in windows[0].keys() - {"cells"}}
    return {**counts, "cells": blocks.add_patches([window["cells"] for window in windows])}
