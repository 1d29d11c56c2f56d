"""The potential and the current density of a solved electrode: a section, fields in Zarr."""

from pathlib import Path

import numpy as np
import xarray as xr

from poreflux import store
from poreflux.errors import StoreExists
from poreflux.schema import DIMS, attributes, name_of
from poreflux.transport.electrode.conditions import Conditions
from poreflux.transport.electrode.planes import SLAB, slabs
from poreflux.transport.electrode.voxels import VoxelCurrent
from poreflux.transport.medium import Medium, order

POTENTIAL, CURRENT = "cell_potential", "cell_current_density"


def check(volume: xr.Dataset, target: str | Path) -> None:
    """Raise, before any work, where fields cannot be written to `target`."""
    there = store.shape_of(target, "phase")
    if there != volume["phase"].shape:
        raise ValueError(
            f"{target} holds {there} voxels, the volume has {volume['phase'].shape}; give the "
            "store of this volume"
        )
    for name in (POTENTIAL, CURRENT):
        if name in store.names(target):
            raise StoreExists(f"{target} has {name!r} already; remove {target}/{name} first")


def write(found: VoxelCurrent, cells: Medium, asked: Conditions, target: str | Path) -> None:
    """Write `cell_potential` in V and `cell_current_density` in mA/cm², NaN where nothing flows."""
    axis = DIMS.index(asked.direction)
    note = asked.attributes()
    for name in (POTENTIAL, CURRENT):
        store.create_field(target, name, attrs={**attributes(name), **note})
    step = store.array_chunks(target, POTENTIAL)[axis]
    plane = int(np.prod(cells.cells.shape[1:]))
    planes = max(1, SLAB // (4 * step * plane)) * step
    for start, *both in slabs(found, cells.spacing, cells.reference, planes):
        corner = [0, 0, 0]
        corner[axis] = start
        for name, slab in zip((CURRENT, POTENTIAL), both):
            store.write_box(target, name, corner, np.moveaxis(slab, 0, axis))


def section_array(
    values: np.ndarray, asked: Conditions, volume: xr.Dataset
) -> dict[str, xr.DataArray]:
    """Return a section by its name, with its coordinates and where it is."""
    dims = order(asked.direction)
    name = name_of("current_section", asked.direction)
    shown = (dims[0], dims[2])
    middle = volume[dims[1]][volume.sizes[dims[1]] // 2]
    attrs = {**attributes(name), "position": float(middle), "across": dims[1]}
    coords = {dim: volume[dim] for dim in shown}
    return {name: xr.DataArray(values, coords, shown, attrs=attrs)}
