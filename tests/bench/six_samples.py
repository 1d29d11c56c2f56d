"""Is it how much pore space there is, or how it is arranged? Asked of many samples of each kind.

``python -m tests.bench.six_samples`` runs two studies by :class:`poreflux.Study` and prints
their tables: the six synthetic twins, and equal spheres at equal porosity in four arrangements. A
twin is a cube of 230 µm. ± is a standard error over the samples of a kind. What was computed in
``--folder`` is not computed again.
"""

import argparse
import itertools
import tempfile
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

import poreflux as pf
from poreflux.phantoms import arranged_spheres
from poreflux.phantoms.presets import TWINS
from poreflux.statistics.rank_correlation import rank_correlation
from poreflux.study.quantities import AMOUNT, ARRANGEMENT

#: edge of a twin in µm, and Wagner lengths in µm
EDGE, LENGTHS = 230.0, (8.0, 25.0)

ARRANGEMENTS = ("lattice", "jittered", "random", "clustered")

_STUDY = """
[measure]
also = ["spectrum", "arrangement"]
blocks = {blocks}
discretisation = false

[tortuosity]
directions = "zx"
blocks = {blocks}
sides = "{sides}"
rtol = 1e-3
discretisation = false

[current]
contact = {contact}
kinetics = "linear"
wagner_lengths = [8.0, 25.0]
rtol = 1e-3
"""


def twins(folder: Path, seeds: Iterable[int], n: int, names: Iterable[str] = TWINS) -> pf.Study:
    """Return a study of synthetic twins of these seeds, of n voxels along each edge."""
    text = _STUDY.format(blocks=[2, 2, 2], sides="insulated", contact=0.9306)
    for name, seed in itertools.product(names, seeds):
        text += (
            f'[[samples]]\nname = "{name}-{seed}"\npreset = "{name}"\nedge = {n}\n'
            f"voxel_size = {EDGE / n}\nseed = {seed}\n"
        )
    return _study(folder, text)


def spheres(folder: Path, seeds: Iterable[int], per_edge: int) -> pf.Study:
    """Return a study of spheres of 10 voxels, one in each cube of 18 on average: 9 % of pores."""
    text = _STUDY.format(blocks=[2, 2, 2], sides="periodic", contact=1.0)
    folder.mkdir(parents=True, exist_ok=True)
    for kind, seed in itertools.product(ARRANGEMENTS, seeds):
        store = folder / f"{kind}-{seed}.zarr"
        if not store.exists():
            pf.save(
                arranged_spheres(18 * per_edge, kind, per_edge=per_edge, seed=seed),
                store,
            )
        text += f'[[samples]]\nname = "{kind}-{seed}"\npath = "{store.name}"\n'
    return _study(folder, text)


def _study(folder: Path, text: str) -> pf.Study:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return pf.Study(folder / "study.toml")


def numbers(results: xr.Dataset) -> pd.DataFrame:
    """Return a row for each sample: its kind, and what is compared."""
    at = results.sel(direction="z")
    blocks = at.block_tortuosity_factor
    cells = ["block_z", "block_y", "block_x"]
    columns = {
        "pores, %": 100 * results.porosity,
        "τ through": at.tortuosity_factor,
        "τ in plane": results.tortuosity_factor.sel(direction="x"),
        "scatter of τ of blocks, %": 100 * blocks.std(cells, ddof=1) / blocks.mean(cells),
    }
    for length in LENGTHS:
        swept = at.sel(swept_wagner_length=length)
        columns[f"CV, {length:g} µm"] = swept.sweep_current_density_cv
        columns[f"largest, {length:g} µm"] = swept.sweep_current_density_max
    kinds = [str(name).rpartition("-")[0] for name in results["sample"].values]
    table = pd.DataFrame({k: v.values.astype(float) for k, v in columns.items()})
    return table.assign(kind=kinds)


def means(table: pd.DataFrame) -> pd.DataFrame:
    """Return mean ± standard error of each kind."""
    return _by_kind(table, lambda v: f"{v.mean():.3f} ± {v.sem():.3f}")


def _by_kind(table: pd.DataFrame, words: Callable[[pd.Series], str]) -> pd.DataFrame:
    kinds = list(dict.fromkeys(table["kind"]))
    return table.groupby("kind").agg(words).loc[kinds]


def chances(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return of each kind the share of draws, one sample of each, in which it has the largest."""
    groups = [group for _, group in table.groupby("kind", sort=False)]
    rng = np.random.default_rng(0)
    found = {}
    for column in columns:
        drawn = np.array([rng.choice(group[column].to_numpy(), 20_000) for group in groups])
        found[column] = np.bincount(drawn.argmax(axis=0), minlength=len(groups)) / drawn.shape[1]
    return pd.DataFrame(found, index=list(dict.fromkeys(table["kind"]))).round(2)


def correlations(results: xr.Dataset, table: pd.DataFrame) -> pd.DataFrame:
    """Return the rank correlation of how much pore space there is, and of how it is arranged, with
    the unevenness of the current: over all samples, and over the means of each kind."""
    comparison = pf.compare(results)
    groups = {k: q for k, q in comparison.quantities.items() if q.group in (AMOUNT, ARRANGEMENT)}
    kinds, rows = table["kind"].to_numpy(), {}
    for key, quantity in groups.items():
        found = comparison.found[key]
        values = pd.Series([found[str(name)].value for name in results["sample"].values])
        row = {}
        for length in LENGTHS:
            uneven = table[f"CV, {length:g} µm"]
            middle = pd.DataFrame({"x": values, "y": uneven}).groupby(kinds).mean()
            for over, x, y in (("all", values, uneven), ("means", middle.x, middle.y)):
                row[f"{over}, {length:g} µm"] = float(rank_correlation(x.to_numpy(), y.to_numpy()))
        rows[quantity.title] = row
    return pd.DataFrame(rows).T.round(2)


def main() -> None:
    """Run both studies and print what they show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=6, help="samples of each kind")
    parser.add_argument("--edge", type=int, default=64, help="voxels along the edge of a twin")
    parser.add_argument("--per-edge", type=int, default=4, help="spheres along the edge of a cube")
    parser.add_argument("--folder", type=Path, help="where to work and to keep what was computed")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message=".*Zarr V3 specification")  # of zarr, on words
    with tempfile.TemporaryDirectory() as scratch:
        folder, seeds = (
            arguments.folder or Path(scratch),
            range(101, 101 + arguments.seeds),
        )
        for name, study in (
            ("twins", twins(folder / "twins", seeds, arguments.edge)),
            ("spheres", spheres(folder / "spheres", seeds, arguments.per_edge)),
        ):
            failed = study.run().failed
            if failed:
                raise SystemExit(f"{name}: {failed}")
            table = numbers(study.results)
            print(f"\n# {name}\n\n{means(table).to_string()}\n")
            uneven = [c for c in table.columns if c.startswith(("CV", "largest"))]
            print(f"Largest of all kinds\n\n{chances(table, uneven).to_string()}\n")
            print(f"Rank correlations\n\n{correlations(study.results, table).to_string()}\n")


if __name__ == "__main__":
    main()
