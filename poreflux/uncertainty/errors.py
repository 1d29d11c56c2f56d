"""The errors of a number: which are known, of which kind, and how they combine to a total."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import xarray as xr

from poreflux.schema import current_name

SAMPLING, DISCRETISATION = "sampling", "discretisation"
SEGMENTATION, SOLVER = "segmentation", "solver"

#: in the order in which they are told
KINDS = (SAMPLING, DISCRETISATION, SEGMENTATION, SOLVER)

#: errors with names of their own
_NAMED = {
    ("porosity", SEGMENTATION, "low"): "porosity_low",
    ("porosity", SEGMENTATION, "high"): "porosity_high",
    ("variance_exponent", SAMPLING, "error"): "variance_exponent_error",
}

#: share by which the two sides of a total may differ and still be printed as ±
_LOPSIDED = 0.2


@dataclass(frozen=True)
class Error:
    """How far the truth may lie below and above a number, in its unit, for one kind of cause.

    Of sampling it is one standard deviation, of the others the distance to the end of an interval.
    """

    kind: str
    below: float
    above: float

    @property
    def largest(self) -> float:
        """Return the larger of the two distances."""
        return max(self.below, self.above)

    @property
    def is_lopsided(self) -> bool:
        """Return whether one side is so much longer that the interval is told by its ends."""
        return min(self.below, self.above) < (1 - _LOPSIDED) * self.largest


def errors_of(
    results: xr.Dataset, name: str, direction: str = "", *, at: Mapping[str, Any] | None = None
) -> tuple[Error, ...]:
    """Return the known errors of a number of the Results, at most one of each kind.

    Parameters
    ----------
    results
        with the number and its errors.
    name
        of a variable that is a number, or one for each direction.
    direction
        of a number that has one.
    at
        labels of its other dims, such as ``{"accuracy": 0.01}``.

    Returns
    -------
    the errors, in the unit of the number, in the order of :data:`KINDS`; none of a number that is
    missing or infinite.

    Notes
    -----
    The errors of `q` are stored beside it, with its dims and units: as `q_sampling_error`,
    `q_solver_error` and so on, a distance on both sides, or as `q_segmentation_low` and
    `q_segmentation_high`, the ends of an interval; an interval that leaves the number out is
    stretched to it. `relative_error` is the solver's, of the effective conductivity.

    A number without errors of a kind inherits them from those that it is made of, here `φ`, of
    the conducting phase, from the porosity; `κ = φ / τ`; the MacMullin number from `1 / κ`. Within
    a kind, the two ends of `φ / τ` combine the end of `φ` and the opposite one of `τ`: more pores
    leave less to conduct and longer ways, so that the two move together. The bulk resistance
    inherits from `1 / κ`; the whole resistance adds the errors of its parts, and where they are
    known of at least half of it takes the rest to be as uncertain. What is
    extrapolated to voxels of size zero, `q_extrapolated`, has the errors of `q` in proportion, and
    the same interval of finer voxels.

    Examples
    --------
    >>> results = xr.Dataset({"porosity": 0.2, "porosity_low": 0.19, "porosity_high": 0.23})
    >>> [(e.kind, round(e.below, 3), round(e.above, 3)) for e in errors_of(results, "porosity")]
    [('segmentation', 0.01, 0.03)]
    """
    name, where = current_name(name), _where(direction, at)
    value = _value(results, name, where)
    if not math.isfinite(value):
        return ()
    if name.endswith(_EXTRAPOLATED) and name not in _INHERITED:
        known = _of_extrapolated(results, name.removesuffix(_EXTRAPOLATED), value, where)
    else:
        known = _INHERITED[name](results, value, where) if name in _INHERITED else {}
    known |= _stored(results, name, value, where)
    return tuple(known[kind] for kind in KINDS if kind in known)


def value_of(
    results: xr.Dataset, name: str, direction: str = "", *, at: Mapping[str, Any] | None = None
) -> float:
    """Return a number of the Results, NaN where it is missing; arguments as of :func:`errors_of`.

    A name that it had before is understood, with a FutureWarning that names the one of now.

    Examples
    --------
    >>> value_of(xr.Dataset({"porosity": 0.2}), "porosity")
    0.2
    """
    return _value(results, current_name(name), _where(direction, at))


def total(errors: Iterable[Error]) -> Error:
    """Return the errors of a number combined: how far the truth may lie on each side, in all.

    Parameters
    ----------
    errors
        of :func:`errors_of`.

    Returns
    -------
    an error of the kind ``"total"``; its distances are NaN where no error is known.

    Notes
    -----
    Sampling, discretisation and segmentation have independent causes: their distances add as
    squares, each side for itself. Sampling counts by one standard deviation; of an interval the
    whole distance counts, as if it were one, which is on the safe side. The solver's error is a
    bound and not a matter of chance, and is added to the rest.

    Examples
    --------
    >>> total([Error("sampling", 0.03, 0.03), Error("segmentation", 0.0, 0.04)])
    Error(kind='total', below=0.03, above=0.05)
    """
    known = list(errors)
    if not known:
        return Error("total", math.nan, math.nan)
    by_chance = [error for error in known if error.kind != SOLVER]
    bounds = [error for error in known if error.kind == SOLVER]
    return Error(
        "total",
        math.hypot(*(error.below for error in by_chance)) + sum(error.below for error in bounds),
        math.hypot(*(error.above for error in by_chance)) + sum(error.above for error in bounds),
    )


def is_known(errors: Iterable[Error]) -> bool:
    """Return whether errors say how uncertain a number is: the solver's alone never does.

    Examples
    --------
    >>> is_known([Error("solver", 1e-7, 1e-7)]), is_known([Error("sampling", 0.1, 0.1)])
    (False, True)
    """
    return any(error.kind != SOLVER for error in errors)


def is_error(results: xr.Dataset, name: str) -> bool:
    """Return whether a variable is an error of another, not a number of its own.

    Examples
    --------
    >>> results = xr.Dataset({"porosity": 0.2, "porosity_sampling_error": 0.01})
    >>> is_error(results, "porosity_sampling_error"), is_error(results, "porosity")
    (True, False)
    """
    for kind in KINDS:
        for end in ("error", "low", "high"):
            quantity = name.removesuffix(f"_{kind}_{end}")
            if quantity != name and quantity in results:
                return True
    return name in _NAMED.values() and name.endswith("_error")


#: what ends the name of a number that is extrapolated to voxels of size zero
_EXTRAPOLATED = "_extrapolated"

#: the parts of the area-specific resistance, and the share of it whose errors must be known
_RESISTANCES = ("bulk", "constriction", "feed", "kinetic")
_MOST_OF_IT = 0.5

_Known = dict[str, Error]
_Where = Mapping[str, Any]


def _where(direction: str, at: Mapping[str, Any] | None) -> _Where:
    return {**({"direction": direction} if direction else {}), **(at or {})}


def _value(results: xr.Dataset, name: str, where: _Where) -> float:
    """Return a number of the Results, NaN where it is missing."""
    if name not in results:
        return math.nan
    array = results[name]
    labels = {dim: label for dim, label in where.items() if dim in array.dims}
    coordinates = {dim: label for dim, label in labels.items() if dim in array.coords}
    if any(label not in array[dim].values for dim, label in coordinates.items()):
        return math.nan
    array = array.sel(coordinates).isel({d: k for d, k in labels.items() if d not in coordinates})
    return float(array) if array.size == 1 else math.nan


def _stored(results: xr.Dataset, name: str, value: float, where: _Where) -> _Known:
    """Return the errors that are stored with a number; the ends of an interval first."""
    known: _Known = {}
    for kind in KINDS:
        distance, low, high = (
            _value(results, _NAMED.get((name, kind, end), f"{name}_{kind}_{end}"), where)
            for end in ("error", "low", "high")
        )
        if not math.isnan(low + high):
            known[kind] = Error(kind, max(value - low, 0.0), max(high - value, 0.0))
        elif not math.isnan(distance):
            known[kind] = Error(kind, abs(distance), abs(distance))
    return known


def _of_conducting_fraction(results: xr.Dataset, value: float, where: _Where) -> _Known:
    """Return the errors of the porosity, where what conducts is the rest, or the pores."""
    porosity = _value(results, "porosity", {})
    errors = {error.kind: error for error in errors_of(results, "porosity")}
    if math.isclose(value, porosity, rel_tol=1e-6):
        return errors
    if not math.isclose(value, 1 - porosity, rel_tol=1e-6):
        return {}
    return {kind: Error(kind, error.above, error.below) for kind, error in errors.items()}


def _of_conductivity(results: xr.Dataset, value: float, where: _Where) -> _Known:
    """Return the errors of ``φ / τ``."""
    known = _relative_solver(results, value, where)
    tau = _value(results, "tortuosity_factor", where)
    fraction = _value(results, "conducting_fraction", {})
    if not tau > 0 or math.isinf(tau):
        return known
    of_tau = _by_kind(results, "tortuosity_factor", where)
    of_fraction = _by_kind(results, "conducting_fraction", {}) if fraction > 0 else {}
    for kind in {*of_tau, *of_fraction} - {SOLVER}:
        slow, dense = of_tau.get(kind, _none(kind)), of_fraction.get(kind, _none(kind))
        part = fraction if fraction > 0 else 1.0
        lowest = (1 - dense.below / part) / (1 + slow.above / tau)
        highest = (1 + dense.above / part) / _left(1 - slow.below / tau)
        known[kind] = Error(kind, value * (1 - max(lowest, 0.0)), value * (highest - 1))
    return known


def _of_macmullin(results: xr.Dataset, value: float, where: _Where) -> _Known:
    """Return the errors of ``1 / κ``."""
    conductivity = _value(results, "effective_conductivity", where)
    if conductivity > 0:
        errors = _by_kind(results, "effective_conductivity", where)
    else:
        conductivity = 1 / value
        errors = _of_conductivity(results, conductivity, where)
    return {kind: _reciprocal(error, conductivity, value) for kind, error in errors.items()}


def _of_tortuosity(results: xr.Dataset, value: float, where: _Where) -> _Known:
    """Return the solver's error, and what a conductivity with errors says of ``φ / κ``."""
    known = _relative_solver(results, value, where)
    conductivity = _value(results, "effective_conductivity", where)
    if conductivity > 0:
        stored = _stored(results, "effective_conductivity", conductivity, where)
        if DISCRETISATION in stored:
            known[DISCRETISATION] = _reciprocal(stored[DISCRETISATION], conductivity, value)
    return known


