"""An array with labelled axes becomes a Volume: an xarray Dataset with dims (z, y, x) in µm."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from poreflux.annotations import AnyArray, VolumeKind
from poreflux.schema import DIMS, NO_PHASE, VARIABLES, attributes

PORE_AND_ELECTROLYTE = {0: "pore", 1: "electrolyte"}
#: µm; edges of voxels of X-ray and electron tomograms lie between
USUAL_VOXELS = 0.003, 300.0
#: name of a label whose voxels are no sample
OUTSIDE = "outside"


def from_array(
    array: AnyArray,
    *,
    voxel_size: float | Sequence[float] = 1.0,
    kind: VolumeKind = "phase",
    phases: Mapping[int, str] | None = None,
) -> xr.Dataset:
    """Make a Volume of an array in memory, on disk (``memmap``) or of dask.

    Parameters
    ----------
    array
        three-dimensional, axes (z, y, x); phase labels (integers 0 to 254 or booleans) or grey
        values.
    voxel_size
        edge of a voxel in µm, one number or three for (z, y, x).
    kind
        ``"phase"`` for labels, ``"gray"`` for measured values.
    phases
        meaning of each label; by default ``{0: "pore", 1: "electrolyte"}``. What is called
        ``"outside"`` is no phase: the voxels of its label are left out by a `mask`.

    Returns
    -------
    Dataset with variable `phase` (uint8) or `gray`, and coordinates z, y, x at voxel centres in µm.

    Raises
    ------
    ValueError
        if the array is not three-dimensional or a voxel size is not a positive number.
    TypeError
        if phase labels are not integers.

    Examples
    --------
    >>> volume = from_array(np.ones((2, 3, 4), bool), voxel_size=0.92)
    >>> dict(volume.sizes)
    {'z': 2, 'y': 3, 'x': 4}
    """
    if not hasattr(array, "ndim"):
        array = np.asarray(array)
    if array.ndim != 3 or 0 in array.shape:
        raise ValueError(
            f"the array has shape {tuple(array.shape)}; a volume has three axes (z, y, x), "
            "none empty"
        )
    size = three_lengths(voxel_size)
    if kind == "phase":
        return _labelled(array, size, dict(phases or PORE_AND_ELECTROLYTE))
    if kind == "gray":
        if array.dtype.kind not in VARIABLES["gray"].kind:
            raise TypeError(
                f"grey values of dtype {array.dtype} are not real numbers; convert them"
            )
        return _dataset("gray", array, size, {})
    raise ValueError(f"kind={kind!r} is not known; choose 'phase' or 'gray'")


def three_lengths(voxel_size: float | Sequence[float]) -> tuple[float, float, float]:
    """Return the voxel edges (z, y, x) in µm from one number or three, all of some size."""
    lengths = np.atleast_1d(np.asarray(voxel_size, dtype=float))
    if lengths.shape == (1,):
        lengths = np.repeat(lengths, 3)
    # between a hundredth of an atom and a kilometre; NaN is neither
    if lengths.shape != (3,) or not np.all((lengths > 1e-6) & (lengths < 1e9)):
        raise ValueError(
            f"voxel_size={voxel_size!r} is not a length; give one positive number in µm "
            "or three for (z, y, x)"
        )
    return float(lengths[0]), float(lengths[1]), float(lengths[2])


def voxel_size(volume: xr.Dataset) -> tuple[float, float, float]:
    """Return the voxel edges (z, y, x) in µm of a Volume."""
    check_volume(volume)
    return three_lengths(volume.attrs["voxel_size"])


def phase_labels(volume: xr.Dataset) -> dict[str, int]:
    """Return the label of each named phase of a Volume, in the order of its labels.

    Examples
    --------
    >>> phase_labels(from_array(np.ones((2, 2, 2), bool)))
    {'pore': 0, 'electrolyte': 1}
    """
    attrs = require(volume, "phase").attrs
    meanings = attrs["flag_meanings"].split()
    return {name: int(label) for name, label in zip(meanings, np.atleast_1d(attrs["flag_values"]))}


def label_of(volume: xr.Dataset, phase: str) -> int:
    """Return the label of one named phase; raise ``KeyError`` with the names of the phases."""
    labels = phase_labels(volume)
    if phase not in labels:
        raise KeyError(f"phase {phase!r} is not in the volume; choose one of {tuple(labels)}")
    return labels[phase]


def check_volume(volume: object) -> None:
    """Raise ``TypeError`` where an array is given that is not yet a Volume.

    Examples
    --------
    >>> check_volume(np.ones((2, 3, 4)))
    Traceback (most recent call last):
    TypeError: got a ndarray of shape (2, 3, 4), and a volume is wanted; make one of it: \
