"""poreflux report: results become one page."""

from pathlib import Path

from poreflux.cli.answer import Answer
from poreflux.cli.options import COMMON, Common, Location
from poreflux.cli.terminal import progress


def report(
    results: Location,
    /,
    *,
    out: Path = Path("report.html"),
    title: str | None = None,
    common: Common = COMMON,
) -> Answer:
    """Write results as one HTML page that needs no other file and no network.

    Parameters
    ----------
    results
        folder that `poreflux measure` and `poreflux solve` made.
    out
        the page.
    title
        of the page; by default the name of the source.

    Examples
    --------
    poreflux report results.zarr --out report.html
    """
    from poreflux import results as stored
    from poreflux.reporting.guards import guards
    from poreflux.reporting.report import report as write

    dataset = stored.open(results)
    if common.dry_run:
        from poreflux.cli import forecast

        need = forecast.Need(
            8 * dataset.nbytes + forecast.LIBRARIES["report"],
            dataset.nbytes + 3e6,
            forecast.START["report"],
        )
        return forecast.answer("report", need, out)
    with progress("report") as on_progress:
        page = write(results, out, title=title, progress=on_progress)
    data = {"report": str(page.absolute()), "bytes": page.stat().st_size}
    return Answer("report", [str(page.absolute())], data, guards(dataset))
