"""A plan of pores becomes a lazy Volume of any size, made chunk by chunk."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import xarray as xr

from poreflux.phantoms.exact import Shape, three
from poreflux.readers.lazy import from_chunks
from poreflux.schema import DIMS, attributes
from poreflux.volume import from_array, three_lengths


class PorePlan(Protocol):
    """Pores in space: for any box, which voxel centres lie in a pore."""

    def pores(
        self, start: Sequence[int], stop: Sequence[int], voxel_size: Sequence[float]
    ) -> np.ndarray:
        """Return a boolean array of the box of voxels from start to stop."""


def generate(
    plan: PorePlan,
    shape: Shape,
    *,
    voxel_size: float | Sequence[float] = 1.0,
    chunks: int | Sequence[int] = 128,
    supersample: int = 1,
) -> xr.Dataset:
    """Make a lazy Volume of a plan; the voxels are the same for any shape and chunks.

    Parameters
    ----------
    plan
        :class:`OblatePores` or :class:`LevelSetPores`, lengths in µm.
    shape
        voxels (z, y, x), or one number for a cube.
    voxel_size
        edge of a voxel in µm, one number or three.
    chunks
        edge of a chunk in voxels, one number or three.
    supersample
        where above 1, adds `solid_fraction`: the mean over this many points along each axis of
        every voxel.

    Returns
    -------
    Dataset with `phase` (0 pore, 1 electrolyte, decided at voxel centres), and `solid_fraction`
    where `supersample` is above 1.

    Examples
    --------
    >>> from poreflux.phantoms import OblatePores
    >>> volume = generate(OblatePores(porosity=0.2, diameter=6.0), 32, chunks=16)
    >>> volume.phase.chunksizes["z"]
    (16, 16)
    """
    shape, size = three(shape), three_lengths(voxel_size)
    phase = from_chunks(functools.partial(_phase, plan, size), shape, np.uint8, chunks)
    volume = from_array(phase, voxel_size=size)
    volume.attrs["phantom"] = {"name": type(plan).__name__, **dataclasses.asdict(plan)}  # type: ignore[call-overload]
    if supersample > 1:
        part = functools.partial(_solid_fraction, plan, size, supersample)
        lazy = from_chunks(part, shape, np.float32, chunks)
        volume["solid_fraction"] = (DIMS, lazy, attributes("solid_fraction"))
    return volume


def _phase(
    plan: PorePlan, size: Sequence[float], start: tuple[int, ...], stop: tuple[int, ...]
) -> np.ndarray:
    return (~plan.pores(start, stop, size)).view(np.uint8)


def _solid_fraction(
    plan: PorePlan, size: Sequence[float], times: int, start: tuple[int, ...], stop: tuple[int, ...]
) -> np.ndarray:
    fine = plan.pores(
        [a * times for a in start], [b * times for b in stop], [h / times for h in size]
    )
    split = [n for a, b in zip(start, stop) for n in (b - a, times)]
    return 1 - fine.reshape(split).mean(axis=(1, 3, 5), dtype=np.float32)
