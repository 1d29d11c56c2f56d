"""What of a store a solve takes, where a mask says which voxels count."""

import numpy as np

from poreflux.cli.processes import Solver


def counted(volume, how: Solver) -> tuple:
    """Return the planes across z that the mask counts, and what to say of it.

    A solve needs a box: of a mask of any other shape it takes the whole volume, and says so.
    """
    if "mask" not in volume:
        return volume, []
    mask = volume["mask"]
    full, any_of_it = mask.all(("y", "x")).values, mask.any(("y", "x")).values
    if full.all():
        return volume, []
    planes = np.flatnonzero(full)
    box = planes.size and np.array_equal(full, any_of_it) and np.ptp(planes) + 1 == planes.size
    if not box or how.solver == "petsc":
        return volume, [
            "the solve took the whole volume, also what the mask leaves out: "
            + ("a solve needs a box, which it is not" if not box else "so does --solver petsc")
        ]
    if how.field:
        raise ValueError(
            "--field needs a whole volume, and the mask leaves out planes of it; leave out --field"
        )
    low, high = int(planes[0]), int(planes[-1]) + 1
    height = float(volume.attrs["voxel_size"][0])
    said = f"z from {low * height:.4g} to {high * height:.4g} µm, which the mask counts"
    return volume.isel(z=slice(low, high)), [f"the solve took {said}"]


def in_place(found, whole):
    """Return maps of some planes as maps of all, empty where they were not solved for."""
    if "z" not in found.dims or found.sizes["z"] == whole.sizes["z"]:
        return found
    empty = {name: np.nan if each.dtype.kind == "f" else 0 for name, each in found.items()}
    return found.reindex(z=whole["z"], fill_value=empty)
