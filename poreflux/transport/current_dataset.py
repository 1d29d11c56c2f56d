"""Solved currents become Datasets: maps over the face, numbers over `direction`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from poreflux.schema import DIMS, VARIABLES, attributes
from poreflux.transport.columns import column_porosity, near
from poreflux.transport.conditions import MA_CM2, OHM_CM2, Conditions
from poreflux.transport.contact import across
from poreflux.transport.current_statistics import correlation, statistics
from poreflux.transport.electrode import State
from poreflux.transport.ends import HIGH
from poreflux.transport.medium import Medium
from poreflux.transport.voxel_current import VoxelCurrent, plane_currents

#: the largest current density is a number of the mesh where the Wagner length has fewer voxels
RESOLVED = 3

#: voxels over which the porosity near the electrode is weighed at least
NEAR = 5

STATES = ("pore", "detached", "unconnected", "reacting")

SWEPT = "swept_wagner_length"


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


def face(asked: Conditions, mask: xr.DataArray, cells: Medium) -> Face:
    """Return what the results need of the cells, which a solve will change."""
    last = asked.reacting == HIGH
    planes, h = len(cells.cells), cells.spacing[0]
    depth = max(asked.wagner_length(cells.reference), NEAR * h)
    return Face(
        asked,
        mask,
        cells.spacing,
        cells.reference,
        cells.cells[-1 if last else 0] > 0,
        column_porosity(cells.cells),
        column_porosity(cells.cells, near(planes, h, depth, last)),
        depth,
    )


def suffix(direction: str) -> str:
    """Return what names of maps across a direction end in: nothing for z.

    >>> suffix("z"), suffix("y")
    ('', '_y')
    """
    return "" if direction == "z" else f"_{direction}"


def solved(face: Face, found: VoxelCurrent, state: State) -> xr.Dataset:
    """Return maps and numbers of one state."""
    j = state.density / MA_CM2
    planes = plane_currents(found)
    values = {
        **numbers(face, face.asked, found, state),
        "contact_mask_fraction": float(face.mask.mean()),
        "unconnected_contact_fraction": float(
            (face.mask.values & face.solid & ~found.cell.on).mean()
        ),
        "carrying_fraction": found.carrying,
        "current_structure_correlation": correlation(abs(j), face.columns),
        "current_porosity_correlation": correlation(abs(j), face.close),
        "current_flux_imbalance": float(np.ptp(planes) / abs(planes.mean())),
    }
    results = _dataset(face, values)
    results["current_porosity_correlation"].attrs["depth"] = face.depth
    _flag(results, face, face.asked)
    return results.assign(_maps(face, j, found.cell.on))


def unsolved(face: Face) -> xr.Dataset:
    """Return the answer where no electrolyte joins the current to the contact."""
    values = dict.fromkeys(_names(), np.nan) | {
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
    face: Face, lengths: Sequence[float], found: VoxelCurrent, states: Sequence
) -> xr.Dataset:
    """Return the numbers and maps of pairs of conditions and state over their Wagner lengths."""
    rows = [numbers(face, asked, found, state) for asked, state in states]
    variables = {
        f"sweep_{name}": (
            ("direction", SWEPT),
            [[row[name] for row in rows]],
            attributes(f"sweep_{name}"),
        )
        for name in rows[0]
    }
    name = f"sweep_current_density{suffix(face.asked.direction)}"
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


def numbers(face: Face, asked: Conditions, found: VoxelCurrent, state: State) -> dict:
    """Return the numbers of one state by name."""
    cell, sign = found.cell, np.sign(asked.applied)
    area = cell.share.size
    power = float(np.nansum(state.density * state.overpotential * cell.share))
    total = state.voltage / asked.applied
    kinetic = power / (area * asked.applied**2)
    return {
        **statistics(sign * state.density / MA_CM2, face.spacing[1:]),
        "contact_fraction": float(cell.share.sum() / area),
        "area_specific_resistance": total / OHM_CM2,
        "area_specific_resistance_bulk": found.bulk / OHM_CM2,
        "area_specific_resistance_constriction": (total - found.bulk - kinetic) / OHM_CM2,
        "area_specific_resistance_kinetic": kinetic / OHM_CM2,
        "wagner_length": asked.wagner_length(face.conductivity),
        "current_mismatch": state.mismatch,
        "current_residual": state.residual,
        "current_iterations": state.iterations,
        "newton_steps": state.steps,
    }


def _names() -> list[str]:
    return [
        name.removeprefix("upscaled_")
        for name, variable in VARIABLES.items()
        if name.startswith("upscaled_") and name.removeprefix("upscaled_") in VARIABLES
        and variable.dims == ("direction",)
    ]  # fmt: skip


def _dataset(face: Face, values: dict) -> xr.Dataset:
    variables = {name: ("direction", [value], attributes(name)) for name, value in values.items()}
    return xr.Dataset(variables, coords={"direction": [face.asked.direction]})


def _maps(face: Face, j: np.ndarray, reacting: np.ndarray) -> dict:
    end = suffix(face.asked.direction)
    dims = across(face.asked.direction)
    state = np.where(face.solid, np.where(face.mask.values, 2, 1), 0)
    state[reacting] = 3
    contact = {f"contact_{key}": value for key, value in face.mask.attrs.items() if key != "units"}
    note = {**face.asked.attributes(), "conductivity": face.conductivity, **contact}
    coords = {dim: face.mask[dim] for dim in dims}
    flags = {"flag_values": np.arange(4, dtype=np.uint8), "flag_meanings": " ".join(STATES)}
    maps = {
        f"current_density{end}": (j.astype(np.float32), note),
        f"interface_state{end}": (state.astype(np.uint8), flags),
    }
    return {
        name: xr.DataArray(values, dims=dims, coords=coords, attrs={**attributes(name), **more})
        for name, (values, more) in maps.items()
    }


def _flag(results: xr.Dataset, face: Face, asked: Conditions) -> None:
    """Say of the largest current density that it is a number of the mesh, where it is."""
    if asked.wagner_length(face.conductivity) < RESOLVED * max(face.spacing[1:]):
        largest = results["current_density_max"].attrs
        largest["long_name"] += " (mesh-dependent)"
        largest["mesh_dependent"] = 1


def position(volume: xr.Dataset, dims: Sequence[str]) -> dict:
    """Return the coordinates of some dims of a volume."""
    return {dim: volume[dim] for dim in dims if dim in DIMS}
