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
