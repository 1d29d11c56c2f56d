"""Cupping: grey values that rise or fall from the axis of rotation outwards."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import xarray as xr

from poreflux.annotations import PoreShade, ShownProgress
from poreflux.blocks import Scheduler
from poreflux.progress import shows_progress
from poreflux.segmentation.corrected import corrected, with_gray
from poreflux.segmentation.radius import Axis, axis_of_rotation
from poreflux.segmentation.solid_level import arrays_of, solid_levels
from poreflux.volume import require

#: rings in which the level of the solid is measured
_RINGS = 48

#: highest order of the polynomial; a higher one would follow rings
_HIGHEST = 8

#: rings of fewer voxels than this share of all are left out
_SMALLEST = 1e-3


@shows_progress("cupping")
def correct_cupping(
    volume: xr.Dataset,
    *,
    order: int = 2,
    centre: Sequence[float] | None = None,
    pore: PoreShade = "dark",
    progress: ShownProgress = None,
    scheduler: Scheduler = None,
) -> xr.Dataset:
    """Bring the solid to the same grey value at each distance from the axis of rotation.

    Beam hardening and scatter make reconstructed slices darker or brighter in the middle. The solid
    is measured at once, in two passes (three for floats); the corrected `gray` is lazy.

    Parameters
    ----------
    volume
        with `gray`, dims (z, y, x); only voxels inside a `mask` are measured, all are corrected.
        Correct drift first.
    order
        of the polynomial in r², 1 to 8.
    centre
        (y, x) of the axis in µm; by default the middle of the slices.
    pore
        ``"dark"`` or ``"bright"``: the side of the grey values on which the pores are.
    progress, scheduler
        as for :func:`poreflux.blocks.compute`.

    Returns
    -------
    Volume with another `gray`, of the same dtype (16 bits where it had 8).

    Notes
    -----
    I' = I - P(r²) + <P>, with P the polynomial of least squares through the most frequent grey
    values of the solid in 48 rings, each with the weight of its voxels; beyond the farthest ring
    P is constant.

    Examples
    --------
    >>> from poreflux.phantoms import Tomograph, fine_300, measure_gray
    >>> gray = measure_gray(fine_300((16, 80, 80)), Tomograph(rings=0, cupping=0.3, drift=0))
    >>> def darker_inside(volume):
    ...     gray = volume["gray"].values
    ...     return bool(1 - np.median(gray[:, 30:50, 30:50]) / np.median(gray) > 0.02)
    >>> darker_inside(gray), darker_inside(correct_cupping(gray))
    (True, False)
    """
    if not 1 <= order <= _HIGHEST:
        raise ValueError(f"order={order} is no order of a smooth curve; give 1 to {_HIGHEST}")
    gray = require(volume, "gray")
    axis = axis_of_rotation(volume, centre)
    ring_of = partial(_ring, axis=axis)
    options: dict = {"progress": progress, "scheduler": scheduler}
    levels, voxels, _ = solid_levels(arrays_of(volume), ring_of, _RINGS, pore, **options)
    measured = voxels > _SMALLEST * voxels.sum()
    if measured.sum() <= order:
        raise ValueError(
            f"{measured.sum()} rings about {axis.centre} µm hold solid, too few for order={order}; "
            "choose a lower order, or another centre"
        )
    squares = ((np.arange(_RINGS) + 0.5) / _RINGS) ** 2
    limits = squares[measured][[0, -1]]
    curve = np.polynomial.Polynomial.fit(
        squares[measured], levels[measured], order, w=np.sqrt(voxels[measured])
    )
    curve -= float(np.average(curve(squares[measured]), weights=voxels[measured]))
    # plain numbers, so that the same correction has the same name in another process
    factors = np.array([float(f"{c:.9g}") for c in curve.convert().coef])
    apply = partial(_apply, axis=axis, factors=factors, limits=limits)
    levels_at_limits = curve(limits)
    entry = {"operation": "correct_cupping", "order": order, "centre": list(axis.centre),
             "middle": float(levels_at_limits[0]), "edge": float(levels_at_limits[1])}  # fmt: skip
    return with_gray(volume, corrected(apply, gray.data), entry)


def _ring(start: tuple[int, ...], shape: tuple[int, ...], *, axis: Axis) -> np.ndarray:
    ring = (axis.radius(start, shape) * (_RINGS / axis.furthest)).astype(np.int64)
    return np.minimum(ring, _RINGS - 1)


def _apply(
    start: tuple[int, ...],
    values: np.ndarray,
    *,
    axis: Axis,
    factors: np.ndarray,
    limits: np.ndarray,
) -> np.ndarray:
    squares = np.clip((axis.radius(start, values.shape) / axis.furthest) ** 2, *limits)
    return values - np.polynomial.polynomial.polyval(squares, factors).astype(np.float32)
