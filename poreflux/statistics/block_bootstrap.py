"""Statistics of blocks that depend on their neighbours, drawn again and again."""

import math
from collections.abc import Callable

import numpy as np


def bootstrap(
    blocks: np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray],
    *,
    draws: int,
    rng: np.random.Generator,
    together: int = 2,
) -> np.ndarray:
    """Return a statistic of blocks that are drawn in groups of neighbours.

    Parameters
    ----------
    blocks
        values on a grid of any number of axes; NaN is left to the statistic.
    statistic
        of an array (draw, block).
    draws
        how many.
    rng
        random numbers.
    together
        blocks along each edge of a group: as far as they depend on each other.

    Returns
    -------
    one value a draw, widened about their mean for the few groups that there are.

    Notes
    -----
    Groups start anywhere and go on at the opposite side, so that each block is as likely as any
    other. Within a group the dependence of neighbours is kept. The variance of a mean of n groups
    comes out too small by (n - 1) / n, for which the deviations are widened.

    References
    ----------
    D. N. Politis, J. P. Romano, in: Exploring the Limits of Bootstrap (1992), 263.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> values = rng.normal(size=(8, 8, 8))
    >>> drawn = bootstrap(values, lambda b: b.mean(axis=1), draws=2000, rng=rng, together=1)
    >>> bool(0.9 < np.std(drawn) * 512**0.5 < 1.1)
    True
    """
    shape = blocks.shape
    edges = [min(together, max(1, n // 2)) for n in shape]
    groups = math.prod(max(1, round(n / edge)) for n, edge in zip(shape, edges))
    index = np.zeros((draws, groups, 1), dtype=np.intp)
    for n, edge in zip(shape, edges):
        start = rng.integers(0, n, (draws, groups, 1))
        along = (start[..., None] + np.arange(edge)) % n
        index = (index[..., None] * n + along).reshape(draws, groups, -1)
    values = blocks.ravel()[index.reshape(draws, -1)]
    found = np.asarray(statistic(values), dtype=float)
    middle = found.mean()
    return middle + (found - middle) * math.sqrt(groups / max(1, groups - 1))
