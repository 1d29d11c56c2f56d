"""poreflux segment: grey values of a store become phases in the same store, or in another."""

import math
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Group, Parameter

from poreflux.annotations import Denoise, PoreShade, SegmentMethod
from poreflux.cli.answer import Answer
from poreflux.cli.options import COMMON, PLACE, Common, Flag, Location, LocationOrNone, Place
from poreflux.cli.parsing import pairs
from poreflux.cli.scan import AS_IT_IS, Scan
from poreflux.cli.targets import require_writable
from poreflux.cli.terminal import progress
from poreflux.schema import Direction

DEFENDED = Group("What it rests on")


def segment(
    store: Location,
    /,
    *,
    method: SegmentMethod = "otsu",
    threshold: str | None = None,
    phases: str | None = None,
    pore: PoreShade = "dark",
    denoise: Literal["none"] | Denoise = "none",
    scan: Scan = AS_IT_IS,
    solid_fraction: Annotated[Flag, Parameter(group=DEFENDED)] = False,
    tau: Annotated[Direction | None, Parameter(group=DEFENDED)] = None,
    out: LocationOrNone = None,
    overwrite: Flag = False,
    common: Common = COMMON,
    place: Place = PLACE,
) -> Answer:
    """Segment the grey values of a store into phases, and add them to it.

    Of two phases it says what the porosity would be by other thresholds and methods, and what the
    grey values say without any.

    Parameters
    ----------
    store
        folder that `poreflux import` made.
    method
        otsu, li, minimum-error, midpoint, balance, hysteresis, watershed, multi-otsu or threshold.
    threshold
        grey value, or several for several phases, like 75 or 60,110.
    phases
        labels and names from the side of the pores on, like 0=pore,1=electrolyte.
    pore
        dark or bright: the side of the grey values on which the pores are.
    denoise
        median (3 x 3 x 3), or nl-means (non-local means, minutes for 500 cubed), first.
    solid_fraction
        store the share of solid in each voxel as well, for tortuosity by partial volumes.
    tau
        solve for the tortuosity factor along z, y or x with voxels twice as large, at the threshold
        and moved both ways.
    out
        store to make, with the corrected grey values in it; by default the phases join the store.
    overwrite
        replace phases that are there.

    Examples
    --------
    poreflux segment vol.zarr --method otsu --denoise median
    poreflux segment vol.zarr --roi auto --drift --cupping --rings --tilt mask --denoise median
    """
    if scan.tilt == "shear" and out is None:
        raise ValueError("--tilt shear moves voxels; give --out for the store they are moved to")
    if common.dry_run:
        return _forecast(store, scan, denoise, out)
    require_writable(out or store)
    names = pairs(phases, option="--phases", key=int, value=str) if phases is not None else None
    from poreflux.study.segmenting import segment_store

    options = {
        "method": method,
        "threshold": None if threshold is None else _cuts(threshold),
        "phases": names,
        "pore": pore,
        "denoise": None if denoise == "none" else denoise,
    }
    return _answer(
        segment_store(
            store, options=options, corrections=scan.options, solid_fraction=solid_fraction,
            tau=tau, out=out, overwrite=overwrite, wait=common.wait, scheduler=place.scheduler,
            watch=progress,
        )
    )  # fmt: skip


def _cuts(threshold: str) -> list[float]:
    try:
        return [float(word) for word in threshold.split(",")]
    except ValueError:
        raise ValueError(
            f"--threshold {threshold} is not understood; write it like 75 or 60,110"
        ) from None


