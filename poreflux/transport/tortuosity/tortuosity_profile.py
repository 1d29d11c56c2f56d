"""How the resistance is spread along the transport: a tortuosity factor for each plane."""

from collections.abc import Mapping, Sequence
from contextlib import closing

import numpy as np
import xarray as xr

from poreflux.annotations import EngineName, ShownProgress, Sides
from poreflux.progress import shows_progress
from poreflux.schema import along_each, name_of, variable
from poreflux.transport.engines.choosing import engine_of
from poreflux.transport.laplace.problem import check_options
from poreflux.transport.medium import conductors_of, read_medium
from poreflux.transport.tortuosity.effective_conductivity import refuse_too_large, solve
from poreflux.volume import refuse_shape, within_mask


@shows_progress("tortuosity profile")
def tortuosity_profile(
    volume: xr.Dataset,
    *,
    direction: str | Sequence[str] = "z",
    conductivity: Mapping[str, float] | None = None,
    sides: Sides = "insulated",
    rtol: float = 1e-6,
    threads: int | None = None,
    engine: EngineName = "threads",
    progress: ShownProgress = None,
) -> xr.Dataset:
    """Compute the local tortuosity factor of each plane across the transport.

    Parameters
    ----------
    volume, direction, conductivity, sides, rtol, threads, engine, progress
        as for :func:`poreflux.tortuosity_factor`.

    Returns
    -------
    Dataset with `local_tortuosity_factor` and `plane_potential` along `direction`, at voxel centres
    in µm (`_y`, `_x` appended for these directions); a diagnostic, not a material property. All
    NaN where nothing percolates.

    Raises
    ------
    as :func:`poreflux.tortuosity_factor`.

    Notes
    -----
    ``tau(z) = phi(z) kappa_0 |d<u>/dz| / J`` with phi(z) the conducting fraction of the plane, <u>
    the mean potential of its conducting cells and J the mean current density; central differences,
    and the driven faces as outer neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> from poreflux import from_array
    >>> volume = from_array(np.ones((6, 5, 4), np.uint8))
    >>> tortuosity_profile(volume).local_tortuosity_factor.values.round(6)
    array([1., 1., 1., 1., 1., 1.])
    """
    check_options(sides, rtol)
    options: dict = {"sides": sides, "rtol": rtol, "progress": progress}
    inside = within_mask(volume)
    return along_each(
        direction, lambda one: _along(inside, one, conductivity, threads, engine, options)
    )


def _along(
    volume: xr.Dataset,
    direction: str,
    conductivity: Mapping[str, float] | None,
    threads: int | None,
    engine: EngineName,
    options: dict,
) -> xr.Dataset:
    """Return the profile along one direction."""
    conductivity = conductors_of(volume, conductivity)
    if options["sides"] == "periodic":
        refuse_shape(volume, "periodic sides need", "what repeats has no outside")
    refuse_too_large(volume, conductivity, options["rtol"], None, engine=engine)
    with closing(engine_of(engine, threads)) as runner:
        cells, medium = read_medium(volume, direction, conductivity, runner)
        fractions = cells.astype(bool).mean((1, 2))
        effective = solve(cells, medium, runner, **options)
    n = cells.shape[0]
    tau, potential = np.full(n, np.nan), np.full(n, np.nan)
    if effective.solution is not None and effective.problem is not None:
        planes = effective.solution.planes
        potential = planes[:n, 1] / planes[:n, 2]
        outer = np.concatenate([[1.0], potential, [0.0]])
        position = np.concatenate([[0.0], np.arange(n) + 0.5, [n]]) / n
        gradient = -(outer[2:] - outer[:-2]) / (position[2:] - position[:-2])
        current = effective.problem.relative_conductivity(effective.solution.energy)
        tau = fractions * gradient / current
    local, mean = (name_of(q, direction) for q in ("local_tortuosity_factor", "plane_potential"))
    return xr.Dataset(
        {
            local: variable(local, tau),
            mean: variable(mean, potential),
        },
        coords={direction: volume[direction]},
    )
