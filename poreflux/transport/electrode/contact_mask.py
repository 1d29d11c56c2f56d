"""Where the electrode touches the electrolyte: masks of a face, with an exact share of contact."""

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias, get_args

import numpy as np
import xarray as xr
from scipy.spatial import cKDTree

from poreflux.annotations import ContactModel
from poreflux.errors import UnreadableImage
from poreflux.phantoms.fields import GaussianField
from poreflux.schema import DIMS, Direction
from poreflux.transport.electrode.conditions import INITIAL_CONTACT
from poreflux.volume import axis_of, check_volume, voxel_size

MODELS = get_args(ContactModel)

_LABELS = {"long_name": "contact with the electrode", "units": "1"}

#: a share of the face, a mask of it, or an image file of one
Contact: TypeAlias = float | np.ndarray | xr.DataArray | str | Path


def contact_mask(
    volume: xr.Dataset,
    *,
    fraction: float | None = None,
    model: ContactModel = "patches",
    direction: Direction = "z",
    length: float = 7.5,
    cells: int = 12,
    off: int | None = None,
    diameter: float = 20.0,
    seed: int = 0,
) -> xr.DataArray:
    """Make a mask of the faces of the electrode that touch the electrode's metal.

    Parameters
    ----------
    volume
        whose outer face it is for, pores included.
    fraction
        share of the face in contact, exact to one voxel face; by default 0.9306, the paper's.
    model
        ``"full"``; ``"cells"``: a grid of `cells` by `cells`, of which some lose contact;
        ``"patches"``: where a Gaussian random field of correlation `length` is low; ``"voids"``:
        circles of about one `diameter`.
    direction
        across the face.
    length, diameter
        in µm.
    cells
        along each edge of the face.
    off
        for ``"cells"``, the number of cells without contact, instead of `fraction`; 10 of 12 x 12
        are the 93.06 % of the paper.
    seed
        of the random places.

    Returns
    -------
    boolean array over the two other dims, true where in contact; attributes say how it was made,
    and `sha256` which mask it is.

    Notes
    -----
    The geometry of the contact is a choice: the paper gives its share only. A mask is of the whole
    face; only its part on electrolyte conducts. Of a volume with a `mask` the share is that of the
    footprint of the sample.

    Examples
    --------
    >>> from poreflux import phantoms
    >>> mask = contact_mask(phantoms.uniform((4, 24, 24)), model="cells", off=10)
    >>> mask.dims, round(float(mask.mean()), 5)
    (('y', 'x'), 0.93056)
    """
    check_volume(volume)
    fraction = (1.0 if model == "full" else INITIAL_CONTACT) if fraction is None else fraction
    _validate(fraction, model, length, cells, off, diameter)
    dims = across(direction)
    shape = tuple(volume.sizes[dim] for dim in dims)
    size: dict[str, float] = dict(zip(DIMS, voxel_size(volume)))
    spacing = tuple(size[dim] for dim in dims)
    footprint = _footprint(volume, direction)
    faces = int(footprint.sum())
    lost = min(round((1 - fraction) * faces), faces - 1)
    options: dict = {"seed": seed, **({"fraction": fraction} if off is None else {"off": off})}
    if model == "full":
        mask, options = np.ones(shape, bool), {}
    elif model == "cells":
        mask = _cells(footprint, cells, lost, off, seed)
        options["cells"] = cells
    elif model == "patches":
        mask = _lowest(_field(shape, spacing, length, seed), lost, footprint)
        options["length"] = length
    else:
        mask = _lowest(_distance(shape, spacing, diameter, fraction, seed), lost, footprint)
        options["diameter"] = diameter
    attrs = {"model": model, **options, "sha256": digest(mask)}
    return _labelled(mask, volume, dims, attrs)


def across(direction: str) -> tuple[str, str]:
    """Return the two dims of the face across a direction.

    >>> across("y")
    ('z', 'x')
    """
    axis_of(direction)
    first, second = (dim for dim in DIMS if dim != direction)
    return first, second


def contact_of(volume: xr.Dataset, contact: Contact, direction: str) -> xr.DataArray:
    """Return the mask that `contact` stands for: a share, an array, or an image file.

    Raises
    ------
    ValueError
        where it is none, or not of the shape of the face.
    """
    dims = across(direction)
    if isinstance(contact, (int, float, np.number)) and not isinstance(contact, bool):
        return contact_mask(volume, fraction=float(contact), direction=DIMS[axis_of(direction)])
    attrs, made = {"model": "given"}, {}
    if isinstance(contact, (str, Path)):
        attrs = {"model": f"image {contact}"}
        contact = _image(contact)
    if isinstance(contact, xr.DataArray):
        made = contact.attrs
        if set(contact.dims) == set(dims):
            contact = contact.transpose(*dims)
        contact = contact.values
    values = np.asarray(contact)
    shape = tuple(volume.sizes[dim] for dim in dims)
    if values.shape != shape:
        raise ValueError(
            f"the contact mask has shape {values.shape}; the face across {direction} has {shape} "
            f"voxels ({dims[0]}, {dims[1]})"
        )
    if values.dtype.kind not in "biuf" or not np.isin(values, (0, 1)).all():
        raise ValueError("the contact mask has values other than 0 and 1; compare it first")
    if not values.any():
        raise ValueError("the contact mask has no face in contact; nothing could react")
    told = digest(values)
    # what was altered since it was made is not what its attributes say
    attrs = dict(made) if made.get("sha256") == told else {**attrs, "sha256": told}
    return _labelled(values.astype(bool), volume, dims, attrs)


