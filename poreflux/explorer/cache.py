"""What was read last is kept, as long as it takes no more than so many bytes."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

import numpy as np

#: bytes of chunks and slices that are kept
MOST = 256 * 2**20


class Cache:
    """Arrays by key; where their bytes exceed `most`, those go that were asked for longest ago.

    Examples
    --------
    >>> cache = Cache(most=100)
    >>> for key in "abc":
    ...     _ = cache.get(key, lambda: np.zeros(40, np.uint8))
    >>> list(cache.arrays), cache.nbytes
    (['b', 'c'], 80)
    """

    def __init__(self, most: int = MOST):
        self.most, self.nbytes, self.made = most, 0, 0
        self.arrays: OrderedDict[Hashable, np.ndarray] = OrderedDict()
        self.lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], np.ndarray]) -> np.ndarray:
        """Return the array of a key, made now where it is not kept."""
        with self.lock:
            if key in self.arrays:
                self.arrays.move_to_end(key)
                return self.arrays[key]
        array = make()
        with self.lock:
            self.made += 1
            if key not in self.arrays:
                self.arrays[key] = array
                self.nbytes += array.nbytes
            while self.nbytes > self.most and len(self.arrays) > 1:
                _, oldest = self.arrays.popitem(last=False)
                self.nbytes -= oldest.nbytes
        return array

    def clear(self) -> None:
        """Forget all, as what was read may have been replaced."""
        with self.lock:
            self.arrays.clear()
            self.nbytes = 0
