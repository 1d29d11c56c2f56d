"""The answer of a comparison in three sentences, each made of numbers and none of opinion."""

import math
from collections.abc import Sequence

from poreflux.statistics.rank_correlation import least_correlation, power
from poreflux.study.findings import Comparison, Correlation
from poreflux.study.quantities import AMOUNT, ARRANGEMENT
from poreflux.uncertainty.rounding import rounded, significant

#: a strong correlation, whose chance to be found is told
_STRONG = 0.8


def answer(comparison: Comparison) -> tuple[str, str, str]:
    """Return which samples differ, what goes with it, and how little so few samples show.

    Examples
    --------
    >>> import xarray as xr
    >>> from poreflux.study.compare import compare
    >>> samples = {
    ...     name: xr.Dataset({"porosity": p, "porosity_sampling_error": 0.01})
    ...     for name, p in (("a", 0.1), ("b", 0.2))
    ... }
    >>> answer(compare(samples))[0]
    'Of 2 samples b has the largest porosity, 0.200, with a probability of 100 %; 1 of 1 pairs \
differ by more than their total errors allow.'
    """
    key = main_target(comparison)
    return _first(comparison, key), _second(comparison, key), _third(comparison, key)


def main_target(comparison: Comparison) -> str:
    """Return the key of what is asked for: the unevenness of the current, or what there is."""
    wanted = [k for k, q in comparison.quantities.items() if q.name == "current_density_cv"]
    return (*wanted, *comparison.targets, *comparison.quantities)[0]


def differing(comparison: Comparison, key: str) -> tuple[int, int]:
    """Return how many pairs of samples differ in a quantity, and how many there are."""
    pairs = [d for d in comparison.differences if d.quantity == key]
    return sum(d.differs for d in pairs), len(pairs)


def chance(p: float) -> str:
    """Return a probability of an error as text.

    Examples
    --------
    >>> chance(0.0123), chance(1e-9)
    ('p = 0.012', 'p < 0.0001')
    """
    return f"p = {significant(p, 2)}" if p >= 1e-4 else "p < 0.0001"


def counts(rows: Sequence[Correlation]) -> str:
    """Return of how many samples correlations are: ``"6"``, or ``"4 to 6"``."""
    low, high = min(c.count for c in rows), max(c.count for c in rows)
    return str(low) if low == high else f"{low} to {high}"


def _first(comparison: Comparison, key: str) -> str:
    count = len(comparison.samples)
    if key not in comparison.quantities:
        return f"{count} samples were compared in {_quantities(len(comparison.quantities))}."
    order, values = comparison.orders[key], comparison.found[key]
    title = comparison.quantities[key].title
    if not order.samples:
        return f"The errors of {title} are not known, so that {count} samples have no order in it."
    top = max(order.first, key=lambda name: order.first[name])
    value = values[top]
    found, pairs = differing(comparison, key)
    return (
        f"Of {count} samples {top} has the largest {title.removeprefix('the ')}, "
        f"{rounded(value.value, max(value.below, value.above))}, with a probability of "
        f"{100 * order.first[top]:.0f} %; {found} of {pairs} pairs differ by more than their "
        "total errors allow."
    )


def _second(comparison: Comparison, key: str) -> str:
    """Return what goes with the target: how much pore space, or how it is arranged."""
    rows = [c for c in comparison.correlations if c.target == key]
    title = comparison.targets.get(key, key)
    if not rows:
        return "There are too few samples for a rank correlation."
    groups = {name: q.group for name, q in comparison.quantities.items()}
    amount = next((c for c in rows if groups[c.quantity] == AMOUNT), None)
    arranged = [c for c in rows if groups[c.quantity] == ARRANGEMENT]
    parts = []
    if amount:
        parts.append(
            f"how much pore space a sample has {_orders(amount, comparison)} {title} "
            f"({_numbers(amount, comparison)})"
        )
    others = arranged or ([] if amount else rows)
    if others:
        best = max(others, key=lambda c: abs(c.correlation))
        parts.append(
            f"{_strongest(best, others, comparison)} {_orders(best, comparison)} "
            f"{'it' if amount else title} ({_numbers(best, comparison)})"
        )
    text = ", and ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _strongest(best: Correlation, rows: Sequence[Correlation], comparison: Comparison) -> str:
    """Return the words of a quantity, and of how many it is the strongest."""
    quantity = comparison.quantities[best.quantity]
    if len(rows) == 1:
        return quantity.title
    what = "measures of how it is arranged" if quantity.group == ARRANGEMENT else "quantities"
    return f"of {len(rows)} {what}, the strongest, {quantity.title},"


def _orders(row: Correlation, comparison: Comparison) -> str:
    if row.p_corrected < 1 - comparison.level:
        return "does order"
    return "is not shown to order"


def _numbers(row: Correlation, comparison: Comparison) -> str:
    number = sum(c.target == row.target for c in comparison.correlations)
    found, low, high = (
        f"{number:+.2f}".replace("-", "−") for number in (row.correlation, row.low, row.high)
    )
    some = f" of n = {row.count}" if row.count < len(comparison.samples) else ""
    return (
        f"rank correlation{some} {found}, by the errors {low} to {high}, "
        f"{chance(row.p_corrected)}, corrected for {_quantities(number)}"
    )


def _quantities(number: int) -> str:
    return "1 quantity" if number == 1 else f"{number} quantities"


def _third(comparison: Comparison, key: str) -> str:
    """Return how little so few samples can show."""
    rows = [c for c in comparison.correlations if c.target == key]
    if not rows:
        return f"{len(comparison.samples)} samples show differences, and no rule."
    count = max(c.count for c in rows)
    said = counts(rows)
    if said != str(count):
        said += f" (what follows is for {count})"
    tried, level = len(rows), 1 - comparison.level
    needed = least_correlation(count, level / tried)
    if not math.isfinite(needed):
        return (
            f"With n = {said} no order whatever could be told from chance after correction for "
            f"{_quantities(tried)}: more samples are needed for any rule."
        )
    share = f"{100 * power(count, _STRONG, level / tried):.0f} %"
    least = "a perfect order" if needed > 0.999 else f"a rank correlation of {needed:.2f} or more"
    return (
        f"With n = {said} and {_quantities(tried)} only {least} is told from chance, and a true "
        f"correlation of {_STRONG:g} would be found in {share} of "
        "such studies: what is not shown here is not excluded."
    )
