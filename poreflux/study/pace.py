"""How far a study has come, and how long the rest will take, by the time that like steps took."""

from collections.abc import Sequence

from poreflux.study.steps import Step

_Named = tuple[str, str]


class Pace:
    """The steps of a run that are left, and the seconds of those that are known.

    Parameters
    ----------
    steps
        of the run in their order, each with its seconds in an earlier run, where there was one, and
        whether it is to do.

    Examples
    --------
    >>> from pathlib import Path
    >>> steps = [Step(s, n, Path(), {}, print) for s in "ab" for n in ("import", "measure")]
    >>> pace = Pace([(step, None, True) for step in steps])
    >>> pace.ended(steps[0], 2.0)
    >>> pace.number, pace.total, pace.left
    (1, 4, None)
    >>> pace.ended(steps[1], 10.0)
    >>> pace.left
    12.0
    """

    def __init__(self, steps: Sequence[tuple[Step, float | None, bool]]):
        self.total = len(steps)
        self._left: dict[_Named, Step] = {(s.sample, s.name): s for s, _, _ in steps}
        self._kept = {(s.sample, s.name) for s, _, due in steps if not due}
        self._seconds: dict[_Named, float] = {}
        self._kinds: dict[str, list[float]] = {}
        for step, seconds, _ in steps:
            if seconds is not None:
                self._learn(step, seconds)

    @property
    def number(self) -> int:
        """Return how many steps are done, kept, or given up."""
        return self.total - len(self._left)

    @property
    def left(self) -> float | None:
        """Return the seconds of the steps that are left; None where one like these is not known.

        The comparison, which comes once, counts only where an earlier run did it.
        """
        due = [step for named, step in self._left.items() if named not in self._kept]
        known = {step.name: self._expected(step) for step in due}
        if any(seconds is None and name != "comparison" for name, seconds in known.items()):
            return None
        return sum(self._expected(step) or 0.0 for step in due)

    def ended(self, step: Step, seconds: float | None) -> None:
        """Count a step and what lies before it, with the time that it took where it was done."""
        ended = step.sample, step.name
        while ended in self._left:  # what was left before it belongs to a sample that failed
            del self._left[next(iter(self._left))]
        if seconds is not None:
            self._learn(step, seconds)

    def _learn(self, step: Step, seconds: float) -> None:
        self._seconds[step.sample, step.name] = seconds
        for kind in {step.name, step.kind}:
            self._kinds.setdefault(kind, []).append(seconds)

    def _expected(self, step: Step) -> float | None:
        """Return the seconds of a step: its own earlier ones, or the mean of its like."""
        if (step.sample, step.name) in self._seconds:
            return self._seconds[step.sample, step.name]
        like = self._kinds.get(step.name) or self._kinds.get(step.kind)
        return sum(like) / len(like) if like else None
