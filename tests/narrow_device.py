"""Arrays of the simulator that do no more than those of a device do.

The simulator's arrays are those of NumPy in disguise: they add, compare and take lists of indices,
which on a graphics processor is an error.
"""

import functools
import threading

import numpy as np

#: what an array of a device has, besides those verbs that only the simulator's have
HAS = {"dtype", "flags", "itemsize", "ndim", "size", "strides"}

#: operators of the simulator's arrays that a device lacks
OPERATORS = (
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "add",
    "sub",
    "mul",
    "floordiv",
    "truediv",
    "mod",
    "pow",
)


def narrow(monkeypatch) -> None:
    """Let arrays of the simulator refuse what those of a device cannot do, during a test."""
    from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray as Array

    take, put = Array.__getitem__, Array.__setitem__

    @functools.wraps(take)
    def getitem(self, index):
        if on_host():
            plain(index)
        return take(self, index)

    @functools.wraps(put)
    def setitem(self, index, value):
        if on_host():
            plain(index)
            if not np.isscalar(value):
                fits(take(self, index), value)
        put(self, index, value)

    def getattribute(self, name):
        if name not in HAS:
            raise AttributeError(f"an array of a device has no {name}")
        return getattr(self._ary, name)

    def refuse(self, other):
        raise TypeError("an array of a device has no operators")

    def array(self, dtype=None, copy=None):
        return self.copy_to_host().__array__(*(() if dtype is None else (dtype,)))

    monkeypatch.setattr(Array, "copy_to_host", copied)
    monkeypatch.setattr(Array, "__array__", array, raising=False)
    monkeypatch.setattr(Array, "__getitem__", getitem)
    monkeypatch.setattr(Array, "__setitem__", setitem)
    monkeypatch.setattr(Array, "__getattr__", getattribute)
    for name in OPERATORS:
        monkeypatch.setattr(Array, f"__{name}__", refuse)


def copied(array, target=None, stream=0):
    """Return a copy on the host: of a part of an array it has the gaps of the device's."""
    own = array._ary
    if target is None:
        ends = ((n - 1) * step for n, step in zip(own.shape, own.strides))
        extent = sum(ends) + own.itemsize if own.size else 0
        target = np.ndarray(own.shape, own.dtype, np.empty(extent, np.uint8), strides=own.strides)
    np.copyto(target, own)
    return target


def on_host() -> bool:
    """Return whether this is no thread of a kernel, each of which the simulator makes anew."""
    return threading.get_ident() == threading.main_thread().ident


def plain(index) -> None:
    """Raise ``TypeError`` where an index is not made of whole numbers and slices that go up."""
    for each in index if isinstance(index, tuple) else (index,):
        if isinstance(each, slice) and (each.step is None or each.step > 0):
            continue
        if not isinstance(each, (int, np.integer)) or isinstance(each, bool):
            raise TypeError(f"an array of a device has no element {each!r}")


def fits(target, value) -> None:
    """Raise ``ValueError`` where a device does not copy `value`, an array, into `target`."""
    flags = value.flags
    contiguous = flags["C_CONTIGUOUS"] or flags["F_CONTIGUOUS"]
    if isinstance(value, np.ndarray) and not contiguous:
        raise ValueError("a device takes arrays of the host in one piece")
    if value.ndim > target.ndim or (value.ndim < target.ndim and not contiguous):
        raise ValueError(f"a device does not copy {value.shape} into {target.shape}")
