"""What one process reads of a store: the metadata of a phase, and the cells of its own box.

No dask, no xarray: a thousand processes start as quickly as one.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from poreflux.errors import DamagedStore
from poreflux.schema import DIMS, NO_PHASE
from poreflux.store import box
from poreflux.transport.engines.engine import Engine
from poreflux.transport.laplace.problem import conductivities, order, relative

#: bytes of labels read at a time
SLAB = 32 * 2**20


@dataclass(frozen=True)
class StoredPhase:
    """The phases of a stored volume; shape, chunk and spacing have the transport first."""

    path: Path
    direction: str
    shape: tuple[int, int, int]
    chunk: tuple[int, int, int]
    spacing: tuple[float, float, float]
    labels: dict[str, int]
    identity: str

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
    path = Path(path).resolve()
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


def refuse_mask(path: str | Path) -> None:
    """Raise ``ValueError`` where the mask of a store leaves out voxels: boxes include all."""
    try:
        box.find(Path(path).resolve(), "mask")
    except KeyError:
        return
    from poreflux.store import open as open_store
    from poreflux.volume import box_of_mask

    box_inside = box_of_mask(open_store(path))
    if box_inside:
        selection = ", ".join(f"{dim}=slice({b.start}, {b.stop})" for dim, b in box_inside.items())
        raise ValueError(
            f"the mask of {path} leaves out planes of it, and poreflux.transport.parallel takes "
            f"all; solve in one process, or save poreflux.open({str(path)!r}).isel({selection}) "
            "and solve that"
        )


def read_cells(
    stored_phase: StoredPhase,
    conductivity: Mapping[str, float],
    start: int,
    stop: int,
    engine: Engine,
) -> tuple[np.ndarray, np.ndarray]:
    """Read the cells of planes start to stop, and how many voxels there are of each label.

    The cells (axis 0 along the transport) are 1 where one phase conducts, else conductivities
    relative to the largest.
    """
    table = relative(conductivities(stored_phase.labels, conductivity))
    cells = np.empty((stop - start, *stored_phase.shape[1:]), table.dtype)
    counts = np.zeros(256, np.int64)
    first, last = [0, 0, 0], [0, 0, 0]
    for axis, n in zip(stored_phase.axes, stored_phase.shape):
        last[axis] = n
    first[stored_phase.axes[0]], last[stored_phase.axes[0]] = start, stop
    view = cells.transpose(np.argsort(stored_phase.axes))  # a view with the axes of the store
    rows = box.array_chunks(stored_phase.path, "phase")[0]
    step = rows * max(1, SLAB // (rows * int(np.prod(view.shape[1:]))))
    plane = first[0]
    while plane < last[0]:
        next_plane = min(last[0], (plane // step + 1) * step)
        lower, upper = (plane, *first[1:]), (next_plane, *last[1:])
        labels = box.read_box(stored_phase.path, "phase", lower, upper, threads=engine.threads)
        values = np.empty(labels.shape, table.dtype)
        counts += engine.look_up(labels, table, values)
        view[plane - first[0] : next_plane - first[0]] = values
        plane = next_plane
    if counts[NO_PHASE]:
        raise DamagedStore(
            f"{counts[NO_PHASE]} voxels of {stored_phase.path} have no phase (label {NO_PHASE}); "
            "poreflux.verify(store) finds the damaged chunks"
        )
    return cells, counts


def relative_conductivities(
    stored_phase: StoredPhase, conductivity: Mapping[str, float]
) -> np.ndarray:
    """Return the conductivity of each label relative to the largest."""
    table = conductivities(stored_phase.labels, conductivity)
    return table / table.max()


def _three(values: Sequence, axes: list[int]) -> tuple:
    """Return three values in the order of the axes."""
    return tuple(values[axis] for axis in axes)
