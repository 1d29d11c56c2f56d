"""The page of a study: the answer first, then every figure of all samples on one scale."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from poreflux import plot
from poreflux.annotations import Progress
from poreflux.plot import comparison as drawn
from poreflux.reporting import comparison_data as data
from poreflux.reporting import comparison_tables as tables
from poreflux.reporting.comparison_figures import PAPER_FIELD, card_of, panels
from poreflux.reporting.figures import Card
from poreflux.reporting.methods import program
from poreflux.reporting.published import RANGES
from poreflux.reporting.report import filled, refuse_other
from poreflux.reporting.tables import Table
from poreflux.store import disk
from poreflux.study.answer import answer, main_target
from poreflux.study.findings import Comparison
from poreflux.study.quantities import ARRANGEMENT, all_measured, measured_of
from poreflux.uncertainty.errors import value_of
from poreflux.uncertainty.sampling import too_narrow

Samples = Mapping[str, xr.Dataset]


@dataclass
class Part:
    """A part of the page: words, tables, figures."""

    name: str
    title: str
    words: str = ""
    tables: Sequence[Table] = ()
    cards: list[Card] = field(default_factory=list)


def compare_page(
    samples: Samples,
    comparison: Comparison,
    path: str | Path,
    *,
    title: str = "Several samples",
    progress: Progress | None = None,
) -> Path:
    """Write the page of a comparison: one file, and the same for the same results.

    Parameters
    ----------
    samples
        Results, by name.
    comparison
        of :func:`poreflux.compare` of them.
    path
        of the file; it replaces an earlier report, nothing else.
    title
        of the page.
    progress
        called as ``progress(done, total, note)``, in figures.

    Examples
    --------
    >>> import tempfile
    >>> import poreflux
    >>> volumes = {f"p{p}": poreflux.phantoms.random_sites((16, 16, 16), p / 10) for p in (1, 2)}
    >>> samples = {
    ...     name: poreflux.collect(poreflux.porosity(v), poreflux.block_porosity(v))
    ...     for name, v in volumes.items()
    ... }
    >>> page = compare_page(
    ...     samples, poreflux.compare(samples), tempfile.mkdtemp() + "/comparison.html"
    ... )
    >>> "Of 2 samples p2 has the largest porosity" in page.read_text(encoding="utf-8")
    True
    """
    path = Path(path)
    refuse_other(path)
    text = render(samples, comparison, title=title, progress=progress)
    with disk.writing(path):
        disk.write_file(path, text.encode())
    return path


def render(
    samples: Samples, comparison: Comparison, *, title: str, progress: Progress | None = None
) -> str:
    """Return the page as text."""
    parts = [
        Part("numbers", "Numbers", _narrow(samples), tables=[tables.numbers(comparison)]),
        Part("differences", "Which samples differ",
             tables=[tables.pairs(comparison), tables.orders(comparison)]),
        Part("goes-with", "What goes with it", tables=[*tables.correlations(comparison)]),
        Part("paper", "The paper's numbers beside these",
             tables=tables.published(samples, comparison)),
    ]  # fmt: skip
    figures = [*_figures(samples, comparison)]
    for k, (part, make) in enumerate(figures):
        if part not in parts:
            parts.append(part)
        part.cards.append(make())
        if progress:
            progress(k + 1, len(figures), part.cards[-1].title)
    return filled(
        "comparison.html",
        title=title,
        names=list(samples),
        program=program(next(iter(samples.values()))),
        answer=answer(comparison),
        sections=[part for part in parts if part.tables or part.cards],
        methods=_methods(comparison),
    )


def _narrow(samples: Samples) -> str:
    """Return which samples are too narrow to be representative, and what a larger one brings."""
    said = {name: too_narrow(results) for name, results in samples.items()}
    return " ".join(f"Of {name}, {sentence}." for name, sentence in said.items() if sentence)


_Figure = tuple[Part, Callable[[], Card]]


def _figures(samples: Samples, comparison: Comparison) -> Iterator[_Figure]:
    """Yield each figure whose data all samples have, with the part that it is in."""
    values = Part("values", "All values with their total errors")
    keys = list(comparison.quantities)
    arranged = [k for k in keys if comparison.quantities[k].group == ARRANGEMENT]
    others = [k for k in keys if k not in arranged]
    level = f"{100 * comparison.level:.0f} %"
    for name, chosen, what in (
        ("values", others, "amount, sizes, transport and current"),
        ("arrangement", arranged, "arrangement"),
    ):
        if chosen:
            yield values, card_of(
                name, f"Values: {what}", partial(drawn.values, comparison, chosen),
                f"Bars are {level} intervals of the total errors, cut where no value is possible.",
                partial(_one, data.values, comparison, chosen),
            )  # fmt: skip
    banded = [
        (name, direction)
        for name, direction in (("porosity", ""), *(("tortuosity_factor", d) for d in "zyx"))
        if all(np.isfinite(value_of(r, name, direction)) for r in samples.values())
    ]
    if banded:
        yield values, card_of(
            "bands", "Porosity and tortuosity with each kind of error",
            partial(drawn.bands, samples, banded),
            "One standard deviation on each side: grey is the total, lines are the kinds that are "
            "known; the lines of segmentation and discretisation are bands by other thresholds and "
            "other voxels. Intervals are cut where no value is possible.",
            partial(_one, data.kinds, samples, banded),
        )  # fmt: skip
    yield from _correlation_figures(samples, comparison)
    for part, entries in panels(samples).items():
        section = Part(part[0], part[1])
        for needed, card in entries:
            if all(name in results for results in samples.values() for name in needed):
                yield section, card
    maps = [r["structure_factor"] for r in samples.values() if "structure_factor" in r]
    if len(maps) == len(samples) and all(image["x"][-1] > PAPER_FIELD for image in maps):
        field = f"the field of {PAPER_FIELD:.0f} µm that the paper shows"
        yield Part("field", "The field of the paper (Fig. 3 b to g)"), card_of(
            "field", f"Structure factor in {field}",
            lambda: plot.structure_factor(
                *samples.values(), names=tuple(samples), field=PAPER_FIELD),
            f"The corner of the maps above, {field}.", same="maps",
        )  # fmt: skip


def _correlation_figures(samples: Samples, comparison: Comparison) -> Iterator[_Figure]:
    part = Part("correlations", "Quantities against each other")
    main = main_target(comparison)
    if any(c.target == main for c in comparison.correlations):
        yield part, card_of(
            "rank-correlations", f"Rank correlations with {comparison.targets[main]}",
            lambda: drawn.correlations(comparison, main),
            "Filled: told from chance after correction for all quantities; open: not. Grey: what "
            "the errors leave.",
            partial(_one, data.correlations, comparison, main),
        )  # fmt: skip
    references = [
        drawn.Reference(f"{entry.powder} powder, Lin et al.", entry.low / 100, entry.high / 100)
        for entry in RANGES
        if entry.name == "porosity" and entry.low < entry.high
    ]
    for name in dict.fromkeys(n for results in samples.values() for n in all_measured(results)):
        if "porosity" not in comparison.quantities:
            continue
        pairs = dict(zip(samples, measured_of(samples, name)))
        known = {sample: pair for sample, pair in pairs.items() if pair[0] == pair[0]}
        words = name.replace("_", " ")
        yield part, card_of(
            f"measured-{name}", f"{words[:1].upper()}{words[1:]} against porosity (Fig. 2)",
            partial(
                drawn.against, comparison, "porosity", known, _axis(samples, name), references
            ),
            "Grey bands are the ranges of porosity that the paper's text gives for each powder; "
            "bars are one standard deviation.",
            partial(_one, data.against, comparison, "porosity", _axis(samples, name), known),
        )  # fmt: skip


def _one(make: Callable[..., bytes], *given: Any) -> list[bytes]:
    return [make(*given)]


def _axis(samples: Samples, name: str) -> str:
    """Return the title of the axis of a measured quantity, with its unit."""
    units = [all_measured(results).get(name, {}).get("unit", "") for results in samples.values()]
    unit = next(filter(None, units), "")
    return f"{name.replace('_', ' ')} ({unit})" if unit else name.replace("_", " ")


def _methods(comparison: Comparison) -> str:
    return (
        f"Values of {len(comparison.samples)} samples were compared with their total errors "
        "(sampling, discretisation, segmentation and solver, combined as squares but for the "
        "solver's bound). Sampling errors of spreads of sub-volumes and of the current are those "
        "of a bootstrap of groups of neighbouring blocks (tiles of two correlation lengths of the "
        f"current). Differences have {100 * comparison.level:.0f} % intervals and are corrected "
        "for all pairs by Holm's method; probabilities of orders are of draws by the errors; rank "
        "correlations are Spearman's, their chances those of all orders of the samples, corrected "
        "for all quantities by Holm's method."
    )
