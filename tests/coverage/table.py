"""The rows of the table of coverage, and how a share of trials is judged."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

HEAD = """# How true the printed errors are

Written by `make coverage` from what the trials did; no number here was typed. Each row is a claim
that a printed error makes, tried on seeded media whose truth is known by other means.
"""

COLUMNS = """| claim | medium | trials | observed | wanted | |
|---|---|---:|---|---|---|
"""

TOTAL = "In all "


NOT_SO = "**not so**"


class Row(NamedTuple):
    """One claim on one medium: what was observed over the trials, and what was wanted."""

    claim: str
    medium: str
    trials: int
    observed: str
    wanted: str
    passed: bool


def covered(
    claim: str, medium: str, inside: Sequence[bool], wanted: float, tolerance: float
) -> Row:
    """Return the row of an interval that holds the truth in a share of trials.

    Parameters
    ----------
    claim, medium
        of the row.
    inside
        whether the interval held the truth, for each trial.
    wanted, tolerance
        the share that is claimed, and how far the observed one may be from it; two standard
        deviations of the observed share, for so few trials, are added.

    Examples
    --------
    >>> covered("1 sigma of the porosity", "spheres", [True] * 27 + [False] * 13, 0.68, 0.08)[3:]
    ('68 %', '68 ± 8 %', True)
    """
    share = sum(inside) / len(inside)
    chance = 2 * math.sqrt(wanted * (1 - wanted) / len(inside))
    observed, said = f"{100 * share:.0f} %", f"{100 * wanted:.0f} ± {100 * tolerance:.0f} %"
    passed = abs(share - wanted) <= tolerance + chance
    return Row(claim, medium, len(inside), observed, said, passed)


def never_below(claim: str, medium: str, ratios: Sequence[float]) -> Row:
    """Return the row of a bound: the largest ratio of the true error to the printed one.

    Examples
    --------
    >>> never_below("solver error of tau", "mazes", [0.1, 0.5])[3:]
    ('0.50', 'at most 1', True)
    """
    worst = max(ratios)
    return Row(claim, medium, len(ratios), f"{worst:.2f}", "at most 1", worst <= 1)


def at_least(
    claim: str, medium: str, inside: Sequence[bool], wanted: float, words: str = ""
) -> Row:
    """Return the row of what must be so in a share of the trials or in more of them.

    Examples
    --------
    >>> at_least("discretisation interval", "spheres", [True] * 57 + [False] * 3, 0.9)[3:]
    ('95 %', 'at least 90 %', True)
    """
    share = sum(inside) / len(inside)
    said = f"at least {100 * wanted:.0f} %{f' {words}' if words else ''}"
    return Row(claim, medium, len(inside), f"{100 * share:.0f} %", said, share >= wanted)


def section(title: str, words: str, rows: Sequence[Row]) -> str:
    """Return the rows of one module as a section of the page."""
    lines = [
        f"| {row.claim} | {row.medium} | {row.trials} | {row.observed} | {row.wanted} | "
        f"{'so' if row.passed else NOT_SO} |"
        for row in rows
    ]
    return f"## {title}\n\n{words}\n\n{COLUMNS}" + "\n".join(lines) + "\n"


def page(sections: Mapping[str, str]) -> str:
    """Return the page of the documentation, of sections by their title."""
    body = "\n".join(sections.values())
    rows = [
        line.split("|") for line in body.splitlines() if line.endswith((" so |", f"{NOT_SO} |"))
    ]
    trials = sum(int(cells[3]) for cells in rows)
    failed = sum(NOT_SO in cells[-2] for cells in rows)
    said = f"{TOTAL}{len(rows)} claims, {trials} trials: {failed or 'none'} not so."
    return f"{HEAD}\n{body}\n{said}\n"


def sections(text: str) -> dict[str, str]:
    """Return the sections of a page by their title.

    Examples
    --------
    >>> made = {"a": section("a", "Why.", [Row("c", "m", 3, "1", "2", True)])}
    >>> sections(page(made)) == made
    True
    """
    body = text.partition(f"\n{TOTAL}")[0]
    parts = body.split("\n## ")[1:]
    return {part.partition("\n")[0]: f"## {part.rstrip()}\n" for part in parts}
