"""The walls of a volume, measured: their surface, how blurred they are, and what they enclose."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.metrics.surface.surface_area import surface_area
from poreflux.segmentation.solid_fraction import solid_fraction
from poreflux.uncertainty.walls import Walls, steps_between
from poreflux.volume import from_array, phase_labels, voxel_size


def measured_walls(volume: xr.Dataset, conductivity: Mapping[str, float]) -> Walls:
    """Return the surface of what conducts, its blur, and the radius of what does not.

    Parameters
    ----------
    volume
        with `phase`; where it has `solid_fraction`, or grey values that were segmented into two
        phases, the blur is measured.
    conductivity
        of the phases; what is not named, or has 0, insulates.

    Examples
    --------
    >>> from poreflux.phantoms import spheres
    >>> walls = measured_walls(spheres(24, [(12, 12, 12)], 12.0), {"electrolyte": 1.0})
    >>> round(walls.radius), walls.lost
    (6, 0.0)
    """
    labels = phase_labels(volume)
    conducting = [labels[name] for name, value in conductivity.items() if value > 0]
    member = partial(np.isin, test_elements=conducting)
    array = blocks.map_blocks(member, volume["phase"].data, dtype=bool)
    edges = voxel_size(volume)
    conductor = from_array(array, voxel_size=edges)
    within, voxels = 1, array.size
    if "mask" in volume:
        conductor["mask"] = volume["mask"]
        within = blocks.chunked(volume["mask"].data).rechunk(array.chunks)
        voxels = within.sum()
    sums = {"conducting": (array * within).sum(), "voxels": voxels}
    share = _solid_share(volume)
    if share is not None:
        sums["mixed"] = (share * (1 - share) * within).sum()
    measured, sums = blocks.compute(surface_area(conductor), xr.Dataset(sums))
    surface = float(measured["specific_surface"]) * math.prod(edges) ** (1 / 3)
    if not surface:
        return Walls(0.0, 1.0, 0.0, 0.0)
    total = float(sums["voxels"])
    mixed = float(sums["mixed"]) / total if share is not None else math.nan
    fraction = float(sums["conducting"]) / total
    blur, radius = math.sqrt(math.pi) * mixed / surface, 3 * (1 - fraction) / surface
    return Walls(surface, fraction, blur, radius)


def steps_of_several(volume: xr.Dataset, conductivity: Mapping[str, float]) -> float:
    """Return the share of tau that steps between several conductors may add; 0 of a single one.

    Examples
    --------
    >>> from poreflux.phantoms import spheres
    >>> volume = spheres(24, [(12, 12, 12)], 12.0)
    >>> 0 < steps_of_several(volume, {"electrolyte": 1.0, "pore": 0.1}) < 0.01
    True
    """
    best = max(conductivity.values())
    names = [name for name, value in conductivity.items() if value == best]
    others = [value for name, value in conductivity.items() if name not in names]
    unnamed = set(phase_labels(volume)) - set(conductivity)
    worst = min([*others, *(0.0 for _ in unnamed)], default=best)
    walls = measured_walls(volume, dict.fromkeys(names, 1.0))
    return steps_between(walls.surface, worst / best)


def _solid_share(volume: xr.Dataset) -> Any:
    """Return the solid fractions of a volume, lazy, if it has them or grey values that tell."""
    if "solid_fraction" in volume:
        return blocks.chunked(volume["solid_fraction"].data)
    record = volume["phase"].attrs.get("segmentation", {})
    two = set(phase_labels(volume)) >= {"pore"} and len(phase_labels(volume)) == 2
    if two and "gray" in volume and "sensitivity" in record:
        return solid_fraction(volume)["solid_fraction"].data
    return None
