"""The potential and the current density of a solved electrode, some planes at a time."""

from collections.abc import Iterator

import numpy as np

from poreflux.transport.electrode.conditions import MA_CM2, UM
from poreflux.transport.electrode.voxels import ElectrodeModel
from poreflux.transport.field_output import SLAB


def current_section(
    model: ElectrodeModel, spacing: tuple[float, float, float], reference: float
) -> np.ndarray:
    """Return the current density (planes of this box, n2) in the middle section across axis 1."""
    operator = model.cell.operator
    middle = operator.shape[1] // 2
    planes = max(2, SLAB // 32 // (4 * int(np.prod(operator.shape[1:]))))
    currents = (slab[1] for slab in field_slabs(model, spacing, reference, planes, potential=False))
    return np.concatenate([current[:, middle].copy() for current in currents])


def field_slabs(
    model: ElectrodeModel,
    spacing: tuple[float, float, float],
    reference: float,
    planes: int,
    *,
    potential: bool = True,
) -> Iterator[tuple]:
    """Yield the first plane, the current density and, on request, the potential of slabs."""
    operator, smallest = model.cell.operator, min(spacing)
    s0, s1, s2 = (reference * h / (smallest**2 * UM) / MA_CM2 for h in spacing)
    operator.neighbours.fill_ghosts(model.x)
    for start in range(0, operator.shape[0], planes):
        stop = min(operator.shape[0], start + planes)
        out = np.empty((1 + potential, stop - start, *operator.shape[1:]), np.float32)
        operator.engine.current(operator, model.x, out[0], (s0, s1, s2), start)
        if potential:
            operator.engine.potential(operator, model.x, out[1], start)
        yield start, *out
