"""Connectivity: how much of a phase percolates, how much is isolated, in how many clusters."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.metrics.density.counting import dataset, fraction, inputs
from poreflux.metrics.pores.clusters import NEIGHBOURS, Clusters, cluster_plan
from poreflux.metrics.pores.pore_table import bounds, on_edge
from poreflux.schema import DIMS
from poreflux.volume import require


def connectivity(
    volume: xr.Dataset, *, neighbours: Sequence[int] = NEIGHBOURS, phase: str = "pore"
) -> xr.Dataset:
    """Measure which part of a phase percolates, and which is isolated.

    Parameters
    ----------
    volume
        with `phase`, dims (z, y, x); voxels outside a `mask` belong to no cluster.
    neighbours
        which voxels belong together: 6 that share a face, 26 also an edge or a corner. Both by
        default, since noise can make the difference between a closed and an open porosity.
    phase
        name of the phase.

    Returns
    -------
    lazy Dataset over (neighbours,): `cluster_count`, `largest_cluster_fraction` and
    `isolated_fraction` of the phase, the part in clusters that reach no face; and over
    (neighbours, direction) `percolating_phase_fraction`, the part in clusters that join both faces.
    With a mask its bounds take the place of the volume's faces.

    Notes
    -----
    Random sites percolate from a fraction of 0.3116 on with 6 neighbours, 0.0976 with 26 [1]_:
    percolation of noise is a matter of definition.

    References
    ----------
    .. [1] Ł. Kurzawski, K. Malarz, Rep. Math. Phys. 70, 163 (2012).

    Examples
    --------
    >>> from poreflux.phantoms import columns
    >>> result = connectivity(columns(6, width=1, period=3), phase="electrolyte")
    >>> result["percolating_phase_fraction"].sel(neighbours=6).values.tolist()
    [1.0, 0.0, 0.0]
    """
    connectivities = tuple(neighbours)
    if not connectivities:
        raise ValueError(f"neighbours={neighbours!r} is empty; give some of {NEIGHBOURS}")
    finish = FinishConnectivity(require(volume, "phase").shape)
    results = []
    for n in connectivities:
        lazy = blocks.reduce(inputs(volume), cluster_plan(volume, phase, n, finish, _OUTPUTS))
        variables = {name: (("direction",)[: a.ndim], a) for name, a in lazy.items()}
        fractions = dataset(
            volume, variables, coords={"direction": list(DIMS)}, note={"phase": phase}
        )
        results.append(fractions.expand_dims(neighbours=[n]))
    return xr.concat(results, "neighbours", coords="minimal", compat="override")


_OUTPUTS = {
    "cluster_count": ((), int),
    "largest_cluster_fraction": ((), float),
    "isolated_fraction": ((), float),
    "percolating_phase_fraction": ((3,), float),
}


@dataclass(frozen=True)
class FinishConnectivity:
    """Compute the fractions from the clusters of the whole volume."""

    shape: tuple[int, ...]

    def __call__(self, clusters: Clusters) -> dict[str, np.ndarray | int]:
        low, high = bounds(clusters, self.shape)
        through = (clusters.low <= low) & (clusters.high >= high)
        memberships = np.column_stack((through, ~on_edge(clusters, self.shape)))
        total = clusters.voxels.sum()
        *percolating, isolated = fraction(clusters.voxels @ memberships, total)
        return {
            "cluster_count": len(clusters),
            "largest_cluster_fraction": fraction(clusters.voxels.max(initial=0), total),
            "isolated_fraction": isolated,
            "percolating_phase_fraction": percolating,
        }
