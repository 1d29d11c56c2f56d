"""The table of faults, `README.md` beside this file: written by the tests, never by hand.

With POREFLUX_FAULTS set to a folder, each test leaves there what it tried; ``python -m
tests.faults.table FOLDER`` makes the table of it.
"""

import json
import os
import sys
from pathlib import Path

HEAD = """# Faults that were tried

Written by `make faults` from what the tests did; no number here was typed. *Wrong* counts the tries
that did not end as the last column says.

| fault | what is hit | tried | wrong | how each ends |
|---|---|---:|---:|---|
"""


def tries(few: int, many: int) -> int:
    """Return how often to try: many times where notes are taken, few in the ordinary tests."""
    return many if os.environ.get("POREFLUX_FAULTS") else few


def record(fault: str, verb: str, tried: int, wrong: int, outcome: str) -> None:
    """Note what a test tried, where notes are taken."""
    folder = os.environ.get("POREFLUX_FAULTS")
    if folder:
        row = {"fault": fault, "verb": verb, "tried": tried, "wrong": wrong, "outcome": outcome}
        name = f"{verb} {fault}".replace("/", "-").replace(" ", "-")
        (Path(folder) / f"{name}.json").write_text(json.dumps(row))


def table(folder: Path) -> str:
    """Return the table of all that was noted in a folder."""
    rows = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    lines = [
        f"| {row['fault']} | {row['verb']} | {row['tried']} | {row['wrong']} | {row['outcome']} |"
        for row in rows
    ]
    tried, wrong = (sum(row[key] for row in rows) for key in ("tried", "wrong"))
    total = f"\nIn all {tried} tries, {wrong} wrong.\n"
    return HEAD + "\n".join(lines) + "\n" + total


if __name__ == "__main__":
    (Path(__file__).parent / "README.md").write_text(table(Path(sys.argv[1])), encoding="utf-8")
