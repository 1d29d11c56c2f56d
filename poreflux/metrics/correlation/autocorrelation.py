"""From counts of pairs to the autocorrelation along a direction and its integral length.

Small arrays in, numbers out; lengths in voxels.
"""

import numpy as np

from poreflux.metrics.density.counting import fraction

#: standard deviations up to which persistent correlation is chance, and from which on it is none
_CHANCE, _NO_CHANCE = 2.0, 4.0


def autocorrelation(pairs: np.ndarray, planes: np.ndarray, area: int, mean: float) -> np.ndarray:
    """Return ρ(k) = C(k) / C(0) of the deviation from the mean at lags k = 0, 1, ...

    Parameters
    ----------
    pairs
        counts of pairs (set, set, lag): of pore voxels, and where there is a mask also of valid
        ones, as :mod:`poreflux.metrics.correlation.pairs` makes them.
    planes
        number of pore voxels in each plane.
    area
        number of voxels in a plane.
    mean
        porosity ε of all valid voxels.

    Returns
    -------
    ρ, 0 where no pair has that lag or the volume is of one phase.

    Notes
    -----
    C(k) = <(I(z) - ε) (I(z + k) - ε)> over all pairs of valid voxels k planes apart;
    C(0) = ε (1 - ε).

    Examples
    --------
    >>> pairs = np.array([[[0, 0, 1]]])  # planes 1 0 1 0 of one voxel: one pair, at lag 2
    >>> autocorrelation(pairs, np.array([1, 0, 1, 0]), 1, 0.5)
    array([ 1., -1.,  1.])
    """
    lags = np.arange(1, pairs.shape[-1])
    if len(pairs) == 1:
        below = np.concatenate(([0], np.cumsum(planes)))
        number = (planes.size - lags) * area
        end_sums = below[planes.size - lags] + (below[-1] - below[lags])
    else:
        number, end_sums = pairs[1, 1, 1:], pairs[0, 1, 1:] + pairs[1, 0, 1:]
    products = pairs[0, 0, 1:] - mean * end_sums + mean**2 * number
    covariance = np.concatenate(([mean * (1 - mean)], fraction(products, number)))
    return np.nan_to_num(fraction(covariance, covariance[0]))


def pore_part(rho: np.ndarray, noise: float = 0.0) -> np.ndarray:
    """Return the part of ρ that is of pores, not of columns, up to its first zero.

    Correlation that persists in the farther half of the lags is of columns of different mean
    porosity. `noise` is its standard deviation by chance: none is subtracted below twice that, all
    beyond four times, and a growing part between, so that no sample lies on either side of a step.

    Examples
    --------
    >>> pore_part(np.array([1.0, 0.6, 0.2, -0.1, 0.0, 0.0, 0.0]))
    array([0.6, 0.2])
    >>> [pore_part(np.array([1.0, 0.6, 0.1, 0.1, 0.1]), noise).round(2).tolist()
    ...  for noise in (0.05, 0.1 / 3, 0.02)]
    [[0.6, 0.1, 0.1, 0.1], [0.55, 0.05, 0.05, 0.05], [0.5]]
    >>> pore_part(np.ones(9))
    array([], dtype=float64)
    """
    far = _far(rho)
    persistent = max(float(far.mean()), 0.0) if far.size else 0.0
    sure = 1.0
    if noise:
        sure = min(max((persistent / noise - _CHANCE) / (_NO_CHANCE - _CHANCE), 0.0), 1.0)
    pores = rho[1:] - sure * persistent
    zeros = np.flatnonzero(pores <= 0)
    return pores[: zeros[0]] if zeros.size else pores


def far_noise(rho: np.ndarray, planes: int, columns: float) -> float:
    """Return the standard deviation of the mean of ρ over its farther lags, if nothing persists.

    Parameters
    ----------
    rho
        the autocorrelation at lags 0, 1, ...
    planes
        along the direction.
    columns
        of how many independent columns it is the mean.

    Notes
    -----
    Of N planes of integral length l, the mean over all N² pairs is l / N ± sqrt(2 / columns) of it,
    and the mean over fewer pairs scatters by the root of their share more.

    Examples
    --------
    >>> float(far_noise(np.array([1.0, 0.0, 0.0, 0.0, 0.0]), 8, 200.0).round(4))
    0.0236
    """
    n = np.ones(planes)
    lags = np.arange(rho.size)
    share = 2 * _far(planes - lags).sum() / planes**2
    if not share:
        return 0.0
    return np.sqrt(2 / (columns * share)) / independent_planes(pore_part(rho), n)


def _far(values: np.ndarray) -> np.ndarray:
    """Return the values at the farther half of the lags."""
    return values[values.size // 2 + 1 :]


def integral_length(pores: np.ndarray) -> float:
    """Return 1 + 2 Σ ρ(k) of the pore part of ρ at lags 1, 2, ...

    Examples
    --------
    >>> integral_length(np.array([0.5, 0.25]))
    2.5
    """
    return float(1 + 2 * pores.sum())


def independent_planes(pores: np.ndarray, weights: np.ndarray) -> float:
    """Return how many independent planes have the variance of the weighted mean of all planes.

    At least one: in the few voxels of a small mask the measured ρ can exceed 1.

    Parameters
    ----------
    pores
        the pore part of ρ at lags 1, 2, ...
    weights
        of each plane.

    Examples
    --------
    >>> independent_planes(np.array([]), np.ones(4))
    4.0
    >>> independent_planes(np.array([1.2]), np.ones(2))
    1.0
    """
    weights = weights / weights.sum()
    lagged = [np.dot(weights[k:], weights[:-k]) for k in range(1, pores.size + 1)]
    return float(max(1.0, 1 / (np.dot(weights, weights) + 2 * np.dot(pores, lagged))))
