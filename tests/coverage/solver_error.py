"""The solver's error is never below the true one of the same discrete problem, in hard media.

The truth is a sparse factorisation, refined in extended precision, of a matrix that is assembled
independently.
"""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
import xarray as xr
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

import poreflux as pf
from poreflux.annotations import Precision, Sides
from poreflux.errors import NotConverged
from tests.coverage.table import Row, at_least, never_below
from tests.physics import direct, media

#: realisations of each kind in the ordinary tests
FEW = 1

#: of each kind by default
REALISATIONS = 6

#: the errors asked for, each in either precision
TOLERANCES = (1e-2, 1e-4, 1e-6, 1e-8)

#: relative error of the truth, by which a smaller true error is not told from none
DIGITS = 1e-13

VOXELS = ((1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (10.0, 1.0, 10.0), (1.0, 3.0, 10.0))


class Medium(NamedTuple):
    """One realisation: its kind, the conductivities of its voxels, which take few values, and the
    edges of a voxel."""

    kind: str
    kappa: np.ndarray
    spacing: tuple[float, float, float]


class Trial(NamedTuple):
    """A true relative error, and the printed one; where there is no answer, whether plain conjugate
    gradients fail too."""

    true: float
    printed: float
    rightly_none: bool | None = None


def trials(count: int | None = None, seed: int = 0) -> list[Row]:
    """Return the rows of all kinds and drivers."""
    found: dict[tuple[str, str], list[Trial]] = {}
    for medium in realisations(count or REALISATIONS, seed):
        for claim, these in of_medium(medium, count is None).items():
            found.setdefault((claim, medium.kind), []).extend(these)
    rows = []
    for claim in dict.fromkeys(claim for claim, _ in found):
        for kind, these in (
            (kind, these) for (name, kind), these in found.items() if name == claim
        ):
            ratios = [ratio(trial) for trial in these if trial.rightly_none is None]
            rows.append(never_below(f"true over printed error, {claim}", kind, ratios))
    everything = [trial for these in found.values() for trial in these]
    told = [trial for trial in everything if trial.rightly_none is None and trial.true > DIGITS]
    close = [trial.printed <= 10 * trial.true for trial in told]
    rows.append(at_least("printed error within 10 x the true one", "all kinds", close, 0.5))
    none = [trial.rightly_none for trial in everything if trial.rightly_none is not None]
    if none:
        claim = "plain conjugate gradients fail too where there is no answer"
        rows.append(at_least(claim, "all kinds", none, 1.0))
    return rows


def ratio(trial: Trial) -> float:
    """Return the true error over the printed one, less what the truth itself is off."""
    return max(trial.true - DIGITS, 0.0) / max(trial.printed, 1e-300)


def realisations(count: int, seed: int) -> Iterator[Medium]:
    """Yield `count` media of each kind."""
    for k in range(count):
        rng = np.random.default_rng([seed, k])
        shape = tuple(int(n) for n in rng.integers(9, 19, 3))
        spacing = VOXELS[k % len(VOXELS)]
        contrast = 10.0 ** rng.uniform(1, 12)
        layers = np.ones(shape)
        layers[rng.integers(1, shape[0] - 1)] = 1 / contrast
        yield Medium("layers", layers, spacing)
        yield Medium("chambers", chambers(rng, shape, 1 + k % 3), spacing)
        sites = media.random_sites(shape, rng.uniform(0.33, 0.45), int(rng.integers(2**31)))
        yield Medium("random sites", sites.astype(float), spacing)
        good = rng.random(shape) < rng.uniform(0.1, 0.4)
        yield Medium("islands", np.where(good, 1.0, 1 / contrast), spacing)
        level = media.blobs(shape, rng.uniform(0.3, 0.7), 2.0, int(rng.integers(2**31)))
        yield Medium("two phases", np.where(level, 1.0, 1 / contrast), spacing)
        yield Medium("mazes", maze(rng, shape), spacing)
        walls = media.sheets(shape, rng.uniform(0.6, 0.9), 2.0, int(rng.integers(2**31)))
        yield Medium("winding channels", 1.0 - walls, spacing)


def chambers(rng: np.random.Generator, shape: tuple[int, ...], walls: int) -> np.ndarray:
    """Return a box that walls divide, each with one hole of a voxel."""
    kappa = np.ones(shape)
    for z in np.linspace(2, shape[0] - 3, walls).astype(int):
        kappa[z] = 0
        kappa[z, rng.integers(shape[1]), rng.integers(shape[2])] = 1
    return kappa


def maze(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Return corridors of a voxel, a random tree of all cells, and a few more openings."""
    cells = tuple((n + 1) // 2 for n in shape)
    kappa = np.zeros([2 * n - 1 for n in cells])
    kappa[::2, ::2, ::2] = 1
    seen, path = {(0, 0, 0)}, [(0, 0, 0)]
    while path:
        here = path[-1]
        around = [
            (axis, step, there)
            for axis, step in itertools.product(range(3), (-1, 1))
            for there in [tuple(c + step * (a == axis) for a, c in enumerate(here))]
            if 0 <= there[axis] < cells[axis] and there not in seen
        ]
        if not around:
            path.pop()
            continue
        axis, step, there = around[rng.integers(len(around))]
        kappa[tuple(2 * c + step * (a == axis) for a, c in enumerate(here))] = 1
        seen.add(there)
        path.append(there)
    kappa[rng.random(kappa.shape) < 0.01] = 1
    return kappa


def of_medium(medium: Medium, whole: bool) -> dict[str, list[Trial]]:
    """Return the trials of one medium by driver; of few tolerances unless it is the `whole`."""
    volume, conductivity = voxels(medium)
    found: dict[str, list[Trial]] = {}
    tolerances = TOLERANCES if whole else TOLERANCES[1::2]
    for sides in ("insulated", "periodic") if whole else ("insulated",):
        exact = conductivity_of(medium.kappa, medium.spacing, sides)
        if exact == 0:
            continue
        found[f"{sides} sides"] = [
            of_tortuosity(medium, volume, conductivity, sides, exact, rtol, precision)
            for rtol, precision in itertools.product(tolerances, ("float32", "float64"))
        ]
    found["sub-volumes"] = of_blocks(medium, volume, conductivity)
    found["current"] = of_current(medium, volume, conductivity)
    if whole:
        found["tensor"] = of_tensor(medium)
    return {claim: these for claim, these in found.items() if these}


def voxels(medium: Medium) -> tuple[xr.Dataset, dict[str, float]]:
    """Return the volume of a medium, and the conductivities of its phases."""
    values = np.unique(np.append(medium.kappa, 0.0))
    names = {k: f"phase{k}" if k else "pore" for k in range(len(values))}
    labels = np.searchsorted(values, medium.kappa).astype(np.uint8)
    volume = pf.from_array(labels, voxel_size=medium.spacing, phases=names)
    return volume, {names[k]: float(v) for k, v in enumerate(values) if v > 0}


def of_tortuosity(
    medium: Medium,
    volume: xr.Dataset,
    conductivity: dict[str, float],
    sides: Sides,
    exact: float,
    rtol: float,
    precision: Precision,
) -> Trial:
    """Return the trial of one effective conductivity."""
    try:
        solved = pf.tortuosity_factor(
            volume, conductivity=conductivity, sides=sides, rtol=rtol, precision=precision
        )
    except NotConverged:
        net = network_of(medium.kappa, medium.spacing, sides)
        return Trial(np.nan, np.nan, not reached_by_plain(net, exact_energy(net), rtol))
    found = solved["effective_conductivity"].item()
    return Trial(abs(found / exact - 1), solved["relative_error"].item())


def of_blocks(medium: Medium, volume: xr.Dataset, conductivity: dict[str, float]) -> list[Trial]:
    """Return the trials of two sub-volumes along a direction each."""
    rtol = 1e-4
    name, best = "block_effective_conductivity", medium.kappa.max()
    half = len(medium.kappa) // 2
    parts = medium.kappa[:half] / best, medium.kappa[half:] / best
    nets = {
        (direction, k): network_of(part, medium.spacing, axis=axis)
        for (axis, direction), (k, part) in itertools.product(
            ((0, "z"), (2, "x")), enumerate(parts)
        )
    }
    exact = {key: exact_energy(net) for key, net in nets.items()}
    try:
        found = pf.block_tortuosity(
            volume, blocks=(2, 1, 1), direction="zx", conductivity=conductivity, rtol=rtol
        )
    except NotConverged:
        reached = all(reached_by_plain(nets[key], exact[key], rtol) for key in nets)
        return [Trial(np.nan, np.nan, not reached)]
    out = []
    for (direction, k), energy in exact.items():
        if energy > 0:
            part, axis = parts[k], 0 if direction == "z" else 2
            value = conductivity_by(energy * part.max(), part, medium.spacing, axis)
            one = found.sel(direction=direction).isel(block_z=k, block_y=0, block_x=0)
            error = one[f"{name}_solver_error"].item() / one[name].item()
            out.append(Trial(abs(one[name].item() / value - 1), error))
    return out


def of_current(medium: Medium, volume: xr.Dataset, conductivity: dict[str, float]) -> list[Trial]:
    """Return the trials of the resistance and of the largest current density, with either drive."""
    rtol, resistance = 1e-5, 1e-9
    out = []
    for drive in ("flux", "equipotential"):
        problem = current_problem(medium, drive, resistance)
        if problem is None:
            continue
        on = problem.net.matrix.diagonal() > 0
        exact = problem.answer(solved_network(problem.net, problem.source, on))
        try:
            solved = pf.interfacial_current(
                volume,
                contact=1.0,
                conductivity=conductivity,
                charge_transfer_resistance=resistance,
                kinetics="linear",
                drive=drive,
                rtol=rtol,
            )
        except NotConverged:
            reached = any(
                np.allclose(problem.answer(u), exact, rtol=rtol, atol=0)
                for u in plain(problem.net, problem.source)
            )
            out.append(Trial(np.nan, np.nan, not reached))
            continue
        for name, value in zip(("area_specific_resistance", "current_density_max"), exact):
            error = solved[f"{name}_solver_error"].item() / value
            out.append(Trial(abs(solved[name].item() / value - 1), error))
    return out


def of_tensor(medium: Medium) -> list[Trial]:
    """Return the trials of the diagonal of the tensor of a period of 8 voxels."""
    part = medium._replace(kappa=np.ascontiguousarray(medium.kappa[:8, :8, :8]))
    volume, conductivity = voxels(part)
    periods = [Period.of(part.kappa / (part.kappa.max() or 1.0), part.spacing, a) for a in range(3)]
    exact = [period.conductivity(period.potential()) for period in periods]
    rtol = 1e-4
    try:
        solved = pf.effective_tensor(volume, conductivity=conductivity, rtol=rtol)
    except NotConverged:
        reached = all(period.reached(least * (1 + rtol)) for period, least in zip(periods, exact))
        return [Trial(np.nan, np.nan, not reached)]
    out = []
    for axis, value in enumerate(exact):
        if value > 1e-15:
            found = solved["effective_conductivity_tensor"].values[axis, axis]
            out.append(Trial(abs(found / value - 1), solved["relative_error"].values[axis]))
    return out


class Period(NamedTuple):
    """A period under a mean field: its faces, what they fall by, and the source that this makes."""

    net: direct.Network
    drop: np.ndarray
    source: np.ndarray
    volume: float

    @classmethod
    def of(cls, kappa: np.ndarray, spacing: tuple[float, float, float], axis: int) -> "Period":
        """Return the period of a medium under a unit field along an axis."""
        net = direct.network(kappa, spacing, sides="periodic", boundary="periodic")
        (i, j), g = net.pairs.T, net.conductance
        drop = np.where(net.across == axis, spacing[axis], 0.0)
        source = np.bincount(j, g * drop, kappa.size) - np.bincount(i, g * drop, kappa.size)
        return cls(net, drop, source, kappa.size * float(np.prod(spacing)))

    def potential(self) -> np.ndarray:
        """Return the potential by a refined direct solve."""
        (i, j), on, n = self.net.pairs.T, self.net.conductance > 0, self.source.size
        joined = sp.coo_array((on[on], (i[on], j[on])), shape=(n, n))
        cluster = connected_components(joined, directed=False)[1]
        free = np.ones(n, bool)
        free[np.unique(cluster, return_index=True)[1]] = False  # one cell of each cluster is zero
        return solved_network(self.net, self.source, free)

    def conductivity(self, u: np.ndarray) -> float:
        """Return the effective conductivity by the power of a potential."""
        i, j = self.net.pairs.T
        fall = (u[i] - u[j] + self.drop).astype(np.longdouble)
        return float((self.net.conductance * fall**2).sum()) / self.volume

    def reached(self, limit: float) -> bool:
        """Return whether plain conjugate gradients get the conductivity below a limit."""
        return any(self.conductivity(u) <= limit for u in plain(self.net, self.source))


def network_of(
    kappa: np.ndarray, spacing: tuple[float, float, float], sides: str = "insulated", axis: int = 0
) -> direct.Network:
    """Return the conductances of voxels that carry current."""
    net = direct.network(kappa / (kappa.max() or 1.0), spacing, axis, sides)
    return net.only(direct.carriers(net))


def conductivity_of(
    kappa: np.ndarray, spacing: tuple[float, float, float], sides: str, axis: int = 0
) -> float:
    """Return the effective conductivity by a refined direct solve; 0 where nothing flows."""
    energy = exact_energy(network_of(kappa, spacing, sides, axis))
    return conductivity_by(energy, kappa, spacing, axis)


def conductivity_by(
    energy: float, kappa: np.ndarray, spacing: tuple[float, float, float], axis: int
) -> float:
    """Return the effective conductivity that belongs to a conductance between the driven faces."""
    h = np.asarray(spacing)
    return energy * (kappa.shape[axis] * h[axis]) ** 2 / (kappa.size * float(h.prod()))


def exact_energy(net: direct.Network) -> float:
    """Return the conductance of a network of which all that conducts carries current."""
    on = net.matrix.diagonal() > 0
    return energy_of(net, solved_network(net, net.low, on)) if on.any() else 0.0


def energy_of(net: direct.Network, u: np.ndarray) -> float:
    """Return the power of a potential, summed in extended precision."""
    du = u[net.pairs[:, 0]] - u[net.pairs[:, 1]]
    wide = net.conductance.astype(np.longdouble)
    return float((wide * du**2).sum() + net.low @ (1 - u) ** 2 + net.high @ u**2)


def reached_by_plain(net: direct.Network, least: float, rtol: float) -> bool:
    """Return whether plain conjugate gradients bring the energy to its least value."""
    return any(energy_of(net, u) <= least * (1 + rtol) for u in plain(net, net.low))


def plain(net: direct.Network, b: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the potentials of conjugate gradients in float64 with a diagonal preconditioner."""
    on = np.flatnonzero(net.matrix.diagonal() > 0)
    A, r = sp.csr_array(net.matrix[on][:, on]), b[on].astype(float)
    u, x, p, rho = np.zeros(net.low.size), np.zeros(on.size), np.zeros(on.size), 1.0
    inverse = 1 / A.diagonal()
    for iteration in range(20 * int(np.cbrt(on.size)) ** 2):
        z = inverse * r
        rho, before = r @ z, rho
        if not rho > 0:
            return
        p = z + rho / before * p
        Ap = A @ p
        alpha = rho / (p @ Ap)
        x += alpha * p
        r -= alpha * Ap
        if iteration % 20 == 0:
            u[on] = x
            yield u


def solved_network(net: direct.Network, b: np.ndarray, on: np.ndarray) -> np.ndarray:
    """Return the potential that a source drives to the ground of a network, in long double."""
    number = np.flatnonzero(on)
    factor = splu(sp.csc_array(net.matrix[number][:, number]))
    wide = np.longdouble
    u = np.zeros(on.size, wide)
    g, ground = net.conductance.astype(wide), (net.low + net.high).astype(wide)
    (i, j), left = net.pairs.T, b.astype(wide)
    for _ in range(6):
        u[number] += factor.solve(left[number].astype(float))
        flow = g * (u[i] - u[j])
        left = b - ground * u
        np.subtract.at(left, i, flow)
        np.add.at(left, j, flow)
    return u


class CurrentProblem(NamedTuple):
    """A network between a fed face and one that reacts linearly, in units of its conductances."""

    net: direct.Network
    source: np.ndarray
    shape: tuple[int, ...]
    half: np.ndarray
    react: np.ndarray
    total: float
    face: float
    flux: bool

    def answer(self, u: np.ndarray) -> tuple[float, float]:
        """Return resistance (ohm cm²) and largest current density (mA/cm²) of a potential."""
        u = u.reshape(self.shape)
        arrived = self.react * u[-1].astype(float)
        fed = self.half > 0
        if self.flux:
            volts = float((u[0][fed] + self.total / fed.sum() / self.half[fed]).mean())
        else:
            volts = self.total / float(arrived.sum() or np.inf)
            arrived = arrived * volts
        density = arrived.max() / self.face / 10.0
        return volts / self.total * self.face * self.half.size * 1e4, float(density)


def current_problem(medium: Medium, drive: str, resistance: float) -> CurrentProblem | None:
    """Return the problem of 1 mA/cm² on the whole last face, `resistance` in ohm cm²; None where
    nothing flows."""
    net = direct.network(medium.kappa, medium.spacing)
    net = net.only(direct.carriers(net))
    if not net.low.any():
        return None
    shape = medium.kappa.shape
    unit = 1e-6  # of the network's conductances: S/m times the product of µm over µm²
    face = 1e-12 * medium.spacing[1] * medium.spacing[2]
    low, half = net.low.reshape(shape)[0] * unit, net.high.reshape(shape)[-1] * unit
    interface = face / (resistance * 1e-4)
    react = half * interface / (half + interface)
    total = 10.0 * face * low.size
    high, source, ground = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    high[-1] = react / unit
    if drive == "flux":
        source[0] = (low > 0) * total / (low > 0).sum() / unit
    else:
        source[0] = ground[0] = low / unit
    net = replace(net, low=ground.ravel(), high=high.ravel())
    return CurrentProblem(net, source.ravel(), shape, low, react, total, face, drive == "flux")
