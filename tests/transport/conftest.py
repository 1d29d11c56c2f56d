"""Small problems of every kind."""

import numpy as np
import pytest

from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.percolation import percolate
from poreflux.transport.laplace.problem import Problem

#: of the voxels of every problem here
SPACING = (0.8, 1.0, 1.7)

#: kind of cells, sides, ends
KINDS = [
    (cells, sides, ends)
    for cells in ("binary", "phases", "partial")
    for sides, ends in (
        ("insulated", "driven"),
        ("periodic", "driven"),
        ("periodic", "periodic"),
    )
]

DRIVEN = [kind for kind in KINDS if kind[2] == "driven"]


def problem_of(kind, shape, seed: int = 5) -> Problem:
    """Return a random problem of which every conducting cell percolates."""
    what, sides, ends = kind
    rng = np.random.default_rng(seed)
    labels = rng.choice(4, shape, p=[0.3, 0.4, 0.2, 0.1])
    if what == "binary":
        cells = (labels > 0).astype(np.uint8)
    elif what == "phases":
        cells = np.array([0, 1, 0.1, 0.004])[labels]
    else:
        cells = np.where(labels > 0, rng.random(shape), 0)
    side = sides == "periodic"
    kept = percolate(cells, Threads(1), (ends == "periodic", side, side))
    assert kept > cells.size / 3
    return Problem(cells, SPACING, sides, ends, arithmetic=what == "partial")


@pytest.fixture(params=KINDS, ids=lambda kind: "-".join(kind))
def kind(request):
    return request.param


@pytest.fixture
def problem(kind) -> Problem:
    # odd numbers of cells are made even at periodic sides before a problem is posed
    odd = kind[1] == "insulated"
    return problem_of(kind, (7, 5, 9) if odd else (6, 8, 10))
