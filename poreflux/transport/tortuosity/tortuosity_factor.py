"""Tortuosity factor: how much less a whole volume conducts than its conducting phase would."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import xarray as xr

from poreflux.annotations import EngineName, Geometry, Precision, ShownProgress, Sides
from poreflux.progress import shows_progress
from poreflux.schema import along_each, directions_of
from poreflux.transport import field_output
from poreflux.transport.engines.choosing import engine_of
from poreflux.transport.laplace.problem import check_options, order
from poreflux.transport.medium import conductors_of, read_medium, read_partial
from poreflux.transport.tortuosity import fields
from poreflux.transport.tortuosity.effective_conductivity import (
    refuse_too_large,
    section_note,
    solve,
    tortuosity_dataset,
)
from poreflux.volume import refuse_shape, require, within_mask


@shows_progress("tortuosity")
def tortuosity_factor(
    volume: xr.Dataset,
    *,
    direction: str | Sequence[str] = "z",
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
    """Compute the tortuosity factor of a volume from the steady current between two opposite faces.

    Parameters
    ----------
    volume
        with `phase` (z, y, x); of a `mask`, of any shape, what is inside.
    direction
        of transport: ``"z"``, ``"y"``, ``"x"``, several like ``"zx"``, or ``"all"``.
    conductivity
        of each phase that conducts, by name, in any one unit; the others are insulators. By default
        the phase `electrolyte` conducts, or else the only one that is not `pore`.
    sides
        ``"insulated"`` or ``"periodic"``: the four faces along the transport.
    geometry
        ``"voxels"`` conducts by `phase`, in steps that make the tortuosity factor too high;
        ``"partial"`` by `solid_fraction`, which follows curved surfaces but lets blurred ones
        conduct, which makes it too low. It takes one conducting phase.
    rtol
        relative error of the effective conductivity at which the solver stops.
    precision
        ``"float32"`` or ``"float64"`` of the Krylov vectors; by default what `rtol` needs.
    field
        the store of this volume, to which to write `potential` (1 at the low face, 0 at the high
        one) and `current_density_magnitude`; of one direction.
    threads
        by default all cores that this process may use.
    engine
        ``"threads"`` on these cores, or ``"cuda"`` on the graphics processor.
    progress
        True for a bar (the default in notebooks), False for none; or what is called as
        ``progress(done, total, note)``.

    Returns
    -------
    Dataset with dim `direction` and `tortuosity_factor`,
    `tortuosity_factor_percolating`, `effective_conductivity` and `macmullin_number` (relative to
    the most conductive phase), `conducting_fraction` (of partial voxels their mean),
    `percolating_fraction`, `relative_error`, `flux_imbalance`, `residual`, `iterations`. Where
    nothing joins the two faces the tortuosity factor is infinite and the effective conductivity
    zero.

    Raises
    ------
    KeyError
        if a phase is not in the volume, or the volume has no `phase`.
    ValueError
        if an argument makes no sense.
    TooLarge
        if the solve needs more memory than is free, of the host or of the graphics processor.
    NoDevice
        if there is no graphics processor for ``engine="cuda"``.
    NotConverged
        if the solver stalls.

    Notes
    -----
    ``tau = phi kappa_0 / kappa_eff``, with phi the fraction of all voxels that conduct, percolating
    or not, and the potentials given on the outer faces of the first and the last plane of voxels.
    For several conducting phases ``phi kappa_0`` is the mean conductivity. Finite volumes; a face
    between unlike voxels has the harmonic mean of their conductivities, between partial voxels the
    arithmetic one. kappa_eff is the energy of the potential, an upper bound of the discrete value.
    How far that is from the value of much finer voxels, :func:`poreflux.tortuosity_discretisation`
    estimates.

    Outside of a mask nothing conducts and nothing counts; the potentials are given where the sample
    meets the end planes of its box. kappa_eff of a rod refers to its own section; of a sample whose
    section varies along the transport, it is kappa_0 times the conductance over that of the same
    shape filled with the best conductor, from a second solve: 1 without pores, whatever the shape.

    References
    ----------
    Cooper et al., SoftwareX 5 (2016) 203; Tjaden et al., Int. Mater. Rev. 63 (2018) 47 on
    definitions.

    Examples
    --------
    >>> import numpy as np
    >>> from poreflux import from_array
    >>> volume = from_array(np.ones((6, 5, 4), np.uint8))
    >>> round(float(tortuosity_factor(volume).tortuosity_factor[0]), 9)
    1.0
    """
    directions = directions_of(direction)
    check_options(sides, rtol)
    if field is not None and len(directions) > 1:
        raise ValueError(f"a field is of one direction, not of {', '.join(directions)}; give one")
    volume = within_mask(volume, field)
    conductivity = conductors_of(volume, conductivity)
    if sides == "periodic":
        refuse_shape(volume, "periodic sides need", "what repeats has no outside")
    options: dict = {"sides": sides, "rtol": rtol, "precision": precision, "progress": progress}
    options |= {"threads": threads, "engine": engine}
    solve_one = partial(_along, volume, conductivity, geometry, field, options)
    return along_each(directions, solve_one)


def _along(
    volume: xr.Dataset,
    conductivity: Mapping[str, float],
    geometry: Geometry,
    field: str | Path | None,
    options: Mapping[str, Any],
    direction: str,
) -> xr.Dataset:
    """Return the results along one direction."""
    solving = dict(options)
    threads, engine = solving.pop("threads"), solving.pop("engine")
    sides, rtol = options["sides"], options["rtol"]
    phase = require(volume, "phase")
    if field is not None:
        described = fields.described(direction, conductivity, sides, geometry)
        field_output.check_target(phase.shape, field, described)
    refuse_too_large(volume, conductivity, rtol, options["precision"], geometry, engine=engine)
    with closing(engine_of(engine, threads)) as runner:
        if geometry == "partial":
            cells, medium = read_partial(volume, direction, conductivity, runner)
        else:
            cells, medium = read_medium(volume, direction, conductivity, runner)
        effective = solve(cells, medium, runner, **solving)
        if field is not None and effective.solution is not None and effective.problem is not None:
            shape = [phase.sizes[dim] for dim in order(direction)]
            fields.write(effective.solution, effective.problem, shape, described, field)
    note: dict = {"conductivity": dict(conductivity), "sides": sides, "rtol": rtol}
    note["geometry"] = geometry
    note |= section_note(None if medium.sample is None else medium.constant_section)
    return tortuosity_dataset(direction, medium.mean, medium.conducting, effective, note)
