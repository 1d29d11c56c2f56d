"""One open page: what it asks for is read and sent, and what was counted is told to it."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource

from poreflux.explorer.boxed import BoxCounts
from poreflux.explorer.counting import Counting
from poreflux.explorer.figures import Mappers, Slice
from poreflux.explorer.histogram_figure import HistogramFigure, axis_of, bars_of, labels_of
from poreflux.explorer.images import Images
from poreflux.explorer.planes import Cut, View, at_point, cut, picture, words_of_level
from poreflux.explorer.state import State
from poreflux.explorer.thresholds import Advice, advice

#: by how much more must be counted before the page is told again
_MORE = 1.3
#: thresholds are advised from so much of the volume on
_ENOUGH = 0.02


class SlicesSession:
    """The slices of one page: they follow the point, the window and the overlay.

    Parameters
    ----------
    images
        of the volume, with the chunks that all pages share.
    state
        of the page.
    slices, colours
        figures to fill.
    """

    def __init__(self, images: Images, state: State, slices: list[Slice], colours: Mappers):
        self.images, self.state, self.slices, self.colours = images, state, slices, colours
        self.base = "gray" if "gray" in images.arrays else "phase"
        self.shown: dict[tuple[str, str], Cut | None] = {}
        self.limits: dict[str, list[float]] = {}
        self.followers: list[Callable[[tuple[float, ...]], None]] = []
        state.on_change("wanted", lambda attr, old, new: self.serve())

    def serve(self) -> None:
        """Read and send what the page asks for; what it has already is not sent again."""
        number, *numbers = self.state.wanted
        started = time.perf_counter()
        self.images.asked = time.monotonic()
        view = View.of(numbers)
        try:
            level = self.fill(view)
            values = {
                name: value if np.isfinite(value) else None
                for name, value in at_point(self.images, view.point).items()
            }
            told: dict[str, Any] = {"values": values, "level": level}
        except Exception as error:
            told = {"values": {}, "level": " ".join(str(error).split())}
        for follow in self.followers:
            follow(view.point)
        told["seconds"] = time.perf_counter() - started
        self.state.told = told
        self.state.served = int(number)

    def fill(self, view: View) -> str:
        """Put the images of a view into the figures; return what a pixel of them is."""
        chosen = self.state.overlay
        over = chosen if chosen in self.images.arrays and chosen != self.base else None
        if over and self.images.arrays[over].dtype.kind == "f":
            self._scale(over)
        first = None
        for piece in self.slices:
            part = cut(self.images, self.base, piece.plane, view)
            first = first or part
            self._send(piece, "gray", piece.gray, part)
            if over:
                self._send(piece, "over", piece.over, cut(self.images, over, piece.plane, view))
        assert first is not None
        return (
            f"a pixel is the {words_of_level(self.images, first)}"
            if first.level
            else ("a pixel is a voxel")
        )

    def _send(self, piece: Slice, which: str, source: ColumnDataSource, part: Cut) -> None:
        if self.shown.get((piece.plane.name, which)) == part:
            return
        source.data = picture(self.images, part)
        self.shown[piece.plane.name, which] = part

    def _scale(self, name: str) -> None:
        """Let the colours of a field span the most of its values, by its coarsest level."""
        if name not in self.limits:
            top = self.images.arrays[name].levels[-1]
            values = top.read((0, 0, 0), top.shape)
            finite = values[np.isfinite(values)]
            ends = np.percentile(finite, [1, 99]) if finite.size else [0.0, 1.0]
            self.limits[name] = [float(ends[0]), max(float(ends[1]), float(ends[0]) + 1e-30)]
        low, high = self.limits[name]
        self.colours.field.update(low=low, high=high)
        self.state.limits = [low, high]

    def forget(self) -> None:
        """Send all images again at the next request, as their arrays were replaced."""
        self.shown.clear()


class HistogramSession:
    """The histogram of one page: it follows the counting, which all pages share."""

    def __init__(
        self,
        counting: Counting,
        state: State,
        shown: HistogramFigure,
        counts: ColumnDataSource,
        colours: Mappers,
    ):
        self.counting, self.state, self.shown = counting, state, shown
        self.counts, self.colours = counts, colours
        self.told = 0
        self.advised: Advice | None = None
        self.begun = False

    def poll(self) -> bool:
        """Tell the page what was counted since; return whether there is more to come."""
        counting = self.counting
        done, failure = counting.done, counting.failure
        complete = done == len(counting.pieces)
        enough = done >= max(1, _ENOUGH * len(counting.pieces))
        if failure or (enough and (done >= _MORE * self.told or complete) and done > self.told):
            self._tell(done, failure)
        return not (complete or failure) or self.told < done

    def _tell(self, done: int, failure: str | None) -> None:
        scale, counts = self.counting.scale, self.counting.counts
        told: dict[str, Any] = {"share": done / len(self.counting.pieces), "failure": failure}
        if scale is not None and counts.any():
            self.advised = advice(scale, counts, "dark" if self.state.dark else "bright")
            told |= self._numbers(counts)
        self.told = done
        self.state.histogram = told

    def _numbers(self, counts: np.ndarray) -> dict[str, Any]:
        scale, said = self.counting.scale, self.advised
        assert scale is not None
        axis = axis_of(scale, counts)
        bars = bars_of(scale, counts)
        highest = 60 * max(bars["top"])  # room for the names of methods
        self.shown.bars.data = bars
        present = np.flatnonzero(counts)
        inside = slice(int(present[0]), int(present[-1]) + 1)
        lowest, *_, last = (*scale.values[inside][:1], *scale.values[inside][-1:])
        self.counts.data = {"cumulated": np.cumsum(counts[inside]).astype(np.float64)}
        self.shown.figure.y_range.update(start=0.5, end=highest)
        if not self.begun:
            self.begun = True
            self.shown.figure.x_range.update(start=axis[0], end=axis[1])
            self.colours.gray.update(low=axis[0], high=axis[1])
            if said and said.first is not None and not self.state.threshold:
                self.state.threshold = said.first
        methods = said.methods if said else {}
        self.shown.methods.data = labels_of(methods, axis, highest)
        whole = scale.step == 1
        return {
            "first": float(lowest), "step": scale.step, "half": 0.5 if whole else 0.0,
            "whole": whole, "lowest": float(lowest), "highest": float(last),
            "methods": methods, "shift": said.shift if said else 0.0,
            "others": list(said.others) if said else [], "gap": said.gap if said else 0.0,
        }  # fmt: skip


class BoxSession:
    """The box of one page: counted anew when it is dragged, told when it is counted."""

    def __init__(self, counting: Counting, state: State, counts: ColumnDataSource):
        self.counting, self.state, self.counts = counting, state, counts
        self.boxed: BoxCounts | None = None
        self.told: tuple | None = None
        state.on_change("box", lambda attr, old, new: self.begin())

    def begin(self) -> None:
        """Count the box that the page asks for, and no other any more."""
        if self.boxed is not None:
            self.boxed.stopped.set()
        scale, counted = self.counting.scale, np.flatnonzero(self.counting.counts)
        if scale is None or not counted.size:
            return
        values = scale.values
        range_ = float(values[counted[0]]), float(values[counted[-1]])
        self.boxed = BoxCounts(self.counting.images, scale, range_, list(self.state.box))
        self.told = None
        self.boxed.start_thread()

    def poll(self) -> None:
        """Tell the page how far the box is counted, and at the end what is in it."""
        boxed = self.boxed
        if boxed is None or boxed.stopped.is_set() or self.told == (boxed.done, boxed.failure):
            return
        self.told = boxed.done, boxed.failure
        if boxed.done == len(boxed.pieces):
            self.counts.data = {"cumulated": boxed.cumulated.astype(np.float64).ravel()}
            self.state.boxed = boxed.numbers()
        else:
            self.state.boxed = {"share": boxed.share, "failure": boxed.failure}
