"""From a field to numbers: effective conductivity and tortuosity factor of a whole volume."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
import xarray as xr

from poreflux import blocks
from poreflux.annotations import Geometry, Precision, Progress, Sides
from poreflux.schema import Direction, attributes
from poreflux.transport.engines.threads import Team
from poreflux.transport.laplace.percolation import percolate
from poreflux.transport.laplace.problem import Problem, validated
from poreflux.transport.medium import Medium, medium, partial
from poreflux.transport.solvers import conjugate_gradients as serial
from poreflux.transport.tortuosity import fields
from poreflux.volume import require, within_mask

ELECTROLYTE = {"electrolyte": 1.0}


def tortuosity_factor(
    volume: xr.Dataset,
    *,
    direction: Direction = "z",
    conductivity: Mapping[str, float] = ELECTROLYTE,
    sides: Sides = "insulated",
    geometry: Geometry = "voxels",
    rtol: float = 1e-6,
    precision: Precision | None = None,
    field: str | Path | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Compute the tortuosity factor of a volume from the steady current between two opposite faces.

    Parameters
    ----------
    volume
        with `phase` (z, y, x); of a `mask`, which must be a box, what is inside.
    direction
        of transport: ``"z"``, ``"y"`` or ``"x"``.
    conductivity
        of each phase that conducts, by name, in any one unit; the others are insulators.
    sides
        ``"insulated"`` or ``"periodic"``: the four faces along the transport.
    geometry
        ``"voxels"`` conducts by `phase`; ``"partial"`` by `solid_fraction`, which follows curved
        surfaces but sees blur as pore: the two bracket the truth. It takes one conducting phase.
    rtol
        relative error of the effective conductivity at which the solver stops.
    precision
        ``"float32"`` or ``"float64"`` of the Krylov vectors; by default what `rtol` needs.
    field
        the store of this volume, to which to write `potential` (1 at the low face, 0 at the high
        one) and `current_density_magnitude`.
    threads
        by default all cores that this process may use.
    progress
        called as ``progress(done, total, note)``.

    Returns
    -------
    Dataset with dim `direction` (one entry) and `tortuosity_factor`,
    `tortuosity_factor_percolating`,
    `effective_conductivity` and `macmullin_number` (relative to the most conductive phase),
    `conducting_fraction`, `percolating_fraction`, `relative_error`, `flux_imbalance`, `residual`,
    `iterations`. Where nothing joins the two faces the tortuosity factor is infinite and the
    effective conductivity zero.

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
    ``tau = phi kappa_0 / kappa_eff``, with phi the fraction of all voxels that conduct, percolating
    or not, and the potentials given on the outer faces of the first and the last plane of voxels.
    For
    several conducting phases ``phi kappa_0`` is the mean conductivity. Finite volumes; a face
    between unlike voxels has the harmonic mean of their conductivities, between partial voxels the
    arithmetic one. kappa_eff is the energy of the potential, an upper bound of the discrete value.

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
    validated(sides, rtol)
    volume = within_mask(volume, field)
    if field is not None:
        fields.check_target(require(volume, "phase").shape, field)
    refuse_too_large(volume, conductivity, rtol, precision, geometry)
    team = Team(threads)
    try:
        if geometry == "partial":
            cells = partial(volume, direction, conductivity)
        else:
            cells = medium(volume, direction, conductivity, team)
        solved = solve(cells, sides, rtol, precision, team, progress)
        if field is not None and solved.solution is not None and solved.problem is not None:
            fields.write(solved.solution, solved.problem, volume, direction, field)
    finally:
        team.close()
    note = {"conductivity": dict(conductivity), "sides": sides, "rtol": rtol, "geometry": geometry}
    return dataset(direction, cells.mean, cells.conducting, solved, note)


class Solved(NamedTuple):
    """What a solve found: numbers for the table, and the solution unless nothing percolates."""

    conductivity: float
    percolating: float
    problem: Problem | None = None
    solution: serial.Solution | None = None


def solve(
    cells: Medium,
    sides: str = "insulated",
    rtol: float = 1e-6,
    precision: str | None = None,
    team: Team | None = None,
    progress: Progress | None = None,
) -> Solved:
    """Remove what does not percolate from the cells (in place) and solve for the rest.

    ``conductivity`` is relative to the reference, ``percolating`` the share of conducting cells
    that stays.
    """
    team = team or Team()
    side = sides == "periodic"
    percolating = percolate(cells.cells, team, (False, side, side))
    if percolating == 0:
        return Solved(0.0, 0.0)
    share = percolating / (cells.conducting * cells.cells.size)
    problem = Problem(
        evened(cells.cells) if side else cells.cells,
        cells.spacing,
        sides,
        arithmetic=cells.arithmetic,
    )
    solution = serial.solve(problem, rtol=rtol, precision=precision, team=team, progress=progress)
    return Solved(problem.relative_conductivity(solution.energy), share, problem, solution)


def evened(cells: np.ndarray) -> np.ndarray:
    """Return two periods of the cells along each side with an odd number: a chequerboard closes on
    even ones.
    """
    return np.tile(cells, (1, *(1 + n % 2 for n in cells.shape[1:])))


def forecast(shape: tuple[int, int, int], precision: str = "float64", binary: bool = True) -> int:
    """Return the bytes that a solve of `shape` voxels takes at its peak, the cells included.

    Per voxel half a number for each of x, r, p and (float32) for z; one byte of cells and one of
    geometry, or for several phases a float64 of cells and four numbers of geometry; an eighth of
    seven float32 for the next grid, and so on.
    """
    number = np.dtype(precision).itemsize
    geometry = 1 + 1 if binary else 8 + 4 * number
    vectors = 3 * number / 2 + 4 / 2
    coarse = 7 * 4 / 7
    padded = (shape[0] + 4) * (shape[1] + 4) * (shape[2] + 4)
    return int(padded * (geometry + vectors + coarse))


def refuse_too_large(
    volume: xr.Dataset,
    conductivity: Mapping[str, float],
    rtol: float,
    precision: str | None,
    geometry: str = "voxels",
    repeat: bool = False,
) -> None:
    """Raise :class:`~poreflux.errors.TooLarge` before a solve that memory does not hold."""
    if geometry not in get_args(Geometry):
        raise ValueError(f"geometry={geometry!r} is not known; choose 'voxels' or 'partial'")
    nz, ny, nx = require(volume, "phase").shape
    chosen = serial.precision_for(rtol, precision)
    binary = geometry == "voxels" and len({v for v in conductivity.values() if v > 0}) == 1
    twice = [1 + n % 2 if repeat else 1 for n in (nz, ny, nx)]
    solved = (nz * twice[0], ny * twice[1], nx * twice[2])
    blocks.refuse(
        forecast(solved, chosen, binary),
        f"the solve of {'x'.join(map(str, solved))} voxels in {chosen}",
        do="ask for fewer digits (rtol=1e-4 halves it) or use more machines with "
        "poreflux.transport.parallel",
    )


def tortuosity_bracket(volume: xr.Dataset, **options: Any) -> xr.Dataset:
    """Compute the tortuosity factor with partial and with whole voxels: what lies between is
    resolution.

    Parameters
    ----------
    volume
        with `phase` and `solid_fraction` (z, y, x).
    options
        as for :func:`tortuosity_factor`.

    Returns
    -------
    the Dataset of :func:`tortuosity_factor` with a dim `geometry`, ``["partial", "voxels"]``. Whole
    voxels make pores rough and the tortuosity factor too high, partial ones of a blurred image too
    low.

    Examples
    --------
    >>> import numpy as np
    >>> from poreflux import from_array
    >>> volume = from_array(np.ones((6, 5, 4), np.uint8))
    >>> volume["solid_fraction"] = volume.phase.astype("float32")
    >>> tortuosity_bracket(volume).tortuosity_factor.values.round(9).ravel()
    array([1., 1.])
    """
    both: list[Geometry] = ["partial", "voxels"]
    results = [tortuosity_factor(volume, geometry=geometry, **options) for geometry in both]
    return xr.concat(results, xr.Variable("geometry", both), combine_attrs="drop_conflicts")


def dataset(
    direction: str, mean: float, conducting: float, solved: Solved, note: Mapping
) -> xr.Dataset:
    """Return what a solve found in a medium of `mean` conductivity and `conducting` fraction."""
    kappa = solved.conductivity
    s = solved.solution
    tau = mean / kappa if kappa else np.inf
    macmullin = 1 / kappa if kappa else np.inf
    values = {
        "tortuosity_factor": tau,
        "tortuosity_factor_percolating": tau * solved.percolating if s else np.inf,
        "effective_conductivity": kappa,
        "macmullin_number": macmullin,
        "percolating_fraction": solved.percolating,
        "relative_error": s.relative_error if s else 0.0,
        "flux_imbalance": s.flux_imbalance if s else 0.0,
        "residual": s.run.residual if s else 0.0,
        "iterations": s.run.iterations if s else 0,
    }
    variables: dict[str, tuple] = {
        name: ("direction", [value], attributes(name)) for name, value in values.items()
    }
    variables["conducting_fraction"] = ((), conducting, attributes("conducting_fraction"))
    variables["tortuosity_factor"][2].update(note)  # what it depends on stays beside it
    return xr.Dataset(variables, coords={"direction": [direction]})
