"""The operating conditions of an electrode: applied current, kinetics of its interface, drive."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np

from poreflux import annotations
from poreflux.annotations import Drive, ElectrodeFace
from poreflux.schema import Direction
from poreflux.transport.electrode.drives import DRIVES
from poreflux.transport.electrode.kinetics import LAWS, Kinetics
from poreflux.transport.electrode.linearised import Tolerances
from poreflux.transport.electrode.options import KineticsOptions
from poreflux.transport.laplace.boundary import HIGH, LOW
from poreflux.transport.laplace.problem import order

#: ohm cm², of lithium on Li6PS5Cl; see :func:`poreflux.interfacial_current` on choices
RESISTANCE = 0.8

#: share of the face in contact before cycling, of Lin et al., ACS Energy Lett. 2024, 9, 2387
INITIAL_CONTACT = 0.9306

#: least decay length, in voxels, of the weights of the porosity at the electrode
MIN_DEPTH = 5

#: mA/cm²: no electrode carries more, and beyond some 1e100 the arithmetic overflows
MOST_APPLIED = 1e9

FACES: dict[ElectrodeFace, int] = {"first": LOW, "last": HIGH}

#: ohm cm² in ohm m², mA/cm² in A/m², µm in m
OHM_CM2, MA_CM2, UM = 1e-4, 10.0, 1e-6


@dataclass(frozen=True)
class Conditions:
    """Validated, in SI units: ``applied`` in A/m² of the whole face, positive for plating."""

    applied: float
    law: Kinetics
    drive: Drive
    direction: Direction
    face: ElectrodeFace
    rtol: float

    @property
    def reacting(self) -> int:
        """Return the face that reacts, LOW or HIGH."""
        return FACES[self.face]

    @property
    def tolerances(self) -> Tolerances:
        """Return the tolerances: `rtol` of the current density, 1/1000 of it of the total."""
        return Tolerances(self.rtol**2, 1e-3 * self.rtol)

    def wagner_length(self, conductivity: float, contact: float) -> float:
        """Return the Wagner length in µm of electrolyte of a conductivity in S/m, at the mean
        current density of the `contact`, a share of the face: interface and film even the current
        out by their differential resistance there.

        Examples
        --------
        >>> operating = conditions(applied=10.0, exchange_current_density=0.1)
        >>> round(operating.wagner_length(0.1, 0.93), 1)
        47.8
        """
        density = self.applied / contact if contact > 0 else 0.0
        return float(conductivity * self.law.differential_resistance(density) / UM)

    def depth(self, conductivity: float, contact: float, spacing: float) -> float:
        """Return the decay length in µm of the weights of the porosity at the electrode."""
        return max(self.wagner_length(conductivity, contact), MIN_DEPTH * spacing)

    def at_wagner_length(self, wagner_length: float, conductivity: float) -> "Conditions":
        """Return the conditions at another charge transfer, by the Wagner length in µm that it
        alone gives at small currents; 0 is primary."""
        resistance = wagner_length * UM / conductivity
        if math.isclose(resistance, self.law.resistance, rel_tol=1e-12):
            return self
        name = "primary" if resistance == 0 else self.law.law
        name = "butler-volmer" if name == "primary" and resistance > 0 else name
        return replace(self, law=replace(self.law, law=name, resistance=resistance))

    def attributes(self) -> dict:
        """Return the attributes of the results: the conditions, and which of them are choices."""
        law = self.law
        note = {
            "applied_current_density": self.applied / MA_CM2,
            "kinetics": law.law,
            "drive": self.drive,
            "direction": self.direction,
            "face": self.face,
            "rtol": self.rtol,
            "temperature": law.temperature,
            "film_resistance": law.film / OHM_CM2,
            "charge_transfer_resistance": law.resistance / OHM_CM2,
            "sign": "positive where ions leave the electrolyte (plating)",
            "choices": "exchange current density, conductivity and contact geometry are choices",
        }
        if law.law == "butler-volmer" and law.resistance > 0:
            note["exchange_current_density"] = law.exchange_current / MA_CM2
            note["transfer_coefficient"] = law.transfer
        return note


def conditions(
    *,
    applied: float = 1.0,
    drive: Drive = "flux",
    direction: Direction = "z",
    face: ElectrodeFace = "last",
    rtol: float = 1e-6,
    **kinetics: Unpack[KineticsOptions],
) -> Conditions:
    """Return the conditions, or raise ``ValueError`` that names the invalid one."""
    order(direction)
    _one_of("drive", drive, tuple(DRIVES))
    _one_of("face", face, tuple(FACES))
    if not 0 < abs(applied) <= MOST_APPLIED:  # nor NaN
        raise ValueError(f"applied={applied!r} is no current; give mA/cm², negative for stripping")
    if not 1e-9 <= rtol <= 1e-2:
        raise ValueError(f"rtol={rtol!r} is not between 1e-9 and 1e-2; 1e-6 gives six digits")
    return Conditions(applied * MA_CM2, law_of(**kinetics), drive, direction, face, rtol)


def law_of(
    *,
    kinetics: annotations.Kinetics = "butler-volmer",
    charge_transfer_resistance: float | None = None,
    exchange_current_density: float | None = None,
    transfer_coefficient: float = 0.5,
    film_resistance: float = 0.0,
    temperature: float = 298.15,
) -> Kinetics:
    """Return the law of the interface in SI units, or raise ``ValueError`` as `conditions`.

    Examples
    --------
    >>> law_of(charge_transfer_resistance=0.8, film_resistance=2.0).film
    0.0002
    """
    _one_of("kinetics", kinetics, LAWS)
    _at_least_zero("film_resistance", film_resistance, "ohm cm²")
    if not (math.isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature={temperature!r} is not above 0 K; 298.15 is usual")
    if not 0 < transfer_coefficient < 1:
        raise ValueError(
            f"transfer_coefficient={transfer_coefficient!r} is not between 0 and 1; 0.5 is usual"
        )
    resistance = _resistance(
        kinetics, charge_transfer_resistance, exchange_current_density, temperature
    )
    film = film_resistance * OHM_CM2
    return Kinetics(kinetics, resistance, film, transfer_coefficient, temperature)


def wagner_lengths_of(wagner_lengths: Sequence[float]) -> list[float]:
    """Return Wagner lengths as numbers; raise ``ValueError`` where they are invalid."""
    lengths = [float(length) for length in np.atleast_1d(np.asarray(wagner_lengths, float))]
    for length in lengths:
        if not (np.isfinite(length) and length >= 0):
            raise ValueError(f"the Wagner length {length!r} is not a number of µm, 0 or more")
    if len(set(lengths)) < len(lengths):
        raise ValueError(f"wagner_lengths={lengths} has one twice; give each once")
    return lengths


def _resistance(
    kinetics: str, resistance: float | None, exchange: float | None, temperature: float
) -> float:
    """Return the resistance of charge transfer in ohm m², however it is given."""
    if resistance is not None and exchange is not None:
        raise ValueError(
            f"charge_transfer_resistance={resistance!r} and exchange_current_density={exchange!r} "
            "say the same thing twice; give one of them"
        )
    if kinetics == "primary":
        if resistance or exchange is not None:
            raise ValueError("primary kinetics have no charge transfer resistance; leave it out")
        return 0.0
    if exchange is not None:
        if not (math.isfinite(exchange) and exchange > 0):
            raise ValueError(
                f"exchange_current_density={exchange!r} is not a positive number of mA/cm²"
            )
        return Kinetics("linear", temperature=temperature).thermal / (exchange * MA_CM2)
    resistance = RESISTANCE if resistance is None else resistance
    _at_least_zero("charge_transfer_resistance", resistance, "ohm cm²")
    return resistance * OHM_CM2


def _one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name}={value!r} is not known; choose one of {choices}")


def _at_least_zero(name: str, value: float, unit: str) -> None:
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name}={value!r} is not a number of {unit}, 0 or more")