def _answer(path: Path) -> Answer:
    """Return the answer with the phases and thresholds that the store has now."""
    from poreflux import gray_histogram, segmentation_sensitivity
    from poreflux.reporting.guards import guards
    from poreflux.store import open as open_store

    volume = open_store(path)
    record = volume["phase"].attrs["segmentation"]
    names = str(volume["phase"].attrs["flag_meanings"]).split()
    cuts = ", ".join(f"{cut:g}" for cut in record["thresholds"])
    lines = [
        f"phase is in {path}: {', '.join(names)}",
        f"{record['method']}: threshold{'s' if len(record['thresholds']) > 1 else ''} {cuts}, "
        f"which separate{'' if len(record['thresholds']) > 1 else 's'} "
        f"{100 * record['separability']:.1f} % of the grey values' variance",
    ]
    if record.get("instead"):
        lines.append(
            f"noise hides the pores in the histogram: not {record['method']}, but the grey that "
            "dark spots lack gives the threshold"
        )
    data = {
        "store": str(path),
        "phases": names,
        "thresholds": record["thresholds"],
        "separability": record["separability"],
        "weighed": record.get("weighed", False),
        "instead": record.get("instead", False),
        "before": record.get("before", []),
    }
    results = gray_histogram(volume)
    if "sensitivity" in record:
        data["sensitivity"] = record["sensitivity"]
        lines += _band(record["sensitivity"])
        results = results.merge(segmentation_sensitivity(volume))
    results = results.assign_attrs(history=volume.attrs.get("history", []))
    return Answer("segment", [*lines, *_done(record)], data, guards(results))


def _band(numbers: dict) -> list[str]:
    """Return lines that compare the porosity of other thresholds and methods."""
    from poreflux.uncertainty.rounding import rounded

    ends = [100 * numbers[f"porosity_{end}"] for end in ("low", "high")]
    width = ends[1] - ends[0]
    low, high, at = (
        rounded(value, width) for value in (*ends, 100 * numbers["porosity_at_threshold"][1])
    )
    lines = [f"porosity {at} %; other thresholds and methods give {low} to {high} %"]
    if numbers["gray_balance_porosity"] is not None:
        balance = rounded(100 * numbers["gray_balance_porosity"], width)
        lines.append(f"grey values balance to {balance} %, without any threshold")
    for name, factors in numbers.get("tortuosity", {}).items():
        finite = [factor for factor in factors if math.isfinite(factor)]
        spread = max(finite, default=0.0) - min(finite, default=0.0)
        shown = ", ".join(rounded(factor, spread) for factor in factors)
        lines.append(
            f"tortuosity factor along {name}, voxels twice as large: {shown}, with the threshold "
            "lower, as it is, and higher"
        )
    return lines


def _done(record: dict) -> list[str]:
    """Return lines about the corrections before the segmentation."""
    lines = []
    for step in record.get("before", []):
        if step["operation"] == "region_of_interest" and "radius" in step:
            y, x = step["centre"]
            lines.append(f"region of interest: radius {step['radius']:.4g} µm about "
                         f"y, x = {y:.4g}, {x:.4g} µm")  # fmt: skip
        if step["operation"] == "correct_tilt":
            faces = [f"{step[k]['angle']:.2f}° at the {k}" for k in ("first", "last") if k in step]
            low, high = step["valid_range"]
            tilt = f"end face tilted by {' and '.join(faces)}" if faces else "no end face is seen"
            lines.append(f"{tilt}; z from {low:.4g} to {high:.4g} µm counts")
    return lines


def _forecast(store: Path, scan: Scan, denoise: str, out: Path | None) -> Answer:
    from poreflux.cli import forecast
    from poreflux.store import open as open_store

    volume, apart = open_store(store), out is not None
    voxels = math.prod(volume.sizes.values())
    item = volume["gray"].dtype.itemsize
    slab = math.prod((volume.sizes["y"], volume.sizes["x"], min(128, volume.sizes["z"])))
    memory = (12 + 4 * scan.steps) * slab * item + forecast.LIBRARIES["segment"]
    time = forecast.seconds("segment", voxels) * (1 + scan.steps)
    if denoise == "nl-means":
        time += 2 * voxels / 8e5
    disk = voxels * 8 / 7 * (1 + (item if apart else 0) + bool(scan.steps))
    return forecast.answer("segment", forecast.Need(memory, disk, time), out or store)
