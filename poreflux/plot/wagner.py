"""How uneven the current is for each Wagner length."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from poreflux.plot.fitting import log_axis
from poreflux.plot.panels import Limits, Where, overlay, samples_of
from poreflux.plot.style import INK, SERIES, plain, styled
from poreflux.schema import MESH_DEPENDENT, Direction

#: most steps of the axis of Wagner lengths that are labelled one by one
_TICKS = 6


@styled
def wagner_sweep(
    *results: xr.Dataset,
    names: Sequence[str] = (),
    direction: Direction = "z",
    ax: Where = None,
    limits: Limits = None,
) -> Figure:
    """Draw the spread of the current and its largest values against the Wagner length.

    The largest value depends on the mesh where the Wagner length is less than three voxels; there
    the marks are open.

    Parameters
    ----------
    results
        of one or several samples, or joined,
        with `sweep_current_density_cv` and the like, from :func:`poreflux.interfacial_current` with
        `wagner_lengths`.
    names, direction
        as for :func:`current_density`.
    ax
        axes to draw into, one for each panel or only for the first; by default a new figure.
    limits
        least and largest value of the vertical axis of the first panel.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites((8, 8, 8), 0.2)
    >>> current = poreflux.interfacial_current(volume, wagner_lengths=[0, 1, 10])
    >>> figure = wagner_sweep(poreflux.collect(current))
    """
    needed = "sweep_current_density_cv"
    samples = samples_of(results, names, needed, "give wagner_lengths to interfacial_current")
    panels = overlay(ax, height=3.0)
    ((left, right),) = panels.axes
    for k, (name, result) in enumerate(samples.items()):
        sweep = result.sel(direction=direction).sortby("swept_wagner_length")
        _sweep(left, right, sweep, SERIES[k % len(SERIES)], plain(name).rstrip("\u200b") or None)
    for axes in (left, right):
        axes.set(xscale="log", xlabel="Wagner length (µm)")
        log_axis(axes.xaxis)
        axes.grid(axis="y")
        _mark_zero(axes, list(samples.values()))
    left.set(ylabel="coefficient of variation", ylim=(0, None))
    right.set(ylabel="current density over its mean", ylim=(1, None))
    marks = (("s", "99th percentile", INK), ("^", "largest", INK), ("^", "mesh-dependent", "none"))
    keys = [Line2D([], [], ls="", marker=m, mec=INK, mfc=fill, ms=5, label=meaning)
            for m, meaning, fill in marks]  # fmt: skip
    right.legend(handles=keys, fontsize=8)
    panels.legend(left)
    return panels.finish(limits=limits)


def _sweep(left: Axes, right: Axes, sweep: xr.Dataset, colour: str, name: str | None) -> None:
    x = sweep["swept_wagner_length"].values.astype(float)
    place = np.where(x > 0, x, x[x > 0].min() / 4 if (x > 0).any() else 1.0)
    left.plot(place, sweep["sweep_current_density_cv"], "o-", ms=4, color=colour, label=name)
    mean = sweep["sweep_current_density_mean"]
    right.plot(place, sweep["sweep_current_density_p99"] / mean, "s-", ms=4, color=colour)
    largest = sweep["sweep_current_density_max"]
    resolved = ~(abs(sweep["sweep_current_density_max_refinement"].values) > MESH_DEPENDENT)
    right.plot(place, largest / mean, ls=":", color=colour)
    right.plot(place[resolved], (largest / mean)[resolved], "^", ms=5, color=colour)
    right.plot(place[~resolved], (largest / mean)[~resolved], "^", ms=5, mfc="none", mec=colour)


def _mark_zero(ax: Axes, results: Sequence[xr.Dataset]) -> None:
    """Break a logarithmic axis before its least length, and write 0 where that is drawn."""
    lengths = np.concatenate([result["swept_wagner_length"].values for result in results])
    positive = lengths[lengths > 0]
    if positive.size == lengths.size or not positive.size:
        return
    least, most = float(positive.min()), float(positive.max())
    steps = [m * 10.0**e for e in range(-3, 6) for m in (1, 2, 5)]
    steps = [step for step in steps if 0.7 * least <= step <= 1.4 * most]
    if len(steps) > _TICKS:
        steps = [step for step in steps if f"{step:e}".startswith("1.0")] or steps[::3]
    ax.set_xticks([least / 4, *steps], ["0", *(f"{step:g}" for step in steps)])
    ax.set_xticks([], minor=True)
    for place in (0.47, 0.53):  # two strokes through the axis
        ax.plot([least * place * 0.94, least * place * 1.06], [-0.025, 0.025], color=INK, lw=0.9,
                clip_on=False, transform=ax.get_xaxis_transform())  # fmt: skip
