"""A computation on one block becomes a computation on a chunked volume of any size.

A :class:`Plan` is data: *measure* one block, *combine* what was measured, *finish* once.
:func:`reduce` makes of it lazy arrays, :func:`compute` evaluates any number of them together in one
pass over the volume, by threads on this machine or on a dask cluster.
"""

from poreflux.blocks.boxes import block_map, edges
from poreflux.blocks.chunked import chunked, map_blocks, map_with_ghosts
from poreflux.blocks.memory import forecast, free_memory, refuse
from poreflux.blocks.plan import Patch, Plan, add_patches, reduce, run
from poreflux.blocks.run import compute

__all__ = [
    "Patch",
    "Plan",
    "add_patches",
    "block_map",
    "chunked",
    "compute",
    "edges",
    "forecast",
    "free_memory",
    "map_blocks",
    "map_with_ghosts",
    "reduce",
    "refuse",
    "run",
]
