"""Samples compared: which differ, in which order they stand, and what goes with what."""

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from scipy.special import ndtr, ndtri

from poreflux.results.joining import split_results
from poreflux.statistics.rank_correlation import chance_of, rank_correlation
from poreflux.statistics.several_tests import holm
from poreflux.study.findings import Comparison, Correlation, Difference, Order
from poreflux.study.quantities import (
    CURRENT,
    Found,
    Quantity,
    all_measured,
    found,
    measured_of,
    quantities_of,
)

#: fewest samples with a rank correlation, at all
_FEWEST = 3


def compare(
    results: xr.Dataset | Mapping[str, xr.Dataset],
    *,
    quantities: Sequence[str] = (),
    level: float = 0.95,
    draws: int = 4000,
    seed: int = 0,
) -> Comparison:
    """Compare samples: differences with intervals, orders with probabilities, rank correlations.

    Parameters
    ----------
    results
        of :func:`poreflux.join_results`, or the Results of each sample by its name.
    quantities
        names of those that are compared; by default all of a list.
    level
        of the intervals, and of what is called a difference.
    draws
        of all values by their errors.
    seed
        of the draws.

    Returns
    -------
    Comparison; nothing in it is random but by the seed.

    Raises
    ------
    ValueError
        if there are fewer than two samples, or nothing that two of them have.

    Notes
    -----
    The error of a value is its total: sampling, discretisation, segmentation and solver. Sampling
    errors that Results do not know are those of a bootstrap of blocks with their neighbours.
    Samples are independent; that the voxels move all of them the same way is left out, which makes
    intervals of differences too wide and not too narrow. The chance of a difference is that of a
    normal number, corrected for all pairs by Holm. Rank correlations are Spearman's, of quantities
    that have no direction or that of the current; their chance is that of all orders of the
    samples, corrected for all quantities by Holm.

    Examples
    --------
    >>> low, high = (
    ...     xr.Dataset({"porosity": p, "porosity_sampling_error": 0.01}) for p in (0.1, 0.2)
    ... )
    >>> comparison = compare({"low": low, "high": high})
    >>> comparison.differences[0].differs, comparison.orders["porosity"].samples
    (True, ('high', 'low'))
    """
    samples = dict(results) if isinstance(results, Mapping) and not isinstance(
        results, xr.Dataset
    ) else split_results(results)  # fmt: skip
    if len(samples) < 2:
        raise ValueError(f"{len(samples)} sample is compared with nothing; give at least two")
    chosen = {q.key: q for q in quantities_of(list(samples.values()), quantities)}
    if not chosen:
        raise ValueError("no two samples have a quantity in common; measure or solve the same")
    rng = np.random.default_rng(seed)
    values = {
        key: {name: found(one, q, draws=draws, rng=rng) for name, one in samples.items()}
        for key, q in chosen.items()
    }
    targets = {key: q.title for key, q in chosen.items() if _is_target(q)}
    goals = {key: values[key] for key in targets}
    for name in dict.fromkeys(n for one in samples.values() for n in all_measured(one)):
        targets[name] = f"the measured {name.replace('_', ' ')}"
        goals[name] = _measured(samples, name, draws, rng)
    return Comparison(
        tuple(samples),
        chosen,
        values,
        [d for key in chosen for d in _differences(key, values[key], level)],
        {key: _order(key, values[key]) for key in chosen},
        [
            c
            for name, goal in goals.items()
            for c in _correlations(values, name, goal, chosen, level)
        ],
        targets,
        level,
    )


def _is_target(quantity: Quantity) -> bool:
    return quantity.group == CURRENT and quantity.name != "area_specific_resistance"


def _measured(
    samples: Mapping[str, xr.Dataset], name: str, draws: int, rng: np.random.Generator
) -> dict[str, Found]:
    """Return a measured quantity of each sample, with draws by its scatter."""
    return {
        sample: Found(value, scatter, scatter, value + scatter * rng.standard_normal(draws))
        for sample, (value, scatter) in zip(samples, measured_of(samples, name))
    }


def _differences(key: str, values: Mapping[str, Found], level: float) -> list[Difference]:
    """Return the difference of each pair of samples whose errors are known."""
    factor = float(ndtri((1 + level) / 2))
    known = [name for name, value in values.items() if value.is_known]
    rows = []
    for one, other in itertools.combinations(known, 2):
        a, b = values[one], values[other]
        difference = a.value - b.value
        below, above = math.hypot(a.below, b.above), math.hypot(a.above, b.below)
        error = below if difference > 0 else above  # towards no difference
        if error > 0:
            p = 2 * float(ndtr(-abs(difference) / error))
        else:
            p = 1.0 if difference == 0 else 0.0
        ends = difference - factor * below, difference + factor * above
        rows.append((one, other, difference, *ends, p))
    corrected = holm(np.array([row[-1] for row in rows]))
    return [
        Difference(key, *row[:-1], float(p), bool(p < 1 - level)) for row, p in zip(rows, corrected)
    ]


def _order(key: str, values: Mapping[str, Found]) -> Order:
    """Return the most likely order of the samples whose errors are known."""
    known = [name for name, value in values.items() if value.is_known]
    if not known:
        return Order(key, (), math.nan, {})
    draws = np.array([values[name].draws for name in known])
    ranked = np.argsort(-draws, axis=0, kind="stable").T
    orders, counts = np.unique(ranked, axis=0, return_counts=True)
    likeliest = orders[counts.argmax()]
    first = {name: float(np.mean(ranked[:, 0] == k)) for k, name in enumerate(known)}
    names = tuple(known[k] for k in likeliest)
    return Order(key, names, float(counts.max() / counts.sum()), first)


def _correlations(
    values: Mapping[str, Mapping[str, Found]],
    target: str,
    goal: Mapping[str, Found],
    quantities: Mapping[str, Quantity],
    level: float,
) -> list[Correlation]:
    """Return the rank correlation of every descriptor of the samples with a target."""
    rows: list[tuple[str, int, float, float, float]] = []
    chances = []
    across = next((q.direction for q in quantities.values() if _is_target(q)), "z")
    for key, quantity in quantities.items():
        if quantity.group == CURRENT or quantity.direction not in ("", across):
            continue
        both = [name for name in goal if math.isfinite(values[key][name].value + goal[name].value)]
        if len(both) < _FEWEST:
            continue
        one, other = ([v[name] for name in both] for v in (values[key], goal))
        drawn = rank_correlation(
            np.array([_drawn(value) for value in one]).T,
            np.array([_drawn(value) for value in other]).T,
        )
        low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
        pair = np.array([v.value for v in one]), np.array([v.value for v in other])
        rows.append((key, len(both), float(rank_correlation(*pair)), float(low), float(high)))
        chances.append(chance_of(*pair))
    corrected = holm(np.array(chances))
    return [
        Correlation(row[0], target, *row[1:], p, float(c))
        for row, p, c in zip(rows, chances, corrected)
    ]


def _drawn(value: Found) -> np.ndarray:
    """Return the draws of a value, the value itself where its error is not known."""
    return value.draws if value.is_known else np.full_like(value.draws, value.value)
