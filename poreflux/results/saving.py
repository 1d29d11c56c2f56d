"""Write Results to a folder, and add to those that it holds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from poreflux.errors import DamagedStore, StoreExists
from poreflux.objects import at, on_this_machine
from poreflux.results.opening import VARIANTS, read_results, stored_variants
from poreflux.results.order import equal, plain
from poreflux.results.variants import Stored, placed
from poreflux.store import disk
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
    >>> from poreflux import open_results
    >>> path = save(xr.Dataset({"porosity": 0.25}), tempfile.mkdtemp() + "/results.zarr")
    >>> float(open_results(path)["porosity"])
    0.25
    """
    path = at(path).resolve()
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


def update(
    results: xr.Dataset, path: str | Path, *, replace: bool = False, wait: bool = False
) -> Path:
    """Write Results to a folder that may hold others of the same volume; those are kept.

    Parameters
    ----------
    results
        of :func:`collect`. Directions that the folder does not have join those it has. What holds
        the same already is left as it is, to the byte.
    path
        folder, made where there is none.
    replace
        what was computed with other parameters (conductivities, sides, kinetics, contact, blocks)
        takes the place of what is there; by default it becomes a variant beside it, which
        :func:`poreflux.open_variants` opens.
    wait
        where another process writes this folder, wait for it to end.

    Raises
    ------
    StoreExists
        if what is there is of another volume or of other phases, or another process writes it.

    Examples
    --------
    >>> import tempfile
    >>> from poreflux import open_results
    >>> path = save(xr.Dataset({"porosity": 0.25}), tempfile.mkdtemp() + "/results.zarr")
    >>> sorted(open_results(update(xr.Dataset({"voxels": 64}), path)).data_vars)
    ['porosity', 'voxels']
    """
    return put(results, path, replace=replace, wait=wait)[0]


def put(
    results: xr.Dataset, path: str | Path, *, replace: bool = False, wait: bool = False
) -> tuple[Path, list[int]]:
    """Write Results as :func:`update` does; return the path and the variants that took some."""
    path = at(path).resolve()
    disk.refuse_inside(path)
    with making(path, wait=wait) as partial:
        if not path.exists():
            _write(partial, results)
            return path, []
        _refuse_other(path)
        before = Stored(read_results(path), stored_variants(path))
        after, used = placed(results, before, path, replace=replace)
        if not _same(before, after):
            _write(partial, after.main, after.variants)
    return path, used


def _refuse_other(path: Path) -> None:
    """Refuse to replace a folder that holds no results."""
    try:
        read_results(path)
    except ValueError:
        raise StoreExists(f"{path} is there and holds no results; choose another name") from None
    except DamagedStore as error:
        raise StoreExists(f"{error}; remove it first") from error


def _same(one: Stored, other: Stored) -> bool:
    """Return whether two folders differ in nothing but the time at which they were collected."""
    if one.variants.keys() != other.variants.keys() or not equal(one.main, other.main):
        return False
    return all(equal(variant, other.variants[k]) for k, variant in one.variants.items())


def _write(
    partial: Any, results: xr.Dataset, variants: Mapping[int, xr.Dataset] | None = None
) -> None:
    stored = plain(results)
    stored.attrs[RESULTS] = SEALED
    options: Any = {"zarr_format": 3, "consolidated": False}
    try:
        with disk.writing(partial.store):
            partial.begin("results")
            with on_this_machine(partial.data) as folder:
                stored.to_zarr(folder, mode="w", **options)
                for number, variant in (variants or {}).items():
                    group = f"{VARIANTS}/{number}"
                    plain(variant).to_zarr(folder, group=group, mode="a", **options)
                seal_folder(folder)
            partial.finish(["."])
    except BaseException:
        partial.abandon()
        raise
