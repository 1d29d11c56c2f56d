"""New Results join those that are stored already."""

from collections.abc import Hashable
from pathlib import Path

import xarray as xr

from poreflux.errors import StoreExists
from poreflux.results.order import narrowed, sorted_results
from poreflux.schema import without_old_names
from poreflux.schema.attribute_text import parsed, text
from poreflux.schema.variables import DISCRETISATION_ENDS

#: attributes that identify the volume of the results
_OF_VOLUME = ("voxel_size", "source_sha256", "history")


def merged(old: xr.Dataset, new: xr.Dataset, path: Path) -> xr.Dataset:
    """Return the results of a folder with new ones in the place of those of the same name."""
    old = without_old_names(old)
    for key in _OF_VOLUME:
        if key in old.attrs and key in new.attrs and _differ(old.attrs[key], new.attrs[key]):
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
    result = sorted_results(new.combine_first(kept_results))
    for name, variable in result.variables.items():
        source = (new if name in new.variables else kept_results)[name]
        variable.attrs = source.attrs
        if name not in result.dims:
            result[name] = narrowed(variable, source.dtype)
    result.attrs = {**old.attrs, **new.attrs}
    return result


def _differ(one: object, other: object) -> bool:
    return text(parsed(one)) != text(parsed(other))


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


def _directed(array: xr.DataArray) -> bool:
    return "direction" in array.dims


def _used(results: xr.Dataset, coordinate: Hashable) -> bool:
    dims = set(results[coordinate].dims)
    return any(dims & set(array.dims) for array in results.data_vars.values())
