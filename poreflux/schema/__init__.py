"""Every variable that poreflux writes: name, dims, kind of number, units, meaning.

A name appears here once; functions that make a variable take its attributes from here, so that the
same quantity has the same units and label in a store, a table and a figure.
"""

from poreflux.schema.coordinates import COORDINATES
from poreflux.schema.current import MESH_DEPENDENT
from poreflux.schema.directions import along_each, directions_of
from poreflux.schema.phases import conductor_of
from poreflux.schema.registry import VARIABLES, attributes, check, variable
from poreflux.schema.renamed import RENAMED, current_name, with_new_names, without_old_names
from poreflux.schema.variables import ACROSS, DIMS, NO_PHASE, Direction, Variable, name_of

__all__ = [
    "ACROSS",
    "COORDINATES",
    "DIMS",
    "MESH_DEPENDENT",
    "NO_PHASE",
    "RENAMED",
    "VARIABLES",
    "Direction",
    "Variable",
    "along_each",
    "attributes",
    "check",
    "conductor_of",
    "current_name",
    "directions_of",
    "name_of",
    "variable",
    "with_new_names",
    "without_old_names",
]
