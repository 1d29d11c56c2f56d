"""poreflux run: a study, from its scans to its pages."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poreflux.cli.answer import Answer
from poreflux.cli.options import COMMON, Common, Flag, Whole, WholeOrNone
from poreflux.cli.terminal import progress

if TYPE_CHECKING:
    from poreflux.study.pace import Pace
    from poreflux.study.plan import Outcome
    from poreflux.study.steps import Step
    from poreflux.study.study import Study


def run(
    study: Path = Path("study.toml"),
    /,
    *,
    example: Flag = False,
    edge: Whole = 250,
    scheduler: str | None = None,
    processes: WholeOrNone = None,
    threads: WholeOrNone = None,
    common: Common = COMMON,
) -> Answer:
    """Run a study: import, segment, measure, solve and report each sample, and compare them.

    A step is done again only where its inputs, its parameters or what it made changed; a run that
    was stopped, however, goes on with the same command. A sample that fails does not stop the
    others, and is named at the end.

    Parameters
    ----------
    study
        file that says which samples there are and what is computed of them.
    example
        first write the file, with synthetic twins of six pressed electrolytes.
    edge
        of the twins of the example in voxels.
    scheduler
        address of a dask scheduler for the block computations, instead of the file's.
    processes
        solve by `mpirun -n` so many, instead of the file's; the rest is done in this process.
    threads
        of each solve, instead of the file's.

    Examples
    --------
    poreflux run study.toml
    poreflux run --example six.toml
    """
    from poreflux.study.study import Study

    if example:
        _write_example(study, edge)
    opened = Study(study)
    pages = _pages()
    if common.dry_run:
        return _planned(opened, pages)
    work = _work(opened, scheduler, processes, threads)
    tell = _Told(opened.pace(**pages))
    outcome = opened.run(work=work, tell=tell, wait=common.wait, **pages)
    return _answer(opened, outcome)


def _write_example(path: Path, edge: int) -> None:
    """Write the study of the six twins; one that is there is kept where it is the same."""
    from poreflux.store import disk
    from poreflux.study.example import example

    text = example(edge)
    if path.exists():
        if path.read_text(encoding="utf-8") != text:
            raise ValueError(
                f"{path} is there and is another study; leave out --example to run it, or give "
                "another name"
            )
        return
    with disk.writing(path):
        disk.write_file(path, text.encode())
    _say(f"{path} is written: six synthetic twins, {edge} voxels along each edge")


def _pages() -> dict[str, Any]:
    """Return the steps that write pages: one of each sample, one of all."""
    from poreflux.reporting.study_steps import comparison_step, report_step

    return {"more": [report_step], "last": [comparison_step]}


def _work(study: "Study", scheduler: str | None, processes: int | None, threads: int | None) -> Any:
    """Return the means of the run: those of the file, but for what is given here."""
    from poreflux.cli.launching import Mpirun
    from poreflux.study.work import Work

    resources = study.file.resources
    count = resources.processes if processes is None else processes
    chosen = resources.threads if threads is None else threads
    return Work(
        threads=chosen,
        scheduler=resources.scheduler if scheduler is None else scheduler,
        processes=Mpirun(count, chosen) if count > 1 else None,
        chunk=resources.chunk,
        watch=progress,
    )


def _planned(study: "Study", pages: dict[str, Any]) -> Answer:
    """Return the answer of ``--dry-run``: every step, and whether it is to do."""
    steps = study.plan(**pages)
    lines = [str(planned) for planned in steps]
    due = [planned for planned in steps if planned.due]
    lines.append(f"{len(due)} of {len(steps)} steps are to do")
    data = {
        "steps": [
            {"sample": p.step.sample, "step": p.step.name, "due": p.due, "why": p.why}
            for p in steps
        ]
    }
    return Answer("run", lines, data)


class _Told:
    """Say what becomes of each step, how many there are, and about how long the rest takes."""

    def __init__(self, pace: "Pace") -> None:
        self.pace, self.begun = pace, 0.0

    def __call__(self, step: "Step", what: str) -> None:
        from poreflux.progress import duration
        from poreflux.study.plan import DONE, TO_DO

        if what == TO_DO:
            self.begun = time.monotonic()
            return
        self.pace.ended(step, time.monotonic() - self.begun if what == DONE else None)
        left = self.pace.left
        rest = f", about {duration(left)} left" if left else ""
        number = f"{self.pace.number} of {self.pace.total}"
        _say(f"{step.sample}: {step.name} {what} ({number}{rest})")


def _answer(study: "Study", outcome: "Outcome") -> Answer:
    lines = [f"{len(outcome.done)} steps were done, {len(outcome.kept)} were there already"]
    lines += [f"{name} failed: {said}" for name, said in outcome.failed.items()]
    notes = [f"{s}: {n}: {note}" for (s, n), told in outcome.notes.items() for note in told]
    lines += notes
    finished = [sample.name for sample in study.file.samples if sample.name not in outcome.failed]
    lines += [f"{study.folder / name / 'report.html'}" for name in finished]
    page = study.folder / "comparison.html"
    if page.exists():
        lines += [*_sentences(study), f"the comparison is {page}"]
    data = {
        "folder": str(study.folder),
        "page": str(page) if page.exists() else None,
        "done": [[step.sample, step.name] for step in outcome.done],
        "kept": [[step.sample, step.name] for step in outcome.kept],
        "failed": outcome.failed,
        "notes": notes,
        "seconds": {
            f"{sample}: {name}": seconds for (sample, name), seconds in outcome.seconds.items()
        },
    }
    failure = None
    if outcome.failed:
        failure = (
            f"{len(outcome.failed)} of {len(study.file.samples)} samples failed: "
            f"{', '.join(outcome.failed)}; the same command goes on with them"
        )
    return Answer("run", lines, data, failure=failure)


def _sentences(study: "Study") -> tuple[str, ...]:
    """Return the answer in three sentences, as the page of the comparison has it."""
    from poreflux.study.answer import answer
    from poreflux.study.compare import compare

    return answer(compare(study.by_sample, **study.file.comparison.model_dump()))


def _say(text: str) -> None:
    print(f"poreflux: {text}", file=sys.stderr, flush=True)
