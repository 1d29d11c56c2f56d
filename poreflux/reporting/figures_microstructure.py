"""The figures of pore sizes, correlations and sub-volumes in the report."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from poreflux import plot
from poreflux.reporting.figures import Card, make_card
from poreflux.uncertainty.errors import errors_of, is_known, value_of
from poreflux.uncertainty.rounding import significant, told


def structure_cards(results: xr.Dataset) -> Iterator[Card]:
    """Yield a card for each figure of the microstructure that the Results hold the data of."""
    for make in (_sizes, _thickness, _chords, _two_points, _spectrum, _cubes, _tortuosity):
        yield from make(results)


def _sizes(results: xr.Dataset) -> Iterator[Card]:
    if "pore_number" not in results or not int(results["pore_count"]):
        return
    count, note = int(results["pore_count"]), results["pore_count"].attrs
    definition = {
        "components": f"a pore is a connected component ({note.get('neighbours', 26)} neighbours)",
        "watershed": "pores are parts between throats, split by a watershed of the distance map",
    }.get(note.get("method", ""), "a pore is a connected component")
    unresolved = 1 - int(results["pore_count_resolved"]) / count
    reason = f" ({note['reason']})" if "reason" in note else ""
    modes = _lengths(results["pore_diameter_modes"].values)
    caption = (
        f"Diameters of {count} pores; {definition}{reason}. Hatched: fewer than 8 voxels, "
        f"{100 * unresolved:.0f} % of all pores, of uncertain size and number. "
        f"Line: pores that touch a face left out, the others weighted for it. Triangles: modes."
    )
    means = (_mean(results, f"pore_diameter{by}_mean", "µm") for by in ("", "_by_volume"))
    number, volume = means
    alt = f"Histograms of pore diameters: mean {number} by number, {volume} by volume"
    alt += f"; modes by number {modes} µm." if modes else "."
    names = ("number", "number_resolved", "number_unbiased", "volume_share")
    data = [results[f"pore_{name}"] for name in names]
    figure = plot.pore_size(results)
    yield make_card("pore_size", "Pore sizes", figure, caption, alt, data)


def _thickness(results: xr.Dataset) -> Iterator[Card]:
    if "local_thickness_share" not in results:
        return
    share = results["local_thickness_share"]
    mean = _mean(results, "local_thickness_mean", "µm")
    caption = f"Share of the {_phase(share)} volume by local thickness; mean {mean}."
    figure = plot.local_thickness(results)
    yield make_card("local_thickness", "Local thickness", figure, caption, caption, [share])


def _chords(results: xr.Dataset) -> Iterator[Card]:
    if "chord_length_share" not in results:
        return
    means = _by_direction(results, "chord_length_mean", "µm")
    caption = (
        f"Lengths of the runs of {_phase(results['chord_length_share'])} voxels along each "
        f"direction; means {means}, corrected for the chords that the faces cut."
    )
    alt = f"Distributions of chord lengths; means {means}."
    data = [results[f"chord_{name}"] for name in ("number", "number_unbiased", "length_share")]
    yield make_card("chord_length", "Chords", plot.chord_length(results), caption, alt, data)


def _two_points(results: xr.Dataset) -> Iterator[Card]:
    if "two_point_probability" not in results:
        return
    probability = results["two_point_probability"]
    slope = ""
    if "specific_surface" in results:
        surface = _mean(results, "specific_surface", "µm⁻¹")
        slope = f" The line at 0 has the slope −s/4 of the specific surface s = {surface}."
    caption = (
        "Left: probability that two points at a distance are both in the "
        f"{_phase(probability)} phase, ± standard error over windows.{slope} Right: the "
        "correlation, also of pairs within 30° of each direction."
    )
    first, last = float(probability[0]), float(probability[-1])
    alt = f"Two-point probability, from {first:.3f} at 0 to {last:.3f}."
    names = ("probability", "probability_error", "covariance")
    data = [results[f"two_point_{name}"] for name in names]
    figure = plot.two_point_correlation(results)
    yield make_card("two_point", "Two-point correlation", figure, caption, alt, data)


def _spectrum(results: xr.Dataset) -> Iterator[Card]:
    if "spectral_density" not in results:
        return
    caption = (
        "Spectral density, averaged over all directions (left) and over waves within 30° of a "
        "direction, or across it (right, dotted: the power spectrum of the structure factor map)."
    )
    low, high = (significant(float(x), 2) for x in results["wavenumber"][[0, -1]])
    alt = f"Spectral density for wavenumbers of {low} to {high} rad/µm."
    names = ("", "_error", "_modes")
    data = [results[f"spectral_density{name}"] for name in names]
    figure = plot.spectral_density(results)
    yield make_card("spectral_density", "Spectral density", figure, caption, alt, data)


def _cubes(results: xr.Dataset) -> Iterator[Card]:
    if "representative_std" not in results:
        return
    alpha = _mean(results, "variance_exponent", "")
    caption = (
        "Left: standard deviation of the porosity of cubes of several edges, relative to the mean, "
        f"the decay of the largest (exponent of the volume {alpha}; 1 where pores are independent) "
        "and, dotted, that of large volumes, by the integral range. Right: their mean and its 95 % "
        "interval."
    )
    alt = f"Standard deviation of the porosity against the edge of cubes, decay exponent {alpha}."
    data = [results[f"representative_{name}"] for name in ("mean", "std", "ci95", "count")]
    figure = plot.representative_volume(results)
    yield make_card("representative", "Representative volume", figure, caption, alt, data)
    caption = "Porosity of concentric fields of view, and with voxels made larger by majority."
    figure = plot.porosity_convergence(results)
    data = [results[name] for name in ("field_edge", "field_porosity", "coarse_porosity")]
    yield make_card("convergence", "Convergence of the porosity", figure, caption, caption, data)


def _tortuosity(results: xr.Dataset) -> Iterator[Card]:
    if "representative_tortuosity_std" not in results:
        return
    caption = "Standard deviation and mean of the tortuosity factor of cubes of several edges."
    data = [results[f"representative_tortuosity_{name}"] for name in ("mean", "std", "ci95")]
    figure, name = plot.representative_tortuosity(results), "representative_tortuosity"
    yield make_card(name, "Representative volume of transport", figure, caption, caption, data)


def _phase(array: xr.DataArray) -> str:
    return str(array.attrs.get("phase", "pore"))


def _lengths(values: np.ndarray) -> str:
    return " and ".join(significant(float(v), 3) for v in values if np.isfinite(v))


def _by_direction(results: xr.Dataset, name: str, unit: str) -> str:
    directions = [str(d) for d in results[name]["direction"].values]
    found = [d for d in directions if np.isfinite(value_of(results, name, d))]
    return ", ".join(f"{_mean(results, name, unit, d)} ({d})" for d in found)


def _mean(results: xr.Dataset, name: str, unit: str, direction: str = "") -> str:
    """Return a number with its total error and unit; three digits where no error is known."""
    if is_known(errors_of(results, name, direction)):
        return told(results, name, direction).with_unit(unit)
    return f"{significant(value_of(results, name, direction), 3)} {unit}".strip()
