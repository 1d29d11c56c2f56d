"""What is measured of a segmented volume, by name: the usual, and what is asked for beside it."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

#: what is measured by default
USUAL = ("porosity", "profile", "blocks", "structure", "preview")

#: what is measured on request, and its time for a voxel, in units of moving 12 bytes; measured on
#: two cores at 256³ voxels
EXTRA = {
    "pores": 100,
    "thickness": 60,
    "chords": 8,
    "connectivity": 40,
    "surface": 10,
    "correlation": 140,
    "spectrum": 110,
    "arrangement": 90,
    "representative": 5,
    "geodesic_tortuosity": 200,
    "constrictivity": 1200,
}

#: those that are measured at once, not in the pass over the volume, and their bytes a voxel
AT_ONCE = {"thickness": 0, "geodesic_tortuosity": 7, "constrictivity": 14}

#: most bytes of those that are measured in slabs
IN_SLABS = {"geodesic_tortuosity": 2**31, "constrictivity": 2**31}

#: those of the phase that conducts
CONDUCTING = ("geodesic_tortuosity", "constrictivity")


def metrics(volume: "xr.Dataset", names: Iterable[str], options: Mapping) -> list:
    """Return the lazy Datasets of the named metrics.

    The options are phase, directions, blocks, pore_method, bin_width, edges, discretisation
    (whether surface, thickness and chords are measured again on larger voxels), and, where it is
    not plain, the phase that is conducting.
    """
    import poreflux as pf

    names = tuple(names)
    phase, directions = options["phase"], options["directions"]
    conducting = options.get("conducting")
    bins = {"bin_width": options["bin_width"], "phase": phase}
    method = options["pore_method"]
    sizes = [pf.pore_size(volume, method=method, **bins)] if "pores" in names else []
    for found in sizes:  # decided once, for the arrangement too
        method = found["pore_number"].attrs["method"]
    makers = {
        "porosity": lambda: [pf.porosity(volume, phase=phase)],
        "profile": lambda: [
            pf.porosity_profile(volume, direction=d, phase=phase) for d in directions
        ],
        "blocks": lambda: [pf.block_porosity(volume, blocks=options["blocks"], phase=phase)],
        "structure": lambda: [
            pf.structure_factor(volume, direction=d, phase=phase) for d in directions
        ],
        "preview": lambda: [pf.preview(volume, phase=phase)],
        "pores": lambda: sizes,
        "thickness": lambda: [pf.pore_size(volume, method="thickness", **bins)],
        "chords": lambda: [pf.chord_length(volume, **bins)],
        "connectivity": lambda: [
            pf.connectivity(volume, phase=phase),
            pf.euler_number(volume, phase=phase),
        ],
        "surface": lambda: [pf.surface_area(volume, phase=phase)],
        "correlation": lambda: [pf.two_point_correlation(volume, phase=phase)],
        "spectrum": lambda: [pf.spectral_density(volume, phase=phase)],
        "arrangement": lambda: [pf.arrangement(volume, method=method, phase=phase)],
        "representative": lambda: [
            pf.representative_volume(volume, edges=options["edges"], phase=phase)
        ],
        "geodesic_tortuosity": lambda: [
            pf.geodesic_tortuosity(volume, direction=d, phase=conducting) for d in directions
        ],
        "constrictivity": lambda: [
            pf.constrictivity(volume, direction=d, phase=conducting) for d in directions
        ],
    }
    measured = [(name, dataset) for name in names for dataset in makers[name]()]
    again = [
        pf.structure_discretisation(volume, dataset)
        for name, dataset in measured
        if name in ("thickness", "chords", "surface") and options["discretisation"]
    ]
    return [*(dataset for _, dataset in measured), *again]
