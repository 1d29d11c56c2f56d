"""Chord lengths: how far a phase reaches along lines of each direction."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.annotations import BinSpacing
from poreflux.kernels.chords import (
    MASKED,
    chords_across,
    chords_along,
    end_chords,
    join_chords,
)
from poreflux.metrics.density.counting import dataset, fraction, inputs, select
from poreflux.metrics.pores.size_histogram import bin_coordinate, counts, size_bins
from poreflux.schema import DIMS, directions_of
from poreflux.volume import axis_of, label_of, require, voxel_size

Index = tuple[int, ...]


def chord_length(
    volume: xr.Dataset,
    *,
    direction: str | Sequence[str] = "all",
    bin_width: float | None = None,
    spacing: BinSpacing = "linear",
    phase: str = "pore",
) -> xr.Dataset:
    """Measure the chords of a phase: its runs of voxels along each direction.

    Parameters
    ----------
    volume
        with `phase`, dims (z, y, x); a chord that reaches a face of the volume or the edge of a
        `mask` is cut, and may go on beyond.
    direction
        dims along which chords run: ``"z"``, ``"y"``, ``"x"``, several like ``"zx"``, or ``"all"``.
    bin_width, spacing
        of the histograms, see :func:`poreflux.metrics.pores.size_histogram.size_bins`; in µm.
    phase
        name of the phase.

    Returns
    -------
    lazy Dataset over (direction,): `chord_count`, `chord_count_cut`, `chord_length_mean` (free of
    the bias of cut chords), `chord_length_std` and `chord_length_by_length_mean` (of whole chords),
    `chord_length_longest`, in µm; over (direction, diameter) `chord_number` of whole chords,
    `chord_number_unbiased` (weighted for the longer ones, which are cut more often), and
    `chord_length_share`, the share of the length of whole chords.

    Notes
    -----
    The mean is 2 ε / P: ε the share of voxels in the phase, P the number of ends of chords, at
    another phase, in a unit of length, that is of neighbours along the direction. Cut chords
    count by their length inside the volume. The mean is 2 V / A of the phase, A the area of its
    surface projected along the direction: flat pores have shorter chords across than along.

    References
    ----------
    S. Torquato, Random Heterogeneous Materials, Springer (2002), section 2.5.

    Examples
    --------
    >>> from poreflux.phantoms import layers
    >>> chords = chord_length(layers((202, 4, 4), thickness=2), direction="z")
    >>> round(float(chords["chord_length_mean"][0]), 1)
    2.0
    """
    axes = tuple(map(axis_of, directions_of(direction)))
    shape, size = require(volume, "phase").shape, voxel_size(volume)
    edges = size_bins(volume, bin_width, spacing)
    plan = blocks.Plan(
        MeasureChords(label_of(volume, phase), axes),
        CombineChords(shape),
        FinishChords(axes, shape, size, edges),
        {name: _output(name, len(axes), len(edges) - 1) for name in (*_SCALARS, *_HISTOGRAMS)},
    )
    lazy = blocks.reduce(inputs(volume), plan)
    dims = ("direction", "diameter")
    variables = {name: (dims[: array.ndim], array) for name, array in lazy.items()}
    coords = {"direction": [DIMS[a] for a in axes], **bin_coordinate(edges)}
    return dataset(volume, variables, coords=coords, note={"phase": phase})


_SCALARS = {
    "chord_count": int,
    "chord_count_cut": int,
    "chord_length_mean": float,
    "chord_length_std": float,
    "chord_length_by_length_mean": float,
    "chord_length_longest": float,
}
_HISTOGRAMS = {"chord_number": int, "chord_number_unbiased": float, "chord_length_share": float}


def _output(name: str, directions: int, bins: int) -> tuple[tuple[int, ...], type]:
    if name in _SCALARS:
        return (directions,), _SCALARS[name]
    return (directions, bins), _HISTOGRAMS[name]


@dataclass(frozen=True)
class Rows:
    """Open chords of one column of chunks, of planes ``start`` to ``stop``; see the kernel."""

    start: int
    stop: int
    head: np.ndarray
    tail: np.ndarray


@dataclass(frozen=True)
class Chords:
    """Counts of closed chords (cut ends, length), and open ones of each column by its corner."""

    counts: np.ndarray
    columns: Mapping[Index, Sequence[Rows]]


@dataclass(frozen=True)
class MeasureChords:
    """Count the chords of one block along each axis; equal counts are made once."""

    label: int
    axes: tuple[int, ...]

    def __call__(self, arrays: Mapping[str, np.ndarray], start: Index) -> tuple[Chords, ...]:
        """Return the chords of the phase along each axis, and where there is a mask its own."""
        chosen, mask = select(arrays, self.label)
        sets = [chosen.view(np.uint8)]
        if mask is not None:
            sets = [
                np.where(mask, marked, np.uint8(MASKED)) for marked in (*sets, mask.view(np.uint8))
            ]
        return tuple(_along(states, axis, start) for states in sets for axis in self.axes)


@dataclass(frozen=True)
class CombineChords:
    """Join the columns of several parts where they meet, and close those that are whole."""

    shape: Index

    def __call__(self, partials: Sequence[tuple[Chords, ...]]) -> tuple[Chords, ...]:
        length = max(self.shape)
        return tuple(_joined(chords, length) for chords in zip(*partials))


@dataclass(frozen=True)
class FinishChords:
    """Make lengths and histograms of the counts of the whole volume."""

    axes: tuple[int, ...]
    shape: Index
    size: tuple[float, float, float]
    edges: np.ndarray

    def __call__(self, total: tuple[Chords, ...]) -> dict[str, np.ndarray]:
        counts_by_set = [_closed(chords, max(self.shape)) for chords in total]
        chords, valid = counts_by_set[: len(self.axes)], counts_by_set[len(self.axes) :]
        voxel_total = math.prod(self.shape)
        results = []
        for i, axis in enumerate(self.axes):
            voxels, runs = voxel_total, voxel_total // self.shape[axis]
            if valid:
                voxels, runs = _total(valid[i])
            results.append(
                self._along_axis(axis, chords[i], (voxels - runs) / voxels if voxels else math.nan)
            )
        return {name: np.stack([result[name] for result in results]) for name in results[0]}

    def _along_axis(self, axis: int, number: np.ndarray, neighbours: float) -> dict:
        """Return the results along one axis; `neighbours` are pairs of voxels for each voxel."""
        n = np.arange(number.shape[1])
        h, length = self.size[axis], n * self.size[axis]
        uncut, cut = number[0], number.sum(axis=0)
        mean, by_length = (fraction(uncut @ length**p, uncut @ length ** (p - 1)) for p in (1, 2))
        variance = fraction(uncut @ (length - np.nan_to_num(mean)) ** 2, uncut.sum())
        end_count = 2 * uncut.sum() + number[1].sum()
        room = self.shape[axis] - n - 1
        weights = np.where(room > 0, self.shape[axis] / np.maximum(room, 1), 0.0)
        covered = counts(length[1:], self.edges, (uncut * length)[1:])
        return {
            "chord_count": uncut.sum(),
            "chord_count_cut": cut.sum() - uncut.sum(),
            "chord_length_mean": fraction(2 * (cut @ length) * neighbours, end_count),
            "chord_length_std": np.sqrt(variance),
            "chord_length_by_length_mean": by_length,
            "chord_length_longest": h * np.flatnonzero(cut).max(initial=0),
            "chord_number": counts(length[1:], self.edges, uncut[1:]).astype(np.int64),
            "chord_number_unbiased": counts(length[1:], self.edges, (uncut * weights)[1:]),
            "chord_length_share": fraction(covered, covered.sum()),
        }


def _along(states: np.ndarray, axis: int, start: Index) -> Chords:
    n = states.shape[axis]
    corner = tuple(i for a, i in enumerate(start) if a != axis)
    size = tuple(m for a, m in enumerate(states.shape) if a != axis)
    head, tail = np.empty((2, *size), np.int32), np.empty((2, *size), np.int32)
    number = np.zeros((3, n + 1), np.int64)
    if axis == 2:
        chords_along(states, head, tail, number)
    else:
        chords_across(np.moveaxis(states, axis, 0), head, tail, number)
    return Chords(number, {corner: (Rows(start[axis], start[axis] + n, head, tail),)})


def _closed(chords: Chords, length: int) -> np.ndarray:
    """Return the counts (cut ends, length), with those chords that the ends of the volume cut."""
    number = np.zeros((3, length + 1), np.int64)
    number[:, : chords.counts.shape[1]] = chords.counts
    for rows in chords.columns.values():
        for row in rows:
            end_chords(row.head, row.tail, number)
    number[:, 0] = 0
    return number


def _total(number: np.ndarray) -> tuple[int, int]:
    """Return the voxels of all chords, and the number of chords."""
    every = number.sum(axis=0)
    return int(every @ np.arange(every.size)), int(every.sum())


def _joined(partials: Sequence[Chords], length: int) -> Chords:
    number = np.zeros((3, length + 1), np.int64)
    columns: dict[Index, list[Rows]] = {}
    for partial in partials:
        number[:, : partial.counts.shape[1]] += partial.counts
        for corner, rows in partial.columns.items():
            columns.setdefault(corner, []).extend(rows)
    for corner, rows in columns.items():
        joined: list[Rows] = []
        for row in sorted(rows, key=lambda row: row.start):
            if joined and joined[-1].stop == row.start:
                joined[-1] = _join(joined[-1], row, number)
            else:
                joined.append(row)
        columns[corner] = joined
    longest = np.flatnonzero(number.any(axis=0)).max(initial=0)
    return Chords(number[:, : longest + 1].copy(), columns)


def _join(lower: Rows, upper: Rows, number: np.ndarray) -> Rows:
    head, tail = np.empty_like(lower.head), np.empty_like(lower.tail)
    join_chords((lower.head, lower.tail), (upper.head, upper.tail), head, tail, number)
    return Rows(lower.start, upper.stop, head, tail)
