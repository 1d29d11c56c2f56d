"""The panels of a figure as parts of its drawing, for a narrow page to stack."""

import itertools

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

#: inches around a drawing that is saved, and points in an inch
_MARGIN, _POINTS = 0.1, 72


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
    figure.draw_without_rendering()
    axes = [ax for ax in figure.axes if ax.axison and ax.get_visible()]
    if not axes or not all(map(_stands_alone, axes)):
        return ()
    boxes = [box for ax in axes if (box := ax.get_tightbbox()) is not None]
    bottom = min(box.y0 for box in boxes)
    legends = [legend.get_window_extent() for legend in figure.legends]
    beside = sorted([*boxes, *(box for box in legends if box.y1 > bottom)], key=lambda box: box.x0)
    below = [box for box in legends if box.y1 <= bottom]
    apart = all(a.x1 <= b.x0 for a, b in itertools.pairwise(beside))
    in_a_row = max(box.y0 for box in boxes) < min(box.y1 for box in boxes)
    if len(beside) < 2 or not apart or not in_a_row:
        return ()
    return tuple(_view_box(figure, box) for box in (*beside, *below))


def _stands_alone(ax: Axes) -> bool:
    """Return whether axes have labels of their own, and are no scale of colours of others."""
    has_labels = ax.yaxis.get_tick_params().get("labelleft", True)
    return ax.get_label() != "<colorbar>" and bool(has_labels)


def _view_box(figure: Figure, box: Bbox) -> str:
    """Return a box in pixels as the drawing counts: in points, from its upper left corner."""
    page = figure.get_tightbbox()
    left, top = page.x0 - _MARGIN, page.y1 + _MARGIN
    x = (box.x0 / figure.dpi - left - _MARGIN / 2) * _POINTS
    y = (top - box.y1 / figure.dpi - _MARGIN / 2) * _POINTS
    width, height = (size / figure.dpi * _POINTS + _MARGIN * _POINTS for size in box.size)
    return f"{x:.1f} {y:.1f} {width:.1f} {height:.1f}"
