"""Representative volume of transport: how the tortuosity factors of sub-volumes scatter."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from poreflux.metrics.representative.variance_decay import (
    counts_needed,
    error_coordinates,
    fit_decay,
    size_statistics,
)
from poreflux.schema import attributes


def representative_tortuosity(blocks_of: Mapping[float, xr.Dataset]) -> xr.Dataset:
    """Measure how the tortuosity factor of cubes varies with their size.

    Parameters
    ----------
    blocks_of
        for each edge in µm the result of `block_tortuosity` for cubes of that edge; sub-volumes
        that do not percolate are left out, and counted.

    Returns
    -------
    Dataset over (direction, cube_edge): `representative_tortuosity_mean`, `_std`, `_ci95`,
    `_count`, and `_closed`, how many do not percolate; over (direction, cube_edge, accuracy)
    `_number` of sub-volumes that give the mean to 1, 5 and 10 %; over (direction,) `_exponent` of
    σ² ~ V^-α.

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
        samples = [np.ravel(cubes.sel(direction=direction).values) for cubes in values]
        statistics = [size_statistics(sample) for sample in samples]
        rows.append(
            {
                **{
                    name: [f[name] for f in statistics] for name in ("mean", "std", "ci95", "count")
                },
                "closed": [np.count_nonzero(~np.isfinite(sample)) for sample in samples],
                "number": [counts_needed(f["mean"], f["std"]) for f in statistics],
                "exponent": fit_decay([edge**3 for edge in edges], statistics)["exponent"],
            }
        )
    dims = ("direction", "cube_edge", "accuracy")
    variables = {}
    for name in rows[0]:
        full, array = f"representative_tortuosity_{name}", np.array([row[name] for row in rows])
        variables[full] = (dims[: array.ndim], array, attributes(full))
    coords = {"direction": directions, **error_coordinates(edges, "cube_edge")}
    return xr.Dataset(variables, coords, values[0].attrs)
