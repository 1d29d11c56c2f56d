"""Checks of a segmentation's options against each other and against the grey values."""

import math
from collections.abc import Mapping, Sequence
from typing import get_args

import numpy as np

from poreflux.annotations import PoreShade, SegmentMethod
from poreflux.schema import NO_PHASE
from poreflux.segmentation.denoise import METHODS as DENOISE
from poreflux.segmentation.histogram import Histogram

#: methods that find one threshold in the histogram, and those that grow phases between two
FROM_HISTOGRAM = ("otsu", "li", "minimum-error", "midpoint", "balance")
GROWING = ("hysteresis", "watershed")

METHODS = get_args(SegmentMethod)


def check_options(
    method: str,
    given: Sequence[float] | None,
    names: Mapping[int, str],
    phases: Mapping[int, str] | None,
    pore: str,
    denoise: str | None,
) -> None:
    """Raise ``ValueError`` where method, thresholds and phases do not fit each other."""
    if method not in METHODS:
        raise ValueError(f"method={method!r} is not known; choose one of {METHODS}")
    if denoise not in DENOISE:
        raise ValueError(f"denoise={denoise!r} is not known; choose one of {DENOISE}")
    if pore not in get_args(PoreShade):
        raise ValueError(f"pore={pore!r} is not a side; choose 'dark' or 'bright'")
    if method == "multi-otsu" and phases is None:
        raise ValueError(
            "multi-otsu needs the phases, such as phases={0: 'pore', 1: 'binder', 2: 'active'}"
        )
    if method in (*FROM_HISTOGRAM, *GROWING) and len(names) != 2:
        raise ValueError(f"{method} separates two phases, not {len(names)}; use multi-otsu")
    if len(names) < 2:
        raise ValueError(f"phases={names} is one phase; give at least two")
    if not all(0 <= label < NO_PHASE for label in names):
        raise ValueError(f"phases={names} has labels that are not 0 to {NO_PHASE - 1}")
    if method == "threshold" and given is None:
        raise ValueError("method='threshold' needs a threshold")
    if method in (*FROM_HISTOGRAM, "multi-otsu") and given is not None:
        raise ValueError(f"{method} finds its thresholds; give method='threshold' with your own")
    wanted = 2 if method in GROWING else len(names) - 1
    if given is not None and len(given) != wanted:
        raise ValueError(
            f"threshold={given} has {len(given)} numbers; {method} takes {wanted} for {len(names)} "
            "phases"
        )


def check_thresholds(
    thresholds: Sequence[float],
    counted: Histogram,
    method: str,
    names: Mapping[int, str],
    pore: str,
) -> None:
    """Raise ``ValueError`` where thresholds do not ascend, or leave a phase empty."""
    if not all(map(math.isfinite, thresholds)) or any(np.diff(thresholds) <= 0):
        raise ValueError(f"threshold={thresholds} does not ascend; give finite, ascending numbers")
    cuts = phase_bounds(thresholds, method, pore)
    bounds = [-math.inf, *cuts, math.inf]
    for i, name in enumerate(names if pore == "dark" else list(names)[::-1]):
        inside = (counted.values > bounds[i]) & (counted.values <= bounds[i + 1])
        reached = counted.lowest <= bounds[i + 1] and counted.highest > bounds[i]
        if not reached or (0 < i < len(names) - 1 and not counted.counts[inside].any()):
            raise ValueError(
                f"threshold={thresholds} leaves phase {names[name]!r} without a voxel; grey values "
                f"run from {counted.lowest:g} to {counted.highest:g}"
            )


def phase_bounds(thresholds: Sequence[float], method: str, pore: str) -> list[float]:
    """Return the thresholds that bound the phases: for hysteresis, how far the pores may grow."""
    if method == "watershed":
        return [sum(thresholds) / 2]
    if method != "hysteresis":
        return list(thresholds)
    return [thresholds[1] if pore == "dark" else thresholds[0]]