def digest(mask: np.ndarray) -> str:
    """Return the sha256 of a mask, of its shape and the faces in contact.

    Examples
    --------
    >>> digest(np.eye(2)) == digest(np.eye(2, dtype=bool)) != digest(np.ones((2, 2)))
    True
    """
    return hashlib.sha256(f"{mask.shape}".encode() + np.packbits(mask != 0).tobytes()).hexdigest()


def contact_note(mask: xr.DataArray) -> dict:
    """Return the attributes of what was computed with a mask: how it was made, and which it is.

    Examples
    --------
    >>> from poreflux import phantoms
    >>> note = contact_note(contact_mask(phantoms.uniform((4, 4, 4)), model="full"))
    >>> note["contact_model"], len(note["contact_sha256"])
    ('full', 64)
    """
    told = {key: value for key, value in mask.attrs.items() if key not in _LABELS}
    return {f"contact_{key}": value for key, value in told.items()}


def _labelled(
    mask: np.ndarray, volume: xr.Dataset, dims: Sequence[str], attrs: dict
) -> xr.DataArray:
    coords = {dim: volume[dim] for dim in dims}
    return xr.DataArray(mask, dims=dims, coords=coords, attrs={**_LABELS, **attrs}, name="contact")


def _validate(
    fraction: float, model: str, length: float, cells: int, off: int | None, diameter: float
) -> None:
    if model not in MODELS:
        raise ValueError(f"model={model!r} is not known; choose one of {MODELS}")
    if not 0 < fraction <= 1:
        raise ValueError(f"the contact fraction {fraction!r} is not above 0 and at most 1")
    if model == "full" and fraction < 1:
        raise ValueError(f"model='full' is at odds with fraction={fraction}; leave one out")
    for name, value in (("length", length), ("diameter", diameter)):
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name}={value!r} is not a positive length in µm")
    if cells < 1 or (off is not None and not 0 <= off < cells**2):
        raise ValueError(f"off={off} of {cells} x {cells} cells is not possible; leave one on")


def _image(path: str | Path) -> np.ndarray:
    try:
        if str(path).endswith(".npy"):
            return np.load(path)
        from skimage.io import imread

        return imread(path) != 0
    except FileNotFoundError:
        raise UnreadableImage(f"{path} is not there; give the image of a contact mask") from None
    except Exception as error:
        raise UnreadableImage(f"{path} cannot be read as an image ({error})") from error


def _footprint(volume: xr.Dataset, direction: str) -> np.ndarray:
    """Return which faces (n1, n2) have voxels of the sample behind them."""
    dims = across(direction)
    if "mask" not in volume:
        return np.ones([volume.sizes[dim] for dim in dims], bool)
    return volume["mask"].any(DIMS[axis_of(direction)]).transpose(*dims).values


def _lowest(values: np.ndarray, lost: int, footprint: np.ndarray) -> np.ndarray:
    """Return a mask without the faces of the `lost` lowest values within a footprint."""
    mask = np.ones(values.size, bool)
    values = np.where(footprint, values, np.inf)
    mask[np.argsort(values, axis=None, kind="stable")[:lost]] = False
    return mask.reshape(values.shape)


def _field(
    shape: tuple[int, ...], spacing: Sequence[float], length: float, seed: int
) -> np.ndarray:
    lines = [(np.arange(n) + 0.5) * h for n, h in zip(shape, spacing)]
    field = GaussianField((math.inf, length, length), seed=seed)
    return field.on_grid((np.zeros(1), *lines))[0]


def _distance(
    shape: tuple[int, ...], spacing: Sequence[float], diameter: float, fraction: float, seed: int
) -> np.ndarray:
    """Return the distance of each face to the nearest of as many random centres as circles of the
    diameter need to cover what is lost, overlaps counted once."""
    edges = np.multiply(shape, spacing)
    number = -math.log(max(fraction, 1e-12)) * math.prod(edges) / (math.pi * diameter**2 / 4)
    centres = np.random.default_rng(seed).random((max(1, round(number)), 2)) * edges
    faces = np.moveaxis(np.indices(shape), 0, -1).reshape(-1, 2)
    return cKDTree(centres).query((faces + 0.5) * spacing)[0].reshape(shape)


def _cells(footprint: np.ndarray, cells: int, lost: int, off: int | None, seed: int) -> np.ndarray:
    """Return a mask without whole cells, the last one in part where `lost` faces end within it."""
    rows, columns = (np.arange(n) * cells // n for n in footprint.shape)
    cell = rows[:, None] * cells + columns
    chosen = np.random.default_rng(seed).permutation(cells**2)
    if off is not None:
        return ~np.isin(cell, chosen[:off])
    rank = np.empty(cells**2, int)
    rank[chosen] = np.arange(cells**2)
    return _lowest(rank[cell], lost, footprint)
