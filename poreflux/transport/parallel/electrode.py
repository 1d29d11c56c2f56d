"""The current at an electrode on the boxes of all processes, whatever links and solves them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from poreflux.transport.electrode import fields, planes
from poreflux.transport.electrode.column_porosity import column_sums, decay_weights
from poreflux.transport.electrode.conditions import Conditions
from poreflux.transport.electrode.newton import State
from poreflux.transport.electrode.voxels import ElectrodeModel, plane_currents, solve, solve_bulk
from poreflux.transport.engines.engine import Engine
from poreflux.transport.laplace.boundary import HIGH
from poreflux.transport.laplace.operator import Operator, build
from poreflux.transport.laplace.percolation import percolate
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.parallel import fields as shared_fields
from poreflux.transport.parallel import reading, tortuosity_factor
from poreflux.transport.parallel.memory import refuse
from poreflux.transport.parallel.neighbours import Ranks
from poreflux.transport.parallel.partition import Partition
from poreflux.transport.parallel.percolation import keep_percolating_on_boxes
from poreflux.transport.solvers.linear_solver import LinearSolver

#: bytes for each voxel of the electrode's face, which every process knows whole: links, sources,
#: potentials and currents of both faces, the law of the interface; and for each state that is kept
FACE, STATE = 450, 16

#: bytes of libraries of the first process, which makes contact and results
LIBRARIES = 120 * 2**20


@dataclass(frozen=True)
class Task:
    """What is solved: conditions, conductivities of phases in S/m, Wagner lengths in µm, where
    there is contact (n1, n2)."""

    asked: Conditions
    phases: Mapping[str, float]
    lengths: Sequence[float]
    mask: np.ndarray
    field: Path | None = None
    memory: float | None = None
    progress: Any = None

    @property
    def reference(self) -> float:
        """Return the largest conductivity in S/m."""
        return max(self.phases.values())

    def depth(self, spacing: float) -> float:
        """Return over how many µm the porosity near the electrode is weighed."""
        return self.asked.depth(self.reference, spacing)

    def laws(self) -> list[Conditions]:
        """Return the conditions asked for, and those of the Wagner lengths."""
        return [self.asked, *(self.asked.at(length, self.reference) for length in self.lengths)]


@dataclass(frozen=True)
class Found:
    """What all boxes know together; without states, nothing joins the current to the contact."""

    solid: np.ndarray
    columns: np.ndarray
    close: np.ndarray
    current: ElectrodeModel | None = None
    states: Sequence[tuple[Conditions, State]] = ()
    planes: np.ndarray | None = None
    section: np.ndarray | None = None


def on_boxes(
    link,
    head,
    parts: Partition,
    task: Task,
    engine: Engine,
    make_solver: Callable[[Operator], LinearSolver],
) -> Found:
    """Read and solve: called by all processes that have a box."""
    start, stop = parts.span(link.rank)
    ranks = Ranks(link, parts.edges, (False, False, False), parts.grids)
    with link.together():
        size = "x".join(map(str, head.shape))
        need = memory(head, parts, task, link.rank)
        refuse(link, need, f"the current through {size} voxels needs", task.memory)
        cells, counts = reading.read_cells(head, task.phases, start, stop, engine)
    relative = reading.relative_conductivities(head, task.phases)
    conducting = float(link.gather(counts).sum(0)[relative > 0].sum())
    columns, close = _columns(cells, head, task, ranks)
    solid = ranks.outermost(cells)[task.asked.reacting] > 0
    where: list[np.ndarray | None] = [None, None]
    where[task.asked.reacting] = task.mask
    keep = partial(keep_percolating_on_boxes, link=link)
    kept = percolate(cells, engine, where=(where[0], where[1]), keep=keep)
    if kept == 0:
        return Found(solid, columns, close)
    operator = build(Problem(cells, head.spacing), engine, np.float64, ranks)
    problem = Problem(np.broadcast_to(cells.dtype.type(0), cells.shape), head.spacing)
    del cells  # the operator has all there is to know of them
    current = solve_bulk(
        problem, operator, task.reference, task.mask.astype(float), task.asked, kept / conducting,
        task.progress, make_solver(operator),
    )  # fmt: skip
    states = solve(current, task.laws(), task.progress)
    first = next(states)
    through_planes = plane_currents(current)
    section = planes.section(current, head.spacing, task.reference)
    if task.field is not None:
        _write(link, head, parts, task, task.field, current)
    section = np.concatenate(link.join(section))
    return Found(solid, columns, close, current, [first, *states], through_planes, section)


def _columns(cells: np.ndarray, head, task: Task, ranks: Ranks) -> tuple[np.ndarray, np.ndarray]:
    """Return the porosity of columns less the mean, and the same weighed near the electrode."""
    link, start, planes = ranks.link, ranks.first, ranks.planes
    depth = task.depth(head.spacing[0])
    weights = decay_weights(planes, head.spacing[0], depth, task.asked.reacting == HIGH)
    own = weights[start : start + len(cells)] / weights.sum()
    columns, pores = column_sums(cells, np.full(len(cells), 1 / planes))
    close, _ = column_sums(cells, own)
    mean = float(link.gather(pores).sum()) / prod(head.shape)
    return link.add(columns) - mean, link.add(close) - mean


def _write(link, head, parts: Partition, task: Task, target: Path, current) -> None:
    """Write the potential and the current density, each process the chunks of its own planes."""
    described = fields.described(task.asked, task.phases, task.mask)

    def slabs(count: int):
        return planes.slabs(current, head.spacing, task.reference, count)

    shared_fields.write(link, head, parts, target, described, slabs)


def memory(head, parts: Partition, task: Task, box: int) -> int:
    """Return the bytes that the process of one box takes at its peak.

    Beside what :func:`poreflux.transport.parallel.memory.forecast` counts: the potential, that
    before the last step of Newton's method, and perhaps the answer to one volt; and the electrode's
    face.
    """
    start, stop = parts.span(box)
    face = prod(head.shape[1:])
    vectors = 3 if task.asked.drive == "equipotential" else 2
    more = face * (FACE + STATE * len(task.lengths) + 4 * vectors * (stop - start))
    more += 0 if box else LIBRARIES
    return tortuosity_factor.memory(head, parts, task.phases, box) + more
