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
from poreflux.phantoms.fields import GaussianField
from poreflux.phantoms.generate import generate
from poreflux.phantoms.gray import Tomograph, measure_gray
from poreflux.phantoms.lattices import sphere_lattice
from poreflux.phantoms.level_sets import LevelSetPores, with_exact_porosity
from poreflux.phantoms.modulation import Modulation
from poreflux.phantoms.oblate import OblatePores, with_expected_porosity
from poreflux.phantoms.presets import (
    fine_100,
    fine_300,
    fine_500,
    regular_100,
    regular_300,
    regular_500,
    synthetic_twin,
)

__all__ = [
    "GaussianField",
    "LevelSetPores",
    "Modulation",
    "OblatePores",
    "Tomograph",
    "arranged_spheres",
    "checkerboard",
    "columns",
    "cubes",
    "cylinders",
    "dead_end",
    "fine_100",
    "fine_300",
    "fine_500",
    "generate",
    "layers",
    "measure_gray",
    "one_missing_voxel",
    "random_sites",
    "random_spheres",
    "regular_100",
    "regular_300",
    "regular_500",
    "slanted_strip",
    "sphere_lattice",
    "spheres",
    "synthetic_twin",
    "uniform",
    "with_exact_porosity",
    "with_expected_porosity",
]


def __dir__() -> list[str]:
    return [*__all__]
