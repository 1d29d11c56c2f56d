"""Discretisation error of the transport: from the surface of the walls, and from larger voxels."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from poreflux.schema import variable
from poreflux.schema.variables import DISCRETISATION_ENDS
from poreflux.transport.tortuosity.tortuosity_factor import tortuosity_factor
from poreflux.uncertainty.contacts import drop_by_smoothing
from poreflux.uncertainty.larger_voxels import every_other_voxel
from poreflux.uncertainty.measured_walls import measured_walls, steps_of_several
from poreflux.uncertainty.solve_options import solve_options
from poreflux.uncertainty.walls import (
    UNKNOWN,
    UNKNOWN_WALLS,
    Interval,
    Walls,
    of_conductivity,
    of_partial_voxels,
    of_several_conductors,
    of_whole_voxels,
    with_contacts,
)
from poreflux.volume import within_mask

#: relative error of the solves on larger voxels
_RTOL = 1e-5


def tortuosity_discretisation(
    volume: xr.Dataset,
    solved: xr.Dataset,
    *,
    whole: xr.Dataset | None = None,
    threads: int | None = None,
) -> xr.Dataset:
    """Estimate how far voxels move a tortuosity factor and the conductivity that belongs to it.

    It measures the surface of what conducts, and solves again on every other voxel, an eighth of
    the work. Of partial voxels it needs the tortuosity factor of whole ones as well.

    Parameters
    ----------
    volume
        that was solved. Where it has `solid_fraction`, or the `gray` that
        :func:`poreflux.segment` made two phases of, the blur of the image is measured, too.
    solved
        what :func:`poreflux.tortuosity_factor` returned for it: one or several directions, with
        the conductivities, the sides and the geometry of the solve in its attributes.
    whole
        of partial voxels, what :func:`poreflux.tortuosity_factor` returned for whole ones in the
        same directions; they are solved for where it is not given.
    threads
        by default all cores that this process may use.

    Returns
    -------
    Dataset over (direction,): of `tortuosity_factor`, `effective_conductivity` and
    `macmullin_number` each `_discretisation_low` and `_discretisation_high`, the ends of an
    interval that holds the value on much finer voxels, and `_extrapolated`, to voxels of size zero,
    NaN where there is no law for it. All are NaN where nothing conducts. The high end of the
    tortuosity factor is infinite where voxels do not resolve what decides it, and its attribute
    `not_resolved` says what.

    Raises
    ------
    KeyError
        if `solved` does not say how it was solved.
    TooLarge, NotConverged
        as :func:`poreflux.tortuosity_factor`.

    Notes
    -----
    Walls of voxels are steps, in whose corners no current flows: they raise the tortuosity factor
    like a layer of insulator, to first order by ``c S h tau / phi``, with the surface S of a unit
    of volume (by lines in 13 directions), the edge of a voxel h and the conducting fraction phi.
    For pores of 2 to 12 voxels that are spheres, apart or overlapping, level sets of smooth random
    fields or pressed ellipsoids, with porosities of 0.03 to 0.65, c is 0.25 to 0.4 (tests/coverage
    /discretisation_error.py). The interval takes 0.13 to 0.5, the extrapolated value 0.32.

    On every other voxel the tortuosity factor must rise by about as much again. Where it rises by
    much more, the interval reaches down by that much. Where it rises by less than half of it,
    contacts that only voxels make weigh against the steps, as between grains, and the interval
    reaches up beyond the value; where it hardly rises or falls, as in networks near the threshold
    of percolation, by as much as voxels of one, two and four times the size differ. Where walls run
    along the axes and nothing changes with the voxels, it reaches up to the value itself.

    Blur sigma, with the voxel's own ``1 / sqrt(12)``, is ``sqrt(pi) <s (1 - s)> / S`` for the
    solid fractions s. A threshold takes from pores of radius ``R = 3 p / S`` some
    ``exp(-3.2 (sigma / R)**2)`` of tau - 1, which the interval gives back; where sigma exceeds R/2
    pores are lost and the high end is infinite. Partial voxels let blurred walls conduct and thin
    plates leak, by more than surface and blur tell: they have the interval of whole voxels, cut off
    below at their own value.

    Contacts between conducting grains are widened by blur and by voxels. They are found where the
    central 128 voxels are smoothed by one and solved: tau - 1 falls by far more than walls that
    stand apart explain. The interval then reaches up as far as contacts tell that widen as the
    square root of the blur, and from a blur of 0.9 voxels on has no upper end. Between grains that
    overlap much (three quarters of the volume), contacts and narrow pores cannot be told apart: of
    blurred images tau was up to a tenth beyond the interval.

    Several conductors of different conductivity: the interval is what larger voxels change, on the
    side to which that points, and half of it on the other, and reaches down by what steps add
    between the best conductor and the worst.

    References
    ----------
    P. J. Roache, J. Fluids Eng. 116 (1994) 405, on errors from solutions on several grids.

    Examples
    --------
    >>> from poreflux.phantoms import spheres
    >>> volume = spheres(24, [(12, 12, 12)], 12.0)
    >>> solved = tortuosity_factor(volume)
    >>> error = tortuosity_discretisation(volume, solved).squeeze("direction")
    >>> low, high = error.tortuosity_factor_discretisation_low, error.tortuosity_factor_extrapolated
    >>> bool(1 < low < high < solved.tortuosity_factor[0])
    True
    """
    volume = within_mask(volume)
    options = solve_options(
        solved, "tortuosity_factor", ("conductivity", "sides", "geometry"), "tortuosity_factor"
    )
    several = len({value for value in options["conductivity"].values() if value > 0}) > 1
    walls = UNKNOWN_WALLS if several else measured_walls(volume, options["conductivity"])
    steps = steps_of_several(volume, options["conductivity"]) if several else 0.0
    deviation = walls.deviation(math.prod(volume["phase"].shape))
    values: dict[str, list[float]] = {}
    for direction in solved["direction"].values.tolist():
        tau, kappa = (
            float(solved[name].sel(direction=direction))
            for name in ("tortuosity_factor", "effective_conductivity")
        )
        mean = tau * kappa  # the conducting fraction, of several conductors the mean conductivity
        factors = partial(_on_larger_voxels, volume, direction, options, threads)
        drop = partial(drop_by_smoothing, volume, direction, options, threads)
        if math.isinf(tau):
            interval = UNKNOWN
        elif several:
            interval = of_several_conductors(tau, factors, steps, 3 * _RTOL)
        elif options["geometry"] == "partial":
            of_whole = factors(0) if whole is None else _factor(whole, direction)
            interval = of_partial_voxels(tau, _of_whole(of_whole, walls, factors, drop))
        else:
            interval = _of_whole(tau, walls, factors, drop)
        for name, value in _of_all(interval, mean, deviation).items():
            values.setdefault(name, []).append(value)
    error = xr.Dataset(
        {name: variable(name, array) for name, array in values.items()},
        coords={"direction": solved["direction"].values},
    )
    high = error["tortuosity_factor_discretisation_high"]
    if np.isinf(high).any():
        high.attrs["not_resolved"] = walls.not_resolved
    return error


def _of_whole(
    tau: float, walls: Walls, factors: Callable[[int], float], drop: Callable[[], float]
) -> Interval:
    if math.isinf(tau):
        return Interval(1.0, math.inf, math.nan)
    interval = of_whole_voxels(tau, walls, factors, 3 * _RTOL)
    return with_contacts(interval, tau, walls, drop()) if math.isfinite(interval.high) else interval


def _factor(solved: xr.Dataset, direction: str) -> float:
    return float(solved["tortuosity_factor"].sel(direction=direction))


def _on_larger_voxels(
    volume: xr.Dataset, direction: Any, options: Mapping, threads: int | None, times: int
) -> float:
    """Return the tortuosity factor on every other voxel, so many times over."""
    for _ in range(times):
        volume = every_other_voxel(volume)
    larger = tortuosity_factor(
        volume, direction=direction, conductivity=options["conductivity"], sides=options["sides"],
        rtol=_RTOL, threads=threads,
    )  # fmt: skip
    return float(larger["tortuosity_factor"][0])


def _of_all(tau: Interval, mean: float, deviation: float) -> dict[str, float]:
    """Return the interval of a tortuosity factor, and of what is derived from it."""
    kappa = of_conductivity(tau, mean, deviation)
    inverse = Interval(
        1 / kappa.high, 1 / kappa.low if kappa.low else math.inf, 1 / kappa.extrapolated
    )
    quantities = {
        "tortuosity_factor": tau,
        "effective_conductivity": kappa,
        "macmullin_number": inverse,
    }
    ends = (end for end, _ in DISCRETISATION_ENDS)
    return {
        f"{quantity}_{end}": value
        for end, values in zip(ends, zip(*quantities.values()))
        for quantity, value in zip(quantities, values)
    }
