"""The steps of a sample, in their order: import, segment, measure, solve, results."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import xarray as xr

from poreflux import results as stored
from poreflux.schema import DIMS, Direction
from poreflux.store import open as open_store
from poreflux.store.disk import remove
from poreflux.study import solving
from poreflux.study.current_sampling import with_current_sampling
from poreflux.study.importing import (
    has_phases,
    import_sample,
    labels_of,
    source_parameters,
)
from poreflux.study.measuring import metrics
from poreflux.study.model import Current, Measure, Sample, StudyFile, Tortuosity
from poreflux.study.segmenting import segment_store
from poreflux.study.work import Work
from poreflux.transport.electrode.contact_mask import contact_mask
from poreflux.transport.electrode.interfacial_current import interfacial_current
from poreflux.volume import within_mask


@dataclass(frozen=True)
class Step:
    """One step of a sample.

    Attributes
    ----------
    sample, name
        whose, and which: ``"tortuosity z"``.
    target
        what it makes: a store, a folder of results, or a file.
    parameters
        all that decides what it makes, but for what other steps make.
    make
        does it.
    needs
        names of the steps of the sample whose targets it reads.
    variables
        of a store that it makes.
    """

    sample: str
    name: str
    target: Path
    parameters: dict[str, Any]
    make: Callable[[Work], None]
    needs: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """Return what the step does, without its direction: ``"tortuosity"``."""
        return self.name.split(" ", maxsplit=1)[0]


def steps_of(study: StudyFile, sample: Sample, base: Path, folder: Path) -> list[Step]:
    """Return the steps of a sample; `base` has the study file, `folder` what is made."""
    store, steps = folder / "volume.zarr", []
    segmented = has_phases(sample, base)
    steps.append(
        Step(
            sample.name, "import", store,
            source_parameters(sample) | {"chunk": study.resources.chunk},
            partial(import_sample, sample, base, store),
            variables=("phase",) if segmented else ("gray",),
        )
    )  # fmt: skip
    last = "import"
    if not segmented:
        step = _segmentation(study, sample, store, folder)
        steps.append(step)
        store, last = step.target, "segment"
    parts = [
        _measure(study.measure, store, folder),
        *_tortuosities(study.tortuosity, store, folder),
        *_currents(study.current, store, folder),
    ]
    steps += [
        Step(sample.name, name, target, parameters, make, (last,))
        for name, target, parameters, make in parts
    ]
    targets = [target for _, target, _, _ in parts]
    of_sample = {
        "sample": sample.name,
        "labels": dict(sample.labels),
        "measured": {key: value.model_dump() for key, value in sample.measured.items()},
    }
    results = folder / "results.zarr"
    make = partial(_together, targets, store, results, of_sample)
    needs = tuple(name for name, _, _, _ in parts)
    return [*steps, Step(sample.name, "results", results, of_sample, make, needs)]


_Part = tuple[str, Path, dict[str, Any], Callable[[Work], None]]


def _segmentation(study: StudyFile, sample: Sample, store: Path, folder: Path) -> Step:
    section, faults = study.segmentation_of(sample), study.corrections_of(sample)
    corrections = faults.model_dump()
    options = section.model_dump(include={"method", "threshold", "phases", "pore", "denoise"})
    out = folder / "upright.zarr" if faults.tilt == "shear" else None

    def make(work: Work) -> None:
        phases, denoise = options["phases"], options["denoise"]
        arguments = {
            **options,
            "phases": None if phases is None else labels_of(phases),
            "denoise": None if denoise == "none" else denoise,
        }
        segment_store(
            store, options=arguments, corrections=corrections, out=out, overwrite=True,
            solid_fraction=section.solid_fraction, tau=section.tau, scheduler=work.scheduler,
            watch=work.watch,
        )  # fmt: skip

    parameters = section.model_dump() | {"corrections": corrections}
    return Step(sample.name, "segment", out or store, parameters, make, ("import",), ("phase",))


def _measure(section: Measure, store: Path, folder: Path) -> _Part:
    out = folder / "measure.zarr"

    def make(work: Work) -> None:
        volume = open_store(store)
        options = section.model_dump() | {"edges": section.edges or None}
        with work.watch("measure") as progress:
            lazy = metrics(volume, section.names, options)
            _save(lazy, volume, out, progress=progress, scheduler=work.scheduler)

    return "measure", out, section.model_dump() | {"names": section.names}, make


def _tortuosities(section: Tortuosity, store: Path, folder: Path) -> list[_Part]:
    if not section.compute:
        return []
    medium = section.model_dump(include={"conductivity", "sides"})
    whole = section.model_dump(exclude={"compute", "directions", "blocks", "edges"})
    parts: list[_Part] = []
    for direction in section.directions:
        out = folder / f"tortuosity_{direction}.zarr"
        make = partial(_solve_tortuosity, store, direction, out, whole)
        parts.append((f"tortuosity {direction}", out, whole | {"direction": direction}, make))
    if section.blocks or section.edges:
        out = folder / "blocks.zarr"
        grids = section.model_dump(include={"directions", "blocks", "edges", "discretisation"})
        make = partial(_solve_blocks, store, out, medium, grids)
        parts.append(("blocks", out, medium | grids, make))
    return parts


def _solve_tortuosity(
    store: Path, direction: str, out: Path, options: dict[str, Any], work: Work
) -> None:
    if work.processes is not None:
        return work.processes.tortuosity(store, direction, out, options)
    full = open_store(store)
    volume = within_mask(full)
    wanted = {k: v for k, v in options.items() if k != "discretisation"}
    wanted["threads"] = work.threads
    solved = solving.along_directions(volume, direction, wanted, watch=work.watch)
    if options["discretisation"]:
        solved, missing = solving.with_discretisation(volume, solved, work.threads)
        _note(work, missing)
    return _save(solved, full, out)


def _solve_blocks(
    store: Path, out: Path, medium: dict[str, Any], grids: dict[str, Any], work: Work
) -> None:
    full = open_store(store)
    volume = within_mask(full)
    options = {**medium, "direction": grids["directions"], "scheduler": work.scheduler}
    found = []
    finished = out.with_name(f"{out.name}.blocks")
    if grids["blocks"]:
        parts = solving.in_blocks(volume, grids["blocks"], finished, options, watch=work.watch)
        found.append(parts)
        if grids["discretisation"]:
            found, missing = solving.with_blocks_discretisation(volume, parts, work.scheduler)
            _note(work, missing)
    if grids["edges"]:
        sizes = solving.cubes(volume, grids["edges"])
        found.append(solving.in_cubes(volume, sizes, options, watch=work.watch))
    _save(found, full, out)
    with suppress(OSError):
        remove(finished)


def _note(work: Work, lines: Sequence[str]) -> None:
    for line in lines:
        work.note(line)


def _currents(section: Current, store: Path, folder: Path) -> list[_Part]:
    if not section.compute:
        return []
    options = section.model_dump(exclude={"compute", "directions"})
    parts: list[_Part] = []
    for direction in section.directions:
        out = folder / f"current_{direction}.zarr"
        make = partial(_solve_current, store, direction, out, options)
        parts.append((f"current {direction}", out, options | {"direction": direction}, make))
    return parts


def _solve_current(
    store: Path, direction: str, out: Path, options: dict[str, Any], work: Work
) -> None:
    if work.processes is not None:
        return work.processes.current(store, direction, out, options)
    full = open_store(store)
    volume = within_mask(full)
    across: Direction = DIMS["zyx".index(direction)]
    share, model, length, seed = (
        options[name] for name in ("contact", "contact_model", "contact_size", "contact_seed")
    )
    size = {} if length is None else {"length": length, "diameter": length}
    mask = contact_mask(
        volume, fraction=None if model == "full" else share, model=model, seed=seed,
        direction=across, **size,
    )  # fmt: skip
    wanted = {k: v for k, v in options.items() if not k.startswith("contact")}
    with work.watch(f"solve across {direction}") as progress:
        solved = interfacial_current(
            volume,
            contact=mask,
            direction=across,
            threads=work.threads,
            progress=progress,
            **wanted,
        )
    return _save([solving.in_place(solved, full)], full, out)


def _together(
    targets: Sequence[Path], store: Path, out: Path, of_sample: dict[str, Any], work: Work
) -> None:
    """Collect the results of all steps of a sample, with what is known of it."""
    volume = open_store(store)
    found = [stored.open_results(target) for target in targets]
    results = stored.collect(*found, volume=volume).assign_attrs(of_sample)
    results = with_current_sampling(results)
    stored.save(results, out, overwrite=True)


def _save(datasets: Sequence[xr.Dataset], volume: xr.Dataset, out: Path, **options: Any) -> None:
    stored.save(stored.collect(*datasets, volume=volume, **options), out, overwrite=True)
