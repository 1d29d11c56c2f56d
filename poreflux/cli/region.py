"""What of a store a solve takes, where a mask says which voxels count."""

from typing import TYPE_CHECKING

from poreflux.cli.processes import Solver

if TYPE_CHECKING:
    import xarray as xr


def counted(volume: "xr.Dataset", how: Solver) -> tuple:
    """Return the box that the mask counts, and what to say of it."""
    from poreflux.transport.parallel.reading import refuse_mask
    from poreflux.volume import box_of_mask, voxel_size

    box = box_of_mask(volume)
    if not box:
        return volume, []
    if how.solver == "petsc":
        refuse_mask(volume.encoding["source"])
    if how.field:
        raise ValueError(
            "--field needs a whole volume, and the mask leaves out planes of it; leave out --field"
        )
    parts = []
    for dim, h in zip("zyx", voxel_size(volume)):
        low, high = box[dim].start, box[dim].stop
        if high - low < volume.sizes[dim]:
            parts.append(f"{dim} from {low * h:.4g} to {high * h:.4g} µm")
    return volume.isel(box), [f"the solve took {', '.join(parts)}, which the mask counts"]


def in_place(found: "xr.Dataset", whole: "xr.Dataset") -> "xr.Dataset":
    """Return maps of some planes as maps of all, empty where they were not solved for."""
    import numpy as np

    held = [dim for dim in "zyx" if dim in found.dims]
    short = {dim: whole[dim] for dim in held if found.sizes[dim] != whole.sizes[dim]}
    if not short:
        return found
    empty = {name: np.nan if each.dtype.kind == "f" else 0 for name, each in found.items()}
    return found.reindex(short, fill_value=empty)
