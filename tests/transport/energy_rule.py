"""A rule that does not depend on how a volume is divided into blocks and boxes."""

from poreflux.transport.solvers.stopping import Run, Step


class EnergyError:
    """The plainest rule: stop where the estimated relative error of the energy is at most rtol."""

    def __init__(self, energy: float, rtol: float, advice: str):
        self.energy = energy
        self.rtol = rtol
        self.history: list[float] = []
        self.wanted = f"rtol={rtol:.1e} wanted; {advice}"
        self.residual = 0.0

    def __call__(self, step: Step) -> bool:
        self.energy -= step.gain
        self.residual = step.residual
        self.history.append(step.remaining / self.energy)
        return self.history[-1] <= self.rtol

    def is_met_early(self, _: Step) -> bool:
        return False

    @property
    def run(self) -> Run:
        return Run(len(self.history), self.history, self.residual)
