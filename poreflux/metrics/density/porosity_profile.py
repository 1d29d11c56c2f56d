"""Porosity profile: the porosity of each plane along a direction."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.metrics.density.counting import by_plane, counted, dataset, fraction
from poreflux.schema import along_each, name_of
from poreflux.volume import axis_of, require


def porosity_profile(
    volume: xr.Dataset, *, direction: str | Sequence[str] = "z", phase: str = "pore"
) -> xr.Dataset:
    """Measure the porosity of each plane along a direction.

    Parameters
    ----------
    volume
        with `phase`, dims (z, y, x); voxels outside a `mask` do not count.
    direction
        dim along which the profile runs: ``"z"``, ``"y"``, ``"x"``, several like ``"zx"``, or
        ``"all"``.
    phase
        name of the phase to measure.

    Returns
    -------
    lazy Dataset with `porosity_profile` over z in µm, or `porosity_profile_y`, `porosity_profile_x`
    over y, x (so that several directions can be collected together); NaN in planes without voxels.

    Notes
    -----
    ε(z) = N_pore(z) / N(z).

    Examples
    --------
    >>> from poreflux import from_array
    >>> volume = from_array(np.arange(8).reshape(2, 2, 2) > 1)
    >>> porosity_profile(volume)["porosity_profile"].values
    array([0.5, 0. ])
    """
    return along_each(direction, partial(_along, volume, phase))


def _along(volume: xr.Dataset, phase: str, direction: str) -> xr.Dataset:
    axis, shape = axis_of(direction), require(volume, "phase").shape
    n = shape[axis]
    full = np.full(n, np.prod(shape) // n)
    project = partial(_by_plane, axis=axis)
    lazy = counted(volume, phase, project, _finish, full=full, outputs={"profile": ((n,), float)})
    name = name_of("porosity_profile", direction)
    return dataset(volume, {name: ((direction,), lazy["profile"])}, note={"phase": phase})


def _by_plane(chosen: np.ndarray, start: tuple[int, ...], *, axis: int) -> blocks.Patch:
    return blocks.Patch((start[axis],), by_plane(chosen, axis))


def _finish(pore: np.ndarray, valid: np.ndarray) -> dict:
    return {"profile": fraction(pore, valid)}
