"""Object storage, asked as a folder is: ``s3://bucket/name.zarr`` in the place of a path.

`at` makes of text a path of this machine or an `ObjectPath`; both have the same methods, so that a
store is read and written by the same code wherever it is.
"""

from poreflux.objects.path import ObjectPath, at, is_remote
from poreflux.objects.transfer import copy_tree, fetch, on_this_machine, zarr_place

__all__ = ["ObjectPath", "at", "copy_tree", "fetch", "is_remote", "on_this_machine", "zarr_place"]
