"""Hysteresis: dark cores, and the less dark voxels joined to them, in volumes of any size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.ndimage import label

from poreflux import blocks
from poreflux.annotations import AnyArray


def hysteresis(gray: AnyArray, low: float, high: float, **options: Any) -> AnyArray:
    """Return, lazily, which voxels are up to `high` and joined to one that is up to `low`.

    Voxels are joined by faces, also across chunks: one pass now finds which components of which
    chunks belong together; the result labels each chunk once more.

    Parameters
    ----------
    gray
        grey values, a dask array.
    low, high
        thresholds, ascending.
    options
        progress and scheduler, as for :func:`poreflux.blocks.compute`.
    """
    measure = partial(_measure, low=low, high=high, shape=gray.shape)
    plan = blocks.Plan(measure, _combine, _finish, {})
    (joined,) = blocks.compute(blocks.run({"gray": gray}, plan), **options)
    grow = partial(_grown, low=low, high=high, shape=gray.shape, joined=joined)
    return blocks.map_blocks_at(grow, gray, dtype=bool)


@dataclass(frozen=True)
class _BlockFaces:
    """Faces of some blocks, and the components that touch them and have a core."""

    faces: blocks.Faces
    cores: np.ndarray


def _components(gray: np.ndarray, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the components up to `high` of a block, and which of them have a core."""
    labels, count = label(gray <= high)
    core = np.zeros(count + 1, bool)
    core[labels[gray <= low]] = True
    return labels, core


def _measure(
    arrays: Mapping[str, np.ndarray],
    start: tuple[int, ...],
    *,
    low: float,
    high: float,
    shape: tuple[int, ...],
) -> _BlockFaces:
    labels, core = _components(arrays["gray"], low, high)
    names = blocks.first_voxels(labels, core.size - 1, start, shape)
    faces = blocks.open_faces(labels, names, start, shape)
    touching = [np.empty(0, np.int64), *(present for present, _ in faces.open.values())]
    return _BlockFaces(faces, np.intersect1d(names[core], np.concatenate(touching)))


def _combine(partials: Sequence[_BlockFaces]) -> _BlockFaces:
    faces = blocks.join_faces([part.faces for part in partials])
    return _BlockFaces(faces, np.concatenate([part.cores for part in partials]))


def _finish(part: _BlockFaces) -> np.ndarray:
    """Return the components that have no core of their own but are joined to one that has."""
    names, cluster = blocks.united(part.faces.joints, part.cores)
    has_core = np.zeros(cluster.max(initial=-1) + 1, bool)
    has_own_core = np.isin(names, part.cores)
    has_core[cluster[has_own_core]] = True
    return np.sort(names[has_core[cluster] & ~has_own_core])  # independent of the order of blocks


def _grown(
    start: tuple[int, ...],
    gray: AnyArray,
    *,
    low: float,
    high: float,
    shape: tuple[int, ...],
    joined: np.ndarray,
) -> np.ndarray:
    labels, core = _components(gray, low, high)
    names = blocks.first_voxels(labels, core.size - 1, start, shape)
    return (core | np.isin(names, joined))[labels]
