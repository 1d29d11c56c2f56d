"""Pore table: one row for each pore, with size, place, shape; and a file of it."""

import math
from pathlib import Path

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.annotations import NetworkMethod, ShownProgress
from poreflux.blocks import Scheduler
from poreflux.metrics.density.counting import inputs
from poreflux.metrics.pores.clusters import Clusters, areas, by_first_voxel, cluster_plan, volumes
from poreflux.metrics.pores.pore_method import chosen_method
from poreflux.metrics.pores.watershed import same_pores, splitting
from poreflux.progress import shows_progress
from poreflux.schema import DIMS, attributes
from poreflux.volume import voxel_size


@shows_progress("pores")
def pore_table(
    volume: xr.Dataset,
    *,
    method: NetworkMethod = "auto",
    neighbours: int = 26,
    phase: str = "pore",
    progress: ShownProgress = None,
    scheduler: Scheduler = None,
) -> xr.Dataset:
    """Measure every pore: each connected cluster of voxels of a phase, split or not.

    Computed at once, in one pass, since the number of pores is the length of the table.

    Parameters
    ----------
    volume
        with `phase`, dims (z, y, x); voxels outside a `mask` belong to no pore.
    method
        what a pore is: ``"components"``, ``"watershed"``: split at their throats, see
        :func:`poreflux.metrics.pores.watershed.splitting`, or ``"auto"``, which of them is decided
        first, as by :func:`poreflux.pore_size`.
    neighbours
        26 if voxels that share a face, an edge or a corner belong together, 6 if only a face; of
        components.
    phase
        name of the phase that makes the pores.
    progress, scheduler
        as in :func:`poreflux.blocks.compute`.

    Returns
    -------
    Dataset over (pore,), in the order of the pores' first voxels: `pore_voxel_count`, `pore_volume`
    (µm³), `pore_diameter` (µm, of the sphere of that volume), `pore_centroid_z`, `_y`, `_x` (µm),
    `pore_extent_z`, `_y`, `_x` (edges of the bounding box, µm), `pore_surface` (µm², without what
    lies on the volume's faces, or in throats), `pore_sphericity` (NaN on the edge, and
    of pores with throats) and `pore_on_edge`, whether it touches a face of the volume or the mask,
    and may go on beyond; by watershed also `pore_coordination`, how many other pores it has throats
    to.

    Notes
    -----
    Diameter d = (6 V / π)^(1/3). Surface by the Cauchy-Crofton formula along 13 directions. Of
    spheres 6 voxels in diameter it is 2 % too small on average, and up to 7 % by where the centre
    lies between voxels; of 8 voxels 1 % and 6 %, of 12 voxels .5 % and 2 %, of 24 voxels .1 % and
    1 %. Sphericity π^(1/3) (6 V)^(2/3) / A; that of pores of a few voxels is not
    reliable.

    Examples
    --------
    >>> from poreflux.phantoms import random_spheres
    >>> table = pore_table(random_spheres(40, 3, [6, 12]))
    >>> sorted(table["pore_diameter"].round(0).values.tolist())
    [6.0, 6.0, 12.0]
    """
    options: dict = {"progress": progress, "scheduler": scheduler}
    note = {"phase": phase}
    if method == "auto":
        method, note["reason"] = chosen_method(volume, neighbours, phase, **options)
    note["method"] = method
    if method == "watershed":
        split = splitting(volume, phase, **options)
        lazy = blocks.run({"packed": split.packed()}, split.plan(same_pores, {}))
        (pores,) = blocks.compute(lazy, **options)
        table = tabulate(pores.clusters, volume, note)
        # the surface without throats is too small: the sphericity could exceed 1
        sphericity = table["pore_sphericity"].where(pores.coordination == 0)
        table = table.assign(pore_sphericity=sphericity)
        named = ("pore", pores.coordination, {**attributes("pore_coordination"), **note})
        return table.assign(pore_coordination=named)
    if method != "components":
        raise ValueError(
            f"method={method!r} is not known; choose one of ('auto', 'components', 'watershed')"
        )
    plan = cluster_plan(volume, phase, neighbours, by_first_voxel, {})
    (clusters,) = blocks.compute(blocks.run(inputs(volume), plan), **options)
    return tabulate(clusters, volume, {**note, "neighbours": neighbours})


