"""Arrays of a volume in levels, each half as fine as the one before, of which boxes are read."""

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from poreflux.explorer.cache import Cache
from poreflux.machine import available_cores
from poreflux.schema import DIMS
from poreflux.store import box
from poreflux.store.layout import clip
from poreflux.store.sealing import attributes_of

#: z, y, x
Triple = tuple[int, ...]

#: edge of the pieces into which an array in memory is cut
_PIECE = 128


@dataclass(frozen=True)
class Level:
    """One level of an image: its shape, the edges of a chunk, and what reads a box of it."""

    shape: Triple
    chunk: Triple
    read: Callable[[Triple, Triple], np.ndarray]
    #: whether a chunk is worth keeping, since it is unpacked or computed
    kept: bool = True
    #: whether a box is computed rather than read
    lazy: bool = False


@dataclass(frozen=True)
class Image:
    """An array of a volume: a name, what is said of it, and its levels, the finest first."""

    name: str
    dtype: np.dtype
    attrs: Mapping[str, Any]
    levels: Sequence[Level]
    #: what a voxel of a coarser level is of those below it
    joined: str = "mean"


@dataclass
class Images:
    """All arrays of one volume that can be looked at, and the chunks of them that are kept.

    Attributes
    ----------
    title
        of the page.
    spacing, origin
        edges of a voxel, and the outer corner of the first one, along z, y, x in µm.
    arrays
        images by name.
    store
        folder that holds them, if one does.
    attrs
        of the volume.
    """

    title: str
    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    arrays: dict[str, Image]
    store: Path | None = None
    attrs: Mapping[str, Any] = field(default_factory=dict)
    cache: Cache = field(default_factory=Cache)
    #: when a slice was asked for, of the clock that never goes back
    asked: float = 0.0

    @property
    def shape(self) -> Triple:
        """Return the number of voxels along z, y, x."""
        return next(iter(self.arrays.values())).levels[0].shape

    @property
    def extent(self) -> tuple[tuple[float, float], ...]:
        """Return the outer faces along z, y, x in µm."""
        return tuple((a, a + n * h) for a, n, h in zip(self.origin, self.shape, self.spacing))

    @property
    def fields(self) -> list[str]:
        """Return the names of what is neither grey, label nor mask."""
        return [name for name in self.arrays if name not in ("gray", "phase", "mask")]

    def voxel(self, position: Sequence[float]) -> Triple:
        """Return the index of the voxel at a position z, y, x in µm; at the edge, the last."""
        found = (
            min(max(math.floor((p - a) / h), 0), n - 1)
            for p, a, h, n in zip(position, self.origin, self.spacing, self.shape)
        )
        return tuple(found)

    def read(self, name: str, level: int, start: Triple, stop: Triple) -> np.ndarray:
        """Return a box of one level, its chunks from the cache where they were read before."""
        found = self.arrays[name].levels[level]
        if not found.kept:
            return found.read(start, stop)
        out = np.empty([b - a for a, b in zip(start, stop)], self.arrays[name].dtype)

        def place(index: Triple) -> None:
            lower, upper = clip(index, found.chunk, found.shape)
            key = (name, level, index)
            values = self.cache.get(key, lambda: found.read(lower, upper))
            first = [max(p, a) for p, a in zip(lower, start)]
            last = [min(q, b) for q, b in zip(upper, stop)]
            source = tuple(slice(a - p, b - p) for a, b, p in zip(first, last, lower))
            target = tuple(slice(a - o, b - o) for a, b, o in zip(first, last, start))
            out[target] = values[source]

        indices = list(
            product(*(range(a // e, -(-b // e)) for a, b, e in zip(start, stop, found.chunk)))
        )
        if len(indices) > 1:
            list(_readers().map(place, indices))
        else:
            for index in indices:
                place(index)
        return out


_POOL: list[ThreadPoolExecutor] = []


def _readers() -> ThreadPoolExecutor:
    if not _POOL:
        _POOL.append(ThreadPoolExecutor(available_cores(), thread_name_prefix="poreflux-chunks"))
    return _POOL[0]


def stored(store: Path) -> Images:
    """Return the images of a store; nothing but metadata is read.

    Raises
    ------
    ValueError
        where it has neither grey values nor phases.

    Examples
    --------
    >>> import tempfile
    >>> from poreflux import from_array, save
    >>> volume = from_array(np.eye(3, dtype=np.uint8)[None], voxel_size=2)
    >>> path = save(volume, tempfile.mkdtemp() + "/vol.zarr")
    >>> images = stored(path)
    >>> images.shape, images.extent[1], images.read("phase", 0, (0, 1, 0), (1, 2, 3))
    ((1, 3, 3), (0.0, 6.0), array([[[0, 1, 0]]], dtype=uint8))
    """
    attrs = attributes_of(store)
    names = [name for name in box.names(store) if name not in DIMS]
    order = [name for name in ("gray", "phase") if name in names]
    if not order:
        raise ValueError(
            f"{store} has neither gray nor phase, only {tuple(names)}; import a scan into it"
        )
    arrays = {name: _stored_image(store, name) for name in [*order, *sorted({*names} - {*order})]}
    spacing = tuple(map(float, attrs["voxel_size"]))
    first = [float(box.read_box(store, dim, (0,), (1,))[0]) for dim in DIMS]
    origin = tuple(a - h / 2 for a, h in zip(first, spacing))
    return Images(store.name, spacing, origin, arrays, store, attrs)


def _stored_image(store: Path, name: str) -> Image:
    _, layout = box.find(store, name)
    paths = [name]
    while (store / f"pyramid/{name}/{len(paths)}" / "zarr.json").is_file():
        paths.append(f"pyramid/{name}/{len(paths)}")
    levels = [_stored_level(store, path) for path in paths]
    how = "commonest label" if name == "phase" else "mean"
    return Image(name, layout.dtype.newbyteorder("="), layout.attrs, levels, how)


def _stored_level(store: Path, path: str) -> Level:
    _, layout = box.find(store, path)

    def read(start: Triple, stop: Triple) -> np.ndarray:
        return box.read_box(store, path, start, stop)

    return Level(layout.shape, layout.chunk, read)


def in_memory(volume: Any) -> Images:
    """Return the images of a Volume; its coarser levels are every second, fourth ... voxel, unless
    it is that of a store, whose pyramid is read.

    Examples
    --------
    >>> from poreflux import from_array
    >>> images = in_memory(from_array(np.ones((2, 3, 200), np.uint8)))
    >>> [level.shape for level in images.arrays["phase"].levels]
    [(2, 3, 200), (1, 2, 100)]
    """
    from poreflux.volume import voxel_size

    spacing = voxel_size(volume)
    named = {str(n): v for n, v in volume.data_vars.items() if v.dims == DIMS}
    store = Path(str(volume.encoding.get("source", "")))
    of_store = [name for name in named if _is_of_store(store, name, named[name].data)]
    first = [name for name in ("gray", "phase") if name in named]
    if not first:
        raise ValueError(
            f"the volume has neither gray nor phase, only {tuple(volume.data_vars)}; give one of it"
        )
    arrays = {
        name: _stored_image(store, name)
        if name in of_store
        else Image(name, named[name].dtype, named[name].attrs, _levels_of(named[name].data), "one")
        for name in [*first, *(name for name in named if name not in first)]
    }
    origin = tuple(float(volume[d][0]) - h / 2 for d, h in zip(DIMS, spacing))
    title = store.name or "volume"
    whole = store if len(of_store) == len(named) else None
    return Images(title, spacing, origin, arrays, whole, volume.attrs)


def _is_of_store(store: Path, name: str, data: Any) -> bool:
    """Return whether values are those of a store, as they were opened: then it is read itself."""
    from poreflux.store.opening import token

    if not (store / name / "zarr.json").is_file():
        return False
    return getattr(data, "name", None) == token(store, name)


def _levels_of(data: Any) -> list[Level]:
    levels: list[Level] = []
    step = 1
    while not levels or max(levels[-1].shape) > _PIECE:
        shape = tuple(-(-n // step) for n in data.shape)
        lazy = _is_lazy(data)
        levels.append(Level(shape, (_PIECE,) * 3, _strided(data, step), lazy, lazy))
        step *= 2
    return levels


def _strided(data: Any, step: int) -> Callable[[Triple, Triple], np.ndarray]:
    def read(start: Triple, stop: Triple) -> np.ndarray:
        ends = (min(b * step, n) for b, n in zip(stop, data.shape))
        box = tuple(slice(a * step, b, step) for a, b in zip(start, ends))
        return np.asarray(data[box])

    return read


def _is_lazy(data: Any) -> bool:
    return not isinstance(data, np.ndarray)
