"""Means over sub-volumes, and by how much those of other samples differ."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from poreflux.statistics.mean_error import MeanError, mean_error

#: cells along an edge, at least, in which what conducts is counted to tell layers
_CELLS = 24


def sampled(
    conducting: np.ndarray,
    conductivity: np.ndarray,
    edges: Sequence[np.ndarray],
    sample: np.ndarray | None = None,
    fine: MeanError | None = None,
) -> dict[str, np.ndarray]:
    """Return means of sub-volumes and sampling errors, each over (direction,), by their names.

    Parameters
    ----------
    conducting
        fraction of each sub-volume, (z, y, x).
    conductivity
        of each sub-volume along each direction, (direction, z, y, x); 0 where it has no path.
    edges
        of the sub-volumes along each axis.
    sample
        fraction of each sub-volume inside a mask, (z, y, x): its weight; what is NaN has none.
    fine
        what is known of the mean of what conducts, from :func:`in_cells`: layers and columns are as
        likely as there.

    Notes
    -----
    tau = phi / kappa varies by tau (d phi / phi - d kappa / kappa), to first order: the error of
    the mean of this field is that of tau, with the correlation of phi and kappa in it. Most of it
    goes with phi, whose long waves finer cells tell better than a few sub-volumes do: the error is
    that of phi times the slope between sub-volumes, and that of what is left, added as squares.

    Examples
    --------
    >>> values = np.random.default_rng(1).normal(0.7, 0.02, (1, 4, 4, 4))
    >>> means = sampled(np.ones((4, 4, 4)), values, [np.arange(5.0)] * 3)
    >>> means["block_tortuosity_factor_mean"].round(2)
    array([1.43])
    >>> bool(0.001 < means["effective_conductivity_sampling_error"][0] < 0.005)
    True
    """
    z, y, x = map(np.diff, edges)
    volume = z[:, None, None] * y[:, None] * x
    volume = volume if sample is None else volume * sample
    rows = [_along(conducting, values, volume, edges, fine) for values in conductivity]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def cells_of_blocks(shape: Sequence[int], blocks: Sequence[int]) -> tuple[int, ...]:
    """Return into how many cells each sub-volume is cut, along each axis.

    Examples
    --------
    >>> cells_of_blocks((100, 100, 30), (4, 2, 2))
    (6, 12, 12)
    """
    return tuple(max(1, min(-(-_CELLS // m), n // m)) for n, m in zip(shape, blocks))


def summed(values: np.ndarray, cells: Sequence[int]) -> np.ndarray:
    """Return the sums of values of one sub-volume in its cells.

    Examples
    --------
    >>> summed(np.ones((4, 4, 5)), (1, 2, 2)).ravel()
    array([16., 24., 16., 24.])
    """
    for axis, count in enumerate(cells):
        starts = np.arange(count) * values.shape[axis] // count
        values = np.add.reduceat(values, starts, axis, dtype=float)
    return values


def in_cells(
    total: np.ndarray, weight: np.ndarray | None, lines: Sequence[np.ndarray], spacing: Sequence
) -> MeanError:
    """Return what is known of the mean of a field from its sums in the cells of sub-volumes.

    Parameters
    ----------
    total, weight
        sums in cells of the field, and of what counts: dims (block z, y, x, cell z, y, x); without
        a weight all voxels count.
    lines
        edges of the sub-volumes along each axis in voxels.
    spacing
        edges of a voxel.
    """
    cells = total.shape[3:]
    edges = [_finer(line, count) for line, count in zip(lines, cells)]
    z, y, x = map(np.diff, edges)
    counted = z[:, None, None] * y[:, None] * x if weight is None else _side_by_side(weight)
    voxel = math.prod(spacing)
    field = _side_by_side(total) * voxel
    return mean_error(field, counted * voxel, [edge * h for edge, h in zip(edges, spacing)])


def _finer(line: np.ndarray, count: int) -> np.ndarray:
    """Return the edges of the cells of all sub-volumes along an axis."""
    parts = [a + np.arange(count) * (b - a) // count for a, b in pairwise(line)]
    return np.append(np.concatenate(parts), line[-1])


def _side_by_side(array: np.ndarray) -> np.ndarray:
    """Return the cells of all sub-volumes in one grid."""
    ordered = array.transpose(0, 3, 1, 4, 2, 5)
    (a, b), (c, d), (e, f) = (ordered.shape[k : k + 2] for k in (0, 2, 4))
    return ordered.reshape(a * b, c * d, e * f)


def _along(
    conducting: np.ndarray,
    conductivity: np.ndarray,
    volume: np.ndarray,
    edges: Sequence,
    fine: MeanError | None,
) -> dict[str, float]:
    known = np.isfinite(conductivity) & np.isfinite(conducting)
    volume = np.where(known, volume, 0.0)
    conducting, conductivity = (np.where(known, v, 0.0) for v in (conducting, conductivity))
    whole = float(volume.sum()) or math.nan
    phi, kappa = (float((values * volume).sum()) / whole for values in (conducting, conductivity))
    tau, tau_error, error = math.inf if kappa == 0 else math.nan, math.nan, math.nan
    if kappa > 0:
        error = _error(conductivity, conducting, volume, edges, fine)
        tau = phi / kappa
        relative = conducting / phi - conductivity / kappa
        tau_error = tau * _error(relative, conducting, volume, edges, fine)
    return {
        "block_effective_conductivity_mean": kappa,
        "block_tortuosity_factor_mean": tau,
        "effective_conductivity_sampling_error": error,
        "tortuosity_factor_sampling_error": tau_error,
    }


def _error(
    values: np.ndarray,
    conducting: np.ndarray,
    volume: np.ndarray,
    edges: Sequence,
    fine: MeanError | None,
) -> float:
    """Return the error of the mean of values of sub-volumes: of the part that goes with what
    conducts, whose error finer cells tell, and of the rest."""
    number = int(np.count_nonzero(volume))
    if fine is None or not fine.probability.size or number < 3:
        return mean_error(values * volume, volume, edges).standard_error
    excess = conducting - np.average(conducting, weights=volume)
    spread = float((volume * excess**2).sum())
    slope = float((volume * excess * values).sum()) / spread if spread > 0 else 0.0
    rest = mean_error((values - slope * excess) * volume, volume, edges, like=fine).standard_error
    fitted = math.sqrt((number - 1) / (number - 2))  # the slope takes one of their deviations
    return math.hypot(slope * fine.standard_error if slope else 0.0, fitted * rest)
