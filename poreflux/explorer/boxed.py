"""A box of a volume: how often each grey value occurs in its planes, for any threshold."""

import math
import threading
from collections.abc import Sequence

import numpy as np

from poreflux.explorer.counting import Scale, pieces_of, sample_of
from poreflux.explorer.images import Images, Triple

#: bins of grey values, and planes along z, at most: what the page is sent
_BINS, _PLANES = 1024, 128


class BoxCounts:
    """Counts of the grey values of a box, plane by plane, made in a thread of its own.

    Of many planes some are counted together, of many grey values some share a bin.

    Parameters
    ----------
    images
        of the volume.
    scale
        of its histogram.
    range_
        lowest and highest grey value that occur.
    ends
        faces of the box along z, y, x in µm, two each.

    Examples
    --------
    >>> from poreflux import from_array
    >>> from poreflux.explorer.images import in_memory
    >>> gray = np.array([[[10, 12, 12]], [[90, 91, 95]]], np.uint8)
    >>> images = in_memory(from_array(gray, kind="gray"))
    >>> counts = BoxCounts(images, Scale(0.0, 1.0, 256), (10, 95), [0, 2, 0, 1, 1, 3])
    >>> counts.run()
    >>> counts.numbers()["shape"], counts.numbers()["mean"], counts.cumulated[:, 3].tolist()
    ([2, 1, 2], 52.5, [2, 0])
    """

    def __init__(
        self, images: Images, scale: Scale, range_: tuple[float, float], ends: Sequence[float]
    ):
        self.images = images
        self.start, self.stop = _voxels(images, ends)
        # whole grey values share a bin
        steps = round((range_[1] - range_[0]) / scale.step) + 1
        self.width = scale.step * -(-steps // _BINS)
        self.edge = range_[0] - scale.step / 2
        self.bins = math.ceil(steps * scale.step / self.width)
        depth = self.stop[0] - self.start[0]
        self.group = -(-depth // _PLANES)
        self.counts = np.zeros((-(-depth // self.group), self.bins), np.int64)
        self.total = 0.0
        self.pieces = pieces_of((self.start, self.stop), images.arrays["gray"].levels[0].chunk)
        self.done = 0
        self.failure: str | None = None
        self.stopped = threading.Event()

    @property
    def share(self) -> float:
        """Return the share of the box that is counted."""
        return self.done / len(self.pieces)

    @property
    def cumulated(self) -> np.ndarray:
        """Return for each plane the voxels up to each bin."""
        return np.cumsum(self.counts, axis=1)

    def start_thread(self) -> None:
        """Count in a thread of its own."""
        threading.Thread(target=self.run, name="poreflux-box", daemon=True).start()

    def run(self) -> None:
        """Count the box, unless it is stopped before; a failure is kept, not raised."""
        try:
            for lower, upper in self.pieces:
                if self.stopped.is_set():
                    return
                self._count(lower, upper)
                self.done += 1
        except Exception as error:
            self.failure = " ".join(str(error).split())

    def _count(self, lower: Triple, upper: Triple) -> None:
        values, inside = sample_of(self.images, lower, upper)
        for i, plane in enumerate(values):
            row = (lower[0] + i - self.start[0]) // self.group
            sample = plane.ravel() if inside is None else plane[inside[i]]
            bins = np.floor((sample.astype(np.float64) - self.edge) / self.width)
            bins = np.clip(bins, 0, self.bins - 1).astype(np.int64)
            self.counts[row] += np.bincount(bins, minlength=self.bins)
            self.total += float(sample.sum(dtype=np.float64))

    def numbers(self) -> dict:
        """Return what the page is told of the box beside its counts."""
        shape = [b - a for a, b in zip(self.start, self.stop)]
        h, origin = self.images.spacing[0], self.images.origin[0]
        counted = int(self.counts.sum())
        rows = np.arange(len(self.counts)) * self.group + self.start[0]
        last = np.minimum(rows + self.group, self.stop[0])
        return {
            "share": self.share,
            "failure": self.failure,
            "bins": self.bins,
            "planes": len(self.counts),
            "edge": self.edge,
            "width": self.width,
            "z": (origin + h * (rows + last) / 2).tolist(),
            "shape": shape,
            "size": [n * edge for n, edge in zip(shape, self.images.spacing)],
            "mean": self.total / counted if counted else None,
        }


def _voxels(images: Images, ends: Sequence[float]) -> tuple[Triple, Triple]:
    """Return the voxels of a box, of which each edge has one at least."""
    start, stop = [], []
    for i, (origin, h, n) in enumerate(zip(images.origin, images.spacing, images.shape)):
        low, high = sorted(round((end - origin) / h) for end in ends[2 * i : 2 * i + 2])
        start.append(min(max(low, 0), n - 1))
        stop.append(min(max(high, start[-1] + 1), n))
    return tuple(start), tuple(stop)
