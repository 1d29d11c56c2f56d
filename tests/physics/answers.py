"""The solver asked as a user would, with many digits."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from poreflux import from_array, tortuosity_factor


class Answer(NamedTuple):
    """The numbers of one direction of a solve."""

    tau: float
    kappa: float
    iterations: int
    relative_error: float
    flux_imbalance: float
    percolating: float


def ask(volume: xr.Dataset | np.ndarray, **options) -> Answer:
    """Solve a Volume, or an array with 1 for electrolyte, to ten digits unless told otherwise."""
    if isinstance(volume, np.ndarray):
        volume = from_array(volume)
    result = tortuosity_factor(volume, **{"rtol": 1e-10, **options}).squeeze("direction")
    return Answer(
        float(result.tortuosity_factor),
        float(result.effective_conductivity),
        int(result.iterations),
        float(result.relative_error),
        float(result.flux_imbalance),
        float(result.percolating_fraction),
    )


def tau(volume: xr.Dataset | np.ndarray, **options) -> float:
    """Return the tortuosity factor."""
    return ask(volume, **options).tau


def kappa(volume: xr.Dataset | np.ndarray, **options) -> float:
    """Return the effective conductivity relative to the most conductive phase."""
    return ask(volume, **options).kappa


def polarisability(solid: np.ndarray) -> float:
    """Return what one insulating inclusion costs: C of ``kappa = 1 - C p`` for a small porosity p.

    `solid` is one cell of a cubic lattice, the inclusion in its middle. Its images act on it as
    dipoles do (Clausius and Mossotti): ``(1 - kappa) / (2 + kappa) = C p / 3``.
    """
    k = kappa(np.ascontiguousarray(solid, np.uint8))
    return 3 * (1 - k) / ((2 + k) * (1 - solid.mean()))
