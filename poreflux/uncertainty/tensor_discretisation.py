"""Discretisation error of the effective conductivity tensor, from larger voxels."""

import math
from typing import Any

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.schema import DIMS, variable
from poreflux.schema.variables import DISCRETISATION_ENDS
from poreflux.transport.laplace.problem import relative
from poreflux.transport.medium import conductivity_table
from poreflux.transport.tortuosity.effective_tensor import effective_tensor
from poreflux.uncertainty.contacts import drop_by_smoothing
from poreflux.uncertainty.larger_voxels import every_other_voxel
from poreflux.uncertainty.measured_walls import measured_walls, steps_of_several
from poreflux.uncertainty.solve_options import solve_options
from poreflux.uncertainty.walls import (
    UNKNOWN_WALLS,
    of_conductivity,
    of_several_conductors,
    of_whole_voxels,
    with_contacts,
)
from poreflux.volume import within_mask

_TENSOR = "effective_conductivity_tensor"

#: change of an element beside the diagonal: over the widths of those of its row and its column, and
#: over what every other voxel changes
_BESIDE, _OF_CHANGE = 0.06, 0.5


def tensor_discretisation(
    volume: xr.Dataset, solved: xr.Dataset, *, threads: int | None = None
) -> xr.Dataset:
    """Estimate how far voxels move an effective conductivity tensor.

    Parameters
    ----------
    volume
        that was solved.
    solved
        what :func:`poreflux.effective_tensor` returned for it.
    threads
        by default all cores that this process may use.

    Returns
    -------
    Dataset over (component, direction): `effective_conductivity_tensor_discretisation_low` and
    `_high`, the ends of an interval that holds the value on much finer voxels, and
    `effective_conductivity_tensor_extrapolated`. NaN of directions in which nothing conducts.

    Raises
    ------
    KeyError
        if `solved` does not say how it was solved.
    TooLarge, NotConverged
        as :func:`poreflux.effective_tensor`.

    Notes
    -----
    The elements of the diagonal follow the laws of :func:`poreflux.tortuosity_discretisation`, each
    along its direction. Elements beside it change in proportion to those of their row and column,
    and to either side by 0.06 of the widths of the intervals of these (the root of their product,
    which bounds what lies beside the diagonal of any change of one sign), or by half of what every
    other voxel changes, if that is more. The volume is one period: each voxel of the interval of
    the mean conductivity counts as one that was cut independently, which mirror images are not.

    Examples
    --------
    >>> from poreflux.phantoms import sphere_lattice
    >>> volume = sphere_lattice("sc", 16, fraction=0.2)
    >>> solved = effective_tensor(volume)
    >>> error = tensor_discretisation(volume, solved)
    >>> ends = (error[f"effective_conductivity_tensor_discretisation_{e}"] for e in ("low", "high"))
    >>> low, high = (float(end.sel(component="z", direction="z")) for end in ends)
    >>> float(solved["effective_conductivity_tensor"][0, 0]) < low < high < 0.8
    True
    """
    volume = within_mask(volume)
    options = solve_options(solved, _TENSOR, ("conductivity", "rtol"), "effective_tensor")
    conductivity, rtol = options["conductivity"], options["rtol"]
    tensors, larger = [solved[_TENSOR].values], volume
    for _ in range(2):
        larger = every_other_voxel(larger)
        tensors.append(effective_tensor(larger, threads=threads, **options)[_TENSOR].values)
    several = len({value for value in conductivity.values() if value > 0}) > 1
    walls = UNKNOWN_WALLS if several else measured_walls(volume, conductivity)
    steps = steps_of_several(volume, conductivity) if several else 0.0
    deviation = walls.deviation(math.prod(volume["phase"].shape))
    mean = _mean_conductivity(volume, conductivity)
    shares = np.full((3, 3), math.nan)  # ends of the diagonal in units of its value
    for k in range(3):
        kappa = tensors[0][k, k]
        if not kappa > 0:
            continue

        def factor(times: int, k: int = k) -> float:
            element = tensors[times][k, k]
            return mean / element if element > 0 else math.inf

        if several:
            tau = of_several_conductors(mean / kappa, factor, steps, 3 * rtol)
        else:
            tau = of_whole_voxels(mean / kappa, walls, factor, 3 * rtol)
            drop = drop_by_smoothing(volume, DIMS[k], options | {"sides": "periodic"}, threads)
            tau = with_contacts(tau, mean / kappa, walls, drop)
        shares[k] = np.array(of_conductivity(tau, mean, deviation)) / kappa
    low, high, extrapolated = _elements(tensors[0], tensors[0] - tensors[1], shares)
    coords = {name: solved[name].values for name in ("component", "direction")}
    ends = zip(DISCRETISATION_ENDS, (low, high, extrapolated))
    named = {f"{_TENSOR}_{end}": array for (end, _), array in ends}
    return xr.Dataset({name: variable(name, array) for name, array in named.items()}, coords=coords)


def _elements(tensor: np.ndarray, change: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the ends of all elements, of their change and of the diagonal's ends as shares."""
    diagonal = np.eye(3, dtype=bool)
    # of a row and a column that change by two shares, an element changes by the root of both
    lowest, highest, usual = (np.sqrt(np.outer(s, s)) for s in shares.T)
    scaled = np.stack((tensor * lowest, tensor * highest, tensor))
    widths = np.diag(tensor) * (shares[:, 1] - shares[:, 0])
    margin = np.maximum(_BESIDE * np.sqrt(np.outer(widths, widths)), _OF_CHANGE * np.abs(change))
    low = np.where(diagonal, tensor * lowest, scaled.min(axis=0) - margin)
    high = np.where(diagonal, tensor * highest, scaled.max(axis=0) + margin)
    return low, high, tensor * usual


def _mean_conductivity(volume: xr.Dataset, conductivity: Any) -> float:
    """Return the mean conductivity relative to the most conductive phase."""
    table = relative(conductivity_table(volume, conductivity))
    of_voxels = blocks.map_blocks(lambda phase: table[phase], volume["phase"].data, dtype=float)
    (mean,) = blocks.compute(xr.Dataset({"mean": of_voxels.mean()}))
    return float(mean["mean"])
