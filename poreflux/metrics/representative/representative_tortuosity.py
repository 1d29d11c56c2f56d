"""Representative volume of transport: how the tortuosity factors of sub-volumes scatter."""

import math
from collections.abc import Mapping

import numpy as np
import xarray as xr

from poreflux.metrics.representative.variance_decay import (
    counts_needed,
    error_coordinates,
    fit_decay,
    with_common_part,
)
from poreflux.schema import attributes
from poreflux.statistics.mean_error import mean_error


def representative_tortuosity(blocks_of: Mapping[float, xr.Dataset]) -> xr.Dataset:
    """Measure how the tortuosity factor of cubes varies with their size.

    Parameters
    ----------
    blocks_of
        for each edge in µm the result of `block_tortuosity` for cubes of that edge; one that does
        not percolate counts with conductivity 0.

    Returns
    -------
    Dataset over (direction, cube_edge): `representative_tortuosity_mean`, `_std`, `_ci95`,
    `_count`, and `_closed`, how many do not percolate; over (direction, cube_edge, accuracy)
    `_number` of sub-volumes that give the mean to 1, 5 and 10 %; over (direction,) `_exponent` of
    σ² ~ V^-α.

    Notes
    -----
    The mean is that of phi over that of kappa; cubes scatter about it by phi / phi_mean - kappa /
    kappa_mean, which is finite without a path. The interval takes into account that neighbours are
    alike, see :func:`poreflux.statistics.mean_error.mean_error`.

    Examples
    --------
    >>> values = np.random.default_rng(0).normal(1.2, 0.1, (1, 4, 4, 4))
    >>> dims = ("direction", "block_z", "block_y", "block_x")
    >>> cubes = xr.Dataset({"block_tortuosity_factor": (dims, values)}, {"direction": ["z"]})
    >>> statistics = representative_tortuosity({50.0: cubes})
    >>> round(float(statistics["representative_tortuosity_mean"][0, 0]), 1)
    1.2
    """
    if not blocks_of:
        raise ValueError("blocks_of is empty; give the result of block_tortuosity for each edge")
    edges = sorted(blocks_of)
    values = [blocks_of[edge]["block_tortuosity_factor"] for edge in edges]
    directions = values[0]["direction"].values
    rows = []
    for direction in directions:
        grids = [blocks_of[edge].sel(direction=direction) for edge in edges]
        statistics = [_statistics(grid) for grid in grids]
        factors = [grid["block_tortuosity_factor"].values for grid in grids]
        rows.append(
            {
                **{
                    name: [f[name] for f in statistics] for name in ("mean", "std", "ci95", "count")
                },
                "closed": [np.count_nonzero(~np.isfinite(factor)) for factor in factors],
                "number": [counts_needed(f["mean"], f["spread"]) for f in statistics],
                "exponent": fit_decay([edge**3 for edge in edges], statistics)["exponent"],
            }
        )
    dims = ("direction", "cube_edge", "accuracy")
    variables = {}
    for name in rows[0]:
        full, array = f"representative_tortuosity_{name}", np.array([row[name] for row in rows])
        variables[full] = (dims[: array.ndim], array, attributes(full))
    described = {"units", "long_name"}
    solved_with = {k: v for k, v in values[0].attrs.items() if k not in described}
    variables["representative_tortuosity_mean"][2].update(solved_with)
    coords = {"direction": directions, **error_coordinates(edges, "cube_edge")}
    return xr.Dataset(variables, coords)


def _statistics(cubes: xr.Dataset) -> dict[str, float]:
    """Return the statistics of the cubes of one size along one direction."""
    factor = cubes["block_tortuosity_factor"].values
    phi = np.ones(factor.shape)
    kappa = 1 / factor
    if {"block_conducting_fraction", "block_effective_conductivity"} <= set(cubes.data_vars):
        phi, kappa = (
            cubes[f"block_{name}"].values
            for name in ("conducting_fraction", "effective_conductivity")
        )
    count = factor.size
    if not kappa.any():
        nothing = dict.fromkeys(("std", "spread", "ci95"), math.nan)
        return {"count": count, "mean": math.inf, **nothing}
    mean = float(phi.mean() / kappa.mean())
    values = mean * (phi / phi.mean() - kappa / kappa.mean())
    error = mean_error(values, np.ones(factor.shape), [np.arange(n + 1.0) for n in factor.shape])
    std = float(values.std(ddof=1)) if count > 1 else math.nan
    return with_common_part({"count": count, "mean": mean, "std": std}, error, count)
