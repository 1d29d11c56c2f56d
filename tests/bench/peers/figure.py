"""The figure of the comparison: error against time, both on logarithmic axes."""

import math
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from poreflux.plot.style import RULES, SERIES
from tests.bench.peers.programs import PROGRAMS
from tests.bench.peers.table import Run, named

MARKERS = ("o", "s", "^", "D", "v")
#: what is smaller is drawn here: over-converged values are proved to 1e-10
SMALLEST = 1e-10


def draw(runs: list[Run], path: Path) -> None:
    """Write the figure of the runs that gave a number as SVG."""
    with rc_context({**RULES, "svg.hashsalt": "solver-benchmark"}):
        figure = Figure(figsize=(6.4, 5.2), layout="constrained")
        axes = figure.subplots()
        for place, (program, described) in enumerate(PROGRAMS.items()):
            for setting in described.settings:
                own = [run for run in runs if (run.program, run.setting) == (program, setting)]
                if own:
                    _points(
                        axes,
                        own,
                        f"{described.label}, {named(described.settings[setting])}",
                        place,
                        setting,
                    )
        axes.set(xscale="log", yscale="log")
        axes.set_xlabel("processor time / memory triads of the image's size")
        axes.set_ylabel("relative error of the effective conductivity")
        axes.axhline(1e-4, color="0.6", linewidth=0.8, linestyle=":", zorder=0)
        axes.grid(True, which="major")
        axes.xaxis.set_minor_formatter(NullFormatter())
        if runs:
            decades = [math.log10(run.triads) for run in runs]
            axes.set_xlim(10 ** math.floor(min(decades)), 10 ** math.ceil(max(decades)))
            figure.legend(loc="outside lower center", ncols=2)
        figure.savefig(path, metadata={"Date": None})


def _points(axes, own: list[Run], label: str, place: int, setting: str) -> None:
    """Draw the runs of one program and setting: hollow where a tolerance was asked for."""
    colour = SERIES[place]
    axes.plot(
        [run.triads for run in own],
        [max(run.error, SMALLEST) for run in own],
        MARKERS[place],
        color=colour,
        markerfacecolor=colour if setting == "defaults" else "white",
        markersize=5,
        linestyle="none",
        label=label,
    )
