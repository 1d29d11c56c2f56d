"""How unevenly a current is spread over a face: numbers of one map, lengths in µm."""

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from poreflux.transport.electrode.correlation_length import Spacing, correlation_length

#: a face is hot where it carries more than so many times the mean
HOT = 1.5

#: mA/cm² above which dendrites are commonly feared; the share of the contact above it is given
HIGH_CURRENT = 2.0

PERCENTILES = (1, 5, 50, 95, 99)


def statistics(j: np.ndarray, spacing: Spacing, share: np.ndarray | None = None) -> dict:
    """Return the numbers of one map.

    Parameters
    ----------
    j
        current density (ny, nx) in mA/cm², positive in the sense of the applied current, NaN off
        contact.
    spacing
        edges of a face in µm.
    share
        part of each face that is in contact, by default all of it.

    Notes
    -----
    Faces weigh by their contact. CV is the standard deviation over the mean. Hot spots are groups
    of hot faces joined by edges or corners; their spacing is the mean distance from the middle of
    one to that of the nearest other.

    Examples
    --------
    >>> numbers = statistics(np.array([[1.0, 1.0], [4.0, np.nan]]), (1.0, 1.0))
    >>> numbers["current_density_mean"], numbers["hot_spot_count"]
    (2.0, 1)
    """
    contact = np.isfinite(j)
    density = j[contact].astype(float)
    weight = np.ones(density.size) if share is None else share[contact].astype(float)
    mean = float(np.average(density, weights=weight))
    return {
        "current_density_mean": mean,
        "current_density_cv": float(
            np.sqrt(np.average((density - mean) ** 2, weights=weight)) / mean
        ),
        "current_density_max": float(density.max()),
        **{
            f"current_density_p{rank:02d}": float(value)
            for rank, value in zip(PERCENTILES, percentiles(density, weight))
        },
        "current_density_gini": gini(density, weight),
        "high_current_fraction": float(np.average(density > HIGH_CURRENT, weights=weight)),
        "hot_spot_fraction": float(np.average(density > HOT * mean, weights=weight)),
        **hot_spots(j > HOT * mean, spacing),
        "current_correlation_length": correlation_length(j, spacing),
    }


def percentiles(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the percentiles of values, halfway through the weight of each where it lies.

    >>> percentiles(np.array([3.0, 1.0, 2.0]), np.ones(3)).round(3).tolist()
    [1.0, 1.0, 2.0, 3.0, 3.0]
    """
    order = np.argsort(values)
    ordered, weight = values[order], weight[order]
    rank = 100 * (np.cumsum(weight) - weight / 2) / weight.sum()
    return np.interp(PERCENTILES, rank, ordered)


def gini(values: np.ndarray, weight: np.ndarray) -> float:
    """Return the Gini coefficient: 0 where all carry alike, almost 1 where one carries all.

    >>> gini(np.array([1.0, 1.0]), np.ones(2)), gini(np.array([0.0, 1.0]), np.ones(2))
    (0.0, 0.5)
    """
    order = np.argsort(values)
    weight = weight[order] / weight.sum()
    carried = np.cumsum(values[order] * weight)
    lorenz = carried / carried[-1]
    before = np.concatenate([[0.0], lorenz[:-1]])
    return float(1 - weight @ (lorenz + before))


def hot_spots(hot: np.ndarray, spacing: Spacing) -> dict[str, float]:
    """Return number, mean and largest area (µm²) and spacing (µm) of the groups of a mask."""
    label, count = ndimage.label(hot, np.ones((3, 3), int))
    areas = np.bincount(label.ravel())[1:] * float(np.prod(spacing))
    distance = np.nan
    if count > 1:
        middles = ndimage.center_of_mass(hot, label, np.arange(1, count + 1)) * np.array(spacing)
        distance = float(cKDTree(middles).query(middles, 2)[0][:, 1].mean())
    return {
        "hot_spot_count": int(count),
        "hot_spot_area": float(areas.mean()) if count else 0.0,
        "hot_spot_area_largest": float(areas.max()) if count else 0.0,
        "hot_spot_spacing": distance,
    }


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Return Pearson's correlation of two maps where both are finite; NaN where one is constant."""
    finite = np.isfinite(a) & np.isfinite(b)
    if finite.sum() < 2:
        return np.nan
    deviations = [values[finite] - values[finite].mean() for values in (a, b)]
    lengths = [float(np.linalg.norm(values)) for values in deviations]
    constant = [
        length <= 1e-10 * float(np.linalg.norm(values[finite]))
        for length, values in zip(lengths, (a, b))
    ]
    return np.nan if any(constant) else float(deviations[0] @ deviations[1] / np.prod(lengths))
