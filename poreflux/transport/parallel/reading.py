"""What one process reads of a store: the metadata of a phase, and the cells of its own box.

No dask, no xarray: a thousand processes start as quickly as one.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from poreflux.errors import DamagedStore
from poreflux.objects import at
from poreflux.schema import DIMS, NO_PHASE
from poreflux.store import box
from poreflux.transport.engines.engine import Engine
from poreflux.transport.laplace.problem import conductivities, leave_out, order, relative

#: bytes of labels read at a time
SLAB = 32 * 2**20


@dataclass(frozen=True)
class StoredPhase:
    """The phases of a stored volume, or of a box of it from `origin` on; shape, chunk, spacing and
    origin have the transport first. ``masked`` says whether voxels of it are no sample."""

    path: Path
    direction: str
    shape: tuple[int, int, int]
    chunk: tuple[int, int, int]
    spacing: tuple[float, float, float]
    labels: dict[str, int]
    identity: str
    origin: tuple[int, int, int] = (0, 0, 0)
    masked: bool = False

    @property
    def axes(self) -> list[int]:
        """Return the axes of the store in the order of the cells."""
        return [DIMS.index(dim) for dim in order(self.direction)]


def read_stored_phase(path: str | Path, direction: str) -> StoredPhase:
    """Read the metadata of the phases in a store.

    Raises
    ------
    FileNotFoundError, KeyError, DamagedStore
        where there is no store, no phase in it, or damaged metadata.
    """
    path = at(path).resolve()
    dims = order(direction)
    try:
        _, layout = box.find(path, "phase")
    except KeyError as error:
        raise KeyError(f"{error.args[0]}; segment the volume first") from None
    attributes = box.read_document(path / "zarr.json").get("attributes", {})
    if "voxel_size" not in attributes:
        raise DamagedStore(f"{path} has no 'voxel_size'; it is no volume that poreflux saved")
    axes = [DIMS.index(dim) for dim in dims]
    names = layout.attrs["flag_meanings"].split()
    values = np.atleast_1d(layout.attrs["flag_values"])
    provenance = attributes.get("poreflux", {})
    written = (
        provenance.get("identity", {}).get("phase"),
        provenance.get("metadata", {}).get("phase/zarr.json"),
    )
    identity = json.dumps([written, layout.shape, layout.chunk, attributes["voxel_size"]])
    return StoredPhase(
        path,
        direction,
        _three(layout.shape, axes),
        _three(layout.chunk, axes),
        _three(attributes["voxel_size"], axes),
        {name: int(value) for name, value in zip(names, values)},
        hashlib.sha256(identity.encode()).hexdigest(),
    )


def mask_extent(path: str | Path, field: Path | None) -> np.ndarray:
    """Return whether the mask of a store leaves out voxels of its box, and first and last plane of
    that box along (z, y, x); all zero where there is no mask.

    Raises
    ------
    ValueError
        where the mask selects no voxel, or leaves out planes of a `field` of all.
    """
    extent = np.zeros(7, np.int64)
    try:
        box.find(at(path).resolve(), "mask")
    except KeyError:
        return extent
    from poreflux.store import open as open_store
    from poreflux.volume import box_of_mask, within_mask

    volume = open_store(path)
    inside = within_mask(volume, field)
    planes = {dim: slice(0, n) for dim, n in volume.sizes.items()} | box_of_mask(volume)
    extent[0] = "mask" in inside
    extent[1:] = [end for dim in DIMS for end in (planes[dim].start, planes[dim].stop)]
    return extent


def within_mask(stored_phase: StoredPhase, extent: np.ndarray) -> StoredPhase:
    """Return the phases of the box that has all of the mask, of :func:`mask_extent`."""
    if not extent.any():
        return stored_phase
    ends = extent[1:].reshape(3, 2)[stored_phase.axes]
    a, b, c = (int(high - low) for low, high in ends)
    u, v, w = (int(low) for low, _ in ends)
    return replace(stored_phase, shape=(a, b, c), origin=(u, v, w), masked=bool(extent[0]))


def read_cells(
    stored_phase: StoredPhase,
    conductivity: Mapping[str, float],
    start: int,
    stop: int,
    engine: Engine,
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Read the cells of planes start to stop, how many voxels there are of each label, and which
    are sample (None where all are).

    The cells (axis 0 along the transport) are 1 where one phase conducts, else conductivities
    relative to the largest; those that are no sample are 0, and not counted.
    """
    table = relative(conductivities(stored_phase.labels, conductivity))
    cells = np.empty((stop - start, *stored_phase.shape[1:]), table.dtype)
    counts = np.zeros(256, np.int64)
    sample = np.empty(cells.shape, bool) if stored_phase.masked else None
    first, last = [0, 0, 0], [0, 0, 0]
    for axis, n, origin in zip(stored_phase.axes, stored_phase.shape, stored_phase.origin):
        first[axis], last[axis] = origin, origin + n
    across = stored_phase.axes[0]
    first[across], last[across] = (stored_phase.origin[0] + plane for plane in (start, stop))
    to_store = np.argsort(stored_phase.axes)
    view = cells.transpose(to_store)  # a view with the axes of the store
    rows = box.array_chunks(stored_phase.path, "phase")[0]
    step = rows * max(1, SLAB // (rows * int(np.prod(view.shape[1:]))))
    plane = first[0]
    while plane < last[0]:
        next_plane = min(last[0], (plane // step + 1) * step)
        lower, upper = (plane, *first[1:]), (next_plane, *last[1:])
        labels = box.read_box(stored_phase.path, "phase", lower, upper, threads=engine.threads)
        values = np.empty(labels.shape, table.dtype)
        counts += engine.look_up(labels, table, values)
        planes = slice(plane - first[0], next_plane - first[0])
        if sample is not None:
            inside = box.read_box(stored_phase.path, "mask", lower, upper, threads=engine.threads)
            counts -= leave_out(labels, values, inside)
            sample.transpose(to_store)[planes] = inside
        view[planes] = values
        plane = next_plane
    if counts[NO_PHASE]:
        raise DamagedStore(
            f"{counts[NO_PHASE]} voxels of {stored_phase.path} have no phase (label {NO_PHASE}); "
            "poreflux.verify(store) finds the damaged chunks"
        )
    return cells, counts, sample


def relative_conductivities(
    stored_phase: StoredPhase, conductivity: Mapping[str, float]
) -> np.ndarray:
    """Return the conductivity of each label relative to the largest."""
    table = conductivities(stored_phase.labels, conductivity)
    return table / table.max()


def _three(values: Sequence, axes: list[int]) -> tuple:
    """Return three values in the order of the axes."""
    return tuple(values[axis] for axis in axes)
