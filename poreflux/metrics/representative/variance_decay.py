"""Variance decay: how the variance of sub-volumes falls with their size; the size to choose.

Small arrays in, small arrays out.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import chi2
from scipy.stats import t as student

from poreflux.statistics.mean_error import MeanError

#: relative errors for which the number of sub-volumes, and their size, is computed
RELATIVE_ERRORS = (0.01, 0.05, 0.10)

#: least number of sub-volumes for a variance that enters the fit
_ENOUGH = 4

#: sizes that are fitted at least, where there are so many
_FITTED = 3


def size_statistics(values: np.ndarray, independent: int | None = None) -> dict[str, float]:
    """Return count, mean, standard deviation and 95 % interval of the values of sub-volumes.

    Parameters
    ----------
    values
        of each sub-volume; those that are not finite do not count.
    independent
        how many of them do not overlap; all, by default.

    Examples
    --------
    >>> statistics = size_statistics(np.array([1.0, 2.0, 3.0]))
    >>> statistics["mean"], statistics["std"], round(statistics["ci95"], 2)
    (2.0, 1.0, 2.48)
    """
    finite = values[np.isfinite(values)]
    n = len(finite)
    single = min(n, independent or n)
    std = float(finite.std(ddof=1)) if n > 1 else math.nan
    half = student.ppf(0.975, single - 1) * std / math.sqrt(single) if single > 1 else math.nan
    mean = float(finite.mean()) if n else math.nan
    return {"count": n, "mean": mean, "std": std, "ci95": float(half)}


def counts_needed(mean: float, std: float) -> np.ndarray:
    """Return how many independent sub-volumes give the mean to each of :data:`RELATIVE_ERRORS`.

    Notes
    -----
    n = (2 σ / (ε m))², the interval of two standard errors [1]_.

    References
    ----------
    .. [1] T. Kanit et al., Int. J. Solids Struct. 40, 3647 (2003).

    Examples
    --------
    >>> counts_needed(0.1, 0.01)
    array([400.,  16.,   4.])
    """
    if not (math.isfinite(std) and mean):
        return np.full(len(RELATIVE_ERRORS), np.nan)
    return np.ceil(np.round([(2 * std / (e * mean)) ** 2 for e in RELATIVE_ERRORS], 9)).clip(1)


def fit_decay(
    volumes: Sequence[float] | np.ndarray, statistics: Sequence[Mapping[str, float]]
) -> dict[str, float]:
    """Fit σ² = c V^-α to the variance of sub-volumes of several sizes.

    The variance of sub-volumes not much larger than the pores decays more slowly: as long as χ² of
    the fit exceeds its 95 % limit, the smallest size is left out, down to three.

    Returns
    -------
    ``exponent`` α (1 where sub-volumes are independent of each other), its standard error
    ``exponent_error``, and the logarithm of c, ``logarithm``; NaN with less than two sizes.

    Examples
    --------
    >>> sizes = np.array([1.0, 8.0, 27.0])
    >>> statistics = [{"count": 50, "std": 0.1 / np.sqrt(v)} for v in sizes]
    >>> round(fit_decay(sizes, statistics)["exponent"], 6)
    1.0
    """
    rows = [
        (math.log(v), 2 * math.log(std), (e["count"] - 1) / 2)
        for v, e in zip(volumes, statistics)
        if e["count"] >= _ENOUGH and (std := e.get("spread", e["std"])) > 0
    ]
    if len(rows) < 2:
        return {"exponent": math.nan, "exponent_error": math.nan, "logarithm": math.nan}
    rows.sort()
    fit, misfit = _line(rows)
    while len(rows) > _FITTED and misfit > chi2.ppf(0.95, len(rows) - 2):
        rows = rows[1:]
        fit, misfit = _line(rows)
    return fit


def _line(rows: Sequence[tuple[float, float, float]]) -> tuple[dict[str, float], float]:
    """Return the line through (ln V, ln σ²) of such weights, and the sum of its squares."""
    x, y, w = np.array(rows).T  # the variance of ln σ² of n normal values is 2 / (n - 1)
    centre = np.average(x, weights=w)
    spread = (w * (x - centre) ** 2).sum()
    slope = (w * (x - centre) * y).sum() / spread
    level = np.average(y, weights=w) - slope * centre
    fit = {
        "exponent": float(-slope),
        "exponent_error": float(1 / math.sqrt(spread)),
        "logarithm": float(level),
    }
    return fit, float((w * (y - level - slope * x) ** 2).sum())


def with_common_part(
    statistics: Mapping[str, float], error: MeanError, covered: float
) -> dict[str, float]:
    """Return the statistics with what all sub-volumes of one volume have in common.

    Parameters
    ----------
    statistics
        of :func:`size_statistics`.
    error
        of the mean of the whole volume.
    covered
        volume of the sub-volumes.

    Returns
    -------
    with ``spread`` added, the standard deviation of sub-volumes of other samples, and ``ci95`` the
    half width of the interval that holds their mean.

    Notes
    -----
    About their own mean sub-volumes scatter less than about the true one: the variance of the mean,
    as that of a smaller volume larger than that of the whole, is added.
    """
    count, std = statistics["count"], statistics["std"]
    if not count:
        return {**statistics, "spread": math.nan, "ci95": math.nan}
    common = error.variance_volume / covered
    spread = math.sqrt(std**2 * (1 - 1 / count) + common) if count > 1 else math.nan
    half = error.half_width(0.95) * math.sqrt(error.volume / covered)
    return {**statistics, "spread": spread, "ci95": half}


def edges_needed(mean: float, error: MeanError, *, volume: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the edge of the one cube that has the mean to each of :data:`RELATIVE_ERRORS`.

    Parameters
    ----------
    mean
        of the sample.
    error
        of it.
    volume
        of the sample: a larger cube is beyond what it can tell, and is infinite.

    Returns
    -------
    edges, and their standard errors.

    Examples
    --------
    >>> from poreflux.statistics.mean_error import mean_error
    >>> values = np.random.default_rng(0).normal(1.0, 0.5, size=(24, 24, 24))
    >>> error = mean_error(values, np.ones_like(values), [np.arange(25.0)] * 3)
    >>> edges_needed(1.0, error, volume=24**3)[0].round(0)
    array([21.,  7.,  5.])
    """
    rows = [error.edge_for(wanted * mean / 2) for wanted in RELATIVE_ERRORS]
    edges, errors = np.array(rows).T
    beyond = edges > volume ** (1 / 3)
    return np.where(beyond, math.inf, edges), np.where(beyond, math.nan, errors)


def error_coordinates(edges: Sequence[float], dim: str = "edge") -> dict:
    """Return the coordinates of edges in µm, and of relative errors."""
    return {
        dim: (dim, list(edges), {"units": "um", "long_name": "edge of a cube"}),
        "accuracy": (
            "accuracy",
            list(RELATIVE_ERRORS),
            {"units": "1", "long_name": "relative error"},
        ),
    }
