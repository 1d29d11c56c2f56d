"""The stopping rule that proves what it claims: the error bound decides, the estimate says when to
evaluate it.
"""

import numpy as np

from poreflux.errors import NotConverged
from poreflux.transport.solvers.error_bound import Certificate, ErrorBound
from poreflux.transport.solvers.stopping import Report, Run, Step

#: evaluate the bound after so many iterations at the latest, or after a quarter of all so far
ITERATIONS_BETWEEN = 12

#: aim below the tolerance by this factor, and evaluate where the energy fell by this one
AIM, FALL = 0.8, 0.01

#: the residual that the iteration carries along has lost touch with that of its potential where
#: their squares differ by this factor
DRIFT = 4.0


class Stalled(NotConverged):
    """The potential no longer follows the iteration, for want of digits."""


class CertifiedEnergy:
    """Stop when the error of the energy is proved to be at most `rtol`.

    `scratch` is a float32 vector that is free between steps, `residual` that of the iteration where
    it can be compared with that of the potential. ``report(iteration, energy, error)`` is called
    after each step. The history goes on over several iterations.

    Where the bound is not affordable, the estimate decides as long as nothing contradicts it; from
    then on the bound does.
    """

    def __init__(
        self,
        bound: ErrorBound,
        scratch: np.ndarray,
        rtol: float,
        advice: str,
        report: Report | None = None,
        residual: np.ndarray | None = None,
    ):
        self.bound = bound
        self.scratch = scratch
        self.rtol = rtol
        self.report = report
        self.residual_vector = residual
        self.history: list[float] = []
        self.wanted = f"rtol={rtol:.1e} wanted; {advice}"
        self.residual = 0.0
        self.certificate = Certificate(np.inf, np.inf, 0.0)
        self._energy, self._target, self._waited = np.inf, rtol, 0
        self._remaining = np.inf
        self._proves = bound.affordable

    def begin(self, x: np.ndarray) -> bool:
        """Start again from x; return whether that is good enough."""
        self._start()
        return self._certify(x)

    def measure(self, x: np.ndarray) -> None:
        """Start from x, of which only the energy is known."""
        self._start()
        self.certificate = Certificate(self.bound.energy(x, self.scratch), np.inf, 0.0)
        self._energy = self.certificate.energy

    def __call__(self, step: Step) -> bool:
        """Return whether the energy is proved to be right to `rtol`."""
        self.residual = step.residual
        self._remaining = step.remaining
        self._energy -= step.gain
        self._waited += 1
        estimate = step.remaining / self._energy if self._energy > 0 else np.inf
        done = False
        if self._due(estimate):
            done = self._certify(step.potential())
            if not done:
                if self.certificate.proved:
                    self._check_drift()
                aim = AIM * self.rtol / self.certificate.unsolved
                estimate = step.remaining / self._energy
                self._target = estimate * (aim if aim > 0 else 0.1)
            estimate = self.certificate.error
        self.history.append(estimate)
        if self.report is not None:
            self.report(len(self.history), self._energy, estimate)
        return done

    @property
    def run(self) -> Run:
        """Return the record of the iteration."""
        return Run(len(self.history), self.history, self.residual)

    def _start(self) -> None:
        self._energy, self._target, self._waited = np.inf, self.rtol, 0

    def _due(self, estimate: float) -> bool:
        waited = self._waited >= max(ITERATIONS_BETWEEN, len(self.history) // 4)
        fallen = not self._energy > FALL * self.certificate.energy
        return estimate <= self._target or waited or fallen

    def _certify(self, x: np.ndarray) -> bool:
        self.certificate = self._certificate(x)
        self._energy = self.certificate.energy
        self._waited = 0
        return self.certificate.meets(self.rtol)

    def _certificate(self, x: np.ndarray) -> Certificate:
        if not self._proves:
            estimate = self.bound.estimate(x, self.scratch, self._remaining)
            if estimate.excess <= self._remaining:
                return estimate
            self._proves = True
        return self.bound(x, self.scratch)

    def _check_drift(self) -> None:
        if self.residual_vector is None:
            return
        operator = self.bound.operator
        carried = operator.dot(self.residual_vector, self.residual_vector)
        if operator.dot(self.scratch, self.scratch) > DRIFT * carried:
            raise Stalled(
                f"error {self.certificate.error:.1e} after {len(self.history)} iterations in "
                f"{operator.dtype}, where rounding stops them, {self.wanted}",
                self.history,
            )
