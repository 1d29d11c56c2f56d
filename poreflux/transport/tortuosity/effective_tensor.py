"""The effective conductivity tensor of a periodic cell, from one solve along each axis."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from poreflux.annotations import Precision, Progress
from poreflux.schema import DIMS, attributes
from poreflux.transport.engines.threads import Team
from poreflux.transport.laplace.percolation import percolate
from poreflux.transport.laplace.problem import Problem, validated
from poreflux.transport.medium import Medium, medium, order
from poreflux.transport.solvers import conjugate_gradients as serial
from poreflux.transport.tortuosity.tortuosity_factor import ELECTROLYTE, refuse_too_large
from poreflux.volume import within_mask


def effective_tensor(
    volume: xr.Dataset,
    *,
    conductivity: Mapping[str, float] = ELECTROLYTE,
    rtol: float = 1e-6,
    precision: Precision | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Compute the effective conductivity tensor of a volume that repeats in all directions.

    Parameters
    ----------
    volume
        with `phase` (z, y, x), taken as one period.
    conductivity, rtol, precision, threads, progress
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
    validated("periodic", rtol)
    volume = within_mask(volume)
    team = Team(threads)
    refuse_too_large(volume, conductivity, rtol, precision, repeat=True)
    tensor, errors = np.zeros((3, 3)), np.zeros(3)
    for column, direction in enumerate(DIMS):
        cells = medium(volume, direction, conductivity, team)
        tensor[:, column], errors[column] = _column(
            cells, direction, rtol, precision, team, progress
        )
    team.close()
    name = "effective_conductivity_tensor"
    return xr.Dataset(
        {
            name: (("component", "direction"), tensor, attributes(name)),
            "relative_error": ("direction", errors, attributes("relative_error")),
        },
        coords={"component": list(DIMS), "direction": list(DIMS)},
    )


def _column(cells: Medium, direction: str, rtol, precision, team, progress):
    """Return the mean current density (z, y, x) under a unit mean field along `direction`, and its
    error.
    """
    column = np.zeros(3)
    if percolate(cells.cells, team, (True, True, True)) == 0:
        return column, 0.0
    repeats = tuple(1 + n % 2 for n in cells.cells.shape)
    problem = Problem(np.tile(cells.cells, repeats), cells.spacing, "periodic", "periodic")
    solution = serial.solve(problem, rtol=rtol, precision=precision, team=team, progress=progress)
    n, count = problem.shape[0], np.prod(problem.shape)
    smallest = min(cells.spacing)
    along = dict(zip(order(direction), range(3)))
    for row, dim in enumerate(DIMS):
        axis = along[dim]
        if axis == 0:
            column[row] = problem.relative_conductivity(solution.energy)
            continue
        # sum of G du over the faces across an axis, times their spacing, over volume and mean field
        total = solution.planes[:n, 2 + axis].sum() * cells.spacing[axis]
        column[row] = total * n * cells.spacing[0] / (count * smallest**2)
    return column, solution.relative_error
