"""The report of each sample of a study, as one more of its steps."""

from functools import partial
from pathlib import Path

from poreflux.reporting.report import report
from poreflux.study.model import Sample
from poreflux.study.steps import Step
from poreflux.study.study import Study
from poreflux.study.work import Work


def report_step(study: Study, sample: Sample, folder: Path) -> Step:
    """Return the step that writes the report of a sample."""
    page, title = folder / "report.html", f"{sample.name}: {study.file.title}"
    make = partial(_write, folder / "results.zarr", page, title)
    return Step(sample.name, "report", page, {"title": title}, make, ("results",))


def _write(results: Path, page: Path, title: str, work: Work) -> None:
    with work.watch("report") as progress:
        report(results, page, title=title, progress=progress)
