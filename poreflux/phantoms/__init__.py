"""Volumes with known answers, and generators of pressed electrolytes."""

from poreflux.phantoms.arrangements import (
    arranged_spheres,
    random_sites,
    random_spheres,
    spheres,
)
from poreflux.phantoms.exact import (
    checkerboard,
    columns,
    cubes,
    cylinders,
    dead_end,
    layers,
    one_missing_voxel,
    slanted_strip,
    uniform,
)
from poreflux.phantoms.lattices import sphere_lattice

__all__ = [
    "arranged_spheres",
    "checkerboard",
    "columns",
    "cubes",
    "cylinders",
    "dead_end",
    "layers",
    "one_missing_voxel",
    "random_sites",
    "random_spheres",
    "slanted_strip",
    "sphere_lattice",
    "spheres",
    "uniform",
]
