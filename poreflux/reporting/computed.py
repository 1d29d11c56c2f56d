"""What was computed, with which parameters, as the variables of Results tell it."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from poreflux.results.settings import BY_DIRECTION, OWN, SHARED
from poreflux.results.variants import own_variables
from poreflux.schema import DIMS, name_of
from poreflux.schema.attribute_text import parsed
from poreflux.uncertainty.rounding import significant

#: what was run, in this order, and the variables that tell its parameters
_TOLD: Mapping[str, tuple[str, ...]] = {
    "porosity": ("porosity",),
    "block_porosity": ("block_porosity",),
    "structure_factor": tuple(name_of("structure_factor", direction) for direction in DIMS),
    "pore_size": ("pore_number",),
    "local_thickness": ("local_thickness_share",),
    "chord_length": ("chord_number",),
    "connectivity": ("percolating_phase_fraction",),
    "surface_area": ("specific_surface",),
    "two_point_correlation": ("two_point_probability",),
    "spectral_density": ("spectral_density",),
    "arrangement": ("clustering_ratio",),
    "geodesic_tortuosity": ("geodesic_tortuosity",),
    "constrictivity": ("constrictivity",),
    "representative_volume": ("representative_std",),
    "tortuosity_factor": ("tortuosity_factor",),
    "dissipation": ("dissipation_half_fraction",),
    "block_tortuosity": ("block_tortuosity_factor",),
    "representative_tortuosity": ("representative_tortuosity_mean",),
    "interfacial_current": tuple(name_of("current_density", direction) for direction in DIMS),
    "interfacial_current, upscaled": tuple(
        name_of("upscaled_current_density", direction) for direction in DIMS
    ),
}

#: dims that tell how many of something there are, and where
_PLACES = {"edge": "edges", "cube_edge": "edges", "swept_wagner_length": "wagner_lengths"}


def computed(results: xr.Dataset) -> Iterator[dict]:
    """Yield what was computed, each a dict with `operation` and its parameters.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.uniform((4, 4, 4))
    >>> solved = poreflux.block_tortuosity(volume, blocks=(2, 1, 1), direction="z")
    >>> [entry["blocks"] for entry in computed(poreflux.collect(solved))]
    [[2, 1, 1]]
    """
    for operation, names in _TOLD.items():
        for name, direction in zip(names, DIMS):
            if name in results:
                along = {"direction": direction} if len(names) > 1 else {}
                parameters = {**along, **_parameters(results, name)}
                if parameters:
                    yield {"operation": operation, **parameters}


def computed_instead(variant: xr.Dataset) -> Iterator[dict]:
    """Yield what was computed for a variant of Results, and not for the first ones."""
    names = own_variables(variant)
    yield from computed(variant.drop_vars([n for n in variant.data_vars if n not in names]))


def solved_directions(array: xr.DataArray) -> list[str]:
    """Return the directions along which a variable has numbers.

    Examples
    --------
    >>> solved_directions(xr.DataArray([1.2, np.nan], {"direction": ["z", "x"]}))
    ['z']
    """
    others = [dim for dim in array.dims if dim != "direction"]
    solved = array.notnull().any(others)
    return [str(d) for d in np.atleast_1d(array["direction"].values)[np.atleast_1d(solved)]]


def _parameters(results: xr.Dataset, name: str) -> dict[str, Any]:
    array = results[name]
    found: dict[str, Any] = {}
    if "direction" in array.dims:
        found["direction"] = "".join(solved_directions(array))
    for key in (*SHARED, *OWN, *(key + BY_DIRECTION for key in OWN), "exchange_current_density"):
        if key in array.attrs:
            found[key.removesuffix(BY_DIRECTION)] = parsed(array.attrs[key])
    blocks = [dim for dim in map(str, array.dims) if dim.startswith("block_")]
    if blocks:
        found["blocks"] = [array.sizes[dim] for dim in blocks]
    for dim, title in _PLACES.items():
        if dim in array.dims:
            found[title] = [float(significant(place, 4)) for place in array[dim].values.tolist()]
    if "diameter" in array.dims and "diameter_width" in results:
        found["bin_width"] = float(results["diameter_width"][0])
    if name.startswith("current_density") and "swept_wagner_length" in results:
        found["wagner_lengths"] = results["swept_wagner_length"].values.tolist()
    return found
