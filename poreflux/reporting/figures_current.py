"""The figures of the current at an electrode in the report."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from poreflux import plot
from poreflux.reporting.figures import Card, make_card
from poreflux.schema import DIMS, MESH_DEPENDENT, Direction, name_of
from poreflux.uncertainty.rounding import significant, told


def current_cards(results: xr.Dataset) -> Iterator[Card]:
    """Yield a card for each figure of the current that the Results hold the data of."""
    for direction in DIMS:
        if name_of("current_density", direction) in results:
            yield from _map(results, direction)
    if "sweep_current_density_cv" in results:
        spread = results["sweep_current_density_cv"]
        for direction in DIMS:
            if (
                direction in spread["direction"]
                and np.isfinite(spread.sel(direction=direction)).any()
            ):
                yield from _sweep(results, direction)


def _map(results: xr.Dataset, direction: Direction) -> Iterator[Card]:
    density = results[name_of("current_density", direction)]
    if not np.isfinite(density).any():
        return
    statistics = (
        f"mean {told(results, 'current_density_mean', direction).value}, 99th percentile "
        f"{told(results, 'current_density_p99', direction).with_unit('mA/cm²')}, coefficient of "
        f"variation {told(results, 'current_density_cv', direction).with_unit('')}, "
        f"largest {told(results, 'current_density_max', direction).with_unit('mA/cm²')}"
    )
    along_direction = results.sel(direction=direction)
    if abs(float(along_direction.get("current_density_max_refinement", 0))) > MESH_DEPENDENT:
        statistics += " (mesh-dependent)"
    where = f"on the {density.attrs.get('face', 'last')} face across {direction}"
    caption = (
        f"Current density {where}: {statistics}. Greys: pore, off "
        "contact, not connected. The scale ends at the first of 1, 1.5, 2, 3, 5, 7, 10 and so on "
        "that holds 99.8 % of all values."
    )
    figure = plot.current_density(results, direction=direction)
    alt = f"Map of the current density {where}; {statistics}."
    name = name_of("current", direction)
    yield make_card(name, "Current at the electrode", figure, caption, alt, [density])
    name = name_of("current_section", direction)
    if name in results:
        section = results[name]
        at = f"{section.attrs['across']} = {significant(section.attrs['position'], 4)} µm"
        caption = (
            f"Magnitude of the current density at {at}; the electrode is the thick edge, "
            "the scale chosen likewise."
        )
        figure = plot.current_section(results, direction=direction)
        yield make_card(name, "Current in a section", figure, caption, caption, [section])
    figure = plot.current_distribution(results, direction=direction)
    caption = "Distribution of the current density over the contact, and the share above a value."
    name = name_of("current_shares", direction)
    title, same = "Distribution of the current", name_of("current", direction)
    yield make_card(name, title, figure, caption, caption, same=same)


def _sweep(results: xr.Dataset, direction: Direction) -> Iterator[Card]:
    variation = results["sweep_current_density_cv"].sel(direction=direction)
    lengths = variation["swept_wagner_length"].values
    low, high = significant(float(lengths.min()), 3), significant(float(lengths.max()), 3)
    caption = (
        f"Spread of the current for Wagner lengths of {low} to {high} µm. The exchange current "
        "density is an assumption. Squares are 99th percentiles, triangles the largest values, "
        "open where they depend on the mesh. The axis is broken left of its least length; 0 is the "
        "limit of fast kinetics."
    )
    figure = plot.wagner_sweep(results, direction=direction)
    quantities = ("cv", "mean", "p99", "max")
    sweep = [results[f"sweep_current_density_{q}"].sel(direction=direction) for q in quantities]
    most, least = float(variation.max()), float(variation.min())
    alt = f"Coefficient of variation from {most:.3g} down to {least:.3g}."
    yield make_card(f"wagner_{direction}", "Wagner length", figure, caption, alt, sweep)
