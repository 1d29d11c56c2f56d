"""The figures of the page: a drawing, a caption, an alternative text, and the data."""

import gzip
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from poreflux import plot
from poreflux.plot.style import Figure, laid_out
from poreflux.reporting.solid import turnable
from poreflux.schema import DIMS, Direction, name_of
from poreflux.uncertainty.rounding import rounded, significant, told


@dataclass(frozen=True)
class Card:
    """One figure as the page shows it.

    `downloads` are (file name, data: address) each; `same` is the name of a figure whose data are
    those of this one too; `parts` are the boxes of the drawing that are stacked on narrow screens;
    `held` is what the page's script turns, or writes as a table.
    """

    name: str
    title: str
    svg: str
    caption: str
    alt: str
    downloads: tuple[tuple[str, str], ...] = ()
    same: str = ""
    parts: tuple[str, ...] = ()
    held: str = ""

    @property
    def root(self) -> str:
        """Return the id of what is drawn, for the parts to show it again."""
        found = re.search(r'id="([\w-]*figure_1)"', self.svg)
        return found.group(1) if found else ""

    @property
    def half(self) -> bool:
        """Return whether the figure is narrow, so that two stand side by side."""
        (size,) = re.findall(r'viewBox="0 0 (\S+) (\S+)"', self.svg)[:1]
        return float(size[0]) < 1.6 * float(size[1])


def cards(results: xr.Dataset) -> Iterator[Card]:
    """Yield a card for each figure that the Results hold the data of."""
    for make in (_slices, _pores, _structure, _histogram, _profiles, _porosity, _tortuosity):
        yield from make(results)


def csv(arrays: Sequence[xr.DataArray]) -> bytes:
    """Return a table of arrays on common coordinates; columns have units: ``z [um],porosity``."""
    dims = arrays[0].dims
    grids = np.meshgrid(*(arrays[0][d].values for d in dims), indexing="ij")
    columns = {_header(arrays[0][d]): grid.ravel() for d, grid in zip(dims, grids)}
    columns |= {_header(array): array.values.ravel() for array in arrays}
    lines = [",".join(columns)]
    lines += [",".join(map(_cell, row)) for row in zip(*(c.tolist() for c in columns.values()))]
    return "\n".join(lines).encode() + b"\n"


def download(name: str, text: bytes) -> tuple[str, str]:
    """Return a table to download as (file name, data: address); large ones are zipped.

    Examples
    --------
    >>> download("a", b"z\\n1\\n")
    ('a.csv', 'data:text/csv;base64,egoxCg==')
    """
    if len(text) < 100_000:
        return f"{name}.csv", plot.data_uri("text/csv", text)
    return f"{name}.csv.gz", plot.data_uri("application/gzip", gzip.compress(text, mtime=0))


def _header(array: xr.DataArray) -> str:
    unit = array.attrs.get("units", "1")
    return str(array.name) if unit == "1" else f"{array.name} [{unit}]"


def _cell(value: object) -> str:
    return f"{value:.7g}" if isinstance(value, float) else str(value)


def make_card(
    name: str,
    title: str,
    figure: Figure,
    caption: str,
    alt: str,
    arrays: Sequence[xr.DataArray] = (),
    *,
    tables: Sequence[bytes] = (),
    same: str = "",
    held: str = "",
) -> Card:
    """Return the card of a figure.

    `arrays` are the data to download, a table for each grid, or `tables` are.
    """
    grids: dict[tuple, list[xr.DataArray]] = {}
    for array in arrays:
        grids.setdefault(array.dims, []).append(array)
    downloads = [
        download(f"{name}_{k + 1}" if k else name, text)
        for k, text in enumerate([*map(csv, grids.values()), *tables])
    ]
    with laid_out(figure):
        drawn, parts = plot.svg(figure), plot.parts(figure)
    return Card(name, title, drawn, caption, alt, tuple(downloads), same, parts, held)


