"""Small Datasets become Results: collected in one pass, with provenance, stored and opened."""

import csv
import datetime
import io
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from poreflux import __version__, blocks
from poreflux.annotations import Progress
from poreflux.blocks import Scheduler
from poreflux.errors import DamagedStore, StoreExists
from poreflux.schema import DIMS, VARIABLES, with_new_names, without_old_names
from poreflux.schema.variables import DISCRETISATION_ENDS
from poreflux.segmentation.gray_histogram import gray_histogram
from poreflux.segmentation.segmentation_sensitivity import segmentation_sensitivity
from poreflux.store import disk
from poreflux.store.metadata import jsonable
from poreflux.store.partial import making, settle
from poreflux.store.sealing import RESULTS, SEALED, broken_files, is_results, seal_folder
from poreflux.uncertainty.tortuosity_band import carried

#: attributes that identify the volume of the results
_OF_VOLUME = ("voxel_size", "source_sha256", "history")

#: how xarray reads results
_AS_STORED: dict[str, Any] = {"consolidated": False, "chunks": None, "decode_times": False}


def collect(
    *datasets: xr.Dataset,
    volume: xr.Dataset | None = None,
    progress: Progress | None = None,
    scheduler: Scheduler = None,
) -> xr.Dataset:
    """Evaluate metrics together, in one pass over the volume, into one Results Dataset.

    Parameters
    ----------
    datasets
        what metrics (lazy) and solvers (in memory) return; each variable once, but for those over
        (direction,), whose directions are put together.
    volume
        where they come from: its attributes (voxel size, source, history) become those of the
        results, and its grey-value histogram, thresholds and band of porosities join them where it
        was segmented here; so does the band of a tortuosity factor that
        :func:`poreflux.tortuosity_band` solved for.
    progress, scheduler
        as for :func:`poreflux.blocks.compute`.

    Returns
    -------
    Dataset in memory, with `program` and `collected` (the time) among its attributes.

    Raises
    ------
    ValueError
        if two datasets hold different values of one variable.

    Examples
    --------
    >>> from poreflux import porosity, porosity_profile
    >>> from poreflux.phantoms import random_sites
    >>> volume = random_sites((4, 5, 6), 0.2)
    >>> results = collect(porosity(volume), porosity_profile(volume), volume=volume)
    >>> sorted(results.data_vars)
    ['pore_voxels', 'porosity', 'porosity_profile', 'voxels']
    """
    computed = list(blocks.compute(*datasets, progress=progress, scheduler=scheduler))
    if volume is not None and "segmentation" in volume.get("phase", xr.DataArray()).attrs:
        computed.append(gray_histogram(volume))
        if "sensitivity" in volume["phase"].attrs["segmentation"]:
            computed.append(segmentation_sensitivity(volume))
    results = _together(computed)
    results = results.assign(carried(results).data_vars)
    attrs = {key: value for dataset in reversed(computed) for key, value in dataset.attrs.items()}
    results.attrs = {
        **attrs,
        **({} if volume is None else volume.attrs),
        "program": f"poreflux {__version__}",
        "collected": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    return results


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
    >>> float(open(path)["porosity"])
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
    >>> sorted(open(update(xr.Dataset({"voxels": 64}), path)).data_vars)
    ['porosity', 'voxels']
    """
    path = Path(path).resolve()
    disk.refuse_inside(path)
    with making(path, wait=wait) as partial:
        if path.exists():
            _refuse_other(path)
            before = open(path)
            results = _updated(before, results, path)
            if _same(before, results):
                return path
        _write(partial, results)
    return path


def open(path: str | Path) -> xr.Dataset:
    """Read Results from a folder into memory.

    Those of earlier versions keep the names of theirs, and have those of now beside.

    Raises
    ------
    FileNotFoundError
        if there is no such folder.
    ValueError
        if it holds something else, such as a volume.
    DamagedStore
        if it cannot be read.
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
    return with_new_names(stored.drop_encoding())


def scalars(results: xr.Dataset) -> list[dict]:
    """Return each number of the results: quantity, direction, value, units, meaning.

    Examples
    --------
    >>> scalars(xr.Dataset({"porosity": 0.25}))[0]["value"]
    0.25
    """
    rows = []
    for name, array in results.data_vars.items():
        if array.dtype.kind not in "fiub" or array.dims not in ((), ("direction",)):
            continue
        for index in np.ndindex(array.shape):
            direction = str(array["direction"].values[index]) if index else ""
            value = array.values[index].item()
            if value == value:  # NaN: a direction that was not computed
                attrs = {key: array.attrs.get(key, "") for key in ("units", "long_name")}
                rows.append({"quantity": name, "direction": direction, "value": value, **attrs})
    return rows


def to_csv(results: xr.Dataset, path: str | Path) -> Path:
    """Write the table of :func:`scalars` to a file of comma-separated values, all digits kept."""
    path = Path(path)
    text = io.StringIO()
    columns = ["quantity", "direction", "value", "units", "long_name"]
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(scalars(results))
    with disk.writing(path):
        disk.write_file(path, text.getvalue().encode())
    return path


def _together(datasets: Sequence[xr.Dataset]) -> xr.Dataset:
    if not datasets:
        return xr.Dataset()
    try:
        merged = xr.merge(
            datasets, compat="no_conflicts", join="outer", combine_attrs="drop_conflicts"
        )
    except xr.MergeError as error:
        raise ValueError(
            f"two of the datasets hold different values of one variable ({error}); collect them "
            "apart"
        ) from error
    return _in_order(merged)


def _in_order(results: xr.Dataset) -> xr.Dataset:
    """Return the results with directions in the order z, y, x, and whole numbers as integers."""
    if "direction" not in results.dims:
        return results
    directions = results["direction"].values.tolist()
    results = results.sel(direction=[d for d in DIMS if d in directions])
    counts = [
        name
        for name, array in results.data_vars.items()
        if name in VARIABLES and VARIABLES[name].kind in "iu" and array.dtype.kind == "f"
    ]
    return results.assign(
        {name: results[name].astype(int) for name in counts if results[name].notnull().all()}
    )


def _updated(old: xr.Dataset, new: xr.Dataset, path: Path) -> xr.Dataset:
    old = without_old_names(old)
    for key in _OF_VOLUME:
        if key in old.attrs and key in new.attrs and old.attrs[key] != jsonable(new.attrs[key]):
            raise StoreExists(
                f"{path} holds results of another volume or segmentation ({key} differs); choose "
                "another name, or replace it with overwrite"
            )
    replaced = [name for name in new.data_vars if name in old and not _directed(new[name])]
    kept_results = _without_old_errors(old.drop_vars(replaced), new)
    kept_results = kept_results.drop_vars(
        [name for name in kept_results.coords if not _used(kept_results, name)]
    )
    for dim in set(kept_results.dims) & set(new.dims) - {"direction", "lag"}:
        if kept_results.sizes[dim] != new.sizes[dim] or not kept_results[dim].equals(new[dim]):
            raise StoreExists(
                f"{path} has {kept_results.sizes[dim]} {dim}, the new results {new.sizes[dim]}; "
                "take the same, another name, or overwrite"
            )
    result = _in_order(new.combine_first(kept_results))
    for name, variable in result.variables.items():
        source = (new if name in new.variables else kept_results)[name]
        variable.attrs = source.attrs
        if name not in result.dims:
            result[name] = _narrowed(variable, source.dtype)
    result.attrs = {**old.attrs, **new.attrs}
    return result


def _without_old_errors(old: xr.Dataset, new: xr.Dataset) -> xr.Dataset:
    """Return old results without the errors of voxels of numbers that the new ones replace."""
    for quantity in map(str, new.data_vars):
        for end, _ in DISCRETISATION_ENDS:
            name = f"{quantity}_{end}"
            if name not in old or name in new:
                continue
            if _directed(new[quantity]):
                again = old["direction"].isin(new["direction"])
                old = old.assign({name: old[name].where(~again)})
            else:
                old = old.drop_vars(name)
    return old


def _narrowed(variable: xr.Variable, dtype: np.dtype) -> xr.Variable:
    """Return numbers in the kind they were in before they were combined, where that holds them."""
    if variable.dtype == dtype or variable.dtype.kind not in "iuf":
        return variable
    if dtype.kind in "iu" and not np.isfinite(variable.values).all():
        return variable
    narrow = variable.astype(dtype)
    return narrow if np.array_equal(narrow.values, variable.values, equal_nan=True) else variable


def _directed(array: xr.DataArray) -> bool:
    return "direction" in array.dims


def _used(results: xr.Dataset, coordinate: Hashable) -> bool:
    dims = set(results[coordinate].dims)
    return any(dims & set(array.dims) for array in results.data_vars.values())


def _refuse_damaged(path: Path) -> None:
    broken = list(broken_files(path))
    if broken:
        named = "; ".join(f"{file}: {what}" for file, what in broken[:3])
        raise DamagedStore(
            f"{path} cannot be trusted: {named}{' and more' * (len(broken) > 3)}; collect again"
        )


def _refuse_other(path: Path) -> None:
    """Refuse to replace a folder that holds no results."""
    try:
        open(path)
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
