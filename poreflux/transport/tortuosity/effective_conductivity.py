"""The effective conductivity of one medium between driven faces: the solve and its results."""

from collections.abc import Mapping
from typing import NamedTuple, get_args

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.annotations import EngineName, Geometry, Progress, Sides
from poreflux.schema import attributes
from poreflux.transport.engines.engine import (
    PROVED_BESIDE_DEVICES,
    PROVED_BY_THREADS,
    Engine,
)
from poreflux.transport.laplace.percolation import percolate
from poreflux.transport.laplace.problem import Medium, Problem, even_periods
from poreflux.transport.solvers.solution import Solution
from poreflux.transport.solvers.solution import solve as solve_problem
from poreflux.transport.solvers.stages import precision_for
from poreflux.transport.tortuosity import device_memory
from poreflux.volume import require


class EffectiveConductivity(NamedTuple):
    """The result of a solve: the effective conductivity relative to the reference phase, the share
    of conducting cells that percolate, and the solution unless nothing percolates; the relative
    error of the conductance that a sample of varying section is compared with."""

    conductivity: float
    percolating: float
    problem: Problem | None = None
    solution: Solution | None = None
    filled_error: float = 0.0

    @property
    def relative_error(self) -> float:
        """Return the relative error of the conductivity, at most."""
        return self.solution.relative_error + self.filled_error if self.solution else 0.0


def solve(
    cells: np.ndarray,
    medium: Medium,
    engine: Engine,
    *,
    sides: Sides = "insulated",
    rtol: float = 1e-6,
    precision: str | None = None,
    progress: Progress | None = None,
) -> EffectiveConductivity:
    """Clear the cells that do not percolate, in place, and solve for those that do.

    The conductivity of a sample that does not fill its box is that of its own section; of one whose
    section varies along the transport, its conductance over that of the same shape filled.
    """
    periodic_sides = sides == "periodic"
    percolating_cells = percolate(cells, engine, (False, periodic_sides, periodic_sides))
    if percolating_cells == 0:
        return EffectiveConductivity(0.0, 0.0)
    percolating_volume = float(cells.sum()) if medium.arithmetic else percolating_cells
    percolating_fraction = percolating_volume / (medium.conducting * medium.filled * cells.size)
    filled, filled_error = medium.filled, 0.0
    if medium.sample is not None and not medium.constant_section:
        alone = medium.sample.astype(np.uint8)
        percolate(alone, engine)
        of_shape = Problem(alone, medium.spacing)
        shape_solution = solve_problem(of_shape, engine, rtol=rtol, precision=precision)
        filled = of_shape.relative_conductivity(shape_solution.energy)
        filled_error = shape_solution.relative_error
        del of_shape, shape_solution
    problem = Problem(
        even_periods(cells, sides), medium.spacing, sides, arithmetic=medium.arithmetic
    )
    solution = solve_problem(problem, engine, rtol=rtol, precision=precision, progress=progress)
    conductivity = problem.relative_conductivity(solution.energy) / filled
    return EffectiveConductivity(
        conductivity, percolating_fraction, problem, solution, filled_error
    )


def section_note(constant_section: bool | None) -> dict[str, str]:
    """Return the attribute that says what the conductivity of a masked sample refers to."""
    if constant_section is None:
        return {}
    of = "its own section" if constant_section else "its own shape, filled with the best conductor"
    return {"sample": f"inside the mask; the conductivity refers to {of}"}


