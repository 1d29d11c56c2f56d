"""Constrictivity: how narrow the necks of a phase are, relative to what they join."""

import math

import xarray as xr

from poreflux.metrics.paths.conducting_box import conducting_phase
from poreflux.metrics.paths.slab_radii import radii
from poreflux.schema import Direction, variable
from poreflux.volume import within_mask


def constrictivity(
    volume: xr.Dataset, *, direction: Direction = "z", phase: str | None = None
) -> xr.Dataset:
    """Measure how narrow the necks of a phase are on the way from a face, at once.

    Parameters
    ----------
    volume
        with `phase`, dims (z, y, x); what lies outside the volume or a `mask` is no wall.
    direction
        in which balls come in, from the low face: ``"z"``, ``"y"`` or ``"x"``.
    phase
        name of the phase: by default `electrolyte`, or the only one that is not `pore`.

    Returns
    -------
    Dataset over `direction`: `constrictivity`, from 0 to 1, the square of `bottleneck_radius` over
    `bulge_radius`. The bulge radius in µm is the largest of which balls that fit into the phase
    cover half of it; the bottleneck radius the largest of which balls that come in through the low
    face do. Where the phase has no wall they are infinite and the constrictivity is 1.

    Raises
    ------
    TooLarge
        where memory does not hold 14 bytes for each voxel of a few planes, or the disk of temporary
        files 6 to 12 bytes a voxel of a volume that is measured in slabs.

    Notes
    -----
    Balls are those of :func:`poreflux.local_thickness`: all radii count, not a list of sizes, and a
    radius is the distance to the centre of the nearest voxel of the wall. A ball reaches a voxel if
    it passes all voxels of some way there, in steps as of :func:`poreflux.geodesic_tortuosity`. The
    bottleneck radius is the median of simulated mercury porosimetry, the bulge radius that of the
    continuous size distribution. Straight channels of any section have a constrictivity of 1, and
    one half of a volume behind a neck decides which radius counts. The sampling error of a radius
    is how far it moves when another share of the phase than half lies beyond it, by the error of
    this share, see :func:`poreflux.statistics.mean_error.mean_error`, and the rounding of radii to
    distances between voxels.

    References
    ----------
    B. Münch, L. Holzer, J. Am. Ceram. Soc. 91 (2008) 4059, on both distributions; L. Holzer et al.,
    J. Mater. Sci. 48 (2013) 2934, on the constrictivity; J. van Brakel, P. M. Heertjes, Int. J.
    Heat Mass Transf. 17 (1974) 1093, on necks in diffusion.

    Examples
    --------
    >>> from poreflux.phantoms import columns
    >>> float(constrictivity(columns(6, width=2, period=3))["constrictivity"][0])
    1.0
    """
    volume = within_mask(volume)
    phase = conducting_phase(volume, phase)
    bottleneck, bulge = radii(volume, phase, direction)
    if bulge.value == 0 or math.isinf(bottleneck.value):
        ratio, error = (1.0 if math.isinf(bottleneck.value) else math.nan), math.nan
    else:
        ratio = (bottleneck.value / bulge.value) ** 2
        # the two move together: as if they did not, it is no smaller than it is
        error = (
            2
            * math.hypot(bottleneck.error * bottleneck.value / bulge.value, ratio * bulge.error)
            / bulge.value
        )
    values = {
        "constrictivity": ratio,
        "constrictivity_sampling_error": error,
        "bottleneck_radius": bottleneck.value,
        "bottleneck_radius_sampling_error": bottleneck.error,
        "bulge_radius": bulge.value,
        "bulge_radius_sampling_error": bulge.error,
    }
    variables = {name: variable(name, [value], phase=phase) for name, value in values.items()}
    return xr.Dataset(variables, coords={"direction": [direction]})
