"""The current at an electrode on the boxes of all processes, whatever links and solves them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from poreflux.schema import attributes
from poreflux.transport.electrode import planes as current_planes
from poreflux.transport.electrode.column_porosity import column_sums, near
from poreflux.transport.electrode.conditions import Conditions
from poreflux.transport.electrode.newton import State
from poreflux.transport.electrode.voxels import VoxelCurrent, begin, plane_currents, solve
from poreflux.transport.engines.threads import Team
from poreflux.transport.laplace.boundary import HIGH
from poreflux.transport.laplace.operator import Operator, build
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.parallel import fields as mpi_fields
from poreflux.transport.parallel import reading as mpi_reading
from poreflux.transport.parallel import tortuosity_factor as mpi
from poreflux.transport.parallel.memory import refuse
from poreflux.transport.parallel.neighbours import Ranks
from poreflux.transport.parallel.partition import Partition
from poreflux.transport.solvers.linear_solver import Method

#: bytes for each voxel of the electrode's face, which every process knows whole: links, sources,
#: potentials and currents of both faces, the law of the interface; and for each state that is kept
FACE, STATE = 450, 16

#: bytes of libraries of the first process, which makes contact and results
LIBRARIES = 120 * 2**20


@dataclass(frozen=True)
class Plan:
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
    current: VoxelCurrent | None = None
    states: Sequence[tuple[Conditions, State]] = ()
    planes: np.ndarray | None = None
    section: np.ndarray | None = None


def on_boxes(
    link, head, parts: Partition, plan: Plan, team: Team, method: Callable[[Operator], Method]
) -> Found:
    """Read and solve: called by all processes that have a box; ``method`` makes what solves."""
    start, stop = parts.span(link.rank)
    neighbours = Ranks(link, parts.edges, (False, False, False), parts.grids)
    with link.together():
        size = "x".join(map(str, head.shape))
        need = memory(head, parts, plan, link.rank)
        refuse(link, need, f"the current through {size} voxels needs", plan.memory)
        cells, counts = mpi_reading.read_cells(head, plan.phases, start, stop, team)
    relative = mpi_reading.relative_conductivities(head, plan.phases)
    conducting = float(link.gather(counts).sum(0)[relative > 0].sum())
    columns, close = _columns(cells, head, plan, neighbours)
    solid = neighbours.outermost(cells)[plan.asked.reacting] > 0
    where: list[np.ndarray | None] = [None, None]
    where[plan.asked.reacting] = plan.mask
    kept = mpi.percolate(cells, team, neighbours, (where[0], where[1]))
    if kept == 0:
        return Found(solid, columns, close)
    operator = build(Problem(cells, head.spacing), team, np.float64, neighbours)
    problem = Problem(np.broadcast_to(cells.dtype.type(0), cells.shape), head.spacing)
    del cells  # the operator has all there is to know of them
    solver = method(operator)
    current = begin(
        problem, operator, plan.reference, plan.mask.astype(float), plan.asked, kept / conducting,
        plan.progress, solver,
    )  # fmt: skip
    states = solve(current, plan.laws(), plan.progress)
    first = next(states)
    planes = plane_currents(current)
    section = current_planes.section(current, head.spacing, plan.reference)
    if plan.field is not None:
        _write(link, head, parts, plan, plan.field, current)
    section = np.concatenate(link.join(section))
    return Found(solid, columns, close, current, [first, *states], planes, section)


def _columns(cells: np.ndarray, head, plan: Plan, neighbours) -> tuple[np.ndarray, np.ndarray]:
    """Return the porosity of columns less the mean, and the same weighed near the electrode."""
    link, (start, planes) = neighbours.link, neighbours.span(len(cells))
    depth = plan.depth(head.spacing[0])
    weights = near(planes, head.spacing[0], depth, plan.asked.reacting == HIGH)
    own = weights[start : start + len(cells)] / weights.sum()
    columns, pores = column_sums(cells, np.full(len(cells), 1 / planes))
    close, _ = column_sums(cells, own)
    mean = float(link.gather(pores).sum()) / prod(head.shape)
    return link.add(columns) - mean, link.add(close) - mean


def _write(link, head, parts: Partition, plan: Plan, target: Path, current) -> None:
    """Write the potential and the current density, each process the chunks of its own planes."""
    from poreflux.transport.electrode.fields import CURRENT, POTENTIAL

    names, note = (CURRENT, POTENTIAL), plan.asked.attributes()
    attrs = {name: {**attributes(name), **note} for name in names}

    def slabs(planes: int):
        return current_planes.slabs(current, head.spacing, plan.reference, planes)

    mpi_fields.write(link, head, parts, target, attrs, slabs)


def memory(head, parts: Partition, plan: Plan, box: int) -> int:
    """Return the bytes that the process of one box takes at its peak.

    Beside what :func:`poreflux.transport.parallel.memory.forecast` counts: the potential, that
    before the last step of Newton's method, and perhaps the answer to one volt; and the electrode's
    face.
    """
    start, stop = parts.span(box)
    face = prod(head.shape[1:])
    vectors = 3 if plan.asked.drive == "equipotential" else 2
    more = face * (FACE + STATE * len(plan.lengths) + 4 * vectors * (stop - start))
    more += 0 if box else LIBRARIES
    return mpi.memory(head, parts, plan.phases, box) + more
