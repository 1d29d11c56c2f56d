"""The discretisation intervals hold what voxels four times finer give, on seeded media.

The media are known as functions of space, so that voxels of any size see the same pores.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree
from scipy.special import ndtri

import poreflux as pf
from poreflux.phantoms import GaussianField, synthetic_twin
from tests.coverage.table import Row, at_least

#: realisations of each medium in the ordinary tests, of small volumes
FEW = 1

#: how much finer the voxels are that tell the truth
FINER = 4

#: of the solves, far below the errors that are tried
RTOL = 1e-4

#: standard deviation of the point spread in voxels, and of the noise in units of the contrast
BLURS = ((0.0, 0.0), (0.5, 0.0), (0.8, 0.0), (0.8, 0.1), (1.1, 0.0))

Pores = Callable[[int], np.ndarray]


class Medium(NamedTuple):
    """One realisation: its kind, and which of n³ voxels of its cube are pores."""

    kind: str
    pores: Pores


def trials(count: int | None = None, seed: int = 0) -> list[Row]:
    """Return the rows of all quantities; with `count`, of few and small media."""
    n = 32 if count is None else 16
    chosen = list(media(n, seed))
    if count is not None:
        by_kind = itertools.groupby(sorted(chosen, key=lambda m: m.kind), lambda m: m.kind)
        chosen = [medium for _, group in by_kind for medium in list(group)[:count]]
    found: dict[tuple[str, str], list[bool]] = {}
    widths: list[float] = []
    for medium in chosen:
        for quantity, inside in of_medium(medium, n, widths).items():
            found.setdefault((quantity, medium.kind), []).extend(inside)
    rows = []
    for quantity in dict.fromkeys(quantity for quantity, _ in found):
        kinds = {kind: inside for (name, kind), inside in found.items() if name == quantity}
        everything = [one for inside in kinds.values() for one in inside]
        wanted = 0.9 if count is None else 0.6  # a few small volumes tell no more
        rows.append(at_least(f"discretisation of {quantity}", "all kinds", everything, wanted))
        if count is None:  # of one kind alone there are as few as 4 trials
            rows += [
                at_least(f"discretisation of {quantity}", kind, inside, 0.6)
                for kind, inside in kinds.items()
            ]
    width = float(np.median(widths))
    claim = "width of the interval of the tortuosity factor over its true error, median"
    rows.append(Row(claim, "all kinds", len(widths), f"{width:.1f}", "at most 3", width <= 3))
    return rows


def media(n: int, seed: int) -> Iterator[Medium]:
    """Yield media whose pores are 2.5 to 12 of n voxels wide: 6 kinds, 76 of them."""
    edge = float(n)
    for again in range(2):
        rng = np.random.default_rng([seed, again])
        for d, p in itertools.product((3.5, 5.3, 8.0, 12.0), (0.08, 0.25)):
            yield Medium("spheres", balls(apart(rng, edge, d, p), d, edge))
        for d, p in itertools.product((3.5, 5.3, 8.0, 12.0), (0.15, 0.35, 0.5)):
            mean = -np.log(1 - p) * (edge + d) ** 3 / (np.pi * d**3 / 6)
            centres = rng.uniform(-d / 2, edge + d / 2, (rng.poisson(mean), 3))
            yield Medium("overlapping spheres", balls(centres, d, edge))
        for d in (5.3, 8.0, 12.0):
            centres = rng.uniform(-d / 2, edge + d / 2, (round(1.32 * (edge / d + 1) ** 3), 3))
            yield Medium("touching grains", others(balls(centres, d, edge)))
        for length, p in itertools.product((1.6, 2.5, 4.0), (0.12, 0.3, 0.5)):
            field = GaussianField(length, seed=int(rng.integers(2**31)))
            yield Medium("level sets", level_set(field, p, edge))
        for name, size in itertools.product(("regular_100", "fine_500"), (0.92, 1.84)):
            yield Medium("pressed pores", twin(name, size * edge, int(rng.integers(2**31))))
        yield Medium("layers", boards(rng.uniform(0, 9.7), 9.7, edge))
        yield Medium("layers", pierced(rng.uniform(0, 8.3, 3), edge))


def balls(centres: np.ndarray, d: float, edge: float) -> Pores:
    """Return the pores that are balls of diameter d."""

    def pores(n: int) -> np.ndarray:
        h, found = edge / n, np.zeros((n, n, n), bool)
        for centre in centres:
            low = np.clip(((centre - d / 2) / h).astype(int) - 1, 0, n)
            high = np.clip(((centre + d / 2) / h).astype(int) + 2, 0, n)
            z, y, x = (((np.arange(a, b) + 0.5) * h - c) ** 2 for a, b, c in zip(low, high, centre))
            box = tuple(slice(a, b) for a, b in zip(low, high))
            found[box] |= z[:, None, None] + y[:, None] + x < d * d / 4
        return found

    return pores


def others(grains: Pores) -> Pores:
    """Return the pores between grains."""
    return lambda n: ~grains(n)


def apart(rng: np.random.Generator, edge: float, d: float, p: float) -> np.ndarray:
    """Return centres no two of which are closer than d, by random sequential addition."""
    wanted = max(1, round(p * (edge + d) ** 3 / (np.pi * d**3 / 6)))
    kept = np.empty((0, 3))
    while len(kept) < wanted:
        more = rng.uniform(-d / 2, edge + d / 2, (200, 3))
        if len(kept):
            more = more[cKDTree(kept).query(more)[0] >= d]
        close = {j for _, j in cKDTree(more).query_pairs(d)}
        kept = np.vstack([kept, more[[i for i in range(len(more)) if i not in close]]])
    return kept[:wanted]


def level_set(field: GaussianField, p: float, edge: float) -> Pores:
    """Return the pores where a smooth random field is below its quantile p."""
    return lambda n: field.on_grid([(np.arange(n) + 0.5) * edge / n] * 3) < ndtri(p)


def twin(name: str, edge: float, seed: int) -> Pores:
    """Return the pores of a pressed electrolyte in a cube of an edge in µm."""

    def pores(n: int) -> np.ndarray:
        volume = synthetic_twin(name, n, seed=seed, voxel_size=edge / n)
        return volume.compute()["phase"].values == 0

    return pores


def boards(start: float, period: float, edge: float) -> Pores:
    """Return the pores that are layers along the transport, oblique to the other axes."""

    def pores(n: int) -> np.ndarray:
        x = (np.arange(n) + 0.5) * edge / n
        plane = (x[:, None] + 0.61 * x + start) % period < period / 3
        return np.broadcast_to(plane, (n, n, n)).copy()

    return pores


def pierced(start: np.ndarray, edge: float) -> Pores:
    """Return the pores that are layers of 2.2 across the transport, inclined, with round holes."""

    def pores(n: int) -> np.ndarray:
        x = (np.arange(n) + 0.5) * edge / n
        z, y, x = np.meshgrid(x + start[0], x + start[1], x + start[2], indexing="ij", sparse=True)
        return ((z + 0.3 * x) % 8 < 2.2) & ((y % 10 - 5) ** 2 + (x % 10 - 5) ** 2 > 9)

    return pores


def of_medium(medium: Medium, n: int, widths: list[float]) -> dict[str, list[bool]]:
    """Return of each quantity whether its interval has the value on finer voxels; add to the widths
    of the interval of the tortuosity factor, in units of its true error."""
    fine_pores = medium.pores(FINER * n)
    coarse, fine = voxels(~medium.pores(n)), voxels(~fine_pores, 1 / FINER)
    truth = pf.tortuosity_factor(fine, rtol=RTOL)
    solved = pf.tortuosity_factor(coarse, rtol=RTOL)
    solved = solved.merge(pf.tortuosity_discretisation(coarse, solved))
    widths += width_of(solved, truth)
    found = of_transport("", solved, truth)
    found |= of_structure(coarse, fine)
    sigma, noise = BLURS[len(fine_pores.nonzero()[0]) % len(BLURS)]
    blurred = scan(~fine_pores, sigma, noise)
    both = pf.tortuosity_bracket(blurred, rtol=RTOL)
    for geometry in both["geometry"].values.tolist():
        words = f", {geometry} of a scan"
        found |= of_transport(words, both.sel(geometry=geometry), truth)
    return found


def voxels(solid: np.ndarray, size: float = 1.0) -> xr.Dataset:
    """Return the volume of booleans."""
    return pf.from_array(solid.astype(np.uint8), voxel_size=size)


def scan(solid: np.ndarray, sigma: float, noise: float) -> xr.Dataset:
    """Return the phases and solid fractions by a blurred, noisy image on voxels of unit edge."""
    gray = gaussian_filter(solid.astype(np.float32), FINER * sigma, mode="nearest")
    n = len(solid) // FINER
    gray = gray.reshape(n, FINER, n, FINER, n, FINER).mean((1, 3, 5))
    gray += np.random.default_rng(1).normal(0, noise or 1e-9, gray.shape)
    volume = voxels(gray > 0.5).assign(gray=(("z", "y", "x"), gray.astype(np.float32)))
    return pf.solid_fraction(volume, levels=(0.0, 1.0)).compute()


def width_of(found: xr.Dataset, truth: xr.Dataset) -> list[float]:
    """Return the width of the interval over the true error, where there is an error."""
    tau, exact = float(found["tortuosity_factor"][0]), float(truth["tortuosity_factor"][0])
    if not abs(tau - exact) > 10 * RTOL or np.isinf(tau + exact):
        return []
    low, high = (found[f"tortuosity_factor_discretisation_{end}"][0] for end in ("low", "high"))
    return [float(high - low) / abs(tau - exact)]


def of_transport(words: str, found: xr.Dataset, truth: xr.Dataset) -> dict[str, list[bool]]:
    """Return whether the intervals of the transport have the truth, where anything conducts."""
    if np.isinf(truth["tortuosity_factor"]).any() or np.isinf(found["tortuosity_factor"]).any():
        return {}
    names = {"tortuosity factor": "tortuosity_factor"}
    if not words:
        names["effective conductivity"] = "effective_conductivity"
    return {f"the {label}{words}": within(found, truth, name) for label, name in names.items()}


def of_structure(coarse: xr.Dataset, fine: xr.Dataset) -> dict[str, list[bool]]:
    """Return whether the intervals of surface, chords and thickness have the finer values."""
    found = {}
    for label, name, measure in (
        ("the surface", "specific_surface", pf.surface_area),
        ("the mean chord", "chord_length_mean", pf.chord_length),
        ("the mean thickness", "local_thickness_mean", thickness),
    ):
        measured, truth = measure(coarse), pf.collect(measure(fine))
        both = pf.collect(measured, pf.structure_discretisation(coarse, measured))
        found[label] = within(both, truth, name)
    return found


def thickness(volume: xr.Dataset) -> xr.Dataset:
    """Return the local thickness of the pores."""
    return pf.pore_size(volume, method="thickness")


def within(found: xr.Dataset, truth: xr.Dataset, name: str) -> list[bool]:
    """Return of each direction whether the value on finer voxels, if any, is in the interval."""
    value = truth[name].values
    ends = (found[f"{name}_discretisation_{end}"].values for end in ("low", "high"))
    low, high = (end * (1 + sign * RTOL) for end, sign in zip(ends, (-1, 1)))
    return np.ravel((low <= value) & (value <= high))[np.ravel(np.isfinite(value))].tolist()
