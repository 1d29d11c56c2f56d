"""The figure of one map of the results, and what fills it."""

from typing import Any

import numpy as np
from bokeh.models import BasicTicker, ColorBar, ColumnDataSource, LinearColorMapper, Range1d, Span
from bokeh.palettes import RdBu11, Viridis256
from bokeh.plotting import figure

from poreflux.explorer.figures import CROSS
from poreflux.explorer.images import Images
from poreflux.explorer.maps import Map
from poreflux.explorer.state import State
from poreflux.schema import DIMS

#: edge of the frame in pixels
_FRAME = 245


class MapSession:
    """The map of one page: it follows the choice, and for blocks the height of the point.

    Parameters
    ----------
    maps
        of the results.
    images
        of the volume, whose extent the map has.
    state
        of the page.
    """

    def __init__(self, maps: list[Map], images: Images, state: State):
        self.maps = {drawn.key: drawn for drawn in maps}
        self.images, self.state = images, state
        self.point: tuple[float, ...] = (0.0, 0.0, 0.0)
        self.shown: tuple | None = None
        self.source = ColumnDataSource({"image": [], "x": [], "y": [], "dw": [], "dh": []})
        self.colours = LinearColorMapper(palette=Viridis256, low=0, high=1, nan_color="#8a8f96")
        self.cross = [
            Span(dimension=dimension, line_color=CROSS, line_width=1)
            for dimension in ("height", "width")
        ]
        self.figure = self._figure()
        state.on_change("chosen", lambda attr, old, new: self.choose())

    def _figure(self) -> Any:
        drawn = figure(
            name="map", frame_width=_FRAME, frame_height=_FRAME, x_range=Range1d(0, 1),
            y_range=Range1d(1, 0), tools="", toolbar_location=None, min_border=4,
        )  # fmt: skip
        drawn.grid.visible = False
        drawn.image(
            source=self.source, image="image", x="x", y="y", dw="dw", dh="dh",
            color_mapper=self.colours,
        )  # fmt: skip
        for line in self.cross:
            drawn.add_layout(line)
        bar = ColorBar(
            color_mapper=self.colours, width=9, padding=4, ticker=BasicTicker(desired_num_ticks=5),
            background_fill_color=None, name="map_colours",
        )  # fmt: skip
        drawn.add_layout(bar, "right")
        return drawn

    def choose(self) -> None:
        """Show the map that is chosen, and tell the page where its spots are."""
        drawn = self.maps[self.state.chosen]
        plane = drawn.plane
        spans = {axis: drawn.place(axis) for axis in (plane.right, plane.down)}
        widest = max(length for _, length in spans.values()) * 1.02
        for axis, range_ in ((plane.right, self.figure.x_range), (plane.down, self.figure.y_range)):
            low, length = spans[axis]
            ends = low + (length - widest) / 2, low + (length + widest) / 2
            ends = ends[::-1] if axis == plane.down else ends
            range_.update(start=ends[0], end=ends[1])
        self.figure.xaxis.axis_label = f"{DIMS[plane.right]} (µm)"
        self.figure.yaxis.axis_label = f"{DIMS[plane.down]} (µm)"
        low, high = drawn.limits
        palette = list(RdBu11) if drawn.signed else Viridis256
        self.colours.update(palette=palette, low=low, high=high)
        self.shown = None
        self.follow(self.point)
        self.state.mapped = {
            "title": drawn.title, "unit": drawn.unit, "right": plane.right, "down": plane.down,
            "across": plane.across, "position": drawn.position, "blocks": len(drawn.axes) == 3,
            "highest": drawn.spots(), "lowest": drawn.spots(lowest=True),
        }  # fmt: skip

    def follow(self, point: tuple[float, ...]) -> None:
        """Show the section of blocks at a point; other maps stay as they are."""
        self.point = point
        if self.state.chosen not in self.maps:
            return
        drawn = self.maps[self.state.chosen]
        section = np.ascontiguousarray(drawn.section(point))
        key = (drawn.key, section.tobytes())
        if key == self.shown:
            return
        self.shown = key
        x, dw = drawn.place(drawn.plane.right)
        y, dh = drawn.place(drawn.plane.down)
        self.source.data = {"image": [section], "x": [x], "y": [y], "dw": [dw], "dh": [dh]}