def forecast(shape: tuple[int, int, int], precision: str = "float64", binary: bool = True) -> int:
    """Return the bytes that a solve of `shape` voxels takes at its peak, the cells included.

    Per voxel half a number for each of x, r, p and (float32) for z; one byte of cells and one of
    geometry, or for several phases a float64 of cells and four numbers of geometry; an eighth of
    seven float32 for the next grid, and so on. The proof of the error, which large volumes of one
    conducting phase have only in doubt, takes two more bytes of labels and about as much for a
    coarse network.
    """
    number = np.dtype(precision).itemsize
    geometry = 1 + 1 if binary else 8 + 4 * number
    vectors = 3 * number / 2 + 4 / 2
    coarse = 7 * 4 / 7
    most = PROVED_BY_THREADS.alike if binary else PROVED_BY_THREADS.unlike
    bound = 4 if int(np.prod(shape)) <= most else 0
    padded = (shape[0] + 4) * (shape[1] + 4) * (shape[2] + 4)
    return int(padded * (geometry + vectors + coarse + bound))


def host_forecast(
    shape: tuple[int, int, int], precision: str = "float64", binary: bool = True
) -> int:
    """Return the bytes that a solve on a device takes of the host: the cells and their clusters,
    and what the proof of the error of small volumes takes.
    """
    voxels = int(np.prod(shape))
    proved = voxels <= PROVED_BESIDE_DEVICES.alike
    proof = forecast(shape, precision, binary) if proved else 0
    return max(voxels * ((1 if binary else 8) + 5), proof)


def refuse_too_large(
    volume: xr.Dataset,
    conductivity: Mapping[str, float],
    rtol: float,
    precision: str | None,
    geometry: str = "voxels",
    repeat: bool = False,
    engine: EngineName = "threads",
) -> None:
    """Raise :class:`~poreflux.errors.TooLarge` before a solve that memory does not hold."""
    if geometry not in get_args(Geometry):
        raise ValueError(f"geometry={geometry!r} is not known; choose 'voxels' or 'partial'")
    nz, ny, nx = require(volume, "phase").shape
    krylov_precision = precision_for(rtol, precision)
    binary = geometry == "voxels" and len({v for v in conductivity.values() if v > 0}) == 1
    periods = [1 + n % 2 if repeat else 1 for n in (nz, ny, nx)]
    solved_shape = (nz * periods[0], ny * periods[1], nx * periods[2])
    voxels = int(np.prod(solved_shape))
    device_memory.refuse(solved_shape, krylov_precision, binary, engine)
    on_host = forecast if engine == "threads" else host_forecast
    blocks.refuse(
        on_host(solved_shape, krylov_precision, binary) + (voxels if "mask" in volume else 0),
        f"the solve of {'x'.join(map(str, solved_shape))} voxels in {krylov_precision}",
        do="ask for fewer digits (rtol=1e-4 halves it) or use more machines with "
        "poreflux.transport.parallel",
    )


def tortuosity_dataset(
    direction: str, mean: float, conducting: float, effective: EffectiveConductivity, note: Mapping
) -> xr.Dataset:
    """Return the results in a medium of `mean` conductivity and `conducting` fraction."""
    kappa = effective.conductivity
    solution = effective.solution
    tau = mean / kappa if kappa else np.inf
    macmullin = 1 / kappa if kappa else np.inf
    values = {
        "tortuosity_factor": tau,
        "tortuosity_factor_percolating": tau * effective.percolating if solution else np.inf,
        "effective_conductivity": kappa,
        "macmullin_number": macmullin,
        "percolating_fraction": effective.percolating,
        "relative_error": effective.relative_error,
        "flux_imbalance": solution.flux_imbalance if solution else 0.0,
        "residual": solution.run.residual if solution else 0.0,
        "iterations": solution.run.iterations if solution else 0,
    }
    variables: dict[str, tuple] = {
        name: ("direction", [value], attributes(name)) for name, value in values.items()
    }
    variables["conducting_fraction"] = ((), conducting, attributes("conducting_fraction"))
    if note.get("geometry") == "partial":  # not one minus the porosity of the phases
        variables["conducting_fraction"][2]["long_name"] += ", of partial voxels"
    if solution is not None:
        variables["relative_error"][2].update(precision=solution.precision, bound=solution.bound)
    variables["tortuosity_factor"][2].update(note)  # what it depends on is stored beside it
    return xr.Dataset(variables, coords={"direction": [direction]})
