"""Pairs of voxels along a direction, counted at each lag in one pass over chunks of any size.

Each block is packed to one bit a voxel. Pairs inside a block are counted at once; of the block only
the first and last planes are kept, until the block's neighbour along the direction is met, and the
pairs across their common face are counted. So nothing is read twice, and the counts do not depend
on the chunks, not even on chunks thinner than the longest lag.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from poreflux.kernels.counting import count_pairs


@dataclass(frozen=True)
class Run:
    """The planes ``start <= i < stop`` of one column of chunks, of which the outer ones are kept.

    `head` and `tail` are the first and last planes, as bits: (sets of voxels, planes, words).
    """

    start: int
    stop: int
    head: np.ndarray
    tail: np.ndarray


@dataclass(frozen=True)
class Pairs:
    """Counts of pairs so far, and what is needed to count those across open faces.

    ``counts[a, b, k]`` pairs of a voxel of set a with one of set b, k planes above it; `columns`
    holds the runs of each column of chunks by the index of its corner.
    """

    counts: np.ndarray
    columns: Mapping[tuple[int, ...], Sequence[Run]]


def measure_pairs(
    sets: Sequence[np.ndarray], start: tuple[int, ...], *, axis: int, lags: int
) -> Pairs:
    """Count the pairs in one block, of booleans for each set, at lags 1 to `lags` along an axis."""
    planes = np.stack([_packed(voxels, axis) for voxels in sets])
    counts = np.zeros((len(sets), len(sets), lags + 1), np.int64)
    _add(planes, planes, 0, counts)
    n = planes.shape[1]
    head, tail = (planes, planes) if n <= lags else (planes[:, :lags], planes[:, n - lags :])
    run = Run(start[axis], start[axis] + n, head.copy(), tail.copy())
    corner = tuple(i for a, i in enumerate(start) if a != axis)
    return Pairs(counts, {corner: (run,)} if lags else {})


def combine_pairs(partials: Sequence[Pairs], *, length: int) -> Pairs:
    """Join the runs of several parts where they meet; `length` is the number of planes in all."""
    counts = np.sum([partial.counts for partial in partials], axis=0)
    columns: dict[tuple[int, ...], list[Run]] = {}
    for partial in partials:
        for corner, runs in partial.columns.items():
            columns.setdefault(corner, []).extend(runs)
    joined = {corner: _joined(runs, counts) for corner, runs in columns.items()}
    complete = {corner for corner, runs in joined.items() if _planes(runs) == length}
    return Pairs(counts, {c: runs for c, runs in joined.items() if c not in complete})


def _packed(voxels: np.ndarray, axis: int) -> np.ndarray:
    """Return the planes across an axis as rows of 64-bit words, padded with zeros."""
    rows = np.moveaxis(voxels, axis, 0).reshape(voxels.shape[axis], -1)
    bits = np.packbits(rows, axis=1)
    padded = np.zeros((len(bits), -(-bits.shape[1] // 8) * 8), np.uint8)
    padded[:, : bits.shape[1]] = bits
    return padded.view(np.uint64)


def _joined(runs: Iterable[Run], counts: np.ndarray) -> list[Run]:
    """Join neighbouring runs of one column, adding the pairs across to `counts`."""
    joined: list[Run] = []
    for run in sorted(runs, key=lambda run: run.start):
        if joined and joined[-1].stop == run.start:
            joined[-1] = _join(joined[-1], run, counts)
        else:
            joined.append(run)
    return joined


def _join(lower: Run, upper: Run, counts: np.ndarray) -> Run:
    _add(lower.tail, upper.head, lower.tail.shape[1], counts)
    lags = counts.shape[-1] - 1
    head, tail = lower.head, upper.tail
    if head.shape[1] < lags:
        head = np.concatenate((head, upper.head), axis=1)[:, :lags].copy()
    if tail.shape[1] < lags:
        tail = np.concatenate((lower.tail, tail), axis=1)[:, -lags:].copy()
    return Run(lower.start, upper.stop, head, tail)


def _add(lower: np.ndarray, upper: np.ndarray, offset: int, counts: np.ndarray) -> None:
    for a in range(len(lower)):
        for b in range(len(upper)):
            count_pairs(lower[a], upper[b], offset, counts[a, b])


def _planes(runs: Sequence[Run]) -> int:
    return sum(run.stop - run.start for run in runs) if len(runs) == 1 else -1
