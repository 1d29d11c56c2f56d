"""Tortuosity bracket: the tortuosity factor by partial and by whole voxels, each with its error."""

from typing import Any

import xarray as xr

from poreflux.annotations import Geometry
from poreflux.transport.tortuosity.tortuosity_factor import tortuosity_factor
from poreflux.uncertainty.discretisation import tortuosity_discretisation

GEOMETRIES: list[Geometry] = ["partial", "voxels"]


def tortuosity_bracket(volume: xr.Dataset, **options: Any) -> xr.Dataset:
    """Compute the tortuosity factor with partial and with whole voxels, each with what its voxels
    and the blur of the image do to it.

    Parameters
    ----------
    volume
        with `phase` and `solid_fraction` (z, y, x).
    options
        as for :func:`poreflux.tortuosity_factor`.

    Returns
    -------
    the Dataset of :func:`poreflux.tortuosity_factor` with a dim `geometry`
    (``["partial", "voxels"]``), and beside it what :func:`poreflux.tortuosity_discretisation` says
    of both: the interval that holds the truth, and the extrapolated value.

    Notes
    -----
    The two values alone bracket the truth on one condition: pores are wide against the blur. Steps
    of whole voxels make the tortuosity factor too high, partial voxels of a blurred image make it
    too low. But blur and threshold take volume from small pores: with whole voxels too, tau - 1 is
    too low for pores of a radius (three times their volume over their surface) below about three
    times the blur sigma. The intervals correct for the blur that is measured; where sigma exceeds
    half that radius pores are lost, and the upper ends are infinite.

    Examples
    --------
    >>> import numpy as np
    >>> from poreflux import from_array
    >>> volume = from_array(np.ones((6, 5, 4), np.uint8))
    >>> volume["solid_fraction"] = volume.phase.astype("float32")
    >>> tortuosity_bracket(volume).tortuosity_factor.values.round(9).ravel()
    array([1., 1.])
    """
    partial, whole = (
        tortuosity_factor(volume, geometry=geometry, **options) for geometry in GEOMETRIES
    )
    threads = options.get("threads")
    results = [
        partial.merge(tortuosity_discretisation(volume, partial, whole=whole, threads=threads)),
        whole.merge(tortuosity_discretisation(volume, whole, threads=threads)),
    ]
    return xr.concat(results, xr.Variable("geometry", GEOMETRIES), combine_attrs="drop_conflicts")
