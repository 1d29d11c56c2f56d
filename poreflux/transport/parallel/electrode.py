"""The current at an electrode on the boxes of all processes, for any link and linear solver."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from poreflux.annotations import Progress
from poreflux.transport.electrode import fields, planes
from poreflux.transport.electrode.column_porosity import (
    ColumnSums,
    column_sums,
    decay_weights,
    relative_to_mean,
)
from poreflux.transport.electrode.conditions import Conditions
from poreflux.transport.electrode.newton import State
from poreflux.transport.electrode.refinement import near_electrode
from poreflux.transport.electrode.voxels import ElectrodeModel, plane_currents, solve, solve_bulk
from poreflux.transport.engines.engine import Engine
from poreflux.transport.laplace.boundary import HIGH
from poreflux.transport.laplace.operator import Operator, build
from poreflux.transport.laplace.percolation import percolate
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.parallel import fields as shared_fields
from poreflux.transport.parallel import reading, tortuosity_factor
from poreflux.transport.parallel.memory import refuse
from poreflux.transport.parallel.neighbours import Link, Ranks
from poreflux.transport.parallel.partition import Partition
from poreflux.transport.parallel.percolation import keep_percolating_on_boxes
from poreflux.transport.parallel.reading import StoredPhase
from poreflux.transport.solvers.linear_solver import LinearSolver

if TYPE_CHECKING:
    from poreflux.transport.parallel.current_checkpoint import CurrentCheckpoint

#: bytes for each voxel of the electrode's face, which every process holds: links, sources,
#: potentials and currents of both faces, the law of the interface, cells and potentials near the
#: electrode; with an equipotential drive also those at one volt; and for each stored state
FACE_BYTES = {"flux": 200, "equipotential": 310}
STATE_BYTES = 16

#: bytes of libraries of the first process, which makes the contact mask and the results
LIBRARY_BYTES = 120 * 2**20


@dataclass(frozen=True)
class Task:
    """What is solved: conditions, conductivities of phases in S/m, Wagner lengths in µm, where
    there is contact (n1, n2)."""

    operating: Conditions
    phases: Mapping[str, float]
    lengths: Sequence[float]
    mask: np.ndarray
    field: Path | None = None
    memory: float | None = None
    progress: Progress | None = None

    @property
    def reference(self) -> float:
        """Return the largest conductivity in S/m."""
        return max(self.phases.values())

    def depth(self, spacing: float, face: np.ndarray) -> float:
        """Return the decay length in µm of the weights of the porosity; `face` is the sample's."""
        return self.operating.depth(self.reference, float(self.mask[face].mean()), spacing)

    def laws(self) -> list[Conditions]:
        """Return the operating conditions, and those of the Wagner lengths."""
        swept = (self.operating.at_wagner_length(length, self.reference) for length in self.lengths)
        return [self.operating, *swept]


@dataclass(frozen=True)
class ElectrodeResults:
    """The results of all boxes; without states where nothing joins the fed face to the contact.

    The porosities of columns are empty but on the first box, which makes the Dataset.
    """

    solid: np.ndarray
    face: np.ndarray
    porosity: np.ndarray
    weighted_porosity: np.ndarray
    model: ElectrodeModel | None = None
    states: Sequence[tuple[Conditions, State]] = ()
    plane_current: np.ndarray | None = None
    section: np.ndarray | None = None


