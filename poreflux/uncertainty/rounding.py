"""Numbers as they are printed: two digits of their total error, then its kinds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xarray as xr

from poreflux.uncertainty.errors import SOLVER, Error, errors_of, is_known, total, value_of

#: digits of a number whose error is not known, at most
UNKNOWN_DIGITS = 4

#: digits of any number, at most
_MOST_DIGITS = 7


@dataclass(frozen=True)
class Printed:
    """A number, its total error and the kinds of it as text; empty where they are not known."""

    value: str
    total: str = ""
    kinds: str = ""

    @property
    def error(self) -> str:
        """Return the total and its kinds, or what is known of a number without a total."""
        if self.total:
            return f"{self.total} ({self.kinds})"
        return f"error not known ({self.kinds})" if self.kinds else ""

    def with_unit(self, unit: str) -> str:
        """Return the number with its total and unit: ``"12.3 ± 0.4 µm"``.

        Examples
        --------
        >>> Printed("0.17", "0.15 to 0.21").with_unit("µm")
        '0.17 µm, 0.15 to 0.21 µm'
        """
        shown = f" {unit}" if unit else ""
        if not self.total:
            return self.value + shown
        if self.total.startswith("±"):
            return f"{self.value} {self.total}{shown}"
        return f"{self.value}{shown}, {self.total}{shown}"


def printed(value: float, errors: Sequence[Error] = ()) -> Printed:
    """Return a number with its errors as text.

    Parameters
    ----------
    value
        the number; whole numbers without an error are exact.
    errors
        of :func:`poreflux.uncertainty.errors.errors_of`.

    Notes
    -----
    The total has two digits and the number as many decimals. A total that is longer on one side
    is told by its ends. The solver's error alone is no total, as nothing is said of the geometry
    then: the number has four digits, fewer where the solver leaves fewer.

    Examples
    --------
    >>> errors = [Error("sampling", 0.0141, 0.0141), Error("solver", 1e-6, 1e-6)]
    >>> printed(1.23421, errors).error, printed(1.23421, errors[1:]).error
    ('± 0.014 (sampling 0.014, solver 1e-6)', 'error not known (solver 1e-6)')
    >>> printed(0.171, [Error("segmentation", 0.016, 0.043)])
    Printed(value='0.171', total='0.155 to 0.214', kinds='segmentation')
    """
    if not math.isfinite(value):
        return Printed(rounded(value))
    if not is_known(errors):
        shown = [f"{error.kind} {_short(error.largest)}" for error in errors]
        return Printed(rounded(value, _at_least_four(value, errors)), "", ", ".join(shown))
    combined = total(errors)
    size = _finite(combined)
    if combined.is_lopsided:
        ends = (value - combined.below, value + combined.above)
        said = " to ".join(rounded(end, size) for end in ends)
    else:
        said = f"± {_two_digits(combined.largest, value)}"
    sign = "± " if combined.is_lopsided else ""
    return Printed(rounded(value, size), said, _kinds(value, errors, size, sign))


def told(
    results: xr.Dataset,
    name: str,
    direction: str = "",
    *,
    at: Mapping[str, Any] | None = None,
    scale: float = 1.0,
) -> Printed:
    """Return a number of the Results with its errors as text.

    Parameters
    ----------
    results, name, direction, at
        as for :func:`poreflux.uncertainty.errors.errors_of`.
    scale
        by which the number is multiplied, 100 for percent.

    Examples
    --------
    >>> results = xr.Dataset({"porosity": 0.1718, "porosity_sampling_error": 0.0049})
    >>> told(results, "porosity", scale=100).with_unit("%")
    '17.18 ± 0.49 %'
    """
    value = value_of(results, name, direction, at=at)
    whole = name in results and results[name].dtype.kind in "iu" and scale == 1
    errors = errors_of(results, name, direction, at=at)
    scaled = [Error(e.kind, e.below * scale, e.above * scale) for e in errors]
    return printed(int(value) if whole else value * scale, scaled)


def rounded(value: float, error: float = math.nan) -> str:
    """Return a value with as many decimals as two digits of its error, or four digits in all.

    A value that is missing is a dash.

    Examples
    --------
    >>> rounded(0.171856, 0.0049), rounded(1.23456), rounded(math.inf), rounded(12345.6, 320.0)
    ('0.1719', '1.235', '∞', '12350')
    >>> rounded(3.21e-7, 4.1e-8)
    '3.21e-7'
    """
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if math.isnan(value):
        return "–"
    if not (math.isfinite(error) and error > 0):
        return significant(value, UNKNOWN_DIGITS)
    decimals = _decimals(error)
    digits = decimals + 1 + (math.floor(math.log10(abs(value))) if value else 0)
    if digits > _MOST_DIGITS:
        return significant(value, _MOST_DIGITS)
    if value and digits >= 1 and not 1e-4 <= abs(value) < 1e6:
        return _exponent(value, digits)
    return f"{round(value, decimals) + 0.0:.{max(decimals, 0)}f}"


def significant(value: float, digits: int) -> str:
    """Return a number with so many significant digits, whole numbers whole.

    Examples
    --------
    >>> significant(0.00123456, 2), significant(4.0, 4), significant(3.2e-7, 2), significant(12, 4)
    ('0.0012', '4.000', '3.2e-7', '12')
    >>> significant(212635.4, 4), significant(0.99998, 4), significant(212635, 4)
    ('212600', '1.000', '212635')
    """
    if value == 0 or isinstance(value, int):
        return f"{value:.0f}"
    if not math.isfinite(value):
        return rounded(value)
    if not 1e-4 <= abs(value) < 1e6:
        return _exponent(value, digits)
    shown = float(f"{value:.{digits - 1}e}")
    return f"{shown:.{max(digits - 1 - math.floor(math.log10(abs(shown))), 0)}f}"


def _kinds(value: float, errors: Sequence[Error], size: float, sign: str) -> str:
    """Return the kinds of a total; how large each is, after a sign, where there are several."""
    if len(errors) == 1:
        return errors[0].kind
    shown = []
    for error in errors:
        if error.is_lopsided:
            ends = (value - error.below, value + error.above)
            shown.append(f"{error.kind} {' to '.join(rounded(end, size) for end in ends)}")
        else:
            shown.append(f"{error.kind} {sign}{_part(error.largest, size)}")
    return ", ".join(shown)


def _part(distance: float, size: float) -> str:
    """Return a part of a total with the decimals of it, small parts with one digit."""
    decimals = _decimals(size) if size > 0 else 0
    if math.isfinite(distance) and round(distance, decimals) and 1e-4 <= size < 1e5:
        return f"{round(distance, decimals):.{max(decimals, 0)}f}"
    return _short(distance)


def _short(distance: float) -> str:
    """Return a distance with one digit.

    Examples
    --------
    >>> _short(0.0), _short(3.4e-7), _short(0.0123), _short(math.inf)
    ('0', '3e-7', '0.01', '∞')
    """
    if distance == 0 or math.isinf(distance):
        return "∞" if distance else "0"
    return significant(float(f"{distance:.0e}"), 1)


def _two_digits(distance: float, value: float = 1.0) -> str:
    """Return a distance from a value with two digits, in powers of ten where the value is.

    Examples
    --------
    >>> _two_digits(0.0149), _two_digits(0.0996), _two_digits(1234.0), _two_digits(0.0)
    ('0.015', '0.10', '1200', '0')
    """
    if not math.isfinite(distance):
        return rounded(distance)
    return _exponent(distance, 2) if abs(value) >= 1e6 else significant(float(f"{distance:.1e}"), 2)


def _decimals(error: float) -> int:
    """Return the decimals of two digits of an error, negative for tens and hundreds."""
    return 1 - math.floor(math.log10(float(f"{error:.1e}")))


def _at_least_four(value: float, errors: Sequence[Error]) -> float:
    """Return the error of a number that has four digits, or fewer where the solver leaves fewer."""
    solver = max((error.largest for error in errors if error.kind == SOLVER), default=0.0)
    if value == 0 or not solver > 0 or math.isinf(solver):
        return math.nan
    four_digits = 10.0 ** (math.floor(math.log10(abs(value))) - UNKNOWN_DIGITS + 2)
    return max(solver, four_digits)


def _finite(error: Error) -> float:
    """Return the larger distance that is finite; NaN where both are not."""
    return max((d for d in (error.below, error.above) if math.isfinite(d)), default=math.nan)


def _exponent(value: float, digits: int) -> str:
    """Return a number in powers of ten: ``3.2e-7``."""
    mantissa, power = f"{value:.{max(digits - 1, 0)}e}".split("e")
    return f"{mantissa}e{int(power)}"
