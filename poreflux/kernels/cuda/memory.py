"""Arrays on the device: allocation, transfer, how much is free. No other module asks numba."""

from typing import Any, NamedTuple

import numpy as np

from poreflux.kernels.cuda.launching import SIMULATED, cuda

#: what the simulator says that its memory is: it would take hours to fill
SIMULATED_MEMORY = 2**30


class Device(NamedTuple):
    """A graphics processor: its name, and its memory in bytes, free and in all."""

    name: str
    free: int
    total: int


#: the oldest driver whose CUDA runs what the extra `gpu` compiles
OLDEST_DRIVER = "12.0"


def device() -> Device:
    """Return the current device, of which an array has been asked and filled: what a driver that is
    too old refuses, it refuses here. The simulator has a memory of its own word.
    """
    if SIMULATED:
        return Device("simulator", SIMULATED_MEMORY, SIMULATED_MEMORY)
    zeros((1,), np.float64)
    free, total = cuda.current_context().get_memory_info()
    name = cuda.get_current_device().name
    return Device(name.decode() if isinstance(name, bytes) else str(name), int(free), int(total))


def synchronize() -> None:
    """Wait until the device has done what it was asked for."""
    cuda.synchronize()


def zeros(shape: tuple[int, ...], dtype: Any) -> Any:
    """Return an array of zeros on the device."""
    array = cuda.device_array(shape, dtype)
    if array.size:
        array[:] = np.zeros((), dtype)
    return array


def empty(shape: tuple[int, ...], dtype: Any) -> Any:
    """Return an array on the device, not filled."""
    return cuda.device_array(shape, dtype)


def upload(array: np.ndarray) -> Any:
    """Return a copy of an array on the device."""
    return cuda.to_device(np.ascontiguousarray(array))


def download(array: Any) -> np.ndarray:
    """Return a copy of an array of the device, or of a part of one, on the host."""
    return array if isinstance(array, np.ndarray) else array.copy_to_host()
