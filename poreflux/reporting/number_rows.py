"""Results become rows of a table: value, unit, uncertainty and its kind."""

import math
from dataclasses import dataclass

import numpy as np
import xarray as xr

from poreflux.schema import VARIABLES
from poreflux.schema.units import printed_unit

#: the most important numbers, in this order; other scalars follow, diagnostics come last
FIRST = (
    "porosity",
    "conducting_fraction",
    "tortuosity_factor",
    "effective_conductivity",
    "macmullin_number",
    "percolating_fraction",
    "structure_factor_rms",
    "structure_factor_z_score",
)
DIAGNOSTICS = (
    "flux_imbalance", "residual", "relative_error", "iterations", "current_mismatch",
    "current_flux_imbalance", "current_residual", "current_iterations", "newton_steps",
)  # fmt: skip

SOLVER, SAMPLING, SEGMENTATION = "solver", "sampling", "segmentation"


@dataclass(frozen=True)
class Row:
    """One number: `uncertainties` are pairs of (one standard deviation or half width, its kind).

    `case` tells variants of a quantity apart, like ``"26 neighbours"``.
    """

    name: str
    quantity: str
    direction: str
    value: float
    unit: str
    uncertainties: tuple[tuple[float, str], ...] = ()
    case: str = ""

    @property
    def text(self) -> str:
        """Return the value, rounded to what its largest uncertainty allows."""
        return rounded(self.value, max((u for u, _ in self.uncertainties), default=math.nan))

    @property
    def printed_unit(self) -> str:
        """Return the unit as it is printed: nothing for pure numbers."""
        return printed_unit(self.unit)

    @property
    def spread(self) -> str:
        """Return the uncertainties with their kinds: ``"± 0.0012 sampling, ± 3e-06 solver"``."""
        finite = [(u, kind) for u, kind in self.uncertainties if math.isfinite(u)]
        return ", ".join(f"± {significant(u, 2)} {kind}" for u, kind in finite)


def rows(results: xr.Dataset) -> list[Row]:
    """Return every scalar of the Results, and each direction of those that have directions.

    Examples
    --------
    >>> results = xr.Dataset({"porosity": 0.25}).assign(residual=("direction", [1e-7]))
    >>> [row.quantity for row in rows(results.assign_coords(direction=["z"]))]
    ['porosity', 'relative residual of the linear solve']
    """
    number_rows = []
    for name in sorted(map(str, results.data_vars), key=_rank):
        array = results[name]
        if array.dtype.kind not in "fiu" or not set(array.dims) <= set(_CASES):
            continue
        for index in np.ndindex(array.shape):
            position = {dim: array[dim].values[i] if dim in array.coords else i
                     for dim, i in zip(map(str, array.dims), index)}  # fmt: skip
            value = float(array.values[index])
            if not math.isnan(value):
                number_rows.append(_row(results, name, position, value))
    return number_rows


#: dims that a row can be along, and the text of its case
_CASES = {
    "direction": lambda value: "",
    "neighbours": lambda value: f"{value} neighbours",
    "mode": lambda value: f"number {value + 1}",
    "accuracy": lambda value: f"to {100 * value:g} %",
}


def uncertainties(results: xr.Dataset, name: str, direction: str = "") -> tuple:
    """Return the known uncertainties of a number, each with its kind."""
    if name == "porosity":
        return (*_sampling(results.get("block_porosity")), *_segmentation(results))
    if name in ("tortuosity_factor", "effective_conductivity", "macmullin_number"):
        solver = _solver(results, name, direction)
        if name != "tortuosity_factor" or "block_tortuosity_factor" not in results:
            return solver
        blocks = results["block_tortuosity_factor"]
        if direction in blocks["direction"].values:
            return (*_sampling(blocks.sel(direction=direction)), *solver)
        return solver
    return ()


def rounded(value: float, uncertainty: float = math.nan) -> str:
    """Return a value with as many digits as two digits of its uncertainty, or four in all.

    Examples
    --------
    >>> rounded(0.171856, 0.0049), rounded(1.23456), rounded(math.inf), rounded(12345.6, 320.0)
    ('0.1719', '1.235', '∞', '12350')
    """
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if not (math.isfinite(uncertainty) and uncertainty > 0):
        return significant(value, 4)
    digits = 1 - math.floor(math.log10(uncertainty))
    if digits > 6:
        return significant(value, 7)
    shown = round(value, digits)
    return f"{shown:.{max(digits, 0)}f}"


def significant(value: float, digits: int) -> str:
    """Return a number with so many significant digits, whole numbers whole.

    Examples
    --------
    >>> significant(0.00123456, 2), significant(4.0, 4), significant(3.2e-7, 2), significant(12, 4)
    ('0.0012', '4.000', '3.2e-07', '12')
    """
    if value == 0 or isinstance(value, int):
        return f"{value:.0f}"
    if not 1e-4 <= abs(value) < 10.0**6:
        return f"{value:.{digits - 1}e}"
    return f"{value:.{max(digits - 1 - math.floor(math.log10(abs(value))), 0)}f}"


def otsu_classes(results: xr.Dataset) -> tuple[np.ndarray, np.ndarray, float] | None:
    """Return grey values, their shares and the threshold, where one threshold made the phases."""
    if "gray_histogram" not in results or "threshold" not in results:
        return None
    thresholds = np.atleast_1d(results["threshold"].values).astype(float)
    counts = results["gray_histogram"].values.astype(float)
    if thresholds.size != 1 or not counts.sum():
        return None
    return results["gray_value"].values.astype(float), counts / counts.sum(), thresholds[0]


def _row(results: xr.Dataset, name: str, where: dict, value: float) -> Row:
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
    errors = uncertainties(results, name, direction) if math.isfinite(value) else ()
    quantity = f"{quantity}, {case}" if case else quantity
    return Row(name, quantity, direction, value, unit, errors, case)


def _rank(name: str) -> tuple[int, int]:
    if name in DIAGNOSTICS:
        return 2, DIAGNOSTICS.index(name)
    order = list(VARIABLES)
    return (
        (0, FIRST.index(name))
        if name in FIRST
        else (1, order.index(name) if name in order else 999)
    )


def _sampling(blocks: xr.DataArray | None) -> tuple:
    """Return the standard error of the mean over sub-volumes."""
    if blocks is None:
        return ()
    values = blocks.values[np.isfinite(blocks.values)]
    if values.size < 4:
        return ()
    return ((float(values.std(ddof=1) / math.sqrt(values.size)), SAMPLING),)


def _segmentation(results: xr.Dataset) -> tuple:
    """Return half the band of porosities, or half their change by ± 5 % of the contrast."""
    if {"porosity_low", "porosity_high"} <= set(results.data_vars):
        return ((float(results["porosity_high"] - results["porosity_low"]) / 2, SEGMENTATION),)
    classes = otsu_classes(results)
    if classes is None:
        return ()
    values, share, threshold = classes
    below = values <= threshold
    if not share[below].sum() or not share[~below].sum():
        return ()
    contrast = np.average(values[~below], weights=share[~below]) - np.average(
        values[below], weights=share[below]
    )
    cumulative = np.cumsum(share)
    low, high = np.interp(threshold + np.array([-0.05, 0.05]) * contrast, values, cumulative)
    return ((float(high - low) / 2, SEGMENTATION),)


def _solver(results: xr.Dataset, name: str, direction: str) -> tuple:
    if "relative_error" not in results:
        return ()
    relative = float(results["relative_error"].sel(direction=direction))
    value = float(results[name].sel(direction=direction))
    return ((abs(relative * value), SOLVER),) if math.isfinite(relative * value) else ()
