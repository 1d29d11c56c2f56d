"""Open a store as a lazy Volume."""

import functools
import json
from pathlib import Path

import numpy as np
import xarray as xr

from poreflux.annotations import AnyArray
from poreflux.errors import DamagedStore
from poreflux.objects import at
from poreflux.readers.lazy import from_chunks
from poreflux.schema import DIMS
from poreflux.store import box, metadata
from poreflux.store.layout import Index, Layout
from poreflux.store.partial import settle
from poreflux.store.sealing import is_results

#: chunks of a sharded store are read in pairs along each axis, so that dask has fewer tasks
TOGETHER = 2


def open(store: str | Path) -> xr.Dataset:
    """Open a store as a lazy Volume.

    Parameters
    ----------
    store
        folder that `save` made.

    Returns
    -------
    Volume whose variables are dask arrays; a chunk is read, and checked, when it is computed.

    Raises
    ------
    FileNotFoundError
        if there is no store.
    ValueError
        if the folder holds results, which :func:`poreflux.open_results` opens.
    DamagedStore
        if its metadata cannot be read; damaged chunks raise it when they are computed.

    Examples
    --------
    >>> import tempfile
    >>> from poreflux import from_array, save
    >>> volume = from_array(np.ones((4, 5, 6), np.uint8))
    >>> volume = open(save(volume, tempfile.mkdtemp() + "/vol.zarr"))
    >>> float(volume.phase.mean())
    1.0
    """
    path = at(store).resolve()
    settle(path)
    if is_results(path):
        raise ValueError(
            f"{path} holds results, not a volume; poreflux.open_results(path) opens them"
        )
    attrs = require_sealed(path)
    variables = {name: _variable(path, name) for name in box.names(path)}
    missing = [dim for dim in DIMS if dim not in variables]
    if missing or "voxel_size" not in attrs:
        raise DamagedStore(
            f"{path} has no {missing[0] if missing else 'voxel_size'!r}; it is no volume "
            "that poreflux saved"
        )
    coords = {dim: variables.pop(dim) for dim in DIMS}
    try:
        volume = xr.Dataset(variables, coords=coords, attrs=attrs)
    except (ValueError, TypeError) as error:
        raise DamagedStore(
            f"{path} has arrays that do not fit together ({error}); import again"
        ) from error
    volume.encoding["source"] = str(path)
    return volume


def open_levels(store: str | Path) -> dict[str, list[AnyArray]]:
    """Return the lazy levels of each array of a store, by its name, the finest first.

    Examples
    --------
    >>> import tempfile
    >>> from poreflux import from_array, save
    >>> volume = from_array(np.ones((40, 20, 20), np.uint8))
    >>> store = save(volume, tempfile.mkdtemp() + "/vol.zarr", chunk=16)
    >>> [level.shape for level in open_levels(store)["phase"]]
    [(40, 20, 20), (20, 10, 10), (10, 5, 5)]
    """
    path = at(store).resolve()
    require_sealed(path)
    found = {}
    for name in box.names(path):
        if len(box.shape_of(path, name)) == len(DIMS):
            paths = [name]
            while (path / (coarser := f"pyramid/{name}/{len(paths)}") / "zarr.json").is_file():
                paths.append(coarser)
            found[name] = [_lazy(path, level) for level in paths]
    return found


def token(path: Path, name: str) -> str:
    """Return dask's name of a variable of a store as `open` gives it."""
    return _lazy(path, name).name


def require_sealed(path: Path) -> dict:
    """Return the attributes of a store; raise ``DamagedStore`` where its metadata were altered."""
    box.require_store(path)
    payload = (path / "zarr.json").read_bytes()
    try:
        attributes = dict(json.loads(payload)["attributes"])
        version = attributes.get("poreflux", {}).get("format", 0)
        broken = metadata.broken_seals(path, payload) if version == metadata.FORMAT else []
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedStore(f"{path}/zarr.json cannot be read ({error}); import again") from error
    if broken:
        raise DamagedStore(
            f"{path}: {', '.join(broken)} is missing, damaged, or altered by another program since "
            "the store was written; poreflux.verify(store) names the chunks; import again"
        )
    if version != metadata.FORMAT:
        raise DamagedStore(
            f"{path} is no volume that this version of poreflux saved (its format is {version}, "
            f"{metadata.FORMAT} is read); import it, or take a later version"
        )
    return {key: value for key, value in attributes.items() if key not in ("ome", "poreflux")}


def _variable(path: Path, name: str) -> tuple:
    _, layout = box.find(path, name)
    attrs = dict(layout.attrs)
    if "flag_values" in attrs:
        attrs["flag_values"] = np.asarray(attrs["flag_values"], dtype=layout.dtype)
    values = box.read_box(path, name) if name in DIMS else _lazy(path, name)
    return layout.dims, values, attrs


def _lazy(path: Path, name: str) -> AnyArray:
    array, layout = box.find(path, name)
    status = (array / "zarr.json").stat()
    # the same values have the same name in every copy of the store
    token = box.identities(path).get(name) or (str(path), status.st_ino, status.st_mtime_ns)
    return from_chunks(
        functools.partial(_same_box, path, name, box.seal_of(path, name)),
        layout.shape,
        layout.dtype.newbyteorder("="),
        _chunks(layout),
        token=(name, token),
    )


def _same_box(path: Path, name: str, seal: tuple, start: Index, stop: Index) -> np.ndarray:
    """Read a box of an array; raise ``DamagedStore`` where it is not the array that was opened.

    Its chunks are whole, but phases and units may be others than the volume says.
    """
    values = box.read_box(path, name, start, stop)
    if box.seal_of(path, name) != seal:
        raise DamagedStore(f"{path}: {name!r} was replaced since it was opened; open it again")
    return values


def _chunks(layout: Layout) -> Index:
    return tuple(c * TOGETHER for c in layout.chunk) if layout.sharded else layout.chunk
