"""Geodesic tortuosity: how much longer the shortest paths through a phase are than straight."""

import math

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.kernels import paths
from poreflux.metrics.paths.conducting_box import (
    STEPS,
    ConductingBox,
    conducting_phase,
    padded,
    read_box,
    strides,
)
from poreflux.schema import Direction, variable
from poreflux.volume import within_mask

#: bytes a voxel: the phase as read and padded, a mask, the distance
BYTES = 7


def geodesic_tortuosity(
    volume: xr.Dataset, *, direction: Direction = "z", phase: str | None = None
) -> xr.Dataset:
    """Measure the length of the shortest paths through a phase from face to face, at once.

    Parameters
    ----------
    volume
        with `phase`, dims (z, y, x); of a `mask` what is inside.
    direction
        from its low to its high face: ``"z"``, ``"y"`` or ``"x"``.
    phase
        name of the phase in which the paths run: by default `electrolyte`, or the only one that is
        not `pore`.

    Returns
    -------
    Dataset over `direction`: `geodesic_tortuosity`, the mean over the voxels of the phase at the
    high face of the length of the shortest path to each of them, over the distance of the faces;
    `geodesic_tortuosity_std`, how it scatters over them, and `geodesic_reached_fraction`, the share
    of them that is reached at all. Where none is, the tortuosity is infinite.

    Raises
    ------
    TooLarge
        where memory does not hold 7 bytes a voxel.

    Notes
    -----
    Lengths are those of steps between the centres of 26 neighbours, and half a voxel at either
    face; a step across an edge or a corner needs a way over faces beside it, so that a path is
    found exactly where a current flows. Ways at other angles than steps have come out longer than
    they are, by up to 8 % in a plane, 13 % in space. The geodesic tortuosity is a length; the
    tortuosity factor of :func:`poreflux.tortuosity_factor` is near its square where nothing is
    narrow.

    References
    ----------
    O. Stenzel et al., AIChE J. 62 (2016) 1834; S. Barman, H. Rootzén, D. Bolin, AIChE J. 65 (2019)
    e16573.

    Examples
    --------
    >>> from poreflux.phantoms import columns
    >>> float(geodesic_tortuosity(columns(6, width=2, period=3))["geodesic_tortuosity"][0])
    1.0
    """
    volume = within_mask(volume)
    phase = conducting_phase(volume, phase)
    voxels = math.prod(volume.sizes[d] for d in "zyx")
    blocks.refuse(BYTES * voxels, "the shortest paths", do="measure a part of the volume")
    box = read_box(volume, phase, direction)
    distance = distances(box)[-1]
    last = box.inside[-1]
    reached = last & np.isfinite(distance)
    length = (distance[reached].astype(float) + box.spacing[0] / 2) / (
        len(box.inside) * box.spacing[0]
    )
    found = bool(length.size)
    values = {
        "geodesic_tortuosity": length.mean() if found else np.inf,
        "geodesic_tortuosity_std": length.std() if found else np.nan,
        "geodesic_reached_fraction": length.size / last.sum() if found else 0.0,
    }
    variables = {name: variable(name, [value], phase=phase) for name, value in values.items()}
    return xr.Dataset(variables, coords={"direction": [direction]})


def distances(box: ConductingBox) -> np.ndarray:
    """Return the length in µm of the shortest path from the outer face of the first plane to the
    centre of each voxel (float32), infinite where there is none.
    """
    inside = padded(box.inside, np.uint8)
    distance = np.full(inside.shape, np.inf, np.float32)
    first = distance[1, 1:-1, 1:-1]
    first[box.inside[0]] = box.spacing[0] / 2
    steps = strides(box.inside.shape)
    lengths = np.sqrt(((STEPS * box.spacing) ** 2).sum(axis=1)).astype(np.float32)
    dirty = np.full(len(inside), paths.FORWARD | paths.BACKWARD, np.uint8)
    dirty[[0, -1]] = 0
    backward = False
    flat, shape = (inside.ravel(), distance.ravel()), inside.shape
    while dirty[1:-1].any():
        paths.shorten(*flat, shape, steps, lengths, dirty, backward)
        backward = not backward
    return distance[1:-1, 1:-1, 1:-1]
