"""The Datasets of solved currents: maps over the face, their statistics over `direction`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from poreflux.schema import ACROSS, COORDINATES, MESH_DEPENDENT, VARIABLES, attributes, name_of
from poreflux.transport.electrode.column_porosity import column_porosity, decay_weights
from poreflux.transport.electrode.conditions import MA_CM2, OHM_CM2, Conditions
from poreflux.transport.electrode.contact_mask import contact_note
from poreflux.transport.electrode.correlation_length import unreliable
from poreflux.transport.electrode.newton import State
from poreflux.transport.electrode.statistics import correlation, statistics
from poreflux.transport.electrode.voxels import ElectrodeModel
from poreflux.transport.laplace.boundary import HIGH
from poreflux.transport.laplace.problem import Medium, order
from poreflux.transport.solvers.solution import KNOWN

#: without an estimate on smaller voxels, as of blocks, the largest current density is called
#: mesh-dependent where the Wagner length has fewer cells
RESOLVED = 10

STATES = ("pore", "detached", "unconnected", "reacting", "outside")

SWEPT = "swept_wagner_length"

#: statistics of every map, also of those over Wagner lengths
MAP_STATISTICS = tuple(
    name.removeprefix("sweep_")
    for name, variable in VARIABLES.items()
    if name.startswith("sweep_") and variable.dims == ("direction", SWEPT)
)


@dataclass(frozen=True)
class ElectrodeSurface:
    """The face of a volume at the electrode, before anything is solved.

    ``mask`` is the contact; ``solid`` (n1, n2) whether each voxel conducts; ``face`` (n1, n2)
    whether it is of the sample; ``porosity`` is that of
    columns less the mean, ``weighted_porosity`` the same with weights that decay from the electrode
    over ``depth`` µm.
    """

    operating: Conditions
    mask: xr.DataArray
    spacing: tuple[float, float, float]
    conductivity: float
    solid: np.ndarray
    face: np.ndarray
    porosity: np.ndarray
    weighted_porosity: np.ndarray
    depth: float

    @property
    def mask_fraction(self) -> float:
        """Return the part of the sample's face that is in contact."""
        return float(self.mask.values[self.face].mean())


def electrode_surface(
    operating: Conditions, mask: xr.DataArray, cells: np.ndarray, medium: Medium
) -> ElectrodeSurface:
    """Return what the results need to know of the cells, before a solve changes them."""
    last = operating.reacting == HIGH
    h = medium.spacing[0]
    face = medium.face(last, cells.shape)
    depth = operating.depth(medium.reference, float(mask.values[face].mean()), h)
    return ElectrodeSurface(
        operating,
        mask,
        medium.spacing,
        medium.reference,
        cells[-1 if last else 0] > 0,
        face,
        column_porosity(cells, sample=medium.sample),
        column_porosity(cells, decay_weights(len(cells), h, depth, last), medium.sample),
        depth,
    )


def solved_results(
    surface: ElectrodeSurface, model: ElectrodeModel, state: State, plane_current: np.ndarray
) -> xr.Dataset:
    """Return maps and statistics of one state; `plane_current` is that through each plane."""
    j = state.density / MA_CM2
    values = {
        **state_results(surface.operating, model, state, surface.spacing[1:], surface.conductivity),
        "contact_mask_fraction": surface.mask_fraction,
        "unconnected_contact_fraction": float(
            (surface.mask.values & surface.solid & ~model.cell.contact)[surface.face].mean()
        ),
        "carrying_fraction": model.carrying,
        "current_structure_correlation": correlation(abs(j), surface.porosity),
        "current_porosity_correlation": correlation(abs(j), surface.weighted_porosity),
        "current_flux_imbalance": float(np.ptp(plane_current) / abs(plane_current.mean())),
    }
    results = _dataset(surface, values)
    results["current_porosity_correlation"].attrs["depth"] = surface.depth
    for name in ("current_density_max", "area_specific_resistance"):
        results[f"{name}_solver_error"].attrs["bound"] = KNOWN[state.error.proved]
    flag_mesh_dependence(results, surface.spacing[1:])
    length = results["current_correlation_length"]
    if unreliable(float(length[0]), j.shape, surface.spacing[1:]):
        length.attrs["long_name"] += " (over a twelfth of the face: uncertain)"
        length.attrs["uncertain"] = 1
    return results.assign(_maps(surface, j, model.cell.contact))


def unconnected_results(surface: ElectrodeSurface) -> xr.Dataset:
    """Return the results where no electrolyte joins the fed face to the contact."""
    values = dict.fromkeys(MAP_STATISTICS, np.nan) | {
        "contact_fraction": 0.0,
        "contact_mask_fraction": surface.mask_fraction,
        "unconnected_contact_fraction": float(
            (surface.mask.values & surface.solid)[surface.face].mean()
        ),
        "carrying_fraction": 0.0,
        "area_specific_resistance": np.inf,
        "area_specific_resistance_bulk": np.inf,
        "wagner_length": surface.operating.wagner_length(surface.conductivity, 0.0),
    }
    reacting = np.zeros(surface.solid.shape, bool)
    return _dataset(surface, values).assign(
        _maps(surface, np.full(reacting.shape, np.nan), reacting)
    )


