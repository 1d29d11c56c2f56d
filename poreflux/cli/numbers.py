"""Results as lines of text and as a JSON document."""

from collections.abc import Collection
from typing import TYPE_CHECKING

import xarray as xr

if TYPE_CHECKING:
    from poreflux.uncertainty.errors import Error


def lines(
    results: xr.Dataset,
    *,
    only: Collection[str] | None = None,
    known: xr.Dataset | None = None,
) -> list[str]:
    """Return a table of the numbers, or of some of them, with units, total errors and their kinds.

    Parameters
    ----------
    results
        whose numbers are wanted.
    only
        names of them.
    known
        Results with all that is known of the sample, from which errors are taken; by default these.

    Examples
    --------
    >>> lines(xr.Dataset({"porosity": 0.25, "porosity_sampling_error": 0.012}))
    ['porosity  0.250 ± 0.012  (sampling)']
    >>> lines(xr.Dataset({"porosity": 0.25}))
    ['porosity  0.2500  error not known']
    """
    from poreflux.results.number_rows import DIAGNOSTICS, rows

    table = []
    for row in rows(results, known=known):
        if row.name in DIAGNOSTICS or (only and row.name not in only):
            continue
        along = f" along {row.direction}" if row.direction else ""
        shown = row.printed
        number = shown.with_unit(row.printed_unit)
        table.append(
            (row.quantity + along, number, f"({shown.kinds})" if shown.total else row.spread)
        )
    wide = [max((len(cells[i]) for cells in table), default=0) for i in (0, 1)]
    return [
        f"{name:<{wide[0]}}  {value:<{wide[1]}}  {spread}".rstrip() for name, value, spread in table
    ]


def document(results: xr.Dataset, *, known: xr.Dataset | None = None) -> dict:
    """Return every scalar with its unit, total error and the errors by kind, all digits, by name.

    Parameters
    ----------
    results, known
        as for :func:`lines`.

    Examples
    --------
    >>> document(xr.Dataset({"porosity": 0.25, "porosity_sampling_error": 0.012}))["porosity"]
    ... # doctest: +NORMALIZE_WHITESPACE
    {'long_name': 'porosity', 'units': '1', 'value': 0.25,
     'uncertainty': {'value': 0.012, 'below': 0.012, 'above': 0.012},
     'uncertainties': [{'value': 0.012, 'below': 0.012, 'above': 0.012, 'kind': 'sampling'}]}
    """
    from poreflux.results.number_rows import rows
    from poreflux.uncertainty.errors import is_known

    numbers: dict = {}
    for row in rows(results, known=known):
        number: dict = {"value": row.value}
        if is_known(row.errors):
            number["uncertainty"] = _distances(row.total)
        number["uncertainties"] = [{**_distances(e), "kind": e.kind} for e in row.errors]
        entry = numbers.setdefault(
            row.name, {"long_name": row.quantity.removesuffix(f", {row.case}"), "units": row.unit}
        )
        if row.case:
            entry = entry.setdefault("case", {}).setdefault(row.case, {})
        if row.direction:
            entry.setdefault("direction", {})[row.direction] = number
        else:
            entry.update(number)
    return numbers


def _distances(error: "Error") -> dict[str, float]:
    return {"value": error.largest, "below": error.below, "above": error.above}
