"""A study: its file, the plan of its steps, the run, and the results of all samples."""

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import xarray as xr

from poreflux import results as stored
from poreflux.store.disk import writing
from poreflux.store.lock import holding
from poreflux.study import records
from poreflux.study.file import read_study
from poreflux.study.importing import source_of
from poreflux.study.model import Sample, StudyFile
from poreflux.study.pace import Pace
from poreflux.study.plan import DONE, FAILED, KEPT, TO_DO, Outcome, Planned
from poreflux.study.steps import Step, steps_of
from poreflux.study.work import Work

#: of a study, a sample and its folder: one more step of each sample, such as its report
MoreSteps: TypeAlias = Callable[["Study", Sample, Path], Step]

#: of a study, one step of all its samples, such as the page that compares them
LastSteps: TypeAlias = Callable[["Study"], Step]


class Study:
    """Several samples, treated alike and compared.

    Parameters
    ----------
    path
        of the study file.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "study.toml"
    >>> _ = path.write_text('''
    ... tortuosity = {directions = "z", blocks = [2, 2, 2]}
    ... current = {compute = false}
    ... measure = {also = [], blocks = [2, 2, 2]}
    ... [[samples]]
    ... name = "fine"
    ... preset = "fine_500"
    ... edge = 16
    ... ''')
    >>> study = Study(path)
    >>> [planned.step.name for planned in study.plan() if planned.due]
    ['import', 'measure', 'tortuosity z', 'blocks', 'results']
    >>> study.run().failed, any(planned.due for planned in study.plan())
    ({}, False)
    >>> study.results["tortuosity_factor"].dims
    ('sample', 'direction')
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)

    @cached_property
    def file(self) -> StudyFile:
        """The content of the file, checked."""
        return read_study(self.path)

    @property
    def base(self) -> Path:
        """The folder that paths in the file start from."""
        return self.path.resolve().parent

    @property
    def folder(self) -> Path:
        """The folder of all that is made."""
        return self.base / (self.file.folder or f"{self.path.stem}-results")

    @property
    def results(self) -> xr.Dataset:
        """The results of all samples that have them, along the dim `sample`."""
        return stored.join_results(self.by_sample)

    @property
    def by_sample(self) -> dict[str, xr.Dataset]:
        """The results of each sample that has them, by its name, in the order of the file.

        Those of other parameters or inputs than the file has now are left out, with a warning.
        """
        for name in self._outdated:
            warnings.warn(
                f"the results of {name} are of other parameters or inputs than {self.path.name} "
                "has now, and are left out; run the study again",
                stacklevel=2,
            )
        return {path.parent.name: stored.open_results(path) for path in self._finished}

    def plan(
        self, *, more: Sequence[MoreSteps] = (), last: Sequence[LastSteps] = ()
    ) -> list[Planned]:
        """Return every step, whether it is to do, and why; nothing is done.

        Parameters
        ----------
        more, last
            as for :meth:`run`.
        """
        steps = [planned for sample in self.file.samples for planned in self._plan(sample, more)]
        return [*steps, *(self._last(last) if len(self.file.samples) > 1 else ())]

    def run(
        self,
        *,
        work: Work | None = None,
        more: Sequence[MoreSteps] = (),
        last: Sequence[LastSteps] = (),
        tell: Callable[[Step, str], None] | None = None,
        wait: bool = False,
    ) -> Outcome:
        """Do every step whose inputs, parameters or results are not those of an earlier run.

        Parameters
        ----------
        work
            threads, scheduler and processes; by default those of the file, without processes.
        more
            steps of each sample beyond its results, such as its report.
        last
            steps of all samples that have results, where there are two.
        tell
            called with each step, before it and after it, and what becomes of it.
        wait
            for another run of the study, instead of refusing.

        Returns
        -------
        what was done, kept and what failed: a sample that fails does not stop the others.

        Raises
        ------
        StoreExists
            if another process runs the study.
        """
        resources, outcome = self.file.resources, Outcome()
        means = work or Work(
            threads=resources.threads, scheduler=resources.scheduler, chunk=resources.chunk
        )
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        with holding(self.folder / ".running", self.folder, wait=wait):
            for sample in self.file.samples:
                self._try(sample.name, outcome, self._of(sample, more), means, tell)
            if last and len(self._finished) > 1:
                self._try("the comparison", outcome, self._last(last), means, tell)
        return outcome

    def pace(self, *, more: Sequence[MoreSteps] = (), last: Sequence[LastSteps] = ()) -> Pace:
        """Return how far a run of the study has come: nothing yet, and what lies before it.

        Parameters
        ----------
        more, last
            as for :meth:`run`.
        """
        planned = self.plan(more=more, last=last)
        seconds = [records.recorded(self._record(p.step)).get("seconds") for p in planned]
        return Pace([(p.step, known, p.due) for p, known in zip(planned, seconds)])

    def _plan(self, sample: Sample, more: Sequence[MoreSteps]) -> list[Planned]:
        """Return the steps of a sample; the first one alone where its source cannot be read."""
        try:
            return list(self._of(sample, more))
        except OSError as error:
            first, *_ = steps_of(self.file, sample, self.base, self.folder / sample.name)
            return [Planned(first, "", True, _said(error))]

    def _try(
        self,
        name: str,
        outcome: Outcome,
        steps: Iterator[Planned],
        work: Work,
        tell: Callable[[Step, str], None] | None,
    ) -> None:
        """Do steps; the first that fails ends them, and is noted under a name."""
        try:
            self._run(steps, work, tell, outcome)
        except Exception as error:  # of whatever kind: the other samples go on
            outcome.failed[name] = _said(error)

    def _run(
        self,
        steps: Iterator[Planned],
        work: Work,
        tell: Callable[[Step, str], None] | None,
        outcome: Outcome,
    ) -> None:
        say = tell or (lambda step, what: None)
        for planned in steps:
            step = planned.step
            named = step.sample, step.name
            if not planned.due:
                outcome.kept.append(step)
                notes = records.recorded(self._record(step)).get("notes")
                outcome.notes |= {named: notes} if notes else {}
                say(step, KEPT)
                continue
            say(step, TO_DO)
            begun, told = time.monotonic(), list[str]()
            try:
                step.make(replace(work, note=told.append))
            except Exception:  # an interrupt is no failure of the step
                say(step, FAILED)
                raise
            made = records.fingerprint(step.target, step.variables)
            seconds = round(time.monotonic() - begun, 2)
            content = {"key": planned.key, "made": made, "seconds": seconds, "notes": told}
            records.write_record(self._record(step), content)
            outcome.done.append(step)
            outcome.seconds[named] = seconds
            outcome.notes |= {named: told} if told else {}
            say(step, DONE)

    def _of(self, sample: Sample, more: Sequence[MoreSteps]) -> Iterator[Planned]:
        """Yield the steps of a sample; whether each is to do is asked when its turn comes."""
        due: set[str] = set()
        for step, key in self._keyed(sample, more):
            why = self._why(step, key, due)
            if why:
                due.add(step.name)
            yield Planned(step, key, bool(why), why or "there already")

    def _keyed(self, sample: Sample, more: Sequence[MoreSteps] = ()) -> Iterator[tuple[Step, str]]:
        """Yield the steps of a sample, each with the name of all that decides what it makes."""
        folder = self.folder / sample.name
        steps = steps_of(self.file, sample, self.base, folder)
        steps += [make(self, sample, folder) for make in more]
        keys: dict[str, str] = {}
        for step in steps:
            needs = [keys[name] for name in step.needs]
            if step.kind == "import":
                needs.append(self._content(sample))
            keys[step.name] = records.key_of(step.kind, step.parameters, needs)
            yield step, keys[step.name]

    @property
    def _finished(self) -> list[Path]:
        """The folders of the results that the file as it is now has, in its order."""
        return [path for path in self._there if path.parent.name not in self._outdated]

    @property
    def _there(self) -> list[Path]:
        paths = [self.folder / sample.name / "results.zarr" for sample in self.file.samples]
        return [path for path in paths if path.exists()]

    @property
    def _outdated(self) -> list[str]:
        """The samples whose results are those of other parameters or inputs."""
        there = {path.parent.name for path in self._there}
        return [s.name for s in self.file.samples if s.name in there and self._is_outdated(s)]

    def _is_outdated(self, sample: Sample) -> bool:
        """Return whether results are not of what the file says; of a source that is gone, nobody
        can tell.
        """
        try:
            *_, (step, key) = self._keyed(sample)
        except OSError:
            return False
        return records.recorded(self._record(step)).get("key") != key

    def _last(self, last: Sequence[LastSteps]) -> Iterator[Planned]:
        """Yield the steps of all samples; whether each is to do depends on all results."""
        needs = [str(records.fingerprint(path)) for path in self._finished]
        for make in last:
            step = make(self)
            key = records.key_of(step.kind, step.parameters, needs)
            why = self._why(step, key, set())
            yield Planned(step, key, bool(why), why or "there already")

    def _why(self, step: Step, key: str, due: set[str]) -> str:
        """Return why a step is to be done, nothing where what it makes is there."""
        record = records.recorded(self._record(step))
        if not record:
            return "not done yet"
        if record.get("key") != key:
            return "its parameters or inputs changed"
        made = records.fingerprint(step.target, step.variables)
        if made is None:
            return f"{step.target.name} is not there"
        if made != record.get("made"):
            return f"{step.target.name} is not as it was made"
        return f"{', '.join(sorted(due & set(step.needs)))} first" if due & set(step.needs) else ""

    def _record(self, step: Step) -> Path:
        name = step.name.replace(" ", "_")
        return self.folder / step.sample / ".steps" / f"{name}.json"

    def _content(self, sample: Sample) -> str:
        """Return the sha256 of the files of a sample; nothing of a preset."""
        source = source_of(sample, self.base)
        if source is None:
            return ""
        kept = self.folder / sample.name / ".steps"
        content = records.content_of(source, kept / "source.json")
        mask = sample.reading.mask
        return (
            content
            if mask is None
            else content + records.content_of(self.base / mask, kept / "mask.json")
        )


def _said(error: BaseException) -> str:
    """Return one line that says what happened."""
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    named: Any = type(error).__name__
    return " ".join(text.split()) or named