def sweep_results(
    surface: ElectrodeSurface, lengths: Sequence[float], model: ElectrodeModel, states: Sequence
) -> xr.Dataset:
    """Return statistics and maps over Wagner lengths, from pairs of conditions and state."""
    rows = [
        state_results(operating, model, state, surface.spacing[1:], surface.conductivity)
        for operating, state in states
    ]
    variables: dict = {
        f"sweep_{name}": (
            ("direction", SWEPT),
            [[row[name] for row in rows]],
            attributes(f"sweep_{name}"),
        )
        for name in rows[0]
    }
    name = name_of("sweep_current_density", surface.operating.direction)
    maps = np.stack([state.density / MA_CM2 for _, state in states]).astype(np.float32)
    variables[name] = ((SWEPT, *surface.mask.dims), maps, attributes(name))
    swept = {"units": COORDINATES[SWEPT].units, "long_name": COORDINATES[SWEPT].long_name}
    coords = {
        "direction": [surface.operating.direction],
        SWEPT: (SWEPT, np.array(lengths, float), swept),
        **{dim: surface.mask[dim] for dim in surface.mask.dims},
    }
    return xr.Dataset(variables, coords=coords)


def state_results(
    operating: Conditions,
    model: ElectrodeModel,
    state: State,
    spacing: tuple[float, float],
    conductivity: float,
) -> dict:
    """Return the statistics of one state by name; `spacing` is that of the face in µm."""
    cell, sign = model.cell, np.sign(operating.applied)
    area = model.faces
    power = float(np.nansum(state.density * state.overpotential * cell.share))
    total = state.voltage / operating.applied
    kinetic = power / (area * operating.applied**2)
    feed = state.feed_excess / operating.applied
    contact = float(cell.share.sum() / area)
    numbers = statistics(sign * state.density / MA_CM2, spacing, cell.share)
    largest = numbers["current_density_max"]
    return {
        **numbers,
        "current_density_max_solver_error": state.error.density / MA_CM2,
        **_discretisation(largest, [value / MA_CM2 for value in state.largest_on_half_voxels]),
        "contact_fraction": contact,
        "area_specific_resistance": total / OHM_CM2,
        "area_specific_resistance_solver_error": abs(state.error.voltage / operating.applied)
        / OHM_CM2,
        "area_specific_resistance_bulk": model.bulk / OHM_CM2,
        "area_specific_resistance_bulk_solver_error": model.bulk * model.bulk_error / OHM_CM2,
        "area_specific_resistance_constriction": (total - model.bulk - kinetic - feed) / OHM_CM2,
        "area_specific_resistance_feed": feed / OHM_CM2,
        "area_specific_resistance_kinetic": kinetic / OHM_CM2,
        "wagner_length": operating.wagner_length(conductivity, contact),
        "current_mismatch": state.mismatch,
        "current_residual": state.residual,
        "current_iterations": state.iterations,
        "newton_steps": state.steps,
    }


def _dataset(surface: ElectrodeSurface, values: dict) -> xr.Dataset:
    variables = {name: ("direction", [value], attributes(name)) for name, value in values.items()}
    return xr.Dataset(variables, coords={"direction": [surface.operating.direction]})


def note_conductivities(results: xr.Dataset, direction: str, phases: Mapping[str, float]) -> None:
    """Say at the maps of a current which phases conducted, where there were several."""
    for quantity in ("current_density", "upscaled_current_density"):
        name = name_of(quantity, direction)
        if len(phases) > 1 and name in results:
            results[name].attrs["conductivities"] = dict(phases)


def _maps(surface: ElectrodeSurface, j: np.ndarray, reacting: np.ndarray) -> dict:
    direction = surface.operating.direction
    dims = ACROSS[direction]
    state = np.where(surface.solid, np.where(surface.mask.values, 2, 1), 0)
    state[reacting] = 3
    state[~surface.face] = 4
    note = {**surface.operating.attributes(), "conductivity": surface.conductivity}
    note |= contact_note(surface.mask)
    coords = {dim: surface.mask[dim] for dim in dims}
    flags = {"flag_values": np.arange(5, dtype=np.uint8), "flag_meanings": " ".join(STATES)}
    maps = {
        name_of("current_density", direction): (j.astype(np.float32), note),
        name_of("interface_state", direction): (state.astype(np.uint8), flags),
    }
    return {
        name: xr.DataArray(values, dims=dims, coords=coords, attrs={**attributes(name), **extra})
        for name, (values, extra) in maps.items()
    }


def _discretisation(largest: float, refined: Sequence[float]) -> dict[str, float]:
    """Return the change of the largest current density on voxels half as large, and the interval
    that has it on much smaller ones: the steps that follow add up to about as much again."""
    low, high = sorted(refined)
    name = "current_density_max"
    return {
        f"{name}_refinement": float(np.sqrt(low * high)) / largest - 1,
        f"{name}_discretisation_low": largest + 2 * min(low - largest, 0.0) - (high - low),
        f"{name}_discretisation_high": largest + 2 * max(high - largest, 0.0) + (high - low),
    }


def flag_mesh_dependence(
    results: xr.Dataset, spacing: tuple[float, float], prefix: str = ""
) -> None:
    """Mark the largest current density as mesh-dependent, where it is."""
    change = float(results[f"{prefix}current_density_max_refinement"][0])
    wagner_length = float(results[f"{prefix}wagner_length"][0])
    coarse = wagner_length < RESOLVED * max(spacing)
    if abs(change) > MESH_DEPENDENT or (np.isnan(change) and coarse):
        largest = results[f"{prefix}current_density_max"]
        largest.attrs["long_name"] += " (mesh-dependent)"
        largest.attrs["mesh_dependent"] = 1


def section_array(
    values: np.ndarray, operating: Conditions, volume: xr.Dataset
) -> dict[str, xr.DataArray]:
    """Return the section of the current density by name, with its coordinates and position."""
    dims = order(operating.direction)
    name = name_of("current_section", operating.direction)
    section_dims = (dims[0], dims[2])
    middle = volume[dims[1]][volume.sizes[dims[1]] // 2]
    attrs = {**attributes(name), "position": float(middle), "across": dims[1]}
    coords = {dim: volume[dim] for dim in section_dims}
    return {name: xr.DataArray(values, coords, section_dims, attrs=attrs)}
