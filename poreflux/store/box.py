"""Read and write one box of one array, straight from and to its chunks: plain NumPy, no dask."""

import json
import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import product
from pathlib import Path

import numpy as np

from poreflux.errors import DamagedStore
from poreflux.objects import ObjectPath, at, zarr_place
from poreflux.store import checksums, codec, disk, metadata
from poreflux.store.layout import Index, Layout, from_json


def read_box(
    store: str | Path,
    name: str,
    start: Sequence[int] | None = None,
    stop: Sequence[int] | None = None,
    *,
    threads: int = 1,
) -> np.ndarray:
    """Read the voxels ``start <= index < stop`` of one array of a store.

    Every chunk that is touched is checked against its checksum; nothing else is read.

    Parameters
    ----------
    store
        folder of the store.
    name
        of the array, such as ``"phase"``, ``"z"`` or ``"pyramid/gray/1"``.
    start, stop
        box of indices, by default the whole array.
    threads
        how many chunks are read and unpacked at once.

    Raises
    ------
    DamagedStore
        naming the chunk and its voxels where one is missing, torn or altered.

    Examples
    --------
    >>> import tempfile
    >>> from poreflux import from_array, save
    >>> volume = from_array(np.eye(4, dtype=np.uint8)[None])
    >>> store = save(volume, tempfile.mkdtemp() + "/vol.zarr")
    >>> read_box(store, "phase", (0, 1, 0), (1, 3, 4))
    array([[[0, 1, 0, 0],
            [0, 0, 1, 0]]], dtype=uint8)
    """
    path = at(store)
    try:
        return _read(path, name, start, stop, threads)
    except DamagedStore:
        if not isinstance(path, ObjectPath):
            raise
        path.forget()  # what was known of it may be of a store that was replaced since
        return _read(path, name, start, stop, threads)


def _read(
    store: Path, name: str, start: Sequence[int] | None, stop: Sequence[int] | None, threads: int
) -> np.ndarray:
    array, layout = find(store, name)
    start, stop = _box(layout.shape, start, stop)
    if not layout.ours:
        return _read_foreign(array, start, stop)
    out = np.empty(tuple(b - a for a, b in zip(start, stop)), layout.dtype.newbyteorder("="))
    files = list(_touching(start, stop, layout.shard))
    table = checksums.table(array, layout)

    def read(index: Index) -> None:
        _read_file(array, layout, table, index, start, stop, out)

    if threads > 1 and len(files) > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(read, files))
    else:
        for index in files:
            read(index)
    return out


def write_box(store: str | Path, name: str, start: Sequence[int], values: np.ndarray) -> None:
    """Write a box of whole files of an array that `new_fields` made.

    Each file is replaced atomically and belongs to exactly one call, so that ranks write at once
    without communication.

    Parameters
    ----------
    store, name
        as for :func:`read_box`.
    start
        first index of the box along each axis, a multiple of the chunk (of the shard where there
        are shards).
    values
        its values; the box must end at a multiple of the chunk too, or at the end of the array.

    Raises
    ------
    ValueError
        if the box cuts a chunk, or its dtype cannot be stored without loss.
    """
    array, layout = find(store, name)
    if not layout.ours:
        raise ValueError(f"{array} was written by another program; make it with new_fields")
    if (array / checksums.NAME).exists():
        raise ValueError(f"{array} is finished and sealed; make it anew with new_fields")
    values = np.asarray(values)
    start = tuple(int(a) for a in start)
    stop = tuple(a + n for a, n in zip(start, values.shape))
    for a, b, edge, n in zip(start, stop, layout.shard, layout.shape):
        if a < 0 or b > n or a % edge or (b % edge and b != n):
            raise ValueError(
                f"the box from {start} to {stop} cuts chunks of {layout.shard} in {name!r} of "
                f"shape {layout.shape}; begin and end it at multiples of them or at the end"
            )
    if not np.can_cast(values.dtype, layout.dtype, "same_kind"):
        raise ValueError(f"{name!r} holds {layout.dtype.name}, not {values.dtype}; convert it")
    for index in _touching(start, stop, layout.shard):
        lower, upper = layout.span(index)
        part = tuple(slice(p - a, q - a) for p, q, a in zip(lower, upper, start))
        write_shard(array, layout, index, values[part])


