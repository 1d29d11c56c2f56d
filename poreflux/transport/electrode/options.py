"""Arguments of a solve for the current that belong together: the interface's law, the solver."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypedDict

from poreflux.annotations import EngineName, Kinetics, Progress, ShownProgress


class KineticsOptions(TypedDict, total=False):
    """The law of the interface, in the units of :func:`poreflux.interfacial_current`."""

    kinetics: Kinetics
    charge_transfer_resistance: float | None
    exchange_current_density: float | None
    transfer_coefficient: float
    film_resistance: float
    temperature: float


class CurrentOptions(KineticsOptions, total=False):
    """The law of the interface and the options of the solver."""

    rtol: float
    field: str | Path | None
    threads: int | None
    engine: EngineName
    progress: ShownProgress


@dataclass(frozen=True, kw_only=True)
class Solver:
    """Accuracy, threads, engine, the store of the fields, and the progress report of a solve."""

    rtol: float = 1e-6
    field: str | Path | None = None
    threads: int | None = None
    engine: EngineName = "threads"
    progress: Progress | None = None


def apart(options: Mapping[str, Any]) -> tuple[KineticsOptions, Solver]:
    """Return the arguments of the law of the interface, and those of the solver.

    Raises
    ------
    TypeError
        where an argument belongs to neither.

    Examples
    --------
    >>> apart({"film_resistance": 2.0, "rtol": 1e-4})[1].rtol
    0.0001
    >>> apart({"resistance": 2.0})
    Traceback (most recent call last):
    TypeError: 'resistance' is no argument of a current; choose of kinetics, \
charge_transfer_resistance, exchange_current_density, transfer_coefficient, film_resistance, \
temperature, rtol, field, threads, engine, progress
    """
    of_solver = [field.name for field in fields(Solver)]
    of_law = list(KineticsOptions.__annotations__)
    for name in options:
        if name not in (*of_law, *of_solver):
            choices = ", ".join([*of_law, *of_solver])
            raise TypeError(f"{name!r} is no argument of a current; choose of {choices}")
    law = KineticsOptions(**{name: options[name] for name in of_law if name in options})  # type: ignore[typeddict-item]
    return law, Solver(**{name: options[name] for name in of_solver if name in options})
