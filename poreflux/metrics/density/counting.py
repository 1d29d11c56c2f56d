"""Voxels of a phase counted into a small array: by plane, column, block, or all together."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import xarray as xr
from numpy.lib.stride_tricks import as_strided

from poreflux import blocks
from poreflux.kernels.counting import count_boxes, count_planes, equal_bytes
from poreflux.schema import attributes
from poreflux.volume import label_of, require

Start = tuple[int, ...]
Project = Callable[[np.ndarray, Start], blocks.Patch]


def counted(
    volume: xr.Dataset,
    phase: str,
    project: Project,
    finish: Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]],
    *,
    full: np.ndarray,
    outputs: Mapping[str, tuple[tuple[int, ...], type]],
) -> dict:
    """Count the voxels of a phase, and of the mask, into a small array; return lazy arrays.

    Parameters
    ----------
    volume
        with `phase`, and `mask` where there is a region of interest.
    phase
        name of the phase to count.
    project
        picklable; counts the set voxels of a block of booleans into a patch of the small array.
    finish
        takes the counts of the phase and of all valid voxels, returns the outputs.
    full
        counts of all voxels, valid where there is no mask.
    outputs
        shape and dtype of each output.
    """
    measure = partial(measure_counts, label=label_of(volume, phase), project=project)
    finish_total = partial(finish_counts, finish=finish, full=full)
    plan = blocks.Plan(measure, blocks.add_patches, finish_total, outputs)
    return blocks.reduce(inputs(volume), plan)


def inputs(volume: xr.Dataset) -> dict:
    """Return the arrays that a count reads: `phase`, and `mask` where there is one."""
    arrays = {"phase": require(volume, "phase").data}
    if "mask" in volume:
        arrays["mask"] = volume["mask"].data
    return arrays


def select(arrays: Mapping[str, np.ndarray], label: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Return which voxels of a block are valid and of this label, and which are valid.

    The arrays are shared between measures of one block; nobody may change them.
    """
    if isinstance(arrays, blocks.Shared):
        return arrays.once((select, label), lambda: _selected(arrays, label))
    return _selected(arrays, label)


def _selected(arrays: Mapping[str, np.ndarray], label: int) -> tuple[np.ndarray, np.ndarray | None]:
    phase = arrays.lent("phase") if isinstance(arrays, blocks.Shared) else arrays["phase"]
    chosen = _equal(phase, label)
    mask = arrays.get("mask")
    if mask is not None:
        mask = mask.astype(bool, copy=False)
        chosen &= mask
    return chosen, mask


def _equal(values: np.ndarray, label: int) -> np.ndarray:
    """Return which values are equal to a label; quickly for a part of a large array of bytes.

    Examples
    --------
    >>> _equal(np.arange(27, dtype=np.uint8).reshape(3, 3, 3)[1:, 1:, 1:], 16).nonzero()
    (array([0]), array([1]), array([0]))
    """
    steps, whole = values.strides, values.flags.c_contiguous
    bytes_in_rows = values.dtype == np.uint8 and values.ndim == 3 and steps[2] == 1
    if whole or not bytes_in_rows or min(steps) < 0 or not 0 <= label <= 255:
        return np.equal(values, label, order="C")
    span = 1 + sum((n - 1) * step for n, step in zip(values.shape, steps))
    chosen = np.empty(values.shape, bool)
    flat = as_strided(values, (span,), (1,), writeable=False)
    equal_bytes(flat, steps, np.uint8(label), chosen)
    return chosen


def measure_counts(
    arrays: Mapping[str, np.ndarray], start: Start, *, label: int, project: Project
) -> dict:
    """Measure one block: a patch of counts of the phase, and of the mask where there is one."""
    chosen, mask = select(arrays, label)
    counts = {"phase": project(chosen, start)}
    if mask is not None:
        counts["valid"] = project(mask, start)
    return counts


def finish_counts(total: Mapping[str, blocks.Patch], *, finish: Callable, full: np.ndarray) -> dict:
    """Hand the counts of the whole volume, as integers, to `finish`."""
    valid = total["valid"].values.astype(np.int64) if "valid" in total else full
    return finish(total["phase"].values.astype(np.int64), valid)


