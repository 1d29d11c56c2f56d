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
from poreflux.transport.electrode.contact_mask import contact_note
from poreflux.transport.electrode.dataset import MAP_STATISTICS, flag_mesh_dependence, state_results
from poreflux.transport.electrode.statistics import correlation
from poreflux.transport.electrode.voxels import ElectrodeModel, solve, solve_bulk
from poreflux.transport.engines.engine import Engine
from poreflux.transport.engines.threads import Threads
from poreflux.transport.laplace.operator import Operator, build, with_degree
from poreflux.transport.laplace.problem import Problem, order
from poreflux.transport.tortuosity.block_tortuosity import block_tortuosity
from poreflux.volume import voxel_size

#: cells along each edge of a block: 12 x 12 faces on 4 x 4 blocks
CELLS_PER_BLOCK = 3


def upscaled(
    volume: xr.Dataset,
    kappa: xr.DataArray,
    reference: float,
    operating: Conditions,
    mask: xr.DataArray,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return the map and the statistics of a medium of blocks, named `upscaled_...`.

    Parameters
    ----------
    volume
        for its edge lengths.
    kappa
        conductivity of the blocks, of :func:`block_conductivity`.
    reference
        conductivity that `kappa` is relative to, in S/m.
    mask
        of the voxel faces in contact.
    """
    cell_kappa = cell_conductivity(kappa, operating.direction)
    share = rectangle_means(mask.values, *cell_kappa.shape[2:])
    voxel: dict[str, float] = dict(zip(DIMS, voxel_size(volume)))
    dims = order(operating.direction)
    a, b, c = (volume.sizes[dim] * voxel[dim] / n for dim, n in zip(dims, cell_kappa.shape[1:]))
    spacing = a, b, c
    model = prepare_blocks(cell_kappa, spacing, reference, share, operating, progress)
    j, values = np.full(share.shape, np.nan), dict.fromkeys(MAP_STATISTICS, np.nan)
    values |= {"contact_fraction": 0.0, "area_specific_resistance": np.inf}
    if model is not None:
        _, state = next(solve(model, [operating], progress))
        values = state_results(operating, model, state, spacing[1:], reference)
        j = state.density / MA_CM2
    values["contact_mask_fraction"] = float(mask.mean())
    variables: dict = {
        f"upscaled_{name}": ("direction", [value], attributes(f"upscaled_{name}"))
        for name, value in values.items()
    }
    across = [f"cell_{dim}" for dim in dims[1:]]
    name = name_of("upscaled_current_density", operating.direction)
    note = {**attributes(name), **operating.attributes(), **contact_note(mask)}
    note["blocks"] = list(kappa.shape[1:])
    variables[name] = (across, j.astype(np.float32), note)
    coords: dict = {"direction": [operating.direction]}
    for cell, h, n in zip(across, spacing[1:], share.shape):
        attrs = {"units": "um", "long_name": f"centre of the cell along {cell[-1]}"}
        coords[cell] = (cell, (np.arange(n) + 0.5) * h, attrs)
    results = xr.Dataset(variables, coords)
    if model is not None:
        flag_mesh_dependence(results, spacing[1:], "upscaled_")
    return results


def correlation_with_voxels(results: xr.Dataset, operating: Conditions) -> xr.Dataset:
    """Return the correlation of the current by blocks with that by voxels, over the cells."""
    coarse = results[name_of("upscaled_current_density", operating.direction)].values
    fine = results[name_of("current_density", operating.direction)].values
    in_contact = np.isfinite(fine)
    weight = rectangle_means(in_contact, *coarse.shape)
    total = rectangle_means(np.where(in_contact, fine, 0.0), *coarse.shape)
    mean = np.where(weight > 0, total / np.maximum(weight, 1e-300), np.nan)
    name = "upscaled_correlation"
    variables = {name: ("direction", [correlation(mean, coarse)], attributes(name))}
    return xr.Dataset(variables, coords={"direction": [operating.direction]})


def check_blocks(volume: xr.Dataset, blocks: Sequence[int] | xr.Dataset) -> None:
    """Raise ``ValueError`` where a volume cannot be cut so, or its blocks lack a direction."""
    if isinstance(blocks, xr.Dataset):
        missing = [dim for dim in DIMS if dim not in blocks["direction"].values]
        if missing:
            raise ValueError(
                f"the blocks have no direction {missing[0]!r}; solve them with direction='all'"
            )
        return
    if len(blocks) != 3:
        raise ValueError(f"blocks={blocks!r} are not three numbers of blocks along (z, y, x)")
    for dim, count in zip(DIMS, blocks):
        if not 1 <= CELLS_PER_BLOCK * count <= volume.sizes[dim]:
            raise ValueError(
                f"{volume.sizes[dim]} voxels along {dim} cannot be {count} blocks of "
                f"{CELLS_PER_BLOCK} cells; choose 1 to {volume.sizes[dim] // CELLS_PER_BLOCK}"
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
            volume, blocks=blocks, direction="all", conductivity=conductivity, progress=progress
        )
    return blocks["block_effective_conductivity"].sel(direction=list(DIMS))


def cell_conductivity(kappa: xr.DataArray, direction: str) -> np.ndarray:
    """Return the conductivities (3, n0, n1, n2) of all cells, with `direction` first."""
    dims = order(direction)
    ordered = kappa.sel(direction=list(dims)).transpose(
        "direction", *(f"block_{dim}" for dim in dims)
    )
    values = ordered.values
    for axis in (1, 2, 3):
        values = np.repeat(values, CELLS_PER_BLOCK, axis)
    return values


def keep_connected(kappa: np.ndarray, share: np.ndarray, last: bool) -> float:
    """Clear, in place, cells that do not join fed face and contact; return the share that stays."""
    shape = kappa.shape[1:]
    number = np.arange(np.prod(shape)).reshape(shape)
    solid = (kappa > 0).any(0)
    pairs = []
    for axis in range(3):
        first, second = (np.delete(number, dropped, axis).ravel() for dropped in (-1, 0))
        joined = (kappa[axis].ravel()[first] > 0) & (kappa[axis].ravel()[second] > 0)
        pairs.append(np.stack([first[joined], second[joined]]))
    i, j = np.concatenate(pairs, axis=1)
    graph = sp.coo_array((np.ones(i.size), (i, j)), shape=(number.size, number.size))
    cluster = connected_components(graph, directed=False)[1].reshape(shape)
    fed, reacting = (0, -1) if last else (-1, 0)
    from_face = cluster[fed][kappa[0, fed] > 0]
    to_contact = cluster[reacting][(kappa[0, reacting] > 0) & (share > 0)]
    connected = np.isin(cluster, np.intersect1d(from_face, to_contact))
    kappa *= connected
    return float((connected & solid).sum() / max(solid.sum(), 1))


def prepare_blocks(
    kappa: np.ndarray,
    spacing: tuple[float, float, float],
    reference: float,
    share: np.ndarray,
    operating: Conditions,
    progress: Progress | None = None,
) -> ElectrodeModel | None:
    """Return the coarse medium, solved for its bulk resistance; None where nothing connects."""
    carrying = keep_connected(kappa, share, operating.face == "last")
    if carrying == 0:
        return None
    problem = Problem(np.ascontiguousarray(kappa[0]), spacing)
    operator = anisotropic_operator(kappa, spacing, Threads(1))
    return solve_bulk(problem, operator, reference, share, operating, carrying, progress)


def anisotropic_operator(
    kappa: np.ndarray, spacing: tuple[float, float, float], engine: Engine
) -> Operator:
    """Return the operator of a medium with conductivities (3, n0, n1, n2) along its axes."""
    operators = [
        build(Problem(np.ascontiguousarray(k), spacing), engine, np.float64) for k in kappa
    ]
    g = [getattr(operator.kernel, name) for operator, name in zip(operators, ("gz", "gy", "gx"))]
    operator = operators[0]
    operator.kernel = with_degree(g, operator.neighbours, engine, operator.boundary)
    return operator


def rectangle_means(mask: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Return the part of a mask that is true in each of rows x columns rectangles.

    >>> rectangle_means(np.eye(4, dtype=bool), 2, 2).tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    """
    bounds = edges(mask.shape[0], rows), edges(mask.shape[1], columns)
    sums = np.add.reduceat(
        np.add.reduceat(mask.astype(float), bounds[0][:-1], 0), bounds[1][:-1], 1
    )
    return sums / np.outer(np.diff(bounds[0]), np.diff(bounds[1]))
