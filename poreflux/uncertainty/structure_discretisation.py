"""Discretisation error of surface, local thickness and chords: the same on larger voxels."""

import math
from collections.abc import Callable

import numpy as np
import xarray as xr

from poreflux.metrics.pores.chord_length import chord_length
from poreflux.metrics.pores.local_thickness import thickness_sizes
from poreflux.metrics.surface.surface_area import surface_area
from poreflux.schema import variable
from poreflux.uncertainty.larger_voxels import every_other_voxel
from poreflux.volume import check_volume, voxel_size

#: for each quantity the share of its change on voxels twice as large that finer ones take back: the
#: least, usual (None: no law) and most; and what is added on both sides, of it and of a voxel
_LAWS: dict[str, tuple[float, float | None, float, float, float]] = {
    "specific_surface": (0.0, 0.6, 0.95, 0.005, 0.0),
    "surface_area": (0.0, 0.6, 0.95, 0.005, 0.0),
    "specific_surface_faces": (0.0, None, 1.0, 0.01, 0.0),
    "chord_length_mean": (0.0, 0.35, 0.9, 0.02, 0.0),
    "local_thickness_mean": (-0.2, None, 0.2, 0.0, 0.8),
}


def structure_discretisation(volume: xr.Dataset, measured: xr.Dataset) -> xr.Dataset:
    """Estimate how far voxels move a surface, a mean chord or a mean thickness, lazily.

    It measures again on every other voxel, an eighth of the work.

    Parameters
    ----------
    volume
        that was measured.
    measured
        what :func:`poreflux.surface_area`, :func:`poreflux.chord_length` or
        :func:`poreflux.pore_size` with ``method="thickness"`` or ``"chords"`` returned for it, lazy
        or computed; or several of them, merged.

    Returns
    -------
    lazy Dataset: `_discretisation_low` and `_discretisation_high` of `specific_surface`,
    `surface_area`, `specific_surface_faces`, `chord_length_mean` and `local_thickness_mean`, the
    ends of an interval that holds the value on much finer voxels, and `_extrapolated` of the
    surface by lines and of the chords; of those that were measured.

    Raises
    ------
    ValueError
        if nothing of that was measured.

    Notes
    -----
    Between voxels of size 2h and h a surface (by lines) grows by D, and by up to 0.95 D more
    towards h = 0: it misses what is smaller than a voxel. The mean chord falls likewise by up to
    0.9 D; chords of pores that touch between voxels have no better law. The thickness, of distances
    between centres of voxels, moves either way by up to 0.8 h, and 0.2 D. Faces of voxels grow with
    finer voxels and stay 1.5 times too many: their interval is of what they converge to. Shares
    were found on spheres, random fields and pressed pores of 2 to 12 voxels (tests/coverage
    /discretisation_error.py); chords in inclined plates of 2 voxels are outside in one of three.

    Examples
    --------
    >>> from poreflux import collect
    >>> from poreflux.phantoms import random_spheres
    >>> volume = random_spheres(40, 20, [8])
    >>> measured = collect(surface_area(volume))
    >>> error = collect(structure_discretisation(volume, measured))
    >>> low, high = error.surface_area_discretisation_low, error.surface_area_discretisation_high
    >>> bool(0.99 * measured.surface_area < low < high)
    True
    """
    check_volume(volume)
    known = [name for name in _LAWS if name in measured]
    if not known:
        raise ValueError(
            f"the measured Dataset has {tuple(measured.data_vars)}; give one with some of "
            f"{tuple(_LAWS)}"
        )
    larger = every_other_voxel(volume)
    again: dict[str, xr.DataArray] = {}
    for name in known:
        if name not in again:
            found_again = _measured_again(name, measured[name], larger)
            again |= {str(other): found_again[other] for other in found_again.data_vars}
    edge = math.prod(voxel_size(volume)) ** (1 / 3)
    found: dict[str, xr.DataArray] = {}
    for name in known:
        value = measured[name]
        found |= _interval(name, value, value.copy(data=again[name].data) - value, edge)
    variables = {
        name: variable(name, array.data, tuple(map(str, array.dims)), **_note(measured, name))
        for name, array in found.items()
    }
    directions = {"direction": measured["direction"]} if "chord_length_mean" in known else {}
    return xr.Dataset(variables, coords=directions)


def _measured_again(name: str, value: xr.DataArray, larger: xr.Dataset) -> xr.Dataset:
    """Return what was measured, of the larger voxels."""
    phase = value.attrs["phase"]
    if name == "chord_length_mean":
        return chord_length(larger, direction=value["direction"].values.tolist(), phase=phase)
    measures: dict[str, Callable] = {"local_thickness_mean": thickness_sizes}
    return measures.get(name, surface_area)(larger, phase=phase)


def _interval(
    name: str, value: xr.DataArray, change: xr.DataArray, edge: float
) -> dict[str, xr.DataArray]:
    """Return the ends of the interval of a quantity that larger voxels change, all lazy."""
    least, usual, most, of_value, of_voxel = _LAWS[name]
    near, far = value - least * change, value - most * change
    margin = of_value * value + of_voxel * edge
    ends = {
        f"{name}_discretisation_low": np.maximum(np.minimum(near, far) - margin, 0.0),
        f"{name}_discretisation_high": np.maximum(near, far) + margin,
    }
    if usual is not None:
        ends[f"{name}_extrapolated"] = np.maximum(value - usual * change, 0.0)
    return ends


def _note(measured: xr.Dataset, name: str) -> dict[str, str]:
    """Return the phase of the quantity that a name belongs to."""
    quantity = next(known for known in _LAWS if name.startswith(f"{known}_") and known in measured)
    return {"phase": measured[quantity].attrs["phase"]}
