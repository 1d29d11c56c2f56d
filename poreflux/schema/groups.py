"""Which variables belong together, and in which order they stand."""

from collections.abc import Iterable

from poreflux.schema.current import CURRENT
from poreflux.schema.microstructure import DENSITY, SHAPE
from poreflux.schema.tortuosity import TORTUOSITY
from poreflux.schema.variables import ERROR_ENDS
from poreflux.schema.volume import SEGMENTATION, VOLUME

#: group -> how the names of its variables begin; of several the longest beginning decides
_BEGINNINGS = {
    "porosity": ("porosity", "pore_voxels", "voxels", "block_porosity"),
    "structure_factor": ("structure_factor", "integral_length", "autocorrelation"),
    "pores": ("pore_",),
    "thickness": ("local_thickness",),
    "chords": ("chord_",),
    "surface": ("specific_surface", "surface_"),
    "connectivity": (
        "cluster_count",
        "largest_cluster",
        "isolated_fraction",
        "percolating_phase",
        "euler_",
    ),
    "correlation": ("spectral_density", "two_point_"),
    "arrangement": (
        "spectral_density_zero",
        "integral_range",
        "hyperuniformity_index",
        "clustering_ratio",
        "dominant_wavelength",
        "clark_evans_ratio",
        "bragg_",
        "block_moran",
        "column_ratio",
        "point_count",
    ),
    "paths": ("geodesic_", "constrictivity", "bottleneck_radius", "bulge_radius"),
    "representative": (
        "representative_",
        "variance_",
        "field_porosity",
        "coarse_porosity",
        "extrapolated_porosity",
    ),
}

#: tables of the registry whose variables are a group of their own
_TABLES = {"pictures": VOLUME, "segmentation": SEGMENTATION, "tortuosity": TORTUOSITY,
           "current": CURRENT}  # fmt: skip

#: in the order in which results list them
GROUPS = (
    "porosity",
    "segmentation",
    "structure_factor",
    "pores",
    "thickness",
    "chords",
    "surface",
    "connectivity",
    "correlation",
    "arrangement",
    "paths",
    "representative",
    "tortuosity",
    "current",
    "pictures",
    "other",
)


def group_of(name: str) -> str:
    """Return the group of a variable; ``"other"`` of one that is not in the registry.

    Examples
    --------
    >>> group_of("spectral_density"), group_of("spectral_density_zero"), group_of("my_number")
    ('correlation', 'arrangement', 'other')
    """
    for group, table in _TABLES.items():
        if name in table:
            return group
    if name not in DENSITY and name not in SHAPE:
        return "other"
    begun = [
        (len(beginning), group)
        for group, beginnings in _BEGINNINGS.items()
        for beginning in beginnings
        if name.startswith(beginning)
    ]
    return max(begun)[1] if begun else "other"


def quantity_of(name: str) -> str:
    """Return the quantity that a variable is an error of, or the variable.

    Examples
    --------
    >>> quantity_of("porosity_sampling_error"), quantity_of("porosity")
    ('porosity', 'porosity')
    """
    for end in ERROR_ENDS:
        if name.endswith(f"_{end}"):
            return name.removesuffix(f"_{end}")
    return name


def in_order(names: Iterable[str]) -> list[str]:
    """Return names of variables by group, as the registry lists them, errors behind their quantity.

    Examples
    --------
    >>> in_order(["tortuosity_factor", "porosity_sampling_error", "voxels", "porosity"])
    ['porosity', 'porosity_sampling_error', 'voxels', 'tortuosity_factor']
    """
    from poreflux.schema.registry import VARIABLES

    listed = {name: place for place, name in enumerate(VARIABLES)}

    def place(name: str) -> tuple:
        quantity = quantity_of(name)
        group = group_of(name if name in listed else quantity)
        of_quantity = listed.get(quantity, listed.get(name, len(listed)))
        return GROUPS.index(group), of_quantity, quantity != name, listed.get(name, 0), name

    return sorted(names, key=place)
