"""Style of all figures: size, fonts, colours that colour-blind readers tell apart, SVG output."""

import base64
import functools
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec

import numpy as np
import xarray as xr
from matplotlib import rc_context
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from poreflux.schema.units import printed_unit

#: ink of axes and text, and grid; the report swaps these two for the reader's light or dark theme
INK, GRID = "#24292e", "#c9ced4"

#: Okabe and Ito's colours, in the order in which series take them
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")

RULES: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "auto",
    "svg.fonttype": "path",
    "figure.autolayout": False,
    "figure.constrained_layout.use": False,
    "image.interpolation": "nearest",
}

Drawn = ParamSpec("Drawn")


def line_style(place: int) -> dict[str, Any]:
    """Return colour and dashes of the series at a place: the dashes change after six colours.

    Examples
    --------
    >>> line_style(0) == line_style(6), line_style(0)["color"] == line_style(6)["color"]
    (False, True)
    """
    dashes = ("-", "--", ":")[place // len(SERIES) % 3]
    return {"color": SERIES[place % len(SERIES)], "ls": dashes}


def plain(name: str) -> str:
    r"""Return a name that a user gave so that it is drawn as it is written, and not as formula.

    Examples
    --------
    >>> print(plain("a$x$"), plain("_solid"))
    a\$x\$  _solid
    """
    # Matplotlib leaves names that begin with _ out of legends
    return (" " if name.startswith("_") else "") + name.replace("$", r"\$")


#: a figure across the page, and what is left free around a drawing that is saved, in inches
WIDTH, MARGIN = 6.8, 0.1


def styled(draw: Callable[Drawn, Figure]) -> Callable[Drawn, Figure]:
    """Wrap a figure function so that its figure follows RULES, independent of user settings."""

    @functools.wraps(draw)
    def wrapped(*args: Drawn.args, **options: Drawn.kwargs) -> Figure:
        with rc_context(RULES):
            return draw(*args, **options)

    return wrapped


def sheet(
    height: float, *, columns: int = 1, rows: int = 1, width: float = WIDTH, **subplots: Any
) -> tuple[Figure, Any]:
    """Return a Figure and its Axes without pyplot: no global state, safe on servers."""
    layout = ConstrainedLayoutEngine(compress=True, w_pad=0.08, h_pad=0.08)
    figure = Figure(figsize=(width, height), layout=layout)
    return figure, figure.subplots(rows, columns, **subplots)


def label(array: xr.DataArray, name: str | None = None) -> str:
    """Return an axis label from the attributes of a variable: ``"position along z (µm)"``.

    Examples
    --------
    >>> label(xr.DataArray(1.0, attrs={"long_name": "porosity", "units": "1"}))
    'porosity'
    >>> label(xr.DataArray(1.0, attrs={"long_name": "position along z", "units": "um"}))
    'position along z (µm)'
    """
    title = name or array.attrs.get("long_name") or str(array.name)
    unit = printed_unit(array.attrs.get("units", "1"))
    return f"{title} ({unit})" if unit else title


def svg(figure: Figure) -> str:
    """Return a figure as inline SVG, with images inside, unique ids, and the page's text colour.

    Examples
    --------
    >>> figure, axes = sheet(2.0)
    >>> text = svg(figure)
    >>> text.startswith("<svg"), "http://www.w3.org/1999/xlink" in text, "<metadata" in text
    (True, True, False)
    """
    buffer = io.StringIO()
    rules = {**RULES, "svg.hashsalt": "poreflux"}
    with laid_out(figure), rc_context(rules), _transparent(figure):
        box = figure.get_tightbbox().padded(MARGIN)
        options: Any = {"bbox_inches": box, "facecolor": "none", "metadata": {"Date": None}}
        figure.savefig(buffer, format="svg", dpi=200, **options)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    prefix = "f" + hashlib.sha256(text.encode()).hexdigest()[:8]
    text = re.sub(r'(\sid=")', rf"\1{prefix}-", text)
    text = re.sub(r'(href="#|url\(#)', rf"\1{prefix}-", text)
    for colour, variable in {INK: "ink", GRID: "grid"}.items():
        text = text.replace(colour, f"var(--{variable}, {colour})")
    return text


@contextmanager
def laid_out(figure: Figure) -> Iterator[None]:
    """Lay a figure out once, and keep its places while it is drawn and measured.

    Matplotlib lays out again at each drawing, which takes most of its time; inside of this, also
    of another one, it does so no more.

    Examples
    --------
    >>> figure, axes = sheet(2.0)
    >>> with laid_out(figure):
    ...     figure.get_layout_engine() is None
    True
    >>> figure.get_layout_engine() is None
    False
    """
    engine = figure.get_layout_engine()
    if engine is None:
        yield
        return
    figure.draw_without_rendering()
    with rc_context(RULES):
        figure.set_layout_engine(None)
    try:
        yield
    finally:
        figure.set_layout_engine(engine)


@contextmanager
def _transparent(figure: Figure) -> Iterator[None]:
    """Leave white axes out of a figure for a while: the page has its own ground."""
    white = [ax for ax in figure.axes if to_rgba(ax.get_facecolor()) == (1.0, 1.0, 1.0, 1.0)]
    for ax in white:
        ax.set_facecolor("none")
    try:
        yield
    finally:
        for ax in white:
            ax.set_facecolor("white")


def png(figure: Figure, *, dpi: int = 150, facecolor: str = "white") -> bytes:
    """Return a figure as the bytes of a PNG on a plain ground."""
    buffer = io.BytesIO()
    with rc_context(RULES):
        figure.savefig(buffer, format="png", dpi=dpi, facecolor=facecolor, bbox_inches="tight")
    return buffer.getvalue()


def data_uri(kind: str, content: bytes) -> str:
    """Return content as a ``data:`` address, so that a page needs no other file."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def extent(vertical: xr.DataArray, horizontal: xr.DataArray) -> tuple[float, float, float, float]:
    """Return the outer edges of an image in µm from its pixel centres, the first row on top."""
    x0, x1 = _edges(horizontal.values)
    y0, y1 = _edges(vertical.values)
    return x0, x1, y1, y0


def _edges(centres: np.ndarray) -> tuple[float, float]:
    step = centres[1] - centres[0] if centres.size > 1 else 2 * centres[0]
    return float(centres[0] - step / 2), float(centres[-1] + step / 2)
