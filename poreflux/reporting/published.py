"""What Lin et al. published of six pressed electrolytes, beside what was found here.

Values are those of the text of ACS Energy Lett. 2024, 9, 2387; nothing was read off a figure.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from poreflux.schema import DIMS
from poreflux.schema.attribute_text import parsed
from poreflux.study.answer import differing
from poreflux.study.findings import Comparison
from poreflux.uncertainty.errors import errors_of, total, value_of
from poreflux.uncertainty.rounding import rounded, significant, told

SOURCE = "Lin et al., ACS Energy Lett. 2024, 9, 2387"

REGULAR, FINE = "regular", "fine"

#: share of the face in contact, and the current density of a dense sample in mA/cm²
CONTACT, DENSE_CURRENT = 0.9306, 1.07

#: half of their last digits, and steps of the mask of a small face
_DIGIT, _STEP = 0.005, 5e-4

Samples = Mapping[str, xr.Dataset]


@dataclass(frozen=True)
class Beside:
    """A number of the paper, ours, how far they are apart, and why, where that is known."""

    what: str
    paper: str
    ours: str
    deviation: str
    reason: str


@dataclass(frozen=True)
class Range:
    """A range of a number that is published for the samples of one powder."""

    what: str
    name: str
    powder: str
    low: float
    high: float
    reason: str
    direction: str = ""
    scale: float = 1.0
    unit: str = ""
    pressure: int | None = None


_BY_CHANCE = (
    "twins are calibrated on 500 voxels along each edge; a smaller volume differs by chance, as "
    "its sampling error says"
)
_STEPS = (
    "the paper gives neither the direction nor the resolution of its mesh; steps of voxels raise "
    "the factor by what the discretisation error says"
)

RANGES = (
    Range("porosity, regular powder", "porosity", REGULAR, 13.9, 17.9, _BY_CHANCE, "", 100, "%"),
    Range("porosity, fine powder", "porosity", FINE, 6.1, 9.5, _BY_CHANCE, "", 100, "%"),
    Range("porosity, fine powder at 100 MPa", "porosity", FINE, 9.5, 9.5, _BY_CHANCE, "", 100, "%",
          100),
    Range("tortuosity factor, regular powder", "tortuosity_factor", REGULAR, 1.17, 1.30, _STEPS,
          "z"),
    Range("tortuosity factor, fine powder", "tortuosity_factor", FINE, 1.05, 1.13, _STEPS, "z"),
    Range("largest current density, fine powder at 100 MPa", "current_density_max", FINE, 2.4, 2.4,
          "it depends on the Wagner length and on the places without contact, which the paper does "
          "not give", "z", 1.0, "mA/cm²", 100),
)  # fmt: skip


def labels_of(results: xr.Dataset) -> tuple[str, int | None]:
    """Return powder and pressure of a sample by its labels; empty where they are not given.

    Examples
    --------
    >>> labels_of(xr.Dataset(attrs={"labels": {"powder": "fine", "pressure": 100}}))
    ('fine', 100)
    """
    labels = parsed(results.attrs.get("labels", {}))
    if not isinstance(labels, Mapping):
        return "", None
    pressure = labels.get("pressure")
    return str(labels.get("powder", "")), (
        int(pressure) if isinstance(pressure, int | float) else None
    )


def of_powder(samples: Samples, powder: str, pressure: int | None = None) -> Samples:
    """Return the samples of a powder, of one pressure where it is given."""
    chosen = {}
    for name, results in samples.items():
        own_powder, own_pressure = labels_of(results)
        if own_powder == powder and pressure in (None, own_pressure):
            chosen[name] = results
    return chosen


def beside(samples: Samples, comparison: Comparison) -> list[Beside]:
    """Return each number of the paper that these samples have a counterpart of."""
    rows = [row for entry in RANGES for row in _range(entry, samples)]
    for make in (_spread, _dense, _most_uneven, _pressure, _tension):
        rows += make(samples, comparison)
    return rows


def _range(entry: Range, samples: Samples) -> Iterator[Beside]:
    chosen = of_powder(samples, entry.powder, entry.pressure)
    found = {}
    for name, results in chosen.items():
        value = value_of(results, entry.name, entry.direction) * entry.scale
        error = total(errors_of(results, entry.name, entry.direction)).largest * entry.scale
        if math.isfinite(value):
            found[name] = value, error
    if not found:
        return
    values = [value for value, _ in found.values()]
    unit = f" {entry.unit}" if entry.unit else ""
    paper = f"{entry.low:g}" if entry.low == entry.high else f"{entry.low:g} to {entry.high:g}"
    shown = [
        told(chosen[name], entry.name, entry.direction, scale=entry.scale).with_unit(entry.unit)
        for name in found
    ]
    outside = [max(entry.low - v, v - entry.high, 0.0) for v in values]
    errors = [error for _, error in found.values()]
    yield Beside(
        entry.what, paper + unit, "; ".join(shown), _deviation(outside, errors, unit), entry.reason
    )


def _deviation(outside: list[float], errors: list[float], unit: str) -> str:
    """Return how far values lie outside of a range, and whether that is within their errors."""
    worst = max(range(len(outside)), key=lambda k: outside[k])
    if outside[worst] == 0:
        return "none: inside the range"
    points = " percentage points" if unit == " %" else unit
    size = f"up to {significant(outside[worst], 2)}{points} outside"
    known = [k for k in range(len(outside)) if math.isfinite(errors[k])]
    if not known:
        return f"{size}; error not known"
    inside = all(outside[k] <= 2 * errors[k] for k in known)
    return f"{size}, {'within' if inside else 'beyond'} twice the total error"


def _spread(samples: Samples, comparison: Comparison) -> Iterator[Beside]:
    """Yield the spread of the tortuosity factors of the blocks of the fine powder at 100 MPa."""
    shares = {
        direction: found.value
        for name in of_powder(samples, FINE, 100)
        for direction in DIMS
        if (found := comparison.found.get(f"block_tortuosity_cv {direction}", {}).get(name))
    }
    if not shares:
        return
    errors = [
        comparison.found[f"block_tortuosity_cv {direction}"][name].below
        for name in of_powder(samples, FINE, 100)
        for direction in shares
    ]
    ours = "; ".join(
        f"{rounded(100 * value, 100 * error)} ± {significant(100 * error, 2)} % along {direction}"
        for (direction, value), error in zip(shares.items(), errors)
    )
    outside = [max(0.04 - v, v - 0.08, 0.0) * 100 for v in shares.values()]
    yield Beside(
        "spread of the tortuosity factor of sub-volumes, fine powder at 100 MPa", "4 to 8 %", ours,
        _deviation(outside, [100 * e for e in errors], " %"),
        "blocks of the paper have edges of 115 µm; smaller ones spread more",
    )  # fmt: skip


def _dense(samples: Samples, comparison: Comparison) -> Iterator[Beside]:
    masks = {n: value_of(r, "contact_mask_fraction", "z") for n, r in samples.items()}
    shares = [share for share in masks.values() if math.isfinite(share)]
    if not shares:
        return
    share = float(np.mean(shares))
    yield Beside(
        "share of the face in contact", f"{100 * CONTACT:.2f} %", f"{100 * share:.2f} %",
        _apart(100 * (share - CONTACT), 100 * _STEP, "percentage points"),
        "given, in steps of a voxel",
    )  # fmt: skip
    current = 1 / share
    yield Beside(
        "mean current density of a dense sample", f"{DENSE_CURRENT:g} mA/cm²",
        f"{current:.3f} mA/cm²",
        _apart(current - DENSE_CURRENT, _DIGIT, "mA/cm²"),
        "1 mA/cm² of the whole face over the share in contact, exactly",
    )  # fmt: skip


def _apart(difference: float, digit: float, unit: str) -> str:
    """Return a difference, none where it is within the last digit."""
    return "none" if abs(difference) <= digit else f"{significant(difference, 2)} {unit}"


def _most_uneven(samples: Samples, comparison: Comparison) -> Iterator[Beside]:
    key = "current_density_cv z"
    fine = [*of_powder(samples, FINE, 100)]
    if key not in comparison.orders or not fine or not comparison.orders[key].first:
        return
    first = comparison.orders[key].first
    top = max(first, key=lambda name: first[name])
    found, pairs = differing(comparison, key)
    yield Beside(
        "sample with the most uneven current", "fine powder at 100 MPa",
        f"{top} (probability {100 * first[top]:.0f} %)",
        f"{fine[0]} is the most uneven with a probability of {100 * first.get(fine[0], 0):.0f} %; "
        f"{found} of {pairs} pairs differ",
        "only the part of the sample within a Wagner length and a cluster of the face decides",
    )  # fmt: skip


def _pressure(samples: Samples, comparison: Comparison) -> Iterator[Beside]:
    """Yield whether the tortuosity factor falls with pressure, with the probability of it."""
    key = "tortuosity_factor z"
    for powder in (REGULAR, FINE):
        chosen = of_powder(samples, powder)
        known = [n for n in chosen if key in comparison.found and comparison.found[key][n].is_known]
        known.sort(key=lambda name: labels_of(chosen[name])[1] or 0)
        if len(known) < 2:
            continue
        draws = np.array([comparison.found[key][name].draws for name in known])
        falls = float(np.mean(np.all(np.diff(draws, axis=0) < 0, axis=0)))
        means = [comparison.found[key][name].value for name in known]
        order = "falls" if all(np.diff(means) < 0) else "does not fall"
        yield Beside(
            f"tortuosity factor with pressure, {powder} powder", "falls",
            f"{order}; it falls with a probability of {100 * falls:.0f} %",
            "none" if order == "falls" else "another order",
            "errors of the voxels are common to all samples, and are counted as if they were not",
        )  # fmt: skip


def _tension(samples: Samples, comparison: Comparison) -> Iterator[Beside]:
    """Yield what the paper says twice, differently, where these samples can decide."""
    fine, regular = of_powder(samples, FINE, 100), of_powder(samples, REGULAR)
    if not fine or not regular:
        return
    parts = []
    for direction in DIMS:
        key = f"tortuosity_factor {direction}"
        if key not in comparison.found:
            continue
        found = comparison.found[key]
        top = max((found[name] for name in regular), key=lambda one: one.value)
        shown = [rounded(one.value, max(one.below, one.above))
                 for one in (found[next(iter(fine))], top)]  # fmt: skip
        parts.append(f"along {direction} {shown[0]} against up to {shown[1]}")
    if parts:
        yield Beside(
            "tortuosity of fine powder at 100 MPa and of regular powder",
            "1.13 below 1.17 to 1.30, and above all of regular powder",
            "; ".join(parts), "the two statements exclude each other for means",
            "the second may be meant of the spread or the largest of sub-volumes",
        )  # fmt: skip
