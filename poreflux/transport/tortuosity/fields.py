"""The potential and the current density of a solution between driven faces."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from poreflux.schema import attributes
from poreflux.transport import field_output
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.solvers.solution import Solution

POTENTIAL, CURRENT = "potential", "current_density_magnitude"


def described(
    direction: str, conductivity: Mapping[str, float], sides: str, geometry: str = "voxels"
) -> dict[str, dict]:
    """Return the names of the fields with their attributes: what they are, and of which solve."""
    solve = {
        "direction": direction,
        "conductivity": dict(conductivity),
        "sides": sides,
        "geometry": geometry,
    }
    return {name: {**attributes(name), **solve} for name in (POTENTIAL, CURRENT)}


def write(
    solution: Solution,
    problem: Problem,
    shape: Sequence[int],
    fields: Mapping[str, Mapping],
    target: str | Path,
) -> None:
    """Write `potential` (1 at the low face, 0 at the high one) and `current_density_magnitude`.

    The current density is relative to that of a uniform block of the reference phase under the same
    difference of potential; both are NaN where nothing conducts or percolates. `shape` is that of
    the volume, axis 0 along the transport.
    """
    direction = fields[POTENTIAL]["direction"]
    planes = field_output.planes_at_a_time(shape[1] * shape[2])
    with field_output.making(target, fields, direction) as folder:
        field_output.write(folder, list(fields), direction, slabs(solution, problem, shape, planes))


def slabs(
    solution: Solution, problem: Problem, shape: Sequence[int], planes: int
) -> Iterator[tuple]:
    """Yield the first of so many planes of this box, their potential and their current density.

    `shape` is that of the volume: the box of the solution may be of two periods.
    """
    operator = solution.operator
    length = shape[0] * problem.spacing[0]
    # conductance = weight x conductivity: current density = conductance x difference / (weight h)
    s0, s1, s2 = (length / (weight * h) for weight, h in zip(problem.weights(), problem.spacing))
    for start in range(0, operator.shape[0], planes):
        stop = min(operator.shape[0], start + planes)
        potential, current = np.empty((2, stop - start, *operator.shape[1:]), np.float32)
        operator.engine.potential(operator, solution.x, potential, start)
        operator.engine.current(operator, solution.x, current, (s0, s1, s2), start)
        in_volume = slice(None), slice(shape[1]), slice(shape[2])
        yield start, potential[in_volume], current[in_volume]
