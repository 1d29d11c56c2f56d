"""Representative volume: how large a sub-volume, or how many, stand for the whole."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.annotations import Placement
from poreflux.metrics.density.counting import dataset, fraction, inputs, into_blocks, select
from poreflux.metrics.representative.cubes import FIELDS, BoxSums, Cubes, evenly, in_voxels
from poreflux.metrics.representative.larger_voxels import FACTORS, aligned, extrapolated, majorities
from poreflux.metrics.representative.variance_decay import (
    RELATIVE_ERRORS,
    counts_needed,
    edges_needed,
    error_coordinates,
    fit_decay,
    size_statistics,
    with_common_part,
)
from poreflux.statistics.mean_error import MeanError, mean_error
from poreflux.volume import label_of, require, voxel_size

PLACEMENTS = get_args(Placement)


def representative_volume(
    volume: xr.Dataset,
    *,
    edges: Sequence[float] | None = None,
    placement: Placement = "tiled",
    phase: str = "pore",
) -> xr.Dataset:
    """Measure how the porosity of cubes varies with their size.

    Parameters
    ----------
    volume
        with `phase`, dims (z, y, x); voxels outside a `mask` do not count, nor cubes that are
        outside it by more than half.
    edges
        of the cubes in µm; by default from a twelfth to half of the shortest edge of the volume.
    placement
        ``"tiled"`` side by side, or ``"overlapping"`` by half, which gives more large cubes
        in a small volume; intervals count only those that do not overlap.
    phase
        name of the phase.

    Returns
    -------
    lazy Dataset over (edge,) in µm: `representative_mean`, `representative_std`,
    `representative_ci95` (half width of the 95 % interval of the mean) and `representative_count`
    of cubes; over (edge, accuracy) `representative_number` of such cubes, far apart, that give the
    mean to 1, 5 and 10 %; over (accuracy,) `representative_edge` of one cube that does, with
    `representative_edge_sampling_error`, infinite where it would be larger than the volume;
    `variance_exponent` α and `variance_exponent_error` of the decay, which is that of the largest
    cubes where one power does not fit all; `variance_integral_range` A (µm³) and
    `variance_integral_range_sampling_error`; over (field,)
    `field_porosity` of concentric boxes with `field_edge` relative to the volume's; and over
    (factor,) `coarse_porosity` of the volume with voxels made larger by majority, with
    `extrapolated_porosity` for voxels of size zero.

    Notes
    -----
    σ² ~ V^-α, α = 1 where cubes are independent [1]_; then σ² = p (1 - p) A / V. Cubes of one
    volume are alike, the more the larger they are: the variance of their mean is added to theirs.
    It, A and the edge follow from the long waves of the porosity, see
    :func:`poreflux.statistics.mean_error.mean_error`. An interval is ± 2 σ. Sizes of cubes are
    rounded to whole voxels. The porosity with larger voxels is taken to be linear in their size.

    References
    ----------
    .. [1] T. Kanit et al., Int. J. Solids Struct. 40, 3647 (2003).

    Examples
    --------
    >>> from poreflux.phantoms import random_sites
    >>> results = representative_volume(random_sites(96, 0.2), edges=[6, 8, 12, 16])
    >>> round(float(results["variance_exponent"]), 1)
    1.0
    """
    if placement not in PLACEMENTS:
        raise ValueError(f"placement={placement!r} is not known; choose one of {PLACEMENTS}")
    shape, size = require(volume, "phase").shape, voxel_size(volume)
    cubes = Cubes(shape, in_voxels(edges, shape, size), placement)
    finish = FinishCubes(cubes, size)
    plan = blocks.Plan(
        MeasureCubes(label_of(volume, phase), cubes), _combine, finish, _outputs(len(cubes.sizes))
    )
    arrays = {name: aligned(array) for name, array in inputs(volume).items()}
    lazy = blocks.reduce(arrays, plan)
    variables = {name: (_DIMS[name], array) for name, array in lazy.items()}
    note = {"phase": phase, "placement": placement}
    return dataset(volume, variables, coords=_coordinates(cubes, size), note=note)


_DIMS = {
    **{f"representative_{name}": ("edge",) for name in ("mean", "std", "ci95", "count")},
    "representative_number": ("edge", "accuracy"),
    "representative_edge": ("accuracy",),
    "representative_edge_sampling_error": ("accuracy",),
    "variance_exponent": (),
    "variance_exponent_error": (),
    "variance_integral_range": (),
    "variance_integral_range_sampling_error": (),
    "field_porosity": ("field",),
    "coarse_porosity": ("factor",),
    "extrapolated_porosity": (),
}


#: what is told of the cubes of one size
_SHOWN = ("mean", "std", "ci95", "count")

#: cells along an edge in which long waves are seen
_CELLS = 24


@dataclass(frozen=True)
class MeasureCubes:
    """Count the voxels between the cuts of all cubes, and the porosity with larger voxels."""

    label: int
    cubes: Cubes

    def __call__(
        self, arrays: Mapping[str, np.ndarray], start: tuple[int, ...]
    ) -> tuple[dict[str, blocks.Patch], np.ndarray]:
        chosen, mask = select(arrays, self.label)
        cuts = self.cubes.cuts
        number = {"phase": into_blocks(chosen, start, cuts=cuts)}
        if mask is not None:
            number["valid"] = into_blocks(mask, start, cuts=cuts)
        return number, majorities(chosen, mask)


@dataclass(frozen=True)
class FinishCubes:
    """Compute the statistics of cubes from the counts of the whole volume."""

    cubes: Cubes
    size: tuple[float, float, float]

    def __call__(self, total: tuple) -> dict:
        number, coarse = total
        cuts = self.cubes.cuts
        pore = BoxSums(number["phase"].values, cuts)
        valid = BoxSums(number["valid"].values, cuts) if "valid" in number else BoxSums(None, cuts)
        volume = (0, 0, 0), self.cubes.shape
        p = float(fraction(pore.box(*volume), valid.box(*volume)))
        error = self._mean_error(p, pore, valid)
        statistics = [self._statistics(size, pore, valid, error) for size in self.cubes.sizes]
        volumes = [math.prod(np.multiply(size, self.size)) for size in self.cubes.sizes]
        fit = fit_decay(volumes, statistics)
        edge, edge_error = edges_needed(p, error, volume=math.prod(self._lengths))
        shown = [{name: e[name] for name in _SHOWN} for e in statistics]
        fields = [fraction(pore.box(*box), valid.box(*box)) for box in self.cubes.fields]
        porosity = fraction(coarse[0], coarse[1])
        integral_range = error.variance_volume / (p * (1 - p)) if 0 < p < 1 else math.nan
        return {
            **{f"representative_{name}": [e[name] for e in shown] for name in _SHOWN},
            "representative_number": [counts_needed(e["mean"], e["spread"]) for e in statistics],
            "representative_edge": edge,
            "representative_edge_sampling_error": edge_error,
            "variance_exponent": fit["exponent"],
            "variance_exponent_error": fit["exponent_error"],
            "variance_integral_range": integral_range,
            "variance_integral_range_sampling_error": integral_range * error.spread,
            "field_porosity": fields,
            "coarse_porosity": porosity,
            "extrapolated_porosity": extrapolated(porosity),
        }

    @property
    def _lengths(self) -> np.ndarray:
        return np.multiply(self.cubes.shape, self.size)

    def _mean_error(self, p: float, pore: "BoxSums", valid: "BoxSums") -> MeanError:
        """Return the error of the porosity of the whole volume; nothing is known of one phase."""
        cuts = [evenly(cut, _CELLS if 0 < p < 1 else 1) for cut in self.cubes.cuts]
        voxel = math.prod(self.size)
        edges = [cut * h for cut, h in zip(cuts, self.size)]
        return mean_error(pore.cells(cuts) * voxel, valid.cells(cuts) * voxel, edges)

    def _statistics(
        self, size: Sequence[int], pore: "BoxSums", valid: "BoxSums", error: MeanError
    ) -> dict[str, float]:
        starts = self.cubes.starts(size)
        pore_voxels, valid_voxels = pore.boxes(starts, size), valid.boxes(starts, size)
        porosity = fraction(pore_voxels, valid_voxels)
        counted = 2 * valid_voxels >= math.prod(size)
        values = np.where(counted, porosity, np.nan)
        independent = min(int(counted.sum()), self.cubes.independent(size))
        covered = independent * math.prod(np.multiply(size, self.size))
        return with_common_part(size_statistics(values.ravel()), error, covered)


def _combine(partials: Sequence[tuple]) -> tuple:
    counts, coarse = zip(*partials)
    return blocks.add_patches(counts), sum(coarse)


def _outputs(number: int) -> dict:
    lengths = {
        "edge": number,
        "accuracy": len(RELATIVE_ERRORS),
        "field": FIELDS,
        "factor": len(FACTORS),
    }
    kinds = {"representative_count": int}
    return {
        name: (tuple(lengths[dim] for dim in dims), kinds.get(name, float))
        for name, dims in _DIMS.items()
    }


def _coordinates(cubes: Cubes, size: Sequence[float]) -> dict:
    edges = [math.prod(np.multiply(cube, size)) ** (1 / 3) for cube in cubes.sizes]
    return {
        **error_coordinates(edges),
        "field_edge": ("field", np.arange(1, FIELDS + 1) / FIELDS, {"units": "1"}),
        "factor": list(FACTORS),
    }
