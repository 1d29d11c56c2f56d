"""Watershed: pores split at their throats, so that the pores of a network can be counted."""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.annotations import AnyArray, Progress
from poreflux.blocks import Scheduler
from poreflux.kernels.basins import pack_steps, smooth_heights
from poreflux.metrics.pores.basins import (
    HEIGHT_UNIT,
    Basins,
    CombineBasins,
    MeasureBasins,
    Pores,
    united,
)
from poreflux.metrics.pores.local_thickness import by_windows, largest_ball, squared_radii
from poreflux.volume import voxel_size

#: parts of 2^14 that a neighbour along an axis has in a smoothed distance: a Gaussian of standard
#: deviation 0.4 voxel, of which the second neighbour would have less than 1e-5
SMOOTHING = 662

#: voxels by which a pore's widest place must lie from that of a wider neighbour, and be wider than
#: their throat
NEAREST, LEAST = 4.0, 0.25

#: longest edge in voxels of what one task works on, without its ghosts
_EDGE = 200


@dataclass(frozen=True)
class Splitting:
    """How pores are split: the largest ball decides how far blocks must overlap, in µm."""

    volume: xr.Dataset
    phase: str
    diameter: float

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the volume."""
        return self.volume["phase"].shape

    def packed(self) -> AnyArray:
        """Return heights and steps of steepest ascent of all voxels, lazily."""
        size = voxel_size(self.volume)
        # without any wall all places are alike
        radius = self.diameter / 2 if math.isfinite(self.diameter) else 0.0
        fill = functools.partial(_packed, size, radius)
        more = 3  # the neighbour to climb to, its neighbour for smoothing, and the wall itself
        depth = [min(math.ceil(radius / h) + more, n) for h, n in zip(size, self.shape)]
        return by_windows(fill, self.volume, self.phase, depth, edge=_EDGE, dtype=np.int32)

    def plan(
        self,
        finish: Callable[[Pores], Any],
        outputs: Mapping[str, tuple],
        *,
        keep_rows: bool = False,
    ) -> blocks.Plan:
        """Return the plan that splits the pores and hands :class:`Pores` to `finish`."""
        size = voxel_size(self.volume)
        measure = MeasureBasins(self.shape, size, keep_rows)
        end = Finish(finish, self.shape, size)
        return blocks.Plan(measure, CombineBasins(self.shape, size), end, outputs)


@dataclass(frozen=True)
class Finish:
    """Unite basins to pores, and hand them on."""

    finish: Callable[[Pores], Any]
    shape: tuple[int, ...]
    size: tuple[float, float, float]

    def __call__(self, basins: Basins) -> Any:
        return self.finish(united(basins, self.shape, self.size, LEAST, NEAREST))


def splitting(
    volume: xr.Dataset,
    phase: str,
    *,
    largest: float | None = None,
    progress: Progress | None = None,
    scheduler: Scheduler = None,
) -> Splitting:
    """Return how the pores of a volume are split.

    Parameters
    ----------
    volume
        with `phase`, dims (z, y, x); what lies outside the volume or a `mask` is no wall.
    phase
        name of the phase that makes the pores.
    largest
        a diameter in µm that no ball in a pore exceeds; without it the largest is found at once, in
        a pass of its own.
    progress, scheduler
        as in :func:`poreflux.blocks.compute`.

    Notes
    -----
    The distance d to the nearest wall, smoothed with a standard deviation of 0.4 voxel, is climbed
    from each voxel by the steepest of 26 steps; voxels that reach one maximum are a basin. Basins
    that touch are united, the highest saddles first, where the lower maximum rises above the saddle
    by less than 0.25 voxel, or lies nearer to the higher one than 4 voxels or its own d. The rules
    are those of SNOW [1]_ for which maxima count; flooding is replaced by steepest ascent, whose
    outcome does not depend on any order, and so not on chunks. The 0.25 was chosen so that on
    six phantoms there are as many pores of 64 voxels and more as SNOW of PoreSpy 3.2 finds, within
    a tenth; on volumes not used for that, too: 994 for its 982 in the shipped cement tomogram, 1149
    for 1068 in 160³ of Berea sandstone. Smaller ones that are closed are pores too.

    References
    ----------
    .. [1] J. T. Gostick, Phys. Rev. E 96, 023307 (2017).
    """
    if largest is not None and not largest > 0:
        raise ValueError(f"largest={largest} is not a diameter; give a positive one, in µm")
    search: dict = {"phase": phase, "progress": progress, "scheduler": scheduler}
    return Splitting(volume, phase, float(largest or largest_ball(volume, **search)))


def same_pores(pores: Pores) -> Pores:
    """Return the pores unchanged: the finish of a plan that returns them all."""
    return pores


def _packed(size: Sequence[float], radius: float, states: np.ndarray) -> np.ndarray:
    """Return heights and steps of one block and its ghosts."""
    r2, _ = squared_radii(states, size, radius)
    height = _heights(r2, radius / min(size))
    smooth, out = np.empty_like(height), np.empty_like(height)
    smooth_heights(height, states, SMOOTHING, smooth)
    pack_steps(smooth, states, height, out)
    return out


def _heights(r2: np.ndarray, largest: float) -> np.ndarray:
    """Return distances of squares in voxels as whole numbers of the unit of heights.

    They end at the largest: outside a mask there may be no wall in sight, or one that other blocks
    do not see.
    """
    squares_are_whole = r2.dtype == np.uint16
    squares = np.arange(int(r2.max(initial=0)) + 1, dtype=np.float32) if squares_are_whole else r2
    distance = np.minimum(np.sqrt(squares), np.float32(largest)) * np.float32(1 / HEIGHT_UNIT)
    heights = np.rint(distance, out=distance).astype(np.int32)
    return np.take(heights, r2) if squares_are_whole else heights