def _of_percolating_tortuosity(results: xr.Dataset, value: float, where: _Where) -> _Known:
    """Return the errors of the tortuosity factor of all that conducts, in proportion."""
    tau = _value(results, "tortuosity_factor", where)
    errors = _by_kind(results, "tortuosity_factor", where)
    scale = value / tau if tau > 0 else math.nan
    return {k: Error(k, error.below * scale, error.above * scale) for k, error in errors.items()}


def _of_mean_of_blocks(results: xr.Dataset, value: float, where: _Where) -> _Known:
    """Return the errors of the porosity, which the mean of its blocks is."""
    porosity = _value(results, "porosity", {})
    return _by_kind(results, "porosity", {}) if math.isclose(value, porosity, rel_tol=1e-6) else {}


def _of_extrapolated(results: xr.Dataset, name: str, value: float, where: _Where) -> _Known:
    """Return the errors of a number on voxels as measured, the interval of finer voxels alike."""
    measured = _value(results, name, where)
    known = _by_kind(results, name, where)
    if DISCRETISATION in known:
        ends = [_value(results, f"{name}_{DISCRETISATION}_{end}", where) for end in ("low", "high")]
        known.pop(DISCRETISATION)
        if not math.isnan(sum(ends)):
            low, high = ends
            distances = max(value - low, 0.0), max(high - value, 0.0)
            known[DISCRETISATION] = Error(DISCRETISATION, *distances)
    scale = abs(value / measured) if measured else math.nan
    return {
        kind: error
        if kind == DISCRETISATION
        else Error(kind, error.below * scale, error.above * scale)
        for kind, error in known.items()
    }


