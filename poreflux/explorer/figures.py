"""Figures of the slices: grey values, what lies over them, crosshair, box and scale bar."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bokeh.models import (
    BoxAnnotation,
    ColumnDataSource,
    LinearColorMapper,
    Metric,
    Range1d,
    ScaleBar,
    Span,
)
from bokeh.palettes import Cividis256, Greys256
from bokeh.plotting import figure

from poreflux.explorer.images import Images
from poreflux.explorer.planes import PLANES, Plane
from poreflux.schema import DIMS

#: edge of the frame of a slice in pixels
FRAME = 330
#: Okabe and Ito's colours, in the order of the labels; what is not pore is pale
PORE, BAND, CROSS, BOX = "#e69f00", "#f0e442", "#56b4e9", "#009e73"
LABELS = (PORE, "#56b4e9", "#009e73", "#cc79a7", "#0072b2", "#d55e00", "#f0e442")
CLEAR = "rgba(0, 0, 0, 0)"


@dataclass
class Slice:
    """The figure of one plane with the models that follow the page's state."""

    plane: Plane
    figure: Any
    gray: ColumnDataSource
    over: ColumnDataSource
    glyphs: dict[str, Any]
    cross: dict[Any, Span]
    box: BoxAnnotation


@dataclass
class Mappers:
    """Colours of the images, shared by the three slices."""

    gray: LinearColorMapper
    threshold: LinearColorMapper
    phase: LinearColorMapper
    field: LinearColorMapper


def mappers() -> Mappers:
    """Return colours of grey values, of what a threshold leaves, of labels, and of fields."""
    return Mappers(
        LinearColorMapper(palette=Greys256, low=0, high=255, nan_color=CLEAR),
        LinearColorMapper(palette=[PORE], low_color=PORE, high_color=CLEAR, nan_color=CLEAR),
        LinearColorMapper(palette=list(LABELS), low=-0.5, high=len(LABELS) - 0.5, high_color=CLEAR),
        LinearColorMapper(palette=Cividis256, low=0, high=1, nan_color=CLEAR),
    )


def ranges(images: Images) -> dict[str, Range1d]:
    """Return one range an axis, all of one length, so that a micrometre is as long everywhere.

    Rows go down, as in images; z is both a row and a column, and has a range for each.
    """
    widest = max(b - a for a, b in images.extent) * 1.02
    found = {}
    for dim, (a, b) in zip(DIMS, images.extent):
        ends = (a + b - widest) / 2, (a + b + widest) / 2
        found[f"{dim}_right"] = Range1d(*ends)
        found[f"{dim}_down"] = Range1d(*ends[::-1])
    return found


def slices(images: Images, shared: Mapping[str, Range1d], colours: Mappers) -> list[Slice]:
    """Return the figures of the three planes; the images are filled in later."""
    return [_slice(images, plane, shared, colours) for plane in PLANES]


def _slice(images: Images, plane: Plane, shared: Mapping[str, Range1d], colours: Mappers) -> Slice:
    right, down = DIMS[plane.right], DIMS[plane.down]
    drawn = figure(
        name=f"slice_{plane.name}",
        frame_width=FRAME,
        frame_height=FRAME,
        x_range=shared[f"{right}_right"],
        y_range=shared[f"{down}_down"],
        tools="",
        toolbar_location=None,
        background_fill_color="black",
        min_border=4,
        output_backend="canvas",
    )
    drawn.xaxis.axis_label, drawn.yaxis.axis_label = f"{right} (µm)", f"{down} (µm)"
    drawn.grid.visible = False
    empty: dict[str, list] = {"image": [], "x": [], "y": [], "dw": [], "dh": []}
    gray, over = ColumnDataSource(dict(empty)), ColumnDataSource(dict(empty))
    place = {"image": "image", "x": "x", "y": "y", "dw": "dw", "dh": "dh"}
    glyphs = {
        "gray": drawn.image(source=gray, color_mapper=colours.gray, **place),
        "threshold": drawn.image(source=gray, color_mapper=colours.threshold, **place),
        "phase": drawn.image(source=over, color_mapper=colours.phase, **place),
        "field": drawn.image(source=over, color_mapper=colours.field, **place),
    }
    cross = {
        right: Span(dimension="height", line_color=CROSS, line_width=1, line_alpha=0.9),
        down: Span(dimension="width", line_color=CROSS, line_width=1, line_alpha=0.9),
    }
    for line in cross.values():
        drawn.add_layout(line)
    box = BoxAnnotation(
        fill_color=BOX, fill_alpha=0.12, line_color=BOX, line_width=1.5, visible=False
    )
    drawn.add_layout(box)
    drawn.add_layout(
        ScaleBar(
            range=drawn.x_range,
            unit="µm",
            dimensional=Metric(base_unit="m"),
            orientation="horizontal",
            location="bottom_right",
            length_sizing="adaptive",
            bar_length=0.2,
            background_fill_color="black",
            background_fill_alpha=0.55,
            border_line_color=None,
            bar_line_color="white",
            bar_line_width=3,
            label_text_color="white",
            label_text_font_size="11px",
            title_text_color="white",
            padding=6,
            margin=8,
        )
    )
    return Slice(plane, drawn, gray, over, glyphs, cross, box)
