"""Read Results from the folder that holds them."""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from poreflux.errors import DamagedStore
from poreflux.results.order import sorted_results, with_flat_attributes
from poreflux.schema import with_new_names
from poreflux.store.partial import settle
from poreflux.store.sealing import RESULTS, broken_files, is_results

#: how xarray reads results
_AS_STORED: dict[str, Any] = {"consolidated": False, "chunks": None, "decode_times": False}


def open_results(path: str | Path) -> xr.Dataset:
    """Open the folder of results that `poreflux measure`, `solve` or `save` wrote.

    Parameters
    ----------
    path
        folder of results, usually ``results.zarr``.

    Returns
    -------
    Dataset in memory, its variables by group: porosity first, then structure, tortuosity, current.
    Results of earlier versions keep the names of theirs, and have those of now beside.

    Raises
    ------
    FileNotFoundError
        if there is no such folder.
    ValueError
        if it holds something else, such as a volume.
    DamagedStore
        if it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from poreflux import collect, phantoms, porosity, results
    >>> measured = collect(porosity(phantoms.random_sites((8, 8, 8), 0.2)))
    >>> path = results.save(measured, tempfile.mkdtemp() + "/results.zarr")
    >>> list(open_results(path))[:2]
    ['porosity', 'pore_voxels']
    """
    path = Path(path)
    settle(path.resolve())
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there; collect and save results first")
    if is_results(path):
        _refuse_damaged(path)
    try:
        stored = xr.open_dataset(path, engine="zarr", **_AS_STORED)
        if RESULTS in stored.attrs:
            stored = stored.load()
    except Exception as error:
        raise DamagedStore(f"{path} cannot be read as results ({error}); collect again") from error
    with stored:
        if stored.attrs.pop(RESULTS, None) is None:
            raise ValueError(f"{path} holds no results; measure a volume first")
        stored.attrs.pop("poreflux", None)
    for variable in stored.variables.values():
        if "flag_values" in variable.attrs:
            variable.attrs["flag_values"] = np.asarray(variable.attrs["flag_values"], np.uint8)
    return with_flat_attributes(sorted_results(with_new_names(stored.drop_encoding())))


def _refuse_damaged(path: Path) -> None:
    broken = list(broken_files(path))
    if broken:
        named = "; ".join(f"{file}: {what}" for file, what in broken[:3])
        raise DamagedStore(
            f"{path} cannot be trusted: {named}{' and more' * (len(broken) > 3)}; collect again"
        )
