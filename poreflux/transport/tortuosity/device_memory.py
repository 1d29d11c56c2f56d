"""What a solve takes of the memory of a graphics processor, before it is asked for."""

import numpy as np

from poreflux import blocks
from poreflux.annotations import EngineName
from poreflux.transport.engines import choosing

#: planes whose potentials are balanced at a time, in float64
BALANCED_PLANES = 66

#: bytes that the context of a device and the kernels take
CONTEXT = 400 * 2**20


def forecast(shape: tuple[int, int, int], precision: str = "float64", binary: bool = True) -> int:
    """Return the bytes that a solve of `shape` voxels takes on the device at its peak.

    Per voxel half a number for each of x, r, p and the black values of a pass, and half a float32
    for z, in float64 also for the black values of the cycle; one byte of geometry, or for several
    phases four numbers; an eighth of seven and a half float32 for the next grid, and so on.

    Examples
    --------
    >>> round((forecast((1000, 1000, 1000), "float32") - CONTEXT) / 1e9, 1)
    15.7
    """
    number = np.dtype(precision).itemsize
    geometry = 1 if binary else 4 * number
    vectors = 4 * number / 2 + 4 / 2 + (4 / 2 if number == 8 else 0)
    coarse = 7.5 * 4 / 7
    padded = (shape[0] + 4) * (shape[1] + 4) * (shape[2] + 4)
    plane = (shape[1] + 4) * (shape[2] + 4)
    return int(padded * (geometry + vectors + coarse) + BALANCED_PLANES * 4 * plane) + CONTEXT


def refuse(
    shape: tuple[int, int, int], precision: str, binary: bool, engine: EngineName, extra: int = 0
) -> None:
    """Raise :class:`~poreflux.errors.TooLarge` where the device does not hold a solve of `shape`
    voxels and `extra` bytes; of an engine without a device do nothing.
    """
    choosing.check_engine(engine)
    if engine == "threads":
        return
    device = choosing.device()
    blocks.refuse(
        forecast(shape, precision, binary) + extra,
        f"the solve of {'x'.join(map(str, shape))} voxels in {precision} on {device.name}",
        do=f"ask for fewer digits (rtol=1e-4 takes less), crop the volume, or {choosing.INSTEAD}",
        free=device.free,
    )
