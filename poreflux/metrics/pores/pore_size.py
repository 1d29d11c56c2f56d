"""Pore size: how many pores of each size there are, by one of several definitions of size."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.annotations import BinSpacing, PoreSizeMethod
from poreflux.metrics.density.counting import dataset, inputs
from poreflux.metrics.pores.basins import Pores
from poreflux.metrics.pores.chord_length import chord_length
from poreflux.metrics.pores.clusters import Clusters, by_first_voxel, cluster_plan, volumes
from poreflux.metrics.pores.local_thickness import thickness_sizes
from poreflux.metrics.pores.pore_method import method_for
from poreflux.metrics.pores.pore_table import bounds, equivalent_diameter, on_edge
from poreflux.metrics.pores.size_errors import (
    mean_by_volume_error,
    spread_errors,
    weighted_mean_error,
)
from poreflux.metrics.pores.size_histogram import (
    MODES,
    bin_coordinate,
    counts,
    edge_weights,
    median,
    modes,
    size_bins,
)
from poreflux.metrics.pores.watershed import splitting
from poreflux.volume import require, voxel_size

METHODS = get_args(PoreSizeMethod)

#: voxels below which a pore counts as unresolved: less than 2 x 2 x 2
RESOLVED = 8


def pore_size(
    volume: xr.Dataset,
    *,
    method: PoreSizeMethod = "auto",
    neighbours: int = 26,
    bin_width: float | None = None,
    spacing: BinSpacing = "linear",
    phase: str = "pore",
) -> xr.Dataset:
    """Measure the sizes of pores.

    Parameters
    ----------
    volume
        with `phase`, dims (z, y, x); voxels outside a `mask` belong to no pore.
    method
        ``"auto"``: components, or watershed where one of them holds more than a fifth of the pores;
        decided at once, in a pass of its own, and noted in the attribute `reason`.
        ``"components"``: each connected cluster is a pore, its size the diameter of the sphere of
        its volume. ``"watershed"``: clusters are split at their throats, see
        :func:`poreflux.metrics.pores.watershed.splitting`. ``"thickness"``: the diameter of the
        largest ball at each voxel, see
        :func:`poreflux.metrics.pores.local_thickness.thickness_sizes`.
        ``"chords"``: the length of runs of voxels along each direction, see
        :func:`poreflux.chord_length`. These two have results of their own.
    neighbours
        26 if voxels that share a face, an edge or a corner belong together, 6 if only a face; of
        components.
    bin_width, spacing
        of the histograms, see :func:`poreflux.metrics.pores.size_histogram.size_bins`; in µm.
    phase
        name of the phase that makes the pores.

    Returns
    -------
    Dataset, lazy unless the method is ``"auto"``, with histograms over (diameter,), in µm:
    `pore_number` of all pores, `pore_number_resolved` of those of 8 voxels or more,
    `pore_number_unbiased` (those on the edge left out and the others weighted for it),
    `pore_volume_share`; scalars `pore_count`,
    `pore_count_resolved`, `pore_count_on_edge`, `pore_count_unbiased`, `pore_largest_share` of all
    pore volume; mean, standard deviation and median of the diameter by number and by volume,
    `pore_diameter_mean` and so on, and over (mode,) the two most prominent modes of each, each with
    its error, `pore_diameter_mean_sampling_error` and so on. These are of the unbiased
    numbers: NaN where no pore lies inside.

    Notes
    -----
    A pore that a face cuts would come out too small, and a large one is cut more often than a small
    one. So all moments, also those by volume, leave out pores on the edge and weight the others by
    1 / the share of positions at which they would not be (Miles, Lantuéjoul), see
    :func:`poreflux.metrics.pores.size_histogram.edge_weights`. The error of a mean
    takes pores as independent, see
    :func:`poreflux.metrics.pores.size_errors.weighted_mean_error`; by volume it has what larger
    pores would add that the sample did not meet, see
    :func:`poreflux.metrics.pores.size_errors.mean_by_volume_error`. Those of standard deviation,
    median and modes are from samples drawn anew, see
    :func:`poreflux.metrics.pores.size_errors.spread_errors`.

    Where `pore_largest_share` exceeds 0.2 the pores are a network, and the size of its component is
    not a pore size; ``method="auto"`` then splits it.

    Examples
    --------
    >>> from poreflux.phantoms import random_spheres
    >>> sizes = pore_size(random_spheres(40, 4, [6, 12]))
    >>> sizes["pore_diameter_modes"].values.round(0)
    array([ 6., 12.])
    """
    if method not in METHODS:
        raise ValueError(f"method={method!r} is not known; choose one of {METHODS}")
    bins: dict = {"bin_width": bin_width, "spacing": spacing}
    if method == "chords":
        return chord_length(volume, **bins, phase=phase)
    if method == "thickness":
        return thickness_sizes(volume, **bins, phase=phase)
    if method == "auto":
        return _split_if_network(volume, neighbours, bins, phase)
    edges = size_bins(volume, bin_width, spacing)
    finish = FinishSizes(require(volume, "phase").shape, voxel_size(volume), edges)
    note: dict = {"phase": phase, "method": method}
    if method == "watershed":
        split = splitting(volume, phase)
        plan = split.plan(FinishSplitSizes(finish), size_outputs(len(edges) - 1))
        lazy = blocks.reduce({"packed": split.packed()}, plan)
    else:
        note["neighbours"] = neighbours
        plan = cluster_plan(volume, phase, neighbours, finish, size_outputs(len(edges) - 1))
        lazy = blocks.reduce(inputs(volume), plan)
    return labelled_sizes(volume, lazy, edges, note)


def _split_if_network(volume: xr.Dataset, neighbours: int, bins: dict, phase: str) -> xr.Dataset:
    """Return the sizes of components, or of split pores where one component is too large."""
    components = pore_size(volume, method="components", neighbours=neighbours, **bins, phase=phase)
    (components,) = blocks.compute(components)
    method, reason = method_for(float(components["pore_largest_share"]))
    split = method == "watershed"
    sizes = pore_size(volume, method=method, **bins, phase=phase) if split else components
    variables = {
        name: variable.assign_attrs(reason=reason) for name, variable in sizes.data_vars.items()
    }
    return sizes.assign(variables)


@dataclass(frozen=True)
class FinishSplitSizes:
    """Make histograms and scalars of the split pores of the whole volume."""

    sizes: "FinishSizes"

    def __call__(self, pores: Pores) -> dict[str, np.ndarray]:
        return self.sizes(pores.clusters)


@dataclass(frozen=True)
class FinishSizes:
    """Make histograms and scalars of the clusters of the whole volume."""

    shape: tuple[int, ...]
    size: tuple[float, float, float]
    edges: np.ndarray

    def __call__(self, clusters: Clusters) -> dict[str, np.ndarray]:
        clusters = by_first_voxel(clusters)
        v = volumes(clusters, self.size)
        d, edge = equivalent_diameter(v), on_edge(clusters, self.shape)
        low, high = bounds(clusters, self.shape)
        extents = clusters.high - clusters.low + 1
        weights = np.where(edge, 0.0, edge_weights(extents, high - low + 1))
        resolved = clusters.voxels >= RESOLVED
        return {
            "pore_number": counts(d, self.edges),
            "pore_number_resolved": counts(d[resolved], self.edges),
            "pore_number_unbiased": counts(d, self.edges, weights),
            "pore_volume_share": _share(counts(d, self.edges, v)),
            "pore_count": len(d),
            "pore_count_resolved": np.count_nonzero(resolved),
            "pore_count_on_edge": np.count_nonzero(edge),
            "pore_count_unbiased": weights.sum(),
            "pore_largest_share": v.max() / v.sum() if len(v) else np.nan,
            **_moments("pore_diameter", d, weights, by_volume=False),
            **_moments("pore_diameter_by_volume", d, weights, by_volume=True),
        }


def size_outputs(bins: int) -> dict:
    """Return shape and dtype of each output of :class:`FinishSizes`."""
    histograms = ("pore_number", "pore_number_resolved")
    pore_counts = ("pore_count", "pore_count_resolved", "pore_count_on_edge")
    moments = [
        f"{name}_{statistic}{kind}"
        for name in ("pore_diameter", "pore_diameter_by_volume")
        for statistic in ("mean", "std", "median", "modes")
        for kind in ("", "_sampling_error")
    ]
    return {
        **{name: ((bins,), int) for name in histograms},
        **{name: ((bins,), float) for name in ("pore_number_unbiased", "pore_volume_share")},
        **{name: ((), int) for name in pore_counts},
        **{name: ((), float) for name in ("pore_count_unbiased", "pore_largest_share")},
        **{name: ((MODES,) if "_modes" in name else (), float) for name in moments},
    }


def labelled_sizes(volume: xr.Dataset, lazy: dict, edges: np.ndarray, note: dict) -> xr.Dataset:
    """Return the lazy arrays as a Dataset with dims and coordinates."""
    variables = {}
    for name, array in lazy.items():
        dims = ("mode",) if "_modes" in name else ("diameter",) * array.ndim
        variables[name] = (dims, array)
    return dataset(volume, variables, coords=bin_coordinate(edges), note=note)


def _moments(
    name: str, d: np.ndarray, numbers: np.ndarray, *, by_volume: bool
) -> dict[str, np.ndarray | float]:
    """Return mean, standard deviation, median and modes, each with its error."""
    d, numbers = d[numbers > 0], numbers[numbers > 0]
    weights = numbers * d**3 if by_volume else numbers
    present = len(d) > 0
    mean = np.average(d, weights=weights) if present else np.nan
    variance = np.average((d - mean) ** 2, weights=weights) if present else np.nan
    mean_error = mean_by_volume_error if by_volume else weighted_mean_error
    errors = {"mean": mean_error(d, numbers), **spread_errors(d, numbers, by_volume=by_volume)}
    return {
        f"{name}_mean": mean,
        f"{name}_std": np.sqrt(variance),
        f"{name}_median": median(d, weights),
        f"{name}_modes": modes(d, weights),
        **{f"{name}_{statistic}_sampling_error": error for statistic, error in errors.items()},
    }


def _share(values: np.ndarray) -> np.ndarray:
    total = values.sum()
    return values / total if total else np.full(values.shape, np.nan)
