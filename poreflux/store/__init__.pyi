"""The public names, and where each lives."""

from .saving import save, add
from .opening import open, open_levels
from .verifying import verify, Damage
from .repairing import repair
from .box import read_box, write_box, array_chunks, shape_of, names
from .field import new_fields, fields_folder, check_fields

__all__ = [
    "save",
    "add",
    "open",
    "open_levels",
    "verify",
    "repair",
    "Damage",
    "read_box",
    "write_box",
    "new_fields",
    "fields_folder",
    "check_fields",
    "array_chunks",
    "shape_of",
    "names",
]
