"""In every figure no label touches another, no legend lies on data, and nothing is clipped."""

import itertools

import numpy as np
import pytest
from matplotlib.transforms import Bbox

from tests.plot.figures import FIGURES, SEVERAL


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("count", [1, 2])
def test_nothing_touches_and_nothing_is_clipped(drawn, name, count):
    assert faults(drawn(name, count)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", SEVERAL)
def test_nothing_touches_in_figures_of_six_samples(drawn, name):
    assert faults(drawn(name, 6)) == []


def faults(figure) -> list[str]:
    """Return in words what touches, lies on data, or is cut off in a figure."""
    figure.draw_without_rendering()
    found = []
    for k, ax in enumerate(figure.axes):
        if not (ax.get_visible() and ax.axison):
            continue
        for axis in (ax.xaxis, ax.yaxis):
            for a, b in itertools.combinations(labels(axis), 2):
                if meet(a.get_window_extent(), b.get_window_extent()):
                    found.append(f"{k}: labels {a.get_text()} and {b.get_text()} touch")
        legend = ax.get_legend()
        if legend is not None and covers(legend.get_window_extent(), ax):
            found.append(f"{k}: the legend lies on data")
    boxes = [(f"axes {k}", ax.get_tightbbox()) for k, ax in enumerate(figure.axes) if ax.axison]
    boxes += [(f"legend {k}", each.get_window_extent()) for k, each in enumerate(figure.legends)]
    found += [f"{a} and {b} meet" for (a, one), (b, other) in itertools.combinations(boxes, 2)
              if meet(one, other)]  # fmt: skip
    drawn, page = figure.get_tightbbox(), figure.bbox_inches
    outside = (-drawn.x0, -drawn.y0, drawn.x1 - page.width, drawn.y1 - page.height)
    if max(outside) > 0.02:
        found.append(f"{max(outside):.2f} inches are cut off")
    return found


def labels(axis) -> list:
    low, high = sorted(axis.get_view_interval())
    return [
        tick.label1 for tick in axis.get_major_ticks()
        if tick.label1.get_visible() and tick.label1.get_text() and low <= tick.get_loc() <= high
    ]  # fmt: skip


def meet(one: Bbox, other: Bbox) -> bool:
    """Tell whether two boxes share more than a pixel."""
    common = Bbox.intersection(one, other)
    return common is not None and min(common.width, common.height) > 1


def covers(box: Bbox, ax) -> bool:
    """Tell whether a box holds a point of a curve, a mark, a bar, a band or a word."""
    curves = [dense(line.get_transform().transform(line.get_xydata()), line.get_linestyle())
              for line in ax.lines]  # fmt: skip
    bands = [dense(path.transformed(each.get_transform()).vertices)
             for each in ax.collections for path in each.get_paths()]  # fmt: skip
    points = np.concatenate([np.empty((0, 2)), *curves, *bands])
    if ((points > box.min) & (points < box.max)).all(axis=1).any():
        return True
    bars = [bar.get_window_extent() for bar in ax.patches if hasattr(bar, "get_width")]
    steps = [dense(step.get_path().transformed(step.get_transform()).vertices)
             for step in ax.patches if not hasattr(step, "get_width")]  # fmt: skip
    for step in steps:
        if ((step > box.min) & (step < box.max)).all(axis=1).any():
            return True
    words = [text.get_window_extent() for text in ax.texts]
    return any(meet(box, each) for each in (*bars, *words))


def dense(points: np.ndarray, dashes: str = "-") -> np.ndarray:
    """Return points at every pixel or so along a line, or those of marks alone."""
    if dashes == "None" or len(points) < 2:
        return points[np.isfinite(points).all(axis=1)]
    share = np.linspace(0, 1, 200)[:, None, None]
    between = (points[:-1] * (1 - share) + points[1:] * share).reshape(-1, 2)
    return between[np.isfinite(between).all(axis=1)]
