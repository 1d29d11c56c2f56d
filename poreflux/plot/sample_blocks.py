"""Sub-volumes of several samples side by side, on one scale."""

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from poreflux.plot.samples import Samples, colour, images, outer, panels
from poreflux.plot.style import INK, SERIES, label, plain, styled
from poreflux.schema import DIMS

#: times the median beyond which values are drawn on a logarithmic scale
_FAR = 3.0


@styled
def sample_blocks(samples: Samples, name: str, *, direction: str = "") -> Figure:
    """Draw a quantity of the blocks next to the last face of each sample on one colour scale.

    Parameters
    ----------
    samples
        Results of the sub-volumes, by name.
    name
        of a variable over (block_z, block_y, block_x), such as `block_porosity`.
    direction
        of a quantity that has one.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites((8, 8, 8), 0.2)
    >>> results = poreflux.collect(poreflux.block_porosity(volume, blocks=(2, 2, 2)))
    >>> figure = sample_blocks({"a": results, "b": results}, "block_porosity")
    """
    maps = [_blocks(results, name, direction).isel(block_z=-1) for results in samples.values()]
    finite = np.concatenate([image.values[np.isfinite(image.values)] for image in maps])
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    return images(list(samples), maps, label(maps[0]), "viridis", low, high)


@styled
def sample_layers(samples: Samples, name: str, *, direction: str = "") -> Figure:
    """Draw every block of each sample against its z, with the mean ± deviation of each layer.

    Parameters
    ----------
    samples, name, direction
        as for :func:`sample_blocks`.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites((8, 8, 8), 0.2)
    >>> results = poreflux.collect(poreflux.block_porosity(volume, blocks=(2, 2, 2)))
    >>> figure = sample_layers({"a": results, "b": results}, "block_porosity")
    """
    blocks = [_blocks(results, name, direction) for results in samples.values()]
    figure, axes = panels(len(samples), sharey=True)
    for k, (ax, title, values) in enumerate(zip(axes, samples, blocks)):
        z = values["block_z"].values.astype(float)
        layers = values.transpose("block_z", ...).values.reshape(z.size, -1)
        pitch = z[1] - z[0] if z.size > 1 else 1.0
        shift = np.linspace(-0.25, 0.25, layers.shape[1]) * pitch
        ax.plot((z[:, None] + shift).ravel(), layers.ravel(), "o", ms=2.2, mec="none",
                mfc=colour(k), alpha=0.6)  # fmt: skip
        ax.errorbar(z, _of_layers(np.nanmean, layers), _of_layers(np.nanstd, layers), fmt="_",
                    color=INK, ms=8, mew=1.4, elinewidth=1.0, capsize=2)  # fmt: skip
        ax.set_title(plain(title))
        ax.grid(axis="y")
    _scale(axes[0], [values.values for values in blocks])
    outer(figure, axes, "z of the block's centre (µm)", label(blocks[0]))
    return figure


@styled
def sample_directions(samples: Samples) -> Figure:
    """Draw the tortuosity factor of the blocks of each sample along each direction.

    Parameters
    ----------
    samples
        Results of :func:`poreflux.block_tortuosity`, by name.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.random_sites((8, 8, 8), 0.1)
    >>> results = poreflux.collect(poreflux.block_tortuosity(volume, blocks=(2, 2, 2)))
    >>> figure = sample_directions({"a": results, "b": results})
    """
    figure, axes = panels(len(samples), sharey=True)
    for ax, (title, results) in zip(axes, samples.items()):
        there = results["block_tortuosity_factor"]["direction"].values
        for k, direction in enumerate(DIMS):
            if direction not in there:
                continue
            values = _blocks(results, "block_tortuosity_factor", direction).values.ravel()
            values = np.sort(values[np.isfinite(values)])
            if not values.size:
                continue
            spread = np.linspace(-0.28, 0.28, values.size)
            ax.plot(k + spread, values, "o", ms=2.2, mfc=SERIES[k], mec="none", alpha=0.7)
            ax.errorbar(k, values.mean(), values.std(), fmt="_", ms=12, color=INK, capsize=3)
        ax.set_xticks(range(3), DIMS)
        ax.set_title(plain(title))
        ax.grid(axis="y")
    _scale(axes[0], [_finite(results) for results in samples.values()])
    outer(figure, axes, "direction of transport", "tortuosity factor of blocks")
    return figure


def _blocks(results: xr.Dataset, name: str, direction: str) -> xr.DataArray:
    """Return a quantity of blocks along a direction, infinite ones as missing."""
    blocks = results[name]
    if "direction" in blocks.dims:
        blocks = blocks.sel(direction=direction or "z")
    return blocks.where(np.isfinite(blocks)).assign_attrs(results[name].attrs)


def _of_layers(statistic: Callable, layers: np.ndarray) -> np.ndarray:
    """Return a statistic of each layer, NaN of one without a value."""
    return np.array([
        statistic(layer) if np.isfinite(layer).any() else np.nan for layer in layers
    ])  # fmt: skip


def _scale(ax: Axes, values: Sequence[np.ndarray]) -> None:
    """Choose the vertical scale of panels that share it: logarithmic where some values are far."""
    known = np.concatenate([array[np.isfinite(array)] for array in values])
    if not known.size or not known.min() > 0 or known.max() < _FAR * np.median(known):
        return
    ax.set_yscale("log")
    ax.set_ylim(0.93 * known.min(), 1.1 * known.max())
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter("")


def _finite(results: xr.Dataset) -> np.ndarray:
    values = results["block_tortuosity_factor"].values.astype(float)
    return np.where(np.isfinite(values), values, np.nan)
