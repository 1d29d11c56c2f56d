"""Results as one table: a row for each number, with its unit and its errors."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import xarray as xr

from poreflux.results.joining import split_results
from poreflux.results.number_rows import Row, rows
from poreflux.uncertainty.errors import KINDS, is_known
from poreflux.uncertainty.sampling import too_narrow

if TYPE_CHECKING:
    import pandas as pd

#: in the order in which the table has them
COLUMNS = ("name", "quantity", "direction", "case", "value", "unit", "error", "error_below",
           "error_above", "kinds", "printed", *(f"{kind}_error" for kind in KINDS),
           "note")  # fmt: skip


def results_table(results: xr.Dataset) -> "pd.DataFrame":
    """Return every number of Results as a table: one row a number, all digits kept.

    A column has the numbers as they are to be printed.

    Parameters
    ----------
    results
        of :func:`poreflux.collect` or :func:`poreflux.open_results`, or several samples of
        :func:`poreflux.join_results`.

    Returns
    -------
    pandas DataFrame with the columns `name` (of the variable), `quantity` (in words), `direction`
    and `case` (empty where there is none, such as ``"26 neighbours"``), `value`, `unit` (readable
    by pint), `error` (the total, its larger side), `error_below` and `error_above` (its two sides),
    `kinds` (of error that are known, such as ``"sampling, solver"``), `printed` (value, total and
    unit as text, to two digits of the total: for people and papers), and the larger side of each
    kind: `sampling_error`, `discretisation_error`, `segmentation_error`, `solver_error`; and
    `note`, which says of numbers with a sampling error that the sample is too narrow to be
    representative, and how large a one would do. Errors that are not known are NaN; where only the
    solver's is known, so is the total. Of several samples, `sample` is the first column.

    Examples
    --------
    >>> table = results_table(xr.Dataset({"porosity": 0.25, "porosity_sampling_error": 0.012}))
    >>> table[["name", "value", "unit", "error", "kinds", "printed"]]
           name  value unit  error     kinds        printed
    0  porosity   0.25    1  0.012  sampling  0.250 ± 0.012
    """
    import pandas as pd

    samples = split_results(results)
    found = []
    for name, sample in samples.items():
        narrow = too_narrow(sample)
        found += [{"sample": name, **_record(row, narrow)} for row in rows(sample)]
    columns = ["sample", *COLUMNS] if "sample" in results.variables else [*COLUMNS]
    return pd.DataFrame(found, columns=columns)


def _record(row: Row, narrow: str) -> Mapping[str, str | float]:
    total = row.total if is_known(row.errors) else None
    by_kind = {error.kind: error.largest for error in row.errors}
    return {
        "name": row.name,
        "quantity": row.quantity.removesuffix(f", {row.case}"),
        "direction": row.direction,
        "case": row.case,
        "value": row.value,
        "unit": row.unit,
        "error": total.largest if total else math.nan,
        "error_below": total.below if total else math.nan,
        "error_above": total.above if total else math.nan,
        "kinds": ", ".join(by_kind),
        "printed": row.printed.with_unit(row.printed_unit),
        **{f"{kind}_error": by_kind.get(kind, math.nan) for kind in KINDS},
        "note": narrow if "sampling" in by_kind else "",
    }
