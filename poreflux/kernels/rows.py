"""One row of the seven-point operator, for the two kinds of geometry: `Binary` (one byte per voxel)
and `Faces`.

Every function handles the cells of colour c in row (k, j) of a red-black array (ghosts counted).
``q, qym, qyp, qzm, qzp`` are the rows of the other colour at the same place and one step along y
and z; ``d`` is a scratch row. Cells that are blocked get zero. For one byte per voxel each function
is a single loop, short enough in arrays for the compiler to vectorise it.
"""

from typing import NamedTuple

import numpy as np
from numba.extending import overload

from poreflux.kernels.redblack import IN_PLACE, OPTIONS, compiled, in_place

#: bit of a code byte that says the voxel conducts
SOLID = 0x40


class Binary(NamedTuple):
    """One conducting phase. ``code`` holds, per voxel, the number of conducting neighbours along z,
    y, x in bits 0-1, 2-3, 4-5, and SOLID; 0 is blocked. A face conducts wz, wy or wx."""

    code: np.ndarray  # (2, Z, Y, H) uint8
    links: np.ndarray  # (1 to 4, 2, Y, H): conductance to driven faces: none, low, high, both
    face_of: np.ndarray  # (Z,) uint8: which of the four a plane has
    wz: float
    wy: float
    wx: float
    wrap: bool  # x is periodic


class Faces(NamedTuple):
    """Any conductivities: ``gz[c, k, j, i]`` conducts from cell (c, k, j, i) to the one before it
    in z.
    """

    gz: np.ndarray  # (2, Z, Y, H)
    gy: np.ndarray
    gx: np.ndarray
    degree: np.ndarray  # (2, Z, Y, H): sum of the six conductances of each cell, ghosts included
    links: np.ndarray
    face_of: np.ndarray
    wrap: bool


@compiled
def degree(op, b, link):
    """Return the diagonal of a cell with code byte b."""
    return (
        op.wz * np.float32(b & 3)
        + op.wy * np.float32((b >> 2) & 3)
        + op.wx * np.float32((b >> 4) & 3)
        + link
    )


def _binary_diagonal(op, d, c, k, j):
    code, link = op.code[c, k, j], op.links[op.face_of[k], c, j]
    for i in range(1, d.shape[0] - 1):
        d[i] = degree(op, np.uint32(code[i]), link[i])


def _faces_diagonal(op, d, c, k, j):
    degree, link = op.degree[c, k, j], op.links[op.face_of[k], c, j]
    for i in range(1, d.shape[0] - 1):
        d[i] = degree[i] + link[i]


def _binary_rest(op, out, d, c, k, j, q, qym, qyp, qzm, qzp):
    o = (c + k + j) & 1
    n = out.shape[0] - 2
    left, right = q[o : o + n], q[o + 1 : o + n + 1]
    code = op.code[c, k, j]
    for i in range(n):
        v = (
            op.wx * (left[i] + right[i])
            + op.wy * (qym[i + 1] + qyp[i + 1])
            + op.wz * (qzm[i + 1] + qzp[i + 1])
        )
        out[i + 1] = v if code[i + 1] != 0 else v * 0


@in_place
def _faces_across(op, out, c, k, j, qym, qyp, qzm, qzp):
    """out = the sum over the neighbours along z and y: more arrays in one loop would not be
    vectorised.
    """
    down, up = op.gz[c, k, j], op.gz[1 - c, k + 1, j]
    before, after = op.gy[c, k, j], op.gy[1 - c, k, j + 1]
    for i in range(1, out.shape[0] - 1):
        out[i] = down[i] * qzm[i] + up[i] * qzp[i] + before[i] * qym[i] + after[i] * qyp[i]


def _faces_rest(op, out, d, c, k, j, q, qym, qyp, qzm, qzp):
    _faces_across(op, out, c, k, j, qym, qyp, qzm, qzp)
    o = (c + k + j) & 1
    n = out.shape[0] - 2
    before, after = op.gx[c, k, j], op.gx[1 - c, k, j, o : o + n + 1]
    left, right = q[o : o + n], q[o + 1 : o + n + 1]
    for i in range(n):
        out[i + 1] += before[i + 1] * left[i] + after[i + 1] * right[i]


def _binary_relax(op, out, d, rhs, c, k, j, q, qym, qyp, qzm, qzp):
    o = (c + k + j) & 1
    n = out.shape[0] - 2
    left, right = q[o : o + n], q[o + 1 : o + n + 1]
    code, link = op.code[c, k, j], op.links[op.face_of[k], c, j]
    for i in range(n):
        v = (
            rhs[i + 1]
            + op.wx * (left[i] + right[i])
            + op.wy * (qym[i + 1] + qyp[i + 1])
            + op.wz * (qzm[i + 1] + qzp[i + 1])
        )
        s = degree(op, np.uint32(code[i + 1]), link[i + 1])
        out[i + 1] = v / s if s > 0 else v * 0


