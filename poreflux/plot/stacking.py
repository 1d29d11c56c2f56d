"""The panels of a figure as parts of its drawing, for a narrow page to stack."""

import itertools
from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from poreflux.plot.style import MARGIN, laid_out

#: points in an inch
_POINTS = 72


def parts(figure: Figure) -> tuple[str, ...]:
    """Return the ``viewBox`` of each panel in the drawing of :func:`poreflux.plot.svg`.

    It is empty where panels cannot stand alone: where they share a scale of colours or the labels
    of an axis, or stand in several rows.

    Examples
    --------
    >>> from poreflux.plot.style import sheet
    >>> len(parts(sheet(2.0, columns=2)[0])), len(parts(sheet(2.0)[0]))
    (2, 0)
    """
    with laid_out(figure):
        return tuple(_parts(figure))


def _parts(figure: Figure) -> Iterator[str]:
    axes = [ax for ax in figure.axes if ax.axison and ax.get_visible()]
    if not axes or not all(map(_stands_alone, axes)):
        return
    boxes = [box for ax in axes if (box := ax.get_tightbbox()) is not None]
    bottom = min(box.y0 for box in boxes)
    legends = [legend.get_window_extent() for legend in figure.legends]
    beside = sorted([*boxes, *(box for box in legends if box.y1 > bottom)], key=lambda box: box.x0)
    below = [box for box in legends if box.y1 <= bottom]
    apart = all(a.x1 <= b.x0 for a, b in itertools.pairwise(beside))
    in_a_row = max(box.y0 for box in boxes) < min(box.y1 for box in boxes)
    if len(beside) < 2 or not apart or not in_a_row:
        return
    page = figure.get_tightbbox()
    for box in (*beside, *below):
        yield _view_box(figure, page, box)


def _stands_alone(ax: Axes) -> bool:
    """Return whether axes have labels of their own, and are no scale of colours of others."""
    has_labels = ax.yaxis.get_tick_params().get("labelleft", True)
    return ax.get_label() != "<colorbar>" and bool(has_labels)


def _view_box(figure: Figure, page: Bbox, box: Bbox) -> str:
    """Return a box in pixels as the drawing counts: in points, from its upper left corner."""
    left, top = page.x0 - MARGIN, page.y1 + MARGIN
    x = (box.x0 / figure.dpi - left - MARGIN / 2) * _POINTS
    y = (top - box.y1 / figure.dpi - MARGIN / 2) * _POINTS
    width, height = (size / figure.dpi * _POINTS + MARGIN * _POINTS for size in box.size)
    return f"{x:.1f} {y:.1f} {width:.1f} {height:.1f}"
