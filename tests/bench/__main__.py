"""Print the table of figures of merit: ``make bench``, or ``python -m tests.bench --only
transport``.
"""

import argparse
import importlib

#: name of a group of rows -> (module, function, keyword arguments at full and at small size)
GROUPS = {
    "machine": ("machine", "measure", {}, {"n": 64}),
    "transport": ("transport", "measure", {}, {"n": 48}),
    "phases": ("phases", "measure", {}, {"n": 48}),
    "published": ("transport", "published", {}, None),
    "largest": ("transport", "largest", {}, {"n": 64}),
    "hard": ("hard", "measure", {}, {"n": 20}),
    "interface": ("interface", "measure", {}, {"n": 32}),
    "mpi": ("mpi", "measure", {}, {"n": 40}),
    "import": ("import_", "measure", {}, {"n": 48, "repeats": 1}),
    "denoise": ("denoise", "measure", {}, {"n": 24, "repeats": 1}),
    "one_pass": ("one_pass", "measure", {}, {"n": 64, "repeats": 1}),
    "microstructure": (
        "microstructure",
        "measure",
        {},
        {"edges": [24], "n": 24, "names": ["watershed"]},
    ),
    "gpu": ("gpu", "measure", {}, {"sizes": (8,), "cores": 8}),
    "explore": ("explore", "measure", {}, {"n": 64}),
    "thickness": ("thickness", "measure", {}, {"n": 40, "repeats": 1}),
}


def table(rows: list[dict]):
    """Return the rows as a table of rich."""
    from rich.table import Table

    shown = Table("what", "size", "measured", "to reach", "")
    for each in rows:
        goal = "" if each["goal"] is None else f"{each['goal']:g} {each['unit']}"
        mark = {None: "", True: "reached", False: "SHORT"}[each["met"]]
        shown.add_row(each["what"], each["size"], f"{each['value']:.3g} {each['unit']}", goal, mark)
    return shown


def run(names: list[str], small: bool) -> list[dict]:
    """Return the rows of the named groups."""
    rows = []
    for name in names:
        module, function, full, reduced = GROUPS[name]
        arguments = reduced if small else full
        if arguments is None:
            continue
        measure = getattr(importlib.import_module(f"tests.bench.{module}"), function)
        rows += measure(**arguments)
    return rows


def main() -> None:
    """Measure what is asked for and print it as it comes."""
    from rich.console import Console

    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(GROUPS), default=list(GROUPS))
    parser.add_argument("--small", action="store_true", help="at a size that takes seconds")
    arguments = parser.parse_args()
    console = Console(width=120)
    for name in arguments.only:
        console.print(table(run([name], arguments.small)))


if __name__ == "__main__":
    main()
