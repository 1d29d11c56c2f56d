"""Dissipation: in which voxels the power of a current is lost, and where the bottlenecks are."""

import math
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import xarray as xr

from poreflux.annotations import EngineName, Geometry, Precision, ShownProgress, Sides
from poreflux.progress import shows_progress
from poreflux.schema import Direction
from poreflux.transport import field_output
from poreflux.transport.engines.choosing import engine_of
from poreflux.transport.laplace.problem import check_options
from poreflux.transport.medium import conductors_of, read_medium, read_partial
from poreflux.transport.tortuosity.effective_conductivity import (
    refuse_too_large,
    section_note,
    solve,
    tortuosity_dataset,
)
from poreflux.transport.tortuosity.power_density import Spread, power_density
from poreflux.transport.tortuosity.power_maps import (
    described_maps,
    slabs_of_maps,
    statistics,
    without_current,
)
from poreflux.volume import refuse_shape, require, within_mask


@shows_progress("dissipation")
def dissipation(
    volume: xr.Dataset,
    *,
    direction: Direction = "z",
    conductivity: Mapping[str, float] | None = None,
    sides: Sides = "insulated",
    geometry: Geometry = "voxels",
    rtol: float = 1e-6,
    precision: Precision | None = None,
    field: str | Path | None = None,
    threads: int | None = None,
    engine: EngineName = "threads",
    progress: ShownProgress = None,
) -> xr.Dataset:
    """Solve as :func:`poreflux.tortuosity_factor`, and measure where the power is dissipated.

    Parameters
    ----------
    volume, direction, conductivity, sides, geometry, rtol, precision, threads, engine, progress
        as for :func:`poreflux.tortuosity_factor`.
    field
        the store of this volume, to which to write `dissipation` and `voxel_tortuosity_factor`
        beside `potential` and `current_density_magnitude`.

    Returns
    -------
    Dataset of :func:`poreflux.tortuosity_factor`, and over `direction`:
    `dissipation_half_fraction`, the least share of the conducting voxels in which half of the power
    is dissipated (0.5 in straight channels, smaller the narrower the bottlenecks);
    `dissipation_top_share`, the share of the power in the one voxel of a hundred that dissipates
    most; `voxel_tortuosity_factor_median` and `voxel_tortuosity_factor_p99`, of the map of that
    name over the conducting voxels; and `dissipation_imbalance`, the relative difference of the sum
    over all voxels from the power that is applied. NaN where nothing percolates.

    Raises
    ------
    as :func:`poreflux.tortuosity_factor`.

    Notes
    -----
    ``q = kappa |grad u|**2`` is the power density. `dissipation` is relative to that of a uniform
    block of the reference phase under the same difference of potential: its mean over the sample is
    `effective_conductivity`. A face between two voxels is the resistances of two half voxels in
    series; what each of them dissipates is of its own voxel, so that the sum over the voxels is the
    applied power to the last digit, for any conductivities. Partial voxels conduct side by side:
    each loses in proportion to its share, counts as so much of a voxel, and has the
    `voxel_tortuosity_factor` of what conducts in it.

    `voxel_tortuosity_factor` is the same map scaled such that its mean over the conducting voxels
    is the tortuosity factor. With one conductor it is ``|J|**2 / <J_z>**2``: 1 where the current is
    as in straight channels, above in bottlenecks, near 0 in dead ends. That the mean power gives
    the effective conductivity is Hill's condition.

    References
    ----------
    R. Hill, J. Mech. Phys. Solids 11 (1963) 357, on the mean of the power; S. Torquato, Random
    Heterogeneous Materials, Springer (2002), on its spread.

    Examples
    --------
    >>> from poreflux.phantoms import columns
    >>> found = dissipation(columns(6, width=2, period=3))
    >>> round(float(found["dissipation_half_fraction"][0]), 6)
    0.5
    """
    check_options(sides, rtol)
    volume = within_mask(volume, field)
    conductivity = conductors_of(volume, conductivity)
    if sides == "periodic":
        refuse_shape(volume, "periodic sides need", "what repeats has no outside")
    phase = require(volume, "phase")
    described = described_maps(direction, conductivity, sides, geometry)
    if field is not None:
        field_output.check_target(phase.shape, field, described)
    refuse_too_large(volume, conductivity, rtol, precision, geometry, engine=engine)
    with closing(engine_of(engine, threads)) as runner:
        read_cells = read_partial if geometry == "partial" else read_medium
        cells, medium = read_cells(volume, direction, conductivity, runner)
        shape = cells.shape
        conducting = medium.conducting * medium.filled
        effective = solve(
            cells, medium, runner, sides=sides, rtol=rtol, precision=precision, progress=progress
        )
        note: dict = {"conductivity": dict(conductivity), "sides": sides, "rtol": rtol}
        note["geometry"] = geometry
        note |= section_note(None if medium.sample is None else medium.constant_section)
        result = tortuosity_dataset(direction, medium.mean, medium.conducting, effective, note)
        if effective.solution is None or effective.problem is None:
            return result.assign(without_current())
        solution, problem = effective.solution, effective.problem
        cells_solved = math.prod(problem.shape)  # of two periods where one has an odd edge
        voxels = conducting * cells_solved
        applied = problem.relative_conductivity(solution.energy) * cells_solved
        factor = float(result["tortuosity_factor"][0]) * voxels / applied
        spread = Spread()
        if field is None:
            for _, density, share in power_density(solution, problem):
                spread.add(density, share)
        else:
            planes = field_output.planes_at_a_time(shape[1] * shape[2])
            slabs = slabs_of_maps(solution, problem, shape, planes, spread, factor)
            with field_output.making(field, described, direction) as folder:
                field_output.write(folder, list(described), direction, slabs)
    return result.assign(statistics(spread, voxels, factor, applied))
