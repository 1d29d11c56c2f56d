"""Structure factor: by how much the porosity of each column differs from the mean.

The map alone cannot tell a textured medium from a homogeneous one: a column of a few pores differs
from the mean by chance. So each result carries the rms of the map relative to that of a
statistically homogeneous medium of the same porosity and pore length, and whether that ratio is
more than chance gives.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import get_args

import numpy as np
import xarray as xr
from scipy.ndimage import gaussian_filter

from poreflux import blocks
from poreflux.annotations import StructureVariant
from poreflux.metrics.correlation.autocorrelation import (
    autocorrelation,
    far_noise,
    independent_planes,
    integral_length,
    pore_part,
)
from poreflux.metrics.correlation.pairs import Pairs, combine_pairs, measure_pairs
from poreflux.metrics.correlation.structure_scalars import (
    against_chance,
    independent_columns,
    scalars,
)
from poreflux.metrics.density.counting import along, by_plane, dataset, fraction, inputs, select
from poreflux.schema import DIMS, along_each, name_of
from poreflux.volume import axis_of, label_of, require, voxel_size

VARIANTS = get_args(StructureVariant)

#: lags of the autocorrelation that are counted at most, in voxels
_LAGS = 128

#: unit of the integers in which weights are summed, so that sums do not depend on their order
_WEIGHT_UNIT = 2.0**-24


def structure_factor(
    volume: xr.Dataset,
    *,
    direction: str | Sequence[str] = "z",
    variant: StructureVariant = "signed",
    smoothing: float = 0.0,
    field_of_view: float | Sequence[float] | None = None,
    decay_length: float | None = None,
    longest_lag: float | None = None,
    phase: str = "pore",
) -> xr.Dataset:
    """Measure how the porosity of columns along a direction differs from that of the volume.

    Parameters
    ----------
    volume
        with `phase`, dims (z, y, x); voxels outside a `mask` do not count.
    direction
        dim along which columns run: ``"z"``, ``"y"``, ``"x"``, several like ``"zx"``, or ``"all"``.
    variant
        what the map shows: ``"signed"`` S, ``"absolute"`` size of S, ``"relative"`` S/ε,
        ``"ratio"`` ε(x, y)/ε, or ``"z_score"`` S/s0. The scalars are of S in all of them.
    smoothing
        standard deviation in µm of a Gaussian over the map; the ratio is of the map without it.
    field_of_view
        edge in µm, or the two edges, of the central part that is mapped; the porosity to which
        columns are compared stays that of the whole volume.
    decay_length
        in µm: planes count with weight exp(-d / decay_length), d the distance from the last plane
        (the interface); by default all count alike.
    longest_lag
        in µm: longest lag of the autocorrelation; by default 128 voxels, or half the volume.
        What is correlated beyond half of it is taken for columns, not for pores.
    phase
        name of the phase to measure.

    Returns
    -------
    lazy Dataset with the map `structure_factor` over (y, x) (`structure_factor_y` and
    `structure_factor_x` along the other directions; NaN in columns without voxels) and scalars over
    (direction,): `structure_factor_mean_abs`, `_rms`, `_p95` (of the size of S), `_null` (s0),
    `_ratio` (the rms of S/s0) with `_ratio_scatter`, the standard deviation of that ratio between
    homogeneous media, `_ratio_z` and `_ratio_p`; `_rms_sampling_error`, `_ratio_sampling_error`,
    one standard deviation; `integral_length` in µm; `autocorrelation` over (direction, lag).

    Notes
    -----
    S(x, y) = ε(x, y) - ε, with ε(x, y) the porosity of a column and ε of the whole volume.
    s0² = ε (1 - ε) / N with N the number of independent planes in a column,
    n / N = 1 + 2 Σ (1 - k/n) ρ(k) of n planes, summed to the first zero of
    ρ(k) = (C(k) - C∞) / C(0). C is the autocovariance along the direction and C∞ its mean over the
    farther half of the lags where this is beyond four of its standard deviations, 0 up to two of
    them, and a growing part of that mean between: columns of different mean show in C∞, and so
    raise the ratio, not the integral length l = h [1 + 2 Σ ρ(k)].

    The ratio is sqrt<(S/s0)²>: near 1 in a homogeneous medium, and larger the more the columns
    differ. M independent columns scatter it by sqrt((1 - 1/N) / (2 M)), from .007 for independent
    voxels to .12 for pores a quarter as long as the volume; 1 / M = .9 Σ P² / (Σ P)², with P the
    periodogram of the map, each wave averaged with the eight around it. z = (ratio - 1) / scatter,
    with sqrt(1 - 2 (1 - 1/N) / M) for 1, since ε is that of these columns; p is the chance of a z
    of that size or more, of either sign, if columns are what chance gives. In volumes shorter than
    some eight pores along the columns small p are too frequent: in 1 of 30 homogeneous media, not
    in 1 of 100, it is below .01.

    Neither sees how pores are arranged but along columns. Pores on a lattice, all above each other,
    have the largest ratio of all; clusters in which columns differ no more than at random have 1.
    What tells order from clusters is in :func:`poreflux.arrangement`.

    References
    ----------
    Lin et al., ACS Energy Lett. 9, 2387 (2024), for the definition of S.

    Examples
    --------
    >>> from poreflux.phantoms import random_sites
    >>> result = structure_factor(random_sites(40, 0.2))
    >>> round(float(result["structure_factor_ratio"][0]))
    1
    >>> bool(result["structure_factor_ratio_p"][0] > 0.05)
    True
    """
    if variant not in VARIANTS:
        raise ValueError(f"variant={variant!r} is not known; choose one of {VARIANTS}")
    options: dict = {
        "variant": variant, "smoothing": smoothing, "field_of_view": field_of_view,
        "decay_length": decay_length, "longest_lag": longest_lag, "phase": phase,
    }  # fmt: skip
    return along_each(direction, lambda one: _of_columns(volume, one, **options))


def _of_columns(
    volume: xr.Dataset,
    direction: str,
    *,
    variant: str,
    smoothing: float,
    field_of_view: float | Sequence[float] | None,
    decay_length: float | None,
    longest_lag: float | None,
    phase: str,
) -> xr.Dataset:
    """Return the lazy results along one direction."""
    axis, shape, sizes = axis_of(direction), require(volume, "phase").shape, voxel_size(volume)
    h, n = sizes[axis], shape[axis]
    across = [a for a in range(3) if a != axis]
    window = _window(field_of_view, [shape[a] for a in across], [sizes[a] for a in across])
    if not smoothing >= 0:
        raise ValueError(f"smoothing={smoothing} is not a length; give 0 or more, in µm")
    weights, lags = _weights(n, h, decay_length), _lags(n, h, longest_lag)
    label = label_of(volume, phase)
    measure = partial(_measure, label=label, axis=axis, lags=lags, weights=weights)
    spacing = [sizes[a] for a in across]
    finish = _Finish(h, spacing, variant, [smoothing / one for one in spacing], window, weights)
    outputs = {
        "map": (tuple(w.stop - w.start for w in window), float),
        "autocorrelation": ((1, lags + 1), float),
        **{name: ((1,), float) for name in _SCALARS},
    }
    plan = blocks.Plan(measure, partial(_combine, length=n), finish, outputs)
    lazy = blocks.reduce(inputs(volume), plan)
    dims = [DIMS[a] for a in across]
    name = name_of("structure_factor", direction)
    lag = ("lag", np.arange(lags + 1) * h, {"units": "um", "long_name": "lag"})
    note = {"phase": phase, "variant": variant, "smoothing": float(smoothing)}
    return dataset(
        volume.isel(dict(zip(dims, window))),
        {
            name: (dims, lazy["map"]),
            "autocorrelation": (("direction", "lag"), lazy["autocorrelation"]),
            **{scalar: (("direction",), lazy[scalar]) for scalar in _SCALARS},
        },
        coords={"direction": [direction], "lag": lag},
        note=note,
    )


_SCALARS = (
    "structure_factor_mean_abs",
    "structure_factor_rms",
    "structure_factor_rms_sampling_error",
    "structure_factor_p95",
    "structure_factor_null",
    "structure_factor_ratio",
    "structure_factor_ratio_sampling_error",
    "structure_factor_ratio_scatter",
    "structure_factor_ratio_z",
    "structure_factor_ratio_p",
    "integral_length",
)


def _window(
    field_of_view: float | Sequence[float] | None, shape: Sequence[int], sizes: Sequence[float]
) -> list[slice]:
    """Return the slices of the central part of the map."""
    if field_of_view is None:
        return [slice(0, n) for n in shape]
    window = []
    for length, n, h in zip(np.broadcast_to(field_of_view, 2), shape, sizes):
        voxels = round(float(length) / h)
        if not 1 <= voxels <= n:
            raise ValueError(
                f"field_of_view={field_of_view!r} is {voxels} voxels of {n}; "
                f"choose at most {n * h:g} µm"
            )
        first = (n - voxels) // 2
        window.append(slice(first, first + voxels))
    return window


def _weights(n: int, h: float, decay_length: float | None) -> np.ndarray | None:
    """Return the weight of each plane as integers, or None where all are alike."""
    if decay_length is None:
        return None
    if not decay_length > 0:
        raise ValueError(f"decay_length={decay_length} is not a length; give a positive one, in µm")
    distance = h * (np.arange(n)[::-1] + 0.5)
    return np.rint(np.exp(-distance / decay_length) / _WEIGHT_UNIT)


def _lags(n: int, h: float, longest_lag: float | None) -> int:
    if longest_lag is None:
        return min(_LAGS, n // 2)
    lags = round(longest_lag / h)
    if not 0 <= lags < n:
        raise ValueError(
            f"longest_lag={longest_lag} is {lags} voxels of {n}; choose less than {n * h:g} µm"
        )
    return lags


def _measure(
    arrays: Mapping[str, np.ndarray],
    start: tuple[int, ...],
    *,
    label: int,
    axis: int,
    lags: int,
    weights: np.ndarray | None,
) -> tuple[dict, Pairs]:
    chosen, mask = select(arrays, label)
    sets = {"phase": chosen} if mask is None else {"phase": chosen, "valid": mask}
    corner = tuple(i for a, i in enumerate(start) if a != axis)
    sums = {"planes": blocks.Patch((start[axis],), by_plane(chosen, axis))}
    for name, voxels in sets.items():
        sums[name] = blocks.Patch(corner, along(voxels, axis))
        if weights is not None:
            block_weights = weights[start[axis] : start[axis] + voxels.shape[axis]]
            weighted = np.tensordot(block_weights, voxels.astype(float), axes=(0, axis))
            sums[f"weighted {name}"] = blocks.Patch(corner, weighted.astype(np.int64))
    return sums, measure_pairs(list(sets.values()), start, axis=axis, lags=lags)


def _combine(partials: Sequence[tuple[dict, Pairs]], *, length: int) -> tuple[dict, Pairs]:
    sums, pairs = zip(*partials)
    return blocks.add_patches(sums), combine_pairs(pairs, length=length)


@dataclass(frozen=True)
class _Finish:
    """Make the map and its scalars of the counts of the whole volume."""

    h: float
    spacing: Sequence[float]
    variant: str
    sigma: Sequence[float]
    window: Sequence[slice]
    weights: np.ndarray | None

    def __call__(self, total: tuple[dict, Pairs]) -> dict[str, np.ndarray]:
        sums = {name: patch.values.astype(np.int64) for name, patch in total[0].items()}
        planes, pore = sums["planes"], sums["phase"]
        valid = sums.get("valid", np.full(pore.shape, planes.size))
        mean = float(fraction(pore.sum(), valid.sum()))
        rho = autocorrelation(total[1].counts, planes, pore.size, mean)
        deviation = self._porosities(sums, valid) - mean
        box = tuple(self.window)
        columns = independent_columns((deviation * np.sqrt(valid))[box])
        noise = far_noise(rho, planes.size, columns)
        pores = pore_part(rho, noise if np.isfinite(noise) else 0.0)
        weights = np.ones(planes.size) if self.weights is None else self.weights
        whole = independent_planes(pores, weights)
        share = valid / planes.size if self.weights is None else (valid > 0).astype(float)
        null = np.sqrt(fraction(np.asarray(mean * (1 - mean)), whole * share))[box]
        mapped = _smoothed(deviation, self.sigma)[box]
        return {
            "map": _as_variant(mapped, null, mean, self.variant),
            "autocorrelation": rho[None],
            "integral_length": [self.h * integral_length(pores)],
            **scalars(mapped, deviation[box], null, self.spacing),
            **against_chance(deviation[box], null, columns, 1 - 1 / whole),
        }

    def _porosities(self, sums: Mapping[str, np.ndarray], valid: np.ndarray) -> np.ndarray:
        """Return the porosity of each column."""
        if self.weights is None:
            return fraction(sums["phase"], valid)
        weight = sums.get("weighted valid", np.full(valid.shape, self.weights.sum()))
        return fraction(sums["weighted phase"], weight)


def _smoothed(deviation: np.ndarray, sigma: Sequence[float]) -> np.ndarray:
    """Return the map convolved with a Gaussian, over the columns there are."""
    if not any(sigma):
        return deviation
    valid = np.isfinite(deviation)
    weight = gaussian_filter(valid.astype(float), sigma)
    smooth = fraction(gaussian_filter(np.where(valid, deviation, 0.0), sigma), weight)
    return np.where(valid, smooth, np.nan)


def _as_variant(mapped: np.ndarray, null: np.ndarray, mean: float, variant: str) -> np.ndarray:
    if variant == "absolute":
        return np.abs(mapped)
    if variant == "relative":
        return fraction(mapped, np.asarray(mean))
    if variant == "ratio":
        return fraction(mapped + mean, np.asarray(mean))
    return fraction(mapped, null) if variant == "z_score" else mapped
