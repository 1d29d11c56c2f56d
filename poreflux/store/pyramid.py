"""Each level of a pyramid is the one below with its voxels joined by 2 × 2 × 2."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np

from poreflux.store import box
from poreflux.store.layout import IMAGES, Index, Layout, plan


def levels(name: str, layout: Layout) -> dict[str, Layout]:
    """Return the layouts of the levels above an image, by their path in the store."""
    return levels_above(name, layout) if name in IMAGES else {}


def levels_above(name: str, layout: Layout) -> dict[str, Layout]:
    """Return the layouts of the levels above any array, by their path in the store.

    Examples
    --------
    >>> list(levels_above("potential", plan("potential", (300, 200, 100), np.float32)))
    ['pyramid/potential/1', 'pyramid/potential/2']
    """
    layouts: dict[str, Layout] = {}
    shape, edge = layout.shape, max(layout.chunk)
    while max(shape) > edge:
        shape = tuple(-(-n // 2) for n in shape)
        path = f"pyramid/{name}/{len(layouts) + 1}"
        layouts[path] = plan(name, shape, layout.dtype, chunk=edge, shards=False)
    return layouts


def below(path: str) -> str:
    """Return the path of the level from which another is made.

    Examples
    --------
    >>> below("pyramid/gray/2"), below("pyramid/gray/1")
    ('pyramid/gray/1', 'gray')
    """
    _, name, level = path.split("/")
    return name if level == "1" else f"pyramid/{name}/{int(level) - 1}"


def build(
    root: Path,
    path: str,
    layout: Layout,
    files: Iterable[Index],
    threads: int,
    step: Callable[[int], None],
) -> None:
    """Write the given files of one level from the level below it; call ``step(1)`` after each."""
    source = below(path)
    name = path.split("/")[1]
    join = mode if name == "phase" else mean if name in IMAGES else mean_of_known
    shape, edges = box.shape_of(root, source), _even_edges(box.array_chunks(root, source))

    def write_joined(index: Index) -> None:
        lower, upper = layout.span(index)
        joined = np.empty(tuple(b - a for a, b in zip(lower, upper)), layout.dtype)
        # in parts that stay in the cache, none of which cuts what is joined
        parts = [range(2 * a, min(2 * b, n), e) for a, b, n, e in zip(lower, upper, shape, edges)]
        for start in product(*parts):
            stop = tuple(min(a + e, r.stop) for a, e, r in zip(start, edges, parts))
            place = tuple(slice(a // 2 - o, -(-b // 2) - o) for a, b, o in zip(start, stop, lower))
            joined[place] = join(box.read_box(root, source, start, stop))
        box.write_shard(root / path, layout, index, joined)
        step(1)

    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(write_joined, index) for index in files]:
            future.result()


def _even_edges(chunk: Index) -> Index:
    """Return the edges of a file of an array, or of two of them where they are odd."""
    return tuple(n if n % 2 == 0 else 2 * n for n in chunk)


def mean(values: np.ndarray) -> np.ndarray:
    """Return the mean of every 2 × 2 × 2 voxels, rounded for integers; fewer at an odd end.

    Examples
    --------
    >>> mean(np.arange(12, dtype=np.uint8).reshape(1, 3, 4))
    array([[[ 3,  5],
            [ 9, 11]]], dtype=uint8)
    """
    values = _even(values)
    kind, dtype = values.dtype.kind, values.dtype
    if kind in "iu" and dtype.itemsize <= 2:
        wide = np.dtype(f"{kind}{2 * dtype.itemsize}")
    else:
        wide = np.dtype(float)
    total = np.add(values[0::2], values[1::2], dtype=wide)
    total = total[:, 0::2] + total[:, 1::2]
    total = total[:, :, 0::2] + total[:, :, 1::2]
    if wide.kind in "iu":
        return ((total + 4) >> 3).astype(dtype)
    total /= 8
    return (np.rint(total) if kind in "iu" else total).astype(dtype)


def mean_of_known(values: np.ndarray) -> np.ndarray:
    """Return the mean of those of every 2 × 2 × 2 voxels that are not NaN; NaN where none is.

    Examples
    --------
    >>> values = np.array([[[1, np.nan, np.nan, np.nan], [2, np.nan, np.nan, np.nan]]], np.float32)
    >>> mean_of_known(values)
    array([[[1.5, nan]]], dtype=float32)
    """
    known = np.isfinite(values)
    if known.all():
        return mean(values)
    share = mean(known.astype(np.float32))
    total = mean(np.where(known, values, 0).astype(values.dtype))
    return np.divide(total, share, out=np.full_like(total, np.nan), where=share > 0)


def mode(values: np.ndarray) -> np.ndarray:
    """Return the commonest label of every 2 × 2 × 2 voxels; at a tie, that of the first voxel.

    Examples
    --------
    >>> mode(np.array([[[0, 1, 1, 1], [1, 1, 0, 0]]], dtype=np.uint8))
    array([[[1, 1]]], dtype=uint8)
    """
    values = _even(values)
    first = values[0::2, 0::2, 0::2]
    # plane by plane, because bincount makes 64-bit copies
    labels = np.flatnonzero(sum(np.bincount(plane.ravel(), minlength=256) for plane in values))
    if len(labels) == 1:
        return first.copy()
    votes = np.zeros(first.shape, np.uint8)
    winner = first.copy()
    # the first voxel's label is counted first, and others must beat it
    counts = [_count(values, label) for label in labels]
    for label, count in zip(labels, counts):
        votes[first == label] = count[first == label]
    for label, count in zip(labels, counts):
        better = count > votes
        winner[better] = label
        votes[better] = count[better]
    return winner


def _count(values: np.ndarray, label: np.integer) -> np.ndarray:
    same = (values == label).view(np.uint8)
    total = same[0::2] + same[1::2]
    total = total[:, 0::2] + total[:, 1::2]
    return total[:, :, 0::2] + total[:, :, 1::2]


def _even(values: np.ndarray) -> np.ndarray:
    if any(n % 2 for n in values.shape):
        return np.pad(values, [(0, n % 2) for n in values.shape], mode="edge")
    return values
