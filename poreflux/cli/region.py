"""The part of a store that is solved, where a mask leaves voxels out."""

from typing import TYPE_CHECKING

from poreflux.cli.processes import Solver

if TYPE_CHECKING:
    import xarray as xr


def counted(volume: "xr.Dataset", solver: Solver) -> tuple:
    """Return the bounding box of the mask, and a line that gives its extent where it is smaller."""
    from poreflux.transport.parallel.reading import refuse_mask
    from poreflux.volume import box_of_mask, voxel_size

    box = box_of_mask(volume)
    if not box:
        return volume, []
    if solver.solver == "petsc":
        refuse_mask(volume.encoding["source"])
    if solver.field:
        raise ValueError(
            "--field needs a whole volume, and the mask leaves out planes of it; leave out --field"
        )
    ranges = []
    for dim, h in zip("zyx", voxel_size(volume)):
        low, high = box[dim].start, box[dim].stop
        if high - low < volume.sizes[dim]:
            ranges.append(f"{dim} from {low * h:.4g} to {high * h:.4g} µm")
    return volume.isel(box), [f"the solve took {', '.join(ranges)}, which the mask counts"]


def in_place(maps: "xr.Dataset", volume: "xr.Dataset") -> "xr.Dataset":
    """Return maps of some planes as maps of all, empty where they were not solved for."""
    import numpy as np

    held = [dim for dim in "zyx" if dim in maps.dims]
    short = {dim: volume[dim] for dim in held if maps.sizes[dim] != volume.sizes[dim]}
    if not short:
        return maps
    empty = {name: np.nan if values.dtype.kind == "f" else 0 for name, values in maps.items()}
    return maps.reindex(short, fill_value=empty)
