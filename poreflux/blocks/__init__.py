"""A computation on one block becomes a computation on a chunked volume of any size.

A :class:`Plan` is data: *measure* one block, *combine* the partials, *finish* once.
:func:`reduce` makes of it lazy arrays, :func:`compute` evaluates any number of them together in one
pass over the volume, by threads on this machine or on a dask cluster.
"""

from poreflux.blocks.boxes import block_map, cuts, edges, map_windows
from poreflux.blocks.chunked import (
    chunked,
    map_blocks,
    map_blocks_at,
    map_with_ghosts,
    map_with_ghosts_at,
)
from poreflux.blocks.cluster import running_on
from poreflux.blocks.faces import Faces, first_voxels, join_faces, open_faces, united
from poreflux.blocks.memory import forecast, refuse
from poreflux.blocks.plan import Patch, Plan, add_patches, reduce, run
from poreflux.blocks.run import Scheduler, compute
from poreflux.blocks.tasks import Shared

__all__ = [
    "Faces",
    "Patch",
    "Plan",
    "Scheduler",
    "Shared",
    "add_patches",
    "block_map",
    "chunked",
    "compute",
    "cuts",
    "edges",
    "first_voxels",
    "forecast",
    "join_faces",
    "map_blocks",
    "map_blocks_at",
    "map_windows",
    "map_with_ghosts",
    "map_with_ghosts_at",
    "open_faces",
    "reduce",
    "refuse",
    "run",
    "running_on",
    "united",
]