def _faces_relax(op, out, d, rhs, c, k, j, q, qym, qyp, qzm, qzp):
    _faces_across(op, out, c, k, j, qym, qyp, qzm, qzp)
    o = (c + k + j) & 1
    n = out.shape[0] - 2
    before, after = op.gx[c, k, j], op.gx[1 - c, k, j, o : o + n + 1]
    left, right = q[o : o + n], q[o + 1 : o + n + 1]
    degree, link = op.degree[c, k, j], op.links[op.face_of[k], c, j]
    for i in range(n):
        v = out[i + 1] + before[i + 1] * left[i] + after[i + 1] * right[i] + rhs[i + 1]
        s = degree[i + 1] + link[i + 1]
        out[i + 1] = v / s if s > 0 else v * 0


def _binary_follow(op, out, d, c, k, j, q, qym, qyp, qzm, qzp):
    o = (c + k + j) & 1
    n = out.shape[0] - 2
    left, right = q[o : o + n], q[o + 1 : o + n + 1]
    code, link = op.code[c, k, j], op.links[op.face_of[k], c, j]
    for i in range(n):
        v = (
            op.wx * (left[i] + right[i])
            + op.wy * (qym[i + 1] + qyp[i + 1])
            + op.wz * (qzm[i + 1] + qzp[i + 1])
        )
        s = degree(op, np.uint32(code[i + 1]), link[i + 1])
        out[i + 1] = v / s if s > 0 else v * 0


def _faces_follow(op, out, d, c, k, j, q, qym, qyp, qzm, qzp):
    _faces_across(op, out, c, k, j, qym, qyp, qzm, qzp)
    o = (c + k + j) & 1
    n = out.shape[0] - 2
    before, after = op.gx[c, k, j], op.gx[1 - c, k, j, o : o + n + 1]
    left, right = q[o : o + n], q[o + 1 : o + n + 1]
    degree, link = op.degree[c, k, j], op.links[op.face_of[k], c, j]
    for i in range(n):
        v = out[i + 1] + before[i + 1] * left[i] + after[i + 1] * right[i]
        s = degree[i + 1] + link[i + 1]
        out[i + 1] = v / s if s > 0 else v * 0


def _binary_apply(op, out, d, p, c, k, j, q, qym, qyp, qzm, qzp):
    o = (c + k + j) & 1
    n = out.shape[0] - 2
    left, right = q[o : o + n], q[o + 1 : o + n + 1]
    code, link = op.code[c, k, j], op.links[op.face_of[k], c, j]
    for i in range(n):
        v = (
            op.wx * (left[i] + right[i])
            + op.wy * (qym[i + 1] + qyp[i + 1])
            + op.wz * (qzm[i + 1] + qzp[i + 1])
        )
        s = degree(op, np.uint32(code[i + 1]), link[i + 1])
        out[i + 1] = s * p[i + 1] - v if s > 0 else v * 0


def _faces_apply(op, out, d, p, c, k, j, q, qym, qyp, qzm, qzp):
    _faces_across(op, out, c, k, j, qym, qyp, qzm, qzp)
    o = (c + k + j) & 1
    n = out.shape[0] - 2
    before, after = op.gx[c, k, j], op.gx[1 - c, k, j, o : o + n + 1]
    left, right = q[o : o + n], q[o + 1 : o + n + 1]
    degree, link = op.degree[c, k, j], op.links[op.face_of[k], c, j]
    for i in range(n):
        v = out[i + 1] + before[i + 1] * left[i] + after[i + 1] * right[i]
        out[i + 1] = (degree[i + 1] + link[i + 1]) * p[i + 1] - v


def _binary_guess(op, out, d, b, add, c, k, j):
    code, link = op.code[c, k, j], op.links[op.face_of[k], c, j]
    for i in range(1, out.shape[0] - 1):
        s = degree(op, np.uint32(code[i]), link[i])
        v = b[i] / s + add[i]
        out[i] = v if s > 0 else s * 0


def _faces_guess(op, out, d, b, add, c, k, j):
    degree, link = op.degree[c, k, j], op.links[op.face_of[k], c, j]
    for i in range(1, out.shape[0] - 1):
        s = degree[i] + link[i]
        v = b[i] / s + add[i]
        out[i] = v if s > 0 else s * 0


def _binary_face(op, axis, c, k, j, i):
    here = op.code[c, k, j, i] >> 6
    if axis == 0:
        return op.wz * np.float32(here & (op.code[1 - c, k - 1, j, i] >> 6))
    if axis == 1:
        return op.wy * np.float32(here & (op.code[1 - c, k, j - 1, i] >> 6))
    o = (c + k + j) & 1
    return op.wx * np.float32(here & (op.code[1 - c, k, j, i - 1 + o] >> 6))


