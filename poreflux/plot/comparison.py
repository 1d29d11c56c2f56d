"""Figures of a comparison: values with their total errors, and quantities against each other."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.special import ndtri

from poreflux.plot.style import GRID, INK, SERIES, line_style, plain, sheet, styled
from poreflux.study.findings import Comparison
from poreflux.study.quantities import Found, possible
from poreflux.uncertainty.errors import errors_of, total, value_of


@dataclass(frozen=True)
class Reference:
    """A range of values that others published, drawn as a bar behind the samples."""

    words: str
    low: float
    high: float


@styled
def values(comparison: Comparison, keys: Sequence[str], *, columns: int = 3) -> Figure:
    """Draw quantities of all samples with their total errors at the level of the comparison.

    Parameters
    ----------
    comparison
        of :func:`poreflux.compare`.
    keys
        of the quantities.
    columns
        panels beside each other.

    Examples
    --------
    >>> import poreflux, xarray as xr
    >>> results = xr.Dataset({"porosity": 0.1, "porosity_sampling_error": 0.01})
    >>> figure = values(poreflux.compare({"a": results, "b": results}), ["porosity"])
    """
    factor = float(ndtri((1 + comparison.level) / 2))
    columns = min(columns, len(keys))
    rows = -(-len(keys) // columns)
    figure, grid = sheet(0.3 + 2.0 * rows, columns=columns, rows=rows, squeeze=False, sharey=True)
    for ax, key in zip(grid.ravel(), keys):
        for k, value in enumerate(comparison.found[key].values()):
            name = comparison.quantities[key].name
            ax.errorbar(value.value, -k, xerr=_distances(name, value, factor), fmt="o", ms=4,
                        color=_colour(k), capsize=2)  # fmt: skip
        ax.set_yticks([-k for k in range(len(comparison.samples))], map(plain, comparison.samples))
        ax.set_title(_wrapped(comparison.quantities[key].name_in_table), fontsize=8)
        ax.grid(axis="x")
        ax.margins(x=0.12)
    for ax in grid.ravel()[len(keys) :]:
        ax.remove()
    return figure


@styled
def against(
    comparison: Comparison,
    key: str,
    target: dict[str, tuple[float, float]],
    title: str,
    references: Sequence[Reference] = (),
) -> Figure:
    """Draw what was measured of the samples against one of their quantities.

    Parameters
    ----------
    comparison
        of :func:`poreflux.compare`.
    key
        of the quantity.
    target
        value and scatter of each sample.
    title
        of the axis of the target.
    references
        published ranges of the quantity.

    Examples
    --------
    >>> import poreflux, xarray as xr
    >>> results = xr.Dataset({"porosity": 0.1, "porosity_sampling_error": 0.01})
    >>> comparison = poreflux.compare({"a": results, "b": results})
    >>> figure = against(comparison, "porosity", {"a": (1.0, 0.1)}, "limit")
    """
    figure, ax = sheet(3.2, width=5.2)
    for k, reference in enumerate(references):
        ax.axvspan(reference.low, reference.high, facecolor=((GRID, 0.6), (INK, 0.2))[k % 2],
                   edgecolor=INK, hatch=("", "///")[k % 2], lw=0.6, ls=("-", "--")[k % 2],
                   zorder=0, label=reference.words)  # fmt: skip
    for k, name in enumerate(comparison.samples):
        if name not in target:
            continue
        value, (height, scatter) = comparison.found[key][name], target[name]
        error = _distances(comparison.quantities[key].name, value)
        ax.errorbar(value.value, height, yerr=scatter, xerr=error, fmt="o", ms=5, color=_colour(k),
                    capsize=2, label=plain(name))  # fmt: skip
    ax.set(xlabel=comparison.quantities[key].name_in_table, ylabel=title)
    ax.set_ylim(0, None)
    ax.grid(axis="y")
    ax.set_axisbelow(True)
    figure.legend(loc="outside right upper", fontsize=8)
    return figure


@styled
def correlations(comparison: Comparison, target: str) -> Figure:
    """Draw the rank correlation of every quantity with a target, with its interval by errors.

    Filled marks are told from chance after the correction for all quantities, open ones are not.

    Parameters
    ----------
    comparison
        of :func:`poreflux.compare`.
    target
        key of it.

    Examples
    --------
    >>> import poreflux, xarray as xr
    >>> samples = {
    ...     name: xr.Dataset({"porosity": p, "porosity_sampling_error": 0.01}).assign_attrs(
    ...         measured={"limit": {"value": p**2}}
    ...     )
    ...     for name, p in (("a", 0.1), ("b", 0.2), ("c", 0.4))
    ... }
    >>> figure = correlations(poreflux.compare(samples), "limit")
    """
    rows = [c for c in comparison.correlations if c.target == target]
    rows.sort(key=lambda row: abs(row.correlation))
    figure, ax = sheet(0.8 + 0.24 * len(rows), width=6.4)
    for k, row in enumerate(rows):
        shown = row.p_corrected < 1 - comparison.level
        ax.plot([row.low, row.high], [k, k], color=GRID, lw=3, zorder=1)
        ax.plot(row.correlation, k, "o", ms=6, mec=SERIES[0], mfc=SERIES[0] if shown else "none")
    ax.set_yticks(range(len(rows)), [comparison.quantities[r.quantity].name_in_table for r in rows])
    ax.axvline(0, color=INK, lw=0.8)
    ax.set(xlim=(-1.05, 1.05), xlabel="rank correlation, with its interval by the errors")
    return figure


@styled
def bands(samples: Mapping[str, xr.Dataset], quantities: Sequence[tuple[str, str]]) -> Figure:
    """Draw quantities of all samples with the interval of each kind of error that is known.

    Parameters
    ----------
    samples
        Results, by name.
    quantities
        name and direction of each, the direction empty where there is none.

    Examples
    --------
    >>> import xarray as xr
    >>> results = xr.Dataset({"porosity": 0.1, "porosity_sampling_error": 0.01})
    >>> figure = bands({"a": results, "b": results}, [("porosity", "")])
    """
    columns = min(2, len(quantities))
    rows = -(-len(quantities) // columns)
    size = 0.7 + rows * (0.5 + 0.28 * len(samples))
    figure, grid = sheet(size, columns=columns, rows=rows, squeeze=False, sharey=True)
    for ax, (name, direction) in zip(grid.ravel(), quantities):
        for k, results in enumerate(samples.values()):
            _bands(ax, -k, results, name, direction)
        ax.set_yticks([-k for k in range(len(samples))], map(plain, samples))
        ax.set_title(f"{name.replace('_', ' ')}{f' along {direction}' if direction else ''}")
        ax.grid(axis="x")
        ax.margins(x=0.08)
    for ax in grid.ravel()[len(quantities) :]:
        ax.remove()
    keys = [Line2D([], [], color=GRID, lw=7, label="total")]
    keys += [Line2D([], [], color=colour, lw=2.5, label=kind) for kind, colour in _KINDS.items()]
    keys += [Line2D([], [], color=INK, marker="|", ls="", ms=8, label="value")]
    figure.legend(handles=keys, loc="outside lower center", ncols=6, fontsize=8)
    return figure


#: kinds of errors and their colours, from top to bottom
_KINDS = dict(zip(("sampling", "discretisation", "segmentation", "solver"), SERIES))


def _bands(ax: Axes, row: float, results: xr.Dataset, name: str, direction: str) -> None:
    """Draw one value with its total error and that of each kind, below each other."""
    value = value_of(results, name, direction)
    if not np.isfinite(value):
        return
    known = {e.kind: e for e in errors_of(results, name, direction) if np.isfinite(e.largest)}
    whole = total(errors_of(results, name, direction))
    if np.isfinite(whole.largest):
        ends = possible(name, value, value - whole.below, value + whole.above)
        ax.plot(ends, [row, row], color=GRID, lw=14, solid_capstyle="butt", zorder=1)
    for k, (kind, colour) in enumerate(_KINDS.items()):
        if kind in known:
            low, high = value - known[kind].below, value + known[kind].above
            ends = possible(name, value, low, high)
            place = row + 0.24 - 0.16 * k
            ax.plot(ends, [place] * 2, color=colour, lw=2.2, solid_capstyle="butt", zorder=2)
    ax.plot(value, row, "|", color=INK, ms=13, mew=1.2, zorder=3)


def _distances(name: str, value: Found, factor: float = 1.0) -> np.ndarray:
    """Return how far a bar of so many errors reaches on each side, as far as that is possible."""
    below, above = np.nan_to_num([value.below, value.above]) * factor
    low, high = possible(name, value.value, value.value - below, value.value + above)
    return np.array([[value.value - low], [high - value.value]])


def _colour(place: int) -> str:
    """Return the colour of a sample by its place among the samples."""
    return str(line_style(place)["color"])


def _wrapped(text: str, width: int = 28) -> str:
    """Return a text in lines that fit a panel."""
    return "\n".join(textwrap.wrap(text, width))
