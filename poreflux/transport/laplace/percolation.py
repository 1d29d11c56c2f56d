"""Removal of cells that carry no current: clusters of face neighbours that do not join both driven
faces.
"""

from collections.abc import Callable

import numpy as np

from poreflux.transport.engines.engine import Engine

LOW, HIGH = np.uint8(1), np.uint8(2)


def keep_percolating(
    solid: np.ndarray,
    engine: Engine,
    periodic: tuple[bool, bool, bool] = (False, False, False),
    *,
    where: tuple[np.ndarray | None, np.ndarray | None] = (None, None),
) -> int:
    """Clear, in place, the cells of `solid` (n0, n1, n2) whose cluster does not reach both
    driven faces.

    Parameters
    ----------
    solid
        uint8, 1 where conducting.
    engine
        that runs the passes.
    periodic
        axes along which opposite faces are joined.
    where
        masks (n1, n2) of the first and of the last plane: where a cluster has to reach each, by
        default anywhere.

    Returns
    -------
    the number of cells that stay.
    """
    runs = engine.label(solid, periodic)
    if not len(runs.parent):
        return 0
    n0, n1, n2 = solid.shape
    flags = np.zeros(len(runs.parent), np.uint8)
    for k, bit, mask in ((0, LOW, where[0]), (n0 - 1, HIGH, where[1])):
        mask = np.ones((n1, n2), bool) if mask is None else mask
        engine.mark(runs, flags, mask, k, bit)
    return engine.keep(solid, runs, flags, LOW | HIGH)


def percolate(
    cells: np.ndarray,
    engine: Engine,
    periodic: tuple[bool, bool, bool] = (False, False, False),
    where: tuple[np.ndarray | None, np.ndarray | None] = (None, None),
    keep: Callable[..., int] = keep_percolating,
) -> int:
    """Clear, in place, cells of one or of many conductivities that carry no current; return how
    many stay.

    ``keep`` clears a mask of the cells: :func:`keep_percolating`, or the same on many boxes.
    """
    if cells.dtype == np.uint8:
        return keep(cells, engine, periodic, where=where)
    solid = (cells > 0).astype(np.uint8)
    remaining = keep(solid, engine, periodic, where=where)
    cells *= solid
    return remaining
