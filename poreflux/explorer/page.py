"""The page: figures, state and the files of its text, style and behaviour become one document."""

import shlex
from importlib.resources import files
from typing import Any

from bokeh.document import Document
from bokeh.models import ColumnDataSource, CustomJS
from bokeh.palettes import Cividis256
from jinja2 import Environment, PackageLoader

from poreflux.explorer.figures import FRAME, LABELS, PORE, mappers, ranges, slices
from poreflux.explorer.histogram_figure import histogram_figure
from poreflux.explorer.images import Images
from poreflux.explorer.planes import View
from poreflux.explorer.profile_figure import profile_figure
from poreflux.explorer.session import HistogramSession, SlicesSession
from poreflux.explorer.shared import Shared
from poreflux.explorer.state import State
from poreflux.schema import DIMS, VARIABLES
from poreflux.schema.units import printed_unit

#: milliseconds between two looks at what was counted
_POLL = 300

_SCRIPTS = ("slices.js", "threshold.js", "box.js", "page.js")
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
    meta = {**_described(images), "overlay": state.overlay}
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
        "histogram": None, "counts": None, "boxed": None, "profile": None,
    }  # fmt: skip
    if has_gray:
        _add_histogram(document, shared, state, colours, arguments)
    folder = files("poreflux.explorer")
    code = "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in _SCRIPTS)
    document.js_on_event("document_ready", CustomJS(args=arguments, code=code))
    document.title = f"{images.title} · poreflux"
    document.template = Environment(
        loader=PackageLoader("poreflux.explorer", "."), autoescape=True
    ).get_template("page.html")
    document.template_variables.update(
        heading=images.title,
        summary=_summary(images),
        style=folder.joinpath("page.css").read_text(encoding="utf-8"),
        overlays=_overlays(images, meta),
        gray=has_gray,
        writable=has_gray and images.store is not None,
        maps=[],
    )
    state.outcome = shared.outcome


def _add_histogram(
    document: Document, shared: Shared, state: State, colours: Any, arguments: dict[str, Any]
) -> None:
    """Add histogram, box and profile, and let the page follow the counting."""
    shown, profile = histogram_figure(), profile_figure()
    counts, boxed = ColumnDataSource({"cumulated": []}), ColumnDataSource({"cumulated": []})
    session = HistogramSession(shared.counting, state, shown, counts, colours)
    arguments |= {
        "histogram": {"figure": shown.figure, "cut": shown.cut, "band": shown.band},
        "counts": counts,
        "boxed": boxed,
        "profile": profile.source,
    }
    arguments["all_figures"] += [shown.figure, profile.figure]
    shown.figure.tags = [counts, boxed]
    document.add_root(shown.figure)
    document.add_root(profile.figure)
    more = [True]

    def poll() -> None:
        shared.begin_counting()
        if more[0]:
            more[0] = session.poll()

    document.add_periodic_callback(poll, _POLL)


def _described(images: Images) -> dict[str, Any]:
    """Return what the page has to know of a volume."""
    titles = {}
    for name in images.arrays:
        known = VARIABLES.get(name)
        attrs = images.arrays[name].attrs
        title = attrs.get("long_name") or (known.long_name if known else name)
        unit = printed_unit(str(attrs.get("units", known.units if known else "1")))
        titles[name] = {"title": title, "unit": unit, "limits": [0.0, 1.0]}
    return {
        "extent": [list(ends) for ends in images.extent],
        "spacing": list(images.spacing),
        "origin": list(images.origin),
        "point": [
            a + (n // 2 + 0.5) * h for a, n, h in zip(images.origin, images.shape, images.spacing)
        ],
        "titles": titles,
        "phases": phases_of(images),
        "colours": _COLOURS,
        "store_quoted": shlex.quote(str(images.store)) if images.store else "",
    }


def phases_of(images: Images) -> dict[str, str]:
    """Return the name of each label of the phases, the label as text."""
    if "phase" not in images.arrays:
        return {}
    attrs = images.arrays["phase"].attrs
    labels = [int(label) for label in attrs.get("flag_values", [])]
    names = str(attrs.get("flag_meanings", "")).split()
    return {str(label): name for label, name in zip(labels, names)}


def _overlays(images: Images, meta: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what may lie over the grey values: a value and words."""
    found = []
    if "gray" in images.arrays:
        found.append(("threshold", "what the threshold makes pore"))
        if "phase" in images.arrays:
            found.append(("phase", "phases of the store"))
    found += [(name, meta["titles"][name]["title"]) for name in images.fields]
    return [*found, ("none", "nothing")]


def _summary(images: Images) -> str:
    """Return size, voxels and kind of a volume in one line."""
    x, y, z = reversed(images.shape)
    edges = " × ".join(f"{edge:.4g}" for edge in reversed([b - a for a, b in images.extent]))
    sizes = sorted(set(images.spacing))
    voxel = (
        f"{sizes[0]:.4g}"
        if len(sizes) == 1
        else " × ".join(f"{h:.4g}" for h in reversed(images.spacing))
    )
    return f"{x} × {y} × {z} voxels (x × y × z) of {voxel} µm: {edges} µm"
