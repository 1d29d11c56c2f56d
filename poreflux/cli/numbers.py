"""Results as lines of text and as a JSON document."""

from collections.abc import Collection

import xarray as xr


def lines(results: xr.Dataset, *, only: Collection[str] | None = None) -> list[str]:
    """Return a table of the numbers, or of some of them, with units and uncertainties.

    Examples
    --------
    >>> lines(xr.Dataset({"porosity": 0.25}))
    ['porosity  0.2500']
    """
    from poreflux.reporting.number_rows import DIAGNOSTICS, rows

    table = []
    for row in rows(results):
        if row.name in DIAGNOSTICS or (only and row.name not in only):
            continue
        along = f" along {row.direction}" if row.direction else ""
        value = f"{row.text} {row.printed_unit}".strip()
        table.append((row.quantity + along, value, row.spread))
    wide = [max((len(cells[i]) for cells in table), default=0) for i in (0, 1)]
    return [
        f"{name:<{wide[0]}}  {value:<{wide[1]}}  {spread}".rstrip() for name, value, spread in table
    ]


def document(results: xr.Dataset) -> dict:
    """Return every scalar with its unit and uncertainties, by name.

    Examples
    --------
    >>> document(xr.Dataset({"porosity": 0.25}))["porosity"]["value"]
    0.25
    """
    from poreflux.reporting.number_rows import rows

    numbers: dict = {}
    for row in rows(results):
        number = {
            "value": row.value,
            "uncertainties": [{"value": u, "kind": kind} for u, kind in row.uncertainties],
        }
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
