"""poreflux solve: transport problems on a whole volume."""

import math
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poreflux.annotations import Geometry, Sides
from poreflux.cli.answer import Answer
from poreflux.cli.options import COMMON, PLACE, Common, Flag, Location, Place, WholeOrNone
from poreflux.cli.parsing import directions as split
from poreflux.cli.parsing import lengths, pairs, three
from poreflux.cli.processes import (
    SOLVER,
    Solver,
    check_options,
    memory_of_processes,
    unfinished,
)
from poreflux.cli.processes import tortuosity as on_processes
from poreflux.cli.region import counted
from poreflux.cli.targets import require_writable
from poreflux.cli.terminal import progress
from poreflux.store.disk import remove

if TYPE_CHECKING:
    import xarray as xr


def tortuosity(
    store: Location,
    /,
    *,
    direction: str = "z",
    conductivity: str | None = None,
    sides: Sides = "insulated",
    geometry: Geometry = "voxels",
    rtol: float | None = None,
    digits: WholeOrNone = None,
    blocks: str | None = None,
    edges: str | None = None,
    dissipation: Flag = False,
    no_discretisation: Flag = False,
    out: Location = Path("results.zarr"),
    overwrite: Flag = False,
    replace: Flag = False,
    common: Common = COMMON,
    place: Place = PLACE,
    solver: Solver = SOLVER,
) -> Answer | None:
    """Solve for the tortuosity factor of a store, and of its sub-volumes.

    Parameters
    ----------
    store
        segmented volume.
    direction
        of transport: z, y, x, several like zx, or all.
    conductivity
        of the phases that conduct, like electrolyte=1.0,binder=0.1; by default the electrolyte, or
        the only solid phase.
    sides
        insulated or periodic.
    geometry
        voxels conduct by their phase; or partial: by the share of solid that
        `poreflux segment --solid-fraction` stored. Steps make the first too high, blur the second
        too low; each result says by how much.
    rtol
        relative error of the effective conductivity at which the solver stops; by default 1e-6.
    digits
        stop when so many digits of the tortuosity factor stand, instead of at rtol.
    blocks
        also solve in so many sub-volumes along z,y,x, like 4,4,4.
    edges
        also solve in cubes of about these edges in µm, like 58,115,230: how the tortuosity factor
        scatters with their size.
    dissipation
        also measure in which voxels the power is lost (bottlenecks); with --field its map too.
    no_discretisation
        leave out the error of the voxels, which another solve on every other voxel tells, an eighth
        of the work (with partial voxels, one of whole ones as well); under mpirun the first process
        does it.
    out
        folder of results; what is there of other verbs is kept.
    overwrite
        replace all results that are there, of whatever volume.
    replace
        what is there of other parameters goes; by default both are kept, the new ones as a variant.

    Examples
    --------
    poreflux solve tortuosity vol.zarr --direction all --blocks 4,4,4 --out results.zarr
    poreflux solve tortuosity vol.zarr --edges 58,115,230 --rtol 1e-4
    """
    if digits is not None and rtol is not None:
        raise ValueError("--digits and --rtol both say when to stop; give one of the two")
    rtol = tolerance(digits) if digits is not None else 1e-6 if rtol is None else rtol
    medium: dict = {"sides": sides}
    medium["conductivity"] = None if conductivity is None else _conductors(conductivity)
    chosen, block_counts = split(direction), None if blocks is None else three(blocks)
    sizes = lengths(edges, option="--edges")
    check_options(solver, chosen, block_counts or sizes or None)
    _check_geometry(geometry, solver, block_counts, sizes)
    if place.scheduler is not None and not (block_counts or sizes):
        raise ValueError("--scheduler is for --blocks and --edges; leave it out, or give one")
    require_writable(out, store if solver.field else None, dry_run=common.dry_run)
    from poreflux.store.partial import waiting

    solved = None
    if solver.solver == "petsc" and not common.dry_run:
        with waiting(common.wait):
            wanted = {"rtol": rtol, "dissipation": dissipation, **medium}
            solved = on_processes(store, chosen, solver, out, common.debug, **wanted)
        if solved is None:  # the first process does the rest
            return None
    from poreflux.cli.results import merged
    from poreflux.store import open as open_store
    from poreflux.study import solving

    full_volume = open_store(store)
    volume, notes = counted(full_volume, solver)
    _check_blocks(block_counts, is_full_volume=volume.sizes == full_volume.sizes)
    cube_sizes = solving.cubes(volume, sizes)
    if common.dry_run:
        need = partial(_memory, **medium, check=solver.check)
        memory_needed = (
            memory_of_processes(store, chosen[0], need) if solver.solver == "petsc" else None
        )
        grids = len(cube_sizes) + bool(block_counts)
        again = _work_again(no_discretisation, geometry)
        cells = geometry, medium["conductivity"]
        return _forecast(volume, chosen, rtol, grids, out, memory_needed, cells, again)
    if solved is None:
        options: dict = {
            "field": store if solver.field else None,
            "threads": solver.threads,
            "engine": solver.engine,
            "geometry": geometry,
        }
        with waiting(common.wait):
            wanted = {"rtol": rtol, **options, **medium}
            solved = solving.along_directions(
                volume, chosen, wanted, watch=progress, dissipating=dissipation
            )
    if not no_discretisation:
        with_errors, missing = solving.with_discretisation(volume, solved, solver.threads)
        solved, notes = with_errors, [*notes, *missing]
        if solver.engine != "threads":
            notes = [*notes, "the error of the voxels comes from solves on the cores"]
    medium |= {"direction": chosen, "scheduler": place.scheduler, "engine": solver.engine}
    finished = unfinished(out, solver, "blocks")  # of a run that is interrupted
    if block_counts:
        parts = solving.in_blocks(volume, block_counts, finished, medium, watch=progress)
        if no_discretisation:
            solved.append(parts)
        else:
            with_errors, missing = solving.with_blocks_discretisation(
                volume, parts, place.scheduler
            )
            solved, notes = [*solved, *with_errors], [*notes, *missing]
    if cube_sizes:
        solved.append(solving.in_cubes(volume, cube_sizes, medium, watch=progress))
    answer = merged(
        "solve tortuosity",
        solved,
        full_volume,
        out,
        overwrite=overwrite,
        replace=replace,
        wait=common.wait,
    )
    answer.lines[-1:-1] = notes
    with suppress(OSError):
        remove(finished)
    return answer


