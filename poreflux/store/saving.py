"""Write a Volume to a store: slab by slab, whole or not at all, going on after a kill."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from poreflux.annotations import ShownProgress
from poreflux.errors import CannotWrite, StoreExists, Unreachable
from poreflux.objects import at
from poreflux.progress import shows_progress
from poreflux.schema import DIMS
from poreflux.store import box, disk, metadata, provenance, pyramid
from poreflux.store.layout import CHUNK, Layout, plan
from poreflux.store.opening import require_sealed, token
from poreflux.store.partial import Partial, making
from poreflux.store.writing import (
    Progress,
    coordinates,
    identities,
    write_arrays,
    write_groups,
)
from poreflux.volume import check_volume, require, voxel_size


class Saved(NamedTuple):
    """Where a Volume is, and whether it was there before."""

    path: Path
    unchanged: bool


@shows_progress("save")
def save(
    volume: xr.Dataset,
    store: str | Path,
    *,
    overwrite: bool = False,
    wait: bool = False,
    chunk: int = CHUNK,
    progress: ShownProgress = None,
) -> Path:
    """Write a Volume to a new store, in bounded memory.

    Everything goes to ``<store>.partial``, which takes the final name when it is whole and on the
    disk. After a kill or a full disk the same call goes on from the chunks already written; a store
    that holds the same already is left as it is.

    Parameters
    ----------
    volume
        dims (z, y, x), as `read`, `from_array`, `segment` or a phantom made it.
    store
        folder to make, by custom ``name.zarr``.
    overwrite
        replace another store, after the new one is whole.
    wait
        where another process writes this store, wait for it to end.
    chunk
        edge of a chunk in voxels.
    progress
        True for a bar (the default in notebooks), False for none; or what is called as
        ``progress(done, total, note)``, in files.

    Returns
    -------
    The path of the store.

    Raises
    ------
    StoreExists
        if there is another store, or anything else, under that name, or another process writes it.
    CannotWrite
        if the disk is full or refuses; what is written is kept for the next call.
    TooLarge
        if memory or disk cannot suffice.

    Notes
    -----
    Plain Zarr v3: one array for each variable, zstd and crc32c, CF attributes, OME-Zarr 0.5 with a
    pyramid. The peak of memory is that of one slab, as deep as a chunk.

    Examples
    --------
    >>> import tempfile
    >>> from poreflux import from_array, open
    >>> volume = from_array(np.ones((4, 5, 6), np.uint8), voxel_size=0.92)
    >>> path = save(volume, tempfile.mkdtemp() + "/vol.zarr")
    >>> open(path).phase.shape
    (4, 5, 6)
    """
    options: dict = {"overwrite": overwrite, "wait": wait, "chunk": chunk, "progress": progress}
    return saved(volume, store, **options).path


def saved(
    volume: xr.Dataset,
    store: str | Path,
    *,
    overwrite: bool = False,
    wait: bool = False,
    chunk: int = CHUNK,
    progress: Progress | None = None,
) -> Saved:
    """Write a Volume as :func:`save` does; return also whether nothing was left to do.

    Examples
    --------
    >>> import tempfile
    >>> from poreflux import from_array
    >>> volume, store = from_array(np.ones((4, 5, 6), np.uint8)), tempfile.mkdtemp() + "/vol.zarr"
    >>> [saved(volume, store).unchanged for _ in range(2)]
    [False, True]
    """
    check_volume(volume)
    path = at(store).resolve()
    _refuse_overlap(path, volume)
    layouts = _layouts(volume, [str(name) for name in volume.data_vars], chunk)
    with _made(path, wait) as partial:
        if path.exists() and not overwrite:
            source = provenance.source_attrs(volume)
            wanted = identities(volume, layouts, source)
            if wanted.items() <= box.identities(path).items():  # `add` may have added more
                _report_done(progress, path)
                return Saved(path, unchanged=True)
            raise StoreExists(
                f"{path} is there already and holds something else; choose another name, or "
                "replace it with overwrite=True"
            )
        source = write_arrays(partial, volume, layouts, coordinates(volume), progress)
        attrs = {**volume.attrs, **source}
        with disk.writing(path):
            write_groups(partial.data, attrs, identities(volume, layouts, source))
            partial.finish(["."])
    return Saved(path, unchanged=False)


def add(
    volume: xr.Dataset,
    store: str | Path,
    *,
    overwrite: bool = False,
    wait: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Write the variables of a Volume that a store does not hold yet into it.

    A new variable appears in the store when it is whole; until then the store is as it was. A kill
    and a second call are met as by :func:`save`.

    Parameters
    ----------
    volume
        of the shape and voxel size of the store, such as `segment` makes it.
    store
        of :func:`save`.
    overwrite
        replace a variable of the same name that holds something else.
    wait
        where another process writes this store, wait for it to end.
    progress
        True for a bar (the default in notebooks), False for none; or what is called as
        ``progress(done, total, note)``, in files.

    Raises
    ------
    StoreExists
        if the store has a variable of this name with something else in it, or another process
        writes it.
    ValueError
        if shape or voxel size are not those of the store.

    Examples
    --------
    >>> import tempfile
    >>> from poreflux import from_array, open
    >>> gray = from_array(np.arange(60.0).reshape(3, 4, 5), kind="gray")
    >>> path = save(gray, tempfile.mkdtemp() + "/vol.zarr")
    >>> phase = from_array(gray.gray.values > 30)
    >>> list(open(add(phase, path)).data_vars)
    ['gray', 'phase']
    """
    path = at(store).resolve()
    box.require_store(path)
    with _made(path, wait) as partial:
        require_sealed(path)
        names = _names_to_add(volume, path)
        layouts = _layouts(volume, names, _chunk_of(path))
        source = provenance.source_attrs(volume)
        stored = box.identities(path)
        wanted = identities(volume, layouts, source)
        if not overwrite:
            same = [name for name in names if stored.get(name) == wanted[name]]
            existing = [name for name in names if name in box.names(path) and name not in same]
            if existing:
                raise StoreExists(
                    f"{path} has {existing[0]!r} already, with something else in it; replace it "
                    "with overwrite=True"
                )
            layouts = {name: layout for name, layout in layouts.items() if name not in same}
        if not layouts:
            _report_done(progress, path)
            return path
        write_arrays(partial, volume, layouts, {}, progress)
        pyramids = [f"pyramid/{name}" for name in layouts]
        with disk.writing(path):
            write_groups(partial.data, _merged_attrs(path, volume), {**stored, **wanted}, kept=path)
            partial.finish([*pyramids, "pyramid/zarr.json", *layouts, "zarr.json"])
    return path


