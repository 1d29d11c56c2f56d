"""Euler number: pieces minus tunnels plus enclosed voids of a phase."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.kernels.configurations import count_configurations
from poreflux.metrics.density.counting import dataset, inputs, select
from poreflux.metrics.pores.clusters import NEIGHBOURS
from poreflux.metrics.surface.seams import Plane, cuts, outer_planes, seams
from poreflux.volume import label_of, require, voxel_size


def euler_number(
    volume: xr.Dataset, *, neighbours: Sequence[int] = NEIGHBOURS, phase: str = "pore"
) -> xr.Dataset:
    """Measure the Euler number of a phase: the lower, the better connected.

    Parameters
    ----------
    volume
        with `phase`, dims (z, y, x); what is outside a `mask` or the volume is another phase.
    neighbours
        which voxels belong together: 6 that share a face, 26 also an edge or a corner.
    phase
        name of the phase.

    Returns
    -------
    lazy Dataset over (neighbours,): `euler_number` and `euler_density` (in a µm³).

    Notes
    -----
    χ = pieces - tunnels + enclosed voids, as vertices - edges + faces - cubes of the voxels (26) or
    of the lattice of their centres (6), both from the counts of the 256 configurations of
    2 x 2 x 2 voxels [1]_.

    References
    ----------
    .. [1] J. Toriwaki, H. Yoshida, Fundamentals of Three-dimensional Digital Image Processing,
       Springer (2009).

    Examples
    --------
    >>> from poreflux import from_array
    >>> ring = np.ones((1, 3, 3)); ring[0, 1, 1] = 0
    >>> volume = from_array(ring.astype(int), phases={1: "ring", 0: "rest"})
    >>> euler_number(volume, phase="ring")["euler_number"].values
    array([0, 0])
    """
    connectivities = tuple(neighbours)
    if not connectivities or any(n not in NEIGHBOURS for n in connectivities):
        raise ValueError(f"neighbours={neighbours!r} is not known; give some of {NEIGHBOURS}")
    shape = require(volume, "phase").shape
    finish = FinishEuler(shape, voxel_size(volume), connectivities)
    n = (len(connectivities),)
    outputs = {"euler_number": (n, int), "euler_density": (n, float)}
    plan = blocks.Plan(MeasureConfigurations(label_of(volume, phase)), _combine, finish, outputs)
    lazy = blocks.reduce(inputs(volume), plan)
    variables = {name: (("neighbours",), array) for name, array in lazy.items()}
    return dataset(
        volume, variables, coords={"neighbours": list(connectivities)}, note={"phase": phase}
    )


@dataclass(frozen=True)
class MeasureConfigurations:
    """Count the configurations inside a block, and keep its outer planes."""

    label: int

    def __call__(
        self, arrays: Mapping[str, np.ndarray], start: tuple[int, ...]
    ) -> tuple[np.ndarray, list[Plane]]:
        chosen, _ = select(arrays, self.label)
        return _counted(chosen, [None] * 3), outer_planes(chosen, start)


@dataclass(frozen=True)
class FinishEuler:
    """Add the configurations that straddle chunks, and take the Euler numbers."""

    shape: tuple[int, ...]
    size: tuple[float, float, float]
    neighbours: tuple[int, ...]

    def __call__(self, total: tuple[np.ndarray, list[Plane]]) -> dict[str, np.ndarray]:
        number = configurations(*total, self.shape)
        eighths = np.array([number @ _EIGHTHS[n] for n in self.neighbours])
        chi = eighths // 8
        return {
            "euler_number": chi,
            "euler_density": chi / np.prod(self.shape) / np.prod(self.size),
        }


def configurations(
    counts: np.ndarray, planes: Sequence[Plane], shape: tuple[int, ...]
) -> np.ndarray:
    """Return the counts of the 256 configurations around all corners of voxels of the volume."""
    total = counts.copy()
    meetings = [cuts(planes, axis, n) for axis, n in enumerate(shape)]
    for axis, _, lower, upper in seams(planes, shape):
        slab = np.pad(np.stack((lower, upper), axis), [(int(a != axis),) * 2 for a in range(3)])
        # corners on seams of earlier axes are counted there
        skips = [meetings[a] if a < axis else None for a in range(3)]
        total += _counted(slab, skips)
    return total


def _counted(voxels: np.ndarray, skips: Sequence[np.ndarray | None]) -> np.ndarray:
    counts = np.zeros(256, np.int64)
    flags = []
    for n, skip in zip(voxels.shape, skips):
        flag = np.zeros(max(n - 1, 0), bool)
        if skip is not None:
            flag[skip] = True
        flags.append(flag)
    count_configurations(np.ascontiguousarray(voxels).view(np.uint8), *flags, counts)
    return counts


def _combine(partials: Sequence[tuple]) -> tuple:
    counts, planes = zip(*partials)
    return sum(counts), [plane for block_planes in planes for plane in block_planes]


def _contributions() -> dict[int, np.ndarray]:
    """Return eight times what each configuration adds to the Euler number."""
    table = {n: np.zeros(256, np.int64) for n in NEIGHBOURS}
    places = list(itertools.product((0, 1), repeat=3))
    for c in range(256):
        cell = np.array([c >> (4 * i + 2 * k + j) & 1 for k, j, i in places]).reshape(2, 2, 2)
        # each voxel, pair, square of four and all eight: a cube, face, edge and corner they share
        for spanned in range(4):
            for axes in itertools.combinations(range(3), spanned):
                table[26][c] -= (-2) ** spanned * _spread(cell, axes, np.any)
                table[6][c] += (-2) ** spanned * _spread(cell, axes, np.all)
    return table


def _spread(cell: np.ndarray, axes: tuple[int, ...], test: Callable) -> int:
    return int(np.count_nonzero(test(cell, axis=axes) if axes else cell))


_EIGHTHS = _contributions()
