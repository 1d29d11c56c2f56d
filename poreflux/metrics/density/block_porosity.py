"""Block porosity: the porosity of each sub-volume, how much they differ, and the error of all."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr

from poreflux import blocks as chunked
from poreflux.metrics.density.counting import (
    centres,
    counted,
    dataset,
    fraction,
    into_blocks,
    volume_of,
)
from poreflux.statistics.mean_error import mean_error
from poreflux.volume import require, voxel_size

#: cells along an edge, at least, in which voxels are counted for the error of the porosity
_CELLS = 24

#: scalars of the whole volume beside the porosity of each block
_SCALARS = (
    "block_porosity_mean",
    "block_porosity_std",
    "porosity_sampling_error",
    "porosity_effective_samples",
    "porosity_integral_length",
    "porosity_integral_length_sampling_error",
    "porosity_relative_width",
)


def block_porosity(
    volume: xr.Dataset, *, blocks: Sequence[int] = (4, 4, 4), phase: str = "pore"
) -> xr.Dataset:
    """Measure the porosity of each sub-volume.

    Parameters
    ----------
    volume
        with `phase`, dims (z, y, x); voxels outside a `mask` do not count.
    blocks
        number of sub-volumes along (z, y, x); they tile the volume and differ by one voxel at most.
    phase
        name of the phase to measure.

    Returns
    -------
    lazy Dataset with `block_porosity` (block_z, block_y, block_x; centres in µm; NaN where a block
    has no voxel); `block_porosity_mean` and `block_porosity_std`, in which each block counts by its
    voxels; and of the whole volume as one sample of a larger one `porosity_sampling_error`, one
    standard deviation of its porosity, with `porosity_effective_samples`, the number of independent
    points that have it, `porosity_integral_length` and its error, the edge in µm of the cube that
    counts as one of them, and `porosity_relative_width`, how many of these the shortest edge of
    the volume is. NaN where there is only one phase.

    Notes
    -----
    Pores of neighbouring blocks belong together, so that the deviation of blocks over the root of
    their number is too small. The sampling error follows from the spectral density of long waves,
    see :func:`poreflux.statistics.mean_error.mean_error`: p (1 - p) l³ / V with the integral length
    l [1]_. Below 8 integral lengths the volume is not representative and its error is uncertain.

    References
    ----------
    .. [1] T. Kanit et al., Int. J. Solids Struct. 40, 3647 (2003).

    Examples
    --------
    >>> from poreflux import from_array
    >>> volume = from_array(np.arange(8).reshape(2, 2, 2) > 1)
    >>> block_porosity(volume, blocks=(2, 2, 1))["block_porosity"].values.tolist()
    [[[1.0], [0.0]], [[0.0], [0.0]]]
    """
    shape, size = require(volume, "phase").shape, voxel_size(volume)
    cuts = chunked.cuts(shape, blocks)
    finer = [max(1, min(-(-_CELLS // count), n // count)) for n, count in zip(shape, blocks)]
    cells = chunked.cuts(shape, [count * parts for count, parts in zip(blocks, finer)])
    finish = FinishBlocks(tuple(finer), tuple(cells), size)
    outputs: dict = {"block_porosity": (tuple(blocks), float)}
    outputs |= {name: ((), float) for name in _SCALARS}
    project = partial(into_blocks, cuts=cells)
    lazy = counted(volume, phase, project, finish, full=volume_of(cells), outputs=outputs)
    dims = ("block_z", "block_y", "block_x")
    variables = {name: (dims[: array.ndim], array) for name, array in lazy.items()}
    coords = centres(volume, cuts, "block")
    return dataset(volume, variables, coords=coords, note={"phase": phase})


@dataclass(frozen=True)
class FinishBlocks:
    """Compute the porosity of blocks, and the error of their mean, from counts in their cells."""

    finer: tuple[int, ...]
    cells: tuple[np.ndarray, ...]
    size: tuple[float, float, float]

    def __call__(self, pore: np.ndarray, valid: np.ndarray) -> dict:
        in_blocks, voxels = self._in_blocks(pore), self._in_blocks(valid)
        porosity = fraction(in_blocks, voxels)
        p = float(fraction(in_blocks.sum(), voxels.sum()))
        deviation = np.nan_to_num(porosity - p) ** 2
        freedom = voxels.sum() - fraction(np.square(voxels).sum(), voxels.sum())
        return {
            "block_porosity": porosity,
            "block_porosity_mean": p,
            "block_porosity_std": np.sqrt(fraction((voxels * deviation).sum(), freedom)),
            **self._error(p, pore, valid),
        }

    def _in_blocks(self, counts: np.ndarray) -> np.ndarray:
        for axis, parts in enumerate(self.finer):
            counts = np.add.reduceat(counts, np.arange(0, counts.shape[axis], parts), axis)
        return counts.astype(float)

    def _error(self, p: float, pore: np.ndarray, valid: np.ndarray) -> dict[str, float]:
        if not 0 < p < 1:
            return dict.fromkeys(_SCALARS[2:], math.nan)
        voxel = math.prod(self.size)
        edges = [cut * h for cut, h in zip(self.cells, self.size)]
        error = mean_error(pore * voxel, valid * voxel, edges)
        integral_range = error.variance_volume / (p * (1 - p))
        length = integral_range ** (1 / 3)
        shortest = min(edge[-1] for edge in edges)
        return {
            "porosity_sampling_error": error.standard_error,
            "porosity_effective_samples": error.volume / integral_range if length else math.nan,
            "porosity_integral_length": length,
            "porosity_integral_length_sampling_error": length * error.spread / 3,
            "porosity_relative_width": shortest / length if length else math.nan,
        }
