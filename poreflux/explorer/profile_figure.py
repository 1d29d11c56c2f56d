"""The figure of the porosity of the planes of a box, along z."""

from dataclasses import dataclass
from typing import Any

from bokeh.models import ColumnDataSource, Range1d
from bokeh.plotting import figure

from poreflux.explorer.figures import BOX


@dataclass
class ProfileFigure:
    """The figure and the source that the page fills."""

    figure: Any
    source: ColumnDataSource


def profile_figure() -> ProfileFigure:
    """Return the figure, empty."""
    drawn = figure(
        name="profile",
        sizing_mode="stretch_width",
        height=150,
        x_range=Range1d(0, 1),
        y_range=Range1d(0, 1),
        tools="",
        toolbar_location=None,
        min_border=4,
    )
    drawn.xaxis.axis_label, drawn.yaxis.axis_label = "z (µm)", "porosity"
    drawn.grid.grid_line_alpha = 0.35
    source = ColumnDataSource({"z": [], "porosity": []})
    drawn.line(source=source, x="z", y="porosity", line_color=BOX, line_width=1.8)
    return ProfileFigure(drawn, source)
