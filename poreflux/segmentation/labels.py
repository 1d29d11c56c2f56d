"""Give each voxel its label, lazily, by given thresholds."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from poreflux import blocks
from poreflux.annotations import AnyArray
from poreflux.segmentation.hysteresis import hysteresis
from poreflux.segmentation.watershed import watershed


def by_thresholds(values: AnyArray, thresholds: Sequence[float], labels: Sequence[int]) -> AnyArray:
    """Return labels of grey values, lazily: the first up to the first threshold, and so on."""
    if values.dtype.kind == "u" and values.dtype.itemsize <= 2:
        gray_values = np.arange(np.iinfo(values.dtype).max + 1)
        table = np.asarray(labels, np.uint8)[np.searchsorted(thresholds, gray_values, side="left")]
        return blocks.map_blocks(partial(_looked_up, table), values, dtype=np.uint8)
    cuts = [_not_above(t, values.dtype) for t in thresholds]
    return blocks.map_blocks(
        partial(_compared, cuts, np.asarray(labels, np.uint8)), values, dtype=np.uint8
    )


def by_hysteresis(
    values: AnyArray, thresholds: Sequence[float], labels: Sequence[int], pore: str, **options: Any
) -> AnyArray:
    """Return labels of grey values, lazily: two, of which that of the pores grows from cores."""
    low, high = thresholds
    if pore == "bright":  # v > t as a statement "up to": for -v, strictly below -t
        labels = labels[::-1]
        values = blocks.map_blocks(_mirrored, values, dtype=_signed(values.dtype))
        low, high = (_below(-t, values.dtype) for t in (high, low))
    else:
        low, high = (_not_above(t, values.dtype) for t in (low, high))
    grown = hysteresis(values, low, high, **options)
    table = np.asarray(labels[::-1], np.uint8)
    return blocks.map_blocks(partial(_from_booleans, table), grown, dtype=np.uint8)


def by_watershed(
    values: AnyArray, thresholds: Sequence[float], labels: Sequence[int], pore: str, contrast: float
) -> AnyArray:
    """Return labels of grey values, lazily: two, grown from markers on both sides.

    `contrast` is the difference of the grey values of both.
    """
    low, high = (_not_above(t, values.dtype) for t in thresholds)
    solid = "bright" if pore == "dark" else "dark"
    bright = watershed(values, low, high, contrast, solid)
    table = np.asarray(labels, np.uint8)
    return blocks.map_blocks(partial(_from_booleans, table), bright, dtype=np.uint8)


def pore_shares(phases: Sequence, label: int, mask: AnyArray = None, **options: Any) -> list[float]:
    """Return the share of one label in each of several phase arrays, all counted in one pass."""
    arrays = {str(i): phase for i, phase in enumerate(phases)}
    arrays |= {} if mask is None else {"mask": mask}
    plan = blocks.Plan(partial(_count, label=label), blocks.add_patches, _finish_shares, {})
    return blocks.compute(blocks.run(arrays, plan), **options)[0]


def _count(arrays: Mapping[str, np.ndarray], start: tuple[int, ...], *, label: int) -> dict:
    mask = arrays.get("mask")
    phases = [arrays[name] for name in arrays if name != "mask"]
    counts = [np.size(phases[0]) if mask is None else np.count_nonzero(mask)]
    for phase in phases:
        chosen = phase == label
        counts.append(np.count_nonzero(chosen if mask is None else chosen & mask.astype(bool)))
    return {"counts": blocks.Patch((0,), np.array(counts))}


def _finish_shares(total: Mapping[str, blocks.Patch]) -> list[float]:
    counts = total["counts"].values.astype(float)
    return (counts[1:] / counts[0]).tolist()


def _looked_up(table: np.ndarray, values: np.ndarray) -> np.ndarray:
    return table[values]


def _compared(cuts: Sequence, labels: np.ndarray, values: np.ndarray) -> np.ndarray:
    index = np.zeros(values.shape, np.uint8)
    for cut in cuts:
        index += values > cut
    return labels[index]


def _from_booleans(table: np.ndarray, grown: np.ndarray) -> np.ndarray:
    return table[grown.view(np.uint8)]


def _signed(dtype: np.dtype) -> np.dtype:
    return dtype if dtype.kind == "f" else np.dtype(np.int64)


def _mirrored(values: np.ndarray) -> np.ndarray:
    return -values.astype(_signed(values.dtype), copy=False)


def _not_above(threshold: float, dtype: np.dtype) -> Any:
    """Return the largest number of this dtype that is not above the threshold."""
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return dtype.type(min(max(math.floor(threshold), limits.min), limits.max))
    nearest = dtype.type(threshold)
    return np.nextafter(nearest, dtype.type(-np.inf)) if nearest > threshold else nearest


def _below(threshold: float, dtype: np.dtype) -> Any:
    """Return the largest number of this dtype that is below the threshold."""
    if dtype.kind in "iu":
        return dtype.type(math.ceil(threshold) - 1)
    nearest = dtype.type(threshold)
    return nearest if nearest < threshold else np.nextafter(nearest, dtype.type(-np.inf))
