"""The part of a store that is solved, where a mask leaves voxels out."""

from typing import TYPE_CHECKING

from poreflux.cli.processes import Solver

if TYPE_CHECKING:
    import xarray as xr


def counted(volume: "xr.Dataset", solver: Solver) -> tuple:
    """Return the smallest box that has all of the mask, and lines that say what the solve took."""
    from poreflux.volume import box_of_mask, voxel_size, within_mask

    box, inside = box_of_mask(volume), within_mask(volume)
    if box and solver.field:
        raise ValueError(
            "--field needs a whole volume, and the mask leaves out planes of it; leave out --field"
        )
    ranges = []
    for dim, h in zip("zyx", voxel_size(volume)):
        if dim in box and box[dim].stop - box[dim].start < volume.sizes[dim]:
            ranges.append(f"{dim} from {box[dim].start * h:.4g} to {box[dim].stop * h:.4g} µm")
    notes = [f"the solve took {', '.join(ranges)}, which the mask counts"] if ranges else []
    if "mask" in inside:
        share = 100 * float(inside["mask"].mean())
        notes.append(f"the solve took what the mask counts, {share:.3g} % of its box")
    return inside, notes


def in_place(maps: "xr.Dataset", volume: "xr.Dataset") -> "xr.Dataset":
    """Return maps of some planes as maps of all, empty where they were not solved for."""
    import numpy as np

    held = [dim for dim in "zyx" if dim in maps.dims]
    short = {dim: volume[dim] for dim in held if maps.sizes[dim] != volume.sizes[dim]}
    if not short:
        return maps
    empty = {name: np.nan if values.dtype.kind == "f" else 0 for name, values in maps.items()}
    return maps.reindex(short, fill_value=empty)
