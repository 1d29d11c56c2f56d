"""The whole volume on a coarse grid: voxels counted in cells, in one pass."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from poreflux import blocks
from poreflux.metrics.density.counting import into_blocks, select

#: cells along the longest edge, by default: what an FFT in 200 MB takes
GRID = 256


@dataclass(frozen=True)
class MeasureCells:
    """Count the voxels of a phase, and of the mask, in cells; equal counts are made once."""

    label: int
    factor: int
    shape: tuple[int, ...]

    def __call__(
        self, arrays: Mapping[str, np.ndarray], start: tuple[int, ...]
    ) -> dict[str, blocks.Patch]:
        chosen, mask = select(arrays, self.label)
        cuts = cell_edges(self.shape, self.factor)
        cells = {"phase": into_blocks(chosen, start, cuts=cuts)}
        if mask is not None:
            cells["valid"] = into_blocks(mask, start, cuts=cuts)
        return cells


@dataclass(frozen=True)
class Cells:
    """The share of each cell that is of the phase, and that is valid at all; edges in µm."""

    phase: np.ndarray
    valid: np.ndarray
    size: tuple[float, float, float]

    @property
    def fraction(self) -> float:
        """Volume fraction of the phase."""
        return float(self.phase.sum(dtype=float) / self.valid.sum(dtype=float))

    @property
    def edges(self) -> np.ndarray:
        """Edges of the whole grid in µm."""
        return np.multiply(self.phase.shape, self.size)


def coarsening(shape: tuple[int, ...], grid: int = GRID) -> int:
    """Return the edge of a cell in voxels, so that no edge of the grid exceeds `grid` cells.

    Examples
    --------
    >>> coarsening((500, 500, 100))
    2
    """
    if grid < 1:
        raise ValueError(f"grid={grid} is no number of cells; give 1 or more")
    return math.ceil(max(shape) / grid)


def cell_edges(shape: tuple[int, ...], factor: int) -> list[np.ndarray]:
    """Return the edges of cells along each axis; the last cell may be thinner."""
    return [np.append(np.arange(0, n, factor), n) for n in shape]


def cells(
    total: Mapping[str, blocks.Patch],
    factor: int,
    shape: tuple[int, ...],
    size: tuple[float, float, float],
) -> Cells:
    """Make cells of the counts of the whole volume."""
    pore = total["phase"].values / np.float32(factor**3)
    if "valid" in total:
        valid = total["valid"].values / np.float32(factor**3)
    else:
        lines = [np.diff(e).astype(np.float32) / factor for e in cell_edges(shape, factor)]
        valid = lines[0][:, None, None] * lines[1][:, None] * lines[2]
    edges = size[0] * factor, size[1] * factor, size[2] * factor
    return Cells(pore.astype(np.float32), valid, edges)
