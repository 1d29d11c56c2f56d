"""Thresholds from a histogram. A grey value up to and including a threshold is on its dark side."""

from collections.abc import Callable, Sequence

import numpy as np

from poreflux.segmentation.histogram import Histogram


def otsu(counted: Histogram) -> float:
    """Return the threshold that separates two classes best.

    Notes
    -----
    Maximises the variance between the classes, w1 w2 (m1 - m2)², with their shares and means.

    References
    ----------
    Otsu, IEEE Trans. Syst. Man Cybern. 9, 62 (1979).

    Examples
    --------
    >>> otsu(Histogram(np.arange(6), np.array([4, 5, 0, 0, 6, 2]), 0, 5))
    1.0
    """
    return multi_otsu(counted, 2)[0]


def multi_otsu(counted: Histogram, classes: int) -> list[float]:
    """Return the thresholds that separate several classes best.

    Notes
    -----
    Maximises Σ w_k m_k² exactly, class by class: the best end of a class moves up with the end of
    the next, so that each bisection of the ends bisects the search (n log n for n grey values).

    References
    ----------
    Liao, Chen & Chung, J. Inf. Sci. Eng. 17, 713 (2001), for the criterion.

    Raises
    ------
    ValueError
        if there are fewer grey values than classes.

    Examples
    --------
    >>> multi_otsu(Histogram(np.arange(6), np.array([4, 5, 0, 6, 0, 2]), 0, 5), 3)
    [1.0, 3.0]
    """
    present = np.flatnonzero(counted.counts)
    if present.size < classes:
        raise ValueError(
            f"the volume has {present.size} different grey values; {classes} phases need as many"
        )
    values = counted.values[present].astype(float)
    counts = counted.counts[present].astype(float)
    weight = np.concatenate(([0.0], np.cumsum(counts)))
    moment = np.concatenate(([0.0], np.cumsum(counts * (values - values.mean()))))

    def between(
        start: np.ndarray | int, stop: np.ndarray | int
    ) -> np.ndarray:  # w m² of the class start <= value < stop
        return (moment[stop] - moment[start]) ** 2 / (weight[stop] - weight[start])

    n = present.size
    best = np.full(n + 1, -np.inf)
    best[1:] = between(np.zeros(n, int), np.arange(1, n + 1))
    chosen = []
    for k in range(2, classes + 1):
        first = n if k == classes else k  # the last class ends with the last grey value
        best, start = _next_class(best, between, k, (first, n))
        chosen.append(start)
    cuts, stop = [], n
    for start in reversed(chosen):
        stop = start[stop]
        cuts.append(float(values[stop - 1]))
    return cuts[::-1]


def separability(counted: Histogram, thresholds: Sequence[float]) -> float:
    """Return the share of the variance of grey values that lies between the classes, 0 to 1.

    Examples
    --------
    >>> separability(Histogram(np.arange(2), np.array([5, 5]), 0, 1), [0])
    1.0
    """
    weight = counted.counts / counted.counts.sum()
    values = counted.values - np.dot(weight, counted.values)
    classes = np.searchsorted(thresholds, counted.values, side="left")
    share = np.bincount(classes, weight)
    moment = np.bincount(classes, weight * values)
    between = np.sum(moment[share > 0] ** 2 / share[share > 0])
    return float(between / np.dot(weight, values**2))


def class_means(counted: Histogram, threshold: float) -> tuple[float, float]:
    """Return the mean grey value on the dark and on the bright side of a threshold."""
    dark = counted.values <= threshold
    values, counts = counted.values, counted.counts
    return (
        float(np.average(values[dark], weights=counts[dark])),
        float(np.average(values[~dark], weights=counts[~dark])),
    )


def _next_class(
    best: np.ndarray, between: Callable, k: int, end_range: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return, for each of the ends, the best sum with one more class, and where it starts."""
    n = len(best) - 1
    total = np.full(n + 1, -np.inf)
    start = np.zeros(n + 1, int)
    todo = [(*end_range, k - 1, n - 1)]  # ends low..high, whose class starts in first..last
    while todo:
        low, high, first, last = todo.pop()
        if low > high:
            continue
        end = (low + high) // 2
        starts = np.arange(first, min(end - 1, last) + 1)
        sums = best[starts] + between(starts, end)
        pick = int(np.argmax(sums))
        total[end], start[end] = sums[pick], starts[pick]
        todo += [(low, end - 1, first, starts[pick]), (end + 1, high, starts[pick], last)]
    return total, start
