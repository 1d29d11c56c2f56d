"""The stopping rule that proves what it claims: the error bound decides, the estimate says when to
evaluate it.
"""

import numpy as np

from poreflux.errors import NotConverged
from poreflux.transport.solvers.error_bound import Certificate, ErrorBound
from poreflux.transport.solvers.linear_solver import Indefinite, LinearSolver
from poreflux.transport.solvers.stopping import Report, Run, Step

#: iterations restart with the residual of their potential so often while that helps
MAX_RESTARTS = 20

#: evaluate the bound after so many iterations at the latest, or after a quarter of all so far
ITERATIONS_BETWEEN = 12

#: aim below the tolerance by this factor, and evaluate where the energy fell by this one
AIM, FALL = 0.8, 0.01

#: a guess of what remains, before the preconditioner tells, decides where so many times it is small
#: enough; not after the first step. After later ones it was at least half of what the
#: preconditioner then told, in eleven kinds of media; not between chambers: fluxes are uneven there
CAUTION = 2.0

#: the residual that the iteration carries along has lost touch with that of its potential where
#: their squares differ by this factor
DRIFT = 4.0


class Stalled(NotConverged):
    """The potential no longer follows the iteration, for want of digits."""


class Limited(NotConverged):
    """The iterations that the user allows are used up: nothing else is tried."""


class CertifiedEnergy:
    """Stop when the error of the energy is proved to be at most `rtol`.

    `scratch` is a float32 vector that is free between steps, `residual` that of the iteration where
    it can be compared with that of the potential. ``report(iteration, energy, error)`` is called
    after each step. The history goes on over several iterations.

    Where the bound is not affordable, the estimate decides as long as nothing contradicts it; from
    then on, and after so many iterations that a proof takes little beside them, the bound does.
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
        #: whether the potential that was judged last is good enough
        self.met = False
        self._proves = bound.affordable
        #: whether a step was judged before the preconditioner
        self._judged = False

    def begin(self, x: np.ndarray) -> bool:
        """Start again from x; return whether that is good enough."""
        self._start()
        return self._certify(x)

    def measure(self, x: np.ndarray, most: float | None = None) -> None:
        """Start from x, of which only the energy is known, or how much it is at `most`: where
        nothing is proved that tells well enough when to take it.
        """
        self._start()
        if most is None or self._proves_now():
            most = self.bound.energy_alone(x, self.scratch)
        self.certificate = Certificate(most, np.inf, 0.0)
        self._energy = self.certificate.energy

    def attach(self, solver: LinearSolver) -> None:
        """Watch the iteration of a solver from now on."""
        self.scratch, self.residual_vector = solver.scratch, solver.residual

    def is_met_early(self, step: Step) -> bool:
        """Return whether the energy is right to `rtol`; try it where a guess of the remaining error
        says so, twice that guess where it decides.
        """
        proves = self._proves_now()
        if not proves:
            if not self.bound.guarded or step.iteration == 1:
                return False
            step = step._replace(remaining=CAUTION * step.remaining)
        energy = self._energy_after(step)
        estimate = step.remaining / energy if energy > 0 else np.inf
        if not (proves or estimate <= self._target) or not self._due(estimate, step):
            return False
        self.residual, self._remaining = step.residual, step.remaining
        self._judged = True
        done = self._judge(step)
        if done:
            self._record(self.certificate.error)
        return done

    def __call__(self, step: Step) -> bool:
        """Return whether the energy is right to `rtol`."""
        self.residual = step.residual
        self._remaining = step.remaining
        judged, self._judged = self._judged, False
        if judged and self.certificate.proved:
            self._aim(step)
            self._record(self.certificate.error)
            return False
        if not judged:
            self._energy = self._energy_after(step)
            self._waited += 1
        estimate = step.remaining / self._energy if self._energy > 0 else np.inf
        done = False
        if self._due(estimate, step):
            done = self._judge(step)
            estimate = self.certificate.error
        self._record(estimate)
        return done

    def _judge(self, step: Step) -> bool:
        """Return whether the potential after a step is good enough; else aim at what will be."""
        done = self._certify(step.potential())
        if not done and self.certificate.proved:
            self._check_drift()
        if not done and (self.certificate.proved or not self._judged):
            self._aim(step)
        return done

    def _aim(self, step: Step) -> None:
        aim = AIM * self.rtol / self.certificate.unsolved
        estimate = step.remaining / self._energy
        self._target = estimate * (aim if aim > 0 else 0.1)

    def _record(self, estimate: float) -> None:
        self.history.append(estimate)
        if self.report is not None:
            self.report(len(self.history), self._energy, estimate)

    @property
    def run(self) -> Run:
        """Return the record of the iteration."""
        return Run(len(self.history), self.history, self.residual)

    def _start(self) -> None:
        self._energy, self._target, self._waited = np.inf, self.rtol, 0
        self.met = self._judged = False

    def _energy_after(self, step: Step) -> float:
        """Return the energy that errors are relative to."""
        return self._energy - step.gain

    def _due(self, estimate: float, step: Step) -> bool:
        fallen = not self._energy > FALL * self.certificate.energy
        return estimate <= self._target or self._waited_long() or fallen

    def _waited_long(self) -> bool:
        return self._waited >= max(ITERATIONS_BETWEEN, len(self.history) // 4)

    def _certify(self, x: np.ndarray) -> bool:
        self.certificate = self._certificate(x)
        self._energy = self.certificate.energy
        self._waited = 0
        self.met = self._is_enough(x)
        return self.met

    def _is_enough(self, x: np.ndarray) -> bool:
        return self.certificate.meets(self.rtol)

    def _certificate(self, x: np.ndarray) -> Certificate:
        if not self._proves_now() and np.isfinite(self._remaining):
            estimate = self.bound.estimate(x, self.scratch, self._remaining)
            if estimate.excess <= self._remaining:
                return estimate
            self._proves = True
        return self.bound(x, self.scratch)

    def _proves_now(self) -> bool:
        many = self.bound.operator.engine.provable.iterations
        if self.bound.guarded and len(self.history) >= many:
            self._proves = True
        return self._proves

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


def lower_until_met(
    solver: LinearSolver, x: np.ndarray, stopping: CertifiedEnergy, most: float | None = None
) -> None:
    """Lower the energy of x, in place, until a rule that is attached to the solver is met; where it
    is known, that of x is at `most` so much.

    Raises
    ------
    NotConverged
        where starting again from x no longer helps.
    """
    stopping.measure(x, most)
    for _ in range(MAX_RESTARTS):
        before = stopping.certificate.excess
        try:
            solver.lower(x, stopping)
        except Stalled:
            if not _is_worth_more(solver, stopping, before) or x.dtype == np.float32:
                raise
        except Indefinite:
            if not solver.careful:
                raise
        if stopping.met or stopping.begin(x):
            return
        if not _is_worth_more(solver, stopping, before):
            break
    raise NotConverged(
        f"error {stopping.certificate.error:.1e} after {len(stopping.history)} iterations, "
        f"{stopping.wanted}",
        stopping.history,
    )


def _is_worth_more(solver: LinearSolver, stopping: CertifiedEnergy, before: float) -> bool:
    """Return whether to start again: what a careful solver gains varies from start to start."""
    return solver.careful or stopping.certificate.excess < before / 2
