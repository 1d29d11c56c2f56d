"""The report of each sample of a study, and the page that compares them, as its steps."""

from functools import partial
from pathlib import Path

from poreflux.reporting.comparison_page import compare_page
from poreflux.reporting.report import report
from poreflux.study.compare import compare
from poreflux.study.model import Sample
from poreflux.study.steps import Step
from poreflux.study.study import Study
from poreflux.study.work import Work


def report_step(study: Study, sample: Sample, folder: Path) -> Step:
    """Return the step that writes the report of a sample."""
    page, title = folder / "report.html", f"{sample.name}: {study.file.title}"
    make = partial(_write, folder / "results.zarr", page, title)
    return Step(sample.name, "report", page, {"title": title}, make, ("results",))


def comparison_step(study: Study) -> Step:
    """Return the step that writes the page that compares all samples that have results."""
    page, options = study.folder / "comparison.html", study.file.comparison
    parameters = {"title": study.file.title, **options.model_dump()}
    return Step("all", "comparison", page, parameters, partial(_compare, study, page))


def _compare(study: Study, page: Path, work: Work) -> None:
    samples = study.by_sample
    comparison = compare(samples, **study.file.comparison.model_dump())
    with work.watch("comparison") as progress:
        compare_page(samples, comparison, page, title=study.file.title, progress=progress)


def _write(results: Path, page: Path, title: str, work: Work) -> None:
    with work.watch("report") as progress:
        report(results, page, title=title, progress=progress)
