"""Write Results to a folder, and add to those that it holds."""

from pathlib import Path
from typing import Any

import xarray as xr

from poreflux.errors import DamagedStore, StoreExists
from poreflux.results.merging import merged
from poreflux.results.opening import open_results
from poreflux.store import disk
from poreflux.store.metadata import jsonable
from poreflux.store.partial import making
from poreflux.store.sealing import RESULTS, SEALED, seal_folder


def save(
    results: xr.Dataset, path: str | Path, *, overwrite: bool = False, wait: bool = False
) -> Path:
    """Write Results to a folder, a Zarr v3 store, completely or not at all.

    Parameters
    ----------
    results
        of :func:`collect`.
    path
        folder to make, usually ``name.zarr``.
    overwrite
        replace what is there, after the new folder is complete.
    wait
        where another process writes this folder, wait for it to end.

    Raises
    ------
    StoreExists
        if the folder exists and is not to be replaced, or holds no results, or another process
        writes it.
    CannotWrite
        if the disk is full or refuses.

    Examples
    --------
    >>> import tempfile
    >>> path = save(xr.Dataset({"porosity": 0.25}), tempfile.mkdtemp() + "/results.zarr")
    >>> float(open_results(path)["porosity"])
    0.25
    """
    path = Path(path).resolve()
    disk.refuse_inside(path)
    with making(path, wait=wait) as partial:
        if path.exists():
            if not overwrite:
                raise StoreExists(
                    f"{path} is there already; choose another name, or replace it with "
                    "overwrite=True"
                )
            _refuse_other(path)
        _write(partial, results)
    return path


def update(results: xr.Dataset, path: str | Path, *, wait: bool = False) -> Path:
    """Write Results to a folder that may hold others of the same volume; those are kept.

    Of a variable in both, the new values are taken; of one over (direction,) the new directions
    are, and the others are kept. What holds the same already is left as it is. With ``wait``, the
    end of another process that writes this folder is waited for.

    Raises
    ------
    StoreExists
        if what is there is of another volume, of other phases or other blocks, or another process
        writes it.

    Examples
    --------
    >>> import tempfile
    >>> path = save(xr.Dataset({"porosity": 0.25}), tempfile.mkdtemp() + "/results.zarr")
    >>> sorted(open_results(update(xr.Dataset({"voxels": 64}), path)).data_vars)
    ['porosity', 'voxels']
    """
    path = Path(path).resolve()
    disk.refuse_inside(path)
    with making(path, wait=wait) as partial:
        if path.exists():
            _refuse_other(path)
            before = open_results(path)
            results = merged(before, results, path)
            if _same(before, results):
                return path
        _write(partial, results)
    return path


def _refuse_other(path: Path) -> None:
    """Refuse to replace a folder that holds no results."""
    try:
        open_results(path)
    except ValueError:
        raise StoreExists(f"{path} is there and holds no results; choose another name") from None
    except DamagedStore as error:
        raise StoreExists(f"{error}; remove it first") from error


def _plain(results: xr.Dataset) -> xr.Dataset:
    """Return results with attributes as they are read again."""
    plain = results.drop_encoding()
    for variable in plain.variables.values():
        variable.attrs = jsonable(variable.attrs)
    plain.attrs = jsonable(plain.attrs)
    return plain


def _same(one: xr.Dataset, other: xr.Dataset) -> bool:
    """Return whether two results differ in nothing but the time at which they were collected."""
    one, other = _plain(one), _plain(other)
    for each in (one, other):
        each.attrs.pop("collected", None)
    kinds = [{name: array.dtype for name, array in each.variables.items()} for each in (one, other)]
    return kinds[0] == kinds[1] and one.identical(other)


def _write(partial: Any, results: xr.Dataset) -> None:
    plain = _plain(results)
    plain.attrs[RESULTS] = SEALED
    try:
        with disk.writing(partial.store):
            partial.begin("results")
            plain.to_zarr(partial.data, mode="w", zarr_format=3, consolidated=False)
            seal_folder(partial.data)
            partial.finish(["."])
    except BaseException:
        partial.discard()
        raise
