"""The tables of the page beside its list of numbers: connectivity, arrangement, sub-volumes."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from poreflux.schema.microstructure import NETWORK_SHARE
from poreflux.schema.units import printed_unit
from poreflux.uncertainty.errors import errors_of, is_known, value_of
from poreflux.uncertainty.rounding import Printed, significant, told


@dataclass(frozen=True)
class Table:
    """A table as the page shows it: the first cell of each row is its title.

    `download` is the name of a file and its data: address, where there is one.
    """

    name: str
    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    caption: str
    download: tuple[str, str] = ("", "")


def tables(results: xr.Dataset) -> Iterator[Table]:
    """Yield each table that the Results hold the data of."""
    for make in (_connectivity, _arrangement, _sub_volumes):
        yield from make(results)


def _connectivity(results: xr.Dataset) -> Iterator[Table]:
    if "largest_cluster_fraction" not in results:
        return
    connectivities = results["neighbours"].values.tolist()
    phase = results["largest_cluster_fraction"].attrs.get("phase", "pore")
    table_rows = []
    for name, title in _CONNECTED.items():
        if name in results:
            table_rows.append(
                (title, *(_cell(results, name, neighbours=n) for n in connectivities))
            )
    through = "percolating_phase_fraction"
    for direction in map(str, results[through]["direction"].values):
        shares = (_cell(results, through, direction, neighbours=n) for n in connectivities)
        table_rows.append((f"share that joins both faces across {direction}", *shares))
    caption = (
        f"The {phase} phase where voxels are neighbours that share a face (6), or a face, an edge "
        "or a corner (26). Noise percolates from 31.2 % of random voxels on with 6 neighbours, "
        "from 9.8 % with 26: whether few pores are connected may be a matter of definition."
    )
    header = ("", *(f"{n} neighbours" for n in connectivities))
    yield Table("connectivity", "Connectivity", header, table_rows, caption)


_CONNECTED = {
    "cluster_count": "clusters",
    "largest_cluster_fraction": "share of the phase in the largest",
    "isolated_fraction": "share in clusters that reach no face",
    "euler_number": "Euler number",
    "euler_density": "Euler number of a µm³",
}

#: name -> (title, meaning)
_ARRANGED = {
    "integral_range": (
        "integral range",
        "variance of the porosity of large volumes times their volume",
    ),
    "clustering_ratio": (
        "clustering ratio",
        "0 order; about 0.3 spheres that do not overlap; 1 independent; 2 and more clusters; "
        "none of a network that is not split at its throats",
    ),
    "hyperuniformity_index": (
        "power at long wavelengths relative to the dominant one",
        "towards 0: more even than random on large scales",
    ),
    "dominant_wavelength": ("dominant wavelength", "of a lattice, its spacing"),
    "clark_evans_ratio": (
        "distance to the nearest pore, relative to random pores",
        "below 1 clustered, 1 random, above 1 ordered",
    ),
    "bragg_significance": (
        "periodicity, −log₁₀ of its chance at random",
        "above 2 or 3: periodic",
    ),
    "bragg_wavelength": ("wavelength of the highest peak", "the period, where there is one"),
    "column_ratio": (
        "alignment",
        "power at long wavelengths across the direction, relative to all other; 1 none, "
        "large columns; none where there are no long waves, as in a lattice",
    ),
    "block_moran": ("Moran's I of blocks", "above 0: neighbouring blocks agree"),
}


def _arrangement(results: xr.Dataset) -> Iterator[Table]:
    if "clustering_ratio" not in results:
        return
    table_rows = []
    for name, (title, meaning) in _ARRANGED.items():
        if name not in results:
            continue
        array = results[name]
        unit = printed_unit(array.attrs.get("units", "1"))
        for direction in map(str, array["direction"].values) if array.dims else [""]:
            along = f" along {direction}" if direction else ""
            value = _value(results, name, direction)
            table_rows.append((title + along, value.with_unit(unit), meaning))
            meaning = ""
    modes, points = int(results["spectral_density_zero_modes"]), int(results["point_count"])
    caption = (
        f"Arrangement of the pores, independent of their number. Limits at long wavelengths are of "
        f"{modes} modes, points are {points} pores of 8 voxels or more. The clustering ratio and "
        "the power at long wavelengths put equal pores in the order lattice, random, clusters. The "
        "structure factor does not: it tells columns from chance alone, and its ratio is largest "
        f"for a lattice.{_network(results)}"
    )
    yield Table("arrangement", "Arrangement", ("", "value", "meaning"), table_rows, caption)


def _network(results: xr.Dataset) -> str:
    """Return a warning where pores are a network, so that numbers of single pores mislead."""
    if "largest_cluster_fraction" not in results or 26 not in results["neighbours"]:
        return ""
    share = float(results["largest_cluster_fraction"].sel(neighbours=26))
    if share <= NETWORK_SHARE:
        return ""
    held = f" One component holds {100 * share:.0f} % of the phase: "
    if results["clark_evans_ratio"].attrs.get("method") == "watershed":
        return held + "the points are its parts between throats."
    return held + (
        "what depends on single pores (clustering ratio, nearest pore, periodicity) is not "
        "meaningful here."
    )


def _sub_volumes(results: xr.Dataset) -> Iterator[Table]:
    if "representative_number" not in results:
        return
    accuracies = results["accuracy"].values
    table_rows = []
    for edge in results["edge"].values:
        title = f"cubes of {significant(float(edge), 3)} µm"
        numbers = (
            _cell(results, "representative_number", edge=edge, accuracy=a) for a in accuracies
        )
        table_rows.append((title, *numbers))
    sizes = [_single_edge(results, accuracy) for accuracy in accuracies]
    table_rows.append(("edge of one cube (µm)", *sizes))
    caption = (
        "How many cubes of an edge give the porosity to a relative error (two standard errors of "
        "the mean, of cubes far apart), and how large one cube must be, by the integral range. A "
        "cube larger than the sample is beyond what it can tell."
    )
    header = ("", *(f"± {100 * a:g} %" for a in accuracies))
    yield Table("sub_volumes", "Sub-volumes needed", header, table_rows, caption)


def _cell(results: xr.Dataset, name: str, direction: str = "", **at: object) -> str:
    """Return a number with its total error, where one is known."""
    return _value(results, name, direction, **at).with_unit("")


def _value(results: xr.Dataset, name: str, direction: str = "", **at: object) -> Printed:
    """Return a number as text: whole ones whole, others with three digits or as errors allow."""
    value = value_of(results, name, direction, at=at)
    if not math.isfinite(value):
        return Printed("–")
    if is_known(errors_of(results, name, direction, at=at)):
        return told(results, name, direction, at=at)
    text = f"{value:.0f}" if value == round(value) else significant(value, 3)
    return Printed(text.replace("-", "−", 1) if value < 0 else text)


def _single_edge(results: xr.Dataset, accuracy: float) -> str:
    """Return the edge of one cube that is enough; without an error only its magnitude is known."""
    at = {"accuracy": accuracy}
    if is_known(errors_of(results, "representative_edge", at=at)):
        return told(results, "representative_edge", at=at).with_unit("")
    value = value_of(results, "representative_edge", at=at)
    return "beyond this sample" if math.isinf(value) else _rounded(value)


def _rounded(value: float) -> str:
    """Return a length to two digits.

    Examples
    --------
    >>> _rounded(147109.3), _rounded(22.57)
    ('150000', '23')
    """
    return f"{float(f'{value:.2g}'):.0f}" if np.isfinite(value) else "–"
