"""Probabilities of several tests, corrected for their number."""

import numpy as np


def holm(p: np.ndarray) -> np.ndarray:
    """Return probabilities that hold for a whole family of tests, by Holm's steps.

    Parameters
    ----------
    p
        of each test; NaN is no test.

    Returns
    -------
    corrected ones: the chance that any test whose corrected p is below a level is wrong is at most
    that level, however the tests depend on each other.

    References
    ----------
    S. Holm, Scand. J. Statist. 6, 65 (1979).

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p, dtype=float)
    corrected = np.full(p.shape, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected
