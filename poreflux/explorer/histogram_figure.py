"""The figure of the histogram: counts on a log axis, the threshold, its band, other methods."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from bokeh.models import BoxAnnotation, ColumnDataSource, Range1d, Span
from bokeh.plotting import figure

from poreflux.explorer.counting import Scale
from poreflux.explorer.figures import BAND, FRAME

#: colour of the threshold
CUT = "#d55e00"
#: bars at most
_BARS = 256
#: part of the voxels at either end that the axis may leave out
_TAIL = 1e-4


@dataclass
class HistogramFigure:
    """The figure, and the models that follow the counting and the threshold."""

    figure: Any
    bars: ColumnDataSource
    methods: ColumnDataSource
    cut: Span
    band: BoxAnnotation
    #: models and the property of each that has the colour of the methods
    inked: list[tuple[Any, str]]


def histogram_figure() -> HistogramFigure:
    """Return the figure, empty."""
    drawn = figure(
        name="histogram",
        frame_width=FRAME,
        frame_height=FRAME,
        x_range=Range1d(0, 255),
        y_range=Range1d(0.5, 10),
        y_axis_type="log",
        tools="",
        toolbar_location=None,
        min_border=4,
    )
    drawn.xaxis.axis_label, drawn.yaxis.axis_label = "grey value", "voxels counted"
    drawn.grid.grid_line_alpha = 0.35
    bars = ColumnDataSource({"left": [], "right": [], "top": []})
    drawn.quad(
        source=bars, left="left", right="right", top="top", bottom=0.5,
        fill_color="#7d8894", line_color="#7d8894", line_width=0.6, name="bars",
    )  # fmt: skip
    band = BoxAnnotation(fill_color=BAND, fill_alpha=0.25, line_color=None, level="underlay")
    drawn.add_layout(band)
    methods = ColumnDataSource({"x": [], "top": [], "text_x": [], "text_y": [], "name": []})
    lines = drawn.segment(
        source=methods, x0="x", x1="x", y0=0.5, y1="top", line_color="#0072b2",
        line_dash="4 3", line_width=1.2,
    )  # fmt: skip
    names = drawn.text(
        source=methods, x="text_x", y="text_y", text="name", angle=np.pi / 2,
        text_font_size="11px", text_color="#0072b2", text_align="right", text_baseline="middle",
        name="method_names",
    )  # fmt: skip
    cut = Span(dimension="height", line_color=CUT, line_width=2.5, visible=False)
    drawn.add_layout(cut)
    inked = [(lines.glyph, "line_color"), (names.glyph, "text_color")]
    return HistogramFigure(drawn, bars, methods, cut, band, inked)


def axis_of(scale: Scale, counts: np.ndarray) -> tuple[float, float]:
    """Return the grey values between which all but a small part of the voxels lie.

    Examples
    --------
    >>> counts = np.zeros(256, int)
    >>> counts[40:200] = 1000
    >>> axis_of(Scale(0.0, 1.0, 256), counts)
    (32.05, 206.95)
    """
    share = np.cumsum(counts) / counts.sum()
    low = int(np.searchsorted(share, _TAIL))
    high = int(np.searchsorted(share, 1 - _TAIL))
    a, b = (float(scale.values[i]) for i in (low, min(high, scale.size - 1)))
    margin = 0.05 * (b - a) or scale.step
    return a - margin, b + margin


def bars_of(scale: Scale, counts: np.ndarray) -> dict[str, list[float]]:
    """Return bars of several grey values each, those without voxels left out."""
    low, high = axis_of(scale, counts)
    first = max(int((low - scale.first) / scale.step), 0)
    last = min(int(np.ceil((high - scale.first) / scale.step)) + 1, scale.size)
    width = -(-(last - first) // _BARS)
    starts = np.arange(first, last, width)
    tops = np.add.reduceat(counts[:last], starts)
    left = scale.first + (starts - 0.5) * scale.step
    kept = tops > 0
    right = left + width * scale.step
    return {
        "left": left[kept].tolist(),
        "right": right[kept].tolist(),
        "top": tops[kept].astype(float).tolist(),
    }


def labels_of(
    methods: dict[str, float], axis: tuple[float, float], highest: float
) -> dict[str, list[Any]]:
    """Return lines and names of methods, the names moved apart where thresholds are close.

    Examples
    --------
    >>> placed = labels_of({"li": 50.0, "otsu": 51.0}, (0.0, 100.0), 1000.0)
    >>> [round(b - a, 6) for a, b in zip(placed["text_x"], placed["text_x"][1:])]
    [4.5]
    """
    ordered = sorted(methods.items(), key=lambda item: item[1])
    wide = 0.045 * (axis[1] - axis[0])
    # each name beside its line; pushed to the right until none touches
    places: list[float] = []
    for _, value in ordered:
        place = value + wide / 2
        places.append(max(place, places[-1] + wide) if places else place)
    return {
        "x": [value for _, value in ordered],
        "top": [highest] * len(ordered),
        "text_x": places,
        "text_y": [highest * 0.75] * len(ordered),
        "name": [name for name, _ in ordered],
    }