def _refuse_overlap(path: Path, volume: xr.Dataset) -> None:
    """Raise where a store would lie in what it is made of, or the other way round."""
    disk.refuse_inside(path)
    if "source" not in volume.encoding:
        return
    source = at(volume.encoding["source"]).resolve()
    same = source == path and "as_read" in volume.encoding  # not from here, by `open`
    if same or source in path.parents or path in source.parents:
        raise ValueError(
            f"{path} would be made from {source}, and one lies in the other; choose a store "
            "outside of it"
        )


@contextmanager
def _made(path: Path, wait: bool) -> Iterator[Partial]:
    """Hold the folder in which the store is made; leave it behind only where a call can go on."""
    if path.exists() and not (path / "zarr.json").is_file():
        raise StoreExists(f"{path} is there already and is not a store; choose another name")
    with making(path, wait=wait) as partial:
        try:
            yield partial
        except (CannotWrite, Unreachable, KeyboardInterrupt, SystemExit):
            raise
        except BaseException:
            partial.abandon()
            raise


def _layouts(volume: xr.Dataset, names: list[str], chunk: int) -> dict[str, Layout]:
    voxel_size(volume)
    layouts = {}
    for name in names:
        variable = require(volume, name)
        if variable.dims != DIMS:
            raise ValueError(f"{name!r} has dims {variable.dims}; a volume's are {DIMS}")
        attrs = metadata.jsonable(variable.attrs)
        layouts[name] = plan(name, variable.shape, variable.dtype, chunk=chunk, attrs=attrs)
    if not layouts:
        raise ValueError("the volume has no variable; give one with gray or phase")
    return layouts


def _names_to_add(volume: xr.Dataset, path: Path) -> list[str]:
    """Return the variables of the Volume that are not the store's own, opened lazily."""
    shape = tuple(volume.sizes[dim] for dim in DIMS)
    stored_shape = tuple(box.shape_of(path, dim)[0] for dim in DIMS)
    if shape != stored_shape:
        raise ValueError(f"the volume has shape {shape}, the store {path} has {stored_shape}")
    sizes = voxel_size(volume), tuple(_attributes(path)["voxel_size"])
    if not np.allclose(*sizes, rtol=1e-6, atol=0):
        raise ValueError(
            f"the volume has voxels of {sizes[0]} µm, the store {path} of {sizes[1]}; "
            "give both the same voxel_size"
        )
    stored = set(box.names(path))
    return [
        name
        for name in map(str, volume.data_vars)
        if name not in stored or getattr(volume[name].data, "name", None) != token(path, name)
    ]


def _merged_attrs(path: Path, volume: xr.Dataset) -> dict:
    """Return the store's attributes with the operations that made the volume from it."""
    attrs = _attributes(path)
    history = list(attrs.get("history", []))
    incoming = metadata.jsonable(volume.attrs.get("history", []))
    # what was done last comes last, also where it was done before
    last = incoming[-1:]
    new = [entry for entry in incoming[:-1] if entry not in history]
    history = [*(entry for entry in history if entry not in last), *new, *last]
    merged = {**volume.attrs, **attrs}
    return {**merged, "history": history} if history else merged


def _chunk_of(path: Path) -> int:
    """Return the edge of the store's chunks, so that all its variables have the same."""
    images = [name for name in pyramid.IMAGES if name in box.names(path)]
    return max(box.find(path, images[0])[1].chunk) if images else CHUNK


def _attributes(path: Path) -> dict:
    return box.read_document(path / "zarr.json").get("attributes", {})


def _report_done(progress: Progress | None, path: Path) -> None:
    if progress is not None:
        progress(1, 1, f"{path.name} holds this already; nothing to do")
