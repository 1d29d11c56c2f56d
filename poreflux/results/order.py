"""The order of variables and directions in Results, and the form of their attributes."""

import numpy as np
import xarray as xr

from poreflux.schema import COORDINATES, DIMS, VARIABLES
from poreflux.schema.attribute_text import flat
from poreflux.schema.groups import in_order
from poreflux.store.metadata import jsonable


def sorted_results(results: xr.Dataset) -> xr.Dataset:
    """Return the results with variables as the registry lists them, and directions z, y, x.

    Whole numbers that are floats although none of them is missing become integers.

    Examples
    --------
    >>> list(sorted_results(xr.Dataset({"tortuosity_factor": 1.2, "porosity": 0.1})))
    ['porosity', 'tortuosity_factor']
    """
    if "direction" in results.dims:
        results = _in_order_of_axes(results)
    names = in_order(map(str, results.data_vars))
    known = [name for name in COORDINATES if name in results.coords]
    coordinates = dict.fromkeys([*known, *map(str, results.coords)])
    return xr.Dataset(
        {name: results.variables[name] for name in names},
        {name: results.variables[name] for name in coordinates},
        results.attrs,
    )


def with_flat_attributes(results: xr.Dataset) -> xr.Dataset:
    """Return the results with attributes that every file format can hold."""
    results = results.copy()
    for variable in results.variables.values():
        variable.attrs = flat(variable.attrs)
    return results.assign_attrs(flat(results.attrs))


def plain(results: xr.Dataset) -> xr.Dataset:
    """Return results with attributes as they are read again."""
    results = with_flat_attributes(results.drop_encoding())
    for variable in results.variables.values():
        variable.attrs = jsonable(variable.attrs)
    return results.assign_attrs(jsonable(results.attrs))


def equal(one: xr.Dataset, other: xr.Dataset) -> bool:
    """Return whether Results differ in nothing but the time at which they were collected."""
    one, other = plain(one), plain(other)
    for each in (one, other):
        each.attrs.pop("collected", None)
    kinds = [{name: array.dtype for name, array in each.variables.items()} for each in (one, other)]
    return kinds[0] == kinds[1] and one.identical(other)


def _in_order_of_axes(results: xr.Dataset) -> xr.Dataset:
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


def narrowed(variable: xr.Variable, dtype: np.dtype) -> xr.Variable:
    """Return numbers in the kind they were in before they were combined, where that holds them."""
    if variable.dtype == dtype or variable.dtype.kind not in "iuf":
        return variable
    if dtype.kind in "iu" and not np.isfinite(variable.values).all():
        return variable
    narrow = variable.astype(dtype)
    return narrow if np.array_equal(narrow.values, variable.values, equal_nan=True) else variable