def fraction(part: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return part / whole, NaN where the whole is empty.

    Examples
    --------
    >>> fraction(np.array([1, 0]), np.array([4, 0]))
    array([0.25,  nan])
    """
    part, total = np.broadcast_arrays(part, total)
    return np.divide(part, total, out=np.full(part.shape, np.nan), where=total > 0)


def along(chosen: np.ndarray, axis: int) -> np.ndarray:
    """Return the number of set voxels along one axis, in the smallest integers that hold it.

    Examples
    --------
    >>> along(np.ones((2, 300), bool), 1)
    array([300, 300], dtype=uint16)
    """
    dtype = np.min_scalar_type(chosen.shape[axis])
    return np.add.reduce(chosen.view(np.uint8), axis=axis, dtype=dtype)


def by_plane(chosen: np.ndarray, axis: int) -> np.ndarray:
    """Return the number of set voxels in each plane across an axis.

    Examples
    --------
    >>> by_plane(np.ones((2, 3, 4), bool), 2)
    array([6, 6, 6, 6])
    """
    if axis == 0 and chosen.flags.c_contiguous:
        counts = np.zeros(len(chosen), np.int64)
        count_planes(chosen.view(np.uint8).reshape(len(chosen), -1), counts)
        return counts
    return along(chosen, 1 if axis == 0 else 0).sum(axis=0 if axis == 2 else 1, dtype=np.int64)


def into_blocks(chosen: np.ndarray, start: Start, *, cuts: Sequence[np.ndarray]) -> blocks.Patch:
    """Count the set voxels of a block of the volume into the boxes between the cuts."""
    first, inner, most = [], [], 1
    for edges, low, n in zip(cuts, start, chosen.shape):
        first.append(int(np.searchsorted(edges, low, "right")) - 1)
        inside = edges[(edges > low) & (edges < low + n)] - low
        inner.append(np.concatenate(([0], inside, [n])).astype(np.int64))
        most *= int(np.diff(inner[-1]).max())
    counts = np.zeros([len(edges) - 1 for edges in inner], np.int64)
    row, sums = (np.empty(chosen.shape[2], dtype) for dtype in (np.uint8, np.int64))
    z, y, x = inner
    count_boxes(np.ascontiguousarray(chosen).view(np.uint8), z, y, x, row, sums, counts)
    return blocks.Patch(tuple(first), counts.astype(np.min_scalar_type(most)))


def dataset(
    volume: xr.Dataset,
    variables: Mapping[str, tuple[Sequence[str], object]],
    *,
    coords: Mapping | None = None,
    note: Mapping | None = None,
) -> xr.Dataset:
    """Return a small Dataset with the units and names of the schema and the volume's attributes.

    Parameters
    ----------
    volume
        where the numbers come from; its coordinates label the dims of the same name.
    variables
        dims and array of each.
    coords
        further coordinates.
    note
        attributes that all variables get: phase, parameters.
    """
    dims = {dim for names, _ in variables.values() for dim in names}
    labels = {dim: volume[dim] for dim in volume.dims if dim in dims and dim not in (coords or {})}
    data = {
        name: (tuple(names), array, {**attributes(name), **(note or {})})
        for name, (names, array) in variables.items()
    }
    return xr.Dataset(data, coords={**labels, **(coords or {})}, attrs=volume.attrs)


def centres(volume: xr.Dataset, cuts: Sequence[np.ndarray], prefix: str) -> dict:
    """Return coordinates at the centres, in µm, of the boxes between the cuts of each axis."""
    labels = {}
    for dim, edges, h in zip("zyx", cuts, volume.attrs["voxel_size"]):
        attrs = {"units": "um", "long_name": f"centre along {dim}"}
        labels[f"{prefix}_{dim}"] = (f"{prefix}_{dim}", (edges[1:] + edges[:-1]) / 2 * h, attrs)
    return labels


def volume_of(cuts: Sequence[np.ndarray]) -> np.ndarray:
    """Return the number of voxels in each box between the cuts of each axis."""
    z, y, x = map(np.diff, cuts)
    return z[:, None, None] * y[:, None] * x
