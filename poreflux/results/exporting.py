"""Results for other programs: a table as CSV or Parquet, everything as NetCDF."""

import importlib.util
import io
from collections.abc import Mapping
from pathlib import Path

import xarray as xr

from poreflux.errors import StoreExists
from poreflux.results.table import results_table
from poreflux.store import disk

#: ending of a file -> what it holds
FORMATS: Mapping[str, str] = {
    ".csv": "the table of numbers",
    ".parquet": "the table of numbers",
    ".nc": "every variable",
}


def export_results(results: xr.Dataset, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write Results for other programs, in the format that the name of the file ends in.

    Parameters
    ----------
    results
        of one sample, or of several that :func:`poreflux.join_results` put together.
    path
        ``.csv`` or ``.parquet`` for the table of :func:`poreflux.results_table`, all digits kept;
        ``.nc`` for every variable, as NetCDF 4.
    overwrite
        replace a file that is there.

    Returns
    -------
    The path of the file, which is there whole or not at all.

    Raises
    ------
    ValueError
        if the name ends otherwise, or what writes Parquet is not installed.
    StoreExists
        if the file is there and is not to be replaced.

    Examples
    --------
    >>> import tempfile
    >>> results = xr.Dataset({"porosity": 0.25})
    >>> path = export_results(results, tempfile.mkdtemp() + "/numbers.csv")
    >>> path.read_text().splitlines()[1].split(",")[:6]
    ['porosity', 'porosity', '', '', '0.25', '1']
    """
    path = Path(path)
    check_target(path, overwrite=overwrite)
    content = io.BytesIO()
    if path.suffix == ".nc":
        content.write(results.to_netcdf(engine="h5netcdf"))
    elif path.suffix == ".csv":
        results_table(results).to_csv(content, index=False, lineterminator="\n")
    else:
        results_table(results).to_parquet(content, index=False)
    with disk.writing(path):
        disk.write_file(path, content.getvalue())
    return path


def check_target(path: Path, *, overwrite: bool) -> None:
    """Raise where :func:`export_results` could not write a file, before any work."""
    if path.suffix not in FORMATS:
        raise ValueError(f"{path.name} is of no known format; let it end in .csv, .parquet or .nc")
    if path.suffix == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise ValueError("Parquet needs pyarrow; pip install 'poreflux[parquet]', or write .csv")
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(f"{path.absolute().parent} is not a folder; make it first")
    disk.refuse_inside(path)
    if path.is_dir() or (path.exists() and not overwrite):
        raise StoreExists(
            f"{path} is there already; choose another name, or replace it with overwrite=True"
        )
