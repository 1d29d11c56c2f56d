"""Small media for tests of many processes, the transport along axis 0."""

import numpy as np

from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.percolation import keep_percolating
from poreflux.transport.laplace.problem import Problem

SPACING = (1.0, 1.3, 0.8)


def problem(shape, sides="insulated", phases=1, conducting=0.75, seed=1) -> Problem:
    """Return a problem in random sites, whose cells all percolate."""
    rng = np.random.default_rng(seed)
    solid = (rng.random(shape) < conducting).astype(np.uint8)
    side = sides == "periodic"
    keep_percolating(solid, Threads(1), (False, side, side))
    cells = solid if phases == 1 else solid * rng.choice([1.0, 0.2], shape)
    return Problem(cells, SPACING, sides)
