"""Read Results from the folder that holds them."""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from poreflux.errors import DamagedStore
from poreflux.objects import at, is_remote
from poreflux.results.order import sorted_results, with_flat_attributes
from poreflux.results.variants import overlaid
from poreflux.schema import RENAMED, current_name, with_new_names
from poreflux.store.partial import settle
from poreflux.store.sealing import RESULTS, broken_files, fetched_results, is_results

#: group of the folder that holds variants, each in a group of its number
VARIANTS = "variants"

#: how xarray reads results
_AS_STORED: dict[str, Any] = {"consolidated": False, "chunks": None, "decode_times": False}


def open_results(path: str | Path, *, variant: int | None = None) -> xr.Dataset:
    """Open the folder of results that `poreflux measure`, `solve` or `save` wrote.

    Parameters
    ----------
    path
        folder of results, usually ``results.zarr``.
    variant
        number of one of :func:`poreflux.open_variants`, computed with other parameters; by default
        what was computed first.

    Returns
    -------
    Dataset in memory, its variables by group: porosity first, then structure, tortuosity, current.
    Results of earlier versions keep the names of theirs, and have those of now beside; a
    FutureWarning tells which.

    Raises
    ------
    FileNotFoundError
        if there is no such folder.
    KeyError
        if it has no such variant.
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
    results = read_results(path, variant=variant)
    for name in filter(results.__contains__, RENAMED):
        current_name(name)
    return results


def read_results(path: str | Path, *, variant: int | None = None) -> xr.Dataset:
    """Return what :func:`open_results` does, and warn of no old names."""
    path = at(path)
    if is_remote(path):
        with fetched_results(path) as copy:
            return read_results(copy, variant=variant)
    settle(path.resolve())
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there; collect and save results first")
    if is_results(path):
        _refuse_damaged(path)
    main = _read(path)
    if variant is None:
        return main
    held = stored_variants(path)
    if variant not in held:
        there = f"choose one of {list(held)}" if held else "it has none"
        raise KeyError(f"variant={variant} is not in {path}; {there}")
    return overlaid(main, held[variant])


def open_variants(path: str | Path) -> dict[int, xr.Dataset]:
    """Open what a folder of results holds of other parameters, by number.

    Parameters
    ----------
    path
        folder of results.

    Returns
    -------
    mapping from the number of a variant to Results that have its numbers, and of all that did not
    differ the first ones; ``attrs["variant"]`` says in words which parameters differ.

    Examples
    --------
    >>> import tempfile
    >>> from poreflux import phantoms, results, tortuosity_factor
    >>> volume, path = phantoms.uniform((4, 4, 4)), tempfile.mkdtemp() + "/results.zarr"
    >>> for sides in ("insulated", "periodic"):
    ...     path = results.update(tortuosity_factor(volume, sides=sides), path)
    >>> {number: found.attrs["variant"] for number, found in open_variants(path).items()}
    {1: 'sides periodic'}
    """
    main, held = read_results(path), stored_variants(at(path))
    return {number: overlaid(main, variant) for number, variant in held.items()}


def stored_variants(path: Path) -> dict[int, xr.Dataset]:
    """Return the variants of a folder of results, each with only the variables that differ."""
    if is_remote(path):
        with fetched_results(path) as copy:
            return stored_variants(copy)
    folders = (path / VARIANTS).glob("[0-9]*")
    numbers = sorted(int(folder.name) for folder in folders if folder.is_dir())
    return {number: _read(path, f"{VARIANTS}/{number}") for number in numbers}


def _read(path: Path, group: str | None = None) -> xr.Dataset:
    try:
        stored = xr.open_dataset(path, engine="zarr", group=group, **_AS_STORED)
        if group or RESULTS in stored.attrs:
            stored = stored.load()
    except Exception as error:
        raise DamagedStore(f"{path} cannot be read as results ({error}); collect again") from error
    with stored:
        if stored.attrs.pop(RESULTS, None) is None and group is None:
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