def _slices(results: xr.Dataset) -> Iterator[Card]:
    if "phase_slice_z" not in results:
        return
    labels = results["phase_slice_z"]
    names = str(labels.attrs["flag_meanings"]).split()
    fractions = {
        name: float((labels == value).mean())
        for name, value in zip(names, np.atleast_1d(labels.attrs["flag_values"]))
    }
    shown = ", ".join(f"{name} {100 * share:.1f} %" for name, share in fractions.items())
    has_gray = "gray_slice_z" in results
    alt = f"The middle slice across z, {'as measured and ' if has_gray else ''}segmented: {shown}."
    position = labels.attrs.get("position")
    at = f" at z = {significant(float(position), 4)} µm" if position is not None else ""
    caption = f"Middle slice{at}: " + ("grey values (left) and " if has_gray else "") + "phases."
    data = [results[f"{kind}_slice_z"] for kind in ("gray", "phase")[1 - has_gray :]]
    yield make_card("slices", "Slices", plot.slices(results), caption, alt, data)
    if "phase_slice_y" not in results:
        return
    caption = (
        "The middle slices across z (left) and across y, in which the pressing direction z points "
        "down"
    )
    drawn = ": grey values with the boundaries of the segmentation." if has_gray else ": phases."
    alt = f"{caption}{drawn}"
    data = [results[f"{kind}_slice_y"] for kind in ("gray", "phase")[1 - has_gray :]]
    yield make_card("sections", "Across and along z", plot.sections(results), alt, alt, data)


def _pores(results: xr.Dataset) -> Iterator[Card]:
    if "phase_percent" not in results:
        return
    coarse = results["phase_percent"]
    phase = coarse.attrs.get("phase", "pore")
    sizes = " × ".join(significant(2 * float(coarse[d].mean()), 3) for d in coarse.dims)
    alt = f"The {phase} phase as a solid seen from outside, in a box of {sizes} µm (z, y, x)."
    caption = (
        f"The {phase} phase seen from outside; colour follows depth along z. "
        f"Drawn on {' × '.join(map(str, coarse.shape))} voxels."
    )
    title = "Pores" if phase == "pore" else f"The {phase} phase"
    yield make_card("pores", title, plot.pores(results), caption, alt, held=turnable(coarse))


def _histogram(results: xr.Dataset) -> Iterator[Card]:
    if "gray_histogram" not in results:
        return
    counts = results["gray_histogram"]
    mode = significant(float(counts["gray_value"][int(counts.values.argmax())]), 4)
    thresholds = ""
    if "threshold" in results:
        thresholds = ", ".join(
            significant(float(t), 4) for t in np.atleast_1d(results["threshold"])
        )
    alt = f"Histogram of the grey values; the most frequent is {mode}"
    alt += f", the threshold {thresholds}." if thresholds else "."
    caption = "Grey values of all voxels, their share on a logarithmic axis"
    if thresholds:
        caption += "; the line is the threshold between phases"
    if "method_threshold" in results:
        caption += (
            ", the band what it is shifted by for the band of porosities, other lines what other "
            "methods give"
        )
    caption += "."
    yield make_card("histogram", "Grey values", plot.histogram(results), caption, alt, [counts])


def _profiles(results: xr.Dataset) -> Iterator[Card]:
    for direction in DIMS:
        name = name_of("porosity_profile", direction)
        if name not in results:
            continue
        profile = results[name]
        low, high = float(profile.min()), float(profile.max())
        alt = f"Porosity of planes along {direction}, between {low:.3f} and {high:.3f}."
        caption = f"Porosity of each plane along {direction}; the dashed line is their mean."
        figure = plot.porosity_profile(results, direction=direction)
        yield make_card(name, f"Porosity along {direction}", figure, caption, alt, [profile])


def _structure(results: xr.Dataset) -> Iterator[Card]:
    for direction in DIMS:
        name = name_of("structure_factor", direction)
        if name not in results:
            continue
        image = results[name]
        rms = _rms(results, image, direction)
        alt = (
            f"Map of the porosity of columns along {direction} minus the mean: between "
            f"{float(image.min()):.3f} and {float(image.max()):.3f}, root mean square {rms}."
        )
        caption = (
            f"Porosity of each column along {direction} minus the mean porosity; root mean square "
            f"{rms}{_null(results, direction)}. The scale is the first of ± 0.05, 0.1, 0.2, "
            "0.3, 0.5 and 1 that holds 99.5 % of the columns."
        )
        figure = plot.structure_factor(results, direction=direction)
        yield make_card(name, f"Structure factor along {direction}", figure, caption, alt, [image])