def write_shard(array: Path, layout: Layout, index: Index, values: np.ndarray) -> None:
    """Write the file ``index`` of the array in the folder ``array``, whole or not at all."""
    path = layout.file(array, index)
    payload = codec.encode(values.astype(layout.dtype, copy=False), layout, index)
    with disk.writing(path):
        disk.write_file(path, payload)


def shape_of(store: str | Path, name: str) -> Index:
    """Return the shape of one array of a store."""
    return find(store, name)[1].shape


def array_chunks(store: str | Path, name: str) -> Index:
    """Return the edges of the smallest box that `write_box` takes: the chunk, or the shard."""
    return find(store, name)[1].shard


def names(store: str | Path) -> list[str]:
    """Return the names of the arrays at the root of a store."""
    return sorted(path.parent.name for path in at(store).glob("*/zarr.json") if _is_array(path))


def find(store: str | Path, name: str) -> tuple[Path, Layout]:
    """Return the folder and the layout of one array of a store, as the store was sealed.

    Raises
    ------
    KeyError
        if there is no such array.
    DamagedStore
        if its metadata, its table of checksums, or those of the root, are not as they were written.
    """
    path = at(store)
    array = path / name
    if (path / "zarr.json").is_file():
        seals = _sealed(path, _stamp(path / "zarr.json"))
        for file in (f"{name}/zarr.json", f"{name}/{checksums.NAME}"):
            if file in seals and seals[file] != _checksum(path / file):
                raise DamagedStore(
                    f"{path / file} is missing, damaged, or altered by another program; "
                    "poreflux.verify(store) names the chunks; import again"
                )
    try:
        return array, unsealed(array)
    except FileNotFoundError:
        require_store(path)
        raise KeyError(f"{store} has no array {name!r}, only {tuple(names(store))}") from None


def seal_of(store: str | Path, name: str) -> tuple[int | None, ...]:
    """Return the checksums of metadata and table of an array: others for other values."""
    path = at(store)
    files = (f"{name}/zarr.json", f"{name}/{checksums.NAME}")
    try:
        seals = _sealed(path, _stamp(path / "zarr.json"))
    except FileNotFoundError:
        seals = {}
    return tuple(seals[file] if file in seals else _checksum(path / file) for file in files)


def unsealed(array: Path) -> Layout:
    """Return the layout of an array from its own metadata; the seal is not checked."""
    try:
        layout = _layout(array / "zarr.json", _stamp(array / "zarr.json"))
    except ValueError as error:
        raise DamagedStore(f"{array}/zarr.json cannot be read ({error}); import again") from error
    if layout is None:
        raise DamagedStore(f"{array} is no array of numbers; import again")
    return layout


def require_store(path: Path) -> None:
    """Raise ``FileNotFoundError`` where there is no store, saying what there is."""
    if (path / "zarr.json").is_file():
        return
    if path.with_name(path.name + ".partial").exists():
        raise FileNotFoundError(
            f"{path} is not complete: its making was interrupted; run that command again"
        )
    raise FileNotFoundError(f"{path} is not a store; import or save one first")


def read_document(path: Path) -> dict:
    """Return the content of a `zarr.json`."""
    return json.loads(path.read_bytes())


def identities(store: str | Path) -> dict[str, str]:
    """Return for each saved variable of a store what `provenance.identity` said of it."""
    attributes = read_document(at(store) / "zarr.json").get("attributes", {})
    return attributes.get("poreflux", {}).get("identity", {})


def _checksum(path: Path) -> int | None:
    try:
        return _checksum_of(path, _stamp(path))
    except OSError:
        return None


@lru_cache(maxsize=256)
def _checksum_of(path: Path, stamp: tuple) -> int:
    return metadata.checksum(path.read_bytes())


@lru_cache(maxsize=64)
def _sealed(path: Path, stamp: tuple) -> dict[str, int]:
    """Return the checksums in the seal of a store; none where another program wrote it."""
    try:
        payload = (path / "zarr.json").read_bytes()
        record = json.loads(payload)["attributes"].get("poreflux", {})
        if "metadata" in record and not metadata.root_seal_holds(payload):
            raise ValueError("its seal is broken: it was altered since it was written")
        return record.get("metadata", {})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedStore(f"{path}/zarr.json cannot be trusted ({error}); import again") from error


