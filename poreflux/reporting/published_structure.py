"""What the paper says of pores and of how they are spread, beside what was found here."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import xarray as xr

from poreflux.reporting.published import FINE, REGULAR, Beside, labels_of, of_powder
from poreflux.schema import DIMS
from poreflux.study.findings import Comparison
from poreflux.uncertainty.errors import value_of
from poreflux.uncertainty.rounding import significant

#: ranges of the modes of the regular powder in µm; the fine one has one mode
_MODES = ((1.0, 2.0), (10.0, 12.0))

#: diameter in µm below which pores are small, and edges of the paper's cubes in µm
_SMALL, _CUBES = 5.0, (92.0, 460.0)

#: standard deviation of the porosity of cubes of 460 µm, in percentage points
_SPREAD = 0.5

Samples = Mapping[str, xr.Dataset]


def structure_beside(samples: Samples, comparison: Comparison) -> Iterator[Beside]:
    """Yield the numbers of the paper on pores, on cubes, and on the order of the samples."""
    for make in (_modes, _small, _cubes, _structure, _block_order):
        yield from make(samples, comparison)


def _modes(samples: Samples, comparison: Comparison) -> Iterator[Beside]:
    for powder, paper in ((REGULAR, "two modes: 1 to 2 and 10 to 12 µm"), (FINE, "one mode")):
        found = {}
        for name, results in of_powder(samples, powder).items():
            if "pore_diameter_modes" in results:
                modes = np.ravel(results["pore_diameter_modes"])
                found[name] = [float(mode) for mode in modes if np.isfinite(mode)]
        if not found:
            continue
        expected = len(_MODES) if powder == REGULAR else 1
        other = [name for name, modes in found.items() if len(modes) != expected]
        if other:
            deviation = f"another number of modes: {', '.join(other)}"
        elif powder == REGULAR:
            deviation = _outside(found)
        else:
            deviation = "none"
        ours = "; ".join(" and ".join(significant(m, 2) for m in modes) for modes in found.values())
        yield Beside(
            f"pore diameters by number, {powder} powder", paper, f"{ours} µm", deviation,
            "modes depend on the width of the bins and on pores of a few voxels",
        )  # fmt: skip


def _outside(found: Mapping[str, Sequence[float]]) -> str:
    worst = max(
        max(low - mode, mode - high, 0.0)
        for modes in found.values()
        for mode, (low, high) in zip(sorted(modes), _MODES)
    )
    return f"up to {significant(worst, 2)} µm outside" if worst else "none"


def _small(samples: Samples, comparison: Comparison) -> Iterator[Beside]:
    """Yield whether the share of small pores rises with pressure."""
    for powder in (REGULAR, FINE):
        shares = {
            name: float(n.where(n["diameter"] < _SMALL, 0).sum() / n.sum())
            for name, results in _by_pressure(samples, powder).items()
            if "pore_number" in results and (n := results["pore_number"]).sum() > 0
        }
        if len(shares) > 1:
            ours = ", ".join(f"{100 * share:.0f} %" for share in shares.values())
            rises = bool(np.all(np.diff([*shares.values()]) > 0))
            yield Beside(
                f"share of small pores with pressure, {powder} powder", "rises",
                f"{ours} of the number below {_SMALL:g} µm", "none" if rises else "does not rise",
                "the paper does not say which pores are small",
            )  # fmt: skip


def _cubes(samples: Samples, comparison: Comparison) -> Iterator[Beside]:
    """Yield the spread of the porosity of cubes, carried to the paper's edge by their volume."""
    spreads = {}
    for name, results in samples.items():
        if labels_of(results)[0] in (REGULAR, FINE) and "representative_std" in results:
            stds = results["representative_std"].dropna("edge")
            if stds.size:
                last = stds.isel(edge=-1)
                edge = float(last["edge"])
                spreads[name] = 100 * float(last) * (edge / _CUBES[1]) ** 1.5, edge
    if not spreads:
        return
    largest = max(spread for spread, _ in spreads.values())
    edge = max(edge for _, edge in spreads.values())
    apart = largest - _SPREAD
    yield Beside(
        f"standard deviation of the porosity of cubes of {_CUBES[1]:g} µm",
        f"about {_SPREAD:g} percentage points",
        f"{', '.join(significant(spread, 2) for spread, _ in spreads.values())} percentage points",
        f"{significant(abs(apart), 2)} percentage points "
        f"{'above' if apart > 0 else 'below'} by the largest",
        "measured" if math.isclose(edge, _CUBES[1], rel_tol=0.05) else
        f"cubes of {edge:.3g} µm, carried on as if places further apart were independent",
    )  # fmt: skip


def _structure(samples: Samples, comparison: Comparison) -> Iterator[Beside]:
    """Yield whether maps of the fine powder are more even, and more so with pressure."""
    rms = {
        powder: {
            name: value
            for name, results in _by_pressure(samples, powder).items()
            if math.isfinite(value := value_of(results, "structure_factor_rms", "z"))
        }
        for powder in (REGULAR, FINE)
    }
    fine, regular = rms[FINE].values(), rms[REGULAR].values()
    if fine and regular:
        is_less = max(fine) < min(regular)
        yield Beside(
            "structure factor of the two powders", "fine below regular",
            f"fine {_spanned([*fine])}, regular {_spanned([*regular])} (root mean square)",
            "none" if is_less else "they overlap",
            "it falls with the thickness of the sample: only maps of equal thickness compare",
        )  # fmt: skip
    for powder, values in rms.items():
        if len(values) > 1:
            falls = bool(np.all(np.diff([*values.values()]) < 0))
            yield Beside(
                f"structure factor with pressure, {powder} powder", "falls",
                ", ".join(significant(value, 3) for value in values.values()),
                "none" if falls else "does not fall",
                "by root mean square; the paper shows maps and no number",
            )  # fmt: skip


def _block_order(samples: Samples, comparison: Comparison) -> Iterator[Beside]:
    """Yield whether sub-volumes spread most at the least pressure, powder by powder."""
    for powder in (REGULAR, FINE):
        names = [*_by_pressure(samples, powder)]
        tops = {}
        for direction in DIMS:
            found = comparison.found.get(f"block_tortuosity_cv {direction}", {})
            values = {n: found[n].value for n in names if n in found}
            values = {n: value for n, value in values.items() if math.isfinite(value)}
            if len(values) > 1:
                tops[direction] = max(values, key=lambda n: values[n])
        if tops:
            others = [direction for direction, top in tops.items() if top != names[0]]
            yield Beside(
                f"sub-volumes with the largest spread of tortuosity, {powder} powder",
                "those of the least pressure",
                "; ".join(f"{top} along {direction}" for direction, top in tops.items()),
                f"another sample along {', '.join(others)}" if others else "none",
                "means over 64 sub-volumes of one sample",
            )  # fmt: skip


def _by_pressure(samples: Samples, powder: str) -> Samples:
    """Return the samples of a powder whose pressure is known, the least first."""
    chosen = of_powder(samples, powder)
    pressures = {name: labels_of(results)[1] for name, results in chosen.items()}
    known = {name: pressure for name, pressure in pressures.items() if pressure is not None}
    return {name: chosen[name] for name in sorted(known, key=lambda name: known[name])}


def _spanned(values: Sequence[float]) -> str:
    return f"{significant(min(values), 3)} to {significant(max(values), 3)}"
