"""The current at an electrode of a stored volume on any number of processes, under PETSc.

Every process calls :func:`solve_current`; each reads the planes of its own box from the store, and
holds the whole plane of the electrode, where the kinetics act.
"""

import contextlib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from poreflux.annotations import Progress
from poreflux.errors import NotConverged
from poreflux.objects import at
from poreflux.transport.electrode.conditions import (
    INITIAL_CONTACT,
    Conditions,
    conditions,
    wagner_lengths_of,
)
from poreflux.transport.engines.engine import Engine
from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.operator import Operator
from poreflux.transport.laplace.problem import conductors
from poreflux.transport.parallel import petsc, reading, session
from poreflux.transport.parallel.electrode import ElectrodeResults, Task, on_boxes
from poreflux.transport.parallel.failure import SharedFailure
from poreflux.transport.parallel.neighbours import Link, Ranks
from poreflux.transport.parallel.partition import Partition, partition
from poreflux.transport.parallel.reading import StoredPhase
from poreflux.transport.solvers.linear_solver import LinearSolver

if TYPE_CHECKING:
    import xarray as xr

    from poreflux.transport.electrode.contact_mask import Contact


def solve_current(
    path: str | Path,
    *,
    contact: "Contact | Callable[[xr.Dataset], Contact]" = INITIAL_CONTACT,
    conductivity: float | Mapping[str, float] = 0.1,
    wagner_lengths: Sequence[float] = (),
    threads: int | None = None,
    petsc_options: Sequence[str] = (),
    field: str | Path | None = None,
    checkpoint: str | Path | None = None,
    minutes: float = 5.0,
    memory: float | None = None,
    progress: Progress | None = None,
    notice: Callable[[str], None] | None = None,
    describe: Callable[[BaseException], str] | None = None,
    **options: Any,
) -> "xr.Dataset | None":
    """Compute the current density at an electrode, on all processes of an MPI run together.

    Parameters
    ----------
    path
        store with `phase` (z, y, x); of a `mask`, of any shape, what is inside.
    contact
        as for :func:`poreflux.interfacial_current`; or a function of the volume that returns it,
        called on the first process alone.
    conductivity, wagner_lengths, options
        as for :func:`poreflux.interfacial_current`, on voxels.
    threads
        of each process; by default the cores of its machine, shared evenly.
    petsc_options
        options for PETSc's database, such as ``["-log_view"]``; the method is conjugate gradients.
    field
        the store of this volume, to which to write `cell_potential` and `cell_current_density`.
    checkpoint, minutes
        folder for the potential and the state of Newton's method, to continue an interrupted run
        from, on any number of processes; saved after so many minutes.
    memory
        bytes that the processes of one machine may take; by default what is free there.
    progress, notice
        called on the first process: ``progress(done, total, note)``, and ``notice(sentence)``.
    describe
        turns the failure of a single process into what is printed; by default its message.

    Returns
    -------
    Dataset as of :func:`poreflux.interfacial_current` on the first process, None on the others.

    Raises
    ------
    NoPetsc
        if MPI or PETSc is missing.
    TooLarge
        if a machine has too little memory for its processes, or PETSc too small integers.
    NotConverged, DamagedStore, StoreExists, KeyError, ValueError
        as :func:`poreflux.interfacial_current`; on all processes alike.

    Notes
    -----
    An exception on a single process ends all of them, with its message and status 1. SIGUSR1 asks
    for a checkpoint, SIGTERM for one and the end (``Interrupted``).
    """
    operating = conditions(**options)
    lengths = wagner_lengths_of(wagner_lengths)
    link = session.connect()
    with session.abort_on_failure(link, describe):
        threads = threads or session.threads_per_process(link)
        PETSc = petsc.start(petsc_options, threads)
        first = link.rank == 0
        give_notice = (notice or session.print_notice) if first else session.ignore_notice
        volume = contact_mask = None
        target = None if field is None else at(field).resolve()
        with link.together():
            from poreflux.transport.parallel.linear_solver import PetscSolver, check_method

            check_method()
            stored_phase = reading.read_stored_phase(path, operating.direction)
            phases = conductors(stored_phase.labels, conductivity)
            reading.relative_conductivities(stored_phase, phases)
            petsc.check_indices(int(np.prod(stored_phase.shape)), 8 * PETSc.IntType().itemsize)
            extent = np.zeros(7, np.int64)
            if first:
                extent = reading.mask_extent(path, target)
                volume, contact_mask = _opened(path, contact, operating, phases, target)
        stored_phase = reading.within_mask(stored_phase, link.broadcast(extent, 0))
        mask = (
            np.zeros(stored_phase.shape[1:], bool) if contact_mask is None else contact_mask.values
        )
        mask = link.broadcast(np.ascontiguousarray(mask), 0)
        layout = partition(stored_phase.shape, link.size, stored_phase.chunk[0])
        session.notice_idle(link, layout, give_notice)
        box_link = link.first_processes(layout.boxes)
        task = Task(operating, phases, lengths, mask, target, memory, progress if first else None)
        results, failure = None, None
        if box_link is not None:
            try:
                with contextlib.closing(Threads(threads)) as engine:
                    keep = None
                    if checkpoint is not None:
                        keep = _keeper(stored_phase, task, at(checkpoint), minutes, give_notice)
                    results = _solved(
                        box_link, stored_phase, layout, task, engine, PetscSolver, keep
                    )
            except SharedFailure as shared:
                failure = shared.failure
            except NotConverged as error:  # all processes detect a stall from the same numbers
                failure = error
        link.wait()
        link.raise_first(failure)
        if results is None or volume is None or contact_mask is None:  # of the first alone
            return None
        return current_dataset(volume, contact_mask, stored_phase, task, results)


