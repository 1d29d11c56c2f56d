"""The seven-point operator in one cell, for the two kinds of geometry of
:mod:`poreflux.kernels.rows`.

Cell (c, k, j, i) is of colour c in row (k, j), ghosts counted; its neighbours have the other
colour, the left one at ``i - 1 + o`` and the right one at ``i + o``, ``o = (c + k + j) & 1``.
Numbers are taken in the precision of the array `like`, whatever that of the geometry: a cycle in
float32 of an operator in float64 computes in float32.
"""

from typing import Any

import numpy as np
from numba.cuda import extending as numba_extending

from poreflux.kernels.rows import Binary

extending: Any = numba_extending
overload = extending.overload


def _binary_diagonal(op, like, c, k, j, i):
    b = np.uint32(op.code[c, k, j, i])
    real = like.dtype.type
    total = (
        real(op.wz) * real(b & np.uint32(3))
        + real(op.wy) * real((b >> np.uint32(2)) & np.uint32(3))
        + real(op.wx) * real((b >> np.uint32(4)) & np.uint32(3))
    )
    f = op.face_of[k]
    if f != 0:
        total += real(op.links[f, c, j, i])
    return total


def _faces_diagonal(op, like, c, k, j, i):
    real = like.dtype.type
    total = real(op.degree[c, k, j, i])
    f = op.face_of[k]
    if f != 0:
        total += real(op.links[f, c, j, i])
    return total


def _binary_weigh(op, like, c, k, j, i, left, right, ym, yp, zm, zp):
    real = like.dtype.type
    if op.code[c, k, j, i] == 0:
        return real(0)
    return real(op.wx) * (left + right) + real(op.wy) * (ym + yp) + real(op.wz) * (zm + zp)


def _faces_weigh(op, like, c, k, j, i, left, right, ym, yp, zm, zp):
    real = like.dtype.type
    o = (c + k + j) & 1
    return (
        real(op.gz[c, k, j, i]) * zm
        + real(op.gz[1 - c, k + 1, j, i]) * zp
        + real(op.gy[c, k, j, i]) * ym
        + real(op.gy[1 - c, k, j + 1, i]) * yp
        + real(op.gx[c, k, j, i]) * left
        + real(op.gx[1 - c, k, j, i + o]) * right
    )


def _binary_face(op, like, axis, c, k, j, i):
    real = like.dtype.type
    here = np.uint32(op.code[c, k, j, i]) >> np.uint32(6)
    if axis == 0:
        other = np.uint32(op.code[1 - c, k - 1, j, i]) >> np.uint32(6)
        return real(op.wz) * real(here & other)
    if axis == 1:
        other = np.uint32(op.code[1 - c, k, j - 1, i]) >> np.uint32(6)
        return real(op.wy) * real(here & other)
    o = (c + k + j) & 1
    other = np.uint32(op.code[1 - c, k, j, i - 1 + o]) >> np.uint32(6)
    return real(op.wx) * real(here & other)


def _faces_face(op, like, axis, c, k, j, i):
    real = like.dtype.type
    if axis == 0:
        return real(op.gz[c, k, j, i])
    if axis == 1:
        return real(op.gy[c, k, j, i])
    return real(op.gx[c, k, j, i])


def either(binary, faces):
    """Return the decorator of a function that is one of two implementations, by the kind of its
    operator.
    """

    def decorate(generic):
        def choose(op, *_):
            return binary if op.instance_class is Binary else faces

        overload(generic, strict=False)(choose)
        return generic

    return decorate


@either(_binary_diagonal, _faces_diagonal)
def diagonal(op, like, c, k, j, i):
    """Return the sum of the conductances of a cell."""
    return (_binary_diagonal if isinstance(op, Binary) else _faces_diagonal)(op, like, c, k, j, i)


@either(_binary_weigh, _faces_weigh)
def weigh(op, like, c, k, j, i, left, right, ym, yp, zm, zp):
    """Return the sum over the six neighbours of conductance times value."""
    f = _binary_weigh if isinstance(op, Binary) else _faces_weigh
    return f(op, like, c, k, j, i, left, right, ym, yp, zm, zp)


@either(_binary_face, _faces_face)
def face(op, like, axis, c, k, j, i):
    """Return the conductance between a cell and the one before it along `axis`."""
    return (_binary_face if isinstance(op, Binary) else _faces_face)(op, like, axis, c, k, j, i)