def on_boxes(
    link: Link,
    stored_phase: StoredPhase,
    layout: Partition,
    task: Task,
    engine: Engine,
    make_solver: Callable[[Operator], LinearSolver],
    checkpoint_of: Callable[[Operator, Ranks, LinearSolver], "CurrentCheckpoint"] | None = None,
) -> ElectrodeResults:
    """Read and solve: called by all processes that have a box."""
    start, stop = layout.span(link.rank)
    ranks = Ranks(link, layout.edges, (False, False, False), layout.grids)
    with link.together():
        size = "x".join(map(str, stored_phase.shape))
        need = memory(stored_phase, layout, task, link.rank)
        refuse(link, need, f"the current through {size} voxels needs", task.memory)
        cells, counts, sample = reading.read_cells(stored_phase, task.phases, start, stop, engine)
    relative = reading.relative_conductivities(stored_phase, task.phases)
    conducting = float(link.gather(counts).sum(0)[relative > 0].sum())
    face = np.ones(stored_phase.shape[1:], bool)
    if sample is not None:
        face = ranks.outermost(sample)[task.operating.reacting]
    porosity, weighted_porosity = _column_porosities(cells, sample, stored_phase, task, face, ranks)
    del sample
    solid = ranks.outermost(cells)[task.operating.reacting] > 0
    outer_masks: list[np.ndarray | None] = [None, None]
    outer_masks[task.operating.reacting] = task.mask
    keep = partial(keep_percolating_on_boxes, link=link)
    connected = percolate(cells, engine, where=(outer_masks[0], outer_masks[1]), keep=keep)
    if connected == 0:
        return ElectrodeResults(solid, face, porosity, weighted_porosity)
    operator = build(Problem(cells, stored_phase.spacing), engine, np.float64, ranks)
    problem = Problem(np.broadcast_to(cells.dtype.type(0), cells.shape), stored_phase.spacing)
    near = near_electrode(
        cells,
        (ranks.first, ranks.planes),
        task.operating.reacting == HIGH,
        task.reference,
        stored_phase.spacing,
        link.add,
    )
    del cells  # the operator holds their geometry
    solver = make_solver(operator)
    kept = None if checkpoint_of is None else checkpoint_of(operator, ranks, solver)
    with nullcontext() if kept is None else kept.active():
        model = solve_bulk(
            problem, operator, task.reference, task.mask.astype(float), task.operating,
            connected / conducting, task.progress, solver, faces=int(face.sum()), kept=kept,
        )  # fmt: skip
        model.near = near
        states = solve(model, task.laws(), task.progress, kept)
        first_state = next(states)
        plane_current = plane_currents(model)
        section = planes.current_section(model, stored_phase.spacing, task.reference)
        if task.field is not None:
            _write(link, stored_phase, layout, task, task.field, model)
        section = np.concatenate(link.join(section))
        all_states = [first_state, *states]
    return ElectrodeResults(
        solid, face, porosity, weighted_porosity, model, all_states, plane_current, section
    )


def _column_porosities(
    cells: np.ndarray,
    sample: np.ndarray | None,
    stored_phase: StoredPhase,
    task: Task,
    face: np.ndarray,
    ranks: Ranks,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the porosity of columns less the mean, and the same weighted towards the electrode;
    empty arrays but on the first box."""
    link, start, planes = ranks.link, ranks.first, ranks.planes
    depth = task.depth(stored_phase.spacing[0], face)
    weights = decay_weights(planes, stored_phase.spacing[0], depth, task.operating.reacting == HIGH)
    own_weights = weights[start : start + len(cells)] / weights.sum()
    voxels = int(link.gather(cells.size if sample is None else sample.sum()).sum())
    even = np.full(len(cells), 1 / planes)
    found = [np.empty(0), np.empty(0)]
    for number, of_planes in enumerate((even, own_weights)):
        sums = _of_all(column_sums(cells, of_planes, sample), link, sample)
        if link.rank == 0:
            found[number] = relative_to_mean(sums, voxels)
    return found[0], found[1]


def _of_all(sums: ColumnSums, link: Link, sample: np.ndarray | None) -> ColumnSums:
    """Return the sums of all boxes."""
    weight = sums.weight if sample is None else link.add(sums.weight)
    return ColumnSums(link.add(sums.pore), weight, int(link.gather(sums.pores).sum()))


def _write(
    link: Link,
    stored_phase: StoredPhase,
    layout: Partition,
    task: Task,
    target: Path,
    model: ElectrodeModel,
) -> None:
    """Write the potential and the current density, each process the chunks of its own planes."""
    described = fields.described(task.operating, task.phases, task.mask)

    def slabs(count: int) -> Iterator[tuple]:
        return planes.field_slabs(model, stored_phase.spacing, task.reference, count)

    shared_fields.write(link, stored_phase, layout, target, described, slabs)


def memory(stored_phase: StoredPhase, layout: Partition, task: Task, box: int) -> int:
    """Return the bytes that the process of one box takes at its peak.

    Beside what :func:`poreflux.transport.parallel.memory.forecast` counts: the potential, that
    before the last step of Newton's method, with an equipotential drive that at one volt; and the
    electrode's face.
    """
    start, stop = layout.span(box)
    face = prod(stored_phase.shape[1:])
    vectors = 3 if task.operating.drive == "equipotential" else 2
    of_face = FACE_BYTES[task.operating.drive] + STATE_BYTES * len(task.lengths)
    extra = face * (of_face + 4 * vectors * (stop - start))
    extra += 0 if box else LIBRARY_BYTES
    return tortuosity_factor.memory(stored_phase, layout, task.phases, box) + extra
