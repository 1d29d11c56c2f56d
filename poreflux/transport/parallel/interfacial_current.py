"""The current at an electrode of a stored volume on any number of processes, under PETSc.

Every process calls :func:`solve_current`; each reads the planes of its own box from the store. The
plane of the electrode, where the kinetics are, every process knows whole.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from poreflux.errors import NotConverged
from poreflux.transport.electrode.conditions import (
    INITIAL_CONTACT,
    conditions,
    phases_of,
    wagner_lengths_of,
)
from poreflux.transport.engines.engine import Engine
from poreflux.transport.engines.threads import Threads
from poreflux.transport.parallel import petsc, reading, session
from poreflux.transport.parallel.electrode import ElectrodeResults, Task, on_boxes
from poreflux.transport.parallel.failure import SharedFailure
from poreflux.transport.parallel.partition import partition


def solve_current(
    path: str | Path,
    *,
    contact=INITIAL_CONTACT,
    conductivity: float | Mapping[str, float] = 0.1,
    wagner_lengths: Sequence[float] = (),
    threads: int | None = None,
    petsc_options: Sequence[str] = (),
    field: str | Path | None = None,
    memory: float | None = None,
    progress=None,
    notice: Callable[[str], None] | None = None,
    describe: Callable[[BaseException], str] | None = None,
    **options,
):
    """Compute the current density at an electrode, on all processes of an MPI run together.

    Parameters
    ----------
    path
        store with `phase` (z, y, x).
    contact
        as for :func:`poreflux.interfacial_current`; or a function of the volume that returns it,
        called on the first process alone.
    conductivity, wagner_lengths, options
        as for :func:`poreflux.interfacial_current`, on voxels.
    threads
        of each process; by default the cores of its machine, shared evenly.
    petsc_options
        words for PETSc's database, such as ``["-log_view"]``; the method is conjugate gradients.
    field
        the store of this volume, to which to write `cell_potential` and `cell_current_density`.
    memory
        bytes that the processes of one machine may take; by default what is free there.
    progress, notice
        called on the first process: ``progress(done, total, note)``, and ``notice(sentence)``.
    describe
        makes of a failure what is written where one process alone has it; by default its message.

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
    What one process alone raises ends all of them, with its message and status 1.
    """
    asked = conditions(**options)
    lengths = wagner_lengths_of(wagner_lengths)
    phases = phases_of(conductivity)
    link = session.connect()
    with session.abort_on_failure(link, describe):
        threads = threads or session.threads_per_process(link)
        PETSc = petsc.start(petsc_options, threads)
        first = link.rank == 0
        say = (notice or session.print_notice) if first else session.ignore_notice
        volume = contact_map = None
        target = None if field is None else Path(field).resolve()
        with link.together():
            from poreflux.transport.parallel.linear_solver import PetscSolver, check_method

            check_method()
            head = reading.read_stored_phase(path, asked.direction)
            reading.relative_conductivities(head, phases)
            petsc.check_indices(int(np.prod(head.shape)), 8 * PETSc.IntType().itemsize)
            if first:
                reading.refuse_mask(path)
                volume, contact_map = _opened(path, contact, asked, phases, target)
        mask = np.zeros(head.shape[1:], bool) if contact_map is None else contact_map.values
        mask = link.broadcast(np.ascontiguousarray(mask), 0)
        parts = partition(head.shape, link.size, head.chunk[0])
        session.notice_idle(link, parts, say)
        boxes = link.first_processes(parts.boxes)
        task = Task(asked, phases, lengths, mask, target, memory, progress if first else None)
        found, failure = None, None
        if boxes is not None:
            try:
                with contextlib.closing(Threads(threads)) as engine:
                    found = _solved(boxes, head, parts, task, engine, PetscSolver)
            except SharedFailure as shared:
                failure = shared.failure
            except NotConverged as error:  # all processes judge a stall by the same numbers
                failure = error
        link.wait()
        link.raise_first(failure)
        return dataset(volume, contact_map, head, task, found) if first and found else None


def _opened(path, contact, asked, phases, target: Path | None):
    """Return the volume and its map of contact; raise where fields cannot be written."""
    from poreflux.store import open as open_store
    from poreflux.transport import field_output
    from poreflux.transport.electrode.contact_mask import contact_of
    from poreflux.transport.electrode.fields import described

    volume = open_store(path)
    given = contact(volume) if callable(contact) else contact
    mask = contact_of(volume, given, asked.direction)
    if target is not None:
        fields = described(asked, phases, mask.values)
        field_output.check_target(volume["phase"].shape, target, fields)
    return volume, mask


def _solved(link, head, parts, task: Task, engine: Engine, make_solver) -> ElectrodeResults:
    found = on_boxes(link, head, parts, task, engine, lambda op: make_solver(op, link))
    if found.model is not None:
        found.model.cell.solver.close()
    return found


def dataset(volume, contact, head, task: Task, found: ElectrodeResults):
    """Return the results as :func:`poreflux.interfacial_current` does."""
    from poreflux.transport.electrode.dataset import (
        ElectrodeSurface,
        solved_results,
        sweep_results,
        unconnected_results,
    )
    from poreflux.transport.electrode.fields import section_array

    depth = task.depth(head.spacing[0])
    surface = ElectrodeSurface(
        task.operating, contact, head.spacing, task.reference, found.solid, found.porosity,
        found.weighted_porosity, depth,
    )  # fmt: skip
    if found.model is None or found.plane_current is None or found.section is None:
        return unconnected_results(surface)
    results = solved_results(surface, found.model, found.states[0][1], found.plane_current)
    results.update(section_array(found.section, task.operating, volume))
    if task.lengths:
        results = results.merge(sweep_results(surface, task.lengths, found.model, found.states[1:]))
    return results
