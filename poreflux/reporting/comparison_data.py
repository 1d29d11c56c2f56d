"""What stands behind the tables and figures of a comparison, as rows to download.

Each table is tidy: one number a row, with its sample, its unit and its errors.
"""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence

import xarray as xr

from poreflux.reporting.figures import csv as grid_csv
from poreflux.schema import VARIABLES
from poreflux.study.findings import Comparison
from poreflux.uncertainty.errors import errors_of, total, value_of

Samples = Mapping[str, xr.Dataset]


def text_of(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a table as CSV; numbers have 7 digits, what is not known is empty.

    Examples
    --------
    >>> text_of(("sample", "value"), [("a,b", 1 / 3), ("c", float("nan"))])
    b'sample,value\\n"a,b",0.3333333\\nc,\\n'
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return buffer.getvalue().encode()


def _cell(value: object) -> object:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.7g}"
    return value


def values(comparison: Comparison, keys: Sequence[str] | None = None) -> bytes:
    """Return quantities of each sample with their total errors, all of them by default."""
    rows = [
        (q.name, q.direction, _unit(q.name), sample, found.value, found.below, found.above)
        for key, q in comparison.quantities.items()
        if keys is None or key in keys
        for sample, found in comparison.found[key].items()
    ]
    header = ("quantity", "direction", "unit", "sample", "value", "error_below", "error_above")
    return text_of(header, rows)


def differences(comparison: Comparison) -> bytes:
    """Return the differences of all pairs, of every quantity."""
    rows = [
        (*_named(comparison, d.quantity), d.one, d.other, d.difference, d.low, d.high, d.p,
         str(d.differs).lower())
        for d in comparison.differences
    ]  # fmt: skip
    header = ("quantity", "direction", "unit", "sample", "other_sample", "difference", "low",
              "high", "p_corrected", "differs")  # fmt: skip
    return text_of(header, rows)


def orders(comparison: Comparison) -> bytes:
    """Return the place of each sample in the most likely order of each quantity."""
    rows = [
        (*_named(comparison, key)[:2], sample, place + 1, order.probability, order.first[sample])
        for key, order in comparison.orders.items()
        for place, sample in enumerate(order.samples)
    ]
    header = ("quantity", "direction", "sample", "place", "probability_of_the_order",
              "probability_to_be_the_largest")  # fmt: skip
    return text_of(header, rows)


def correlations(comparison: Comparison, target: str) -> bytes:
    """Return the rank correlation of every quantity with a target."""
    rows = [
        (*_named(comparison, c.quantity)[:2], c.target, c.count, c.correlation, c.low, c.high, c.p,
         c.p_corrected)
        for c in comparison.correlations
        if c.target == target
    ]  # fmt: skip
    header = ("quantity", "direction", "target", "samples", "rank_correlation", "low", "high", "p",
              "p_corrected")  # fmt: skip
    return text_of(header, rows)


def kinds(samples: Samples, quantities: Sequence[tuple[str, str]]) -> bytes:
    """Return each kind of error of quantities, and their total."""
    rows = []
    for name, direction in quantities:
        for sample, results in samples.items():
            value, known = value_of(results, name, direction), errors_of(results, name, direction)
            of_kinds = {error.kind: error for error in known} | {"total": total(known)}
            for kind, error in of_kinds.items():
                rows.append(
                    (name, direction, _unit(name), sample, value, kind, error.below, error.above)
                )
    header = ("quantity", "direction", "unit", "sample", "value", "kind", "error_below",
              "error_above")  # fmt: skip
    return text_of(header, rows)


def against(
    comparison: Comparison, key: str, title: str, measured: Mapping[str, tuple[float, float]]
) -> bytes:
    """Return what was measured of each sample beside one of its quantities."""
    rows = [
        (sample, found.value, found.below, found.above, *measured[sample])
        for sample, found in comparison.found[key].items()
        if sample in measured
    ]
    header = ("sample", key, "error_below", "error_above", title, "scatter")
    return text_of(header, rows)


def arrays(samples: Samples, *names: str) -> list[bytes]:
    """Return variables of all samples below each other, a table for each grid."""
    grids: dict[tuple, list[str]] = {}
    for name in names:
        grids.setdefault(next(iter(samples.values()))[name].dims, []).append(name)
    return [_below(samples, together) for together in grids.values()]


def _below(samples: Samples, names: Sequence[str]) -> bytes:
    """Return variables on one grid of all samples as one table."""
    header, rows = "", []
    for sample, results in samples.items():
        header, *lines = grid_csv([results[name] for name in names]).decode().splitlines()
        first = text_of((sample,), ()).decode().rstrip("\n")
        rows += [f"{first},{line}" for line in lines]
    return "\n".join([f"sample,{header}", *rows, ""]).encode()


def _named(comparison: Comparison, key: str) -> tuple[str, str, str]:
    quantity = comparison.quantities[key]
    return quantity.name, quantity.direction, _unit(quantity.name)


def _unit(name: str) -> str:
    return VARIABLES[name].units if name in VARIABLES else "1"
