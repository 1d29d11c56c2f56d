"""Distance of each voxel from the axis of rotation, as reconstructed slices have it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from poreflux.volume import voxel_size


@dataclass(frozen=True)
class Axis:
    """The axis of rotation, along z.

    Attributes
    ----------
    centre
        (y, x) in µm.
    size
        voxel edges (y, x) in µm.
    shape
        voxels (y, x).
    """

    centre: tuple[float, float]
    size: tuple[float, float]
    shape: tuple[int, int]

    @property
    def furthest(self) -> float:
        """Return the distance in µm of the farthest corner."""
        farthest = [max(c, n * h - c) for c, n, h in zip(self.centre, self.shape, self.size)]
        return math.hypot(*farthest)

    def radius(self, start: tuple[int, ...], shape: tuple[int, ...]) -> np.ndarray:
        """Return the distances in µm of the voxel centres of a block, (1, y, x)."""
        y, x = (
            (a + np.arange(n) + 0.5) * h - c
            for a, n, h, c in zip(start[1:], shape[1:], self.size, self.centre)
        )
        return np.hypot(y[:, None], x)[None]


def axis_of_rotation(volume: xr.Dataset, centre: Sequence[float] | None) -> Axis:
    """Return the axis through (y, x) in µm, by default through the middle of the slices."""
    _, *size = voxel_size(volume)
    shape = volume["gray"].shape[1:]
    middle = [n * h / 2 for n, h in zip(shape, size)]
    place = middle if centre is None else [float(c) for c in centre]
    if len(place) != 2 or not np.all(np.isfinite(place)):
        raise ValueError(f"centre={centre!r} is not a place; give (y, x) in µm")
    return Axis((place[0], place[1]), (size[0], size[1]), (shape[0], shape[1]))
