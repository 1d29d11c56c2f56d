"""Means over sub-volumes, and by how much those of other samples differ."""

import math
from collections.abc import Sequence

import numpy as np

from poreflux.statistics.mean_error import mean_error


def sampled(
    conducting: np.ndarray,
    conductivity: np.ndarray,
    edges: Sequence[np.ndarray],
    sample: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Return means of sub-volumes and sampling errors, each over (direction,), by their names.

    Parameters
    ----------
    conducting
        fraction of each sub-volume, (z, y, x).
    conductivity
        of each sub-volume along each direction, (direction, z, y, x); 0 where it has no path.
    edges
        of the sub-volumes along each axis.
    sample
        fraction of each sub-volume inside a mask, (z, y, x): its weight; what is NaN has none.

    Notes
    -----
    tau = phi / kappa varies by tau (d phi / phi - d kappa / kappa), to first order: the error of
    the mean of this field is that of tau, with the correlation of phi and kappa in it.

    Examples
    --------
    >>> values = np.random.default_rng(1).normal(0.7, 0.02, (1, 4, 4, 4))
    >>> means = sampled(np.ones((4, 4, 4)), values, [np.arange(5.0)] * 3)
    >>> means["block_tortuosity_factor_mean"].round(2)
    array([1.43])
    >>> bool(0.001 < means["effective_conductivity_sampling_error"][0] < 0.005)
    True
    """
    z, y, x = map(np.diff, edges)
    volume = z[:, None, None] * y[:, None] * x
    volume = volume if sample is None else volume * sample
    rows = [_along(conducting, values, volume, edges) for values in conductivity]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _along(
    conducting: np.ndarray, conductivity: np.ndarray, volume: np.ndarray, edges: Sequence
) -> dict[str, float]:
    known = np.isfinite(conductivity) & np.isfinite(conducting)
    volume = np.where(known, volume, 0.0)
    conducting, conductivity = (np.where(known, v, 0.0) for v in (conducting, conductivity))
    whole = float(volume.sum()) or math.nan
    phi, kappa = (float((values * volume).sum()) / whole for values in (conducting, conductivity))
    tau, tau_error, error = math.inf if kappa == 0 else math.nan, math.nan, math.nan
    if kappa > 0:
        error = mean_error(conductivity * volume, volume, edges).standard_error
        tau = phi / kappa
        relative = conducting / phi - conductivity / kappa
        tau_error = tau * mean_error(relative * volume, volume, edges).standard_error
    return {
        "block_effective_conductivity_mean": kappa,
        "block_tortuosity_factor_mean": tau,
        "effective_conductivity_sampling_error": error,
        "tortuosity_factor_sampling_error": tau_error,
    }
