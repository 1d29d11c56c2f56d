"""The current on virtual boxes in one process: the same as without boxes."""

from dataclasses import replace

import numpy as np
import pytest

from poreflux.kernels.redblack import GHOST
from poreflux.transport.electrode.cell import ElectrolyteCell
from poreflux.transport.electrode.kinetics import Kinetics
from poreflux.transport.electrode.linearised import Tolerances
from poreflux.transport.electrode.newton import react
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
    outer_masks = [None, None]
    outer_masks[reacting] = contact
    assert keep_percolating(solid, Threads(1), where=tuple(outer_masks)) > 0
    share = np.where(solid[-reacting] > 0, contact, 0.0)
    return Problem(solid, (0.7, 1.0, 1.2)), share


def state_of(problem, share, reacting, neighbours, law, drive, make_hierarchy):
    """Return red potentials of a box and the state of all."""
    operator = build(problem, Threads(1), np.float64, neighbours)
    unit = 1e5
    descent = ConjugateGradients(operator, make_hierarchy(operator))
    even = np.full(share.shape, 1 / share.size)
    cell = ElectrolyteCell(operator, descent, reacting, share, 10 * share.size / unit, unit, even)
    x = operator.vector()
    solving.ramp(operator, x)
    state = react(cell, law, x, drive, TOLERANCES)
    return x[:, GHOST:-GHOST], state


@pytest.mark.parametrize("reacting", [LOW, HIGH])
@pytest.mark.parametrize("drive", ["flux", "equipotential"])
@pytest.mark.parametrize("law", [Kinetics("primary"), Kinetics("butler-volmer", 3e-3)])
@pytest.mark.parametrize("processes", [2, 4])
def test_boxes_find_the_current_of_one_process(reacting, drive, law, processes):
    problem, share = medium(reacting)
    layout = partition(SHAPE, processes)
    serial = state_of(problem, share, reacting, SingleBox(SHAPE[0]), law, drive, hierarchy)

    def body(link):
        start, stop = layout.span(link.rank)
        box_problem = replace(problem, cells=problem.cells[start:stop])
        neighbours = Ranks(link, layout.edges, problem.periodic, layout.grids)
        return state_of(box_problem, share, reacting, neighbours, law, drive, hierarchy_on_boxes)

    boxes = on_boxes(layout.boxes, body)
    x = np.concatenate([box[0] for box in boxes], axis=1)
    size = np.abs(serial[0]).max()
    # the tolerance of the solve; the two multigrids round in another order
    assert np.abs(x - serial[0]).max() < 1e-6 * size
    for _, state in boxes:
        np.testing.assert_allclose(state.density, serial[1].density, rtol=1e-5)
        assert state.voltage == pytest.approx(serial[1].voltage, rel=1e-8)
        assert state.steps == serial[1].steps
        assert abs(state.iterations - serial[1].iterations) <= 2
        np.testing.assert_array_equal(state.density, boxes[0][1].density)
