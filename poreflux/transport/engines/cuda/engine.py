"""The engine of one graphics processor."""

from poreflux.transport.engines.cuda.balance import Balance
from poreflux.transport.engines.cuda.geometry import Geometry
from poreflux.transport.engines.cuda.solution import Solution


class Cuda(Solution, Geometry, Balance):
    """An :class:`poreflux.transport.engines.engine.Engine` on the current device.

    Vectors, geometry and all grids of the multigrid are arrays of the device; they are read by
    ``np.asarray`` and written by assignment to slices. On the host stay the cells, their clusters
    and the proof of the error.
    """
