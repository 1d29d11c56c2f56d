"""The verbs, in the order in which data flows through them."""

import inspect
from collections.abc import Callable

from cyclopts import App

from poreflux import __version__
from poreflux.cli.check import check
from poreflux.cli.compare import compare
from poreflux.cli.current import current
from poreflux.cli.demo import demo
from poreflux.cli.doctor import doctor
from poreflux.cli.explore import explore
from poreflux.cli.export import export
from poreflux.cli.imports import import_
from poreflux.cli.measure import measure
from poreflux.cli.report import report
from poreflux.cli.segment import segment
from poreflux.cli.solve import tortuosity
from poreflux.cli.study import run
from poreflux.cli.verify import verify

EPILOGUE = """Exit status: 0 done, 1 failed with one line on stderr, 2 misuse, 130 interrupted.
Start with `poreflux demo`, which makes a report of a small tomogram."""


def example_of(verb: Callable) -> str:
    """Return the command lines of the Examples section of a verb's docstring.

    Examples
    --------
    >>> example_of(doctor).split()[:2]
    ['poreflux', 'doctor']
    """
    text = (inspect.getdoc(verb) or "").partition("Examples\n--------\n")[2]
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def command(parent: App, verb: Callable, name: str, place: int) -> App:
    """Add a verb to its parent, with its example below its help; return it."""
    parent.command(verb, name=name, sort_key=place, help_epilogue=f"Example\n{example_of(verb)}")
    return parent[name]


app = App(
    name="poreflux",
    help="From a tomogram of a porous solid to publishable numbers.",
    help_epilogue=EPILOGUE,
    help_format="plaintext",
    version=__version__,
    suppress_keyboard_interrupt=False,
)
app.register_install_completion_command()
solve = App(name="solve", help="Solve a transport problem on a whole volume.", sort_key=3)
app.command(solve)

VERBS = (
    command(app, import_, "import", 0),
    command(app, segment, "segment", 1),
    command(app, measure, "measure", 2),
    command(solve, tortuosity, "tortuosity", 0),
    command(solve, current, "current", 1),
    command(app, report, "report", 4),
    command(app, export, "export", 5),
    command(app, verify, "verify", 6),
    command(app, doctor, "doctor", 7),
    command(app, demo, "demo", 8),
    command(app, check, "check", 9),
    command(app, run, "run", 10),
    command(app, compare, "compare", 11),
    command(app, explore, "explore", 12),
)
