"""When a solve is done: an iteration reports its steps, and a rule ends it.

Conjugate gradients lower the energy by ``alpha r . z`` an iteration. What remains is bounded by
``r . z / theta``, theta the smallest eigenvalue of the preconditioned operator, for which the
smallest Ritz value of the iteration so far stands (Meurant and Strakos, Acta Numerica 15 (2006)
471); it converges from above, hence the factor SAFETY.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from scipy.linalg import eigvalsh_tridiagonal

SAFETY = 2.0
MAX_ITERATIONS = 1000

#: the eigenvalue is computed after each of so many iterations, and later after some
EVERY_ITERATION, SOME_ITERATIONS = 100, 16


class Step(NamedTuple):
    """One iteration: its number, its gain (how much it lowered the energy), an estimate of the
    remaining gain, the norm of the residual relative to that of the start, and a function that
    returns the potential so far.
    """

    iteration: int
    gain: float
    remaining: float
    residual: float
    potential: Callable[[], np.ndarray]


class Stopping(Protocol):
    """A rule that ends an iteration.

    ``history`` are its estimates of the error after each step, ``wanted`` completes the message of
    :class:`poreflux.errors.NotConverged`: the tolerance, and what to choose instead.
    """

    history: list[float]
    wanted: str

    def __call__(self, step: Step) -> bool:
        """Return whether the iteration is done after this step."""

    def is_met_early(self, step: Step) -> bool:
        """Return whether the iteration is done, before the preconditioner tells how much remains:
        the step has a guess of that (:meth:`ErrorEstimate.guess`).
        """


class Run(NamedTuple):
    """The record of an iteration: its length, its estimates of the relative error of the energy
    after each step (the last one is that of the solution), and the norm of the residual relative to
    that of the start."""

    iterations: int
    history: list[float]
    residual: float


#: called as ``report(iteration, energy, error)``
Report: TypeAlias = Callable[[int, float, float], None]


class RitzValue:
    """The smallest eigenvalue of the Lanczos matrix that conjugate gradients build up."""

    def __init__(self) -> None:
        self._diagonal: list[float] = []
        self._off: list[float] = []
        self._previous = (np.inf, 0.0)

    def add(self, alpha: float, beta: float) -> float:
        """Add the coefficients of one iteration (beta is the one after it); return the value so
        far.
        """
        previous_alpha, previous_beta = self._previous
        self._diagonal.append(1 / alpha + previous_beta / previous_alpha)
        previous_off = self._off
        count = len(self._diagonal)
        self._previous = (alpha, beta)
        if count > EVERY_ITERATION and count % SOME_ITERATIONS:
            previous_off.append(np.sqrt(beta) / alpha)
            return np.inf
        d, e = np.array(self._diagonal), np.array(previous_off)
        previous_off.append(np.sqrt(beta) / alpha)
        return float(eigvalsh_tridiagonal(d, e, select="i", select_range=(0, 0))[0])


class ErrorEstimate:
    """The gain of each step of conjugate gradients and the remaining one, from their coefficients.

    ``theta`` is the smallest eigenvalue seen so far.
    """

    def __init__(self, theta: float = np.inf):
        self.theta = theta
        self._ritz: RitzValue | None = RitzValue()

    def step(self, curvature: float, before: float, after: float) -> tuple[float, float]:
        """Return the gain and the remaining gain in energy of a step with ``p . A p`` and ``r . z``
        before and after it.
        """
        if self._ritz is None:
            return 0.0, SAFETY * after / self.theta
        alpha = before / curvature
        self.theta = min(self.theta, self._ritz.add(alpha, after / before))
        return alpha * before, SAFETY * after / self.theta

    def guess(self, curvature: float, before: float, reduction: float) -> tuple[float, float]:
        """Return the gain of a step, and what remains if ``r . z`` falls by as much as the square
        of the residual.
        """
        alpha = before / curvature
        return alpha * before, SAFETY * before * reduction / min(self.theta, 1 / alpha)

    def keep_theta(self) -> None:
        """Take no more coefficients: another method continues with the eigenvalue known so far."""
        self._ritz = None


def decades(error: float, rtol: float) -> tuple[int, int]:
    """Return progress as (done, total) in hundredths of a decade of error from 1 to `rtol`."""
    total = round(-100 * np.log10(rtol))
    return int(np.clip(round(-100 * np.log10(np.clip(error, 1e-300, 1.0))), 0, total)), total
