"""Where the values of an HDF5 dataset lie: in its file, in others, or nowhere."""

import math
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from poreflux.errors import UnreadableImage
from poreflux.readers.external import require_near
from poreflux.readers.missing import Span, require_all, span_of

#: virtual datasets that take their values from virtual datasets
_DEEPEST = 8

#: cells between the edges of sources in which gaps are looked for
_MOST_CELLS = 2**24


class Parts:
    """The files and the missing chunks of a dataset, those of its virtual sources included.

    Attributes
    ----------
    files
        that hold values, that of the dataset first.
    lost
        where values are that no file holds.
    total
        number of chunks, or of sources.
    """

    def __init__(self, path: Path, stored: h5py.Dataset, *, allowed: bool):
        self.path = path
        self.files = [path]
        self._allowed = allowed
        self._exact = True
        self._add(Path(stored.file.filename))
        self.lost, self.total = self._lost(path, stored, _DEEPEST)

    def require_all(self, name: str, missing_as: float | None) -> None:
        """Refuse a dataset that lacks values, unless it is said what stands in their place."""
        require_all(self.path, name, self.lost, self.total, missing_as)
        if self.lost and not self._exact:
            raise UnreadableImage(
                f"{self.path} takes {name} from files that lack chunks, in an order in which it is "
                "not known which voxels those are; fetch these files again"
            )

    def _add(self, file: Path) -> None:
        if file not in self.files and file.resolve() != self.path.resolve():
            self.files.append(require_near(self.path, file, allowed=self._allowed))

    def _lost(self, path: Path, stored: h5py.Dataset, depth: int) -> tuple[list[Span], int]:
        for name, _, _ in stored.external or ():
            self._add(path.parent / name)
        if not stored.is_virtual:
            return unwritten(stored)
        if not depth:
            raise UnreadableImage(f"{path} is a virtual dataset of itself, or {_DEEPEST} deep")
        sources = stored.virtual_sources()
        lost, covered = [], []
        for source in sources:
            there = _bounds(source.vspace)
            covered.append(there)
            with self._opened(path, source) as (file, given):
                taken = None if given is None else _taken(source, given.shape)
                if taken is None:
                    lost.append(there)
                    continue
                for span in self._lost(file, given, depth - 1)[0]:
                    lost += self._within(span, taken, there, source)
        return [*lost, *_gaps(stored.shape, covered)], max(1, len(sources))

    def _opened(self, path: Path, source: Any) -> "_Source":
        own = source.file_name == "."
        file = path if own else path.parent / source.file_name
        if not own:
            self._add(file)
        return _Source(file, source.dset_name)

    def _within(self, span: Span, taken: Span, there: Span, source: Any) -> Iterator[Span]:
        """Yield where a lost part of a source lies in what is made of it."""
        part = [(max(a, c), min(b, d)) for (a, b), (c, d) in zip(span, taken)]
        if any(a >= b for a, b in part):
            return
        edges = [[b - a for a, b in box if b - a > 1] for box in (taken, there)]
        whole = all(
            source.vspace.get_select_npoints() == math.prod(b - a for a, b in box)
            for box in (taken, there)
        )
        if not whole or edges[0] != edges[1]:
            self._exact = False
            yield there
            return
        moved = iter((a - c, b - c) for (a, b), (c, d) in zip(part, taken) if d - c > 1)
        yield tuple(
            (c, d) if d - c == 1 else (c + low, c + high)
            for c, d in there
            for low, high in [next(moved) if d - c > 1 else (0, 1)]
        )


class _Source:
    """An open source of a virtual dataset: its file, and the dataset, None where it has none."""

    def __init__(self, path: Path, name: str):
        self.path, self.name = path, name

    def __enter__(self) -> tuple[Path, h5py.Dataset | None]:
        self.file = h5py.File(self.path, "r")
        given = self.file.get(self.name)
        return self.path, given if isinstance(given, h5py.Dataset) else None

    def __exit__(self, *_: object) -> None:
        self.file.close()


def unwritten(stored: h5py.Dataset) -> tuple[list[Span], int]:
    """Return where the chunks lie that were never written, and how many there are in all."""
    whole = tuple((0, n) for n in stored.shape)
    if stored.is_virtual or stored.external or not stored.size:
        return [], 1
    if not stored.chunks:
        return ([] if stored.id.get_storage_size() else [whole]), 1
    grid = [-(-n // edge) for n, edge in zip(stored.shape, stored.chunks)]
    count = stored.id.get_num_chunks()
    if count == math.prod(grid):
        return [], count
    offsets = (stored.id.get_chunk_info(number).chunk_offset for number in range(count))
    there = {tuple(a // edge for a, edge in zip(offset, stored.chunks)) for offset in offsets}
    lost = [index for index in product(*map(range, grid)) if index not in there]
    return [span_of(index, stored.chunks, stored.shape) for index in lost], math.prod(grid)


def _taken(source: Any, shape: tuple[int, ...]) -> Span | None:
    """Return the box that is taken of a source of this shape, None where it is too small."""
    if source.src_space.get_select_type() == h5py.h5s.SEL_ALL:  # of whatever shape it has
        whole = math.prod(shape) == source.vspace.get_select_npoints()
        return tuple((0, n) for n in shape) if whole else None
    taken = _bounds(source.src_space)
    inside = len(taken) == len(shape) and all(b <= n for (_, b), n in zip(taken, shape))
    return taken if inside else None


def _bounds(space: h5py.h5s.SpaceID) -> Span:
    """Return the box around what is selected of a dataspace."""
    if space.get_select_type() == h5py.h5s.SEL_ALL:
        return tuple((0, int(n)) for n in space.shape)
    low, high = space.get_select_bounds()
    return tuple((int(a), int(b) + 1) for a, b in zip(low, high))


def _gaps(shape: tuple[int, ...], boxes: list[Span]) -> list[Span]:
    """Return the parts of a shape that no box covers.

    Examples
    --------
    >>> _gaps((4, 2), [((0, 1), (0, 2)), ((2, 4), (0, 2))])
    [((1, 2), (0, 2))]
    """
    edges = [
        np.unique([0, n, *(min(e, n) for box in boxes for e in box[axis])])
        for axis, n in enumerate(shape)
    ]
    cells = [len(e) - 1 for e in edges]
    if math.prod(cells) > _MOST_CELLS:
        raise UnreadableImage(f"a virtual dataset of {len(boxes)} pieces is too finely cut")
    covered = np.zeros(cells, bool)
    for box in boxes:
        at = [np.searchsorted(e, (a, min(b, n))) for e, (a, b), n in zip(edges, box, shape)]
        covered[tuple(slice(a, b) for a, b in at)] = True
    return [
        tuple((int(e[i]), int(e[i + 1])) for e, i in zip(edges, cell))
        for cell in np.argwhere(~covered)
    ]
