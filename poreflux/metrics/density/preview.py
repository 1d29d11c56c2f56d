"""Preview of a volume, for reports: its middle slices, and one phase on a coarse grid."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import xarray as xr

from poreflux.blocks import Patch, Plan, add_patches, reduce
from poreflux.blocks.plan import smallest
from poreflux.schema import DIMS, NO_PHASE, attributes
from poreflux.volume import label_of, require, voxel_size


def preview(volume: xr.Dataset, *, phase: str = "pore", edge: int = 128) -> xr.Dataset:
    """Take the middle slices of a Volume, and one of its phases on a coarse grid.

    Parameters
    ----------
    volume
        with `phase`, `gray` or both; dims (z, y, x).
    phase
        name of the phase to show from outside.
    edge
        most coarse voxels along an edge.

    Returns
    -------
    Dataset, lazy, with `phase_slice_z`, `_y`, `_x` across each direction, likewise `gray_slice_z`
    and so on where there is `gray`, and where there is `phase` `phase_percent` (coarse_z, coarse_y,
    coarse_x), the volume fraction of the phase, inside a `mask`, in percent.

    Notes
    -----
    A coarse voxel is a cube of 2ⁿ voxels, cut off at the end of the volume; n is the smallest that
    keeps every edge at `edge` or below.

    Examples
    --------
    >>> import poreflux
    >>> volume = poreflux.phantoms.uniform((10, 8, 6))
    >>> sorted(preview(volume).data_vars)
    ['phase_percent', 'phase_slice_x', 'phase_slice_y', 'phase_slice_z']
    """
    if "gray" not in volume:
        require(volume, "phase")
    arrays = {name: volume[name].data for name in ("phase", "gray") if name in volume}
    shape = tuple(volume.sizes[d] for d in DIMS)
    factor = 1
    while max(shape) > factor * edge:
        factor *= 2
    outputs = {
        f"{name}_slice_{dim}": (shape[:axis] + shape[axis + 1 :], array.dtype)
        for name, array in arrays.items()
        for axis, dim in enumerate(DIMS)
    }
    label = label_of(volume, phase) if "phase" in volume else None
    if label is not None:
        outputs["phase_percent"] = (tuple(-(-n // factor) for n in shape), np.uint8)
        arrays |= {"mask": volume["mask"].data} if "mask" in volume else {}
    plan = Plan(
        measure=partial(_measure, label, factor, shape),
        combine=_combine,
        finish=partial(_finish, factor, shape, outputs),
        outputs=outputs,
    )
    return _labelled(volume, reduce(arrays, plan), phase, factor)


def _measure(
    label: int | None,
    factor: int,
    shape: tuple[int, ...],
    blocks: Mapping[str, np.ndarray],
    start: tuple[int, ...],
) -> dict:
    pieces = []
    mask = blocks.get("mask")
    for name in (name for name in blocks if name != "mask"):
        block = blocks[name]
        for axis, dim in enumerate(DIMS):
            at = shape[axis] // 2 - start[axis]
            if 0 <= at < block.shape[axis]:
                corner = start[:axis] + start[axis + 1 :]
                piece = np.take(block, at, axis)
                if name == "phase" and mask is not None:
                    piece = np.where(np.take(mask, at, axis), piece, np.uint8(NO_PHASE))
                pieces.append((f"{name}_slice_{dim}", corner, piece))
    if label is None:
        return {"slices": pieces}
    chosen = blocks["phase"] == label
    if mask is not None:
        chosen &= mask.astype(bool, copy=False)
    return {"counts": _count(chosen, start, factor), "slices": pieces}


def _count(inside: np.ndarray, start: tuple[int, ...], factor: int) -> Patch:
    """Return how many voxels of a block lie inside the phase, for each coarse voxel."""
    counts = inside.astype(np.int32)
    for axis, first in enumerate(start):
        cells = (first + np.arange(counts.shape[axis])) // factor
        begins = np.flatnonzero(np.diff(cells, prepend=cells[0] - 1))
        counts = np.add.reduceat(counts, begins, axis=axis, dtype=np.int32)
    return Patch(tuple(first // factor for first in start), smallest(counts))


def _combine(partials: list[dict]) -> dict:
    slices = {"slices": [piece for block in partials for piece in block["slices"]]}
    if "counts" not in partials[0]:
        return slices
    return {**add_patches([{"counts": block["counts"]} for block in partials]), **slices}


def _finish(
    factor: int, shape: tuple[int, ...], outputs: Mapping[str, tuple], total: dict
) -> dict[str, np.ndarray]:
    images = {
        name: np.empty(size, dtype) for name, (size, dtype) in outputs.items() if "_slice_" in name
    }
    for name, corner, piece in total["slices"]:
        images[name][tuple(slice(a, a + n) for a, n in zip(corner, piece.shape))] = piece
    if "counts" not in total:
        return images
    voxels = np.ones((), np.int64)
    for n in shape:
        lengths = np.minimum(factor, n - factor * np.arange(-(-n // factor)))
        voxels = voxels[..., None] * lengths
    percent = np.rint(100.0 * total["counts"].values / voxels)
    return {**images, "phase_percent": percent.astype(np.uint8)}


def _labelled(volume: xr.Dataset, arrays: dict, phase: str, factor: int) -> xr.Dataset:
    coarse = {}
    for dim, length in zip(DIMS, voxel_size(volume)):
        count = -(-volume.sizes[dim] // factor)
        position_attrs = {"units": "um", "long_name": f"position along {dim}"}
        coarse[f"coarse_{dim}"] = (np.arange(count) + 0.5) * factor * length, position_attrs
    results = xr.Dataset(coords={name: (name, *coordinate) for name, coordinate in coarse.items()})
    for name, array in arrays.items():
        if name == "phase_percent":
            extra = {"phase": phase}
            results[name] = (tuple(coarse), array, {**attributes(name), **extra})
            continue
        kind, _, direction = name.partition("_slice_")
        dims = tuple(d for d in DIMS if d != direction)
        position = float(volume[direction][volume.sizes[direction] // 2])
        attrs = {**volume[kind].attrs, **attributes(name), "position": position}
        results[name] = (dims, array, attrs)
        results = results.assign_coords({d: volume[d] for d in dims})
    return results
