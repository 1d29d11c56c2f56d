"""poreflux solve current: where the current of an electrode goes."""

import math
from functools import partial
from pathlib import Path

from poreflux.annotations import ContactModel, Drive, ElectrodeFace, Kinetics, Resolution
from poreflux.cli.answer import Answer
from poreflux.cli.options import COMMON, Common, Flag
from poreflux.cli.processes import SOLVER, Solver, check_words_of_current, shares
from poreflux.cli.processes import current as on_processes
from poreflux.cli.region import counted, in_place
from poreflux.cli.terminal import progress
from poreflux.cli.words import directions as split
from poreflux.cli.words import numbers, pairs
from poreflux.schema import Direction

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
    "area_specific_resistance_kinetic",
    "wagner_length",
    "upscaled_current_density_cv",
    "upscaled_current_density_max",
    "upscaled_correlation",
)


def current(
    store: Path,
    /,
    *,
    direction: str = "z",
    face: ElectrodeFace = "last",
    applied: float = 1.0,
    contact: str = "0.9306",
    contact_model: ContactModel = "patches",
    contact_size: float = 7.5,
    contact_seed: int = 0,
    conductivity: str = "0.1",
    kinetics: Kinetics = "butler-volmer",
    charge_transfer_resistance: float | None = None,
    exchange_current_density: float | None = None,
    transfer_coefficient: float = 0.5,
    film_resistance: float = 0.0,
    temperature: float = 298.15,
    drive: Drive = "flux",
    wagner_lengths: str | None = None,
    resolution: Resolution = "voxel",
    blocks: str = "4,4,4",
    rtol: float = 1e-6,
    out: Path = Path("results.zarr"),
    overwrite: Flag = False,
    common: Common = COMMON,
    how: Solver = SOLVER,
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
    contact
        share of the face in contact, or an image file of it, contact where not 0.
    contact_model
        where contact is lost: patches of a random field, cells of a 12 x 12 grid, or round voids.
    contact_size
        correlation length of patches or diameter of voids in µm.
    contact_seed
        of the random places.
    conductivity
        of the phase electrolyte in S/m, or of phases, like electrolyte=0.1,binder=0.01.
    kinetics
        of charge transfer; primary is none.
    charge_transfer_resistance
        in ohm cm²; by default 0.8, a choice.
    exchange_current_density
        in mA/cm², instead.
    transfer_coefficient
        between 0 and 1.
    film_resistance
        in ohm cm².
    temperature
        in K.
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

    Examples
    --------
    poreflux solve current vol.zarr --contact 0.9306 --wagner-lengths 0,1,8,40,260
    """
    chosen = split(direction)
    check_words_of_current(how, chosen, resolution)
    options: dict = {
        "applied": applied,
        "conductivity": _conductivity(conductivity),
        "kinetics": kinetics,
        "charge_transfer_resistance": charge_transfer_resistance,
        "exchange_current_density": exchange_current_density,
        "transfer_coefficient": transfer_coefficient,
        "film_resistance": film_resistance,
        "temperature": temperature,
        "drive": drive,
        "face": face,
        "wagner_lengths": _lengths(wagner_lengths),
        "rtol": rtol,
    }
    mask = partial(
        _mask, contact=contact, model=contact_model, size=contact_size, seed=contact_seed
    )
    found = None
    if how.solver == "petsc" and not common.dry_run:
        found = on_processes(store, chosen, how, mask, common.debug, **options)
        if found is None:  # the first process does the rest
            return None
    from poreflux.store import open as open_store

    whole = open_store(store)
    volume, said = counted(whole, how)
    if common.dry_run:
        need = partial(_memory, **options)
        there = shares(store, chosen[0], need) if how.solver == "petsc" else None
        solves = len(chosen) * (1 + len(options["wagner_lengths"]))
        return _forecast(volume, solves, drive, out, there)
    if found is None:
        options |= {"resolution": resolution, "blocks": _blocks(blocks), "threads": how.threads}
        options["field"] = store if how.field else None
        found = [in_place(_alone(volume, one, mask, options), whole) for one in chosen]
    from poreflux import results
    from poreflux.cli.numbers import lines
    from poreflux.cli.results import merged

    answer = merged("solve current", found, whole, out, overwrite=overwrite, wait=common.wait)
    answer.lines = [*lines(results.collect(*found), only=SHOWN), *said, answer.lines[-1]]
    return answer


def _alone(volume, direction: str, mask, options: dict):
    from poreflux import interfacial_current
    from poreflux.schema import DIMS
    from poreflux.volume import axis_of

    across = DIMS[axis_of(direction)]
    contact = mask(volume, direction=across)
    with progress(f"solve across {direction}") as tell:
        return interfacial_current(
            volume, contact=contact, direction=across, progress=tell, **options
        )


def _conductivity(text: str):
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


def _blocks(text: str) -> list[int]:
    parts = numbers(text, option="--blocks", kind=int)
    return parts * 3 if len(parts) == 1 else parts


def _mask(
    volume, *, contact: str, model: ContactModel, size: float, seed: int, direction: Direction
):
    from poreflux import contact_mask

    try:
        share = float(contact)
    except ValueError:
        return Path(contact)
    if model == "full":
        return contact_mask(volume, model="full", direction=direction)
    return contact_mask(
        volume, fraction=share, model=model, length=size, diameter=size, seed=seed,
        direction=direction,
    )  # fmt: skip


def _memory(head, parts, box: int, *, conductivity, wagner_lengths, **options) -> int:
    import numpy as np

    from poreflux.transport.electrode.conditions import conditions, phases_of
    from poreflux.transport.parallel.electrode import Task, memory

    asked, anywhere = conditions(direction=head.direction, **options), np.ones((1, 1), bool)
    task = Task(asked, phases_of(conductivity), wagner_lengths, anywhere)
    return memory(head, parts, task, box)


def _forecast(volume, solves: int, drive: str, out: Path, there=None) -> Answer:
    from poreflux.cli import forecast
    from poreflux.transport.electrode.interfacial_current import memory

    shape = tuple(volume.sizes[d] for d in "zyx")
    seconds = solves * 1.5 * forecast.seconds("solve", math.prod(shape))
    bytes_here = there.here if there else memory(shape, drive=drive) + 3e8
    answer = forecast.answer("solve current", forecast.Need(bytes_here, 1e7, seconds), out)
    return there.told(answer) if there else answer