def save_table(table: xr.Dataset, path: str | Path) -> Path:
    """Write a table over (pore,) to a file: ``.csv``, or ``.parquet`` with the extra `parquet`.

    Units stand in the headers of the columns.

    Raises
    ------
    ValueError
        if the name of the file has another ending.
    ModuleNotFoundError
        if the file is a Parquet file and pyarrow is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from poreflux.phantoms import random_spheres
    >>> table = pore_table(random_spheres(40, 3, [6, 12]))
    >>> path = save_table(table, tempfile.mkdtemp() + "/pores.csv")
    >>> path.read_text().splitlines()[0][:40]
    'pore,pore_voxel_count,pore_volume [um^3]'
    """
    path = Path(path)
    frame = table.to_dataframe().rename(columns=lambda name: _header(table, name))
    if path.suffix == ".csv":
        frame.to_csv(path)
    elif path.suffix == ".parquet":
        try:
            frame.to_parquet(path, engine="pyarrow")
        except ImportError as error:
            raise ModuleNotFoundError(
                "Parquet needs pyarrow; pip install 'poreflux[parquet]', or write .csv"
            ) from error
    else:
        raise ValueError(f"{path.name} is not a name for a table; let it end in .csv or .parquet")
    return path


def tabulate(clusters: Clusters, volume: xr.Dataset, note: dict) -> xr.Dataset:
    """Return one row for each cluster, with units."""
    size = voxel_size(volume)
    v, surface = volumes(clusters, size), areas(clusters, size)
    edge = on_edge(clusters, volume["phase"].shape)
    columns = {
        "pore_voxel_count": clusters.voxels,
        "pore_volume": v,
        "pore_diameter": equivalent_diameter(v),
    }
    for axis, (dim, h) in enumerate(zip(DIMS, size)):
        centre = clusters.sums[:, axis] / clusters.voxels + 0.5
        columns[f"pore_centroid_{dim}"] = centre * h
    for axis, (dim, h) in enumerate(zip(DIMS, size)):
        columns[f"pore_extent_{dim}"] = (clusters.high - clusters.low + 1)[:, axis] * h
    ball = math.pi ** (1 / 3) * (6 * v) ** (2 / 3)
    columns["pore_surface"] = surface
    closed = ~edge & (surface > 0)
    columns["pore_sphericity"] = np.divide(ball, surface, np.full(len(v), np.nan), where=closed)
    columns["pore_on_edge"] = edge
    variables = {n: ("pore", c, {**attributes(n), **note}) for n, c in columns.items()}
    return xr.Dataset(variables, {"pore": np.arange(1, len(v) + 1)}, volume.attrs)


def equivalent_diameter(v: np.ndarray) -> np.ndarray:
    """Return the diameter of the sphere of each volume."""
    return np.cbrt(6 * v / math.pi)


def on_edge(clusters: Clusters, shape: tuple[int, ...]) -> np.ndarray:
    """Return which clusters reach a face of the volume or mask, so that they may go on beyond."""
    low, high = bounds(clusters, shape)
    return np.any((clusters.low <= low) | (clusters.high >= high), axis=1) | clusters.cut


def bounds(clusters: Clusters, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and last index along each axis of the mask, or of the volume without one."""
    low, high = clusters.valid or ((0, 0, 0), np.subtract(shape, 1))
    return np.asarray(low), np.asarray(high)


def _header(table: xr.Dataset, name: str) -> str:
    units = table[name].attrs["units"]
    return name if units == "1" else f"{name} [{units}]"
