"""Discretisation error of the mean transport of sub-volumes, from larger voxels in each of them."""

import math
from functools import cache

import xarray as xr

from poreflux.blocks import Scheduler
from poreflux.schema import DIMS, variable
from poreflux.schema.variables import DISCRETISATION_ENDS
from poreflux.transport.tortuosity.block_tortuosity import block_tortuosity
from poreflux.uncertainty.contacts import drop_by_smoothing
from poreflux.uncertainty.larger_voxels import every_other_voxel
from poreflux.uncertainty.measured_walls import measured_walls, steps_of_several
from poreflux.uncertainty.solve_options import solve_options
from poreflux.uncertainty.walls import (
    UNKNOWN,
    UNKNOWN_WALLS,
    of_conductivity,
    of_several_conductors,
    of_whole_voxels,
    with_contacts,
)
from poreflux.volume import within_mask

_TAU, _KAPPA = "block_tortuosity_factor_mean", "block_effective_conductivity_mean"


def block_discretisation(
    volume: xr.Dataset, solved: xr.Dataset, *, scheduler: Scheduler = None
) -> xr.Dataset:
    """Estimate how far voxels move the mean tortuosity factor and conductivity of sub-volumes.

    Each sub-volume is solved again on every other voxel, an eighth of the work.

    Parameters
    ----------
    volume
        that was solved.
    solved
        what :func:`poreflux.block_tortuosity` returned for it.
    scheduler
        as for :func:`poreflux.block_tortuosity`.

    Returns
    -------
    Dataset over (direction,): of `block_tortuosity_factor_mean` and
    `block_effective_conductivity_mean` each `_discretisation_low`, `_discretisation_high` and
    `_extrapolated`, as of :func:`poreflux.tortuosity_discretisation`. Single sub-volumes have no
    interval of their own: the laws are of many pores, and one sub-volume has few, whose walls and
    contacts the voxels cut by chance. On average voxels move them as they move the mean.

    Raises
    ------
    KeyError
        if `solved` does not say how it was solved.
    NotConverged
        as :func:`poreflux.block_tortuosity`.

    Examples
    --------
    >>> from poreflux.phantoms import sphere_lattice
    >>> volume = sphere_lattice("sc", 32, fraction=0.2)
    >>> solved = block_tortuosity(volume, blocks=(2, 2, 2), direction="z")
    >>> error = block_discretisation(volume, solved)
    >>> low, high = (
    ...     float(error[f"block_tortuosity_factor_mean_discretisation_{end}"][0])
    ...     for end in ("low", "high")
    ... )
    >>> 1 < low < high < float(solved["block_tortuosity_factor_mean"][0])
    True
    """
    volume = within_mask(volume)
    options = solve_options(
        solved, "block_tortuosity_factor", ("conductivity", "sides", "rtol"), "block_tortuosity"
    )
    conductivity = options["conductivity"]
    counts = [solved.sizes[f"block_{dim}"] for dim in DIMS]
    directions = "".join(solved["direction"].values.tolist())

    @cache
    def on_larger_voxels(times: int) -> xr.Dataset | None:
        larger = volume
        for _ in range(times):
            larger = every_other_voxel(larger)
        if any(n < count for n, count in zip(larger["phase"].shape, counts)):
            return None
        return block_tortuosity(
            larger, blocks=counts, direction=directions, scheduler=scheduler, **options
        )

    several = len({value for value in conductivity.values() if value > 0}) > 1
    walls = UNKNOWN_WALLS if several else measured_walls(volume, conductivity)
    steps = steps_of_several(volume, conductivity) if several else 0.0
    deviation = walls.deviation(math.prod(volume["phase"].shape))
    values: dict[str, list[float]] = {}
    for direction in directions:
        tau, kappa = (float(solved[name].sel(direction=direction)) for name in (_TAU, _KAPPA))

        def factor(times: int, direction: str = direction) -> float:
            larger = on_larger_voxels(times)
            return math.inf if larger is None else float(larger[_TAU].sel(direction=direction))

        if not math.isfinite(tau):
            interval = UNKNOWN
        elif several:
            interval = of_several_conductors(tau, factor, steps, 3 * options["rtol"])
        else:
            interval = of_whole_voxels(tau, walls, factor, 3 * options["rtol"])
            drop = drop_by_smoothing(volume, direction, options)
            interval = with_contacts(interval, tau, walls, drop)
        of_kappa = of_conductivity(interval, tau * kappa, deviation)
        for name, ends in ((_TAU, interval), (_KAPPA, of_kappa)):
            for (end, _), value in zip(DISCRETISATION_ENDS, ends):
                values.setdefault(f"{name}_{end}", []).append(value)
    return xr.Dataset(
        {name: variable(name, array) for name, array in values.items()},
        coords={"direction": list(directions)},
    )
