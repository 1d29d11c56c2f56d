"""The effective conductivity tensor of a periodic cell, from one solve along each axis."""

from collections.abc import Mapping
from contextlib import closing

import numpy as np
import xarray as xr

from poreflux.annotations import EngineName, Precision, Progress, ShownProgress
from poreflux.progress import shows_progress
from poreflux.schema import DIMS, attributes
from poreflux.transport.engines.choosing import engine_of
from poreflux.transport.engines.engine import Engine
from poreflux.transport.laplace.percolation import percolate
from poreflux.transport.laplace.problem import (
    Medium,
    Problem,
    check_options,
    order,
    relative_conductivity,
)
from poreflux.transport.medium import conductors_of, read_medium
from poreflux.transport.solvers.solution import Solution, solve
from poreflux.transport.tortuosity.effective_conductivity import refuse_too_large
from poreflux.volume import refuse_shape, within_mask


@shows_progress("effective tensor")
def effective_tensor(
    volume: xr.Dataset,
    *,
    conductivity: Mapping[str, float] | None = None,
    rtol: float = 1e-6,
    precision: Precision | None = None,
    threads: int | None = None,
    engine: EngineName = "threads",
    progress: ShownProgress = None,
) -> xr.Dataset:
    """Compute the effective conductivity tensor of a volume that repeats in all directions.

    Parameters
    ----------
    volume
        with `phase` (z, y, x), taken as one period.
    conductivity, rtol, precision, threads, engine, progress
        as for :func:`poreflux.tortuosity_factor`.

    Returns
    -------
    Dataset with `effective_conductivity_tensor` (component, direction), relative to the most
    conductive phase: the mean current density along `component` under a unit mean field along
    `direction`; and `relative_error` (direction).

    Raises
    ------
    as :func:`poreflux.tortuosity_factor`.

    Notes
    -----
    ``K_ij = <i_i> / <E_j>``. The potential is a linear function plus a periodic one. Off-diagonal
    elements are right to the square root of `rtol`, as fluxes are; the tensor is symmetric to that.

    Examples
    --------
    >>> import numpy as np
    >>> from poreflux import from_array
    >>> volume = from_array(np.ones((4, 4, 4), np.uint8))
    >>> effective_tensor(volume).effective_conductivity_tensor.values.round(9).diagonal()
    array([1., 1., 1.])
    """
    check_options("periodic", rtol)
    volume = within_mask(volume)
    conductivity = conductors_of(volume, conductivity)
    refuse_shape(volume, "a tensor needs", "the period of a lattice has no outside")
    refuse_too_large(volume, conductivity, rtol, precision, repeat=True, engine=engine)
    tensor, errors, bounds = np.zeros((3, 3)), np.zeros(3), set()
    with closing(engine_of(engine, threads)) as runner:
        for column, direction in enumerate(DIMS):
            cells, medium = read_medium(volume, direction, conductivity, runner)
            solution = _solve(cells, medium, runner, rtol, precision, progress)
            if solution is not None:
                tensor[:, column] = mean_current(solution, medium.spacing, direction)
                errors[column] = solution.relative_error
                bounds.add(solution.bound)
    name = "effective_conductivity_tensor"
    attrs = attributes(name) | {"conductivity": dict(conductivity), "rtol": rtol}
    return xr.Dataset(
        {
            name: (("component", "direction"), tensor, attrs),
            "relative_error": (
                "direction",
                errors,
                attributes("relative_error") | ({"bound": min(bounds)} if bounds else {}),
            ),
        },
        coords={"component": list(DIMS), "direction": list(DIMS)},
    )


def _solve(
    cells: np.ndarray,
    medium: Medium,
    engine: Engine,
    rtol: float,
    precision: Precision | None,
    progress: Progress | None,
) -> Solution | None:
    """Return the solution of a unit mean field along axis 0; None where nothing percolates."""
    if percolate(cells, engine, (True, True, True)) == 0 or not _goes_on(cells, engine):
        return None
    repeats = tuple(1 + n % 2 for n in cells.shape)
    problem = Problem(np.tile(cells, repeats), medium.spacing, "periodic", "periodic")
    return solve(problem, engine, rtol=rtol, precision=precision, progress=progress)


def _goes_on(cells: np.ndarray, engine: Engine) -> bool:
    """Return whether what conducts goes on through two periods along axis 0.

    A grain that a period cuts joins the faces of this period, and nothing else.
    """
    return percolate(np.concatenate((cells, cells)), engine, (False, True, True)) > 0


def mean_current(
    solution: Solution, spacing: tuple[float, float, float], direction: str
) -> np.ndarray:
    """Return the mean current density (z, y, x) under a unit mean field along `direction`."""
    shape, smallest = solution.operator.shape, min(spacing)
    axis_of_dim = dict(zip(order(direction), range(3)))
    current = np.zeros(3)
    for row, dim in enumerate(DIMS):
        axis = axis_of_dim[dim]
        if axis == 0:
            current[row] = relative_conductivity(solution.energy, shape, spacing)
            continue
        # sum of G du over the faces across an axis, times their spacing, over volume and mean field
        total = solution.planes[: shape[0], 2 + axis].sum() * spacing[axis]
        current[row] = total * shape[0] * spacing[0] / (np.prod(shape) * smallest**2)
    return current
