"""A field is an array that several processes write, each its own boxes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from poreflux.errors import StoreExists
from poreflux.schema import DIMS
from poreflux.store import box, disk, metadata
from poreflux.store.layout import CHUNK, dump, plan, to_json


def create_field(
    store: str | Path,
    name: str,
    *,
    dtype=np.float32,
    attrs: dict | None = None,
    chunk: int | Sequence[int] = CHUNK,
    overwrite: bool = False,
) -> Path:
    """Make an array of the shape of a store, to be filled by `write_box`.

    One process calls this; then any number write, each its own chunks. What is not written
    yet reads as damage, and `verify` names it.

    Parameters
    ----------
    store
        that holds a Volume.
    name
        of the new array.
    dtype
        of its values; floats are filled with NaN.
    attrs
        such as ``units`` and ``long_name``.
    chunk
        edge, or edges (z, y, x), of a chunk in voxels, to suit the boxes that are written.
    overwrite
        replace an array of this name.

    Raises
    ------
    StoreExists
        if there is one of this name.

    Examples
    --------
    >>> import tempfile
    >>> from poreflux import from_array, save
    >>> volume = from_array(np.ones((4, 5, 6), np.uint8))
    >>> store = save(volume, tempfile.mkdtemp() + "/vol.zarr")
    >>> path = create_field(store, "potential", attrs={"units": "V"}, chunk=(2, 5, 6))
    >>> box.write_box(store, "potential", (2, 0, 0), np.ones((2, 5, 6)))
    >>> float(box.read_box(store, "potential", (3, 0, 0), (4, 1, 1)).squeeze())
    1.0
    """
    path = Path(store).resolve()
    shape = tuple(box.shape_of(path, dim)[0] for dim in DIMS)
    if (path / name).exists() and not overwrite:
        raise StoreExists(f"{path} has {name!r} already; replace it with overwrite=True")
    layout = plan(
        name, shape, dtype, chunk=chunk, shards=False, attrs=metadata.jsonable(attrs or {})
    )
    with disk.writing(path / name):
        disk.remove(path / name)
        disk.write_file(path / name / "zarr.json", dump(to_json(layout)), sync=True)
        root = box.read_document(path / "zarr.json")
        sealed = metadata.seal(root, metadata.documents(path))
        disk.write_file(path / "zarr.json", dump(sealed), sync=True)
    return path / name
