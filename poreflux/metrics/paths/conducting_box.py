"""The conducting phase of a volume in memory, axis 0 along the transport."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import DTypeLike

from poreflux.metrics.density.counting import inputs, select
from poreflux.schema import DIMS, conductor_of
from poreflux.volume import axis_of, label_of, phase_labels, require, voxel_size

#: bytes of the volume that are read at a time
SLAB = 64 * 2**20

#: the steps to the 13 of 26 neighbours that come before in memory
STEPS = np.array([s for s in itertools.product((-1, 0, 1), repeat=3) if s < (0, 0, 0)])


class ConductingBox(NamedTuple):
    """What each voxel is: ``inside`` and ``sample`` (n0, n1, n2) are whether it is of the phase and
    counts at all, None where all count; ``spacing`` are the edges of a voxel in µm.
    """

    inside: np.ndarray
    sample: np.ndarray | None
    spacing: tuple[float, float, float]


def conducting_phase(volume: xr.Dataset, phase: str | None) -> str:
    """Return the name of the phase: by default `electrolyte`, or the only one that is not `pore`.

    Examples
    --------
    >>> from poreflux import from_array
    >>> volume = from_array(np.ones((2, 2, 2), np.uint8), phases={0: "pore", 1: "LPSCl"})
    >>> conducting_phase(volume, None)
    'LPSCl'
    """
    found = phase or conductor_of(phase_labels(volume))
    if found is None:
        raise ValueError(
            f"the volume has the phases {tuple(phase_labels(volume))}, and it is not said which "
            "conducts; give phase by name"
        )
    return found


def read_box(volume: xr.Dataset, phase: str, direction: str) -> ConductingBox:
    """Read a phase, a slab at a time."""
    label, array = label_of(volume, phase), require(volume, "phase")
    axis = axis_of(direction)
    inside = np.empty(array.shape, bool)
    sample = np.empty(array.shape, bool) if "mask" in volume else None
    for planes in _slabs(array.shape):
        arrays = {name: np.asarray(lazy[planes]) for name, lazy in inputs(volume).items()}
        inside[planes], valid = select(arrays, label)
        if sample is not None and valid is not None:
            sample[planes] = valid
    size = voxel_size(volume)
    a, b, c = (size[DIMS.index(d)] for d in (direction, *(d for d in DIMS if d != direction)))
    ordered = None if sample is None else np.moveaxis(sample, axis, 0)
    return ConductingBox(np.moveaxis(inside, axis, 0), ordered, (a, b, c))


def _slabs(shape: tuple[int, ...]) -> Iterator[slice]:
    planes = max(1, SLAB // (shape[1] * shape[2]))
    for start in range(0, shape[0], planes):
        yield slice(start, start + planes)


def padded(array: np.ndarray, dtype: DTypeLike, fill: float = 0) -> np.ndarray:
    """Return an array with a voxel of `fill` on each side."""
    out: np.ndarray = np.full([n + 2 for n in array.shape], fill, dtype)
    out[1:-1, 1:-1, 1:-1] = array
    return out


def strides(shape: tuple[int, ...]) -> np.ndarray:
    """Return the steps (13, 3) as strides in an array of this shape, with its padding."""
    return STEPS * np.array([(shape[1] + 2) * (shape[2] + 2), shape[2] + 2, 1])