def _of_bulk_resistance(results: xr.Dataset, value: float, where: _Where) -> _Known:
    """Return the errors of ``L / κ`` along the same direction, but the solver's: its own solve."""
    conductivity = _value(results, "effective_conductivity", where)
    if not conductivity > 0:
        return {}
    errors = _by_kind(results, "effective_conductivity", where)
    errors.pop(SOLVER, None)
    return {kind: _reciprocal(error, conductivity, value) for kind, error in errors.items()}


def _of_resistance(results: xr.Dataset, value: float, where: _Where) -> _Known:
    """Return the sum of the parts' errors; parts without one of a kind have that of the others."""
    parts = [f"area_specific_resistance_{part}" for part in _RESISTANCES]
    known: _Known = {}
    for kind in KINDS:
        found = [(part, _by_kind(results, part, where).get(kind)) for part in parts]
        errors = [(_value(results, part, where), error) for part, error in found if error]
        share = sum(resistance for resistance, _ in errors) / value
        if share >= _MOST_OF_IT:
            below, above = (sum(getattr(e, side) for _, e in errors) for side in ("below", "above"))
            known[kind] = Error(kind, below / share, above / share)
    return known


def _relative_solver(results: xr.Dataset, value: float, where: _Where) -> _Known:
    relative = _value(results, "relative_error", where)
    if math.isnan(relative):
        return {}
    distance = abs(relative * value)
    return {SOLVER: Error(SOLVER, distance, distance)}


def _by_kind(results: xr.Dataset, name: str, where: _Where) -> _Known:
    """Return the errors of a number by their kind."""
    rest = {dim: label for dim, label in where.items() if dim != "direction"}
    errors = errors_of(results, name, where.get("direction", ""), at=rest)
    return {error.kind: error for error in errors}


def _reciprocal(error: Error, number: float, value: float) -> Error:
    """Return the error of a value that is a constant over a number, which has an error."""
    below, above = error.below / number, error.above / number
    return Error(error.kind, value * (1 - 1 / (1 + above)), value * (1 / _left(1 - below) - 1))


def _left(share: float) -> float:
    """Return what is left of a number at its lower end; next to nothing where that is negative."""
    return max(share, 1e-300)


def _none(kind: str) -> Error:
    return Error(kind, 0.0, 0.0)


_INHERITED = {
    "block_porosity_mean": _of_mean_of_blocks,
    "conducting_fraction": _of_conducting_fraction,
    "effective_conductivity": _of_conductivity,
    "macmullin_number": _of_macmullin,
    "tortuosity_factor": _of_tortuosity,
    "tortuosity_factor_percolating": _of_percolating_tortuosity,
    "area_specific_resistance_bulk": _of_bulk_resistance,
    "area_specific_resistance": _of_resistance,
}
