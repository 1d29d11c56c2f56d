"""Charge transfer at an electrode: the current density that a potential drives through it."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike

from poreflux import annotations

#: C/mol and J/(mol K), exact in the SI of 2019
FARADAY = 96485.33212
GAS = 8.314462618

LAWS = get_args(annotations.Kinetics)

#: steps at most of the scalar Newton iterations; relative change of the last step but one
MAX_STEPS, TOLERANCE = 100, 1e-9

#: faces at a time
PART = 4096


@dataclass(frozen=True)
class Kinetics:
    """The law of an interface, in SI units.

    Parameters
    ----------
    law
        ``"primary"`` (no resistance of charge transfer), ``"linear"`` or ``"butler-volmer"``.
    resistance
        of charge transfer at small currents, ohm m².
    film
        resistance of a film in series, ohm m².
    transfer
        coefficient alpha between 0 and 1.
    temperature
        in K.

    Notes
    -----
    ``j = i0 (exp(alpha F eta / R T) - exp(-(1 - alpha) F eta / R T))`` with ``i0 = R T / (F
    resistance)``, positive where ions leave the electrolyte (plating); ``j = eta / resistance`` in
    the linear limit.

    Examples
    --------
    >>> law = Kinetics("butler-volmer", resistance=8e-5)
    >>> round(law.exchange_current), round(1e3 * float(law.overpotential(10.746)), 4)
    (321, 0.8596)
    """

    law: str
    resistance: float = 0.0
    film: float = 0.0
    transfer: float = 0.5
    temperature: float = 298.15

    @property
    def thermal(self) -> float:
        """Return the thermal voltage R T / F in V."""
        return GAS * self.temperature / FARADAY

    @property
    def exchange_current(self) -> float:
        """Return the exchange current density in A/m², infinite where there is no resistance."""
        return self.thermal / self.resistance if self.resistance > 0 else np.inf

    @property
    def linear(self) -> bool:
        """Return whether the current is proportional to the potential."""
        return self.law != "butler-volmer" or self.resistance == 0

    def overpotential(self, j: ArrayLike) -> np.ndarray:
        """Return the potential in V across interface and film at a current density in A/m²."""
        j = np.asarray(j, float)
        if self.linear:
            return j * (self.resistance + self.film)
        return self.thermal * self._reduced(0.0, self.exchange_current, j) + j * self.film

    def differential_resistance(self, j: ArrayLike) -> np.ndarray:
        """Return the change of the overpotential with the current density, film included, in
        ohm m², at a current density in A/m².

        Notes
        -----
        Butler-Volmer kinetics with a transfer coefficient of 1/2: ``(2 R T / F) / sqrt(j² + 4
        i0²)`` and the film.

        Examples
        --------
        >>> law = Kinetics("butler-volmer", resistance=0.0257, film=1e-4)
        >>> law.differential_resistance([0.0, 100.0]).round(6).tolist()
        [0.0258, 0.000614]
        """
        j = np.asarray(j, float)
        if self.linear:
            return np.full(j.shape, self.resistance + self.film)
        x = self._reduced(0.0, self.exchange_current, j)
        return self.resistance / self._slope(x) + self.film

    def current(self, v: ArrayLike, series: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return the current density through an interface behind a resistance, and the
        differential resistance of that interface alone.

        Parameters
        ----------
        v
            potential across both in V.
        series
            resistance in front of the interface in ohm m², positive.
        """
        v, series = np.asarray(v, float), np.asarray(series, float)
        if self.linear:
            resistance = self.resistance + self.film
            return v / (series + resistance), np.full(v.shape, resistance)
        i0 = self.exchange_current
        x = self._reduced(self.thermal, (series + self.film) * i0, v)
        return i0 * exchange(self.transfer, x), self.resistance / self._slope(x) + self.film

    def work(self, v: ArrayLike, series: float | np.ndarray) -> np.ndarray:
        """Return the integral of the current density over the potential, from 0 to v, in W/m²: the
        contribution of a face to the convex functional that the potential minimises."""
        v = np.asarray(v, float)
        j = self.current(v, series)[0]
        if self.linear:
            return j * v / 2
        i0, a = self.exchange_current, self.transfer
        x = self._reduced(self.thermal, (series + self.film) * i0, v)
        stored = np.expm1(a * x) / a + np.expm1((a - 1) * x) / (1 - a)
        return (series + self.film) * j**2 / 2 + i0 * self.thermal * stored

    def _slope(self, x: np.ndarray) -> np.ndarray:
        """Return the derivative of :func:`exchange` at reduced overpotentials."""
        a = self.transfer
        return a * np.exp(a * x) + (1 - a) * np.exp((a - 1) * x)

    def _reduced(self, a: float, b: float | np.ndarray, c: np.ndarray) -> np.ndarray:
        """Return x of ``a x + b exchange(x) = c``: Newton's method within a shrinking bracket."""
        c, b = np.broadcast_arrays(c, b)
        shape, c, b = c.shape, c.ravel(), b.ravel()
        # exchange(x) >= exp(alpha x) - 1 bounds x from above, and so does the linear term alone
        high = np.log1p(np.abs(c) / b) / self._share(c)
        if a > 0:
            high = np.minimum(high, np.abs(c) / a)
        low, x = np.zeros_like(high), high.copy()
        # some at a time, as each face takes ten numbers on the way; but all of them the same steps
        parts = [slice(start, start + PART) for start in range(0, c.size, PART)]
        for _ in range(MAX_STEPS):
            of_part = [self._step(a, b[p], c[p], low[p], high[p], x[p]) for p in parts]
            if all(of_part):
                break
        x[c < 0] *= -1
        return x.reshape(shape)

    def _share(self, c: np.ndarray) -> np.ndarray:
        """Return the transfer coefficient in the direction of c."""
        return np.where(c < 0, 1 - self.transfer, self.transfer)

    def _step(
        self,
        a: float,
        b: np.ndarray,
        c: np.ndarray,
        low: np.ndarray,
        high: np.ndarray,
        x: np.ndarray,
    ) -> bool:
        """Move x and the bracket, in place; return whether all x have converged."""
        alpha = self._share(c)
        f = a * x + b * exchange(alpha, x) - np.abs(c)
        slope = a + b * (alpha * np.exp(alpha * x) + (1 - alpha) * np.exp((alpha - 1) * x))
        high[:], low[:] = np.where(f > 0, x, high), np.where(f > 0, low, x)
        new = x - f / slope
        new = np.where((new < low) | (new > high), (low + high) / 2, new)
        converged = np.abs(new - x) <= TOLERANCE * np.abs(new)
        x[:] = new
        return bool(converged.all())


def exchange(alpha: float | np.ndarray, x: float | np.ndarray) -> np.ndarray:
    """Return ``exp(alpha x) - exp(-(1 - alpha) x)``, also for small x to the last digit.

    >>> float(exchange(0.5, 1e-9))
    1e-09
    """
    return np.expm1(alpha * x) - np.expm1((alpha - 1) * x)
