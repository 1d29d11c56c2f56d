"""How often each grey value occurs: of a few chunks at once, of all of them after a while."""

import math
import threading
import time
from dataclasses import dataclass

import numpy as np

from poreflux.explorer.images import Images, Triple
from poreflux.store.layout import clip

#: bins of what is not integers of 16 bits
_BINS = 4096
#: edge of a piece that is counted at once, at least
_EDGE = 64
#: pieces from which the range of floats is guessed
_FIRST = 8
#: values that are counted at once, and seconds of rest after a slice was asked for
_AT_ONCE, _IDLE = 2**19, 0.1


@dataclass(frozen=True)
class Scale:
    """Bins of grey values: the centre of the first, the distance of two, and how many.

    Of integers each value is a bin of its own.
    """

    first: float
    step: float
    size: int

    @property
    def values(self) -> np.ndarray:
        """Return the grey value at the centre of each bin."""
        return self.first + self.step * np.arange(self.size)

    def bins(self, values: np.ndarray) -> np.ndarray:
        """Return the bin of each value; what lies outside goes to the first or the last.

        Examples
        --------
        >>> Scale(10.0, 1.0, 3).bins(np.array([9, 10, 12, 40], np.uint8)).tolist()
        [0, 0, 2, 2]
        """
        if self.step == 1 and self.first == 0 and values.dtype.kind == "u":
            return values
        scaled = np.rint((values.astype(np.float64) - self.first) / self.step)
        return np.clip(scaled, 0, self.size - 1).astype(np.int64)


def scale_of(dtype: np.dtype, sample: np.ndarray) -> Scale:
    """Return the bins for values of a dtype, of which some are known."""
    if dtype.kind in "iu" and dtype.itemsize <= 2:
        limits = np.iinfo(dtype)
        return Scale(float(limits.min), 1.0, int(limits.max) - int(limits.min) + 1)
    finite = sample[np.isfinite(sample)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    width = (high - low) or 1.0
    low, high = low - width / 4, high + width / 4
    return Scale(low, (high - low) / (_BINS - 1), _BINS)


class Counting:
    """The histogram of the grey values of a volume, piece by piece in random order.

    After a few pieces it is a sample of the volume; when all are counted it is exact. A mask, and
    values that are not finite, are left out.

    Examples
    --------
    >>> from poreflux import from_array
    >>> from poreflux.explorer.images import in_memory
    >>> gray = np.array([[[10, 12, 12], [90, 91, 95]]], np.uint8)
    >>> counting = Counting(in_memory(from_array(gray, kind="gray")))
    >>> counting.run()
    >>> counting.share, int(counting.counts[12]), int(counting.counts.sum())
    (1.0, 2, 6)
    """

    def __init__(self, images: Images, box: tuple[Triple, Triple] | None = None):
        self.images = images
        level = images.arrays["gray"].levels[0]
        self.box = box or ((0, 0, 0), level.shape)
        edge = tuple(c * -(-_EDGE // c) for c in level.chunk)
        self.pieces = pieces_of(self.box, edge)
        np.random.default_rng(0).shuffle(self.pieces)
        self.scale: Scale | None = None
        self.counts = np.zeros(0, np.int64)
        self.sums: list[tuple[int, int]] = []
        self.done = 0
        self.failure: str | None = None
        self.stopped = threading.Event()

    @property
    def share(self) -> float:
        """Return the share of the pieces that is counted."""
        return self.done / len(self.pieces)

    def start(self) -> threading.Thread:
        """Count in a thread of its own."""
        thread = threading.Thread(target=self.run, name="poreflux-histogram", daemon=True)
        thread.start()
        return thread

    def run(self) -> None:
        """Count all pieces, unless it is stopped before; a failure is kept, not raised."""
        try:
            # what advises thresholds takes a second to load, which no page is to wait for
            import poreflux.segmentation.segmentation_sensitivity  # noqa: F401

            ahead = [self._values(piece) for piece in self.pieces[:_FIRST]]
            self.scale = scale_of(self.images.arrays["gray"].dtype, np.concatenate(ahead))
            self.counts = np.zeros(self.scale.size, np.int64)
            for i in range(len(self.pieces)):
                if self.stopped.is_set():
                    return
                values = ahead[i] if i < len(ahead) else self._values(self.pieces[i])
                self._add(values)
                self.done = i + 1
        except Exception as error:
            self.failure = " ".join(str(error).split())

    def _add(self, values: np.ndarray) -> None:
        """Count values, some at a time: whoever waits for a slice goes first."""
        assert self.scale is not None
        counts = np.zeros_like(self.counts)
        for start in range(0, values.size, _AT_ONCE):
            bins = self.scale.bins(values[start : start + _AT_ONCE])
            counts += np.bincount(bins, minlength=self.scale.size)
            waited = 0.0
            while time.monotonic() - self.images.asked < _IDLE and waited < 2 * _IDLE:
                time.sleep(_IDLE / 4)
                waited += _IDLE / 4
        self.counts = self.counts + counts

    def _values(self, piece: tuple[Triple, Triple]) -> np.ndarray:
        values, inside = sample_of(self.images, *piece)
        return values.ravel() if inside is None else values[inside]


def sample_of(images: Images, lower: Triple, upper: Triple) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the grey values of a box, and which of them are sample where not all are.

    What is outside of a mask, or not finite, is none.
    """
    values = images.arrays["gray"].levels[0].read(lower, upper)
    inside = None
    if "mask" in images.arrays:
        inside = images.arrays["mask"].levels[0].read(lower, upper).astype(bool)
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        if not finite.all():
            inside = finite if inside is None else inside & finite
    return values, inside


def pieces_of(box: tuple[Triple, Triple], edge: tuple[int, ...]) -> list[tuple[Triple, Triple]]:
    """Return the pieces of a box along the grid of chunks.

    Examples
    --------
    >>> pieces_of(((0, 0, 3), (4, 4, 9)), (4, 4, 4))
    [((0, 0, 3), (4, 4, 4)), ((0, 0, 4), (4, 4, 8)), ((0, 0, 8), (4, 4, 9))]
    """
    start, stop = box
    grids = [range(a // e, math.ceil(b / e)) for a, b, e in zip(start, stop, edge)]
    pieces = []
    for i in grids[0]:
        for j in grids[1]:
            for k in grids[2]:
                lower, upper = clip((i, j, k), edge, stop)
                pieces.append((tuple(max(a, b) for a, b in zip(lower, start)), upper))
    return pieces
