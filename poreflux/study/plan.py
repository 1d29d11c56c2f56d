"""The steps of a study before a run and after it: which are to do, and what became of them."""

from dataclasses import dataclass, field

from poreflux.study.steps import Step

#: what becomes of a step: to do, done now, kept from an earlier run, failed
TO_DO, DONE, KEPT, FAILED = "to do", "done", "kept", "failed"


@dataclass(frozen=True)
class Planned:
    """A step, whether it is to do, and why."""

    step: Step
    key: str
    due: bool
    why: str

    def __str__(self) -> str:
        """Return the step as a line of a plan."""
        return f"{self.step.sample}: {self.step.name} ({self.why})"


@dataclass
class Outcome:
    """What became of a run.

    Attributes
    ----------
    done, kept
        steps that were done now, and those whose results were there.
    failed
        what to say of each sample that failed, by its name.
    seconds
        of each step that was done.
    notes
        what a step could not find out, of those done and those kept.
    """

    done: list[Step] = field(default_factory=list)
    kept: list[Step] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    seconds: dict[tuple[str, str], float] = field(default_factory=dict)
    notes: dict[tuple[str, str], list[str]] = field(default_factory=dict)
