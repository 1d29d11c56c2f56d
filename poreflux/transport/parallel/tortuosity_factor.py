"""The tortuosity factor of a stored volume on any number of processes, under PETSc's methods.

Every process calls :func:`solve_tortuosity`; each reads the planes of its own box from the store,
and nothing that grows with the volume is ever in one place.
"""

import contextlib
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from poreflux.machine import available_cores
from poreflux.transport.engines.threads import Team
from poreflux.transport.laplace.operator import build
from poreflux.transport.laplace.problem import Problem, order, validated
from poreflux.transport.parallel import petsc as mpi_petsc
from poreflux.transport.parallel import reading as mpi_reading
from poreflux.transport.parallel.memory import forecast, refuse
from poreflux.transport.parallel.neighbours import Ranks
from poreflux.transport.parallel.partition import Partition, partition
from poreflux.transport.parallel.percolation import keep_percolating_on_boxes
from poreflux.transport.solvers import conjugate_gradients as serial


@dataclass(frozen=True)
class Options:
    """What is solved, and how; see :func:`solve_tortuosity`."""

    conductivity: Mapping[str, float]
    sides: str
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
    solution: serial.Solution | None
    iterations: int
    check: float | None


def solve_tortuosity(
    path: str | Path,
    *,
    direction: str = "z",
    conductivity: Mapping[str, float] | None = None,
    sides: str = "insulated",
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
    link = connect()
    with alarm(link, describe):
        threads = threads or threads_here(link)
        PETSc = mpi_petsc.start(petsc_options, threads)
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
            (notice or say) if first else nothing,
        )
        with link.together():
            head = mpi_reading.head(path, direction)
            if first:
                mpi_reading.refuse_mask(path)
            mpi_petsc.check_indices(int(np.prod(head.shape)), 8 * PETSc.IntType().itemsize)
            if options.field is not None:
                _check_field(head, options.field)
        parts = partition(head.shape, link.size, head.chunk[0])
        notice_idle(link, parts, options.notice)
        boxes = link.part(parts.boxes)
        found, failure = None, None
        if boxes is not None:
            try:
                found = _on_boxes(boxes, head, parts, options, Team(threads))
            except Exception as error:
                if not getattr(error, "everywhere", False):
                    raise
                failure = error
        link.rest()
        link.share(failure)
        return _dataset(direction, found, options) if first and found is not None else None


def connect():
    """Return the link between all processes of this run.

    Raises
    ------
    NoPetsc
        where mpi4py or an MPI is missing, or the processes were started by another MPI.
    """
    try:
        from mpi4py import MPI

        from poreflux.transport.parallel.link import Link
    except (ImportError, RuntimeError) as error:
        raise mpi_petsc.NoPetsc(f"MPI cannot be loaded ({error}); {mpi_petsc.INSTALL}") from error
    link = Link(MPI.COMM_WORLD)
    names = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS", "SLURM_STEP_NUM_TASKS")
    started = max((int(os.environ.get(name, 1)) for name in names), default=1)
    if link.size == 1 and started > 1:
        library = MPI.Get_library_version().split(",")[0].strip()
        raise mpi_petsc.NoPetsc(
            f"{started} processes were started, but each is alone: mpiexec and mpi4py are of "
            f"different MPIs (mpi4py has {library}); use the mpiexec beside this Python, or build "
            "mpi4py with the MPI of this machine"
        )
    return link


def threads_here(link) -> int:
    """Return how many threads each process may take."""
    from poreflux.transport.parallel.link import threads_for

    return threads_for(link.comm, available_cores())


@contextlib.contextmanager
def alarm(link, describe: Callable[[BaseException], str] | None = None) -> Iterator[None]:
    """End all processes when one raises what the others do not know of: they would wait."""
    try:
        yield
    except BaseException as failure:
        if link.size == 1 or getattr(failure, "everywhere", False):
            raise
        time.sleep(min(0.05 * link.rank, 1))  # where several fail, one speaks
        words = (describe or message)(failure)
        # past sys.stderr, which may be closed on all but the first process
        os.write(2, f"poreflux: process {link.rank} of {link.size}: {words}\n".encode())
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # MPI adds nothing that helps
        time.sleep(0.1)  # until mpiexec has passed it on
        link.comm.Abort(1)
        os._exit(1)  # it may return, and nothing must follow


@contextlib.contextmanager
def one_voice() -> Iterator[bool]:
    """Let the first process alone speak: yield whether this is it; others fail silently."""
    first = connect().rank == 0
    try:
        yield first
    except Exception as failure:
        if first:
            raise
        misuse = isinstance(failure, (ValueError, TypeError, KeyError))
        raise SystemExit(2 if misuse else 1) from None  # mpiexec mixes statuses that differ


