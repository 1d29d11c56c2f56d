"""The page: figures, state and the files of its text, style and behaviour become one document."""

import re
from functools import cache
from importlib.resources import files
from typing import Any

from bokeh.document import Document
from bokeh.events import ConnectionLost
from bokeh.models import ColumnDataSource, CustomJS
from bokeh.palettes import Cividis256
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from poreflux.explorer.figures import FRAME, LABELS, PORE, mappers, ranges, slices
from poreflux.explorer.histogram_figure import histogram_figure
from poreflux.explorer.map_figure import MapSession
from poreflux.explorer.maps import maps_of
from poreflux.explorer.page_text import described, overlays, summary
from poreflux.explorer.planes import View
from poreflux.explorer.profile_figure import profile_figure
from poreflux.explorer.session import BoxSession, HistogramSession, SlicesSession
from poreflux.explorer.shared import Shared
from poreflux.explorer.state import State
from poreflux.explorer.writing import Writing, follower
from poreflux.schema import DIMS

#: milliseconds between two looks at what was counted
_POLL = 300

_SCRIPTS = ("slices.js", "threshold.js", "box.js", "maps.js", "page.js")
_COLOURS = {
    "pore": PORE, "near": "rgba(240, 228, 66, 0.55)", "clear": "rgba(0, 0, 0, 0)",
    "labels": list(LABELS), "scale": list(Cividis256[::32]),
}  # fmt: skip


def make_page(document: Document, shared: Shared) -> None:
    """Fill the document of a new page with the figures of a volume, its first images in them.

    Parameters
    ----------
    document
        of Bokeh, one for each page that is opened.
    shared
        what all pages have in common: images, counts, results.
    """
    images = shared.images
    state, colours, axes = State(), mappers(), ranges(images)
    drawn = slices(images, axes, colours)
    has_gray = "gray" in images.arrays
    state.overlay = "threshold" if has_gray else "none"
    state.dark = shared.dark
    meta = {**described(images, _COLOURS), "overlay": state.overlay}
    point = meta["point"]
    ends = [
        e for dim in DIMS for e in sorted((axes[f"{dim}_right"].start, axes[f"{dim}_right"].end))
    ]
    if not has_gray:
        for piece in drawn:
            piece.glyphs["gray"].glyph.color_mapper = colours.phase
    drawn[0].figure.tags = [state]  # what hangs on a root is followed in both directions
    session = SlicesSession(images, state, drawn, colours)
    session.fill(View.of([*point, *ends, FRAME]))
    for piece in drawn:
        for kind in ("threshold", "phase", "field"):
            piece.glyphs[kind].visible = kind == state.overlay
            piece.glyphs[kind].glyph.global_alpha = 0.6
        document.add_root(piece.figure)
    arguments: dict[str, Any] = {
        "meta": meta,
        "state": state,
        "ranges": axes,
        "figures": [piece.figure for piece in drawn],
        "crosses": {d: [p.cross[d] for p in drawn if d in p.cross] for d in DIMS},
        "boxes": [piece.box for piece in drawn],
        "overlays": {
            kind: [p.glyphs[kind] for p in drawn] for kind in ("threshold", "phase", "field")
        },
        "mappers": {"threshold": colours.threshold},
        "all_figures": [piece.figure for piece in drawn],
        "inked": [],
        "histogram": None, "counts": None, "boxed": None, "profile": None, "profile_figure": None,
        "map": None,
    }  # fmt: skip
    if has_gray:
        _add_histogram(document, shared, state, colours, arguments)
    maps = maps_of(shared.results, images) if shared.results is not None else []
    if maps:
        drawn_map = MapSession(maps, images, state)
        session.followers.append(drawn_map.follow)
        arguments["map"] = {
            "figure": drawn_map.figure, "source": drawn_map.source, "cross": drawn_map.cross,
        }  # fmt: skip
        arguments["all_figures"].append(drawn_map.figure)
        document.add_root(drawn_map.figure)
    if shared.writing is not None:
        _add_writing(document, shared.writing, state, session)
    folder = files("poreflux.explorer")
    code = "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in _SCRIPTS)
    document.js_on_event("document_ready", CustomJS(args=arguments, code=code))
    gone = "document.getElementById('lost').hidden = false"
    document.js_on_event(ConnectionLost, CustomJS(code=gone))
    document.title = f"{images.title} · poreflux"
    document.template = _templates().get_template("page.html")
    document.template_variables.update(
        heading=images.title,
        summary=summary(images),
        style=Markup(folder.joinpath("page.css").read_text(encoding="utf-8")),
        overlays=overlays(images),
        gray=has_gray,
        writable=shared.writing is not None,
        maps=[(drawn.key, drawn.title) for drawn in maps],
    )


@cache
def _templates() -> Environment:
    found = Environment(loader=PackageLoader("poreflux.explorer", "."), autoescape=True)
    found.filters["needed"] = needed
    return found


def needed(scripts: str) -> Markup:
    """Return the tags of Bokeh's scripts without those of its widgets, tables and formulas.

    Examples
    --------
    >>> tags = '<script src="/bokeh.min.js"></script><script src="/bokeh-tables.min.js"></script>'
    >>> str(needed(tags))
    '<script src="/bokeh.min.js"></script>'
    """
    spared = r"<script[^>]*bokeh-(?:gl|widgets|tables|mathjax|api)[.\w]*js[^>]*>\s*</script>"
    return Markup(re.sub(spared, "", scripts))


def _add_histogram(
    document: Document, shared: Shared, state: State, colours: Any, arguments: dict[str, Any]
) -> None:
    """Add histogram, box and profile, and let the page follow the counting."""
    shown, profile = histogram_figure(), profile_figure()
    counts, boxed = ColumnDataSource({"cumulated": []}), ColumnDataSource({"cumulated": []})
    session = HistogramSession(shared.counting, state, shown, counts, colours)
    arguments |= {
        "histogram": {"figure": shown.figure, "cut": shown.cut, "band": shown.band},
        "inked": shown.inked,
        "counts": counts,
        "boxed": boxed,
        "profile": profile.source,
        "profile_figure": profile.figure,
    }
    arguments["all_figures"] += [shown.figure, profile.figure]
    shown.figure.tags = [counts, boxed]
    document.add_root(shown.figure)
    document.add_root(profile.figure)
    box = BoxSession(shared.counting, state, boxed)
    more = [True]

    def poll() -> None:
        if not state.served:
            return  # the first images are not there yet, and nothing is to delay them
        shared.begin_counting()
        box.poll()
        if more[0]:
            more[0] = session.poll()

    document.add_periodic_callback(poll, _POLL)


def _add_writing(
    document: Document, writing: Writing, state: State, session: SlicesSession
) -> None:
    """Let the page write its segmentation, and follow what becomes of it."""

    def begin(attr: str, old: str, new: str) -> None:
        writing.begin(state.threshold, "dark" if state.dark else "bright")

    def tell(outcome: dict[str, Any]) -> None:
        state.outcome = outcome

    state.on_change("command", begin)
    document.add_periodic_callback(follower(writing, tell, session.forget), _POLL)
