"""Tortuosity bracket: the tortuosity factor by partial and by whole voxels."""

from typing import Any

import xarray as xr

from poreflux.annotations import Geometry
from poreflux.transport.tortuosity.tortuosity_factor import tortuosity_factor


def tortuosity_bracket(volume: xr.Dataset, **options: Any) -> xr.Dataset:
    """Compute the tortuosity factor with partial and with whole voxels, which bracket the error of
    the resolution.

    Parameters
    ----------
    volume
        with `phase` and `solid_fraction` (z, y, x).
    options
        as for :func:`poreflux.tortuosity_factor`.

    Returns
    -------
    the Dataset of :func:`poreflux.tortuosity_factor` with a dim `geometry`, ``["partial",
    "voxels"]``. Whole voxels make pores rough and the tortuosity factor too high, partial ones of a
    blurred image too low.

    Examples
    --------
    >>> import numpy as np
    >>> from poreflux import from_array
    >>> volume = from_array(np.ones((6, 5, 4), np.uint8))
    >>> volume["solid_fraction"] = volume.phase.astype("float32")
    >>> tortuosity_bracket(volume).tortuosity_factor.values.round(9).ravel()
    array([1., 1.])
    """
    geometries: list[Geometry] = ["partial", "voxels"]
    results = [tortuosity_factor(volume, geometry=geometry, **options) for geometry in geometries]
    return xr.concat(results, xr.Variable("geometry", geometries), combine_attrs="drop_conflicts")
