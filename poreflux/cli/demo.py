"""poreflux demo: the whole way, on the tomogram that is shipped."""

import sys
from importlib.resources import as_file, files
from pathlib import Path

from poreflux.cli.answer import Answer
from poreflux.cli.imports import import_
from poreflux.cli.measure import measure
from poreflux.cli.options import COMMON, Common
from poreflux.cli.report import report
from poreflux.cli.segment import segment
from poreflux.cli.solve import tortuosity

#: what of the results is printed
SHOWN = ("porosity", "structure_factor_ratio", "tortuosity_factor", "effective_conductivity")

TITLE = "Cement tomogram (demo; its voxel size is not published, 1 µm is assumed)"


def demo(*, out: Path = Path("poreflux-demo"), common: Common = COMMON) -> Answer:
    """Make a report of a real tomogram that is shipped: import, segment, measure, solve, report.

    Parameters
    ----------
    out
        folder for the store, the results and the page.

    Examples
    --------
    poreflux demo --out poreflux-demo
    """
    store, results, page = out / "cement.zarr", out / "results.zarr", out / "report.html"
    if common.dry_run:
        return _forecast(out)
    out.mkdir(parents=True, exist_ok=True)
    with as_file(files("poreflux") / "data" / "cement.tif") as scan:
        _say(f"import cement.tif {store} --voxel-size 1")
        answers = [import_(scan, store, voxel_size="1")]
    _say(f"segment {store} --method otsu --denoise median")
    answers.append(segment(store, method="otsu", denoise="median"))
    _say(f"measure {store} --out {results}")
    answers.append(measure(store, out=results))
    _say(f"solve tortuosity {store} --direction all --blocks 4,4,4 --out {results}")
    solved = tortuosity(store, direction="all", blocks="4,4,4", out=results)
    answers += [solved] if solved else []
    _say(f"report {results} --out {page}")
    answers.append(report(results, out=page, title=TITLE))
    return _answer(results, page, answers)


def _answer(results: Path, page: Path, answers: list[Answer]) -> Answer:
    from poreflux import results as stored
    from poreflux.cli.numbers import document, lines

    dataset = stored.open(results)
    numbers = lines(dataset, only=SHOWN)
    data = {"report": str(page.absolute()), "numbers": document(dataset)}
    warnings = list(dict.fromkeys(w for answer in answers for w in answer.warnings))
    return Answer("demo", [*numbers, f"the report is {page.absolute()}"], data, warnings)


def _say(command: str) -> None:
    print(f"poreflux {command}", file=sys.stderr, flush=True)


def _forecast(out: Path) -> Answer:
    from poreflux.cli import forecast

    seconds = sum(forecast.START.values())
    return forecast.answer("demo", forecast.Need(5e8, 1e7, seconds), out)