def _opened(
    path: str | Path,
    contact: "Contact | Callable[[xr.Dataset], Contact]",
    operating: Conditions,
    phases: Mapping[str, float],
    target: Path | None,
) -> "tuple[xr.Dataset, xr.DataArray]":
    """Return the volume and its contact mask; raise where fields cannot be written."""
    from poreflux.store import open as open_store
    from poreflux.transport import field_output
    from poreflux.transport.electrode.contact_mask import contact_of
    from poreflux.transport.electrode.fields import described
    from poreflux.volume import within_mask

    volume = within_mask(open_store(path), target)
    given = contact(volume) if callable(contact) else contact
    mask = contact_of(volume, given, operating.direction)
    if target is not None:
        fields = described(operating, phases, mask.values)
        field_output.check_target(volume["phase"].shape, target, fields)
    return volume, mask


def _solved(
    link: Link,
    stored_phase: StoredPhase,
    layout: Partition,
    task: Task,
    engine: Engine,
    make_solver: Callable[[Operator, Link], LinearSolver],
    keep: Callable | None = None,
) -> ElectrodeResults:
    results = on_boxes(
        link, stored_phase, layout, task, engine, lambda operator: make_solver(operator, link), keep
    )
    if results.model is not None:
        results.model.cell.solver.close()
    return results


def _keeper(
    stored_phase: StoredPhase,
    task: Task,
    folder: Path,
    minutes: float,
    notice: Callable[[str], None],
) -> Callable:
    """Return what makes the checkpoint of a solver on boxes."""
    from poreflux.transport.parallel.checkpoint import Checkpoint
    from poreflux.transport.parallel.current_checkpoint import CurrentCheckpoint

    def keep(operator: Operator, ranks: Ranks, solver: Any) -> CurrentCheckpoint:
        identity = _identity(stored_phase, task)
        seconds = 60 * minutes
        checkpoint = Checkpoint(operator, ranks, folder, identity, seconds=seconds, notice=notice)
        return CurrentCheckpoint(checkpoint, solver)

    return keep


def _identity(stored_phase: StoredPhase, task: Task) -> str:
    """Return a digest of the problem, which a checkpoint must match."""
    described = [
        "current",
        stored_phase.origin,
        stored_phase.shape,
        stored_phase.identity,
        stored_phase.direction,
        sorted(task.phases.items()),
        repr(task.operating),
        list(task.lengths),
        hashlib.sha256(np.packbits(task.mask).tobytes()).hexdigest(),
    ]
    return hashlib.sha256(repr(described).encode()).hexdigest()


def current_dataset(
    volume: "xr.Dataset",
    contact: "xr.DataArray",
    stored_phase: StoredPhase,
    task: Task,
    results: ElectrodeResults,
) -> "xr.Dataset":
    """Return the results as :func:`poreflux.interfacial_current` does."""
    from poreflux.transport.electrode.dataset import (
        ElectrodeSurface,
        note_conductivities,
        section_array,
        solved_results,
        sweep_results,
        unconnected_results,
    )

    depth = task.depth(stored_phase.spacing[0], results.face)
    surface = ElectrodeSurface(
        task.operating, contact, stored_phase.spacing, task.reference, results.solid, results.face,
        results.porosity, results.weighted_porosity, depth,
    )  # fmt: skip
    if results.model is None or results.plane_current is None or results.section is None:
        table = unconnected_results(surface)
        note_conductivities(table, task.operating.direction, task.phases)
        return table
    table = solved_results(surface, results.model, results.states[0][1], results.plane_current)
    table.update(section_array(results.section, task.operating, volume))
    if task.lengths:
        table = table.merge(sweep_results(surface, task.lengths, results.model, results.states[1:]))
    note_conductivities(table, task.operating.direction, task.phases)
    return table
