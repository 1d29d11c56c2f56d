"""How kernels are compiled and launched: blocks of threads, and as many of them as a box is worth.

With ``NUMBA_ENABLE_CUDASIM=1`` in the environment kernels run as plain Python, in blocks of few
threads: correct and slow, for tests without a graphics processor.
"""

from collections.abc import Callable
from typing import Any

import numba
from numba import cuda as numba_cuda

from poreflux.kernels import KEPT

cuda: Any = numba_cuda  # what its stubs say of kernels is not so
config: Any = numba.config  # made when it is imported, by what the environment says

#: whether kernels run in Python instead of on a graphics processor
SIMULATED = bool(config.ENABLE_CUDASIM)

if not SIMULATED:
    from numba.cuda.core import config as device_config  # numba-cuda has one of its own

    device_config.CACHE_DIR = config.CACHE_DIR  # see poreflux.kernels
    device_config.CUDA_LOW_OCCUPANCY_WARNINGS = 0  # coarse grids are small, and nothing is wrong

#: threads of a block along pairs, rows and planes; a warp takes neighbouring pairs of one row
BLOCK = (2, 2, 1) if SIMULATED else (32, 4, 2)

#: blocks of a launch at most, unless a single plane takes more
BLOCKS = 4 if SIMULATED else 4096

#: threads of a block of kernels along one dimension
THREADS = 2 if SIMULATED else 256

#: no kernel relaxes the rules of floating-point numbers: the digits do not depend on the compiler
kernel: Callable[[Callable], Any] = cuda.jit(cache=KEPT and not SIMULATED, fastmath=False)


def over(planes: int, rows: int, pairs: int) -> tuple[tuple, tuple]:
    """Return blocks and threads for so many cells; planes beyond the blocks are taken in turn.

    They depend on the shape alone, as then do the partial sums of threads.
    """
    bx, by, bz = BLOCK
    gx, gy = -(-pairs // bx), -(-rows // by)
    gz = max(1, min(-(-planes // bz), BLOCKS // (gx * gy)))
    return (gx, gy, gz), BLOCK


def over_list(count: int) -> tuple[int, int]:
    """Return blocks and threads for a list of so many numbers, taken in turn."""
    return max(1, min(-(-count // THREADS), 4 * BLOCKS)), THREADS


def threads_of(launch: tuple[tuple, tuple]) -> int:
    """Return the number of threads of a launch."""
    blocks, threads = launch
    number = 1
    for n in (*blocks, *threads):
        number *= n
    return number