def _rms(results: xr.Dataset, image: xr.DataArray, direction: Direction) -> str:
    """Return the root mean square of a map with its error, which is known of the porosities."""
    name = "structure_factor_rms"
    if name in results and image.attrs.get("variant", "signed") in ("signed", "absolute"):
        return told(results, name, direction).with_unit("")
    return significant(float(np.sqrt((image**2).mean())), 3)


def _null(results: xr.Dataset, direction: Direction) -> str:
    if "structure_factor_ratio" not in results:
        return ""
    along = results.sel(direction=direction)
    ratio = told(results, "structure_factor_ratio", direction).with_unit("")
    text = f", {ratio} times that of a homogeneous medium with pores of the same length"
    if "structure_factor_ratio_z" not in results:
        return text
    scatter, z, p = (float(along[f"structure_factor_ratio_{x}"]) for x in ("scatter", "z", "p"))
    if not np.isfinite(z):
        return text
    chance = f"p = {significant(p, 2)}" if p >= 1e-4 else "p < 0.0001"
    return (
        f"{text}; between such media this varies by {significant(scatter, 2)} (z = {z:.1f}, "
        f"{chance}). It tells columns from chance, not a lattice or clusters: for these, see the "
        "arrangement"
    )


def _porosity(results: xr.Dataset) -> Iterator[Card]:
    if "block_porosity" not in results:
        return
    blocks = results["block_porosity"]
    mean = float(results.get("block_porosity_mean", blocks.mean()))
    std = float(results.get("block_porosity_std", blocks.std(ddof=1)))
    spread = f"{rounded(mean, std)} ± {significant(std, 2)}"
    alt = f"Porosity of {blocks.size} blocks against z, mean ± standard deviation: {spread}."
    caption = (
        f"Porosity of {blocks.size} sub-volumes, points at the z of their centres. {_BOXES} "
        f"Mean ± standard deviation of all: {spread}."
    )
    figure = plot.block_porosity(results)
    yield make_card("block_porosity", "Porosity of blocks", figure, caption, alt, [blocks])
    yield from _map(results, "block_porosity", "Porosity")


_BOXES = "A box holds the middle half of a layer; its line is the median."

_VOXELS = (
    "Voxels move a single factor by an amount that is not known, since a sub-volume has few pores; "
    "on average as they move the mean."
)


def _map(results: xr.Dataset, name: str, title: str) -> Iterator[Card]:
    """Yield the map of the blocks of each layer, along z where they have a direction."""
    blocks = results[name]
    if "direction" in blocks.dims and "z" not in blocks["direction"]:
        return
    count = blocks.sizes["block_z"]
    caption = (
        f"{title} of each sub-volume, layer by layer from the first face (left) to the last. "
        "Numbers run along x, then y, then z; the scale reaches from the least value to that "
        "below which 98 % lie."
    )
    figure = plot.block_map(results, quantity=name)
    alt = f"Maps of {count} layers of sub-volumes: {caption}"
    title = f"{title} of blocks, layer by layer"
    same = "block_tortuosity" if name == "block_tortuosity_factor" else name
    yield make_card(f"{name}_map", title, figure, caption, alt, same=same)


def _tortuosity(results: xr.Dataset) -> Iterator[Card]:
    if "block_tortuosity_factor" not in results:
        return
    blocks = results["block_tortuosity_factor"]
    means = []
    for direction in blocks["direction"].values:
        values = blocks.sel(direction=direction).values
        values = values[np.isfinite(values)]
        if values.size > 1:
            mean, std = float(values.mean()), float(values.std(ddof=1))
            means.append(f"{direction} {rounded(mean, std)} ± {significant(std, 2)}")
    alt = f"Tortuosity factor of blocks, mean ± standard deviation: {'; '.join(means)}."
    closed = int((~np.isfinite(blocks)).sum())
    missing = f" {closed} have no path and no finite factor: they are not drawn." if closed else ""
    whole = " Dashed: the whole volume." if "tortuosity_factor" in results else ""
    caption = (
        f"Tortuosity factor of {blocks.isel(direction=0).size} sub-volumes, points at the z of "
        f"their centres. {_BOXES}{whole}{missing} Mean ± standard deviation of all: "
        f"{'; '.join(means)}. {_VOXELS}"
    )
    figure = plot.block_tortuosity(results)
    yield make_card("block_tortuosity", "Tortuosity of blocks", figure, caption, alt, [blocks])
    yield from _map(results, "block_tortuosity_factor", "Tortuosity factor along z")
