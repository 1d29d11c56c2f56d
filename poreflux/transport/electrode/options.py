"""Arguments of a solve for the current that belong together: the interface's law, the solver."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypedDict

from poreflux.annotations import Kinetics, Progress


class KineticsOptions(TypedDict, total=False):
    """What the current meets at the interface, in the units of its users."""

    kinetics: Kinetics
    charge_transfer_resistance: float | None
    exchange_current_density: float | None
    transfer_coefficient: float
    film_resistance: float
    temperature: float


class CurrentOptions(KineticsOptions, total=False):
    """The same, and what rules the solver."""

    rtol: float
    field: str | Path | None
    threads: int | None
    progress: Progress | None


@dataclass(frozen=True, kw_only=True)
class Solver:
    """How exactly, on how many threads, and with what written and told on the way."""

    rtol: float = 1e-6
    field: str | Path | None = None
    threads: int | None = None
    progress: Progress | None = None


def apart(options: Mapping[str, Any]) -> tuple[KineticsOptions, Solver]:
    """Return the arguments of the law of the interface, and those of the solver.

    Raises
    ------
    TypeError
        where one is of neither.

    Examples
    --------
    >>> apart({"film_resistance": 2.0, "rtol": 1e-4})[1].rtol
    0.0001
    >>> apart({"resistance": 2.0})
    Traceback (most recent call last):
    TypeError: 'resistance' is no argument of a current; choose of kinetics, \
charge_transfer_resistance, exchange_current_density, transfer_coefficient, film_resistance, \
temperature, rtol, field, threads, progress
    """
    of_solver = [field.name for field in fields(Solver)]
    of_law = list(KineticsOptions.__annotations__)
    for name in options:
        if name not in (*of_law, *of_solver):
            known = ", ".join([*of_law, *of_solver])
            raise TypeError(f"{name!r} is no argument of a current; choose of {known}")
    law = KineticsOptions(**{name: options[name] for name in of_law if name in options})  # type: ignore[typeddict-item]
    return law, Solver(**{name: options[name] for name in of_solver if name in options})
