"""With which preconditioner and in which precision a solve begins and goes on.

Most media take a few iterations with the multigrid of boxes, which is the fastest. Some take
hundreds, or one that is several times as slow and converges in any
(:mod:`poreflux.transport.solvers.graph_multigrid`). Those that do show after a few iterations, by
how many more they would take.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np

from poreflux.errors import NotConverged
from poreflux.machine import free_memory
from poreflux.transport.engines.engine import Engine
from poreflux.transport.laplace.percolation import HIGH, LOW
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.solvers.stopping import Report

#: cells that conduct so many times better than the worst ones may be islands
CONTRAST = 100.0

#: judge by the iterations since half as many, from so many on
PATIENCE = 8

#: the multigrid of the graph takes as long as so many iterations of the other one, and as so many
#: more where all cells conduct
ITS_PRICE, PRICE_OF_CELLS = 4, 30

#: bytes that a multigrid of the graph takes at its peak, a voxel and a cell that conducts
OF_VOXEL, OF_CELL = 14, 165


class Slow(NotConverged):
    """The iteration converges so slowly that another one is worth its set-up."""


class Stage(NamedTuple):
    """One attempt: ``float32`` or ``float64``, and ``multigrid``, ``graph`` or ``diagonal``."""

    precision: str
    method: str

    def __str__(self) -> str:
        """Return how messages name it."""
        where = {"graph": "on the graph of cells ", "multigrid": "", "diagonal": ""}[self.method]
        return f"{where}in {self.precision}" + ", diagonal" * (self.method == "diagonal")

    def after(self, failure: NotConverged, problem: Problem) -> "Stage | None":
        """Return the stage that follows a failure of this one, None after the last."""
        if isinstance(failure, Slow):
            return Stage(self.precision, "graph")
        if self.precision == "float32":
            return Stage("float64", self.method)
        if self.method == "multigrid" and fits(problem):
            return Stage("float64", "graph")
        return None if self.method == "diagonal" else Stage("float64", "diagonal")


def first_stage(problem: Problem, engine: Engine, rtol: float, precision: str | None) -> Stage:
    """Return the stage to begin with: that of the graph in float64 where there are islands of a
    much better conductor, for the best of conductors leaves float32 no digits for the worst one.
    """
    if has_islands(problem, engine) and fits(problem):
        return Stage(precision_for(rtol, precision or "float64"), "graph")
    return Stage(precision_for(rtol, precision), "multigrid")


def precision_for(rtol: float, precision: str | None = None) -> str:
    """Return the precision of the Krylov vectors: `precision` if given, else what `rtol` needs."""
    if precision not in (None, "float32", "float64"):
        raise ValueError(f"precision={precision!r} is not known; choose 'float32' or 'float64'")
    return precision or ("float32" if rtol >= 1e-5 else "float64")


class Patience:
    """A report that raises :class:`Slow` where a problem is worth another multigrid."""

    def __init__(self, problem: Problem, rtol: float, report: Report | None = None):
        self.problem = problem
        self.rtol = rtol
        self.report = report
        self.errors: list[float] = []

    def __call__(self, iteration: int, energy: float, error: float) -> None:
        """Pass a report on; judge the iteration."""
        if self.report is not None:
            self.report(iteration, energy, error)
        self.errors.append(error)
        if len(self.errors) < PATIENCE:
            return
        if remaining(self.errors, self.rtol) > self.price and fits(self.problem):
            raise Slow(f"error {error:.1e} after {iteration} iterations", self.errors)

    @cached_property
    def price(self) -> float:
        """Iterations that take as long as the other multigrid."""
        return ITS_PRICE + PRICE_OF_CELLS * conducting(self.problem) / self.problem.cells.size


def remaining(errors: list[float], rtol: float) -> float:
    """Return how many more iterations lower an error to `rtol`, at the pace of the later half.

    Examples
    --------
    >>> round(remaining([1, 1e-1, 1e-2, 1e-3], 1e-6), 6)
    3.0
    >>> remaining([1, 2, 3, 4], 1e-6), remaining([1, 1, 1, np.inf], 1e-6)
    (inf, inf)
    """
    before, later = errors[len(errors) // 2 - 1], errors[len(errors) // 2 :]
    if later[-1] <= rtol:
        return 0.0
    if not later[-1] < before < np.inf:
        return np.inf
    return float(len(later) * np.log(later[-1] / rtol) / np.log(before / later[-1]))


def conducting(problem: Problem) -> int:
    """Return the number of cells that conduct."""
    return int(np.count_nonzero(problem.cells))


def fits(problem: Problem) -> bool:
    """Return whether a multigrid of the graph is for a problem: one with driven faces, for a
    potential that nothing holds is lost in the digits of a high contrast; and memory has room for
    two of them, for others may work beside.
    """
    if problem.boundary != "driven":
        return False
    need = OF_VOXEL * problem.cells.size + OF_CELL * conducting(problem)
    return free_memory() > 2 * need


def has_islands(problem: Problem, engine: Engine) -> bool:
    """Return whether islands of a much better conductor lie in a poor one: parts of it that reach
    no driven face, where none joins the two.
    """
    cells = problem.cells
    if problem.binary or problem.boundary != "driven":
        return False
    good_from = CONTRAST * least(cells, engine)
    if not cells.max() > good_from:
        return False
    good = cells > good_from
    runs = engine.label(good.view(np.uint8), problem.periodic)
    flags = np.zeros(len(runs.parent), np.uint8)
    for k, bit in ((0, LOW), (good.shape[0] - 1, HIGH)):
        engine.mark(runs, flags, np.ones(good.shape[1:], bool), k, bit)
    root = roots(runs.parent)
    return bool((flags[root] == 0).any() and not (flags == LOW | HIGH).any())


def least(cells: np.ndarray, engine: Engine) -> float:
    """Return the least conductivity of cells that conduct."""
    return float(min(engine.map(_least_of_plane, [(plane,) for plane in cells])))


def _least_of_plane(plane: np.ndarray) -> np.floating:
    return np.where(plane > 0, plane, np.inf).min()


def roots(parent: np.ndarray) -> np.ndarray:
    """Return the last ancestor of each node of a forest.

    Examples
    --------
    >>> roots(np.array([0, 0, 1, 3, 2]))
    array([0, 0, 0, 3, 0])
    """
    while not np.array_equal(above := parent[parent], parent):
        parent = above
    return parent
