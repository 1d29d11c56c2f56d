"""Porosity: the share of pore voxels."""

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.metrics.density.counting import counted, dataset, fraction
from poreflux.volume import require


def porosity(volume: xr.Dataset, *, phase: str = "pore") -> xr.Dataset:
    """Measure the porosity of the whole volume, or of its mask.

    Parameters
    ----------
    volume
        with `phase`, dims (z, y, x); voxels outside a `mask` do not count.
    phase
        name of the phase to measure.

    Returns
    -------
    lazy Dataset with `porosity` (NaN where the mask is empty), `pore_voxels` and `voxels`.

    Notes
    -----
    ε = N_pore / N, of the voxels in the region of interest.

    Examples
    --------
    >>> from poreflux import from_array
    >>> volume = from_array(np.arange(8).reshape(2, 2, 2) > 1)
    >>> float(porosity(volume)["porosity"])
    0.25
    """
    outputs = {"porosity": ((), float), "pore_voxels": ((), int), "voxels": ((), int)}
    full = np.asarray(require(volume, "phase").size)
    lazy = counted(volume, phase, _all_together, _finish, full=full, outputs=outputs)
    scalars = {name: ((), array) for name, array in lazy.items()}
    return dataset(volume, scalars, note={"phase": phase})


def _all_together(chosen: np.ndarray, start: tuple[int, ...]) -> blocks.Patch:
    return blocks.Patch((), np.asarray(np.count_nonzero(chosen)))


def _finish(pore: np.ndarray, valid: np.ndarray) -> dict:
    return {"porosity": fraction(pore, valid), "pore_voxels": pore, "voxels": valid}
