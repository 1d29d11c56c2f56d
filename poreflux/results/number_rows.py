"""Results become rows of a table: value, unit, total error and its kinds."""

import math
from dataclasses import dataclass

import numpy as np
import xarray as xr

from poreflux.schema import RENAMED, VARIABLES
from poreflux.schema.groups import in_order
from poreflux.schema.units import printed_unit
from poreflux.uncertainty.errors import Error, errors_of, is_error, total
from poreflux.uncertainty.rounding import Printed, printed

#: the most important numbers, in this order; other scalars follow, diagnostics come last
FIRST = (
    "porosity",
    "conducting_fraction",
    "tortuosity_factor",
    "effective_conductivity",
    "macmullin_number",
    "percolating_fraction",
    "structure_factor_rms",
    "structure_factor_ratio",
    "current_density_mean",
    "current_density_cv",
    "current_density_p99",
    "current_density_max",
    "hot_spot_fraction",
    "contact_fraction",
    "area_specific_resistance",
    "wagner_length",
)
#: those that stand above all
KEY = ("porosity", "tortuosity_factor", "current_density_cv", "area_specific_resistance")
DIAGNOSTICS = (
    "flux_imbalance", "residual", "relative_error", "iterations", "current_mismatch",
    "current_flux_imbalance", "current_residual", "current_iterations", "newton_steps",
)  # fmt: skip

#: numbers of which is said that their error is not known; of others silence says it
MATTER = {
    *FIRST[: FIRST.index("current_density_mean")],
    "tortuosity_factor_percolating",
    "current_density_cv",
    "current_density_max",
    "current_density_p99",
    "area_specific_resistance",
    "area_specific_resistance_bulk",
    "area_specific_resistance_constriction",
    "specific_surface",
    "local_thickness_mean",
    "chord_length_mean",
    "pore_diameter_mean",
    "pore_diameter_by_volume_mean",
    "representative_edge",
}

NOT_KNOWN = "error not known"


@dataclass(frozen=True)
class Row:
    """One number with its errors, at most one of each kind.

    `case` tells variants of a quantity apart, like ``"26 neighbours"``.
    """

    name: str
    quantity: str
    direction: str
    value: float
    unit: str
    errors: tuple[Error, ...] = ()
    case: str = ""

    @property
    def printed(self) -> Printed:
        """Return the number, its total error and the kinds of it as text."""
        if self.name == "representative_edge" and math.isinf(self.value):
            return Printed("beyond this sample")
        return printed(self.value, self.errors)

    @property
    def text(self) -> str:
        """Return the value, rounded to what its total error allows."""
        return self.printed.value

    @property
    def printed_unit(self) -> str:
        """Return the unit as it is printed: nothing for pure and for infinite numbers."""
        return "" if math.isinf(self.value) else printed_unit(self.unit)

    @property
    def spread(self) -> str:
        """Return the total error and its kinds: ``"± 0.015 (sampling 0.014, solver 1e-6)"``."""
        return self.printed.error or self._silence

    @property
    def total(self) -> Error:
        """Return the errors combined."""
        return total(self.errors)

    @property
    def _silence(self) -> str:
        matters = self.name in MATTER and math.isfinite(self.value)
        return NOT_KNOWN if matters and not isinstance(self.value, int) else ""


def rows(results: xr.Dataset, *, known: xr.Dataset | None = None) -> list[Row]:
    """Return every scalar of the Results, and each direction of those that have directions.

    Parameters
    ----------
    results
        whose numbers are wanted; errors of others are no rows.
    known
        Results with all that is known of the sample, from which errors are taken; by default these.

    Examples
    --------
    >>> results = xr.Dataset({"porosity": 0.25}).assign(residual=("direction", [1e-7]))
    >>> [row.quantity for row in rows(results.assign_coords(direction=["z"]))]
    ['porosity', 'relative residual of the linear solve']
    """
    number_rows = []
    known = results if known is None else known
    for name in _ranked(results):
        array = results[name]
        if array.dtype.kind not in "fiu" or not set(array.dims) <= set(_CASES):
            continue
        if is_error(results, name) or RENAMED.get(name) in results:
            continue
        for index in np.ndindex(array.shape):
            position = {dim: array[dim].values[i] if dim in array.coords else i
                     for dim, i in zip(map(str, array.dims), index)}  # fmt: skip
            value = float(array.values[index])
            if not math.isnan(value):
                number_rows.append(_row(results, known, name, position, value))
    return number_rows


#: dims that a row can be along, and the text of its case
_CASES = {
    "direction": lambda value: "",
    "neighbours": lambda value: f"{value} neighbours",
    "mode": lambda value: f"number {value + 1}",
    "accuracy": lambda value: f"to {100 * value:g} %",
}


def _row(results: xr.Dataset, known: xr.Dataset, name: str, where: dict, value: float) -> Row:
    attrs = results[name].attrs
    registered = VARIABLES.get(name)
    quantity = attrs.get("long_name") or (
        registered.long_name if registered else name.replace("_", " ")
    )
    unit = attrs.get("units") or (registered.units if registered else "1")
    if results[name].dtype.kind in "iu":
        value = int(value)
    direction = str(where.get("direction", ""))
    case = ", ".join(filter(None, (_CASES[dim](at) for dim, at in where.items())))
    others = {dim: label for dim, label in where.items() if dim != "direction"}
    errors = errors_of(known, name, direction, at=others)
    quantity = f"{quantity}, {case}" if case else quantity
    return Row(name, quantity, direction, value, unit, errors, case)


def _ranked(results: xr.Dataset) -> list[str]:
    """Return the names of variables: the most important first, diagnostics last."""
    names = in_order(map(str, results.data_vars))
    first = [name for name in FIRST if name in names]
    last = [name for name in DIAGNOSTICS if name in names]
    return [*first, *(name for name in names if name not in {*first, *last}), *last]
