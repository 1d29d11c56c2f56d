"""poreflux solve current: where the current of an electrode goes."""

import math
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poreflux.annotations import Drive, ElectrodeFace, Resolution
from poreflux.cli.answer import Answer
from poreflux.cli.electrode import CONTACT, KINETICS, ContactOptions, KineticsOptions
from poreflux.cli.options import COMMON, Common, Flag, Location
from poreflux.cli.parsing import directions as split
from poreflux.cli.parsing import pairs, three
from poreflux.cli.processes import SOLVER, Solver, check_current_options, memory_of_processes
from poreflux.cli.processes import current as on_processes
from poreflux.cli.region import counted
from poreflux.cli.targets import require_writable
from poreflux.cli.terminal import progress

if TYPE_CHECKING:
    import xarray as xr

#: what is printed of a map, the rest is in the results
SHOWN = (
    "current_density_mean",
    "current_density_cv",
    "current_density_p99",
    "current_density_max",
    "hot_spot_fraction",
    "contact_fraction",
    "unconnected_contact_fraction",
    "area_specific_resistance",
    "area_specific_resistance_bulk",
    "area_specific_resistance_constriction",
    "area_specific_resistance_feed",
    "area_specific_resistance_kinetic",
    "wagner_length",
    "upscaled_current_density_cv",
    "upscaled_current_density_max",
    "upscaled_correlation",
)


def current(
    store: Location,
    /,
    *,
    direction: str = "z",
    face: ElectrodeFace = "last",
    applied: float = 1.0,
    contact: ContactOptions = CONTACT,
    conductivity: str = "0.1",
    kinetics: KineticsOptions = KINETICS,
    drive: Drive = "flux",
    wagner_lengths: str | None = None,
    resolution: Resolution = "voxel",
    blocks: str = "4,4,4",
    rtol: float = 1e-6,
    out: Location = Path("results.zarr"),
    overwrite: Flag = False,
    replace: Flag = False,
    common: Common = COMMON,
    solver: Solver = SOLVER,
) -> Answer | None:
    """Solve for the current density at an electrode on one face of a store.

    Parameters
    ----------
    store
        segmented volume.
    direction
        across the electrode: z, y, x, several like zx, or all.
    face
        where the electrode is along it.
    applied
        current density of the whole face in mA/cm²; negative for stripping.
    conductivity
        of the electrolyte, or of the only solid phase, in S/m; or of phases, like
        LPSCl=0.1,binder=0.01.
    drive
        how the opposite face is fed: the same current everywhere, or one potential.
    wagner_lengths
        also solve at these, in µm, like 0,1,8,40,260; 0 is primary.
    resolution
        on voxels, on blocks of their own conductivity (upscaled), or both, compared.
    blocks
        along z,y,x, for upscaled.
    rtol
        relative error of the current densities.
    out
        folder of results; what is there of other verbs is kept.
    overwrite
        replace all results that are there, of whatever volume.
    replace
        what is there of other parameters goes; by default both are kept, the new ones as a variant.

    Examples
    --------
    poreflux solve current vol.zarr --contact 0.9306 --wagner-lengths 0,1,8,40,260
    """
    chosen = split(direction)
    check_current_options(solver, chosen, resolution)
    require_writable(out, store if solver.field else None, dry_run=common.dry_run)
    options: dict = {
        "applied": applied,
        "conductivity": _conductivity(conductivity),
        "drive": drive,
        "face": face,
        "wagner_lengths": _lengths(wagner_lengths),
        "rtol": rtol,
        **asdict(kinetics),
    }
    if common.dry_run:
        return _forecast(store, chosen, solver, options, out)
    from poreflux.store.partial import waiting

    solved = None
    if solver.solver == "petsc":
        with waiting(common.wait):
            solved = on_processes(store, chosen, solver, contact.of, out, common.debug, **options)
        if solved is None:  # the first process does the rest
            return None
    from poreflux.cli.results import merged
    from poreflux.store import open as open_store
    from poreflux.study.solving import in_place

    full_volume = open_store(store)
    volume, notes = counted(full_volume, solver)
    if solved is None:
        options |= {"resolution": resolution, "blocks": three(blocks), "threads": solver.threads}
        options["engine"] = solver.engine
        options["field"] = store if solver.field else None
        with waiting(common.wait):
            solved = [
                in_place(_solved(volume, axis, contact, options), full_volume) for axis in chosen
            ]
    answer = merged(
        "solve current",
        solved,
        full_volume,
        out,
        overwrite=overwrite,
        replace=replace,
        wait=common.wait,
    )
    last = answer.lines[-1 - len(answer.data.get("variants", [])) :]  # where the results are
    answer.lines = [*_numbers(solved, answer.data["results"]), *notes, *last]
    return answer


def _solved(
    volume: "xr.Dataset", direction: str, contact: ContactOptions, options: dict
) -> "xr.Dataset":
    """Return the current across a direction, solved in this process."""
    from poreflux import interfacial_current
    from poreflux.schema import DIMS
    from poreflux.volume import axis_of

    mask, across = contact.of(volume, direction), DIMS[axis_of(direction)]
    with progress(f"solve across {direction}") as on_progress:
        return interfacial_current(
            volume, contact=mask, direction=across, progress=on_progress, **options
        )


def _numbers(solved: list, out: str) -> list[str]:
    """Return the numbers of the maps that are printed, as lines, with errors that `out` knows."""
    from poreflux import results
    from poreflux.cli.numbers import lines

    return lines(results.collect(*solved), only=SHOWN, known=results.open(out))


def _conductivity(text: str) -> float | dict[str, float]:
    try:
        return float(text)
    except ValueError:
        return pairs(text, option="--conductivity", key=str, value=float)


def _lengths(text: str | None) -> list[float]:
    try:
        return [] if text is None else [float(item) for item in text.split(",")]
    except ValueError:
        raise ValueError(
            f"--wagner-lengths {text} is not understood; write them in µm like 0,1,8,40,260"
        ) from None


def _memory(
    head: Any, partition: Any, box: int, *, conductivity: Any, wagner_lengths: Any, **options: Any
) -> int:
    import numpy as np

    from poreflux.transport.electrode.conditions import conditions
    from poreflux.transport.laplace.problem import conductors
    from poreflux.transport.parallel.electrode import Task, memory

    imposed, anywhere = conditions(direction=head.direction, **options), np.ones((1, 1), bool)
    task = Task(imposed, conductors(head.labels, conductivity), wagner_lengths, anywhere)
    return memory(head, partition, task, box)


def _forecast(store: Path, chosen: str, solver: Solver, options: dict, out: Path) -> Answer:
    from poreflux.cli import forecast
    from poreflux.store import open as open_store
    from poreflux.transport.electrode.interfacial_current import memory

    volume, _ = counted(open_store(store), solver)
    shape = volume.sizes["z"], volume.sizes["y"], volume.sizes["x"]
    solves = len(chosen) * (1 + len(options["wagner_lengths"]))
    seconds = solves * 1.5 * forecast.seconds("solve", math.prod(shape))
    if solver.solver == "serial":
        libraries = forecast.LIBRARIES["current"]
        binary = forecast.one_conductor(options["conductivity"])
        alone = memory(shape, binary=binary, drive=options["drive"]) + libraries
        need = forecast.Need(alone, 1e7, seconds)
        return forecast.answer("solve current", need, out)
    memory_needed = memory_of_processes(store, chosen[0], partial(_memory, **options))
    return memory_needed.added_to(
        forecast.answer("solve current", forecast.Need(memory_needed.on_machine, 1e7, seconds), out)
    )
