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

from tests.coverage.table import Row, page

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


def main() -> int:
    """Run what is asked for, print rows as they come, and write the page after all of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.coverage", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=modules(), default=modules())
    parser.add_argument("--count", type=int, help="realisations of each medium")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help=f"page to write; by default {PAGE.name}, of all")
    arguments = parser.parse_args()
    rows = []
    for name in arguments.only:
        start = time.perf_counter()
        for row in run(name, arguments.count, arguments.seed):
            print(*row[:-1], "so" if row.passed else "NOT SO", sep=" | ", flush=True)
            rows.append(row)
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)
    out = arguments.out or (PAGE if arguments.only == modules() else None)
    if out:
        out.write_text(page(rows), encoding="utf-8")
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
