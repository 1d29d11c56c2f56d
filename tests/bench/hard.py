"""Hard media: iterations and seconds of a solve, on boxes alone and as solved."""

import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from poreflux.annotations import Sides
from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.percolation import percolate
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.solvers import solution, stages
from tests.bench.machine import row
from tests.physics import media


class Hard(NamedTuple):
    """A medium, its cells, and how it is bounded and measured."""

    name: str
    cells: np.ndarray
    sides: Sides = "insulated"
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)


def family(n: int) -> Iterator[Hard]:
    """Yield media of n³ voxels, easy ones among them."""
    shape = (n, n, n)
    near = media.random_sites(shape, 0.33, 1)
    yield Hard("random voxels .85", media.random_sites(shape, 0.85, 1))
    yield Hard("random voxels .40", media.random_sites(shape, 0.40, 1))
    yield Hard("random voxels .33", near)
    yield Hard("  periodic sides", near, "periodic")
    yield Hard("  voxels 10 : 1 : 1", near, spacing=(10.0, 1.0, 1.0))
    yield Hard("smooth random field .30", media.blobs(shape, 0.30))
    yield Hard("smooth random field .20", media.blobs(shape, 0.20))
    yield Hard("sheets of pores, walls .70", media.sheets(shape, 0.70))
    yield Hard("three phases 1e-4, 1e-2, 1", phases(shape, (1e-4, 1e-2, 1.0)))
    yield Hard("three phases, binder 1e-4", phases(shape, (1e-2, 1e-4, 1.0)))
    yield Hard("good voxels .35 in 1e-4", sites(shape, 0.35, 1e-4))
    yield Hard("islands .10 in 1e-6", sites(shape, 0.10, 1e-6))
    yield Hard("islands .25 in 1e-6", sites(shape, 0.25, 1e-6))
    yield Hard("  periodic sides", sites(shape, 0.25, 1e-6), "periodic")


def phases(shape: tuple[int, int, int], conductivities: tuple[float, ...]) -> np.ndarray:
    """Return three phases, a third each, of which the middle one lies between the others."""
    return np.array(conductivities)[media.phases(shape, (1 / 3, 1 / 3, 1 / 3))]


def sites(shape: tuple[int, int, int], share: float, poor: float) -> np.ndarray:
    """Return sites of a good conductor at random in a poor one."""
    return np.where(media.random_sites(shape, share, 4), 1.0, poor)


def measure(n: int = 64, rtol: float = 1e-4) -> list[dict]:
    """Return rows of each medium: iterations and seconds, before and after."""
    rows, engine = [], Threads()
    fits = stages.fits
    for medium in family(n):
        cells, side = medium.cells.copy(), medium.sides == "periodic"
        if not percolate(cells, engine, (False, side, side)):
            continue
        problem = Problem(cells, medium.spacing, medium.sides)
        stages.fits = lambda problem: False
        boxes, before = timed(problem, engine, rtol)
        stages.fits = fits
        chosen, after = timed(problem, engine, rtol)
        rows += [
            row(f"{medium.name}: iterations on boxes alone", f"{n}³", boxes, "1"),
            row("  as solved", f"{n}³", chosen, "1", max(30, boxes / 3), below=True),
            row("  seconds on boxes alone", f"{n}³", before, "s"),
            row("  as solved", f"{n}³", after, "s"),
        ]
    engine.close()
    return rows


def timed(problem: Problem, engine: Threads, rtol: float) -> tuple[int, float]:
    """Return the iterations and the seconds of a solve."""
    start = time.perf_counter()
    run = solution.solve(problem, engine, rtol=rtol).run
    return run.iterations, time.perf_counter() - start
