"""The potential and the current density of a solved electrode as fields in Zarr."""

import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from poreflux.schema import attributes
from poreflux.transport import field_output
from poreflux.transport.electrode.conditions import Conditions
from poreflux.transport.electrode.planes import field_slabs
from poreflux.transport.electrode.voxels import ElectrodeModel
from poreflux.transport.laplace.problem import Medium

POTENTIAL, CURRENT = "cell_potential", "cell_current_density"


def described(
    operating: Conditions, conductivity: Mapping[str, float], contact: np.ndarray
) -> dict[str, dict]:
    """Return the names of the fields, in the order of their slabs, with their attributes: what they
    are, and of which solve.
    """
    checksum = zlib.crc32(np.ascontiguousarray(contact, bool).tobytes())
    solve = {
        "conductivity": dict(conductivity),
        "contact_crc32": checksum,
        **operating.attributes(),
    }
    return {name: {**attributes(name), **solve} for name in (CURRENT, POTENTIAL)}


def write(
    model: ElectrodeModel, medium: Medium, fields: Mapping[str, Mapping], target: str | Path
) -> None:
    """Write `cell_potential` in V and `cell_current_density` in mA/cm², else NaN."""
    direction = fields[POTENTIAL]["direction"]
    plane = int(np.prod(model.problem.shape[1:]))
    field_values = field_slabs(
        model, medium.spacing, medium.reference, field_output.planes_at_a_time(plane)
    )
    with field_output.making(target, fields, direction) as folder:
        field_output.write(folder, list(fields), direction, field_values)