def _on_boxes(link, head, parts: Partition, options: Options, team: Team) -> Found:
    """Solve on the boxes: called by all processes that have one."""
    start, stop = parts.span(link.rank)
    side = options.sides == "periodic"
    neighbours = Ranks(link, parts.edges, (False, side, side), parts.grids)
    with link.together():
        _refuse_too_large(link, head, parts, options)
        cells, counts = mpi_reading.read_cells(head, options.conductivity, start, stop, team)
    relative = mpi_reading.relative_conductivities(head, options.conductivity)
    counts = link.gather(counts).sum(0)
    mean = float(counts @ relative / counts.sum())
    conducting = float(counts[relative > 0].sum() / counts.sum())
    kept = percolate(cells, team, neighbours)
    if kept == 0:
        return Found(mean, conducting, 0.0, 0.0, None, 0, None)
    share = kept / float(counts[relative > 0].sum())
    if side:
        cells = np.tile(cells, (1, *(1 + n % 2 for n in cells.shape[1:])))
    problem = Problem(cells, head.spacing, options.sides)
    from poreflux.transport.parallel.solution import check_difference, solve, write_fields

    checked = problem if options.check else None
    problem = replace(problem, cells=np.broadcast_to(cells.dtype.type(0), cells.shape))
    operator = build(Problem(cells, head.spacing, options.sides), team, np.float64, neighbours)
    del cells  # the operator has all there is to know of them
    identity = _identity(head, options)
    conductivity = _Conductivity(problem, parts.planes)
    solution, before = solve(operator, problem, options, identity, conductivity, mean)
    kappa = conductivity(solution.energy)
    if options.field is not None:
        write_fields(solution, problem, head, parts, options.field)
    difference = None
    if checked is not None:
        difference = check_difference(checked, neighbours, options.rtol, solution.energy)
    return Found(mean, conducting, share, kappa, solution, before, difference)


class _Conductivity:
    """The effective conductivity that belongs to an energy of the whole problem."""

    def __init__(self, problem: Problem, planes: int):
        self.factor = problem.relative_conductivity(1.0) * planes / problem.shape[0]

    def __call__(self, energy: float) -> float:
        return self.factor * energy


def percolate(cells: np.ndarray, team: Team, neighbours, where=(None, None)) -> int:
    """Clear, in place, cells that carry no current; return how many cells of all boxes stay."""
    periodic = neighbours.periodic
    if cells.dtype == np.uint8:
        return keep_percolating_on_boxes(cells, team, periodic, neighbours, where=where)
    solid = (cells > 0).astype(np.uint8)
    kept = keep_percolating_on_boxes(solid, team, periodic, neighbours, where=where)
    cells *= solid
    return kept


def _identity(head, options: Options) -> str:
    """Return a name for the problem: what a checkpoint must be of."""
    table = mpi_reading.relative_conductivities(head, options.conductivity)
    told = [head.identity, head.direction, table.tolist(), options.sides]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def memory(
    head, parts: Partition, conductivity, box: int, *, sides="insulated", check=False
) -> int:
    """Return the bytes that the process of one box takes at its peak."""
    start, stop = parts.span(box)
    table = mpi_reading.relative_conductivities(head, conductivity)
    binary = len(np.unique(table[table > 0])) == 1
    return forecast((stop - start, *head.shape[1:]), parts, binary, sides=sides, check=check)


def _refuse_too_large(link, head, parts: Partition, options: Options) -> None:
    """Raise :class:`TooLarge` where the processes of this machine need more memory than is free."""
    how: dict = {"sides": options.sides, "check": options.check}
    need = memory(head, parts, options.conductivity, link.rank, **how)
    refuse(link, need, f"{'x'.join(map(str, head.shape))} voxels need", options.memory)


def _check_field(head, target: Path) -> None:
    from poreflux.transport.tortuosity.fields import check_target

    shape = tuple(np.take(head.shape, np.argsort(head.axes)))
    check_target(shape, target)


def notice_idle(link, parts: Partition, notice) -> None:
    """Say how many processes have nothing to do, where there are such."""
    idle = link.size - parts.boxes
    if idle:
        notice(
            f"{idle} of {link.size} processes stay idle: {parts.planes} planes are worked best in "
            f"{parts.boxes} box{'es' if parts.boxes > 1 else ''}"
        )


def say(sentence: str) -> None:
    """Print a sentence to the person who waits."""
    print(f"poreflux: {sentence}", file=sys.stderr, flush=True)


def message(failure: BaseException) -> str:
    """Return what a failure says, on one line."""
    return " ".join(str(failure).split()) or type(failure).__name__


def nothing(_: str) -> None:
    """Say nothing."""


def _dataset(direction: str, found: Found, options: Options):
    """Return the results as :func:`poreflux.tortuosity_factor` does."""
    from poreflux.schema import attributes
    from poreflux.transport.tortuosity.tortuosity_factor import Solved, dataset

    solved = Solved(found.conductivity, found.percolating, None, found.solution)
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
