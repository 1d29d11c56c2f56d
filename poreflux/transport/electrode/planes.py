"""The potential and the current density of a solved electrode, some planes at a time."""

from collections.abc import Iterator

import numpy as np

from poreflux.transport.electrode.conditions import MA_CM2, UM
from poreflux.transport.electrode.voxels import VoxelCurrent
from poreflux.transport.field_output import SLAB


def section(found: VoxelCurrent, spacing, reference: float) -> np.ndarray:
    """Return the current density (own planes, n2) in the middle section across axis 1."""
    operator = found.cell.operator
    middle = operator.shape[1] // 2
    planes = max(2, SLAB // 32 // (4 * int(np.prod(operator.shape[1:]))))
    parts = slabs(found, spacing, reference, planes, potential=False)
    return np.concatenate([slab[1][:, middle].copy() for slab in parts])


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
        operator.engine.current(operator, found.x, out[0], scales, start)
        if potential:
            operator.engine.potential(operator, found.x, out[1], start)
        yield start, *out
