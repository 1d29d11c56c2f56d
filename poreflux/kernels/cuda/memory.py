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
    """Return the current device, which has run a kernel: what a driver that is too old refuses, it
    refuses here. What nobody holds any more is free. The simulator has a memory of its own word.
    """
    if SIMULATED:
        return Device("simulator", SIMULATED_MEMORY, SIMULATED_MEMORY)
    empty((1,), np.float64)[:] = 0.0
    context = cuda.current_context()
    context.memory_manager.deallocations.clear()  # numba gives it back ten arrays late
    free, total = context.get_memory_info()
    name = cuda.get_current_device().name
    return Device(name.decode() if isinstance(name, bytes) else str(name), int(free), int(total))


class Staging:
    """Two page-locked buffers of the host through which slabs go to the device: one is filled while
    what is in the other travels.
    """

    def __init__(self, size: int):
        self._buffers = [cuda.pinned_array((size,), np.uint8) for _ in range(2)]
        self._streams = [cuda.stream() for _ in range(2)]
        self._turn = 0

    def send(self, slab: np.ndarray, dtype: Any) -> tuple[Any, Any]:
        """Return a copy of a slab on the device, in a type, and the stream on which it arrives."""
        self._turn = 1 - self._turn
        buffer, stream = self._buffers[self._turn], self._streams[self._turn]
        stream.synchronize()  # what the buffer held before has arrived
        size = slab.size * np.dtype(dtype).itemsize
        staged = buffer[:size].view(dtype).reshape(slab.shape)
        np.copyto(staged, slab)
        return cuda.to_device(staged, stream=stream), stream

    def wait(self) -> None:
        """Wait until all that was sent has arrived and was used."""
        for stream in self._streams:
            stream.synchronize()


def synchronize() -> None:
    """Wait until the device has done what it was asked for."""
    cuda.synchronize()


def zeros(shape: tuple[int, ...], dtype: Any) -> Any:
    """Return an array of zeros on the device."""
    array = cuda.device_array(shape, dtype)
    if array.size:
        if SIMULATED:
            array[:] = 0
        else:  # an assignment would compile a kernel for each number of dimensions
            array.gpu_data.memset(0)
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
