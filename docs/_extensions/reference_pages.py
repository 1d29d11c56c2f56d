"""Pages of the reference that list names: written before Sphinx looks for pages."""

import ast
from pathlib import Path

#: titles of the stages of data flow, and the name that each starts with
STAGES = {
    "read": "Read and keep a volume",
    "region_of_interest": "Mend and segment",
    "porosity": "Porosity and structure",
    "tortuosity_factor": "Transport",
    "contact_mask": "The current at an electrode",
    "tortuosity_band": "How far a number may be off",
    "collect": "Results",
    "Study": "Several samples and pages",
}

PYTHON = """Python
======

The public names, in the order in which data flows through them: a Volume goes in, a small Dataset
with units comes out. Arguments after the first have names. Metrics are lazy until
:func:`poreflux.collect` evaluates them in one pass; solves answer at once.

.. currentmodule:: poreflux
"""

PLOT = """Figures
=======

Each function takes Results, or several samples with their `names`, and returns a matplotlib Figure.
The :doc:`gallery </generated/gallery/index>` shows each.

.. currentmodule:: poreflux.plot
"""

COMMANDS = """# Command line

Every verb has `--help`, `--json` ([](../reference/json.md)), `--dry-run` (what it would need in
memory, disk and time) and one exit status for each outcome ([](../reference/exit-status.md)).
`poreflux --install-completion` teaches the verbs to your shell. This page is made from the
program's own help.

"""

PHANTOMS = """Phantoms
========

Volumes with known answers, generators of pressed electrolytes, and grey scans of either.

.. currentmodule:: poreflux.phantoms
"""


def write(folder: Path) -> None:
    """Write the pages into a folder of generated ones; those that are the same are left alone."""
    import poreflux

    stub = Path(poreflux.__file__).with_suffix(".pyi")
    pages = {
        "python.rst": PYTHON + staged(data_flow(stub)),
        "plot.rst": PLOT + summary(poreflux.plot.__all__),
        "phantoms.rst": PHANTOMS + summary(poreflux.phantoms.__all__),
        "command-line.md": COMMANDS + verbs(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def data_flow(stub: Path) -> list[str]:
    """Return the public functions in the order in which the stub imports them."""
    body = ast.parse(stub.read_text(encoding="utf-8")).body
    imports = [node for node in body if isinstance(node, ast.ImportFrom) and node.module]
    return [name.asname or name.name for node in imports for name in node.names]


def staged(order: list[str]) -> str:
    """Return summaries of the names, one for each stage."""
    missing = set(STAGES) - set(order)
    if missing:
        raise ValueError(f"the reference starts stages at {missing}, which are no public names")
    starts = [order.index(name) for name in STAGES] + [len(order)]
    return "".join(
        f"\n{title}\n{'-' * len(title)}\n{summary(order[first:last])}"
        for title, first, last in zip(STAGES.values(), starts, starts[1:])
    )


def summary(names: list[str]) -> str:
    """Return the text that lists names, and gives each a page."""
    listed = "\n".join(f"   {name}" for name in names)
    return f"\n.. autosummary::\n   :toctree: names\n\n{listed}\n"


def verbs() -> str:
    """Return the text that shows the help of each verb, in the order of the program's own."""
    from poreflux.cli.app import VERBS, solve

    names = [verb.name[0] for verb in VERBS]
    inner = {verb.name[0] for verb in VERBS if verb.name[0] in solve}
    full = [f"solve {name}" if name in inner else name for name in names]
    return "\n".join(f"## poreflux {name}\n\n```{{verb}} {name}\n```\n" for name in full)
