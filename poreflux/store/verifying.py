"""Check every byte of a store and list all damage."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from poreflux.annotations import ShownProgress
from poreflux.errors import DamagedStore
from poreflux.machine import available_cores
from poreflux.objects import at
from poreflux.progress import shows_progress
from poreflux.schema import NO_PHASE
from poreflux.store import box, checksums, codec, metadata
from poreflux.store.layout import Index, Layout, clip, dump
from poreflux.store.partial import settle
from poreflux.store.sealing import broken_files, is_results


@dataclass(frozen=True)
class Damage:
    """One thing that is wrong with a store.

    ``chunk`` is the index of a chunk in its array and ``voxels`` the (start, stop) of its voxels
    along each axis; both are empty where the metadata is at fault.
    """

    array: str
    chunk: Index
    voxels: tuple[tuple[int, int], ...]
    what: str

    def __str__(self) -> str:
        if not self.voxels:
            chunk = f" chunk {'/'.join(map(str, self.chunk))}" if self.chunk else ""
            return f"{self.array or 'the store'}{chunk}: {self.what}"
        ranges = ", ".join(f"{a}:{b}" for a, b in self.voxels)
        return f"{self.array} chunk {'/'.join(map(str, self.chunk))} [{ranges}]: {self.what}"


@shows_progress("verify")
def verify(
    store: str | Path,
    *,
    quick: bool = False,
    progress: ShownProgress = None,
) -> list[Damage]:
    """Check every byte of a store and name what is missing, torn or altered.

    Parameters
    ----------
    store
        of a volume, that `save` made, or folder of results.
    quick
        compare checksums only; else every chunk is unpacked too.
    progress
        True for a bar (the default in notebooks), False for none; or what is called as
        ``progress(done, total, note)``, in files.

    Returns
    -------
    What is wrong, in order; an empty list for a store that is whole.

    Raises
    ------
    FileNotFoundError
        if there is no store.

    Notes
    -----
    Chunks are compared with their crc32c and with the table of those that belong at each place,
    shards with that of their index, metadata and tables with the checksums that the root keeps of
    them and of itself. Arrays that another program added are not looked at. Of phase labels, 255 is
    none, and stands for a chunk that was lost before it was written. A store from before there were
    tables is checked by what it has. Of results each file has its checksum in the root.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from poreflux import from_array, save
    >>> path = save(from_array(np.ones((4, 5, 6), np.uint8)), tempfile.mkdtemp() + "/vol.zarr")
    >>> (path / "phase/c/0/0/0").unlink()
    >>> print(*verify(path))
    phase chunk 0/0/0 [0:4, 0:5, 0:6]: it is missing
    """
    path = at(store).resolve()
    if not path.is_dir():
        box.require_store(path)
    settle(path)
    if is_results(path):
        return [_of_file(*broken) for broken in broken_files(path)]
    damages = list(_metadata(path))
    layouts = {}
    for name in sorted({str(Path(file).parent) for file in metadata.documents(path)}):
        try:
            layout = box.unsealed(path / name)
        except (DamagedStore, FileNotFoundError):
            # a group, or metadata that is named above
            continue
        if layout.ours:
            layouts[name] = layout
    total = sum(len(list(layout.files())) for layout in layouts.values())
    done = 0
    with ThreadPoolExecutor(available_cores()) as pool:
        for name, layout in layouts.items():
            files = list(layout.files())
            check = _Check(path, name, layout, quick)
            for file_damages in pool.map(check, files):
                damages.extend(file_damages)
                done += 1
                if progress is not None:
                    progress(done, total, name)
    return damages


def _of_file(file: str, what: str) -> Damage:
    array, *places = file.split("/")
    chunk = tuple(int(place) for place in places if place.isdigit())
    return Damage("" if array == "zarr.json" else array, chunk, (), what)


class _Check:
    """Find the damage in one file of one array."""

    def __init__(self, store: Path, name: str, layout: Layout, quick: bool):
        self.folder = store / name
        self.name = name
        self.layout = layout
        self.labels = layout.dtype == "u1" and layout.fill == NO_PHASE
        try:
            self.table = checksums.table(self.folder, layout)
        except DamagedStore:  # it is named with the metadata
            self.table = None
        self.unpacks = not quick or (self.labels and self.table is None)

    def __call__(self, index: Index) -> list[Damage]:
        try:
            payload = self.layout.file(self.folder, index).read_bytes()
            pieces = list(codec.pieces(payload, self.layout, index))
        except FileNotFoundError:
            return self._all(index, "it is missing")
        except OSError as error:
            return self._all(index, f"it cannot be read ({error.strerror})")
        except codec.Torn as torn:
            return self._all(index, f"the index of its shard is damaged: {torn}")
        damages = []
        for chunk, piece in pieces:
            what = self._what(chunk, piece)
            if what:
                damages.append(self._damage(chunk, what))
        return damages

    def _what(self, chunk: Index, piece: memoryview) -> str:
        """Return what is wrong with one chunk, nothing where it is whole."""
        if self.layout.sharded and not len(piece):
            return "it is missing"
        try:
            codec.checked(piece)
            if self.table is not None and self.table[chunk] != checksums.of(piece):
                return checksums.OTHER
            if not self.unpacks:
                return ""
            values = codec.decode(piece, self.layout)
            if not self.labels:
                return ""
            start, stop = self.layout.chunk_span(chunk)
            inside = values[tuple(slice(0, b - a) for a, b in zip(start, stop))]
            lost = int((inside == NO_PHASE).sum())
            return f"{lost} of its voxels hold {NO_PHASE}, which is no label" if lost else ""
        except codec.Torn as torn:
            return str(torn)

    def _all(self, index: Index, what: str) -> list[Damage]:
        return [self._damage(chunk, what) for chunk in self.layout.chunks_of(index)]

    def _damage(self, chunk: Index, what: str) -> Damage:
        start, stop = clip(chunk, self.layout.chunk, self.layout.shape)
        return Damage(self.name, chunk, tuple(zip(start, stop)), what)


def _metadata(path: Path) -> Iterator[Damage]:
    altered = "is not as it was written (damaged, or altered by another program)"
    try:
        payload = (path / "zarr.json").read_bytes()
        broken = metadata.broken_seals(path, payload)
        if "zarr.json" not in broken and dump(json.loads(payload)) != payload:
            broken.append("zarr.json")
    except FileNotFoundError:
        yield Damage("", (), (), "zarr.json is missing")
        return
    except (ValueError, KeyError, TypeError, AttributeError):
        yield Damage("", (), (), "zarr.json cannot be read")
        return
    for file in broken:
        name = str(Path(file).parent)
        missing = not (path / file).is_file()
        what = f"{Path(file).name} {'is missing' if missing else altered}"
        yield Damage("" if name == "." else name, (), (), what)
