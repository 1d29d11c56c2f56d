"""Components labelled in each block are joined where blocks meet, for volumes of any size.

A component of a block is named by the index, in the whole volume, of its first voxel. Of each block
only the labels on its faces are kept, until the neighbour is met; what remains is a list of joints,
as long as the number of components that touch a face.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

#: axis, plane, corner of the face in the plane, and whether the block lies below the plane
FaceKey = tuple[int, int, tuple[int, ...], bool]


@dataclass(frozen=True)
class Faces:
    """Joints found so far, and the faces whose neighbour has not been met.

    `joints` (n, 2) holds components that touch; an open face is held as its components, sorted, and
    for each of its voxels the position among them (0 for no component).
    """

    joints: np.ndarray
    open: Mapping[FaceKey, tuple[np.ndarray, np.ndarray]]


def first_voxels(
    labels: np.ndarray, count: int, start: tuple[int, ...], shape: tuple[int, ...]
) -> np.ndarray:
    """Return the name of each label 0 to `count` of a block: the index of its first voxel + 1.

    Parameters
    ----------
    labels
        components of the block, numbered from 1; 0 is none, and its name is 0.
    count
        the largest label.
    start
        index of the block's first voxel.
    shape
        of the whole volume.

    Examples
    --------
    >>> first_voxels(np.array([[[0, 1, 0, 2]]]), 2, (0, 1, 4), (1, 2, 8))
    array([ 0, 14, 16])
    """
    flat = labels.ravel()
    first = np.zeros(count + 1, np.int64)
    first[flat[::-1]] = np.arange(flat.size - 1, -1, -1)  # the last write, of the first voxel, wins
    index = np.unravel_index(first, labels.shape)
    names = np.ravel_multi_index([i + s for i, s in zip(index, start)], shape) + 1
    names[0] = 0
    return names


def open_faces(
    labels: np.ndarray, names: np.ndarray, start: tuple[int, ...], shape: tuple[int, ...]
) -> Faces:
    """Return the faces of one block that have a neighbour in the volume."""
    faces = {}
    for axis, (low, n, length) in enumerate(zip(start, labels.shape, shape)):
        corner = tuple(s for a, s in enumerate(start) if a != axis)
        for plane, index, below in ((low, 0, False), (low + n, n - 1, True)):
            if 0 < plane < length:
                faces[axis, plane, corner, below] = _compact(labels.take(index, axis), names)
    return Faces(np.empty((0, 2), np.int64), faces)


def join_faces(blocks: Sequence[Faces]) -> Faces:
    """Join components across the faces that two blocks, or groups of blocks, have in common."""
    waiting: dict[FaceKey, tuple] = {}
    joints = [block.joints for block in blocks]
    for block in blocks:
        for face, labels in block.open.items():
            axis, plane, corner, below = face
            other = waiting.pop((axis, plane, corner, not below), None)
            if other is None:
                waiting[face] = labels
            else:
                joints.append(_touching(labels, other))
    return Faces(np.concatenate(joints), waiting)


def united(joints: np.ndarray, components: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return all components, sorted, and for each the number of the cluster it belongs to.

    Parameters
    ----------
    joints
        of :class:`Faces`.
    components
        further components, joined or not.

    Examples
    --------
    >>> united(np.array([[3, 7], [7, 9]]), np.array([4]))[1].tolist()
    [0, 1, 0, 0]
    """
    names, index = np.unique(np.concatenate((joints.ravel(), components)), return_inverse=True)
    a, b = index[: joints.size].reshape(-1, 2).T
    links = coo_array((np.ones(a.size, bool), (a, b)), shape=(names.size, names.size))
    return names, connected_components(links, directed=False)[1]


def _compact(face: np.ndarray, names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    present, index = np.unique(face, return_inverse=True)
    if present[0] != 0:
        present, index = np.concatenate(([0], present)), index + 1
    return names[present], index.reshape(face.shape).astype(np.min_scalar_type(present.size))


def _touching(first: tuple, second: tuple) -> np.ndarray:
    touching = (first[1] > 0) & (second[1] > 0)
    pairs = np.stack((first[0][first[1][touching]], second[0][second[1][touching]]), axis=1)
    return np.unique(pairs, axis=0).reshape(-1, 2)
