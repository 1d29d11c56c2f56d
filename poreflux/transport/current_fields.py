"""The potential and the current density of a solved electrode: a section, fields in Zarr."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr

from poreflux import store
from poreflux.errors import StoreExists
from poreflux.kernels import stencil
from poreflux.schema import DIMS, attributes
from poreflux.transport.conditions import MA_CM2, UM, Conditions
from poreflux.transport.current_dataset import suffix
from poreflux.transport.fields import scratch
from poreflux.transport.medium import Medium, order
from poreflux.transport.voxel_current import VoxelCurrent

POTENTIAL, CURRENT = "cell_potential", "cell_current_density"

#: bytes of a field that are made at a time
SLAB = 256 * 2**20


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


def section(found: VoxelCurrent, spacing, reference: float) -> np.ndarray:
    """Return the current density (own planes, n2) in the middle section across axis 1."""
    operator = found.cell.operator
    middle = operator.shape[1] // 2
    planes = max(2, SLAB // 32 // (4 * int(np.prod(operator.shape[1:]))))
    parts = slabs(found, spacing, reference, planes, potential=False)
    return np.concatenate([slab[1][:, middle].copy() for slab in parts])


def section_array(
    values: np.ndarray, asked: Conditions, volume: xr.Dataset
) -> dict[str, xr.DataArray]:
    """Return a section by its name, with its coordinates and where it is."""
    dims = order(asked.direction)
    name = f"current_section{suffix(asked.direction)}"
    shown = (dims[0], dims[2])
    middle = volume[dims[1]][volume.sizes[dims[1]] // 2]
    attrs = {**attributes(name), "position": float(middle), "across": dims[1]}
    coords = {dim: volume[dim] for dim in shown}
    return {name: xr.DataArray(values, coords, shown, attrs=attrs)}


def slabs(
    found: VoxelCurrent, spacing, reference: float, planes: int, *, potential: bool = True
) -> Iterator[tuple]:
    """Yield the first plane, the current density and perhaps the potential of slabs of planes."""
    operator, smallest = found.cell.operator, min(spacing)
    scales = tuple(reference * h / (smallest**2 * UM) / MA_CM2 for h in spacing)
    operator.neighbours.fill_ghosts(found.x)
    for start in range(0, operator.shape[0], planes):
        stop = min(operator.shape[0], start + planes)
        out = np.empty((1 + potential, stop - start, *operator.shape[1:]), np.float32)
        parts = operator.team.slabs(out.shape[1:])
        head = operator.kernel, operator.source, found.x
        slots = [(a, b, start + a, start + b) for a, b in parts]
        operator.team.each(
            stencil.current,
            [(*head, out[0, a:b], scales, *at, scratch(operator, 3)) for a, b, *at in slots],
        )
        if potential:
            operator.team.each(
                stencil.potential,
                [(*head, out[1, a:b], *at, scratch(operator, 1)) for a, b, *at in slots],
            )
        yield start, *out
