"""The tortuosity factor of a stored volume on any number of processes, under PETSc's methods.

Every process calls :func:`solve_tortuosity`; each reads the planes of its own box from the store,
and no array that grows with the volume is ever on a single process.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from poreflux.annotations import Progress, Sides
from poreflux.objects import at
from poreflux.transport.engines.engine import Engine
from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.operator import build
from poreflux.transport.laplace.percolation import percolate
from poreflux.transport.laplace.problem import (
    Problem,
    check_options,
    conductors,
    even_periods,
    one_conductor,
    order,
)
from poreflux.transport.parallel import petsc, reading, session
from poreflux.transport.parallel.checkpoint import Checkpoint
from poreflux.transport.parallel.failure import SharedFailure
from poreflux.transport.parallel.memory import forecast, refuse
from poreflux.transport.parallel.neighbours import Link, Ranks
from poreflux.transport.parallel.partition import Partition, partition
from poreflux.transport.parallel.percolation import keep_percolating_on_boxes
from poreflux.transport.parallel.reading import StoredPhase
from poreflux.transport.solvers.solution import Solution

if TYPE_CHECKING:
    import xarray as xr


PERIODIC = (
    "periodic sides need a box, and the mask is no box: what repeats has no outside; cut one out "
    "of it, and solve that"
)


@dataclass(frozen=True)
class Options:
    """The options of a solve; see :func:`solve_tortuosity`."""

    conductivity: Mapping[str, float]
    sides: Sides
    rtol: float
    petsc: Sequence[str]
    field: Path | None
    checkpoint: Path | None
    minutes: float
    check: bool
    dissipation: bool
    memory: float | None
    progress: Progress | None
    notice: Callable[[str], None]


class TortuosityResults(NamedTuple):
    """The results of all processes together."""

    mean: float
    conducting: float
    percolating: float
    conductivity: float
    solution: Solution | None
    iterations: int
    check: float | None
    section: bool | None = None
    filled_error: float = 0.0
    dissipation: Mapping[str, tuple] | None = None


def solve_tortuosity(
    path: str | Path,
    *,
    direction: str = "z",
    conductivity: Mapping[str, float] | None = None,
    sides: Sides = "insulated",
    rtol: float = 1e-6,
    threads: int | None = None,
    petsc_options: Sequence[str] = (),
    field: str | Path | None = None,
    checkpoint: str | Path | None = None,
    minutes: float = 5.0,
    check: bool = False,
    dissipation: bool = False,
    memory: float | None = None,
    progress: Progress | None = None,
    notice: Callable[[str], None] | None = None,
    describe: Callable[[BaseException], str] | None = None,
) -> "xr.Dataset | None":
    """Compute the tortuosity factor of a stored volume, on all processes of an MPI run together.

    Parameters
    ----------
    path
        store with `phase` (z, y, x); of a `mask`, of any shape, what is inside.
    direction, conductivity, sides, rtol
        as for :func:`poreflux.tortuosity_factor`.
    threads
        of each process; by default the cores of its machine, shared evenly.
    petsc_options
        options for PETSc's database, such as ``["-ksp_type", "pipecg", "-log_view"]``.
    field
        the store of this volume, to which to write `potential` and `current_density_magnitude`.
    checkpoint
        folder for the iterate, saved every so many `minutes` and on SIGUSR1 and SIGTERM; a run that
        finds one of the same problem there continues from it, on any number of processes.
    minutes
        between two checkpoints.
    check
        also solve with an assembled matrix and algebraic multigrid (small volumes).
    dissipation
        also measure where the power is dissipated, as :func:`poreflux.dissipation` does; with
        `field` its maps are written too.
    memory
        bytes that the processes of one machine may take; by default what is free there.
    progress, notice
        called on the first process: ``progress(done, total, note)``, and ``notice(sentence)``.
    describe
        turns the failure of a single process into what is printed; by default its message.

    Returns
    -------
    Dataset as of :func:`poreflux.tortuosity_factor` on the first process, None on the others.
    The residual is relative, in the norm of the preconditioner. With `check` there is
    `check_difference`.

    Raises
    ------
    NoPetsc
        if MPI or PETSc is missing.
    TooLarge
        if a machine has too little memory for its processes, or PETSc too small integers.
    Interrupted
        on SIGTERM, after the iterate was saved.
    NotConverged, DamagedStore, KeyError, ValueError
        as :func:`poreflux.tortuosity_factor`; on all processes alike.

    Notes
    -----
    An exception on a single process ends all of them, with its message and status 1.
    """
    check_options(sides, rtol)
    order(direction)
    link = session.connect()
    with session.abort_on_failure(link, describe):
        threads = threads or session.threads_per_process(link)
        PETSc = petsc.start(petsc_options, threads)
        first = link.rank == 0
        options = Options(
            dict(conductivity or {}),
            sides,
            rtol,
            tuple(petsc_options),
            None if field is None else at(field).resolve(),
            None if checkpoint is None else at(checkpoint).resolve(),
            minutes,
            check,
            dissipation,
            memory,
            progress if first else None,
            (notice or session.print_notice) if first else session.ignore_notice,
        )
        with link.together():
            stored_phase = reading.read_stored_phase(path, direction)
            known = conductors(stored_phase.labels, conductivity)
            options = replace(options, conductivity=known)
            extent = np.zeros(7, np.int64)
            if first:
                extent = reading.mask_extent(path, options.field)
            petsc.check_indices(int(np.prod(stored_phase.shape)), 8 * PETSc.IntType().itemsize)
            if options.field is not None:
                _check_field(stored_phase, options, options.field)
        with link.together():
            stored_phase = reading.within_mask(stored_phase, link.broadcast(extent, 0))
            if stored_phase.masked and sides == "periodic":
                raise ValueError(PERIODIC)
        layout = partition(stored_phase.shape, link.size, stored_phase.chunk[0])
        session.notice_idle(link, layout, options.notice)
        box_link = link.first_processes(layout.boxes)
        results, failure = None, None
        if box_link is not None:
            try:
                with contextlib.closing(Threads(threads)) as engine:
                    results = _on_boxes(box_link, stored_phase, layout, options, engine)
            except SharedFailure as shared:
                failure = shared.failure
        link.wait()
        link.raise_first(failure)
        return _dataset(direction, results, options) if first and results is not None else None


def _on_boxes(
    link: Link, stored_phase: StoredPhase, layout: Partition, options: Options, engine: Engine
) -> TortuosityResults:
    """Solve on the boxes: called by all processes that have one."""
    start, stop = layout.span(link.rank)
    periodic_sides = options.sides == "periodic"
    ranks = Ranks(link, layout.edges, (False, periodic_sides, periodic_sides), layout.grids)
    with link.together():
        _refuse_too_large(link, stored_phase, layout, options)
        cells, counts, sample = reading.read_cells(
            stored_phase, options.conductivity, start, stop, engine
        )
    relative = reading.relative_conductivities(stored_phase, options.conductivity)
    counts = link.gather(counts).sum(0)
    mean = float(counts @ relative / counts.sum())
    conducting = float(counts[relative > 0].sum() / counts.sum())
    keep = partial(keep_percolating_on_boxes, link=link)
    percolating = percolate(cells, engine, ranks.periodic, keep=keep)
    section = None if sample is None else _section(sample, link)
    if percolating == 0:
        return TortuosityResults(mean, conducting, 0.0, 0.0, None, 0, None, section)
    percolating_fraction = percolating / float(counts[relative > 0].sum())
    filled, filled_error = float(counts.sum() / np.prod(stored_phase.shape)), 0.0
    if section is False and sample is not None:
        filled, filled_error = _filled(sample, stored_phase, layout, ranks, engine, options)
    del sample
    cells = even_periods(cells, options.sides)
    problem = Problem(cells, stored_phase.spacing, options.sides)
    from poreflux.transport.parallel.solution import check_difference, solve, write_fields

    assembled_problem = problem if options.check else None
    problem = replace(problem, cells=np.broadcast_to(cells.dtype.type(0), cells.shape))
    operator = build(Problem(cells, stored_phase.spacing, options.sides), engine, np.float64, ranks)
    del cells  # the operator holds their geometry
    checkpoint = Checkpoint(
        operator, ranks, options.checkpoint, _identity(stored_phase, options),
        seconds=60 * options.minutes, notice=options.notice,
    )  # fmt: skip
    # kappa is proportional to the energy of the whole problem
    unit = _unit(problem, layout) / filled
    solution = solve(
        operator, ranks, checkpoint, rtol=options.rtol,
        tortuosity=lambda energy: mean / (unit * energy), progress=options.progress,
    )  # fmt: skip
    kappa, power = unit * solution.energy, None
    if options.dissipation:
        from poreflux.transport.parallel.dissipation import dissipation

        in_boxes = float(counts[relative > 0].sum() / np.prod(stored_phase.shape))
        power = dissipation(
            solution, problem, stored_phase, layout, options, link, engine, in_boxes, mean / kappa
        )
    elif options.field is not None:
        write_fields(solution, problem, stored_phase, layout, options, link, options.field)
    check = None
    if assembled_problem is not None:
        check = check_difference(assembled_problem, ranks, options.rtol, solution.energy)
    return TortuosityResults(
        mean, conducting, percolating_fraction, kappa, solution, checkpoint.iterations, check,
        section, filled_error, power,
    )  # fmt: skip


def _unit(problem: Problem, layout: Partition) -> float:
    """Return the conductivity of a unit of energy of all boxes, of which `problem` is one."""
    return problem.relative_conductivity(1.0) * layout.planes / problem.shape[0]


def _section(sample: np.ndarray, link: Link) -> bool:
    """Return whether the sample has the same section in all planes of all boxes."""
    first = link.broadcast(np.ascontiguousarray(sample[0]), 0)
    return bool(link.gather(float((sample == first).all())).all())


def _filled(
    sample: np.ndarray,
    stored_phase: StoredPhase,
    layout: Partition,
    ranks: Ranks,
    engine: Engine,
    options: Options,
) -> tuple[float, float]:
    """Return the conductivity of the box of a sample of varying section that is filled with the
    best conductor, and its relative error."""
    from poreflux.transport.parallel.solution import solve

    alone = sample.astype(np.uint8)
    percolate(alone, engine, keep=partial(keep_percolating_on_boxes, link=ranks.link))
    problem = Problem(alone, stored_phase.spacing)
    operator = build(problem, engine, np.float64, ranks)
    unsaved = Checkpoint(operator, ranks, None, "", seconds=np.inf, notice=options.notice)
    unit = _unit(problem, layout)
    solution = solve(
        operator, ranks, unsaved, rtol=options.rtol,
        tortuosity=lambda energy: 1 / (unit * energy), progress=options.progress,
    )  # fmt: skip
    return unit * solution.energy, solution.relative_error


def _identity(stored_phase: StoredPhase, options: Options) -> str:
    """Return a digest of the problem, which a checkpoint must match."""
    table = reading.relative_conductivities(stored_phase, options.conductivity)
    described = [
        stored_phase.origin,
        stored_phase.shape,
        stored_phase.identity,
        stored_phase.direction,
        table.tolist(),
        options.sides,
    ]
    return hashlib.sha256(json.dumps(described).encode()).hexdigest()


def memory(
    stored_phase: StoredPhase,
    layout: Partition,
    conductivity: Mapping[str, float],
    box: int,
    *,
    sides: Sides = "insulated",
    check: bool = False,
) -> int:
    """Return the bytes that the process of one box takes at its peak."""
    start, stop = layout.span(box)
    table = reading.relative_conductivities(stored_phase, conductivity)
    shape = (stop - start, *stored_phase.shape[1:])
    sample = int(np.prod(shape)) if stored_phase.masked else 0
    return forecast(shape, layout, one_conductor(table), sides=sides, check=check) + sample


def _refuse_too_large(
    link: Link, stored_phase: StoredPhase, layout: Partition, options: Options
) -> None:
    """Raise :class:`TooLarge` where the processes of this machine need more memory than is free."""
    need = memory(
        stored_phase,
        layout,
        options.conductivity,
        link.rank,
        sides=options.sides,
        check=options.check,
    )
    refuse(link, need, f"{'x'.join(map(str, stored_phase.shape))} voxels need", options.memory)


def _check_field(stored_phase: StoredPhase, options: Options, target: Path) -> None:
    from poreflux.transport import field_output
    from poreflux.transport.tortuosity.fields import described
    from poreflux.transport.tortuosity.power_maps import described_maps

    shape = np.take(stored_phase.shape, np.argsort(stored_phase.axes)).tolist()
    describe = described_maps if options.dissipation else described
    fields = describe(stored_phase.direction, options.conductivity, options.sides)
    field_output.check_target(shape, target, fields)


def _dataset(direction: str, results: TortuosityResults, options: Options) -> "xr.Dataset":
    """Return the results as :func:`poreflux.tortuosity_factor` does."""
    from poreflux.schema import attributes
    from poreflux.transport.tortuosity.effective_conductivity import (
        EffectiveConductivity,
        section_note,
        tortuosity_dataset,
    )

    effective = EffectiveConductivity(
        results.conductivity, results.percolating, None, results.solution, results.filled_error
    )
    note = {
        "conductivity": dict(options.conductivity),
        "sides": options.sides,
        "rtol": options.rtol,
        "geometry": "voxels",
        **section_note(results.section),
    }
    table = tortuosity_dataset(direction, results.mean, results.conducting, effective, note)
    table["iterations"] += results.iterations
    if results.check is not None:
        variable = ("direction", [results.check], attributes("check_difference"))
        table["check_difference"] = variable
    if options.dissipation:
        from poreflux.transport.tortuosity.power_maps import without_current

        table = table.assign(results.dissipation or without_current())
    return table
