"""The potential and the current density of a solution, written to Zarr slab by slab."""

from pathlib import Path

import numpy as np
import xarray as xr

from poreflux import store
from poreflux.errors import StoreExists
from poreflux.kernels import stencil
from poreflux.schema import DIMS, attributes
from poreflux.transport.laplace.operator import scratch
from poreflux.transport.laplace.problem import Problem, order
from poreflux.transport.solvers.conjugate_gradients import Solution

POTENTIAL, CURRENT = "potential", "current_density_magnitude"

#: bytes of a field that are made at a time
SLAB = 256 * 2**20


def check_target(shape: tuple[int, ...], target: str | Path) -> None:
    """Raise, before any work, where fields of a volume of `shape` cannot be written to `target`."""
    if store.shape_of(target, "phase") != shape:
        raise ValueError(
            f"{target} holds {store.shape_of(target, 'phase')} voxels, the volume has {shape}; "
            "give the store of this volume"
        )
    there = [name for name in (POTENTIAL, CURRENT) if name in store.names(target)]
    if there:
        raise StoreExists(f"{target} has {there[0]!r} already; remove {target}/{there[0]} first")


def write(
    solution: Solution, problem: Problem, volume: xr.Dataset, direction: str, target: str | Path
) -> None:
    """Write `potential` (1 at the low face, 0 at the high one) and `current_density_magnitude`.

    The current density is relative to that of a uniform block of the reference phase under the same
    difference of potential; both are NaN where nothing conducts or percolates.
    """
    axis = DIMS.index(direction)
    for name in (POTENTIAL, CURRENT):
        store.create_field(target, name, attrs={**attributes(name), "direction": direction})
    step = store.array_chunks(target, POTENTIAL)[axis]
    shape = [volume.sizes[dim] for dim in order(direction)]
    planes = max(1, SLAB // (4 * step * shape[1] * shape[2])) * step
    for start in range(0, shape[0], planes):
        stop = min(shape[0], start + planes)
        for name, slab in (
            (POTENTIAL, potential_slab(solution, start, stop, shape)),
            (CURRENT, current_slab(solution, problem, start, stop, shape)),
        ):
            corner = [0, 0, 0]
            corner[axis] = start
            store.write_box(target, name, corner, np.moveaxis(slab, 0, axis))


def potential_slab(solution: Solution, start: int, stop: int, shape) -> np.ndarray:
    """Return planes start to stop of the potential, axis 0 along the transport."""
    operator = solution.operator
    out = np.empty((stop - start, *operator.shape[1:]), np.float32)
    operator.team.each(
        stencil.potential,
        [
            (operator.kernel, operator.source, solution.x, out[a:b], start + a, start + b,
             scratch(operator, 1))
            for a, b in operator.team.slabs(out.shape)
        ],
    )  # fmt: skip
    return out[:, : shape[1], : shape[2]]


def current_slab(solution, problem: Problem, start: int, stop: int, shape) -> np.ndarray:
    """Return planes start to stop of the current density in a volume of `shape`."""
    operator = solution.operator
    out = np.empty((stop - start, *operator.shape[1:]), np.float32)
    length = shape[0] * problem.spacing[0]
    # conductance = weight x conductivity: current density = conductance x difference / (weight h)
    scales = tuple(length / (weight * h) for weight, h in zip(problem.weights(), problem.spacing))
    operator.team.each(
        stencil.current,
        [
            (operator.kernel, operator.source, solution.x, out[a:b], scales,
             start + a, start + b, scratch(operator, 3))
            for a, b in operator.team.slabs(out.shape)
        ],
    )  # fmt: skip
    return out[:, : shape[1], : shape[2]]