poreflux.from_array(array, voxel_size=...)
    """
    if not isinstance(volume, xr.Dataset):
        shape = getattr(volume, "shape", None)
        of = "" if shape is None else f" of shape {tuple(shape)}"
        raise TypeError(
            f"got a {type(volume).__name__}{of}, and a volume is wanted; make one of it: "
            "poreflux.from_array(array, voxel_size=...)"
        )


def require(volume: xr.Dataset, name: str) -> xr.DataArray:
    """Return a variable of the Volume; raise ``KeyError`` with what to do where it is missing."""
    check_volume(volume)
    if name in volume:
        return volume[name]
    do = {"phase": "segment it first", "gray": "import the grey values"}.get(name, "add it first")
    raise KeyError(f"the volume has no variable {name!r}, only {tuple(volume.data_vars)}; {do}")


def box_of_mask(volume: xr.Dataset) -> dict[str, slice]:
    """Return the smallest box that has all of the `mask` of a volume, by dims; empty where that is
    the whole volume.

    Raises
    ------
    ValueError
        where the mask selects no voxel.

    Examples
    --------
    >>> volume = from_array(np.ones((4, 2, 2), np.uint8))
    >>> mask = np.arange(4)[:, None, None] < np.full((4, 2, 2), 3)
    >>> box_of_mask(volume.assign(mask=(DIMS, mask)))
    {'z': slice(0, 3, None), 'y': slice(0, 2, None), 'x': slice(0, 2, None)}
    """
    return _box_and_count(volume)[0]


def within_mask(volume: xr.Dataset, field: object | None = None) -> xr.Dataset:
    """Return the smallest box that has all of the `mask` of a volume, as a solve takes it; with the
    mask where it leaves out voxels of that box.

    Raises
    ------
    ValueError
        where the mask selects no voxel, or leaves out planes of a `field` of the whole volume.
    """
    box, count = _box_and_count(volume)
    if box and field is not None:
        raise ValueError(
            "a field covers the whole volume, but the mask leaves out planes; leave out field"
        )
    inside = volume.isel(box) if box else volume
    whole = "mask" in inside and count == _voxels(inside)
    return inside.drop_vars("mask") if whole else inside


def refuse_shape(volume: xr.Dataset, what: str, why: str) -> None:
    """Raise ``ValueError`` where a volume of :func:`within_mask` is no box, as `what` needs."""
    if "mask" in volume:
        raise ValueError(
            f"{what} a box, and the mask is no box: {why}; cut one out of it, such as "
            "volume.isel(y=slice(100, 300), x=slice(100, 300)), and solve that"
        )


def _box_and_count(volume: xr.Dataset) -> tuple[dict[str, slice], int]:
    """Return the box of a mask, and the number of voxels that it selects."""
    check_volume(volume)
    if "mask" not in volume:
        return {}, _voxels(volume)
    mask = volume["mask"]
    occupied = {dim: mask.any([other for other in DIMS if other != dim]) for dim in DIMS}
    counts = xr.Dataset(
        {
            **{f"in_{dim}": occupied_line for dim, occupied_line in occupied.items()},
            "all": mask.sum(),
        }
    )
    counts = counts.compute()
    count = int(counts["all"])
    if count == 0:
        raise ValueError("the mask selects no voxel: nothing is sample; mask what is outside of it")
    edges = {dim: np.flatnonzero(counts[f"in_{dim}"].values) for dim in DIMS}
    box: dict[str, slice] = {dim: slice(int(e[0]), int(e[-1]) + 1) for dim, e in edges.items()}
    whole = all(edge.stop - edge.start == volume.sizes[dim] for dim, edge in box.items())
    return ({} if whole else box), count


def _voxels(volume: xr.Dataset) -> int:
    return math.prod(volume.sizes[dim] for dim in DIMS)


def axis_of(direction: str) -> int:
    """Return the axis (0, 1, 2) of a direction; raise ``ValueError`` naming the dims."""
    if direction not in DIMS:
        raise ValueError(
            f"direction={direction!r} is not a dimension of the volume; choose one of {DIMS}"
        )
    return DIMS.index(direction)


def _labelled(
    array: AnyArray, size: tuple[float, float, float], phases: dict[int, str]
) -> xr.Dataset:
    if array.dtype.kind not in "biu":
        raise TypeError(
            f"phase labels have dtype {array.dtype}; give integers, or kind='gray' and segment"
        )
    if any(not 0 <= label < NO_PHASE for label in phases):
        raise ValueError(f"phases={phases} has a label outside 0 to {NO_PHASE - 1}")
    if any(len(name.split()) != 1 for name in phases.values()):
        raise ValueError(f"phases={phases} has a name that is not one word; use underscores")
    if len(set(phases.values())) != len(phases):
        raise ValueError(f"phases={phases} names two labels alike; give each its own name")
    labels = sorted(label for label, name in phases.items() if name != OUTSIDE)
    if not labels:
        raise ValueError(f"phases={phases} names no phase; give at least one beside {OUTSIDE!r}")
    attrs = {
        "flag_values": np.asarray(labels, dtype=np.uint8),
        "flag_meanings": " ".join(phases[label] for label in labels),
    }
    wide = isinstance(array, np.ndarray) and array.dtype.itemsize > 1
    if wide and (array.min() < 0 or array.max() >= NO_PHASE):
        raise ValueError(
            f"phase labels run from {array.min()} to {array.max()}; they must lie in 0 to "
            f"{NO_PHASE - 1}"
        )
    volume = _dataset("phase", array.astype(np.uint8, copy=False), size, attrs)
    for label in phases.keys() - labels:
        volume["mask"] = (DIMS, volume["phase"].data != label, attributes("mask"))
    return volume


def _dataset(
    name: str, array: AnyArray, size: tuple[float, float, float], attrs: dict
) -> xr.Dataset:
    coords = {
        dim: (dim, (np.arange(n) + 0.5) * h, {"units": "um", "long_name": f"position along {dim}"})
        for dim, n, h in zip(DIMS, array.shape, size)
    }
    variable = (DIMS, array, {**attributes(name), **attrs})
    return xr.Dataset({name: variable}, coords=coords, attrs={"voxel_size": list(size)})
