"""Constrictivity: how narrow the necks of a phase are, relative to what they join."""

import math
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.kernels import paths
from poreflux.machine import available_cores
from poreflux.metrics.paths.conducting_box import (
    ConductingBox,
    conducting_phase,
    padded,
    read_box,
    strides,
)
from poreflux.metrics.pores.local_thickness import (
    INSIDE,
    UNKNOWN,
    far,
    in_ranges,
    largest_balls,
    squared_radii,
)
from poreflux.schema import Direction, variable
from poreflux.volume import within_mask

#: bytes a voxel: the phase and what is outside, three squared radii, marks
BYTES = 14


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
        where memory does not hold 14 bytes a voxel.

    Notes
    -----
    Balls are those of :func:`poreflux.local_thickness`: all radii count, not a list of sizes, and a
    radius is the distance to the centre of the nearest voxel of the wall. A ball reaches a voxel if
    it passes all voxels of some way there, in steps as of :func:`poreflux.geodesic_tortuosity`. The
    bottleneck radius is the median of simulated mercury porosimetry, the bulge radius that of the
    continuous size distribution. Straight channels of any section have a constrictivity of 1, and
    one half of a volume behind a neck decides which radius counts.

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
    voxels = math.prod(volume.sizes[d] for d in "zyx")
    blocks.refuse(BYTES * voxels, "the constrictivity", do="measure a part of the volume")
    box = read_box(volume, phase, direction)
    bottleneck, bulge = radii(box)
    if bulge == 0 or math.isinf(bottleneck):
        ratio = 1.0 if math.isinf(bottleneck) else math.nan
    else:
        ratio = (bottleneck / bulge) ** 2
    values = {
        "constrictivity": ratio,
        "bottleneck_radius": bottleneck,
        "bulge_radius": bulge,
    }
    variables = {name: variable(name, [value], phase=phase) for name, value in values.items()}
    return xr.Dataset(variables, coords={"direction": [direction]})


def radii(box: ConductingBox) -> tuple[float, float]:
    """Return the radii in µm of the balls that cover half of the phase: of those that come in
    through the first plane, and of all.
    """
    states = box.inside.astype(np.uint8)
    if box.sample is not None:
        states[~box.sample] = UNKNOWN
    voxels = int(box.inside.sum())
    if voxels == 0:
        return 0.0, 0.0
    threads = available_cores()
    squares, weights = squared_radii(states, box.spacing, threads=threads)
    if squares.min() >= far(squares):
        return math.inf, math.inf
    squares[states != INSIDE] = 0
    with ThreadPoolExecutor(threads) as pool:
        in_threads = partial(in_ranges, pool, len(squares), threads)
        covered = largest_balls(squares, weights, in_threads)
        bulge = _covers_half(covered, voxels)
        del covered
        covered = largest_balls(passages(squares), weights, in_threads)
    unit = min(box.spacing)
    return unit * math.sqrt(_covers_half(covered, voxels)), unit * math.sqrt(bulge)


def passages(squares: np.ndarray) -> np.ndarray:
    """Return the squared radius of the largest ball that comes to each voxel from the first plane,
    of those that fit there.
    """
    room = padded(squares, squares.dtype)
    passage = np.zeros_like(room)
    passage[1] = room[1]
    dirty = np.full(len(room), paths.FORWARD | paths.BACKWARD, np.uint8)
    dirty[[0, -1]] = 0
    steps = strides(squares.shape)
    backward = False
    flat, shape = (room.ravel(), passage.ravel()), room.shape
    while dirty[1:-1].any():
        paths.widen(*flat, shape, steps, dirty, backward)
        backward = not backward
    return np.ascontiguousarray(passage[1:-1, 1:-1, 1:-1])


def _covers_half(covered: np.ndarray, voxels: int) -> float:
    """Return the largest squared radius that at least half of so many voxels reach."""
    values = covered[covered > 0]
    half = -(-voxels // 2)
    if values.size < half:
        return 0.0
    return float(np.partition(values, values.size - half)[values.size - half])
