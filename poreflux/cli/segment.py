"""poreflux segment: grey values of a store become phases in the same store."""

import math
from pathlib import Path

from poreflux.cli.answer import Answer
from poreflux.cli.options import COMMON, PLACE, Common, Flag, Place
from poreflux.cli.terminal import progress
from poreflux.cli.words import pairs


def segment(
    store: Path,
    /,
    *,
    method: str = "otsu",
    threshold: str | None = None,
    phases: str | None = None,
    pore: str = "dark",
    median: Flag = False,
    overwrite: Flag = False,
    common: Common = COMMON,
    place: Place = PLACE,
) -> Answer:
    """Segment the grey values of a store into phases, and add them to it.

    Parameters
    ----------
    store
        folder that `poreflux import` made.
    method
        otsu, multi-otsu, threshold or hysteresis.
    threshold
        grey value, or several for several phases, like 75 or 60,110.
    phases
        labels and names from the side of the pores on, like 0=pore,1=electrolyte.
    pore
        dark or bright: the side of the grey values on which the pores are.
    median
        denoise by a 3 x 3 x 3 median first.
    overwrite
        replace phases that are there.

    Examples
    --------
    poreflux segment vol.zarr --method otsu --median
    """
    from poreflux.segment import segment as segmented
    from poreflux.store import add
    from poreflux.store import open as open_store

    volume = open_store(store)
    if common.dry_run:
        return _forecast(volume, store)
    earlier = volume.attrs.get("history", [])
    volume = volume.assign_attrs(
        history=[entry for entry in earlier if entry.get("operation") != "segment"]
    )
    names = pairs(phases, option="--phases", key=int, value=str) if phases else None
    cuts = None if threshold is None else _cuts(threshold)
    with progress("histogram") as tell:
        result = segmented(
            volume,
            method=method,
            threshold=cuts,
            phases=names,
            pore=pore,
            median=median,
            progress=tell,
            scheduler=place.scheduler,
        )
    with progress("segment") as tell:
        path = add(result, store, overwrite=overwrite, progress=tell)
    return _answer(path)


def _cuts(threshold: str) -> list[float]:
    try:
        return [float(word) for word in threshold.split(",")]
    except ValueError:
        raise ValueError(
            f"--threshold {threshold} is not understood; write it like 75 or 60,110"
        ) from None


def _answer(path: Path) -> Answer:
    """Return phases and thresholds as they now stand in the store."""
    from poreflux import gray_histogram
    from poreflux.report import guards
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
    data = {
        "store": str(path),
        "phases": names,
        "thresholds": record["thresholds"],
        "separability": record["separability"],
    }
    return Answer("segment", lines, data, guards(gray_histogram(volume)))


def _forecast(volume, store: Path) -> Answer:
    from poreflux.cli import forecast

    voxels = math.prod(volume.sizes.values())
    slab = math.prod((volume.sizes["y"], volume.sizes["x"], min(128, volume.sizes["z"])))
    memory = 4 * slab * volume["gray"].dtype.itemsize + 3e8
    need = forecast.Need(memory, voxels * 8 / 7, forecast.seconds("segment", voxels))
    return forecast.answer("segment", need, store)
