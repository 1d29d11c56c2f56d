"""How pores are told apart where it is not said: as components, or split at their throats."""

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.annotations import PoreMethod, Progress
from poreflux.blocks import Scheduler
from poreflux.metrics.density.counting import inputs
from poreflux.metrics.pores.clusters import Clusters, cluster_plan
from poreflux.schema.microstructure import NETWORK_SHARE


def chosen_method(
    volume: xr.Dataset,
    neighbours: int = 26,
    phase: str = "pore",
    *,
    progress: Progress | None = None,
    scheduler: Scheduler = None,
) -> tuple[PoreMethod, str]:
    """Return how pores are told apart by ``method="auto"``, and why; decided at once.

    Examples
    --------
    >>> from poreflux.phantoms import random_spheres
    >>> method, reason = chosen_method(random_spheres(40, 8, 6))
    >>> method, reason[:51]
    ('components', 'the largest component holds 13% of the pore volume,')
    """
    plan = cluster_plan(volume, phase, neighbours, _largest_share, {"largest": ((), float)})
    lazy = blocks.reduce(inputs(volume), plan)
    (found,) = blocks.compute(
        xr.Dataset({"largest": ((), lazy["largest"])}), progress=progress, scheduler=scheduler
    )
    return method_for(float(found["largest"]))


def method_for(largest: float) -> tuple[PoreMethod, str]:
    """Return the method for pores of which the largest holds this share, and why.

    Examples
    --------
    >>> method_for(0.9)[0], method_for(0.1)[0], method_for(float("nan"))
    ('watershed', 'components', ('components', 'there are no pores'))
    """
    if not largest > 0:
        return "components", "there are no pores"
    network = largest > NETWORK_SHARE
    done = "so pores are split at their throats" if network else "so components are the pores"
    method: PoreMethod = "watershed" if network else "components"
    return method, f"the largest component holds {largest:.0%} of the pore volume, {done}"


def _largest_share(clusters: Clusters) -> dict[str, float]:
    total = clusters.voxels.sum()
    return {"largest": float(clusters.voxels.max() / total) if total else np.nan}
