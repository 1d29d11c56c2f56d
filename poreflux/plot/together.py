"""One curve of each sample, all over each other in one pair of axes."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from poreflux.plot.fitting import log_axis
from poreflux.plot.panels import Limits, Where, overlay, samples_of
from poreflux.plot.style import label, line_style, plain, styled


@styled
def together(
    *results: xr.Dataset,
    quantity: str,
    names: Sequence[str] = (),
    log: bool = False,
    title: str = "",
    ax: Where = None,
    limits: Limits = None,
) -> Figure:
    """Draw one curve of each sample over each other, with its error where that is known.

    Parameters
    ----------
    results
        of several samples, or joined.
    quantity
        a variable of one dim, such as `porosity_profile`, `spectral_density` or
        `representative_std`.
    names
        of the samples; by default those of joined results.
    log
        whether both axes are logarithmic.
    title
        of the vertical axis; by default that of the variable.
    ax
        axes to draw into; by default a new figure.
    limits
        least and largest value of the vertical axis.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites((8, 8, 8), 0.2)
    >>> results = poreflux.collect(poreflux.porosity_profile(volume))
    >>> figure = together(results, results, names=["a", "b"], quantity="porosity_profile")
    """
    samples = samples_of(results, names, quantity, "collect it first")
    panels = overlay(ax, height=3.0, panels=1)
    panel = panels.axes[0, 0]
    for k, (name, sample) in enumerate(samples.items()):
        values = sample[quantity]
        x, y = values[values.dims[0]].values.astype(float), values.values.astype(float)
        drawn = np.isfinite(y) & (y > 0) & (x > 0) if log else np.isfinite(y)
        style = line_style(k)
        marks = {"marker": "o", "ms": 3} if x.size < 60 else {}
        shown = plain(name).rstrip("\u200b") or None
        panel.plot(x[drawn], y[drawn], lw=1.1, label=shown, **style, **marks)
        error = sample.get(f"{quantity}_error")
        if error is not None:
            low = np.maximum(y - error.values, 0.1 * y) if log else y - error.values
            high = y + error.values
            panel.fill_between(
                x[drawn], low[drawn], high[drawn], color=style["color"], alpha=0.15, lw=0
            )
    first = next(iter(samples.values()))[quantity]
    panel.set(xlabel=label(first[first.dims[0]]), ylabel=title or label(first))
    if log:
        panel.set(xscale="log", yscale="log")
        for axis in (panel.xaxis, panel.yaxis):
            log_axis(axis)
    else:
        panel.set_ylim(0, None)
        panel.margins(x=0)
    panel.grid(axis="y")
    panels.legend(panel)
    return panels.finish(limits=limits)
