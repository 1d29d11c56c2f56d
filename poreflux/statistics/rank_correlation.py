"""Whether two quantities of few samples have the same order, and how much so few can show."""

import functools
import itertools
import math

import numpy as np
from scipy.stats import rankdata

#: samples up to which every order is tried, and orders that are drawn beyond
_EXACT, _DRAWN = 8, 20_000

#: cases that are drawn for the power
_CASES = 4_000


def rank_correlation(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return Spearman's correlation along the last axis; 0 where all ranks are equal.

    Examples
    --------
    >>> float(rank_correlation(np.array([1.0, 2.0, 9.0]), np.array([0.1, 0.3, 0.2])))
    0.5
    """
    a, b = _centred(rankdata(one, axis=-1)), _centred(rankdata(other, axis=-1))
    scale = np.sqrt((a**2).sum(-1) * (b**2).sum(-1))
    return np.divide((a * b).sum(-1), scale, out=np.zeros_like(scale), where=scale > 0)


def chance_of(one: np.ndarray, other: np.ndarray) -> float:
    """Return how likely a correlation at least as strong is where there is none, of either sign.

    Notes
    -----
    All orders of up to 8 samples are tried, so that this is exact, with equal values too; of more
    samples 20 000 orders are drawn, with the one that is there.

    Examples
    --------
    >>> round(24 * chance_of(np.arange(4.0), np.arange(4.0)))  # of 24 orders
    2
    """
    found = abs(float(rank_correlation(one, other)))
    orders = _orders(len(one))
    values = np.abs(rank_correlation(np.asarray(one)[None], np.asarray(other)[orders]))
    as_strong = np.count_nonzero(values >= found - 1e-9)
    if len(one) <= _EXACT:
        return float(as_strong / len(orders))
    return float((as_strong + 1) / (len(orders) + 1))


def least_chance(count: int) -> float:
    """Return the chance of a perfect order of so many samples, of either sign.

    Examples
    --------
    >>> round(least_chance(6), 5)
    0.00278
    """
    return min(1.0, 2 / math.factorial(count))


@functools.lru_cache(maxsize=64)
def power(count: int, correlation: float, level: float) -> float:
    """Return how often a true correlation of normal numbers is found at a level, in few samples.

    Examples
    --------
    >>> 0.3 < power(6, 0.9, 0.05) < 0.8
    True
    """
    needed = least_correlation(count, level)
    if needed > 1:
        return 0.0
    rng = np.random.default_rng(0)
    one = rng.standard_normal((_CASES, count))
    other = correlation * one + math.sqrt(1 - correlation**2) * rng.standard_normal(one.shape)
    return float(np.mean(np.abs(rank_correlation(one, other)) >= needed - 1e-9))


@functools.lru_cache(maxsize=64)
def least_correlation(count: int, level: float) -> float:
    """Return the least |correlation| of so many samples that is told from none at a level.

    It is infinite where so few samples can show nothing at this level.

    Examples
    --------
    >>> round(least_correlation(6, 0.05), 3), least_correlation(4, 0.05)
    (0.886, inf)
    """
    base = np.arange(count, dtype=float)
    values = np.abs(rank_correlation(base[None], base[_orders(count)]))
    strengths, counts = np.unique(np.round(values, 9), return_counts=True)
    chances = counts[::-1].cumsum()[::-1] / len(values)
    enough = strengths[chances <= level + 1e-12]
    return float(enough[0]) if enough.size else math.inf


@functools.lru_cache(maxsize=8)
def _orders(count: int) -> np.ndarray:
    """Return all orders of few samples, or some of many."""
    if count <= _EXACT:
        return np.array(list(itertools.permutations(range(count))))
    return np.random.default_rng(0).permuted(np.tile(np.arange(count), (_DRAWN, 1)), axis=1)


def _centred(ranks: np.ndarray) -> np.ndarray:
    return ranks - ranks.mean(-1, keepdims=True)
