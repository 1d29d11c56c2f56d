"""The current density at an electrode on a porous electrolyte: where the lithium will go."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Unpack, get_args

import numpy as np
import xarray as xr

from poreflux import blocks as blocked
from poreflux.annotations import (
    Drive,
    ElectrodeFace,
    EngineName,
    Resolution,
)
from poreflux.progress import shows_progress
from poreflux.schema import along_each, directions_of
from poreflux.transport import field_output
from poreflux.transport.electrode import fields, planes
from poreflux.transport.electrode import upscaled as upscaling
from poreflux.transport.electrode.conditions import (
    INITIAL_CONTACT,
    Conditions,
    conditions,
    wagner_lengths_of,
)
from poreflux.transport.electrode.contact_mask import Contact, contact_of
from poreflux.transport.electrode.dataset import (
    electrode_surface,
    note_conductivities,
    section_array,
    solved_results,
    sweep_results,
    unconnected_results,
)
from poreflux.transport.electrode.options import CurrentOptions, Solver, apart
from poreflux.transport.electrode.voxels import plane_currents, prepare_voxels, solve
from poreflux.transport.engines.choosing import engine_of
from poreflux.transport.engines.engine import Engine
from poreflux.transport.laplace.problem import one_conductor
from poreflux.transport.medium import conductivity_table, conductors_of, read_medium
from poreflux.transport.tortuosity import device_memory
from poreflux.transport.tortuosity.effective_conductivity import forecast, host_forecast
from poreflux.volume import refuse_shape, require, within_mask

RESOLUTIONS = get_args(Resolution)


@shows_progress("current")
def interfacial_current(
    volume: xr.Dataset,
    *,
    applied: float = 1.0,
    contact: Contact = INITIAL_CONTACT,
    conductivity: float | Mapping[str, float] = 0.1,
    drive: Drive = "flux",
    direction: str | Sequence[str] = "z",
    face: ElectrodeFace = "last",
    wagner_lengths: Sequence[float] = (),
    resolution: Resolution = "voxel",
    blocks: Sequence[int] | xr.Dataset = (4, 4, 4),
    **options: Unpack[CurrentOptions],
) -> xr.Dataset:
    """Compute the current density at an electrode on one face of a volume.

    Parameters
    ----------
    volume
        with `phase` (z, y, x); of a `mask`, of any shape, what is inside: the face is the sample's.
    applied
        current density of the whole face in mA/cm²; positive for plating, negative for stripping.
    contact
        share of the face in contact, as :func:`poreflux.contact_mask` makes by default; or a mask:
        an array over the face or an image file, contact where not 0.
    conductivity
        of the phase `electrolyte`, or else of the only one that is not `pore`, in S/m; or of each
        phase that conducts, by name.
    charge_transfer_resistance
        in ohm cm², by default 0.8: lithium on Li6PS5Cl. A choice.
    exchange_current_density
        in mA/cm², instead: ``R T / (F charge_transfer_resistance)``.
    kinetics
        ``"butler-volmer"``, ``"linear"``, or ``"primary"``: no resistance of charge transfer.
    transfer_coefficient
        between 0 and 1.
    film_resistance
        in series with the charge transfer, in ohm cm².
    temperature
        in K.
    drive
        ``"flux"``: each connected electrolyte face opposite the electrode carries the same current;
        ``"equipotential"``: they share one potential, which follows from the current.
    direction
        across the electrode: ``"z"``, ``"y"``, ``"x"``, several like ``"zx"``, or ``"all"``, each
        with an electrode of its own.
    face
        where the electrode is along it: ``"last"`` or ``"first"``.
    wagner_lengths
        in µm: solves again with the charge transfer of which ``conductivity *
        charge_transfer_resistance`` is each, on the same grids; 0 is primary.
    resolution
        ``"voxel"``; ``"upscaled"``: on blocks, each with the conductivity of its own tortuosity
        factor along each direction, and the contact a share of its faces; or ``"both"``.
    blocks
        number of blocks along (z, y, x), or what :func:`poreflux.block_tortuosity` found with these
        conductivities.
    rtol
        relative error of the current densities; currents in and out agree 1000 times better. Where
        rounding does not allow that, of the power; `current_density_max_solver_error` says more.
    field
        the store of this volume, to which to write `cell_potential` and `cell_current_density`.
    threads
        by default all cores that this process may use.
    engine
        ``"threads"`` on these cores, or ``"cuda"`` on the graphics processor (voxels; not blocks).
    progress
        True for a bar (the default in notebooks), False for none; or what is called as
        ``progress(done, total, note)``.

    Returns
    -------
    Dataset with the map `current_density` over the face (mA/cm², NaN off contact; `_y`, `_x`
    appended for these directions), `interface_state`, the section `current_section`, and over
    `direction` (one entry) the numbers of the map: mean, CV, percentiles, Gini, hot spots,
    correlations; what part of the face reacts; the area-specific resistance and its parts; how
    well the solve balances. With `wagner_lengths` also `sweep_...` of each. Where no electrolyte
    joins the current to the contact, `contact_fraction` is 0, the resistance infinite, and nothing
    else is known.

    Raises
    ------
    KeyError
        if a phase is not in the volume, or the volume has no `phase`.
    ValueError
        if an argument makes no sense.
    TooLarge
        if the solve needs more memory than is free.
    NotConverged
        if the solver stalls.

    Notes
    -----
    Laplace's equation in the electrolyte (a single-ion conductor), all walls insulated but for the
    fed face and the faces in contact; there ``j = i0 (exp(alpha F eta / R T) - exp(-(1 - alpha) F
    eta / R T))`` of the potential against the metal, behind half a voxel of electrolyte and a
    film. The mean over the contact is the applied current over `contact_fraction`, exactly. One
    length rules how uneven the current is: the Wagner length ``conductivity * (d eta / d j +
    film_resistance)`` at the mean current density of the contact; far from equilibrium it is
    short, whatever the resistance at rest. The largest value grows as voxels get smaller:
    `current_density_max_refinement` is by how much on voxels half as large, from a solve around
    the hottest faces; beyond 2 % it is called mesh-dependent. Of the resistance, bulk is that
    between equipotential faces, kinetic that of the interface; constriction is what the current
    at the electrode adds by gathering at the contact, feed what an even current at the opposite
    face adds, none where that is equipotential. The potential of the opposite face, weighted by
    the current of an equipotential one, tells the two apart, by reciprocity.

    `current_density_max_solver_error` is how far any current density may be from the solution of
    the discrete problem, `area_specific_resistance_solver_error` how far the resistance may be:
    bounds of the linearised problem in volumes of up to 2^20 voxels, by the power of a current that
    balances what is left, and estimates in larger ones.

    References
    ----------
    Lin et al., ACS Energy Lett. 9 (2024) 2387. Newman and Thomas-Alyea, Electrochemical Systems,
    3rd ed. (2004), ch. 18, on current distributions.

    Examples
    --------
    >>> from poreflux import phantoms
    >>> dense = phantoms.uniform((8, 12, 12))
    >>> found = interfacial_current(dense, contact=0.75)
    >>> round(float(found.current_density_mean[0]), 6)
    1.333333
    """
    directions = directions_of(direction)
    if len(directions) > 1:
        _check_each(contact, options.get("field"), directions)
        return along_each(
            directions,
            lambda one: interfacial_current(
                volume, applied=applied, contact=contact, conductivity=conductivity, drive=drive,
                direction=one, face=face, wagner_lengths=wagner_lengths, resolution=resolution,
                blocks=blocks, **options,
            ),
        )  # fmt: skip
    (across,) = directions
    law, solver = apart(options)
    operating = conditions(
        applied=applied, drive=drive, direction=across, face=face, rtol=solver.rtol, **law
    )
    phases = conductors_of(volume, conductivity)
    binary = one_conductor(conductivity_table(volume, phases))
    lengths = wagner_lengths_of(wagner_lengths)
    if resolution not in RESOLUTIONS:
        raise ValueError(f"resolution={resolution!r} is not known; choose one of {RESOLUTIONS}")
    volume = within_mask(volume, solver.field)
    if resolution != "voxel":
        refuse_shape(
            volume, "upscaled blocks need", "one that is cut has no conductivity across its faces"
        )
    mask = contact_of(volume, contact, across)
    if solver.field is not None:
        described = fields.described(operating, phases, mask.values)
        field_output.check_target(require(volume, "phase").shape, solver.field, described)
    if resolution != "voxel":
        upscaling.check_blocks(volume, blocks)
    datasets = []
    if resolution in ("voxel", "both"):
        _refuse_too_large(volume, binary, drive, solver.engine)
        with closing(engine_of(solver.engine, solver.threads)) as engine:
            datasets.append(_voxels(volume, phases, operating, mask, lengths, solver, engine))
    if resolution in ("upscaled", "both"):
        kappa = upscaling.block_conductivity(volume, blocks, phases, solver.progress)
        datasets.append(
            upscaling.upscaled(
                volume, kappa, max(phases.values()), operating, mask, solver.progress
            )
        )
    results = xr.merge(datasets)
    if resolution == "both":
        results = results.merge(upscaling.correlation_with_voxels(results, operating))
    note_conductivities(results, across, phases)
    return results


def _check_each(contact: object, field: object, directions: Sequence[str]) -> None:
    """Raise ``ValueError`` for what is of one face only."""
    faces = ", ".join(directions)
    if field is not None:
        raise ValueError(f"a field is of one direction, not of {faces}; give one")
    if not isinstance(contact, (int, float)):
        raise ValueError(
            f"contact is a mask of one face, not of those across {faces}; give a share, or one "
            "direction"
        )


def _voxels(
    volume: xr.Dataset,
    phases: Mapping[str, float],
    operating: Conditions,
    mask: xr.DataArray,
    lengths: Sequence[float],
    solver: Solver,
    engine: Engine,
) -> xr.Dataset:
    field, progress = solver.field, solver.progress
    cells, medium = read_medium(volume, operating.direction, phases, engine)
    surface = electrode_surface(operating, mask, cells, medium)
    model = prepare_voxels(cells, medium, mask.values.astype(float), operating, engine, progress)
    if model is None:
        return unconnected_results(surface)
    swept = (operating.at_wagner_length(length, medium.reference) for length in lengths)
    states = solve(model, [operating, *swept], progress)
    _, state = next(states)
    results = solved_results(surface, model, state, plane_currents(model))
    section = planes.current_section(model, medium.spacing, medium.reference)
    results.update(section_array(section, operating, volume))
    if field is not None:
        fields.write(model, medium, fields.described(operating, phases, mask.values), field)
    if lengths:
        results = results.merge(sweep_results(surface, lengths, model, list(states)))
    return results


def memory(shape: tuple[int, int, int], binary: bool = True, drive: str = "flux") -> int:
    """Return the bytes of a solve at its peak: those of the tortuosity factor in float64, and
    half a number a voxel for the last step of Newton's method and for the answer to one volt."""
    extra = 8 if drive == "equipotential" else 4
    return forecast(shape, "float64", binary) + extra * int(np.prod(shape))


def _refuse_too_large(
    volume: xr.Dataset, binary: bool, drive: str, engine: EngineName = "threads"
) -> None:
    nz, ny, nx = require(volume, "phase").shape
    shape = nz, ny, nx
    extra = memory(shape, binary, drive) - forecast(shape, "float64", binary)
    device_memory.refuse(shape, "float64", binary, engine, extra)
    on_host = memory(shape, binary, drive) if engine == "threads" else host_forecast(shape)
    blocked.refuse(
        on_host + (nz * ny * nx if "mask" in volume else 0),
        f"the current through {'x'.join(map(str, shape))} voxels",
        do="crop the volume along the electrode, or use more machines with "
        "poreflux.transport.parallel",
    )
