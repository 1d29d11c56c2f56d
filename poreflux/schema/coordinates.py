"""Coordinates of Volumes and Results: what labels the dims of the variables."""

from poreflux.schema.variables import DIMS, Variable

COORDINATES: dict[str, Variable] = {
    **{dim: Variable((dim,), "f", "um", f"position along {dim}") for dim in DIMS},
    **{
        f"{part}_{dim}": Variable((f"{part}_{dim}",), "f", "um", f"{words} along {dim}")
        for part, words in (
            ("block", "centre of the block"),
            ("cell", "centre of the cell"),
            ("coarse", "position"),
        )
        for dim in DIMS
    },
    "direction": Variable(("direction",), "U", "", "direction"),
    "component": Variable(("component",), "U", "", "component of the current density"),
    "sample": Variable(("sample",), "U", "", "name of the sample"),
    "geometry": Variable(("geometry",), "U", "", "what conducts: whole or partial voxels"),
    "lag": Variable(("lag",), "f", "um", "lag"),
    "separation": Variable(("separation",), "f", "um", "distance"),
    "wavenumber": Variable(("wavenumber",), "f", "um^-1", "wavenumber"),
    "gray_value": Variable(("gray_value",), "fiu", "1", "grey value"),
    "threshold_method": Variable(("threshold_method",), "U", "", "method of a threshold"),
    "threshold_step": Variable(("threshold_step",), "U", "", "threshold lower, same or higher"),
    "pore": Variable(("pore",), "i", "", "number of a pore"),
    "diameter": Variable(("diameter",), "f", "um", "diameter"),
    "diameter_width": Variable(("diameter",), "f", "um", "width of a bin of diameters"),
    "step": Variable(("step",), "U", "", "step to a neighbour"),
    "neighbours": Variable(("neighbours",), "i", "", "neighbours of a voxel"),
    "edge": Variable(("edge",), "f", "um", "edge of a cube"),
    "cube_edge": Variable(("cube_edge",), "f", "um", "edge of a cube"),
    "accuracy": Variable(("accuracy",), "f", "1", "relative error"),
    "field_edge": Variable(("field",), "f", "1", "edge of a field of view, of the whole"),
    "factor": Variable(("factor",), "i", "", "voxels along an edge that become one"),
    "swept_wagner_length": Variable(
        ("swept_wagner_length",), "f", "um", "Wagner length of the charge transfer at rest"
    ),
}
