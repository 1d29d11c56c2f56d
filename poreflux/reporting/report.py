"""Results become one self-contained page: numbers, figures, methods, provenance."""

import datetime
import os
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from poreflux.annotations import Progress, ShownProgress
from poreflux.errors import StoreExists
from poreflux.progress import shows_progress
from poreflux.reporting.computed import computed_instead
from poreflux.reporting.guards import guards
from poreflux.reporting.methods import citations, methods, operations, program, volume_shape
from poreflux.reporting.methods_errors import error_sentences
from poreflux.results.number_rows import DIAGNOSTICS, FIRST, KEY, rows
from poreflux.results.opening import open_results, open_variants
from poreflux.results.variants import LABEL, own_variables
from poreflux.store import disk
from poreflux.uncertainty.rounding import significant


@shows_progress("report")
def report(
    results: xr.Dataset | str | Path,
    path: str | Path,
    *,
    title: str | None = None,
    progress: ShownProgress = None,
) -> Path:
    """Write Results to one HTML file that needs no other file and no network.

    Parameters
    ----------
    results
        of :func:`poreflux.collect`, or the folder where they are stored, of which variants of other
        parameters have tables of their own.
    path
        of the file; it appears when it is complete, and replaces an earlier report, nothing else.
    title
        of the page; by default the name of the source.
    progress
        True for a bar (the default in notebooks), False for none; or what is called as
        ``progress(done, total, note)``, in figures.

    Returns
    -------
    The path of the file.

    Raises
    ------
    StoreExists
        if something other than an earlier report is there.

    Examples
    --------
    >>> import tempfile
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites((16, 16, 16), 0.2)
    >>> results = poreflux.collect(poreflux.porosity(volume), volume=volume)
    >>> page = report(results, tempfile.mkdtemp() + "/report.html")
    >>> "porosity" in page.read_text(encoding="utf-8")
    True
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path.parent} is not a folder; make it first")
    refuse_other(path)
    variants: Mapping[int, xr.Dataset] = {}
    if not isinstance(results, xr.Dataset):
        variants = open_variants(results)
        results = open_results(results)
    page = render(results, variants=variants, title=title, progress=progress)
    with disk.writing(path):
        disk.write_file(path, page.encode())
    return path


def refuse_other(path: Path) -> None:
    """Raise where a page would take the place of something that is not an earlier report."""
    disk.refuse_inside(path)
    if not os.path.lexists(path):
        return
    if path.is_file():
        with path.open("rb") as file:
            head = file.read(4000)
        if head.startswith(b"<!doctype html>") and b"poreflux report</title>" in head:
            return
    raise StoreExists(f"{path} is there and is not an earlier report; choose another name")


def render(
    results: xr.Dataset,
    *,
    variants: Mapping[int, xr.Dataset] | None = None,
    title: str | None = None,
    progress: Progress | None = None,
) -> str:
    """Return the page as text."""
    from poreflux.reporting.figures import cards
    from poreflux.reporting.figures_current import current_cards
    from poreflux.reporting.figures_microstructure import structure_cards
    from poreflux.reporting.tables import tables

    shown = []
    for card in chain(cards(results), structure_cards(results), current_cards(results)):
        shown.append(card)
        if progress:
            progress(len(shown), len(shown) + 1, card.title)
    table = rows(results)
    source = str(results.attrs.get("source", "a volume"))
    return filled(
        "page.html",
        title=title or source,
        source=source,
        made=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        program=program(results),
        key=KEY,
        main_rows=[row for row in table if row.name in FIRST],
        other_rows=[row for row in table if row.name not in FIRST],
        variants=[_Variant(k, variant) for k, variant in (variants or {}).items()],
        cards=laid_out(shown),
        tables=list(tables(results)),
        warnings=guards(results),
        kinds=" ".join(error_sentences(results)),
        methods=methods(results, variants=variants),
        citations=citations(results),
        provenance=provenance(results),
        operations=[
            *map(_operation_row, operations(results)),
            *(
                _operation_row({**entry, "operation": f"{entry['operation']}, variant {number}"})
                for number, variant in (variants or {}).items()
                for entry in computed_instead(variant)
            ),
        ],
    )


class _Variant:
    """Numbers of other parameters than the first ones."""

    def __init__(self, number: int, results: xr.Dataset) -> None:
        names = set(own_variables(results)) - set(DIAGNOSTICS)
        self.number, self.label = number, results.attrs[LABEL]
        self.rows = [row for row in rows(results) if row.name in names]


def filled(template: str, **content: Any) -> str:
    """Return a page of this folder with its content and the style of all pages."""
    import jinja2

    folder = files("poreflux.reporting")
    names = (template, "figure.html", "style.css", "solid.js", "page.js")
    texts = {name: folder.joinpath(name).read_text(encoding="utf-8") for name in names}
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, loader=jinja2.DictLoader(texts)
    )
    style, script = texts["style.css"], "\n".join(_scripts(texts))
    return environment.get_template(template).render(style=style, script=script, **content)


def _scripts(texts: Mapping[str, str]) -> Iterator[str]:
    """Yield the scripts of a page, without their comments at the start of a line."""
    for name in ("solid.js", "page.js"):
        yield re.sub(r"^\s*(//|/\*\*).*\n", "", texts[name], flags=re.MULTILINE)


def laid_out(cards: list) -> list[tuple]:
    """Return each card with its width: half cards in pairs, one without a partner is lone.

    Examples
    --------
    >>> from types import SimpleNamespace as Card
    >>> [width for _, width in laid_out([Card(half=h) for h in (1, 1, 1, 0, 1)])]
    ['half', 'half', 'lone', '', 'lone']
    """
    placed = []
    for half, run in groupby(cards, key=lambda card: bool(card.half)):
        together = list(run)
        paired = len(together) // 2 * 2
        for k, card in enumerate(together):
            placed.append((card, "" if not half else "half" if k < paired else "lone"))
    return placed


def provenance(results: xr.Dataset) -> list[tuple[str, str]]:
    """Return what is known of the sample, as (title, value)."""
    attrs, entries = results.attrs, []
    shape, size = volume_shape(results), attrs.get("voxel_size")
    if shape:
        entries.append(("voxels (z, y, x)", " × ".join(map(str, shape))))
    if size is not None:
        entries.append(("voxel edges (z, y, x)", " × ".join(f"{h:g}" for h in size) + " µm"))
    if shape and size is not None:
        lengths = " × ".join(significant(n * h, 4) for n, h in zip(shape, np.ravel(size)))
        entries.append(("size", f"{lengths} µm"))
    for key, title in {"source": "source", "source_sha256": "sha-256 of the source"}.items():
        if key in attrs:
            entries.append((title, str(attrs[key])))
    entries.append(("program", program(results)))
    return entries


def _operation_row(entry: dict) -> tuple[str, str]:
    """Return an operation and its parameters as text."""
    parameters = {key: value for key, value in entry.items() if key != "operation"}
    text = ", ".join(f"{key} = {_short(value)}" for key, value in parameters.items())
    return str(entry.get("operation", "")), text


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_short(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_short, value))
    return str(value)
