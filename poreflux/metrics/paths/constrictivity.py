"""Constrictivity: how narrow the necks of a phase are, relative to what they join."""

import math
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

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
from poreflux.metrics.paths.field_mean import error_of_mean
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
    one half of a volume behind a neck decides which radius counts. The sampling error of a radius
    is how far it moves when another share of the phase than half lies beyond it, by the error of
    this share, see :func:`poreflux.statistics.mean_error.mean_error`.

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


class Radius(NamedTuple):
    """A radius in µm and its sampling error."""

    value: float
    error: float


def radii(box: ConductingBox) -> tuple[Radius, Radius]:
    """Return the radii of the balls that cover half of the phase: of those that come in through the
    first plane, and of all.
    """
    states = box.inside.astype(np.uint8)
    if box.sample is not None:
        states[~box.sample] = UNKNOWN
    if not box.inside.any():
        return Radius(0.0, math.nan), Radius(0.0, math.nan)
    threads = available_cores()
    squares, weights = squared_radii(states, box.spacing, threads=threads)
    if squares.min() >= far(squares):
        return Radius(math.inf, math.nan), Radius(math.inf, math.nan)
    squares[states != INSIDE] = 0
    with ThreadPoolExecutor(threads) as pool:
        in_threads = partial(in_ranges, pool, len(squares), threads)
        covered = largest_balls(squares, weights, in_threads)
        bulge = _covers_half(covered, box)
        del covered
        covered = largest_balls(passages(squares), weights, in_threads)
    return _covers_half(covered, box), bulge


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


def _covers_half(covered: np.ndarray, box: ConductingBox) -> Radius:
    """Return the largest radius that at least half of the phase reaches.

    Its error is half of how far it moves where as much more or less of the phase reaches it as
    another sample may have.
    """
    unit, voxels = min(box.spacing), int(box.inside.sum())
    values = covered[covered > 0]
    square = _reached(values, voxels / 2)
    error = error_of_mean(covered >= max(square, 1), box.inside, box.spacing)
    low, high = (_reached(values, voxels * (0.5 + sign * error)) for sign in (1, -1))
    spread = abs(math.sqrt(high) - math.sqrt(low)) / 2 if error < 0.5 else math.nan
    return Radius(unit * math.sqrt(square), unit * spread)


def _reached(values: np.ndarray, voxels: float) -> float:
    """Return the largest squared radius that at least so many voxels reach, 0 where none is."""
    count = max(1, math.ceil(voxels))
    if values.size < count:
        return 0.0
    return float(np.partition(values, values.size - count)[values.size - count])
