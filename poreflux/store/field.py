"""Fields are arrays that several processes write, each its own boxes; they appear when whole."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from poreflux.errors import StoreExists
from poreflux.machine import available_cores
from poreflux.objects import at
from poreflux.schema import DIMS
from poreflux.store import box, checksums, codec, disk, metadata, pyramid
from poreflux.store.layout import CHUNK, Layout, dump, plan, to_json
from poreflux.store.opening import require_sealed
from poreflux.store.partial import data_of, making
from poreflux.store.writing import write_groups

#: that build a pyramid at once: each holds eight chunks, of floats
_THREADS = 2


@contextmanager
def new_fields(
    store: str | Path,
    fields: Mapping[str, Mapping],
    *,
    dtype: DTypeLike = np.float32,
    chunk: int | Sequence[int] = CHUNK,
    wait: bool = False,
) -> Iterator[Path]:
    """Make arrays of the shape of a store; they join it, all at once, at the end of the block.

    One process enters the block; within it any number write with `write_box`, each its own chunks,
    into the folder that is returned, which the others find by `fields_folder`. Until the end, and
    if it is never reached, the store is as it was. Each gets a pyramid, as images have.

    Parameters
    ----------
    store
        that holds a Volume.
    fields
        for each array its attributes, such as ``units`` and ``long_name``.
    dtype
        of the values; floats are filled with NaN.
    chunk
        edge, or edges (z, y, x), of a chunk in voxels, to suit the boxes that are written.
    wait
        where another process writes this store, wait for it to end.

    Raises
    ------
    StoreExists
        as :func:`check_fields`, or if another process writes this store.
    ValueError
        if the block ends before all is written.

    Examples
    --------
    >>> import tempfile
    >>> from poreflux import from_array, save
    >>> volume = from_array(np.ones((4, 5, 6), np.uint8))
    >>> store = save(volume, tempfile.mkdtemp() + "/vol.zarr")
    >>> with new_fields(store, {"potential": {"units": "V"}}) as folder:
    ...     box.write_box(folder, "potential", (0, 0, 0), np.ones((4, 5, 6)))
    >>> float(box.read_box(store, "potential", (3, 0, 0), (4, 1, 1)).squeeze())
    1.0
    """
    path = at(store).resolve()
    shape = tuple(box.shape_of(path, dim)[0] for dim in DIMS)
    layouts = {
        name: plan(name, shape, dtype, chunk=chunk, shards=False, attrs=metadata.jsonable(attrs))
        for name, attrs in fields.items()
    }
    with making(path, wait=wait) as partial:
        check_fields(path, fields)
        require_sealed(path)
        try:
            with disk.writing(path):
                partial.begin(f"fields {uuid.uuid4().hex}")  # nothing of an earlier attempt is kept
                for name, layout in layouts.items():
                    place = partial.data / name / "zarr.json"
                    disk.write_file(place, dump(to_json(layout)), sync=True)
            yield partial.data
            for name, layout in layouts.items():
                try:
                    checksums.write(partial.data / name, layout, available_cores())
                except codec.Torn as torn:
                    raise ValueError(f"{name!r} is not written whole: {torn}") from torn
                _build_levels(partial.data, name, layout)
            with disk.writing(path):
                attrs = box.read_document(path / "zarr.json")["attributes"]
                write_groups(partial.data, attrs, box.identities(path), kept=path)
                pyramids = [f"pyramid/{name}" for name in layouts]
                partial.finish([*pyramids, "pyramid/zarr.json", *layouts, "zarr.json"])
        except BaseException:
            partial.abandon()
            raise


def _build_levels(data: Path, name: str, layout: Layout) -> None:
    """Write the pyramid of a field that is whole, for viewers of large volumes."""
    threads = min(_THREADS, available_cores())
    for path, level in pyramid.levels_above(name, layout).items():
        with disk.writing(data):
            disk.write_file(data / path / "zarr.json", dump(to_json(level)))
        pyramid.build(data, path, level, level.files(), threads, lambda count: None)
        checksums.write(data / path, level, threads)


def fields_folder(store: str | Path) -> Path:
    """Return the folder into which the fields of a store are being written."""
    return data_of(at(store).resolve())


def check_fields(store: str | Path, fields: Mapping[str, Mapping]) -> None:
    """Raise where a store has an array of one of these names that is of something else.

    What has the same attributes is of the same solve, and may be written again.
    """
    path = at(store).resolve()
    for name, attrs in fields.items():
        if name not in box.names(path):
            if (path / name).exists():
                raise StoreExists(f"{path}/{name} is there and no array; remove it first")
            continue
        stored, wanted = box.find(path, name)[1].attrs, metadata.jsonable(attrs)
        if stored != wanted:
            other = sorted(k for k in {*stored, *wanted} if stored.get(k) != wanted.get(k))
            raise StoreExists(
                f"{path} has {name!r} already, of another solve ({', '.join(other)} differs); "
                f"remove {path}/{name} first"
            )
