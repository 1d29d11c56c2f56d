"""The axes of a figure: of one sample or several, in a figure of their own or the caller's."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from poreflux.plot.fitting import fit
from poreflux.plot.style import WIDTH, plain, sheet
from poreflux.results.joining import split_results

#: where to draw: nothing for a new figure, one Axes, or one for each panel in reading order
Where = Axes | Sequence[Axes] | None

#: least and largest value of a scale
Limits = tuple[float | None, float | None] | None

#: letters of a label on an inch of axis, with what ticks and margins take
_LETTERS = 11.5

#: samples side by side
COLUMNS = 3


def samples_of(
    results: Sequence[xr.Dataset], names: Sequence[str], needed: str, hint: str = ""
) -> dict[str, xr.Dataset]:
    """Return the Results of each sample that has a variable, by the name that is drawn.

    Parameters
    ----------
    results
        of one sample each, or of several that :func:`poreflux.join_results` put together.
    names
        of the samples, in their order; by default those of joined Results.
    needed
        variable without which a sample is left out.
    hint
        what makes that variable.

    Raises
    ------
    KeyError
        if no sample has the variable.
    ValueError
        if there are more names than samples.
    """
    found = [item for result in results for item in split_results(result).items()]
    if len(names) > len(found):
        raise ValueError(f"names={list(names)} are more than the {len(found)} samples; give fewer")
    named = [*names, *(name for name, _ in found[len(names) :])]
    drawn: dict[str, xr.Dataset] = {}
    for name, (_, sample) in zip(named, found):
        if needed in sample:
            drawn[_free(name, drawn)] = sample
    if not drawn:
        raise KeyError(f"the results have no {needed!r}; {hint or 'collect it first'}")
    return drawn


def _free(name: str, taken: Mapping[str, object]) -> str:
    """Return a name that is drawn in the same way and is not taken yet."""
    while name in taken:
        name += "\u200b"  # zero width
    return name


def beside(count: int) -> int:
    """Return how many of so many samples stand beside each other.

    Examples
    --------
    >>> [beside(count) for count in (1, 2, 3, 4, 6)]
    [1, 2, 3, 2, 3]
    """
    return 2 if count == 4 else min(COLUMNS, count)


def overlay(where: Where, *, height: float, panels: int = 2) -> "Panels":
    """Return panels in which all samples are drawn over each other."""
    return Panels({"": xr.Dataset()}, where, height=height, panels=panels)


class Panels:
    """The axes of each sample, a row of panels or one panel each, and what they share."""

    def __init__(
        self,
        samples: Mapping[str, xr.Dataset],
        where: Where,
        *,
        height: float,
        panels: int = 1,
        width: float = WIDTH,
        several_height: float = 2.2,
        **subplots: Any,
    ) -> None:
        self.samples = samples
        self.is_own = where is None
        self.several_height = several_height
        self.scratch: list[Figure] = []
        count = len(samples)
        if where is not None:
            self.figure, axes = self._given(where, count, panels)
        elif count == 1:
            self.figure, axes = sheet(
                height, columns=panels, width=width, squeeze=False, **subplots
            )
        elif panels == 1:
            columns = beside(count)
            rows = -(-count // columns)
            size = several_height * rows + 0.3
            self.figure, axes = sheet(size, rows=rows, columns=columns, squeeze=False, **subplots)
            for spare in axes.ravel()[count:]:
                spare.set_axis_off()
        else:
            size = several_height * count + 0.3
            self.figure, axes = sheet(size, rows=count, columns=panels, squeeze=False, **subplots)
        self.axes = np.array(axes, object).ravel()[: count * panels].reshape(count, panels)

    def __iter__(self) -> Iterator[tuple[xr.Dataset, list[Axes]]]:
        for (name, sample), axes in zip(self.samples.items(), self.axes):
            yield sample, list(axes)
            name = name.rstrip("\u200b")
            if name:
                title = axes[0].get_title(loc="left")
                above = f"{plain(name)}\n{title}" if title else plain(name)
                axes[0].set_title(above, loc="left", pad=12 if title else None)

    def finish(
        self, *, limits: Limits = None, shared: str = "xy", legends: str = "first"
    ) -> Figure:
        """Return the figure, its panels of several samples on the same scales.

        ``limits`` are those of the values of the first panel; ``legends="all"`` keeps that of each
        sample, which has numbers.
        """
        self._share(shared)
        if legends == "first" and len(self.samples) > 1:
            self._one_legend()
        if limits is not None:
            for axes in self.axes[:, 0]:
                axes.set_ylim(*limits)
        if len(self.samples) > 1 and self.is_own and shared == "xy":
            self._label_once()
        if self.is_own:
            self._wrap_labels()
            self._fit(shared, grow=limits is None)
        return self.figure

    def _one_legend(self) -> None:
        """Name once what all samples have in common: below them, or in the caller's first axes."""
        with_legend = [axes for axes in self.axes.ravel() if axes.get_legend() is not None]
        given = {id(axes) for axes in self.axes[0]} if not self.is_own else set()
        for axes in with_legend:
            if id(axes) not in given:
                axes.get_legend().remove()
        if self.is_own and with_legend:
            self.legend_beside(with_legend)

    def _share(self, shared: str) -> None:
        """Give the panels of each column the same scales."""
        for column in self.axes.T:
            if len(column) > 1:
                for axis in shared:
                    _share(list(column), axis)

    def _fit(self, shared: str, grow: bool) -> None:
        """Let no labels touch and no legend lie on what is drawn, on scales that stay shared."""
        axes = list(self.axes.ravel())
        for _ in range(2):  # a legend that needs room moves what stands beside it
            scales = [ax.get_ylim() for ax in axes]
            fit(self.figure, axes, grow=grow)
            if scales == [ax.get_ylim() for ax in axes] or not grow or "y" not in shared:
                return
            self._share("y")

    def legend(self, axes: Axes) -> None:
        """Name what is drawn over each other: in the axes, or below where that is much."""
        handles, words = axes.get_legend_handles_labels()
        if len(words) > 3 and self.is_own:
            place: Any = {"loc": "outside lower center", "ncols": 3, "fontsize": 8}
            self.figure.legend(handles, words, **place)
        elif words:
            axes.legend(fontsize=8)

    def legend_beside(self, shown: Sequence[Axes] | None = None) -> None:
        """Name what the panels have in common once: at the side of one, below several."""
        words: dict[str, Any] = {}
        for axes in self.axes.ravel() if shown is None else shown:
            for handle, word in zip(*axes.get_legend_handles_labels()):
                words.setdefault(word, handle)
        handles, names = list(words.values()), list(words)
        if not self.is_own:
            self.axes[0, 0].legend(handles, names, fontsize=8)
        elif len(self.samples) == 1:
            self.figure.legend(handles, names, loc="outside right upper", fontsize=8)
        else:
            place: Any = {"loc": "outside lower center", "ncols": 4, "fontsize": 8}
            self.figure.legend(handles, names, **place)

    def _wrap_labels(self) -> None:
        """Break labels that are longer than their axis."""
        width, height = self.figure.get_size_inches() / np.array(self.axes.shape[::-1])
        if self.axes.shape[1] == 1 and len(self.samples) > 1:  # three beside each other
            width, height = width / beside(len(self.samples)), self.several_height
        for axes in self.axes.ravel():
            axes.set_xlabel(textwrap.fill(axes.get_xlabel(), max(12, int(_LETTERS * width))))
            axes.set_ylabel(textwrap.fill(axes.get_ylabel(), max(12, int(_LETTERS * height))))

    def _label_once(self) -> None:
        """Leave the words of an axis out where a neighbour on the same scale has them."""
        if self.axes.shape[1] == 1:
            for axes in self.axes.ravel():
                axes.label_outer()
        else:
            for axes in self.axes[:-1].ravel():
                axes.set_xlabel("")

    def _given(self, where: Axes | Sequence[Axes], count: int, panels: int) -> tuple[Figure, list]:
        """Return the caller's axes; panels that have none are drawn where nobody looks."""
        given = [where] if isinstance(where, Axes) else list(np.ravel(np.asarray(where, object)))
        needed = count * panels
        if len(given) not in (count, needed):
            raise ValueError(
                f"ax has {len(given)} axes; give {needed}, or {count} for the first panel of each "
                "sample"
            )
        if len(given) == count and panels > 1:
            unseen = Figure()
            self.scratch.append(unseen)
            rest = range(panels - 1)
            given = [ax for one in given for ax in (one, *(unseen.add_subplot() for _ in rest))]
        figure = given[0].get_figure(root=True)
        if not isinstance(figure, Figure):
            raise TypeError("ax is in no figure; take one of figure.subplots()")
        return figure, given


def _share(column: Sequence[Axes], axis: str) -> None:
    """Give axes of one column the widest of their limits."""
    limits = np.array([getattr(ax, f"get_{axis}lim")() for ax in column])
    down = limits[0, 0] > limits[0, 1]
    low, high = limits.min(), limits.max()
    for ax in column:
        getattr(ax, f"set_{axis}lim")(*((high, low) if down else (low, high)))
