"""The current at an electrode of a coarse medium: blocks that conduct along each axis."""

from collections.abc import Mapping, Sequence

import numpy as np
import scipy.sparse as sp
import xarray as xr
from scipy.sparse.csgraph import connected_components

from poreflux.annotations import Progress
from poreflux.blocks import edges
from poreflux.schema import DIMS, attributes, name_of
from poreflux.transport.electrode.conditions import MA_CM2, Conditions
from poreflux.transport.electrode.dataset import NUMBERS, flag, numbers
from poreflux.transport.electrode.statistics import correlation
from poreflux.transport.electrode.voxels import ElectrodeModel, solve, solve_bulk
from poreflux.transport.engines.engine import Engine
from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.operator import Operator, build, with_degree
from poreflux.transport.laplace.problem import Problem, order
from poreflux.transport.tortuosity.block_tortuosity import block_tortuosity
from poreflux.volume import voxel_size

#: cells along each edge of a block: 12 x 12 faces on 4 x 4 blocks
CELLS = 3


def upscaled(
    volume: xr.Dataset,
    kappa: xr.DataArray,
    reference: float,
    asked: Conditions,
    mask: xr.DataArray,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return the map and the numbers of a medium of blocks, named `upscaled_...`.

    Parameters
    ----------
    volume
        for its lengths.
    kappa
        conductivity of the blocks, of :func:`block_conductivity`.
    reference
        what it is relative to, in S/m.
    mask
        of the voxels' faces in contact.
    """
    fine = tensor(kappa, asked.direction)
    share = shares(mask.values, *fine.shape[2:])
    size: dict[str, float] = dict(zip(DIMS, voxel_size(volume)))
    dims = order(asked.direction)
    a, b, c = (volume.sizes[dim] * size[dim] / n for dim, n in zip(dims, fine.shape[1:]))
    spacing = a, b, c
    found = prepare(fine, spacing, reference, share, asked, progress)
    j, values = np.full(share.shape, np.nan), dict.fromkeys(NUMBERS, np.nan)
    values |= {"contact_fraction": 0.0, "area_specific_resistance": np.inf}
    if found is not None:
        _, state = next(solve(found, [asked], progress))
        values = numbers(asked, found, state, spacing[1:], reference)
        j = state.density / MA_CM2
    values["contact_mask_fraction"] = float(mask.mean())
    variables: dict = {
        f"upscaled_{name}": ("direction", [value], attributes(f"upscaled_{name}"))
        for name, value in values.items()
    }
    across = [f"cell_{dim}" for dim in dims[1:]]
    name = name_of("upscaled_current_density", asked.direction)
    note = {**attributes(name), **asked.attributes(), "blocks": list(kappa.shape[1:])}
    variables[name] = (across, j.astype(np.float32), note)
    coords: dict = {"direction": [asked.direction]}
    for cell, h, n in zip(across, spacing[1:], share.shape):
        attrs = {"units": "um", "long_name": f"centre of the cell along {cell[-1]}"}
        coords[cell] = (cell, (np.arange(n) + 0.5) * h, attrs)
    results = xr.Dataset(variables, coords)
    flag(results["upscaled_current_density_max"], asked.wagner_length(reference), spacing[1:])
    return results


def comparison(results: xr.Dataset, asked: Conditions) -> xr.Dataset:
    """Return the correlation of the current from blocks with that from voxels, cell by cell."""
    coarse = results[name_of("upscaled_current_density", asked.direction)].values
    fine = results[name_of("current_density", asked.direction)].values
    on = np.isfinite(fine)
    weight = shares(on, *coarse.shape)
    total = shares(np.where(on, fine, 0.0), *coarse.shape)
    mean = np.where(weight > 0, total / np.maximum(weight, 1e-300), np.nan)
    name = "upscaled_correlation"
    variables = {name: ("direction", [correlation(mean, coarse)], attributes(name))}
    return xr.Dataset(variables, coords={"direction": [asked.direction]})


def check(volume: xr.Dataset, blocks: Sequence[int] | xr.Dataset) -> None:
    """Raise ``ValueError`` where blocks cannot be had of the volume, or lack a direction."""
    if isinstance(blocks, xr.Dataset):
        missing = [dim for dim in DIMS if dim not in blocks["direction"].values]
        if missing:
            raise ValueError(f"the blocks have no direction {missing[0]!r}; solve along 'zyx'")
        return
    if len(blocks) != 3:
        raise ValueError(f"blocks={blocks!r} are not three numbers of blocks along (z, y, x)")
    for dim, parts in zip(DIMS, blocks):
        if not 1 <= CELLS * parts <= volume.sizes[dim]:
            raise ValueError(
                f"{volume.sizes[dim]} voxels along {dim} cannot be {parts} blocks of {CELLS} "
                f"cells; choose 1 to {volume.sizes[dim] // CELLS}"
            )


def block_conductivity(
    volume: xr.Dataset,
    blocks: Sequence[int] | xr.Dataset,
    conductivity: Mapping[str, float],
    progress: Progress | None = None,
) -> xr.DataArray:
    """Return the conductivity of each block along each direction, relative to the best conductor.

    `blocks` is the number of them along (z, y, x), or what :func:`poreflux.block_tortuosity` found.
    """
    if not isinstance(blocks, xr.Dataset):
        blocks = block_tortuosity(
            volume, blocks=blocks, conductivity=conductivity, progress=progress
        )
    return blocks["block_effective_conductivity"].sel(direction=list(DIMS))


def tensor(kappa: xr.DataArray, direction: str) -> np.ndarray:
    """Return conductivities (3, n0, n1, n2) with `direction` first, CELLS cells along a block."""
    dims = order(direction)
    ordered = kappa.sel(direction=list(dims)).transpose(
        "direction", *(f"block_{dim}" for dim in dims)
    )
    fine = ordered.values
    for axis in (1, 2, 3):
        fine = np.repeat(fine, CELLS, axis)
    return fine


def keep_carriers(kappa: np.ndarray, share: np.ndarray, last: bool) -> float:
    """Clear, in place, cells that do not join fed face and contact; return the share kept."""
    shape = kappa.shape[1:]
    number = np.arange(np.prod(shape)).reshape(shape)
    solid = (kappa > 0).any(0)
    pairs = []
    for axis in range(3):
        first, second = (np.delete(number, at, axis).ravel() for at in (-1, 0))
        joined = (kappa[axis].ravel()[first] > 0) & (kappa[axis].ravel()[second] > 0)
        pairs.append(np.stack([first[joined], second[joined]]))
    i, j = np.concatenate(pairs, axis=1)
    graph = sp.coo_array((np.ones(i.size), (i, j)), shape=(number.size, number.size))
    cluster = connected_components(graph, directed=False)[1].reshape(shape)
    fed, reacting = (0, -1) if last else (-1, 0)
    from_face = cluster[fed][kappa[0, fed] > 0]
    to_contact = cluster[reacting][(kappa[0, reacting] > 0) & (share > 0)]
    kept = np.isin(cluster, np.intersect1d(from_face, to_contact))
    kappa *= kept
    return float((kept & solid).sum() / max(solid.sum(), 1))


def prepare(
    kappa: np.ndarray,
    spacing: tuple[float, float, float],
    reference: float,
    share: np.ndarray,
    asked: Conditions,
    progress: Progress | None = None,
) -> ElectrodeModel | None:
    """Return the coarse medium, solved for its bulk resistance, or None; as for voxels."""
    carrying = keep_carriers(kappa, share, asked.face == "last")
    if carrying == 0:
        return None
    problem = Problem(np.ascontiguousarray(kappa[0]), spacing)
    operator = along_axes(kappa, spacing, Threads(1))
    return solve_bulk(problem, operator, reference, share, asked, carrying, progress)


def along_axes(kappa: np.ndarray, spacing, engine: Engine) -> Operator:
    """Return the operator of a medium with conductivities (3, n0, n1, n2) along its axes."""
    along = [build(Problem(np.ascontiguousarray(k), spacing), engine, np.float64) for k in kappa]
    g = [getattr(operator.kernel, name) for operator, name in zip(along, ("gz", "gy", "gx"))]
    operator = along[0]
    operator.kernel = with_degree(g, operator.neighbours, engine, operator.boundary)
    return operator


def shares(mask: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Return the part of a mask that is true in each of rows x columns rectangles.

    >>> shares(np.eye(4, dtype=bool), 2, 2).tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    """
    at = edges(mask.shape[0], rows), edges(mask.shape[1], columns)
    sums = np.add.reduceat(np.add.reduceat(mask.astype(float), at[0][:-1], 0), at[1][:-1], 1)
    return sums / np.outer(np.diff(at[0]), np.diff(at[1]))
