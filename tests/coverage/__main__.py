"""Try every claim of an error, and write the table: ``make coverage``, or ``python -m
tests.coverage --only sampling_error``.

A module of this folder with a function ``trials(count=None, seed=0) -> list[Row]`` is found by
itself; `count` is the number of realisations of each medium, None for as many as the claim needs.
The ordinary tests run ``trials(count=FEW)``, where `FEW` is a number of the module, 2 by default:
its cost is that of a few seconds.
"""

import argparse
import importlib
import pkgutil
import sys
import time
from pathlib import Path

from tests.coverage.table import Row, page, section, sections

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "coverage.md"


def modules() -> list[str]:
    """Return the names of the modules that try claims."""
    names = sorted(module.name for module in pkgutil.iter_modules([str(HERE)]))
    return [name for name in names if not name.startswith(("test_", "__")) and name != "table"]


def run(name: str, count: int | None = None, seed: int = 0) -> list[Row]:
    """Return the rows of one module."""
    return importlib.import_module(f"tests.coverage.{name}").trials(count=count, seed=seed)


def few(name: str) -> int:
    """Return how many realisations of each medium the ordinary tests try."""
    return getattr(importlib.import_module(f"tests.coverage.{name}"), "FEW", 2)


def words(name: str) -> str:
    """Return what a module says that it tries: the first paragraph of its text."""
    text = importlib.import_module(f"tests.coverage.{name}").__doc__ or ""
    return " ".join(text.partition("\n\n")[0].split())


def main() -> int:
    """Run what is asked for, print rows as they come, and put them into the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.coverage", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=modules(), default=modules())
    parser.add_argument("--count", type=int, help="realisations of each medium")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=PAGE, help="page; other sections of it stay")
    arguments = parser.parse_args()
    passed = True
    for name in arguments.only:
        start = time.perf_counter()
        rows = run(name, arguments.count, arguments.seed)
        for row in rows:
            print(*row[:-1], "so" if row.passed else "NOT SO", sep=" | ", flush=True)
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)
        passed = passed and all(row.passed for row in rows)
        put(arguments.out, name, rows)
    return 0 if passed else 1


def put(out: Path, name: str, rows: list[Row]) -> None:
    """Write the rows of a module into the page, in place of those that were there."""
    title = name.replace("_", " ").capitalize()
    there = sections(out.read_text(encoding="utf-8")) if out.exists() else {}
    there[title] = section(title, words(name), rows)
    out.write_text(page(dict(sorted(there.items()))), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