def _faces_face(op, axis, c, k, j, i):
    if axis == 0:
        return op.gz[c, k, j, i]
    if axis == 1:
        return op.gy[c, k, j, i]
    return op.gx[c, k, j, i]


def _binary_face_row(op, axis, out, c, k, j):
    here = op.code[c, k, j]
    if axis == 2:
        o = (c + k + j) & 1
        before = op.code[1 - c, k, j, o : o + out.shape[0] - 1]
        for i in range(before.shape[0]):
            out[i + 1] = op.wx * np.float32(np.uint32(here[i + 1] & before[i]) >> 6)
        return
    before = op.code[1 - c, k - 1, j] if axis == 0 else op.code[1 - c, k, j - 1]
    weight = op.wz if axis == 0 else op.wy
    for i in range(1, out.shape[0]):
        out[i] = weight * np.float32(np.uint32(here[i] & before[i]) >> 6)


def _faces_face_row(op, axis, out, c, k, j):
    g = op.gz if axis == 0 else op.gy if axis == 1 else op.gx
    row = g[c, k, j]
    for i in range(1, out.shape[0]):
        out[i] = row[i]


def _binary_conducts(op, c, k, j, i):
    return op.code[c, k, j, i] != 0


def _faces_conducts(op, c, k, j, i):
    return op.degree[c, k, j, i] + op.links[op.face_of[k], c, j, i] > 0


def either(binary, faces, options=OPTIONS):
    """Return the decorator of a function that is one of two implementations, by the kind of its
    operator, compiled with such options.
    """

    def decorate(generic):
        def choose(op, *_):
            return binary if op.instance_class is Binary else faces

        overload(generic, jit_options=options, strict=False)(choose)
        return generic

    return decorate


@either(_binary_diagonal, _faces_diagonal, IN_PLACE)
def diagonal_row(op, d, c, k, j):
    """d = sum of the conductances of each cell."""
    (_binary_diagonal if isinstance(op, Binary) else _faces_diagonal)(op, d, c, k, j)


@either(_binary_rest, _faces_rest, IN_PLACE)
def rest_row(op, out, d, c, k, j, q, qym, qyp, qzm, qzp):
    """out = sum over the six neighbours of conductance times value."""
    f = _binary_rest if isinstance(op, Binary) else _faces_rest
    f(op, out, d, c, k, j, q, qym, qyp, qzm, qzp)


@either(_binary_relax, _faces_relax, IN_PLACE)
def relax_row(op, out, d, rhs, c, k, j, q, qym, qyp, qzm, qzp):
    """out = (rhs + sum over the neighbours) / diagonal."""
    f = _binary_relax if isinstance(op, Binary) else _faces_relax
    f(op, out, d, rhs, c, k, j, q, qym, qyp, qzm, qzp)


@either(_binary_follow, _faces_follow, IN_PLACE)
def follow_row(op, out, d, c, k, j, q, qym, qyp, qzm, qzp):
    """out = sum over the neighbours / diagonal."""
    f = _binary_follow if isinstance(op, Binary) else _faces_follow
    f(op, out, d, c, k, j, q, qym, qyp, qzm, qzp)


@either(_binary_apply, _faces_apply, IN_PLACE)
def apply_row(op, out, d, p, c, k, j, q, qym, qyp, qzm, qzp):
    """out = diagonal times p - sum over the neighbours: the operator itself."""
    f = _binary_apply if isinstance(op, Binary) else _faces_apply
    f(op, out, d, p, c, k, j, q, qym, qyp, qzm, qzp)


@either(_binary_guess, _faces_guess, IN_PLACE)
def guess_row(op, out, d, b, add, c, k, j):
    """out = b / diagonal + add."""
    (_binary_guess if isinstance(op, Binary) else _faces_guess)(op, out, d, b, add, c, k, j)


@either(_binary_face, _faces_face)
def face(op, axis, c, k, j, i):
    """Return the conductance between cell (c, k, j, i) and the one before it along `axis`."""
    return (_binary_face if isinstance(op, Binary) else _faces_face)(op, axis, c, k, j, i)


@either(_binary_face_row, _faces_face_row, IN_PLACE)
def face_row(op, axis, out, c, k, j):
    """out = :func:`face` of a row, of the last ghost too."""
    (_binary_face_row if isinstance(op, Binary) else _faces_face_row)(op, axis, out, c, k, j)


@either(_binary_conducts, _faces_conducts)
def conducts(op, c, k, j, i):
    """Return whether cell (c, k, j, i) has an unknown."""
    return (_binary_conducts if isinstance(op, Binary) else _faces_conducts)(op, c, k, j, i)


@compiled
def wrap_row(op, row):
    """Close a row of own cells on itself where x is periodic."""
    if op.wrap:
        row[0] = row[row.shape[0] - 2]
        row[row.shape[0] - 1] = row[1]
