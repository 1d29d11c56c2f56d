"""The tortuosity factor of a stored volume on any number of processes, under PETSc's methods.

Every process calls :func:`solve_tortuosity`; each reads the planes of its own box from the store,
and nothing that grows with the volume is ever in one place.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from poreflux.annotations import Sides
from poreflux.transport.engines.engine import Engine
from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.operator import build
from poreflux.transport.laplace.percolation import percolate
from poreflux.transport.laplace.problem import (
    Problem,
    even_periods,
    one_conductor,
    order,
    validated,
)
from poreflux.transport.parallel import petsc, reading, session
from poreflux.transport.parallel.checkpoint import Checkpoint
from poreflux.transport.parallel.failure import SharedFailure
from poreflux.transport.parallel.memory import forecast, refuse
from poreflux.transport.parallel.neighbours import Ranks
from poreflux.transport.parallel.partition import Partition, partition
from poreflux.transport.parallel.percolation import keep_percolating_on_boxes
from poreflux.transport.solvers.solution import Solution


@dataclass(frozen=True)
class Options:
    """What is solved, and how; see :func:`solve_tortuosity`."""

    conductivity: Mapping[str, float]
    sides: Sides
    rtol: float
    petsc: Sequence[str]
    field: Path | None
    checkpoint: Path | None
    minutes: float
    check: bool
    memory: float | None
    progress: Callable | None
    notice: Callable[[str], None]


class Found(NamedTuple):
    """What the processes found together."""

    mean: float
    conducting: float
    percolating: float
    conductivity: float
    solution: Solution | None
    iterations: int
    check: float | None


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
    memory: float | None = None,
    progress=None,
    notice: Callable[[str], None] | None = None,
    describe: Callable[[BaseException], str] | None = None,
):
    """Compute the tortuosity factor of a stored volume, on all processes of an MPI run together.

    Parameters
    ----------
    path
        store with `phase` (z, y, x).
    direction, conductivity, sides, rtol
        as for :func:`poreflux.tortuosity_factor`; by default `electrolyte` conducts.
    threads
        of each process; by default the cores of its machine, shared evenly.
    petsc_options
        words for PETSc's database, such as ``["-ksp_type", "pipecg", "-log_view"]``.
    field
        the store of this volume, to which to write `potential` and `current_density_magnitude`.
    checkpoint
        folder for the iterate, every so many `minutes` and on SIGUSR1 and SIGTERM; a run that finds
        one of the same problem there goes on from it, on any number of processes.
    minutes
        between two checkpoints.
    check
        also solve with an assembled matrix and algebraic multigrid (small volumes).
    memory
        bytes that the processes of one machine may take; by default what is free there.
    progress, notice
        called on the first process: ``progress(done, total, note)``, and ``notice(sentence)``.
    describe
        makes of a failure what is written where one process alone has it; by default its message.

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
    What one process alone raises ends all of them, with its message and status 1.
    """
    validated(sides, rtol)
    order(direction)
    link = session.connect()
    with session.alarm(link, describe):
        threads = threads or session.threads_here(link)
        PETSc = petsc.start(petsc_options, threads)
        first = link.rank == 0
        options = Options(
            dict(conductivity or {"electrolyte": 1.0}),
            sides,
            rtol,
            tuple(petsc_options),
            None if field is None else Path(field).resolve(),
            None if checkpoint is None else Path(checkpoint).resolve(),
            minutes,
            check,
            memory,
            progress if first else None,
            (notice or session.print_notice) if first else session.ignore_notice,
        )
        with link.together():
            head = reading.read_head(path, direction)
            if first:
                reading.refuse_mask(path)
            petsc.check_indices(int(np.prod(head.shape)), 8 * PETSc.IntType().itemsize)
            if options.field is not None:
                _check_field(head, options, options.field)
        parts = partition(head.shape, link.size, head.chunk[0])
        session.notice_idle(link, parts, options.notice)
        boxes = link.part(parts.boxes)
        found, failure = None, None
        if boxes is not None:
            try:
                with contextlib.closing(Threads(threads)) as engine:
                    found = _on_boxes(boxes, head, parts, options, engine)
            except SharedFailure as shared:
                failure = shared.failure
        link.rest()
        link.share(failure)
        return _dataset(direction, found, options) if first and found is not None else None


def _on_boxes(link, head, parts: Partition, options: Options, engine: Engine) -> Found:
    """Solve on the boxes: called by all processes that have one."""
    start, stop = parts.span(link.rank)
    side = options.sides == "periodic"
    ranks = Ranks(link, parts.edges, (False, side, side), parts.grids)
    with link.together():
        _refuse_too_large(link, head, parts, options)
        cells, counts = reading.read_cells(head, options.conductivity, start, stop, engine)
    relative = reading.relative_conductivities(head, options.conductivity)
    counts = link.gather(counts).sum(0)
    mean = float(counts @ relative / counts.sum())
    conducting = float(counts[relative > 0].sum() / counts.sum())
    keep = partial(keep_percolating_on_boxes, link=link)
    kept = percolate(cells, engine, ranks.periodic, keep=keep)
    if kept == 0:
        return Found(mean, conducting, 0.0, 0.0, None, 0, None)
    share = kept / float(counts[relative > 0].sum())
    cells = even_periods(cells, options.sides)
    problem = Problem(cells, head.spacing, options.sides)
    from poreflux.transport.parallel.solution import check_difference, solve, write_fields

    checked = problem if options.check else None
    problem = replace(problem, cells=np.broadcast_to(cells.dtype.type(0), cells.shape))
    operator = build(Problem(cells, head.spacing, options.sides), engine, np.float64, ranks)
    del cells  # the operator has all there is to know of them
    checkpoint = Checkpoint(
        operator, ranks, options.checkpoint, _identity(head, options),
        seconds=60 * options.minutes, notice=options.notice,
    )  # fmt: skip
    # kappa is proportional to the energy of the whole problem
    unit = problem.relative_conductivity(1.0) * parts.planes / problem.shape[0]
    solution = solve(
        operator, ranks, checkpoint, rtol=options.rtol,
        tortuosity=lambda energy: mean / (unit * energy), progress=options.progress,
    )  # fmt: skip
    kappa = unit * solution.energy
    if options.field is not None:
        write_fields(solution, problem, head, parts, options, link)
    difference = None
    if checked is not None:
        difference = check_difference(checked, ranks, options.rtol, solution.energy)
    return Found(mean, conducting, share, kappa, solution, checkpoint.iterations, difference)


def _identity(head, options: Options) -> str:
    """Return a name for the problem: what a checkpoint must be of."""
    table = reading.relative_conductivities(head, options.conductivity)
    described = [head.identity, head.direction, table.tolist(), options.sides]
    return hashlib.sha256(json.dumps(described).encode()).hexdigest()


def memory(
    head,
    parts: Partition,
    conductivity: Mapping[str, float],
    box: int,
    *,
    sides: Sides = "insulated",
    check: bool = False,
) -> int:
    """Return the bytes that the process of one box takes at its peak."""
    start, stop = parts.span(box)
    table = reading.relative_conductivities(head, conductivity)
    shape = (stop - start, *head.shape[1:])
    return forecast(shape, parts, one_conductor(table), sides=sides, check=check)


def _refuse_too_large(link, head, parts: Partition, options: Options) -> None:
    """Raise :class:`TooLarge` where the processes of this machine need more memory than is free."""
    need = memory(
        head, parts, options.conductivity, link.rank, sides=options.sides, check=options.check
    )
    refuse(link, need, f"{'x'.join(map(str, head.shape))} voxels need", options.memory)


def _check_field(head, options: Options, target: Path) -> None:
    from poreflux.transport import field_output
    from poreflux.transport.tortuosity.fields import described

    shape = np.take(head.shape, np.argsort(head.axes)).tolist()
    fields = described(head.direction, options.conductivity, options.sides)
    field_output.check_target(shape, target, fields)


def _dataset(direction: str, found: Found, options: Options):
    """Return the results as :func:`poreflux.tortuosity_factor` does."""
    from poreflux.schema import attributes
    from poreflux.transport.tortuosity.effective_conductivity import EffectiveConductivity, dataset

    solved = EffectiveConductivity(found.conductivity, found.percolating, None, found.solution)
    note = {
        "conductivity": dict(options.conductivity),
        "sides": options.sides,
        "rtol": options.rtol,
        "geometry": "voxels",
    }
    made = dataset(direction, found.mean, found.conducting, solved, note)
    made["iterations"] += found.iterations
    if found.check is not None:
        variable = ("direction", [found.check], attributes("check_difference"))
        made["check_difference"] = variable
    return made
