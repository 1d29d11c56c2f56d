"""The faults of a scan are corrected in one order: region, drift, cupping, rings, tilt."""

from collections.abc import Sequence
from typing import Any, Literal

import xarray as xr

from poreflux.segmentation.correct_cupping import correct_cupping
from poreflux.segmentation.correct_drift import correct_drift
from poreflux.segmentation.correct_rings import correct_rings
from poreflux.segmentation.correct_tilt import correct_tilt
from poreflux.segmentation.region_of_interest import region_of_interest
from poreflux.study.watching import Watch, unwatched


def corrected(
    volume: xr.Dataset,
    *,
    roi: Literal["none", "auto"] | Sequence[float] = "none",
    erosion: float = 5.0,
    drift: bool = False,
    cupping: bool = False,
    rings: bool = False,
    centre: Sequence[float] | None = None,
    tilt: Literal["none", "mask", "shear"] = "none",
    watch: Watch = unwatched,
    **options: Any,
) -> xr.Dataset:
    """Return a scan with the corrections that are asked for.

    Parameters
    ----------
    volume
        with `gray`.
    roi
        ``"auto"`` finds a cylinder; y, x, radius in µm are one; only voxels inside count.
    erosion
        voxels by which a cylinder or a sample between end faces, as it is found, is made smaller.
    drift, cupping, rings
        whether these are corrected.
    centre
        y, x in µm of the axis of rotation; by default the middle of the slices.
    tilt
        ``"mask"`` leaves out slices beyond tilted end faces, ``"shear"`` sets the faces upright.
    watch
        shows the progress of each correction.
    options
        of all corrections: `pore` and `scheduler`.

    Examples
    --------
    >>> from poreflux.phantoms import measure_gray, random_sites
    >>> scan = measure_gray(random_sites((8, 24, 24), 0.2))
    >>> [entry["operation"] for entry in corrected(scan, drift=True).attrs["history"]]
    ['correct_drift']
    """
    about = {} if centre is None else {"centre": tuple(centre)}
    cylinder = {} if isinstance(roi, str) else {"cylinder": tuple(roi)}
    steps: tuple[tuple, ...] = (
        (roi != "none", "region", region_of_interest, {**cylinder, "erosion": erosion}),
        (drift, "drift", correct_drift, {}),
        (cupping, "cupping", correct_cupping, about),
        (rings, "rings", correct_rings, about),
        (tilt != "none", "tilt", correct_tilt, {"how": tilt, "erosion": erosion}),
    )
    for wanted, title, correct, step_options in steps:
        if wanted:
            with watch(title) as progress:
                volume = correct(volume, progress=progress, **step_options, **options)
    return volume
