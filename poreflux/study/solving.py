"""Transport on a whole volume and its parts, with the errors of the voxels beside it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from poreflux.blocks import Scheduler
from poreflux.errors import NotConverged, TooLarge
from poreflux.metrics.representative.representative_tortuosity import representative_tortuosity
from poreflux.study.watching import Watch, unwatched
from poreflux.transport.tortuosity.block_tortuosity import block_tortuosity
from poreflux.transport.tortuosity.dissipation import dissipation
from poreflux.transport.tortuosity.tortuosity_factor import tortuosity_factor
from poreflux.uncertainty.block_discretisation import block_discretisation
from poreflux.uncertainty.discretisation import tortuosity_discretisation
from poreflux.volume import voxel_size


def along_directions(
    volume: xr.Dataset,
    directions: str,
    options: Mapping[str, Any],
    *,
    watch: Watch = unwatched,
    dissipating: bool = False,
) -> list[xr.Dataset]:
    """Return the tortuosity factors of a volume along each direction, solved in this process, and
    where asked for how its power is dissipated.
    """
    solve: Any = dissipation if dissipating else tortuosity_factor
    solved = []
    for direction in directions:
        with watch(f"solve along {direction}") as progress:
            arguments = {"direction": direction, "progress": progress, **options}
            solved.append(solve(volume, **arguments))
    return solved


def with_discretisation(
    volume: xr.Dataset, solved: Sequence[xr.Dataset], threads: int | None
) -> tuple[list[xr.Dataset], list[str]]:
    """Return the Datasets with the errors of their voxels, and a line for each that is missing."""
    found, missing = [], []
    for dataset in solved:
        found.append(dataset)
        try:
            found.append(tortuosity_discretisation(volume, dataset, threads=threads))
        except (NotConverged, TooLarge) as error:
            direction = str(dataset["direction"].values[0])
            missing.append(f"the error of the voxels along {direction} is missing: {error}")
    return found, missing


def in_blocks(
    volume: xr.Dataset,
    counts: Sequence[int],
    finished: Path,
    options: Mapping[str, Any],
    *,
    watch: Watch = unwatched,
) -> xr.Dataset:
    """Return the tortuosity factors of blocks; finished ones are kept for a later run."""
    with watch("solve blocks") as progress, _kept(finished):
        return block_tortuosity(
            volume, blocks=counts, checkpoint=finished, progress=progress, **options
        )


def with_blocks_discretisation(
    volume: xr.Dataset, solved: xr.Dataset, scheduler: Scheduler = None
) -> tuple[list[xr.Dataset], list[str]]:
    """Return the Dataset of blocks with the error of its voxels, or a line where it is missing."""
    try:
        return [solved, block_discretisation(volume, solved, scheduler=scheduler)], []
    except (NotConverged, TooLarge) as error:
        return [solved], [f"the error of the voxels of the blocks is missing: {error}"]


def cubes(volume: xr.Dataset, edges: Sequence[float]) -> dict[float, list[int]]:
    """Return, for each size, the edge in µm of the nearest cubes that fill a volume, and how many.

    Examples
    --------
    >>> from poreflux.phantoms import uniform
    >>> list(cubes(uniform((8, 8, 4)), [4.0]).values())
    [[2, 2, 1]]
    """
    lengths = [volume.sizes[d] * h for d, h in zip("zyx", voxel_size(volume))]
    found = {}
    for size in edges:
        if not 0 < size <= min(lengths):
            raise ValueError(
                f"edges={size:g} is not the edge of a cube in this volume; give up to "
                f"{min(lengths):g}"
            )
        counts = [max(1, round(length / size)) for length in lengths]
        found[math.prod(length / n for length, n in zip(lengths, counts)) ** (1 / 3)] = counts
    return found


def in_cubes(
    volume: xr.Dataset,
    sizes: Mapping[float, list[int]],
    options: Mapping[str, Any],
    *,
    watch: Watch = unwatched,
) -> xr.Dataset:
    """Return the spread of the tortuosity factors of cubes, for each size of :func:`cubes`."""
    solved = {}
    for edge, counts in sizes.items():
        with watch(f"solve cubes of {edge:.3g} µm") as progress:
            solved[edge] = block_tortuosity(volume, blocks=counts, progress=progress, **options)
    return representative_tortuosity(solved)


def in_place(maps: xr.Dataset, volume: xr.Dataset) -> xr.Dataset:
    """Return maps of some planes as maps of all, empty where they were not solved for."""
    held = [dim for dim in "zyx" if dim in maps.dims]
    short = {dim: volume[dim] for dim in held if maps.sizes[dim] != volume.sizes[dim]}
    if not short:
        return maps
    empty = {name: np.nan if values.dtype.kind == "f" else 0 for name, values in maps.items()}
    return maps.reindex(short, fill_value=empty)


@contextmanager
def _kept(folder: Path) -> Iterator[None]:
    """Leave no empty folder behind where nothing was finished."""
    try:
        yield
    finally:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
