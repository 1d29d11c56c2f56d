"""Solved currents become Datasets: maps over the face, numbers over `direction`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from poreflux.schema import ACROSS, VARIABLES, attributes, name_of
from poreflux.transport.electrode.column_porosity import column_porosity, decay_weights
from poreflux.transport.electrode.conditions import MA_CM2, OHM_CM2, Conditions
from poreflux.transport.electrode.newton import State
from poreflux.transport.electrode.statistics import correlation, statistics
from poreflux.transport.electrode.voxels import ElectrodeModel
from poreflux.transport.laplace.boundary import HIGH
from poreflux.transport.medium import Medium

#: the largest current density is a number of the mesh where the Wagner length has fewer voxels
RESOLVED = 3

STATES = ("pore", "detached", "unconnected", "reacting")

SWEPT = "swept_wagner_length"

#: what is known of every map
NUMBERS = tuple(
    name.removeprefix("sweep_")
    for name, variable in VARIABLES.items()
    if name.startswith("sweep_") and variable.dims == ("direction", SWEPT)
)


@dataclass(frozen=True)
class Face:
    """The electrode's face of a volume before anything is solved.

    ``mask`` is the contact; ``solid`` (n1, n2) whether each voxel conducts; ``columns`` the
    porosity of columns less the mean, ``close`` the same weighed near the electrode over ``depth``
    µm.
    """

    asked: Conditions
    mask: xr.DataArray
    spacing: tuple[float, float, float]
    conductivity: float
    solid: np.ndarray
    columns: np.ndarray
    close: np.ndarray
    depth: float


def face(asked: Conditions, mask: xr.DataArray, cells: np.ndarray, medium: Medium) -> Face:
    """Return what the results need of the cells, which a solve will change."""
    last = asked.reacting == HIGH
    h = medium.spacing[0]
    depth = asked.depth(medium.reference, h)
    return Face(
        asked,
        mask,
        medium.spacing,
        medium.reference,
        cells[-1 if last else 0] > 0,
        column_porosity(cells),
        column_porosity(cells, decay_weights(len(cells), h, depth, last)),
        depth,
    )


def solved(face: Face, found: ElectrodeModel, state: State, planes: np.ndarray) -> xr.Dataset:
    """Return maps and numbers of one state, and of the currents through its planes."""
    j = state.density / MA_CM2
    values = {
        **numbers(face.asked, found, state, face.spacing[1:], face.conductivity),
        "contact_mask_fraction": float(face.mask.mean()),
        "unconnected_contact_fraction": float(
            (face.mask.values & face.solid & ~found.cell.contact).mean()
        ),
        "carrying_fraction": found.carrying,
        "current_structure_correlation": correlation(abs(j), face.columns),
        "current_porosity_correlation": correlation(abs(j), face.close),
        "current_flux_imbalance": float(np.ptp(planes) / abs(planes.mean())),
    }
    results = _dataset(face, values)
    results["current_porosity_correlation"].attrs["depth"] = face.depth
    wagner_length = face.asked.wagner_length(face.conductivity)
    flag(results["current_density_max"], wagner_length, face.spacing[1:])
    return results.assign(_maps(face, j, found.cell.contact))


def unsolved(face: Face) -> xr.Dataset:
    """Return the answer where no electrolyte joins the current to the contact."""
    values = dict.fromkeys(NUMBERS, np.nan) | {
        "contact_fraction": 0.0,
        "contact_mask_fraction": float(face.mask.mean()),
        "unconnected_contact_fraction": float((face.mask.values & face.solid).mean()),
        "carrying_fraction": 0.0,
        "area_specific_resistance": np.inf,
        "area_specific_resistance_bulk": np.inf,
        "wagner_length": face.asked.wagner_length(face.conductivity),
    }
    off = np.zeros(face.solid.shape, bool)
    return _dataset(face, values).assign(_maps(face, np.full(off.shape, np.nan), off))


def sweep(
    face: Face, lengths: Sequence[float], found: ElectrodeModel, states: Sequence
) -> xr.Dataset:
    """Return the numbers and maps of pairs of conditions and state over their Wagner lengths."""
    rows = [
        numbers(asked, found, state, face.spacing[1:], face.conductivity) for asked, state in states
    ]
    variables: dict = {
        f"sweep_{name}": (
            ("direction", SWEPT),
            [[row[name] for row in rows]],
            attributes(f"sweep_{name}"),
        )
        for name in rows[0]
    }
    name = name_of("sweep_current_density", face.asked.direction)
    maps = np.stack([state.density / MA_CM2 for _, state in states]).astype(np.float32)
    variables[name] = ((SWEPT, *face.mask.dims), maps, attributes(name))
    coords = {
        "direction": [face.asked.direction],
        SWEPT: (SWEPT, np.array(lengths, float), attributes("wagner_length")),
        **{dim: face.mask[dim] for dim in face.mask.dims},
    }
    results = xr.Dataset(variables, coords=coords)
    limit = RESOLVED * max(face.spacing[1:])
    results["sweep_current_density_max"].attrs["mesh_dependent_below"] = limit
    return results


def numbers(
    asked: Conditions,
    found: ElectrodeModel,
    state: State,
    spacing: tuple[float, float],
    conductivity: float,
) -> dict:
    """Return the numbers of one state by name; `spacing` is that of the face in µm."""
    cell, sign = found.cell, np.sign(asked.applied)
    area = cell.share.size
    power = float(np.nansum(state.density * state.overpotential * cell.share))
    total = state.voltage / asked.applied
    kinetic = power / (area * asked.applied**2)
    return {
        **statistics(sign * state.density / MA_CM2, spacing, cell.share),
        "contact_fraction": float(cell.share.sum() / area),
        "area_specific_resistance": total / OHM_CM2,
        "area_specific_resistance_bulk": found.bulk / OHM_CM2,
        "area_specific_resistance_constriction": (total - found.bulk - kinetic) / OHM_CM2,
        "area_specific_resistance_kinetic": kinetic / OHM_CM2,
        "wagner_length": asked.wagner_length(conductivity),
        "current_mismatch": state.mismatch,
        "current_residual": state.residual,
        "current_iterations": state.iterations,
        "newton_steps": state.steps,
    }


def _dataset(face: Face, values: dict) -> xr.Dataset:
    variables = {name: ("direction", [value], attributes(name)) for name, value in values.items()}
    return xr.Dataset(variables, coords={"direction": [face.asked.direction]})


def _maps(face: Face, j: np.ndarray, reacting: np.ndarray) -> dict:
    direction = face.asked.direction
    dims = ACROSS[direction]
    state = np.where(face.solid, np.where(face.mask.values, 2, 1), 0)
    state[reacting] = 3
    contact = {f"contact_{key}": value for key, value in face.mask.attrs.items() if key != "units"}
    note = {**face.asked.attributes(), "conductivity": face.conductivity, **contact}
    coords = {dim: face.mask[dim] for dim in dims}
    flags = {"flag_values": np.arange(4, dtype=np.uint8), "flag_meanings": " ".join(STATES)}
    maps = {
        name_of("current_density", direction): (j.astype(np.float32), note),
        name_of("interface_state", direction): (state.astype(np.uint8), flags),
    }
    return {
        name: xr.DataArray(values, dims=dims, coords=coords, attrs={**attributes(name), **more})
        for name, (values, more) in maps.items()
    }


def flag(largest: xr.DataArray, wagner_length: float, spacing: tuple[float, float]) -> None:
    """Say of the largest current density that it is a number of the mesh, where it is."""
    if wagner_length < RESOLVED * max(spacing):
        largest.attrs["long_name"] += " (mesh-dependent)"
        largest.attrs["mesh_dependent"] = 1
