"""The current on virtual boxes in one process: the same as without boxes."""

from dataclasses import replace

import numpy as np
import pytest

from poreflux.kernels.redblack import GHOST
from poreflux.transport.electrode.kinetics import Kinetics
from poreflux.transport.electrode.newton import ElectrolyteCell, Tolerances, react
from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.boundary import HIGH, LOW
from poreflux.transport.laplace.neighbours import SingleBox
from poreflux.transport.laplace.operator import build
from poreflux.transport.laplace.percolation import keep_percolating
from poreflux.transport.laplace.problem import Problem
from poreflux.transport.parallel.multigrid import hierarchy_on_boxes
from poreflux.transport.parallel.neighbours import Ranks
from poreflux.transport.parallel.partition import partition
from poreflux.transport.solvers import solution as solving
from poreflux.transport.solvers.conjugate_gradients import ConjugateGradients
from poreflux.transport.solvers.multigrid import hierarchy
from tests.mpi.virtual import on_boxes

SHAPE = (33, 14, 17)
TOLERANCES = Tolerances(1e-14, 1e-10)


def medium(reacting: int):
    rng = np.random.default_rng(5)
    solid = (rng.random(SHAPE) > 0.2).astype(np.uint8)
    contact = rng.random(SHAPE[1:]) > 0.15
    where = [None, None]
    where[reacting] = contact
    assert keep_percolating(solid, Threads(1), where=tuple(where)) > 0
    share = np.where(solid[-reacting] > 0, contact, 0.0)
    return Problem(solid, (0.7, 1.0, 1.2)), share


def found_by(problem, share, reacting, neighbours, law, drive, make_hierarchy):
    """Return red potentials of a box and the state of all."""
    operator = build(problem, Threads(1), np.float64, neighbours)
    unit = 1e5
    descent = ConjugateGradients(operator, make_hierarchy(operator))
    cell = ElectrolyteCell(operator, descent, reacting, share, 10 * share.size / unit, unit)
    x = operator.vector()
    solving.ramp(operator, x)
    state = react(cell, law, x, drive, TOLERANCES)
    return x[:, GHOST:-GHOST], state


@pytest.mark.parametrize("reacting", [LOW, HIGH])
@pytest.mark.parametrize("drive", ["flux", "equipotential"])
@pytest.mark.parametrize("law", [Kinetics("primary"), Kinetics("butler-volmer", 3e-3)])
@pytest.mark.parametrize("processes", [2, 4])
def test_boxes_find_the_current_of_one_process(reacting, drive, law, processes):
    whole, share = medium(reacting)
    parts = partition(SHAPE, processes)
    alone = found_by(whole, share, reacting, SingleBox(SHAPE[0]), law, drive, hierarchy)

    def body(link):
        start, stop = parts.span(link.rank)
        own = replace(whole, cells=whole.cells[start:stop])
        neighbours = Ranks(link, parts.edges, whole.periodic, parts.grids)
        return found_by(own, share, reacting, neighbours, law, drive, hierarchy_on_boxes)

    found = on_boxes(parts.boxes, body)
    x = np.concatenate([each[0] for each in found], axis=1)
    size = np.abs(alone[0]).max()
    # the tolerance of the solve; the two multigrids round in another order
    assert np.abs(x - alone[0]).max() < 1e-6 * size
    for _, state in found:
        np.testing.assert_allclose(state.density, alone[1].density, rtol=1e-5)
        assert state.voltage == pytest.approx(alone[1].voltage, rel=1e-8)
        assert state.steps == alone[1].steps
        assert abs(state.iterations - alone[1].iterations) <= 2
        np.testing.assert_array_equal(state.density, found[0][1].density)