def _conductors(text: str) -> dict[str, float]:
    return pairs(text, option="--conductivity", key=str, value=float)


def _check_geometry(
    geometry: Geometry, solver: Solver, counts: list[int] | None, sizes: list[float]
) -> None:
    """Raise ``ValueError`` where partial voxels are combined with options that need whole ones."""
    if geometry == "partial" and (solver.solver == "petsc" or counts or sizes):
        word = "--solver petsc" if solver.solver == "petsc" else "--blocks" if counts else "--edges"
        raise ValueError(
            f"{word} takes whole voxels, of a byte each, and partial ones are numbers of 4 bytes; "
            "leave out --geometry partial, or take one process and the whole volume"
        )


def _check_blocks(block_counts: list[int] | None, is_full_volume: bool) -> None:
    """Raise ``ValueError`` where blocks would cover more than the solved part."""
    if block_counts and not is_full_volume:
        raise ValueError(
            "--blocks are of the whole volume, of which the mask leaves out planes; "
            "leave out --blocks, or take --edges"
        )


def tolerance(digits: int) -> float:
    """Return the relative error at which so many digits stand, rounded, whatever the first one is.

    Examples
    --------
    >>> tolerance(3)
    0.0005
    """
    if not 1 <= digits <= 12:
        raise ValueError(f"--digits {digits} is not between 1 and 12; 3 gives 1.23")
    return float(f"5e-{digits + 1}")


def _memory(
    head: Any,
    partition: Any,
    box: int,
    *,
    conductivity: Mapping[str, float] | None,
    sides: Sides,
    check: bool,
) -> int:
    from poreflux.transport.laplace.problem import conductors
    from poreflux.transport.parallel.tortuosity_factor import memory

    conducting = conductors(head.labels, conductivity)
    return memory(head, partition, conducting, box, sides=sides, check=check)


def _work_again(no_discretisation: bool, geometry: Geometry) -> float:
    """Return the work that the error of the voxels takes, of that of the solve."""
    if no_discretisation:
        return 0.0
    return 1 / 8 if geometry == "voxels" else 1 + 1 / 8


def _forecast(
    volume: "xr.Dataset",
    chosen: str,
    rtol: float,
    grids: int,
    out: Path,
    memory_needed: Any = None,
    cells: tuple[Geometry, Mapping[str, float] | None] = ("voxels", None),
    again: float = 0.0,
) -> Answer:
    from poreflux.cli import forecast
    from poreflux.machine import memory_bandwidth
    from poreflux.transport.solvers.stages import precision_for
    from poreflux.transport.tortuosity.effective_conductivity import forecast as memory_of

    shape = volume.sizes["z"], volume.sizes["y"], volume.sizes["x"]
    voxels = math.prod(shape)
    bandwidth = memory_bandwidth()
    seconds = (1 + again) * len(chosen) * forecast.seconds("solve", voxels, bandwidth=bandwidth)
    seconds += grids * len(chosen) * forecast.seconds("blocks", voxels, bandwidth=bandwidth)
    binary = cells[0] == "voxels" and forecast.one_conductor(cells[1])
    alone = memory_of(shape, precision_for(rtol, None), binary)
    libraries = forecast.LIBRARIES["discretisation" if again else "solve"]
    memory = memory_needed.on_machine if memory_needed else alone + libraries
    answer = forecast.answer("solve tortuosity", forecast.Need(memory, 1e6, seconds), out)
    return memory_needed.added_to(answer) if memory_needed else answer
