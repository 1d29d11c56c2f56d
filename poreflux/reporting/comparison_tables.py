"""The tables of a comparison: all numbers, which pairs differ, what goes with what."""

from collections.abc import Iterator, Mapping, Sequence

import xarray as xr

from poreflux.reporting import comparison_data as data
from poreflux.reporting.figures import download
from poreflux.reporting.published import SOURCE, beside
from poreflux.reporting.published_structure import structure_beside
from poreflux.reporting.tables import Table
from poreflux.study.answer import chance, counts, main_target
from poreflux.study.findings import Comparison, Difference
from poreflux.study.quantities import Found
from poreflux.uncertainty.rounding import rounded, significant

#: quantities whose pairs are told one by one
_TOLD = ("porosity", "block_porosity_std", "tortuosity_factor z", "current_density_cv z")

Samples = Mapping[str, xr.Dataset]


def numbers(comparison: Comparison) -> Table:
    """Return the table of all values with their total errors: Table S1, and more."""
    rows = []
    for key, quantity in comparison.quantities.items():
        values = comparison.found[key]
        rows.append((quantity.name_in_table, *(_cell(values[name]) for name in comparison.samples)))
    caption = (
        "Values with their total errors, one standard deviation on each side: sampling, "
        "discretisation, segmentation and solver combined; of spreads and of the current the "
        "sampling error is that of a bootstrap of blocks. A dash was not measured."
    )
    file = download("numbers", data.values(comparison))
    return Table("numbers", "Numbers", ("", *comparison.samples), rows, caption, file)


def _cell(value: Found) -> str:
    if not value.is_known:
        return rounded(value.value)
    low, high = sorted((value.below, value.above))
    shown = rounded(value.value, high)
    if low >= 0.8 * high:
        return f"{shown} ±\u00a0{significant(high, 2)}"
    return f"{shown} −{rounded(value.below, high)} +{rounded(value.above, high)}"


def pairs(comparison: Comparison) -> Table:
    """Return the table of the differences of each pair of samples."""
    keys = [key for key in _TOLD if key in comparison.quantities]
    found = {(d.quantity, d.one, d.other): d for d in comparison.differences}
    couples = dict.fromkeys((d.one, d.other) for d in comparison.differences)
    rows = [
        (f"{one} − {other}", *(_difference(found.get((key, one, other))) for key in keys))
        for one, other in couples
    ]
    header = ("", *(comparison.quantities[key].name_in_table for key in keys))
    caption = (
        f"Differences with their {100 * comparison.level:.0f} % intervals from the total errors. "
        f"★ differs: the chance of it without a difference is below {1 - comparison.level:.2g} "
        "after Holm's correction for all pairs."
    )
    file = download("differences", data.differences(comparison))
    return Table("pairs", "Each pair", header, rows, caption, file)


def _difference(row: Difference | None) -> str:
    if row is None:
        return "–"
    size = (row.high - row.low) / 4
    ends = " to ".join(_signed(rounded(end, size)) for end in (row.low, row.high))
    return f"{_signed(rounded(row.difference, size))} ({ends}){' ★' if row.differs else ''}"


def _signed(number: str) -> str:
    """Return a number with the sign of subtraction."""
    return number.replace("-", "−")


def orders(comparison: Comparison) -> Table:
    """Return the table of the orders with their probabilities."""
    rows = []
    for key, quantity in comparison.quantities.items():
        order = comparison.orders[key]
        if not order.samples:
            continue
        top = max(order.first, key=lambda name: order.first[name])
        rows.append(
            (
                quantity.name_in_table, " > ".join(order.samples),
                f"{100 * order.probability:.0f}\u00a0%",
                f"{top}, {100 * order.first[top]:.0f}\u00a0%",
            )
        )  # fmt: skip
    caption = "The order that is most likely, given all errors, how likely it is, and the largest."
    header = ("", "most likely order", "its probability", "largest, probability")
    file = download("orders", data.orders(comparison))
    return Table("orders", "In which order they stand", header, rows, caption, file)


def correlations(comparison: Comparison) -> Iterator[Table]:
    """Yield a table of rank correlations for each target, the main one first."""
    main = main_target(comparison)
    for target in sorted(comparison.targets, key=lambda key: key != main):
        found = [c for c in comparison.correlations if c.target == target]
        if not found:
            continue
        found.sort(key=lambda row: -abs(row.correlation))
        unequal = len({c.count for c in found}) > 1
        rows = [
            (
                comparison.quantities[c.quantity].name_in_table, _signed(f"{c.correlation:+.2f}"),
                _signed(f"{c.low:+.2f} to {c.high:+.2f}"), chance(c.p), chance(c.p_corrected),
                *([str(c.count)] if unequal else ()),
            )
            for c in found
        ]  # fmt: skip
        title = comparison.targets[target]
        caption = (
            f"Spearman's rank correlation with {title} of n = {counts(found)} samples, its "
            "interval by the errors of both, its exact chance where there is none, and that "
            f"corrected by Holm for {len(found)} quantities."
        )
        header = (
            "",
            "correlation",
            "by the errors",
            "chance",
            "corrected",
            *(["n"] if unequal else ()),
        )
        name = f"correlation-{target.replace(' ', '-')}"
        file = download(name, data.correlations(comparison, target))
        yield Table(name, f"With {title}", header, rows, caption, file)


def published(samples: Samples, comparison: Comparison) -> Sequence[Table]:
    """Return the table of the paper's numbers beside ours, none where no sample is of them."""
    rows = [
        (row.what, row.paper, row.ours, row.deviation, row.reason)
        for row in (*beside(samples, comparison), *structure_beside(samples, comparison))
    ]
    if not rows:
        return []
    caption = f"{SOURCE}: numbers of its text. Samples are matched by their powder and pressure."
    header = ("", "paper", "here", "deviation", "reason, where it is known")
    file = download("published", data.text_of(("quantity", *header[1:]), rows))
    return [Table("published", "The paper's numbers beside these", header, rows, caption, file)]
