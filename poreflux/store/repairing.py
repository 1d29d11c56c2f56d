"""Rewrite the damaged files of a store from its source or from a copy, and no others."""

import inspect
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from poreflux.annotations import Progress
from poreflux.errors import DamagedStore
from poreflux.machine import available_cores
from poreflux.objects import at
from poreflux.schema import DIMS
from poreflux.store import box, checksums, disk, metadata, provenance, pyramid
from poreflux.store.layout import Index, dump
from poreflux.store.opening import require_sealed
from poreflux.store.partial import making
from poreflux.store.verifying import Damage, verify


def repair(
    store: str | Path,
    source: str | Path | xr.Dataset,
    *,
    wait: bool = False,
    progress: Progress | None = None,
) -> list[Damage]:
    """Write anew the chunks of a store that are damaged; return what could not be mended.

    Parameters
    ----------
    store
        of a volume, that `save` made.
    source
        the file or folder that it was imported from, or the Volume that `read` makes of it: its
        checksum must be the recorded one. Or an undamaged copy of the store, from which any file
        is taken that has the checksum in the seal.
    wait
        where another process writes this store, wait for it to end.
    progress
        called as ``progress(done, total, note)``, in files.

    Raises
    ------
    ValueError
        if the source is not the one that the store was imported from.
    DamagedStore
        if the root of the store is damaged, so that nothing says what belongs where.

    Examples
    --------
    >>> import tempfile
    >>> from poreflux import from_array, read, save
    >>> folder = Path(tempfile.mkdtemp())
    >>> np.save(folder / "scan.npy", np.ones((4, 5, 6), np.uint8))
    >>> path = save(read(folder / "scan.npy", voxel_size=1), folder / "vol.zarr")
    >>> (path / "gray/c/0/0/0").unlink()
    >>> repair(path, folder / "scan.npy")
    []
    """
    path = at(store).resolve()
    with making(path, wait=wait):
        damages = verify(path)
        if any(not damage.array for damage in damages):
            raise DamagedStore(f"the root of {path} is damaged; import again with overwrite=True")
        if damages and not isinstance(source, xr.Dataset) and (at(source) / "zarr.json").exists():
            _from_copy(path, at(source), damages)
        elif damages:
            volume = source if isinstance(source, xr.Dataset) else _read(path, at(source))
            _from_volume(path, volume, damages, progress)
    return verify(path)


def _read(path: Path, source: Path) -> xr.Dataset:
    """Read a source as it was read when the store was made."""
    from poreflux.readers import read

    first = box.read_document(path / "zarr.json")["attributes"].get("history", [{}])[0]
    if first.get("operation") != "read":
        raise ValueError(f"{path} was not imported from a file; give a copy of the store")
    parameters = inspect.signature(read).parameters
    given = {k: v for k, v in first["parameters"].items() if k in parameters and k != "path"}
    if "phases" in given:
        given["phases"] = {int(label): name for label, name in given["phases"].items()}
    return read(source, **given)


def _from_copy(path: Path, copy: Path, damages: Iterable[Damage]) -> None:
    seals = box.read_document(path / "zarr.json")["attributes"]["poreflux"]["metadata"]
    arrays = {damage.array for damage in damages}
    for name in sorted(arrays):  # the layout of the chunks comes first
        for file in (f"{name}/zarr.json", f"{name}/{checksums.NAME}"):
            if file in seals and (copy / file).is_file():
                content = (copy / file).read_bytes()
                if metadata.checksum(content) == seals[file]:
                    _write(path / file, content)
    for name, index in _files(path, verify(path)):
        layout = box.unsealed(path / name)
        table = checksums.table(path / name, layout)
        spare = layout.file(copy / name, index)
        if table is None or not spare.is_file():
            continue
        copied = checksums.read(copy / name, layout, index)
        if all(table[chunk] == checksum for chunk, checksum in copied):
            _write(layout.file(path / name, index), spare.read_bytes())


def _from_volume(
    path: Path, volume: xr.Dataset, damages: Sequence[Damage], progress: Progress | None
) -> None:
    recorded = box.read_document(path / "zarr.json")["attributes"].get("source_sha256")
    actual = {**volume.attrs, **provenance.source_attrs(volume)}.get("source_sha256")
    if recorded is None or actual != recorded:
        raise ValueError(
            f"the source is not what {path} was imported from (sha256 {actual}, recorded is "
            f"{recorded}); give that file, or a copy of the store"
        )
    unusable = {damage.array for damage in damages if not damage.voxels}
    files = [(name, index) for name, index in _files(path, damages) if name not in unusable]
    # images before their pyramids, and these from the finest level on
    files.sort(key=lambda item: (item[0].startswith("pyramid/"), item))
    changed = set()
    for done, (name, index) in enumerate(files):
        layout = box.unsealed(path / name)
        if name.startswith("pyramid/"):
            try:
                pyramid.build(path, name, layout, [index], 1, lambda count: None)
            except DamagedStore:  # of what is not in the source
                continue
        elif name in volume.data_vars or name in DIMS:
            start, stop = layout.span(index)
            part = volume[name].data[tuple(map(slice, start, stop))]
            box.write_shard(path / name, layout, index, np.asarray(part))
        else:
            continue
        table = checksums.table(path / name, layout)
        written = checksums.read(path / name, layout, index)
        if table is not None and any(table[chunk] != value for chunk, value in written):
            changed.add(name)
        if progress is not None:
            progress(done + 1, len(files), name)
    _seal_again(path, changed)


def _seal_again(path: Path, changed: set[str]) -> None:
    """Update table and seal with the checksums of chunks that compress to other bytes."""
    if not changed:
        return
    require_sealed(path)
    for name in changed:
        checksums.write(path / name, box.unsealed(path / name), available_cores())
    root = box.read_document(path / "zarr.json")
    _write(path / "zarr.json", dump(metadata.seal(root, metadata.documents(path))))


def _files(path: Path, damages: Iterable[Damage]) -> list[tuple[str, Index]]:
    """Return (array, index) of the files in which chunks are damaged."""
    files = set()
    for damage in damages:
        if damage.voxels:
            layout = box.unsealed(path / damage.array)
            index = tuple(c // n for c, n in zip(damage.chunk, layout.inner_grid))
            files.add((damage.array, index))
    return sorted(files)


def _write(path: Path, content: bytes) -> None:
    with disk.writing(path):
        disk.write_file(path, content, sync=True)
