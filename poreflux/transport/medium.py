"""The cells of a problem read from a Volume: conductivities, axis 0 along the transport."""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr

from poreflux import store
from poreflux.errors import DamagedStore
from poreflux.objects import at
from poreflux.schema import DIMS, NO_PHASE
from poreflux.store.opening import token
from poreflux.transport.engines.engine import Engine
from poreflux.transport.laplace.problem import (
    Medium,
    conductivities,
    conductors,
    leave_out,
    order,
    relative,
)
from poreflux.volume import phase_labels, require, voxel_size

#: bytes read at a time
SLAB = 64 * 2**20


def conductors_of(
    volume: xr.Dataset, conductivity: float | Mapping[str, float] | None
) -> dict[str, float]:
    """Return the conductivity of each phase of a Volume that conducts, by name."""
    return conductors(phase_labels(volume), conductivity)


def conductivity_table(volume: xr.Dataset, conductivity: Mapping[str, float]) -> np.ndarray:
    """Return the conductivity of each of the 256 labels of a Volume."""
    return conductivities(phase_labels(volume), conductivity)


def read_medium(
    volume: xr.Dataset, direction: str, conductivity: Mapping[str, float], engine: Engine
) -> tuple[np.ndarray, Medium]:
    """Read the cells of a whole Volume, a slab at a time; outside of a `mask` nothing conducts, and
    nothing counts.

    Returns
    -------
    cells (axis 0 along the transport): uint8, 1 where the one phase conducts, or float64
    conductivities relative to the largest; and their properties.

    Raises
    ------
    DamagedStore
        where a voxel has no phase.
    """
    dims = order(direction)
    table = conductivity_table(volume, conductivity)
    reference = float(table.max())
    table = relative(table)
    phase = require(volume, "phase")
    cells = np.empty([phase.sizes[dim] for dim in dims], table.dtype)
    counts = np.zeros(256, np.int64)
    to_order = [DIMS.index(dim) for dim in dims]
    sample = sample_of(volume, direction, engine)
    for start, slab in slabs(volume, "phase", engine):
        planes = slice(start, start + slab.shape[0])
        view = cells.transpose(np.argsort(to_order))[planes]
        counts += engine.look_up(slab, table, view)
        if sample is not None:
            counts -= leave_out(slab, view, sample.transpose(np.argsort(to_order))[planes])
    if counts[NO_PHASE]:
        raise DamagedStore(
            f"{counts[NO_PHASE]} voxels have no phase (label {NO_PHASE}); "
            "poreflux.verify(store) finds the damaged chunks"
        )
    total = counts.sum()
    medium = Medium(
        ordered_spacing(volume, dims),
        reference,
        float(counts @ table / total),
        float(counts[table > 0].sum() / total),
        sample=sample,
    )
    return cells, medium


def sample_of(volume: xr.Dataset, direction: str, engine: Engine) -> np.ndarray | None:
    """Return which voxels of a Volume are sample, axis 0 along the transport; None if all are."""
    if "mask" not in volume:
        return None
    axes = [DIMS.index(dim) for dim in order(direction)]
    sample = np.empty([volume.sizes[DIMS[axis]] for axis in axes], bool)
    for start, slab in slabs(volume, "mask", engine):
        sample.transpose(np.argsort(axes))[start : start + slab.shape[0]] = slab
    return None if sample.all() else sample


def read_partial(
    volume: xr.Dataset, direction: str, conductivity: Mapping[str, float], engine: Engine
) -> tuple[np.ndarray, Medium]:
    """Read the solid fractions of a Volume as conductivities of its one conducting phase; return as
    :func:`read_medium`.
    """
    conductivity_table(volume, conductivity)
    if len([value for value in conductivity.values() if value > 0]) != 1:
        raise ValueError(
            f"conductivity={dict(conductivity)} names several conductors; partial voxels take one"
        )
    dims = order(direction)
    fraction = require(volume, "solid_fraction").transpose(*dims)
    cells = np.ascontiguousarray(fraction.values, dtype=np.float64)
    sample = sample_of(volume, direction, engine)
    if sample is not None:
        cells[~sample] = 0.0
    if not (cells.min() >= 0 and cells.max() <= 1):
        raise ValueError(
            f"solid_fraction runs from {cells.min()} to {cells.max()}; it must lie in 0 to 1"
        )
    share = float(cells.mean() if sample is None else cells[sample].mean())
    medium = Medium(
        ordered_spacing(volume, dims),
        max(conductivity.values()),
        share,
        share,
        arithmetic=True,
        sample=sample,
    )
    return cells, medium


def ordered_spacing(volume: xr.Dataset, dims: tuple[str, ...]) -> tuple[float, float, float]:
    """Return the voxel edges in the order of `dims`."""
    spacing: dict[str, float] = dict(zip(DIMS, voxel_size(volume)))
    a, b, c = (spacing[dim] for dim in dims)
    return a, b, c


def slabs(volume: xr.Dataset, name: str, engine: Engine) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (first plane, values) of a variable, whole planes along z; straight from the store
    where there is one.
    """
    variable = volume[name]
    nz, ny, nx = variable.shape
    if isinstance(variable.data, np.ndarray):
        yield 0, variable.data
        return
    path = volume.encoding.get("source")
    stored = path if path is not None and unchanged_since_stored(variable, path) else None
    chunk = max(variable.data.chunks[0])
    step = max(1, SLAB // (chunk * ny * nx * variable.dtype.itemsize)) * chunk
    for a in range(0, nz, step):
        b = min(nz, a + step)
        if stored is not None:
            slab = store.read_box(stored, name, (a, 0, 0), (b, ny, nx), threads=engine.threads)
        else:
            slab = variable.isel(z=slice(a, b)).values
        yield a, slab


def unchanged_since_stored(variable: xr.DataArray, path: str) -> bool:
    """Return whether a lazy variable is what the store at `path` holds, neither cropped nor changed
    since.
    """
    try:
        return variable.data.name == token(at(path), str(variable.name))
    except (OSError, KeyError):
        return False
