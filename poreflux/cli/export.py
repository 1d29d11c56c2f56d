"""poreflux export: results for other programs."""

from pathlib import Path

from poreflux.cli.answer import Answer
from poreflux.cli.options import COMMON, Common, Flag, Location, WholeOrNone
from poreflux.cli.targets import require_writable


def export(
    results: Location,
    out: Path,
    /,
    *,
    variant: WholeOrNone = None,
    overwrite: Flag = False,
    common: Common = COMMON,
) -> Answer:
    """Write results as CSV, Parquet or NetCDF: the numbers with their errors, or every variable.

    Parameters
    ----------
    results
        folder that `poreflux measure` and `poreflux solve` made.
    out
        file that ends in .csv or .parquet for a table with a row for each number, its unit and its
        errors by kind; or in .nc for every variable, maps and curves as well.
    variant
        number of a variant that other parameters gave, as `poreflux solve` told it.
    overwrite
        replace a file that is there.

    Examples
    --------
    poreflux export results.zarr numbers.csv
    poreflux export results.zarr everything.nc
    """
    from poreflux import results as stored
    from poreflux.results.exporting import FORMATS, check_target, export_results

    check_target(out, overwrite=overwrite)
    require_writable(out, dry_run=common.dry_run)
    dataset = stored.open_results(results, variant=variant)
    if common.dry_run:
        from poreflux.cli import forecast

        need = forecast.Need(3 * dataset.nbytes + 3e8, dataset.nbytes + 1e6, 2.0)
        return forecast.answer("export", need, out)
    path = export_results(dataset, out, overwrite=overwrite)
    data = {"file": str(path.absolute()), "bytes": path.stat().st_size}
    return Answer("export", [f"{FORMATS[path.suffix]} is in {path.absolute()}"], data)
