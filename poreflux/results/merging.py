"""New Results join those that are stored already."""

from collections.abc import Hashable
from pathlib import Path

import numpy as np
import xarray as xr

from poreflux.errors import StoreExists
from poreflux.results.order import narrowed, sorted_results
from poreflux.results.settings import again, attributes_by_direction, differ
from poreflux.schema import without_old_names
from poreflux.schema.variables import DISCRETISATION_ENDS

#: attributes that identify the volume of the results
_OF_VOLUME = ("voxel_size", "source_sha256", "history")


def refuse_other_volume(old: xr.Dataset, new: xr.Dataset, path: Path) -> None:
    """Raise where new results are of another volume than those of a folder."""
    for key in _OF_VOLUME:
        if key in old.attrs and key in new.attrs and differ(old.attrs[key], new.attrs[key]):
            raise StoreExists(
                f"{path} holds results of another volume or segmentation ({key} differs); choose "
                "another name, or replace it with overwrite"
            )


def joined(old: xr.Dataset, new: xr.Dataset) -> xr.Dataset:
    """Return old results with new ones in the place of those of the same name and direction."""
    old = without_old_names(old)
    replaced = [name for name in new.data_vars if name in old and not _directed(new[name])]
    kept = without_unused_coordinates(_without_old_errors(old.drop_vars(replaced), new))
    result = sorted_results(new.combine_first(kept))
    for name, variable in result.variables.items():
        parts = [part[name] for part in (kept, new) if name in part.variables]
        variable.attrs = parts[-1].attrs
        if len(parts) == 2 and _directed(parts[-1]) and _directed(parts[0]):
            variable.attrs = attributes_by_direction(parts)
        if name not in result.dims:
            result[name] = narrowed(variable, parts[-1].dtype)
    result.attrs = {**old.attrs, **new.attrs}
    return result


def without_unused_coordinates(results: xr.Dataset) -> xr.Dataset:
    """Return the results without coordinates that no variable has."""
    return results.drop_vars([name for name in results.coords if not _used(results, name)])


def _without_old_errors(old: xr.Dataset, new: xr.Dataset) -> xr.Dataset:
    """Return old results without the errors of voxels of numbers that new ones change."""
    for quantity in map(str, new.data_vars):
        if quantity in old and not other_values(old[quantity], new[quantity]):
            continue
        for end, _ in DISCRETISATION_ENDS:
            name = f"{quantity}_{end}"
            if name not in old or name in new:
                continue
            if _directed(new[quantity]):
                repeated = old["direction"].isin(new["direction"])
                old = old.assign({name: old[name].where(~repeated)})
            else:
                old = old.drop_vars(name)
    return old


def other_values(old: xr.DataArray, new: xr.DataArray) -> bool:
    """Return whether new values along the directions of old ones differ from them."""
    if old.dims != new.dims:
        return True
    if "direction" in new.dims:
        directions = again(old, new)
        old, new = old.sel(direction=directions), new.sel(direction=directions)
    equal_nan = old.dtype.kind == new.dtype.kind == "f"
    return not np.array_equal(old.values, new.values, equal_nan=equal_nan)


def _directed(array: xr.DataArray) -> bool:
    return "direction" in array.dims


def _used(results: xr.Dataset, coordinate: Hashable) -> bool:
    dims = set(results[coordinate].dims)
    return any(dims & set(array.dims) for array in results.data_vars.values())