@lru_cache(maxsize=256)
def _layout(path: Path, stamp: tuple) -> Layout | None:
    return from_json(read_document(path))


def _stamp(path: Path) -> tuple:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


def _is_array(path: Path) -> bool:
    try:
        return read_document(path).get("node_type") == "array"
    except (ValueError, AttributeError):
        return False


def _read_foreign(array: Path, start: Index, stop: Index) -> np.ndarray:
    import zarr

    try:
        return np.asarray(
            zarr.open_array(zarr_place(array), mode="r")[tuple(map(slice, start, stop))]
        )
    except Exception as error:
        raise DamagedStore(
            f"{array} was written by another program, or is damaged: it cannot be read "
            f"({type(error).__name__}: {error}); import again"
        ) from error


def _box(
    shape: Index, start: Sequence[int] | None, stop: Sequence[int] | None
) -> tuple[Index, Index]:
    lower = tuple(int(a) for a in (start if start is not None else (0,) * len(shape)))
    upper = tuple(int(b) for b in (stop if stop is not None else shape))
    if len(lower) != len(shape) or len(upper) != len(shape):
        raise ValueError(f"the box {lower} to {upper} has not the {len(shape)} axes of {shape}")
    if any(not 0 <= a <= b <= n for a, b, n in zip(lower, upper, shape)):
        raise ValueError(f"the box {lower} to {upper} is not within the array of shape {shape}")
    return lower, upper


def _touching(start: Index, stop: Index, edge: Index) -> Iterator[Index]:
    return product(*(range(a // e, -(-b // e)) for a, b, e in zip(start, stop, edge)))


def _read_file(
    array: Path,
    layout: Layout,
    table: np.ndarray | None,
    index: Index,
    start: Index,
    stop: Index,
    out: np.ndarray,
) -> None:
    lower, upper = layout.span(index)
    first = tuple(max(p, a) for p, a in zip(lower, start))
    last = tuple(min(q, b) for q, b in zip(upper, stop))
    wanted = list(_touching(first, last, layout.chunk))
    for chunk, payload in _payloads(array, layout, index, wanted):
        try:
            values = codec.decode(payload, layout)
        except codec.Torn as torn:
            raise _damaged(array, layout, chunk, str(torn)) from torn
        if table is not None and table[chunk] != checksums.of(payload):
            raise _damaged(array, layout, chunk, checksums.OTHER)
        lower, upper = layout.chunk_span(chunk)
        first = tuple(max(p, a) for p, a in zip(lower, start))
        last = tuple(min(q, b) for q, b in zip(upper, stop))
        source = tuple(slice(a - p, b - p) for a, b, p in zip(first, last, lower))
        target = tuple(slice(a - o, b - o) for a, b, o in zip(first, last, start))
        out[target] = values[source]


def _payloads(
    array: Path, layout: Layout, index: Index, wanted: list[Index]
) -> Iterator[tuple[Index, bytes]]:
    path = layout.file(array, index)
    try:
        if not layout.sharded:
            yield index, path.read_bytes()
            return
        file = path.open("rb", buffering=0)
    except FileNotFoundError:
        raise _damaged(array, layout, wanted[0], "it is missing") from None
    with file:
        size = codec.index_size(layout)
        try:
            file.seek(-size, os.SEEK_END)
            entries = codec.parse_index(file.read(), layout)
        except (OSError, codec.Torn) as error:
            raise _damaged(array, layout, wanted[0], "the index of its shard is torn") from error
        for chunk in wanted:
            offset, length = entries[layout.inner(chunk, index)]
            if offset < 0:
                raise _damaged(array, layout, chunk, "it is missing")
            file.seek(offset)
            yield chunk, file.read(length)


def _damaged(array: Path, layout: Layout, chunk: Index, what: str) -> DamagedStore:
    start, stop = layout.chunk_span(chunk)
    voxels = ", ".join(f"{a}:{b}" for a, b in zip(start, stop))
    megabytes = math.prod(b - a for a, b in zip(start, stop)) * layout.dtype.itemsize / 1e6
    return DamagedStore(
        f"chunk {'/'.join(map(str, chunk))} of {array} (voxels [{voxels}], {megabytes:.3g} MB) "
        f"cannot be trusted: {what}; poreflux.verify(store) names all such chunks; import again"
    )
