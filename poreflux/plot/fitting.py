"""What is done last: labels of ticks that do not touch, legends that lie on nothing."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter
from matplotlib.transforms import Bbox

#: steps of a decade that are labelled, the densest first
_STEPS = ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,))

#: where a legend may lie, the best first
_PLACES: tuple[Any, ...] = (
    *("upper right", "upper left", "lower left", "lower right"),
    *("center right", "center left", "upper center", "lower center"),
)

#: share of the axis that is added above the data for a legend that has no room, and how often
_ROOM, _TIMES = 0.12, 8

#: pixels that must lie between two labels, and between a legend and what is drawn
_GAP = 2.0


def log_axis(axis: Axis, steps: Sequence[float] = _STEPS[0]) -> None:
    """Write plain numbers on a logarithmic axis, at these steps of each decade."""
    axis.set_major_locator(LogLocator(subs=steps))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def fit(figure: Figure, axes: Sequence[Axes], *, grow: bool = False) -> None:
    """Leave out labels of ticks that touch, and move legends off what is drawn.

    ``grow`` tells whether axes may become higher where a legend has no room otherwise.
    """
    figure.draw_without_rendering()
    seen = [ax for ax in axes if ax.get_visible() and ax.axison]
    for ax in seen:
        for axis in (ax.xaxis, ax.yaxis):
            _thin(axis)
    for ax in seen:
        _clear(ax, grow)


def tick_boxes(axis: Axis) -> list[Bbox]:
    """Return the boxes in pixels of the labels that an axis shows, in their order."""
    low, high = sorted(axis.get_view_interval())
    slack = 1e-6 * (high - low)
    boxes = [
        tick.label1.get_window_extent()
        for tick in axis.get_major_ticks()
        if tick.label1.get_visible()
        and tick.label1.get_text()
        and low - slack <= tick.get_loc() <= high + slack
    ]
    return sorted(boxes, key=lambda box: (box.x0, box.y0))


def _touch(axis: Axis) -> bool:
    pairs = itertools.pairwise(tick_boxes(axis))
    return any(Bbox.intersection(a.padded(_GAP / 2), b.padded(_GAP / 2)) for a, b in pairs)


def _thin(axis: Axis) -> None:
    """Label fewer steps of a logarithmic axis, and leave out labels of others, until they fit."""
    if not _touch(axis):
        return
    if isinstance(axis.get_major_locator(), LogLocator):
        for steps in _STEPS[1:]:
            axis.set_major_locator(LogLocator(subs=steps))
            if not _touch(axis):
                return
    last = None
    for text in (tick.label1 for tick in axis.get_major_ticks()):
        box = text.get_window_extent().padded(_GAP / 2)
        if last is not None and text.get_text() and Bbox.intersection(last, box):
            text.set_visible(False)
        elif text.get_text():
            last = box


def _clear(ax: Axes, grow: bool) -> None:
    """Put a legend where it lies on nothing; where there is no such place, above the data."""
    legend = ax.get_legend()
    if legend is None or legend.get_bbox_to_anchor() != ax.bbox:
        return  # there is none, or it was placed beside the axes
    low, high = ax.get_ylim()
    for _ in range(_TIMES if grow else 1):
        obstacles = [*_obstacles(ax)]
        for place in _PLACES:
            legend.set_loc(place)
            if not _hit(legend.get_window_extent().padded(_GAP), obstacles):
                return
        if grow:
            higher = ax.transAxes.transform((0, 1 + _ROOM))
            ax.set_ylim(top=ax.transData.inverted().transform(higher)[1])
    ax.set_ylim(low, high)
    legend.set_loc(_PLACES[0])


def _obstacles(ax: Axes) -> Iterator[Any]:
    """Yield paths in pixels of curves, the points of marks, and boxes of bars and words."""
    for line in ax.lines:
        if line.get_visible():
            yield _line(line)
    for patch in ax.patches:
        yield patch.get_path().transformed(patch.get_transform()), patch.get_fill()
    for collection in ax.collections:
        for path in collection.get_paths():
            yield path.transformed(collection.get_transform()), True
    for text in ax.texts:
        yield text.get_window_extent()
    if ax.images:
        yield ax.bbox


def _line(line: Line2D) -> Any:
    points = line.get_transform().transform(line.get_xydata())
    if line.get_linestyle() in ("None", "", " "):
        return points[np.isfinite(points).all(axis=1)]
    return line.get_path().transformed(line.get_transform()), False


def _hit(box: Bbox, obstacles: Sequence[Any]) -> bool:
    for thing in obstacles:
        if isinstance(thing, Bbox):
            if Bbox.intersection(thing, box):
                return True
        elif isinstance(thing, np.ndarray):
            inside = (thing > np.array(box.min) - 2) & (thing < np.array(box.max) + 2)
            if inside.all(axis=1).any():
                return True
        elif thing[0].intersects_bbox(box, filled=thing[1]):
            return True
    return False
