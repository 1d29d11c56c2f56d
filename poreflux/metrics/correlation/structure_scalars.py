"""Scalars of a structure factor map: its size, the error of that, and what chance alone gives."""

from collections.abc import Sequence

import numpy as np
from scipy import fft
from scipy.ndimage import uniform_filter
from scipy.special import erfc

from poreflux.metrics.density.counting import fraction
from poreflux.statistics.mean_error import mean_error

#: parts of the map along each axis whose mean squares tell its error
_PARTS = 24

#: waves along each axis whose mean is the expected power of the middle one
_WAVES = 3


def scalars(
    mapped: np.ndarray, deviation: np.ndarray, null: np.ndarray, spacing: Sequence[float]
) -> dict:
    """Return the scalars of the map as it is shown, and the rms of the null model."""
    valid = np.isfinite(deviation)
    size = np.abs(mapped[valid]) if valid.any() else np.array([np.nan])
    return {
        "structure_factor_mean_abs": [size.mean()],
        "structure_factor_rms": [_rms(size)],
        "structure_factor_rms_sampling_error": [_rms_error(mapped, spacing)],
        "structure_factor_p95": [np.percentile(size, 95)],
        "structure_factor_null": [_rms(null[valid]) if valid.any() else np.nan],
    }


def _rms_error(mapped: np.ndarray, spacing: Sequence[float]) -> float:
    """Return the standard error of the rms of a map: half that of its mean square over the rms.

    Few pores make a map of few peaks, and a sample of more pores is rougher: the error is that of
    the mean of the squares themselves, however they are distributed and correlated.

    Examples
    --------
    >>> white = np.random.default_rng(0).standard_normal((96, 96))
    >>> round(float(96 * np.sqrt(2) * _rms_error(white, (1.0, 1.0))), 1)
    1.0
    """
    valid = np.isfinite(mapped)
    total, weight = np.where(valid, mapped**2, 0.0), valid.astype(float)
    if not total.any():
        return 0.0 if valid.any() else np.nan
    edges = []
    for axis, n in enumerate(mapped.shape):
        starts = np.unique(np.arange(min(n, _PARTS)) * n // min(n, _PARTS))
        total, weight = (np.add.reduceat(sums, starts, axis=axis) for sums in (total, weight))
        edges.append(np.append(starts, n) * spacing[axis])
    one_plane = np.array([0.0, np.sqrt(np.prod([e[-1] for e in edges]))])
    error = mean_error(total[None], weight[None], [one_plane, *edges])
    return error.standard_error / (2 * _rms(mapped[valid]))


def against_chance(
    deviation: np.ndarray, null: np.ndarray, columns: float, far_pairs: float
) -> dict:
    """Return the rms relative to the null model's, what chance makes of it, z and p.

    `far_pairs` is the share of pairs of planes that lie farther apart than pores are long: pairs
    nearer than that make the null model, too, and so do not scatter the ratio.
    """
    valid = np.isfinite(deviation)
    ratio = _rms(fraction(deviation[valid], null[valid])) if valid.any() else np.nan
    scatter = np.sqrt(far_pairs / (2 * columns))
    expected = np.sqrt(max(1 - 2 * far_pairs / columns, 0.0))
    z = fraction(np.asarray(ratio - expected), scatter)
    return {
        "structure_factor_ratio": [ratio],
        "structure_factor_ratio_sampling_error": [ratio * scatter],
        "structure_factor_ratio_scatter": [scatter],
        "structure_factor_ratio_z": [z],
        "structure_factor_ratio_p": [erfc(abs(z) / np.sqrt(2))],
    }


def independent_columns(deviation: np.ndarray) -> float:
    """Return of how many independent columns the mean square of the map is the mean.

    Notes
    -----
    The power P of each wave of a Gaussian map is distributed exponentially about its expectation E,
    and opposite waves have the same; so the variance of Σ P is 2 Σ E². The mean square of M
    independent columns has the relative variance 2 / M. E is the mean of a wave and the eight
    around it, which on average has a square larger by 1 / 9. Columns that are not valid have no
    power, and no weight.

    Examples
    --------
    >>> white = np.random.default_rng(0).standard_normal((100, 100))
    >>> bool(abs(independent_columns(white) / 100**2 - 1) < 0.05)
    True
    """
    valid = np.isfinite(deviation)
    waves = np.abs(fft.fft2(np.where(valid, deviation, 0.0))) ** 2
    expected = uniform_filter(waves, _WAVES, mode="wrap")
    share = fraction((expected**2).sum() / (1 + 1 / _WAVES**2), waves.sum() ** 2)
    return float(fraction(valid.mean(), share))


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))
