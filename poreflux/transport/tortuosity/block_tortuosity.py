"""The tortuosity factor of sub-volumes, each solved separately, several at a time."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from poreflux import blocks as blocked
from poreflux.annotations import EngineName, ShownProgress, Sides
from poreflux.errors import DamagedStore
from poreflux.machine import available_cores
from poreflux.objects import at
from poreflux.progress import shows_progress
from poreflux.schema import DIMS, NO_PHASE, attributes, directions_of
from poreflux.store import disk
from poreflux.transport.engines.choosing import engine_of
from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.percolation import percolate
from poreflux.transport.laplace.problem import Medium, check_options, one_conductor, order, relative
from poreflux.transport.medium import conductivity_table, conductors_of
from poreflux.transport.tortuosity import device_memory
from poreflux.transport.tortuosity.block_means import cells_of_blocks, in_cells, sampled, summed
from poreflux.transport.tortuosity.effective_conductivity import forecast, solve
from poreflux.volume import refuse_shape, require, voxel_size, within_mask

NAMES = (
    "block_tortuosity_factor",
    "block_effective_conductivity",
    "block_percolating_fraction",
    "block_conducting_fraction",
    "block_tortuosity_factor_solver_error",
    "block_effective_conductivity_solver_error",
)
SAMPLE_FRACTION = "block_sample_fraction"

#: in the cells of a sub-volume: what conducts, and how much of it is sample
_CONDUCTING, _SAMPLE = "conducting in cells", "sample in cells"


@shows_progress("tortuosity of blocks")
def block_tortuosity(
    volume: xr.Dataset,
    *,
    blocks: Sequence[int] = (4, 4, 4),
    direction: str | Sequence[str] = "z",
    conductivity: Mapping[str, float] | None = None,
    sides: Sides = "insulated",
    rtol: float = 1e-4,
    checkpoint: str | Path | None = None,
    engine: EngineName = "threads",
    progress: ShownProgress = None,
    scheduler: blocked.Scheduler = None,
) -> xr.Dataset:
    """Compute the tortuosity factor of each of a grid of sub-volumes along each direction.

    Parameters
    ----------
    volume
        with `phase` (z, y, x); of a `mask`, of any shape, what is inside.
    blocks
        number of sub-volumes along (z, y, x).
    direction
        of transport: ``"z"``, ``"y"``, ``"x"``, several like ``"zx"``, or ``"all"``.
    conductivity, sides, rtol
        as for :func:`poreflux.tortuosity_factor`.
    checkpoint
        folder that stores each finished sub-volume: an interrupted run continues from there.
    engine
        ``"threads"``, a core for each sub-volume, or ``"cuda"``: the graphics processor, one
        sub-volume after the other; of a cluster, that of each worker.
    progress
        True for a bar (the default in notebooks), False for none; or what is called as
        ``progress(done, total, note)`` with sub-volumes.
    scheduler
        a dask cluster; by default the cores of this machine, one sub-volume on each.

    Returns
    -------
    Dataset with `block_tortuosity_factor`, `block_effective_conductivity` and
    `block_percolating_fraction`, dims (direction, block_z, block_y, block_x), bounds of what the
    solver may be off, `block_tortuosity_factor_solver_error` and
    `block_effective_conductivity_solver_error`, and the position of the block centres in µm;
    infinite where a sub-volume does not percolate;
    `block_conducting_fraction` (block_z, block_y, block_x); and over (direction,)
    `block_effective_conductivity_mean`, `block_tortuosity_factor_mean`, and one standard deviation
    by which the whole volume may differ from a much larger one,
    `effective_conductivity_sampling_error` and `tortuosity_factor_sampling_error`. With a
    mask that is no box also `block_sample_fraction`, the part of each that is sample: its weight.
    Sub-volumes that the mask cuts refer to their own shape; those outside, or whose sample does not
    reach from face to face, are NaN.

    Raises
    ------
    as :func:`poreflux.tortuosity_factor`.

    Notes
    -----
    ``tau = phi kappa_0 / kappa_eff`` of each sub-volume, with its own phi. The mean over isolated
    sub-volumes is not the value of the whole volume: it is shifted either way by walls and
    equipotential planes that the volume does not have.

    Means and sampling errors are of conductivities, to which a sub-volume that does not percolate
    adds 0, and count each sub-volume by its size; the mean tortuosity factor is the mean phi over
    the mean kappa. The errors take into account that neighbours are alike, see
    :func:`poreflux.statistics.mean_error.mean_error`. Finer cells tell whether what conducts lies
    in layers, and the part of an error that goes with its mean.

    Single sub-volumes have no interval for what voxels do to them: they have too few pores for its
    laws. That of their mean is told by :func:`poreflux.block_discretisation`.

    Examples
    --------
    >>> import numpy as np
    >>> from poreflux import from_array
    >>> volume = from_array(np.ones((8, 8, 8), np.uint8))
    >>> result = block_tortuosity(volume, blocks=(2, 1, 1))
    >>> result.block_tortuosity_factor.values.round(9).ravel()
    array([1., 1.])
    """
    check_options(sides, rtol)
    directions = "".join(directions_of(direction))
    volume = within_mask(volume)
    conductivity = conductors_of(volume, conductivity)
    if sides == "periodic":
        refuse_shape(volume, "periodic sides need", "what repeats has no outside")
    phase = require(volume, "phase")
    table = conductivity_table(volume, conductivity)
    _refuse_too_large(phase.shape, blocks, table, engine)
    cells = cells_of_blocks(phase.shape, blocks)
    block_task = _BlockTask(table, directions, voxel_size(volume), sides, rtol, cells, engine)
    task: _BlockTask | _CachedTask = block_task
    if checkpoint is not None:
        at(checkpoint).mkdir(parents=True, exist_ok=True)
        task = _CachedTask(block_task, str(checkpoint))
    inputs = {name: volume[name].data for name in ("phase", "mask") if name in volume}
    results = blocked.block_map(
        inputs,
        task,
        blocks=blocks,
        workers=None if engine == "threads" else 1,
        progress=progress,
        scheduler=scheduler,
    )
    dims = ("direction", "block_z", "block_y", "block_x")
    arrays = {name: np.moveaxis(results[name], -1, 0) for name in NAMES}
    arrays["block_conducting_fraction"] = arrays["block_conducting_fraction"][0]
    lines = blocked.cuts(phase.shape, blocks)
    arrays |= sampled(
        arrays["block_conducting_fraction"],
        arrays["block_effective_conductivity"],
        [edges * h for edges, h in zip(lines, voxel_size(volume))],
        results.get(SAMPLE_FRACTION),
        in_cells(results[_CONDUCTING], results.get(_SAMPLE), lines, voxel_size(volume)),
    )
    variables: dict[str, tuple] = {
        name: (dims[4 - array.ndim :] if array.ndim > 1 else dims[:1], array, attributes(name))
        for name, array in arrays.items()
    }
    if "mask" in volume:
        fraction = attributes(SAMPLE_FRACTION)
        variables[SAMPLE_FRACTION] = (dims[1:], results[SAMPLE_FRACTION], fraction)
    variables[NAMES[0]][2].update(conductivity=dict(conductivity), sides=sides, rtol=rtol)
    coords: dict[str, Any] = {"direction": list(directions)}
    for axis, dim in enumerate(DIMS):
        edges, h = lines[axis], voxel_size(volume)[axis]
        centres = float(volume[dim][0]) - h / 2 + (edges[1:] + edges[:-1]) / 2 * h
        attrs = {"units": "um", "long_name": f"centre of the block along {dim}"}
        coords[f"block_{dim}"] = (f"block_{dim}", centres, attrs)
    return xr.Dataset(variables, coords=coords)


def _refuse_too_large(
    shape: Sequence[int], blocks: Sequence[int], table: np.ndarray, engine: EngineName
) -> None:
    nz, ny, nx = (int(np.diff(edges).max()) for edges in blocked.cuts(shape, blocks))
    device_memory.refuse((nz, ny, nx), "float32", one_conductor(table), engine)
    workers = min(available_cores(), int(np.prod(blocks))) if engine == "threads" else 1
    blocked.refuse(
        workers * forecast((nz, ny, nx), "float32", one_conductor(table)),
        f"{workers} sub-volumes of {nz}x{ny}x{nx} voxels at a time",
        do="cut the volume into more blocks",
    )


@dataclass(frozen=True)
class _BlockTask:
    """The solves of one sub-volume: picklable, one thread."""

    table: np.ndarray
    directions: str
    spacing: tuple[float, float, float]
    sides: Sides
    rtol: float
    cells: tuple[int, ...]
    engine: EngineName = "threads"

    def __call__(
        self, arrays: dict[str, np.ndarray], box: Sequence[slice]
    ) -> dict[str, np.ndarray]:
        phase, sample = arrays["phase"], arrays.get("mask")
        if (phase == NO_PHASE).any():
            corners = [f"{extent.start}:{extent.stop}" for extent in box]
            raise DamagedStore(
                f"voxels in [{', '.join(corners)}] have no phase (label {NO_PHASE}); "
                "poreflux.verify(store) finds the damaged chunks"
            )
        cells = relative(self.table)[phase]
        if sample is None:
            rows = [self._along(direction, cells, None) for direction in self.directions]
            results = {name: np.array([row[name] for row in rows]) for name in NAMES}
            return results | {_CONDUCTING: summed(cells, self.cells)}
        cells *= sample
        outside = dict.fromkeys(NAMES, np.nan)
        rows = [
            self._along(direction, cells, sample) if sample.any() else outside
            for direction in self.directions
        ]
        results = {name: np.array([row[name] for row in rows]) for name in NAMES}
        return results | {
            SAMPLE_FRACTION: np.array(sample.mean()),
            _CONDUCTING: summed(cells, self.cells),
            _SAMPLE: summed(sample, self.cells),
        }

    def key(self, arrays: dict[str, np.ndarray]) -> str:
        """Return a digest of all that the results depend on."""
        options = self.directions, self.spacing, self.sides, self.rtol, self.cells
        text = repr((NAMES, _CONDUCTING, *options, arrays["phase"].shape))
        digest = hashlib.sha256(text.encode() + self.table.tobytes())
        for array in arrays.values():
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()[:32]

    def _along(
        self, direction: str, cells: np.ndarray, sample: np.ndarray | None
    ) -> dict[str, float]:
        dims = order(direction)
        axes = [DIMS.index(dim) for dim in dims]
        h0, h1, h2 = (self.spacing[axis] for axis in axes)
        inside = cells if sample is None or sample.all() else cells[sample]
        mean, conducting = float(inside.mean()), float((inside > 0).mean())
        sample = None if inside is cells or sample is None else sample.transpose(axes)
        with closing(engine_of(self.engine, 1)) as runner:
            effective = solve(
                cells.transpose(axes).copy(),  # the solve clears what does not percolate
                Medium((h0, h1, h2), 1.0, mean, conducting, sample=sample),
                runner,
                sides=self.sides,
                rtol=self.rtol,
            )
        if effective.conductivity == 0 and sample is not None and not _spans(sample):
            return dict.fromkeys(NAMES, np.nan) | {"block_conducting_fraction": mean}
        conductivity, error = effective.conductivity, effective.relative_error
        return {
            "block_tortuosity_factor": mean / conductivity if conductivity else np.inf,
            "block_effective_conductivity": conductivity,
            "block_percolating_fraction": effective.percolating,
            "block_conducting_fraction": mean,
            "block_tortuosity_factor_solver_error": mean / conductivity * error
            if conductivity
            else np.nan,
            "block_effective_conductivity_solver_error": conductivity * error,
        }


def _spans(sample: np.ndarray) -> bool:
    """Return whether a sample joins the two faces of its block along axis 0."""
    return percolate(sample.astype(np.uint8), Threads(1)) > 0


@dataclass(frozen=True)
class _CachedTask:
    """A task whose results are stored in a folder, named by the digest of what they depend on."""

    task: _BlockTask
    folder: str

    def __call__(
        self, arrays: dict[str, np.ndarray], box: Sequence[slice]
    ) -> dict[str, np.ndarray]:
        path = at(self.folder) / f"{self.task.key(arrays)}.json"
        if path.exists():
            return {name: np.array(row) for name, row in json.loads(path.read_text()).items()}
        results = self.task(arrays, box)
        text = json.dumps({name: row.tolist() for name, row in results.items()})
        disk.write_file(path, text.encode())
        return results
