"""Where power is dissipated, on boxes: each process sorts and writes what its own planes lose."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from poreflux.transport.engines.engine import Engine
from poreflux.transport.laplace.problem import Problem, even_periods
from poreflux.transport.parallel import fields as shared_fields
from poreflux.transport.parallel import reading
from poreflux.transport.parallel.neighbours import Link
from poreflux.transport.parallel.partition import Partition
from poreflux.transport.parallel.reading import StoredPhase
from poreflux.transport.solvers.solution import Solution

if TYPE_CHECKING:
    from poreflux.transport.parallel.tortuosity_factor import Options
    from poreflux.transport.tortuosity.power_density import Part


def dissipation(
    solution: Solution,
    problem: Problem,
    stored_phase: StoredPhase,
    layout: Partition,
    options: "Options",
    link: Link,
    engine: Engine,
    conducting: float,
    tortuosity: float,
) -> dict[str, tuple]:
    """Return how the power of a solution is spread, and write its maps where there is a field.

    `conducting` is the part of the boxes that conducts, `tortuosity` the tortuosity factor.
    """
    from poreflux.transport.tortuosity.power_density import Spread, power_density
    from poreflux.transport.tortuosity.power_maps import described_maps, slabs_of_maps, statistics

    part = _part(solution, stored_phase, layout, options, link, engine)
    cells = layout.planes * int(np.prod(problem.shape[1:]))
    unit = problem.relative_conductivity(1.0) * layout.planes / problem.shape[0]
    applied = unit * solution.energy * cells
    factor = tortuosity * conducting * cells / applied
    spread = Spread()
    if options.field is None:
        for _, density, _ in power_density(solution, problem, part=part):
            spread.add(density)
    else:
        target = options.field
        described = described_maps(stored_phase.direction, options.conductivity, options.sides)

        def slabs(planes: int) -> Iterator[tuple]:
            shape = stored_phase.shape
            return slabs_of_maps(solution, problem, shape, planes, spread, factor, part)

        shared_fields.write(link, stored_phase, layout, target, described, slabs)
    spread.number, spread.power = link.add(spread.number), link.add(spread.power)
    return statistics(spread, conducting * cells, factor, applied)


def _part(
    solution: Solution,
    stored_phase: StoredPhase,
    layout: Partition,
    options: "Options",
    link: Link,
    engine: Engine,
) -> "Part":
    """Return the box of this process, with the outermost planes of its neighbours."""
    from poreflux.transport.tortuosity.power_density import Part, Planes

    start, stop = layout.span(link.rank)
    with link.together():
        cells, *_ = reading.read_cells(stored_phase, options.conductivity, start, stop, engine)
    cells = even_periods(cells, options.sides)
    operator = solution.operator
    outermost = []
    for plane in (0, len(cells) - 1):
        potential = np.empty((1, *cells.shape[1:]), operator.dtype)
        operator.engine.potential(operator, solution.x, potential, plane)
        outermost.append(np.stack([potential[0], cells[plane].astype(operator.dtype)]))
    low, high = outermost
    below, above = (
        None if found is None else Planes(first, found[:1], found[1:])
        for first, found in zip((-1, len(cells)), link.exchange(low, high))
    )
    return Part(start, layout.planes, cells, below, above)
